"""The status of a Scoreboard as it is written: conditions, address, version, inventory (pure)."""

from collections.abc import Mapping, Sequence
from typing import Any

from scoreboard_operator import conditions, kinds, names
from scoreboard_operator.conditions import Condition, View
from scoreboard_operator.release import order
from scoreboard_operator.resource import Resource
from scoreboard_runtime.contract.endpoints import GATEWAY

MOST_CHANGES, MOST_CHARACTERS = 100, 300
Status = dict[str, Any]


def _version(view: View) -> str:
    """The oldest that serves; while pods change, what it was before."""
    if not all(each.reason in conditions.UP for each in conditions.roles(view)):
        return str(view.resource.status.get("version", ""))
    versions = [release.version for release in view.plan.releases.values()]
    return min(versions, key=order, default="")


def status(view: View, found: Sequence[Condition], url: str, now: str) -> Status:
    """Whole: what is left out is removed."""
    resource = view.resource
    gateway = names.role(resource, GATEWAY)
    pods = (view.facts.get(kinds.DEPLOYMENT, gateway) or {}).get("status", {})
    written: Status = {
        "observedGeneration": resource.generation,
        "conditions": conditions.merged(
            resource.status.get("conditions", []), found, resource.generation, now
        ),
        "inventory": [
            {"apiVersion": each["apiVersion"], "kind": kind, "name": name}
            for (kind, name), each in sorted(view.facts.objects.items())
        ],
        # For `kubectl scale` and autoscalers of the Scoreboard.
        "replicas": pods.get("replicas", 0),
        "selector": ",".join(f"{k}={v}" for k, v in names.selector(resource, GATEWAY).items()),
    }
    if url:
        written["url"] = url
    version = _version(view)
    if version:
        written["version"] = version
    return written


def waiting(resource: Resource, found: Sequence[Condition], now: str) -> Status:
    """Before anything could be done."""
    before = resource.status.get("conditions", [])
    return {
        "observedGeneration": resource.generation,
        "conditions": conditions.merged(before, found, resource.generation, now),
    }


def standing(resource: Resource, why: str, changes: Sequence[str], now: str) -> Status:
    """While nothing is done because an annotation says so: all else stays as it was last seen.

    So does observedGeneration: a spec that was not obeyed was not observed.
    """
    before = resource.status.get("conditions", [])
    generation = resource.status.get("observedGeneration", -1)
    found = conditions.paused(before, why)
    written = {name: value for name, value in resource.status.items() if name != "plannedChanges"}
    written["observedGeneration"] = generation
    written["conditions"] = conditions.merged(before, found, generation, now)
    if changes or why.endswith("/plan"):
        lines = [line[:MOST_CHARACTERS] for line in changes[:MOST_CHANGES]]
        written["plannedChanges"] = lines
    return written


def differs(before: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    """Whether writing it would change anything."""
    return dict(before) != dict(wanted)


def ready(wanted: Mapping[str, Any]) -> str:
    """True, False or Unknown."""
    for condition in wanted["conditions"]:
        if condition["type"] == conditions.READY:
            return str(condition["status"])
    return conditions.UNKNOWN
