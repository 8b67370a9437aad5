"""Reads of the board: ready bytes with an ETag, and the neighbours of a user."""

import uuid

from aiohttp import web

from scoreboard_runtime.contract.board import DEFAULT_WINDOW, Board
from scoreboard_runtime.gateway.boundary import CLAIMS, claims_of
from scoreboard_runtime.gateway.parts import Gateway
from scoreboard_runtime.gateway.requests import json, whole
from scoreboard_runtime.process.problems import Rejected


def _board(gateway: Gateway, request: web.Request) -> Board:
    """The board and window of the query. Raises NOT_FOUND for others than there are."""
    name = request.query.get("board", gateway.board.board.name)
    window = request.query.get("window", DEFAULT_WINDOW)
    found = next((board for board in gateway.board.boards if board.name == name), None)
    if found is None or window != DEFAULT_WINDOW:
        raise Rejected(
            "NOT_FOUND", detail="There is no such board or window. Leave both out for the default."
        )
    return found


def _unchanged(request: web.Request, etag: str) -> bool:
    given = request.headers.get("If-None-Match")
    if given is None:
        return False
    return any(tag.strip().removeprefix("W/") in (etag, "*") for tag in given.split(","))


async def get_scoreboard(gateway: Gateway, request: web.Request) -> web.StreamResponse:
    """GET /api/scoreboard."""
    board = _board(gateway, request)
    if not board.public and claims_of(gateway, request) is None:
        raise Rejected("INVALID_TOKEN")
    limit = whole(request, "limit", board.size, 1, 100)
    ready = await gateway.cache.page(board, whole(request, "offset", 0, 0, 10_000), limit)
    headers = {"ETag": ready.etag, "Cache-Control": "no-cache"}
    if _unchanged(request, ready.etag):
        return web.Response(status=304, headers=headers)
    return web.Response(body=ready.body, headers=headers, content_type="application/json")


async def get_around_me(gateway: Gateway, request: web.Request) -> web.StreamResponse:
    """GET /api/scoreboard/me."""
    board, each = _board(gateway, request), whole(request, "around", 5, 0, 50)
    user = request[CLAIMS].user_id
    return json(await gateway.standings.around(board, DEFAULT_WINDOW, user, each))


async def get_around_user(gateway: Gateway, request: web.Request) -> web.StreamResponse:
    """GET /api/scoreboard/users/{userId}."""
    board, each = _board(gateway, request), whole(request, "around", 5, 0, 50)
    try:
        user = str(uuid.UUID(request.match_info["user_id"]))
    except ValueError:
        raise Rejected("NOT_FOUND") from None
    around = await gateway.standings.around(board, DEFAULT_WINDOW, user, each)
    if around.rank is None and await gateway.users.by_id(user) is None:
        raise Rejected("NOT_FOUND")
    return json(around)
