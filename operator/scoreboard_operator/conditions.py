"""(Scoreboard, facts, plan) to conditions, by the rules of kstatus (pure).

Ready says whether the target runs; Reconciling and Stalled are true only while something is not as
it should be, one of them at a time; one condition for each part says what and why. Messages hold
nothing that changes by itself, or every look would be a write.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from scoreboard_operator import exposed, kinds, names
from scoreboard_operator import facts as look
from scoreboard_operator.facts import Facts
from scoreboard_operator.plan import DATABASE_MIGRATED, SECRETS_READY, Hold, Plan
from scoreboard_operator.render.routing import needed, routed
from scoreboard_operator.resource import Resource
from scoreboard_runtime.contract.endpoints import BROADCASTER, GATEWAY, WORKER

TRUE, FALSE, UNKNOWN = "True", "False", "Unknown"
READY, RECONCILING, STALLED, PAUSED = "Ready", "Reconciling", "Stalled", "Paused"
EXPOSURE_READY, MONITORING_READY = "ExposureReady", "MonitoringReady"
ROLE_CONDITION = {
    GATEWAY: "GatewayReady",
    WORKER: "WorkersReady",
    BROADCASTER: "BroadcasterReady",
}
UP = frozenset({"Serving", "Behind"})  # reasons of a role whose pods are all of one release
MOST_CHARACTERS = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """One part's state. `settled`: nothing is under way. `stalled`: it needs somebody's help."""

    type: str
    status: str
    reason: str
    message: str = ""
    settled: bool = True
    stalled: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """Everything that conditions are made of. `troubles`: what could not be done this time."""

    resource: Resource
    facts: Facts
    plan: Plan
    troubles: Sequence[Hold] = ()


def _held(hold: Hold) -> Condition:
    # The board serves without being watched.
    beside = hold.part == MONITORING_READY
    return Condition(
        type=hold.part,
        status=FALSE,
        reason=hold.reason,
        message=hold.message,
        settled=beside,
        stalled=hold.stalled and not beside,
    )


def _secrets(view: View) -> Condition:
    return Condition(type=SECRETS_READY, status=TRUE, reason="SecretsPresent")


def _database(view: View) -> Condition:
    told = f"the database is at version {view.plan.target.version}"
    return Condition(type=DATABASE_MIGRATED, status=TRUE, reason="Migrated", message=told)


def _stuck(kind: str, status: str, reason: str, message: str) -> Condition:
    return Condition(
        type=kind, status=status, reason=reason, message=message, settled=False, stalled=True
    )


def _role(view: View, role: str) -> Condition:
    kind = ROLE_CONDITION[role]
    found = view.facts.get(kinds.DEPLOYMENT, names.role(view.resource, role))
    why = look.why_not(view.facts, role)
    serving = TRUE if look.available(found) else FALSE
    if found is None:
        told = "waits for what comes before it"
        return Condition(type=kind, status=FALSE, reason="Waiting", message=told, settled=False)
    if look.scaled_to_zero(found):
        told = (
            "somebody scaled it to 0, which switches the autoscaler off: "
            f"kubectl scale deployment {names.role(view.resource, role)} --replicas=1"
        )
        return _stuck(kind, FALSE, "ScaledToZero", told)
    if look.gave_up(found):
        told = f"the rollout does not come to an end; {why or 'see the pods'}"
        return _stuck(kind, serving, "RolloutStuck", told)
    if not look.rolled_out(found):
        reason = "RollingOut" if serving == TRUE else "Starting"
        return Condition(type=kind, status=serving, reason=reason, message=why, settled=False)
    if view.plan.releases.get(role) != view.plan.target:
        told = "serves the release before"
        return Condition(type=kind, status=TRUE, reason="Behind", message=told, settled=False)
    return Condition(type=kind, status=TRUE, reason="Serving")


def _exposure(view: View) -> Condition:
    state = exposed.state(view.resource, view.facts)
    return Condition(
        type=EXPOSURE_READY,
        status=state.status,
        reason=state.reason,
        message=state.message,
        settled=state.status == TRUE,
        stalled=state.stalled,
    )


def _monitoring(view: View) -> Condition:
    """Never in the way of Ready: the board serves without being watched."""
    if not view.resource.spec["monitoring"]["enabled"]:
        return _traces(view) or Condition(type=MONITORING_READY, status=TRUE, reason="NotRequested")
    asked = [kinds.SERVICE_MONITOR.kind, kinds.PROMETHEUS_RULE.kind]
    if routed(view.resource):
        asked.append(kinds.ALERTMANAGER_CONFIG.kind)
    missing = [kind for kind in asked if kind not in view.facts.served]
    if missing:
        told = (
            f"the cluster has no {' and no '.join(missing)}: install prometheus-operator; "
            "nothing else waits"
        )
        return Condition(type=MONITORING_READY, status=FALSE, reason="CRDMissing", message=told)
    for ref in needed(view.resource):
        found = view.facts.alert_secrets.get(ref["name"]) or {}
        if not found.get("data", {}).get(ref["key"]):
            told = (
                f"no alert is routed: make the Secret {ref['name']} with the key {ref['key']}, "
                "which spec.monitoring.alerts names"
            )
            return Condition(
                type=MONITORING_READY, status=FALSE, reason="SecretMissing", message=told
            )
    return _traces(view) or Condition(type=MONITORING_READY, status=TRUE, reason="Applied")


def _traces(view: View) -> Condition | None:
    """What is wrong with the headers of traces; None if nothing is."""
    ref = view.resource.traces_secret
    if ref is None or view.plan.headers:
        return None
    told = (
        f"spans are sent without headers: make the Secret {ref['name']} with the key {ref['key']}, "
        "as in authorization=Bearer%20..., which spec.monitoring.traces names"
    )
    return Condition(type=MONITORING_READY, status=FALSE, reason="SecretMissing", message=told)


Check = Callable[[View], Condition]
# In the order in which a release comes up; what is said first in Ready is the first that is not.
PARTS: tuple[Check, ...] = (
    _secrets,
    _database,
    lambda view: _role(view, BROADCASTER),
    lambda view: _role(view, WORKER),
    lambda view: _role(view, GATEWAY),
    _exposure,
    _monitoring,
)


def _parts(view: View) -> list[Condition]:
    """A part that is held or in trouble says that instead of how it looks."""
    held = {hold.part: hold for hold in reversed(view.troubles)}
    if view.plan.hold is not None:
        held.setdefault(view.plan.hold.part, view.plan.hold)
    looked = (check(view) for check in PARTS)
    return [_held(held[each.type]) if each.type in held else each for each in looked]


def _summary(parts: Iterable[Condition]) -> list[Condition]:
    open_parts = [part for part in parts if not part.settled]
    stalled = [part for part in open_parts if part.stalled]
    if not open_parts:
        return [
            Condition(type=READY, status=TRUE, reason="Ready", message="every part serves"),
            Condition(type=RECONCILING, status=FALSE, reason="Settled"),
            Condition(type=STALLED, status=FALSE, reason="NotStalled"),
        ]
    first = (stalled or open_parts)[0]
    why, told = first.reason, f"{first.type}: {first.message or first.reason}"
    if stalled:
        return [
            Condition(type=READY, status=FALSE, reason=why, message=told),
            Condition(type=RECONCILING, status=FALSE, reason="Stalled"),
            Condition(type=STALLED, status=TRUE, reason=why, message=told),
        ]
    return [
        Condition(type=READY, status=UNKNOWN, reason=why, message=told),
        Condition(type=RECONCILING, status=TRUE, reason=why, message=told),
        Condition(type=STALLED, status=FALSE, reason="NotStalled"),
    ]


def conditions(view: View) -> list[Condition]:
    """All of them, in a fixed order."""
    parts = _parts(view)
    return [*_summary(parts), *parts, Condition(type=PAUSED, status=FALSE, reason="NotPaused")]


def roles(view: View) -> list[Condition]:
    """Those of gateway, worker and broadcaster."""
    return [_role(view, role) for role in ROLE_CONDITION]


def waiting(reason: str, message: str) -> list[Condition]:
    """Before anything could be looked at."""
    return [
        Condition(type=READY, status=UNKNOWN, reason=reason, message=message),
        Condition(type=RECONCILING, status=TRUE, reason=reason, message=message),
        Condition(type=STALLED, status=FALSE, reason="NotStalled"),
    ]


def paused(previous: Sequence[Mapping[str, Any]], why: str) -> list[Condition]:
    """While nothing is done: Ready and the parts stay as they were last seen."""
    told = f"nothing is changed while the annotation {why} is true"
    kept = [
        Condition(
            type=found["type"],
            status=found["status"],
            reason=found["reason"],
            message=found.get("message", ""),
        )
        for found in previous
        if found["type"] not in (PAUSED, RECONCILING)
    ]
    if not kept:
        kept = [Condition(type=READY, status=UNKNOWN, reason="Paused", message=told)]
    return [
        *kept,
        Condition(type=RECONCILING, status=FALSE, reason="Paused"),
        Condition(type=PAUSED, status=TRUE, reason="Requested", message=told),
    ]


def merged(
    previous: Sequence[Mapping[str, Any]], found: Iterable[Condition], generation: int, now: str
) -> list[dict[str, Any]]:
    """As they are written; `lastTransitionTime` is `now` only where the status is another one."""
    before = {each["type"]: each for each in previous}
    written = []
    for each in found:
        old = before.get(each.type)
        same = old is not None and old["status"] == each.status
        written.append(
            {
                "type": each.type,
                "status": each.status,
                "observedGeneration": max(0, generation),  # the schema knows no -1 here
                "reason": each.reason,
                "message": each.message[:MOST_CHARACTERS],
                "lastTransitionTime": old["lastTransitionTime"] if old and same else now,
            }
        )
    return written
