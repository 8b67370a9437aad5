"""What the gateway can decide of an action by itself, before the one call to shared state.

The four layers are one order (contract/rejections.py). Half of the checks need shared state; they
live in lua/queue.lua. The others are here: a finding is handed to that call, which answers with
whichever comes first.
"""

from collections.abc import Mapping, Sequence

import msgspec

from scoreboard_runtime.contract.actions import ActionRequest
from scoreboard_runtime.contract.board import Action
from scoreboard_runtime.rules.scoring import BadData, points


class Fault(msgspec.Struct, frozen=True):
    """One place of a body that is wrong: a JSON pointer and what to do."""

    pointer: str
    detail: str


class Finding(msgspec.Struct, frozen=True):
    """One action judged by the catalogue. `action` is None when there is no such one."""

    request: ActionRequest
    action: Action | None
    points: int = 0
    forbidden: bool = False


def _task_fault(action: Action, request: ActionRequest) -> Fault | None:
    if action.issued and request.task_id is None:
        return Fault("/taskId", f"{action.name} needs a task: ask POST /api/tasks for one")
    if not action.issued and request.task_id is not None:
        return Fault("/taskId", f"{action.name} takes no task; leave taskId out")
    return None


def judge(
    request: ActionRequest, catalogue: Mapping[str, Action], roles: frozenset[str]
) -> Finding | Fault:
    """A finding, or the fault of the request's own shape."""
    action = catalogue.get(request.action)
    if action is None:
        return Finding(request, None)
    fault = _task_fault(action, request)
    if fault is not None:
        return fault
    try:
        worth = points(action, request.data)
    except BadData as error:
        return Fault(error.pointer, error.detail)
    return Finding(request, action, worth, bool(action.roles) and not action.roles & roles)


def judge_all(
    requests: Sequence[ActionRequest], catalogue: Mapping[str, Action], roles: frozenset[str]
) -> tuple[list[Finding], list[Fault]]:
    """Every entry of a batch; the pointers of its faults start at /actions/<index>."""
    findings, faults = [], []
    for index, request in enumerate(requests):
        found = judge(request, catalogue, roles)
        if isinstance(found, Fault):
            faults.append(Fault(f"/actions/{index}{found.pointer}", found.detail))
        else:
            findings.append(found)
    return findings, faults
