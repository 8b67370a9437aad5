"""The recipe, the same for every trigger: observe, plan, render, apply, prune, report.

Level-triggered: it looks at what is, never at what happened. The only place with an order.
"""

import secrets as random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from scoreboard_operator import conditions, events, exposed, gauges, kinds, metrics, status
from scoreboard_operator import keys as keyring
from scoreboard_operator.apply import Applier, Done, rivals, unwanted
from scoreboard_operator.certificates import certificate_secret
from scoreboard_operator.cluster import Cluster
from scoreboard_operator.conditions import Condition, View
from scoreboard_operator.facts import Facts
from scoreboard_operator.images import Images
from scoreboard_operator.keys import Entropy
from scoreboard_operator.metrics import Telemetry
from scoreboard_operator.observe import Observed, observe
from scoreboard_operator.ownership import Applied
from scoreboard_operator.plan import SECRETS_READY, Hold, Plan, plan
from scoreboard_operator.render import render
from scoreboard_operator.resource import PAUSED, PLAN, Resource, read
from scoreboard_operator.target import target
from scoreboard_runtime.contract.snapshots import rfc3339

# How soon to look again by itself: pods and given Secrets are not watched.
OPEN_SECONDS, LEFTOVER_SECONDS, GIVEN_SECONDS = 5.0, 1.0, 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """`state`: the label of the metric. `again`: seconds until the next look; None: the resync."""

    state: str
    again: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Edges:
    """What is not decided but given: time, entropy, and who speaks."""

    now_us: Callable[[], int]
    entropy: Callable[[int], Entropy]
    host: str


@dataclass(slots=True)
class Reconciler:
    """Everything that looks at Scoreboards share. `applied` is memory that may be lost."""

    cluster: Cluster
    images: Images
    edges: Edges
    telemetry: Telemetry
    applied: Applied = field(default_factory=Applied)
    ready: dict[tuple[str, str], str] = field(default_factory=dict)

    async def reconcile(self, namespace: str, name: str) -> Outcome:
        """One look at one Scoreboard. Raises ApiError when the server is away."""
        found = await self.cluster.get(kinds.SCOREBOARD, namespace, name)
        if found is None or "deletionTimestamp" in found["metadata"]:
            self.applied.forget(namespace, name)
            self.ready.pop((namespace, name), None)
            gauges.forget(self.telemetry, namespace, name)
            return Outcome(state="gone")
        resource = read(found)
        if resource.paused:
            return await self._stand(resource, PAUSED, "paused", ())
        observed = await observe(self.cluster, resource, await self.cluster.served())
        if observed.leftovers:
            return await self._wait_for_leftovers(resource, observed)
        if resource.plan_only:
            changes, _ = await self.changes(resource, observed)
            return await self._stand(resource, PLAN, "planned", changes)
        return await self._act(resource, observed)

    async def _act(self, resource: Resource, observed: Observed) -> Outcome:
        done = Done(live=dict(observed.facts.objects))
        applier = Applier(self.cluster, resource, self.applied, dry_run=False)
        facts, planned = await self._walk(resource, observed, applier, done)
        view = View(resource=resource, facts=facts, plan=planned, troubles=tuple(done.troubles))
        found = conditions.conditions(view)
        self._count(done)
        told = [
            *events.gathered("DriftHealed", map("/".join, done.healed)),
            *events.gathered("Pruned", done.pruned),
            *events.gathered("KeyRotated", [f"key {done.rotated}"] if done.rotated else []),
        ]
        wanted = status.status(view, found, exposed.state(resource, facts).url, self._now())
        await self._report(resource, wanted, told)
        gauges.show(self.telemetry, resource, facts, observed.secrets)
        return Outcome(state=_state(found), again=self._again(resource, observed, found))

    async def _walk(
        self, resource: Resource, observed: Observed, applier: Applier, done: Done
    ) -> tuple[Facts, Plan]:
        """Secrets first: what a release is depends on them."""
        made = self._secrets(resource, observed)
        if made.fault:
            why = Hold(part=SECRETS_READY, reason="KeysUnusable", message=made.fault, stalled=True)
            done.troubles.append(why)
        await applier.apply(made.manifests, observed.facts, done)
        done.rotated = made.rotated
        live = {**observed.secrets, **{m["metadata"]["name"]: m for m in made.manifests}}
        aim = target(resource, live, self.images)
        planned = plan(resource, observed.facts, aim.release, aim.jobs)
        wanted = render(resource, planned, self.images)
        await applier.prune(rivals(observed.facts, wanted), done)
        await applier.apply(wanted, observed.facts, done)
        facts = replace(observed.facts, objects=dict(done.live))
        if _finished(View(resource=resource, facts=facts, plan=planned)):
            await applier.prune(unwanted(facts, [*made.manifests, *wanted], planned), done)
            facts = replace(facts, objects=dict(done.live))
        return facts, planned

    def _secrets(self, resource: Resource, observed: Observed) -> keyring.Secrets:
        now = self.edges.now_us()
        return keyring.secrets(resource, observed.secrets, now, self.edges.entropy(now))

    async def changes(self, resource: Resource, observed: Observed) -> tuple[list[str], list[Hold]]:
        """What a look would change now, by a dry run on the server. Raises ApiError."""
        done = Done(live=dict(observed.facts.objects))
        applier = Applier(self.cluster, resource, Applied(), dry_run=True)
        await self._walk(resource, observed, applier, done)
        return done.changes, done.troubles

    async def _wait_for_leftovers(self, resource: Resource, observed: Observed) -> Outcome:
        """Names are taken until the garbage collector is done with an earlier Scoreboard."""
        told = f"waits until {observed.leftovers[0]} of an earlier {resource.name} is deleted"
        found = conditions.waiting("Leftovers", told)
        wanted = status.waiting(resource, found, self._now())
        await self._report(resource, wanted, [])
        return Outcome(state="progressing", again=LEFTOVER_SECONDS)

    async def _stand(
        self, resource: Resource, why: str, state: str, changes: Sequence[str]
    ) -> Outcome:
        """Paused, or planning: nothing is changed but the status."""
        wanted = status.standing(resource, why, changes, self._now())
        planned = wanted.get("plannedChanges")
        turned = planned is not None and planned != resource.status.get("plannedChanges")
        told = [events.Event(reason="Planned", message=_said(changes))] if turned else []
        await self._report(resource, wanted, told)
        return Outcome(state=state)

    async def _report(
        self, resource: Resource, wanted: Mapping[str, Any], told: Sequence[events.Event]
    ) -> None:
        """Events and status, only when there is something new in them."""
        before = resource.status.get("conditions", [])
        turns = events.turns(before, wanted["conditions"])
        ready = self.ready[resource.namespace, resource.name] = status.ready(wanted)
        gauges.show_ready(self.telemetry, resource, ready == "True")
        if status.differs(resource.status, wanted):
            await self.cluster.report(resource.namespace, resource.name, resource.uid, wanted)
        for event in (*told, *turns):
            suffix = random.token_hex(8)
            made = events.manifest(resource, event, self.edges.host, self._now(), suffix)
            await self.cluster.record(resource.namespace, made)

    def _again(
        self, resource: Resource, observed: Observed, found: Sequence[Condition]
    ) -> float | None:
        if any(not each.settled for each in found):
            return OPEN_SECONDS
        facts = observed.facts
        others = facts.secrets or facts.alert_secrets
        named = resource.traces_secret or certificate_secret(resource)
        waits = [GIVEN_SECONDS] if others or named else []
        due = keyring.rotation_due_us(resource, observed.secrets)
        if due is not None:
            waits.append(max(1.0, (due - self.edges.now_us()) / 1e6))
        return min(waits, default=None)

    def _count(self, done: Done) -> None:
        for kind, _ in done.healed:
            self.telemetry.child(metrics.DRIFT, kind).inc()

    def _now(self) -> str:
        return rfc3339(self.edges.now_us())


def _finished(view: View) -> bool:
    """Whether the target runs everywhere: nothing that was is needed any more."""
    there = all(release == view.plan.target for release in view.plan.releases.values())
    return view.plan.hold is None and there and all(each.settled for each in conditions.roles(view))


def _state(found: Sequence[Condition]) -> str:
    by_type = {each.type: each.status for each in found}
    if by_type[conditions.STALLED] == conditions.TRUE:
        return "stalled"
    return "progressing" if by_type[conditions.RECONCILING] == conditions.TRUE else "settled"


def _said(changes: Sequence[str]) -> str:
    if not changes:
        return "nothing would change"
    return f"{len(changes)} changes, see status.plannedChanges; the first: {changes[0]}"
