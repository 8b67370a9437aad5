"""What is told as Kubernetes Events: when something turns, once, with a reason from this list."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from scoreboard_operator import names
from scoreboard_operator.conditions import (
    FALSE,
    PAUSED,
    READY,
    RECONCILING,
    ROLE_CONDITION,
    STALLED,
    TRUE,
)
from scoreboard_operator.render.parts import Manifest
from scoreboard_operator.resource import Resource

NORMAL, WARNING = "Normal", "Warning"
# Reason: its type, and what it means (docs/reference/operator.md is made of this).
REASONS: Mapping[str, tuple[str, str]] = {
    "Ready": (NORMAL, "every part of this generation serves"),
    "Progressing": (NORMAL, "a change is on its way; the message says what it waits for"),
    "Stalled": (WARNING, "nothing goes on without help; the message says what to do"),
    "NotServing": (WARNING, "a part that served does not any more"),
    "DriftHealed": (
        NORMAL,
        "somebody else had changed or deleted a child; it is as declared again",
    ),
    "Pruned": (NORMAL, "a child that the manifest no longer asks for was deleted"),
    "KeyRotated": (
        NORMAL,
        "a new master key signs from now on; older ones verify until they expire",
    ),
    "Paused": (NORMAL, "nothing is changed while scoreboard.dev/paused is true"),
    "Resumed": (NORMAL, "changes are made again"),
    "Planned": (NORMAL, "status.plannedChanges says what would change; nothing was"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One thing to tell; its reason is a key of REASONS."""

    reason: str
    message: str


Conditions = Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class _Turn:
    """Two states of one status."""

    old: Mapping[str, Mapping[str, Any]]
    new: Mapping[str, Mapping[str, Any]]

    def was(self, kind: str) -> str:
        return str(self.old.get(kind, {}).get("status", ""))

    def becomes(self, kind: str, status: str) -> bool:
        """Whether it is so now, and was not, or for another reason."""
        new, old = self.new.get(kind, {}), self.old.get(kind, {})
        same = old.get("status") == status and old.get("reason") == new.get("reason")
        return new.get("status") == status and not same

    def event(self, reason: str, kind: str) -> Event:
        told = self.new[kind].get("message") or self.new[kind]["reason"]
        return Event(reason=reason, message=str(told))


def turns(before: Conditions, after: Conditions) -> list[Event]:
    """What changed from one status to the next that somebody would want to know."""
    turn = _Turn({each["type"]: each for each in before}, {each["type"]: each for each in after})
    found: list[Event] = []
    for kind, reason in ((STALLED, "Stalled"), (RECONCILING, "Progressing"), (READY, "Ready")):
        if turn.becomes(kind, TRUE):
            found.append(turn.event(reason, kind))
    if turn.becomes(PAUSED, TRUE):
        found.append(turn.event("Paused", PAUSED))
    elif turn.was(PAUSED) == TRUE and turn.becomes(PAUSED, FALSE):
        found.append(Event(reason="Resumed", message="changes are made again"))
    for kind in ROLE_CONDITION.values():
        if turn.was(kind) == TRUE and turn.becomes(kind, FALSE):
            found.append(turn.event("NotServing", kind))
    return found


def gathered(reason: str, things: Iterable[str]) -> list[Event]:
    """One Event for many objects."""
    listed = sorted(things)
    shown = ", ".join(listed[:10]) + (f" and {len(listed) - 10} more" if len(listed) > 10 else "")
    return [Event(reason=reason, message=shown)] if listed else []


def manifest(resource: Resource, event: Event, host: str, now: str, suffix: str) -> Manifest:
    """A core/v1 Event. `now`: RFC 3339; `suffix`: makes the name unique."""
    kind, _ = REASONS[event.reason]
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": f"{resource.name}.{suffix}", "namespace": resource.namespace},
        "involvedObject": {
            "apiVersion": "scoreboard.dev/v1alpha1",
            "kind": "Scoreboard",
            "name": resource.name,
            "namespace": resource.namespace,
            "uid": resource.uid,
        },
        "type": kind,
        "reason": event.reason,
        "message": event.message[:1000],
        "source": {"component": names.MANAGER},
        "reportingComponent": f"scoreboard.dev/{names.MANAGER}",
        "reportingInstance": host,
        "firstTimestamp": now,
        "lastTimestamp": now,
        "count": 1,
    }
