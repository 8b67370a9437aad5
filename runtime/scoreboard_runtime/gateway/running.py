"""Admin routes about the running board: dead letters, freeze, the audit log, limits now."""

import re
import uuid
from typing import Any

from aiohttp import web

from scoreboard_runtime.contract.snapshots import rfc3339
from scoreboard_runtime.gateway.administering import Given, answer
from scoreboard_runtime.gateway.overview import Overview, counted
from scoreboard_runtime.gateway.parts import Gateway
from scoreboard_runtime.gateway.requests import invalid, json, whole
from scoreboard_runtime.process.problems import Rejected
from scoreboard_runtime.stores.audit import LAST_ID, AuditEntry
from scoreboard_runtime.stores.letters import DeadLetter

_LETTER = re.compile(r"d([0-9]{1,16})\.(.{1,128})")
_AUDIT = re.compile(r"a([0-9]{1,18})")


# --- dead letters ----------------------------------------------------------------
async def read_letters(request: web.Request) -> Given:
    cursor = request.query.get("cursor", "")
    found = _LETTER.fullmatch(cursor)
    if cursor and found is None:
        raise invalid("/query/cursor", "take nextCursor of the page before")
    before = (int(found[1]), found[2]) if found else None
    return Given({"before": before, "limit": whole(request, "limit", 50, 1, 100)})


def letter_document(letter: DeadLetter) -> dict[str, Any]:
    return {
        "jobId": letter.job_id,
        "userId": letter.user,
        "action": letter.action,
        "reason": letter.reason,
        "attempts": letter.attempts,
        "at": rfc3339(letter.at_us),
    }


async def letters(gateway: Gateway, request: web.Request, given: Given) -> web.StreamResponse:
    """GET /api/admin/dead-letters: the newest first."""
    limit, desk = given.values["limit"], gateway.moderator.letters
    found = await desk.page(given.values["before"], limit + 1)
    await gateway.moderator.audit.note(given.call(request, "dead-letters"))
    last = found[limit - 1] if len(found) > limit else None
    return json(
        {
            "items": [letter_document(letter) for letter in found[:limit]],
            "total": await desk.count(),
            "nextCursor": f"d{last.at_us}.{last.job_id}" if last else None,
        }
    )


async def redrive(gateway: Gateway, request: web.Request, given: Given) -> web.StreamResponse:
    """POST /api/admin/dead-letters/{id}/redrive."""
    job_id = request.match_info["job_id"]
    if not job_id.isprintable() or len(job_id) > 128:
        raise Rejected("NOT_FOUND")
    call = given.call(request, "redrive", object=job_id)
    return answer(await gateway.moderator.redrive(call, job_id))


# --- freeze ----------------------------------------------------------------------
async def _freeze(
    gateway: Gateway, request: web.Request, given: Given, *, frozen: bool
) -> web.StreamResponse:
    board = request.match_info["board"]
    if board not in [found.name for found in gateway.board.boards]:
        raise Rejected(
            "NOT_FOUND",
            detail="There is no such board. Ask GET /api/admin/overview for those that are.",
        )
    call = given.call(request, "freeze" if frozen else "unfreeze", object=board)
    done = await gateway.moderator.freeze(call, board, frozen=frozen)
    await gateway.freezes.poll()  # the other gateways look twice a second
    return answer(done)


async def freeze(gateway: Gateway, request: web.Request, given: Given) -> web.StreamResponse:
    """POST /api/admin/boards/{board}/freeze."""
    return await _freeze(gateway, request, given, frozen=True)


async def unfreeze(gateway: Gateway, request: web.Request, given: Given) -> web.StreamResponse:
    """POST /api/admin/boards/{board}/unfreeze."""
    return await _freeze(gateway, request, given, frozen=False)


# --- the audit log ---------------------------------------------------------------
async def read_audit(request: web.Request) -> Given:
    cursor, user = request.query.get("cursor", ""), request.query.get("user")
    found = _AUDIT.fullmatch(cursor)
    if cursor and found is None:
        raise invalid("/query/cursor", "take nextCursor of the page before")
    try:
        about = str(uuid.UUID(user)) if user else None
    except ValueError:
        raise invalid("/query/user", "must be a user's id") from None
    before = int(found[1]) if found else LAST_ID
    return Given({"before": before, "user": about, "limit": whole(request, "limit", 50, 1, 100)})


def audit_document(entry: AuditEntry) -> dict[str, Any]:
    return {
        "id": entry.id,
        "at": rfc3339(entry.at_us),
        "actorId": entry.actor_id,
        "actor": entry.actor_name or entry.terminal,
        "verb": entry.verb,
        "userId": entry.user_id,
        "username": entry.user_name,
        "object": entry.object,
        "reason": entry.reason,
        "outcome": entry.outcome,
        "details": entry.details,
    }


async def audit(gateway: Gateway, request: web.Request, given: Given) -> web.StreamResponse:
    """GET /api/admin/audit: the newest first, this look among the next."""
    values, limit = given.values, given.values["limit"]
    found = await gateway.moderator.audit.page(values["before"], limit + 1, values["user"])
    await gateway.moderator.audit.note(given.call(request, "audit", user=values["user"]))
    more = len(found) > limit
    return json(
        {
            "items": [audit_document(entry) for entry in found[:limit]],
            "nextCursor": f"a{found[limit - 1].id}" if more else None,
        }
    )


# --- limits and rejections -------------------------------------------------------
async def read_nothing(request: web.Request) -> Given:
    return Given()


async def overview(gateway: Gateway, request: web.Request, given: Given) -> web.StreamResponse:
    """GET /api/admin/overview: asked again and again by the console, so it is not audited."""
    found = await Overview(
        board=gateway.board,
        capacity=gateway.settings.queue_capacity,
        queue_client=gateway.queue_client,
        standings=gateway.standings,
        freezes=gateway.freezes,
        letters=gateway.moderator.letters,
    ).look()
    own = {
        "id": gateway.settings.worker_id,
        "startedAt": rfc3339(gateway.started_us),
        **counted(gateway.board, gateway.telemetry.registry.get_sample_value),
    }
    return json({**found, "gateway": own})
