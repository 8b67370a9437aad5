"""Admin routes about one person: find, roles, disable, disqualify, adjust, explain."""

import base64
import binascii
import re
from typing import Annotated, Any

import msgspec
from aiohttp import web

from scoreboard_runtime.contract.board import MAX_SCORE
from scoreboard_runtime.gateway.administering import Given, answer, user_of
from scoreboard_runtime.gateway.explaining import Explainer
from scoreboard_runtime.gateway.parts import Gateway
from scoreboard_runtime.gateway.requests import invalid, json, whole
from scoreboard_runtime.gateway.users import cursor_of
from scoreboard_runtime.rules import usernames
from scoreboard_runtime.stores.moderation import person_document

MOST_QUERY = 64
ROLE = re.compile(r"[a-z][a-z0-9_-]{0,31}")
Whole = Annotated[int, msgspec.Meta(ge=-MAX_SCORE, le=MAX_SCORE)]


class Adjust(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """Body of adjust."""

    points: Whole
    reason: str


def check_points(values: dict[str, Any]) -> None:
    if values["points"] == 0:
        raise invalid("/points", "must not be 0")


class Roles(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """Body of roles."""

    roles: Annotated[list[str], msgspec.Meta(max_length=32)]
    reason: str = ""


def check_roles(values: dict[str, Any]) -> None:
    for index, role in enumerate(values["roles"]):
        if not ROLE.fullmatch(role):
            raise invalid(f"/roles/{index}", "use a-z, 0-9, _ and -, as in spec.actions")


# --- find ------------------------------------------------------------------------
def _name_cursor(text: str) -> str:
    """The name key after which the page begins. Raises Rejected."""
    try:
        padded = text + "=" * (-len(text) % 4)
        found = base64.b64decode(padded, altchars=b"-_", validate=True).decode()
    except (binascii.Error, ValueError):
        found = "\0"
    if "\0" in found or len(found) > usernames.MOST_KEY:
        raise invalid("/query/cursor", "take nextCursor of the page before")
    return found


async def read_find(request: web.Request) -> Given:
    query = request.query.get("query", "").strip()
    if len(query) > MOST_QUERY or not query.isprintable():
        raise invalid("/query/query", f"must be at most {MOST_QUERY} characters of plain text")
    cursor = _name_cursor(request.query.get("cursor", ""))
    return Given({"query": query, "limit": whole(request, "limit", 50, 1, 100), "after": cursor})


async def find(gateway: Gateway, request: web.Request, given: Given) -> web.StreamResponse:
    """GET /api/admin/users: in name order, whose name holds the text, or who has the id."""
    limit = given.values["limit"]
    key = usernames.key(given.values["query"])
    rows = await gateway.database.fetch("people", key, given.values["after"], limit + 1)
    # What was looked for is not kept: it may be a name that is erased one day.
    await gateway.moderator.audit.note(given.call(request, "find"))
    more = len(rows) > limit
    last = rows[limit - 1]["username_key"].encode() if more else b""
    cursor = base64.urlsafe_b64encode(last).decode().rstrip("=") if more else None
    return json({"items": [person_document(row) for row in rows[:limit]], "nextCursor": cursor})


# --- change ----------------------------------------------------------------------
async def set_roles(gateway: Gateway, request: web.Request, given: Given) -> web.StreamResponse:
    """PUT /api/admin/users/{id}/roles."""
    roles = sorted(set(given.values["roles"]))
    user = user_of(request)
    call = given.call(request, "roles", user=user)
    done, ended = await gateway.moderator.set_roles(call, user, roles)
    return answer(done, sessionsEnded=ended)


async def disable(gateway: Gateway, request: web.Request, given: Given) -> web.StreamResponse:
    """POST /api/admin/users/{id}/disable."""
    user = user_of(request)
    call = given.call(request, "disable", user=user)
    done, ended = await gateway.moderator.disable(call, user)
    return answer(done, sessionsEnded=ended)


async def enable(gateway: Gateway, request: web.Request, given: Given) -> web.StreamResponse:
    """POST /api/admin/users/{id}/enable."""
    user = user_of(request)
    return answer(await gateway.moderator.enable(given.call(request, "enable", user=user), user))


async def disqualify(gateway: Gateway, request: web.Request, given: Given) -> web.StreamResponse:
    """POST /api/admin/users/{id}/disqualify."""
    user = user_of(request)
    call = given.call(request, "disqualify", user=user)
    return answer(await gateway.moderator.disqualify(call, user))


async def restore(gateway: Gateway, request: web.Request, given: Given) -> web.StreamResponse:
    """POST /api/admin/users/{id}/restore."""
    user = user_of(request)
    return answer(await gateway.moderator.restore(given.call(request, "restore", user=user), user))


async def adjust(gateway: Gateway, request: web.Request, given: Given) -> web.StreamResponse:
    """POST /api/admin/users/{id}/adjust."""
    user, points = user_of(request), given.values["points"]
    call = given.call(request, "adjust", user=user, details={"points": points})
    return answer(await gateway.moderator.adjust(call, user, points))


# --- explain ---------------------------------------------------------------------
async def read_explain(request: web.Request) -> Given:
    return Given({"before": cursor_of(request)})


async def explain(gateway: Gateway, request: web.Request, given: Given) -> web.StreamResponse:
    """GET /api/admin/users/{id}/explain."""
    user = user_of(request)
    explainer = Explainer(
        database=gateway.database,
        standings=gateway.standings,
        users=gateway.users,
        board=gateway.board.board,
    )
    found = await explainer.explain(user, given.values["before"])
    await gateway.moderator.audit.note(given.call(request, "explain", user=user))
    return json(found)
