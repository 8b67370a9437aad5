"""Answers of the admin routes as they look."""

from typing import Any

from scoreboard_runtime.contract.board import Scoreboard
from scoreboard_runtime.contract.openapi.examples import AT, HISTORY, JOB_ID, OTHER_ID, USER_ID
from scoreboard_runtime.contract.rejections import REJECTIONS

REASON = {"reason": "three bots, one address"}
PERSON = {
    "id": USER_ID,
    "username": "Ada Lovelace",
    "roles": ["player"],
    "createdAt": AT,
    "disabled": False,
    "disqualified": False,
    "score": 4200,
    "reachedAt": AT,
}
PEOPLE = {"items": [PERSON], "nextCursor": "YWRhIGxvdmVsYWNl"}
ROLES = {"roles": ["admin", "player"], "reason": "on call from today"}
ADJUST = {"points": -250, "reason": "counted twice on 23 November"}
ADJUSTMENT = {
    "userId": USER_ID,
    "board": "main",
    "points": -250,
    "scoreBefore": 4450,
    "scoreAfter": 4200,
    "reason": ADJUST["reason"],
    "at": AT,
}
BY_HAND = {
    "jobId": None,
    "action": "adjust",
    "board": "main",
    "points": -250,
    "scoreBefore": 4450,
    "scoreAfter": 4200,
    "reason": ADJUST["reason"],
    "at": AT,
}
LETTER = {
    "jobId": JOB_ID,
    "userId": USER_ID,
    "action": "finish_level",
    "reason": "NumericValueOutOfRangeError: value out of range",
    "attempts": 1,
    "at": AT,
}
LETTERS = {"items": [LETTER], "total": 1, "nextCursor": None}
REDRIVEN = {"jobId": JOB_ID, "status": "queued"}
AUDIT = {
    "items": [
        {
            "id": 42,
            "at": AT,
            "actorId": OTHER_ID,
            "actor": "Grace",
            "verb": "adjust",
            "userId": USER_ID,
            "username": "Ada Lovelace",
            "object": None,
            "reason": ADJUST["reason"],
            "outcome": "done",
            "details": {"points": -250, "scoreBefore": 4450, "scoreAfter": 4200},
        }
    ],
    "nextCursor": "a42",
}
EXPORT = {
    "exportedAt": AT,
    "user": {**PERSON, "identity": None, "hasPassword": True},
    "rank": 1,
    "ledger": [{**BY_HAND, "window": "current"}],
    "jobs": [
        {
            "jobId": JOB_ID,
            "action": "finish_level",
            "taskId": None,
            "status": "completed",
            "error": None,
            "points": 100,
            "score": 4450,
            "submittedAt": AT,
            "finishedAt": AT,
        }
    ],
    "pendingJobs": [],
    "sessions": [{"id": "4be1c7f09d7b4c1e9a3b6d8f2c4e6a81", "openedAt": AT}],
    "audit": [
        {
            "at": AT,
            "verb": "adjust",
            "by": "an admin",
            "reason": ADJUST["reason"],
            "outcome": "done",
        }
    ],
}


def explanation(board: Scoreboard) -> dict[str, Any]:
    return {
        "user": PERSON,
        "board": board.board.name,
        "window": "current",
        "rank": 2,
        "total": 2,
        "percentile": 0.0,
        "exactRank": 2,
        "ledgerRows": 2,
        "ledgerPoints": 4200,
        "ledgerAgrees": True,
        "above": {
            "userId": OTHER_ID,
            "username": "Алан Тьюринг",
            "score": 4200,
            "reachedAt": AT,
            "decidedBy": "reachedAt",
        },
        "below": None,
        "items": [BY_HAND, *HISTORY["items"]],
        "nextCursor": None,
    }


def frozen(board: Scoreboard, *, stands: bool) -> dict[str, Any]:
    said = {"since": AT, "reason": "the final is over"} if stands else {"since": None,
                                                                      "reason": None}  # fmt: skip
    return {"board": board.board.name, "frozen": stands, **said}


def overview(board: Scoreboard) -> dict[str, Any]:
    budget = {"count": 60, "perSeconds": 60.0}
    return {
        "name": board.name,
        "version": board.version,
        "players": 2,
        "boards": [frozen(board, stands=False)],
        "queue": {"depth": 0, "capacity": 100_000, "deadLetters": 1},
        "limits": {
            "global": {"count": 20_000, "perSeconds": 1.0, "left": 19_873},
            "address": budget,
            "user": budget,
            "actions": [
                {"action": name, "limit": None, "cooldownSeconds": 10.0} for name in board.actions
            ],
        },
        "gateway": {
            "id": "arcade-gateway-7d9f-1",
            "startedAt": AT,
            "rejections": [
                {"code": row.code, "layer": row.layer, "count": 3}
                for row in REJECTIONS.values()
                if row.layer is not None
            ],
            "actions": [
                {"action": name, "accepted": 7, "rejected": 1, "replayed": 0}
                for name in board.actions
            ],
        },
    }
