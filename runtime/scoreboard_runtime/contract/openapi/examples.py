"""Answers and bodies as they look: what the description and the docs page show."""

from typing import Any

import msgspec

from scoreboard_runtime.contract import endpoints, frames
from scoreboard_runtime.contract.board import DEFAULT_WINDOW, Action, Scoreboard
from scoreboard_runtime.contract.rejections import REJECTIONS
from scoreboard_runtime.contract.snapshots import Snapshot

USER_ID = "0b54c5e2-a1d1-4f0e-9d3c-7a6f21c4b8e9"
OTHER_ID = "5d2f8c1e-3b7a-4e60-8f14-c09b6a7d5e21"
JOB_ID = "019ab3f0-5c1e-7000-8003-5d1f0a9c3e77"
TASK_ID = "c1f4d7ba-6e02-4a8f-b6d5-92e30c8f17ab"
AT = "2026-11-23T19:00:00.123Z"

USER_NAME = {"id": USER_ID, "username": "Ada Lovelace", "roles": ["player"]}
USER = {**USER_NAME, "createdAt": AT}
CREDENTIALS = {"username": "Ada Lovelace", "password": "a long and private sentence"}
LOGIN = {
    "token": "eyJhbGciOiJIUzI1NiIsImtpZCI6ImsxIn0.eyJzdWIiOiIwYjU0In0.c2lnbmF0dXJl",
    "tokenType": "Bearer",
    "expiresAt": "2026-11-23T19:15:00.000Z",
    "refreshToken": "r1.4be1c7f0.1.c2lnbmF0dXJl",
    "session": {
        "id": "4be1c7f09d7b4c1e9a3b6d8f2c4e6a81",
        "signingKey": "3q2-7wAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
    },
    "user": USER_NAME,
}
TASK = {
    "taskId": TASK_ID,
    "action": "boss_fight",
    "issuedAt": AT,
    "notBefore": "2026-11-23T19:00:20.123Z",
    "expiresAt": "2026-11-23T19:30:00.123Z",
}
ACCEPTED = {"jobId": JOB_ID, "status": "queued"}
JOB = {
    "jobId": JOB_ID,
    "action": "finish_level",
    "status": "completed",
    "submittedAt": AT,
    "finishedAt": "2026-11-23T19:00:00.131Z",
    "result": {"points": 100, "score": 4200, "rank": 1, "previousRank": 2},
}
HISTORY = {
    "items": [
        {
            "jobId": JOB_ID,
            "action": "finish_level",
            "board": "main",
            "points": 100,
            "scoreBefore": 4100,
            "scoreAfter": 4200,
            "reason": None,
            "at": AT,
        }
    ],
    "nextCursor": "v41",
}
READY = {
    "status": "ok",
    "draining": False,
    "checks": {
        "database": {"status": "ok", "latencyMs": 0.41},
        "queue": {"status": "ok", "latencyMs": 0.18},
    },
}
NOT_READY = {
    "status": "unavailable",
    "draining": False,
    "checks": {
        "database": {"status": "unavailable", "latencyMs": 2000.0, "error": "TimeoutError"},
        "queue": {"status": "ok", "latencyMs": 0.18},
    },
}
# How what is no JSON begins.
PAGE = '<!doctype html>\n<html lang="en">'
MODULE = 'import { Scoreboard } from "/scoreboard.js";'
CLIENT = "export class Scoreboard {}"
STYLE = ":root { color-scheme: light dark; }"
DRAWING = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">'


def openapi(board: Scoreboard) -> dict[str, Any]:
    """Its first members, and one of its operations."""
    live = {"get": {"operationId": "getLive", "responses": {"200": {"description": "Alive."}}}}
    return {**_begun("openapi", "3.1.0", board), "paths": {"/health/live": live}}


def asyncapi(board: Scoreboard) -> dict[str, Any]:
    """Its first members, its channel, and one of its operations."""
    return {
        **_begun("asyncapi", "3.0.0", board),
        "channels": {"socket": {"address": endpoints.WEBSOCKET_PATH}},
        "operations": {"ping": {"action": "receive"}},
    }


def _begun(kind: str, version: str, board: Scoreboard) -> dict[str, Any]:
    info = {"title": f"Scoreboard {board.name}", "version": board.version}
    return {kind: version, "info": info}


def events(board: Scoreboard) -> str:
    """The event that a stream begins with, to the byte."""
    first = msgspec.convert(snapshot(board), Snapshot)
    place = frames.event_id(first.epoch, first.sequence)
    data = frames.snapshot_event(first, recovered=False).decode()
    return f"event: snapshot\nid: {place}\ndata: {data}\n\n"


def snapshot(board: Scoreboard) -> dict[str, Any]:
    return {
        "board": board.board.name,
        "window": DEFAULT_WINDOW,
        "epoch": "6f2c9a1e",
        "sequence": 42,
        "total": 2,
        "entries": [
            {"rank": 1, "userId": USER_ID, "username": "Ada Lovelace", "score": 4200,
             "reachedAt": AT},
            {"rank": 2, "userId": OTHER_ID, "username": "Алан Тьюринг", "score": 4150,
             "reachedAt": AT},
        ],
    }  # fmt: skip


def around(board: Scoreboard) -> dict[str, Any]:
    return {**snapshot(board), "rank": 1, "percentile": 50.0}


def action_body(action: Action) -> dict[str, Any]:
    """A body that the action takes."""
    body: dict[str, Any] = {"action": action.name}
    if action.issued:
        body["taskId"] = TASK_ID
    if action.points.field is not None:
        body["data"] = {action.points.field: 7}
    return body


def action_bodies(board: Scoreboard) -> dict[str, Any]:
    """One body for each action of the catalogue."""
    return {action.name: action_body(action) for action in board.actions.values()}


def batch_bodies(board: Scoreboard) -> dict[str, Any]:
    some = [action_body(action) for action in board.actions.values()][:3]
    return {"some": {"actions": some}} if some else {}


def batch_results(problem: dict[str, Any]) -> dict[str, Any]:
    """An admitted entry and one that is not."""
    assert problem["code"] in REJECTIONS
    return {"results": [ACCEPTED, {**problem, "retryAfter": 9}]}


def task_bodies(board: Scoreboard) -> dict[str, Any]:
    """One for each action that needs a task; where none does, what the shape is all the same."""
    issued = [action for action in board.actions.values() if action.issued]
    return {each.name: {"action": each.name} for each in issued or [*board.actions.values()][:1]}
