"""What a user may ask about themselves: everything that is kept, and to be forgotten."""

from typing import Any

from aiohttp import web

from scoreboard_runtime.contract.board import DEFAULT_WINDOW
from scoreboard_runtime.contract.snapshots import rfc3339
from scoreboard_runtime.gateway.boundary import CLAIMS
from scoreboard_runtime.gateway.parts import Gateway
from scoreboard_runtime.gateway.requests import json
from scoreboard_runtime.process.problems import Rejected
from scoreboard_runtime.rules.moderation import Refused
from scoreboard_runtime.stores import privacy
from scoreboard_runtime.stores.moderation import now_us, person_document
from scoreboard_runtime.stores.privacy import Kept, Rows


async def erase(gateway: Gateway, request: web.Request) -> web.StreamResponse:
    """DELETE /api/users/me: 204, and nothing leads from the ledger to the user any more."""
    claims = request[CLAIMS]
    try:
        erased = await gateway.moderator.erase(claims.user_id)
    except Refused as refused:
        raise Rejected(refused.code, detail=refused.detail) from None
    gateway.revocations.add(claims.session_id, "revoked", now_us())
    if not erased:
        raise Rejected("NOT_FOUND")
    return web.Response(status=204)


def _ledger(rows: Rows) -> list[dict[str, Any]]:
    return [
        {
            "board": row["board"],
            "window": row["window"],
            "jobId": row["job_id"],
            "action": row["action"],
            "points": row["points"],
            "scoreBefore": row["score_before"],
            "scoreAfter": row["score_after"],
            "reason": row["reason"],
            "at": rfc3339(row["at_us"]),
        }
        for row in rows
    ]


def _jobs(rows: Rows) -> list[dict[str, Any]]:
    return [
        {
            "jobId": row["job_id"],
            "action": row["action"],
            "taskId": row["task_id"],
            "status": row["status"],
            "error": row["error"],
            "points": row["points"],
            "score": row["score"],
            "submittedAt": rfc3339(row["submitted_us"]),
            "finishedAt": rfc3339(row["finished_us"]),
        }
        for row in rows
    ]


def _audit(rows: Rows) -> list[dict[str, Any]]:
    """What was done to the user and by the user; not who else did it."""
    return [
        {
            "at": rfc3339(row["at_us"]),
            "verb": row["verb"],
            "by": "me" if row["own"] else "an admin",
            "reason": row["reason"],
            "outcome": row["outcome"],
        }
        for row in rows
    ]


async def _document(gateway: Gateway, found: Kept) -> dict[str, Any]:
    user = found.user["id"]
    standing = await gateway.standings.user(gateway.board.board, DEFAULT_WINDOW, user)
    sessions = await gateway.sessions.opened(user)
    return {
        "exportedAt": rfc3339(now_us()),
        "user": {
            **person_document(found.user),
            "identity": found.user["identity"],
            "hasPassword": found.user["has_password"],
        },
        "rank": standing.rank,
        "ledger": _ledger(found.ledger),
        "jobs": _jobs(found.jobs),
        "pendingJobs": await gateway.queue.pending_jobs(user),
        "sessions": [{"id": ident, "openedAt": rfc3339(at)} for ident, at in sessions],
        "audit": _audit(found.audit),
    }


async def export(gateway: Gateway, request: web.Request) -> web.StreamResponse:
    """GET /api/users/me/export: all that is kept about the user."""
    async with gateway.exporting:  # one at a time: it holds a whole ledger in memory
        found = await privacy.kept(gateway.database, request[CLAIMS].user_id)
        if found is None:
            raise Rejected("NOT_FOUND")
        headers = {"Content-Disposition": 'attachment; filename="scoreboard-export.json"'}
        return json(await _document(gateway, found), 200, headers)
