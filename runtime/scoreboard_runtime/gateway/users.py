"""What a user sees of themselves: the profile and the ledger."""

import re
from typing import Any

import msgspec
from aiohttp import web

from scoreboard_runtime.contract.board import DEFAULT_WINDOW
from scoreboard_runtime.contract.snapshots import rfc3339
from scoreboard_runtime.gateway.auth import user_document
from scoreboard_runtime.gateway.boundary import CLAIMS
from scoreboard_runtime.gateway.parts import Gateway
from scoreboard_runtime.gateway.requests import invalid, json
from scoreboard_runtime.process.problems import Rejected
from scoreboard_runtime.stores.users import Users

PAGE = 50
NEWEST = 2**62
_CURSOR = re.compile(r"v([0-9]{1,15})")


async def me(gateway: Gateway, request: web.Request) -> web.StreamResponse:
    """GET /api/users/me, through both levels of the cache."""
    user_id = request[CLAIMS].user_id

    async def load() -> bytes:
        user = await gateway.users.by_id(user_id)
        if user is None:
            raise Rejected("NOT_FOUND")
        return msgspec.json.encode(user_document(user))

    found = await gateway.cache.get("user", user_id, load)
    headers = {"Cache-Control": "no-store"}
    return web.Response(body=found, headers=headers, content_type="application/json")


def cursor_of(request: web.Request) -> int:
    """The version below which the page of a ledger begins. Raises Rejected."""
    cursor = request.query.get("cursor", "")  # empty: the first page, as when there is none
    found = _CURSOR.fullmatch(cursor)
    if cursor and found is None:
        raise invalid("/query/cursor", "take nextCursor of the page before")
    return int(found[1]) if found else NEWEST


async def history(gateway: Gateway, request: web.Request) -> web.StreamResponse:
    """GET /api/users/me/history: every change of the score and what made it, newest first."""
    user, before = request[CLAIMS].user_id, cursor_of(request)
    return json(await history_page(gateway.users, gateway.board.board.name, user, before))


async def history_page(users: Users, board: str, user: str, before: int) -> dict[str, Any]:
    """A page of a user's ledger and the cursor of the next."""
    rows = await users.history(user, board, DEFAULT_WINDOW, before, PAGE + 1)
    items = [
        {
            "jobId": row["job_id"],
            "action": row["action"],
            "board": row["board"],
            "points": row["points"],
            "scoreBefore": row["score_before"],
            "scoreAfter": row["score_after"],
            "reason": row["reason"],
            "at": rfc3339(row["at_us"]),
        }
        for row in rows[:PAGE]
    ]
    more = len(rows) > PAGE
    return {"items": items, "nextCursor": f"v{rows[PAGE - 1]['version']}" if more else None}
