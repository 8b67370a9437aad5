"""What applying a manifest would change on a cluster: what `scoreboard plan` prints."""

from dataclasses import replace

from kubernetes.aio.config import ConfigException

from scoreboard_operator import kinds
from scoreboard_operator.cluster import ApiError, connected
from scoreboard_operator.images import Images
from scoreboard_operator.metrics import Telemetry
from scoreboard_operator.observe import observe
from scoreboard_operator.process import entropy, now_us
from scoreboard_operator.reconcile import Edges, Reconciler
from scoreboard_operator.resource import Resource, read


class Unplanned(Exception):
    """The text says why, and what to do."""


def _applied(wanted: Resource, live: Resource | None) -> Resource:
    """As it would be after `kubectl apply`, which leaves the annotations of others."""
    if live is None:
        return wanted
    annotations = {**live.annotations, **wanted.annotations}
    return replace(live, spec=wanted.spec, annotations=annotations)


async def changes(wanted: Resource, images: Images) -> list[str]:
    """Lines, one a change. Raises Unplanned."""
    edges = Edges(now_us=now_us, entropy=entropy, host="scoreboard plan")
    try:
        async with connected() as cluster:
            live = await cluster.get(kinds.SCOREBOARD, wanted.namespace, wanted.name)
            resource = _applied(wanted, None if live is None else read(live))
            reconciler = Reconciler(cluster, images, edges, Telemetry("plan"))
            observed = await observe(cluster, resource, await cluster.served())
            lines, troubles = await reconciler.changes(resource, observed)
    except (ApiError, ConfigException) as error:
        raise Unplanned(f"{error}: is KUBECONFIG right, and may you read there?") from None
    if troubles:
        raise Unplanned("\n".join(trouble.message for trouble in troubles))
    return lines
