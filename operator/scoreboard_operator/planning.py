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
from scoreboard_operator.resource import Resource


class Unplanned(Exception):
    """The text says why, and what to do."""


async def changes(wanted: Resource, images: Images) -> list[str]:
    """Lines, one a change. Raises Unplanned."""
    edges = Edges(now_us=now_us, entropy=entropy, host="scoreboard plan")
    try:
        async with connected() as cluster:
            live = await cluster.get(kinds.SCOREBOARD, wanted.namespace, wanted.name)
            metadata = (live or {}).get("metadata", {})
            resource = replace(wanted, uid=metadata.get("uid", ""), status={})
            reconciler = Reconciler(cluster, images, edges, Telemetry("plan"))
            observed = await observe(cluster, resource, await cluster.served())
            lines, troubles = await reconciler.changes(resource, observed)
    except (ApiError, ConfigException) as error:
        raise Unplanned(f"{error}: is KUBECONFIG right, and may you read there?") from None
    if troubles:
        raise Unplanned("\n".join(trouble.message for trouble in troubles))
    return lines
