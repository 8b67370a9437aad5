"""Wanted manifests to the cluster: what is not as it should be is applied, what is not wanted goes.

The same walk with `dry_run` tells what would change, and changes nothing.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from scoreboard_operator import difference, kinds, names
from scoreboard_operator.cluster import ApiError, Cluster
from scoreboard_operator.facts import Facts, Object
from scoreboard_operator.ownership import Applied, belongs, reclaimed
from scoreboard_operator.plan import SECRETS_READY, Hold, Plan
from scoreboard_operator.render.parts import Manifest
from scoreboard_operator.resource import Resource

INVALID = 422
# The server understood and does not want it: trying again changes nothing, somebody must. Not so a
# conflict (409): what was read is another object by now, and is looked at again.
REFUSALS = frozenset({400, 403, 404, 413, INVALID})
PART = {
    "gateway": "GatewayReady",
    "worker": "WorkersReady",
    "broadcaster": "BroadcasterReady",
    "exposure": "ExposureReady",
    "monitoring": "MonitoringReady",
    "secrets": SECRETS_READY,
}


@dataclass(slots=True)
class Done:
    """What one walk did. `live`: the objects as they are now; `changes`: lines for people.

    `rotated`: the kid of a new master key.
    """

    live: dict[tuple[str, str], Object] = field(default_factory=dict)
    troubles: list[Hold] = field(default_factory=list)
    healed: list[tuple[str, str]] = field(default_factory=list)  # kind and name
    pruned: list[str] = field(default_factory=list)
    changes: list[str] = field(default_factory=list)
    rotated: str = ""


def key(manifest: Manifest | Object) -> tuple[str, str]:
    """By which facts know an object."""
    return manifest["kind"], manifest["metadata"]["name"]


def _part(manifest: Manifest) -> str:
    component = manifest["metadata"]["labels"].get(names.COMPONENT, "")
    return PART.get(component, "DatabaseMigrated")


def _refused(manifest: Manifest, error: ApiError) -> Hold:
    told = f"{'/'.join(key(manifest))} was refused by the API server: {error.message}"
    return Hold(part=_part(manifest), reason="Refused", message=told[:500], stalled=True)


def _taken(manifest: Manifest) -> Hold:
    told = f"{'/'.join(key(manifest))} belongs to somebody else: rename one of the two"
    return Hold(part=_part(manifest), reason="NameTaken", message=told, stalled=True)


class Applier:
    """Applies for one Scoreboard. `applied` remembers from look to look."""

    def __init__(
        self, cluster: Cluster, resource: Resource, applied: Applied, dry_run: bool
    ) -> None:
        self._cluster, self._resource = cluster, resource
        self._applied, self._dry_run = applied, dry_run

    async def apply(self, wanted: Iterable[Manifest], facts: Facts, done: Done) -> None:
        """One after the other, in the order given. Raises ApiError when the server is away."""
        for manifest in wanted:
            live = facts.objects.get(key(manifest))
            if not self._dry_run and self._applied.holds(manifest, live):
                continue
            if live is None:
                live = await self._unlabelled(manifest)
                if live is not None and not belongs(self._resource, live):
                    done.troubles.append(_taken(manifest))
                    continue
            try:
                after = await self._force(manifest, live)
            except ApiError as error:
                if error.status not in REFUSALS:
                    raise
                done.troubles.append(_refused(manifest, error))
                continue
            done.changes += difference.difference(live, after)
            if not self._dry_run:
                if self._applied.drifted(manifest, live):
                    done.healed.append(key(manifest))
                self._applied.learn(manifest, after)
                done.live[key(manifest)] = after

    async def _force(self, manifest: Manifest, live: Object | None) -> Object:
        """Applies; if what others added makes that invalid, once more without it.

        Raises ApiError.
        """
        try:
            return await self._cluster.apply(manifest, before=live, dry_run=self._dry_run)
        except ApiError as error:
            if error.status != INVALID or live is None or self._dry_run:
                raise
            await self._cluster.own(live, reclaimed(manifest, live))
            return await self._cluster.apply(manifest, before=live)

    async def _unlabelled(self, manifest: Manifest) -> Object | None:
        """Something of that name that our labels did not show: somebody else's, most likely."""
        metadata = manifest["metadata"]
        return await self._cluster.get(kinds.of(manifest), metadata["namespace"], metadata["name"])

    async def prune(self, unwanted: Sequence[Object], done: Done) -> None:
        """Raises ApiError when the server is away."""
        for found in unwanted:
            done.changes.append(difference.removal(found))
            done.live.pop(key(found), None)
            if self._dry_run:
                continue
            await self._cluster.delete(kinds.of(dict(found)), found)
            self._applied.lose(found)
            done.pruned.append("/".join(key(found)))


RIVALS = {
    kinds.SCALED_OBJECT.kind: kinds.AUTOSCALER.kind,
    kinds.AUTOSCALER.kind: kinds.SCALED_OBJECT.kind,
}


def rivals(facts: Facts, wanted: Iterable[Manifest]) -> list[Object]:
    """What has to go before its successor comes: of two autoscalers of one role, the other one.

    KEDA's webhook refuses a ScaledObject for what a HorizontalPodAutoscaler scales already:
    https://keda.sh/docs/latest/concepts/admission-webhooks/. Pods stay as they are in between.
    """
    found = (facts.objects.get((RIVALS.get(kind, ""), name)) for kind, name in map(key, wanted))
    return [each for each in found if each and "deletionTimestamp" not in each["metadata"]]


def unwanted(facts: Facts, wanted: Iterable[Manifest], plan: Plan) -> list[Object]:
    """What is ours and no longer asked for. Nothing goes before the target runs everywhere.

    Secrets stay: what they hold cannot be made again.
    """
    keys = {key(manifest) for manifest in wanted}
    return [
        found
        for (kind, name), found in facts.objects.items()
        if (kind, name) not in keys
        and kind != kinds.SECRET.kind
        and not (kind == kinds.CONFIG_MAP.kind and name in plan.keep)
        and "deletionTimestamp" not in found["metadata"]
    ]
