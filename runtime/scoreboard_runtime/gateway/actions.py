"""Actions and tasks: `post_action` reads as the first rows of the path in ARCHITECTURE.md."""

import uuid
from collections.abc import Mapping
from typing import Any

from aiohttp import web

from scoreboard_runtime.contract import metrics
from scoreboard_runtime.contract.actions import TaskRequest
from scoreboard_runtime.contract.rejections import REJECTIONS
from scoreboard_runtime.contract.snapshots import rfc3339
from scoreboard_runtime.gateway.attempts import (
    FROZEN_WAIT_US,
    Gathered,
    Origin,
    attempt_of,
    gather,
)
from scoreboard_runtime.gateway.boundary import (
    ACTION,
    REQUEST_ID,
    SPAN,
    address_of,
    claims_of,
    is_halved,
    record_rejection,
)
from scoreboard_runtime.gateway.parts import Gateway
from scoreboard_runtime.gateway.requests import body, invalid, json
from scoreboard_runtime.process.problems import Rejected, document, seconds
from scoreboard_runtime.process.tracing import PRODUCER
from scoreboard_runtime.stores.queue import Answer, Attempt, Entry

NO_SESSION = "-"
FROZEN = (
    "The board is frozen by its operator: nothing counts until it is unfrozen. Nothing of this "
    "action is spent; try again after Retry-After seconds."
)


def _headers(gateway: Gateway, answer: Answer, action: str = "") -> dict[str, str]:
    """The RateLimit fields of the budget that `remaining` is of."""
    budgets = gateway.queue.budgets
    budget = budgets.user
    if answer.code in ("TOO_MANY_REQUESTS", "INVALID_TOKEN"):
        budget = budgets.address
    elif answer.code == "ACTION_LIMIT":
        budget = budgets.actions[action]
    return budget.headers(answer.remaining, answer.reset)


def _refuse(gateway: Gateway, answer: Answer, shape: Rejected | None, action: str = "") -> Rejected:
    headers = _headers(gateway, answer, action)
    if shape is not None and answer.code == shape.code.code:
        shape.headers.update(headers)
        return shape
    wait = answer.wait_us / 1e6 if answer.wait_us else None
    detail = _why(answer.code, answer.wait_us)
    return Rejected(answer.code, detail=detail, retry_after=wait, headers=headers)


def _why(code: str, wait_us: int) -> str | None:
    """What a code says here in other words than the table's."""
    return FROZEN if code == "COOLDOWN" and wait_us == FROZEN_WAIT_US else None


async def _admit(
    gateway: Gateway, request: web.Request, gathered: Gathered, *, batch: bool
) -> Answer:
    span = request.get(SPAN)
    if span is None or gateway.tracer is None:
        return await _ask(gateway, gathered, Origin(request[REQUEST_ID]), batch=batch)
    with gateway.tracer.child("admit", span.context, PRODUCER) as call:
        origin = Origin(request[REQUEST_ID], call.context.text)
        answer = await _ask(gateway, gathered, origin, batch=batch)
        call.attributes.update({"db.system.name": "valkey", "scoreboard.outcome": answer.code})
        call.attributes["scoreboard.jobs"] = sum(code == "OK" for code, _ in answer.results)
        return answer


async def _ask(gateway: Gateway, gathered: Gathered, origin: Origin, *, batch: bool) -> Answer:
    attempt, jobs = attempt_of(gateway, gathered, origin, batch=batch)
    session = gathered.claims.session_id if gathered.claims else NO_SESSION
    return await gateway.queue.admit(
        attempt, gathered.address, session, gathered.nonce, gathered.key, jobs
    )


def _label(gateway: Gateway, action: str) -> str:
    return action if action in gateway.board.actions else "unknown"


async def post_action(gateway: Gateway, request: web.Request) -> web.StreamResponse:
    """POST /api/actions/execute: four layers, one round trip, 202."""
    gathered = await gather(gateway, request, batch=False)
    action = gathered.findings[0].request.action if gathered.findings else "unknown"
    if gathered.findings:
        request[ACTION] = action
    answer = await _admit(gateway, request, gathered, batch=False)
    label = _label(gateway, action)
    if not answer.ok:
        gateway.telemetry.count(metrics.ACTIONS, label, "rejected")
        raise _refuse(gateway, answer, gathered.shape, action)
    gateway.telemetry.count(metrics.ACTIONS, label, "replayed" if answer.replayed else "accepted")
    job_id = answer.results[0][1]
    headers = {"Location": f"/api/jobs/{job_id}", **_headers(gateway, answer)}
    if answer.replayed:
        headers["Idempotency-Replayed"] = "true"
    return json({"jobId": job_id, "status": "queued"}, 202, headers)


def _result(
    gateway: Gateway, request: web.Request, action: str, result: tuple[str, Any], answer: Answer
) -> Mapping[str, Any]:
    """One entry of a batch's answer; a replay's is the first one's to the letter."""
    code, rest = result
    label, replayed = _label(gateway, action), answer.replayed
    if code == "OK":
        gateway.telemetry.count(metrics.ACTIONS, label, "replayed" if replayed else "accepted")
        return {"jobId": rest, "status": "queued"}
    if not replayed:
        gateway.telemetry.count(metrics.ACTIONS, label, "rejected")
        record_rejection(gateway, request, code, action)
    wait = int(seconds(rest / 1e6)) if rest else None
    ident = answer.origin or request[REQUEST_ID]
    return document(REJECTIONS[code], ident, retryAfter=wait, detail=_why(code, rest or 0))


async def post_batch(gateway: Gateway, request: web.Request) -> web.StreamResponse:
    """POST /api/actions/execute-batch: layers 1 to 3 judge the whole, layer 4 each entry."""
    gathered = await gather(gateway, request, batch=True)
    answer = await _admit(gateway, request, gathered, batch=True)
    if not answer.ok:
        raise _refuse(gateway, answer, gathered.shape)
    results = [
        _result(gateway, request, finding.request.action, result, answer)
        for finding, result in zip(gathered.findings, answer.results, strict=True)
    ]
    headers = _headers(gateway, answer)
    if answer.replayed:
        headers["Idempotency-Replayed"] = "true"
    return json({"results": results}, 202, headers)


async def _task_attempt(
    gateway: Gateway, request: web.Request
) -> tuple[Attempt, str, Rejected | None]:
    board, claims, budgets = gateway.board, claims_of(gateway, request), gateway.queue.budgets
    attempt = Attempt(
        G=budgets.of_all(halved=is_halved(gateway)),
        A=budgets.address.pair,
        U=budgets.user.pair,
    )
    if claims is None:
        attempt.z = "INVALID_TOKEN"
        return attempt, NO_SESSION, None
    attempt.u = claims.user_id
    try:
        wanted = (await body(request, TaskRequest)).action
        action = board.actions.get(wanted)
        if action is not None and not action.issued:
            raise invalid("/action", f"{wanted} takes no task; send it straight to execute")
    except Rejected as rejected:
        attempt.s = rejected.code.code
        return attempt, claims.session_id, rejected
    request[ACTION] = wanted
    if action is None:
        attempt.e = [Entry(a=wanted, n="", x="TASK_NOT_FOUND")]
        return attempt, claims.session_id, None
    forbidden = bool(action.roles) and not action.roles & claims.roles
    attempt.e = [Entry(a=wanted, n="", l=budgets.of_action(wanted), f=forbidden or None)]
    attempt.T = (action.min_us, action.max_us)
    return attempt, claims.session_id, None


async def post_task(gateway: Gateway, request: web.Request) -> web.StreamResponse:
    """POST /api/tasks: a single-use task bound to this user."""
    attempt, session, shape = await _task_attempt(gateway, request)
    task_id = str(uuid.uuid4())
    address = address_of(gateway, request)
    answer, issued = await gateway.queue.issue(attempt, address, session, task_id)
    if issued is None:
        raise _refuse(gateway, answer, shape, attempt.e[0].a if attempt.e else "")
    task = {
        "taskId": task_id,
        "action": attempt.e[0].a,
        "issuedAt": rfc3339(issued.issued_us),
        "notBefore": rfc3339(issued.not_before_us),
        "expiresAt": rfc3339(issued.expires_us),
    }
    return json(task, 201, _headers(gateway, answer))
