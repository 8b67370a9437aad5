"""Who says what on the socket, the answers to it, examples, and why a handshake fails."""

from typing import Any

import msgspec

from scoreboard_runtime.contract import frames, messages
from scoreboard_runtime.contract.board import DEFAULT_WINDOW, Scoreboard
from scoreboard_runtime.contract.openapi import examples as known
from scoreboard_runtime.contract.rejections import REJECTIONS

Kind = type[msgspec.Struct]
Json = dict[str, Any]

SAID_BY_CLIENTS: tuple[Kind, ...] = (
    frames.Authenticate,
    frames.Subscribe,
    frames.Unsubscribe,
    frames.Ping,
)
EXCHANGES: dict[Kind, tuple[Kind, ...]] = {
    frames.Authenticate: (messages.Authenticated,),
    frames.Subscribe: (
        messages.SubscribedBoard,
        messages.SubscribedUser,
        messages.SubscribedActivity,
        messages.Error,
    ),
    frames.Unsubscribe: (messages.Unsubscribed, messages.Error),
    frames.Ping: (messages.Pong,),
}
PUSHED: tuple[Kind, ...] = (
    messages.ScoreboardUpdated,
    messages.UserScoreUpdated,
    messages.JobFinished,
    messages.Activity,
    messages.SessionEnded,
)
HANDSHAKE = {
    "VALIDATION_ERROR": "it offers other subprotocols only, or is no WebSocket handshake",
    "FORBIDDEN": "its Origin is not allowed",
    "TOO_MANY_REQUESTS": "the budget of its address, or of the board, is spent",
    "UNAVAILABLE": "the server restarts, or a store that it needs is away",
}
EPOCH = "6f2c9a1e"


def _clients(board: Scoreboard) -> dict[Kind, Json]:
    name, since = board.board.name, {"epoch": EPOCH, "sequence": 42}
    return {
        frames.Authenticate: {
            "token": {"type": "authenticate", "token": known.LOGIN["token"]},
        },
        frames.Subscribe: {
            "board": {"type": "subscribe", "channel": "scoreboard", "board": name},
            "resume": {"type": "subscribe", "channel": "scoreboard", "board": name, "since": since},
            "user": {"type": "subscribe", "channel": "user"},
            "activity": {"type": "subscribe", "channel": "activity"},
        },
        frames.Unsubscribe: {"board": {"type": "unsubscribe", "channel": "scoreboard"}},
        frames.Ping: {"ping": {"type": "ping", "id": 7}},
    }


def _joined(board: Scoreboard) -> dict[Kind, Json]:
    place = {"epoch": EPOCH, "sequence": 42}
    where = {"board": board.board.name, "window": DEFAULT_WINDOW}
    own = {"userId": known.USER_ID, "username": known.USER["username"]}
    mine = {**own, "score": 4200, "rank": 1, "pendingJobs": [known.JOB_ID]}
    user = {"epoch": EPOCH, "sequence": 41, "recovered": False, "snapshot": mine}
    shown = {**where, **place, "recovered": True, "snapshot": known.snapshot(board)}
    return {
        messages.SubscribedBoard: {
            "board": {"type": "subscribed", "channel": "scoreboard", **shown},
        },
        messages.SubscribedUser: {"user": {"type": "subscribed", "channel": "user", **user}},
        messages.SubscribedActivity: {
            "activity": {"type": "subscribed", "channel": "activity", "board": board.board.name},
        },
        messages.Unsubscribed: {"board": {"type": "unsubscribed", "channel": "scoreboard"}},
    }


def _told(board: Scoreboard) -> dict[Kind, Json]:
    name, job = board.board.name, {"jobId": known.JOB_ID, "action": "finish_level"}
    failed = {
        "code": "SCORE_OUT_OF_RANGE",
        "detail": REJECTIONS["SCORE_OUT_OF_RANGE"].detail,
    }
    done = {**job, "status": "completed", "at": known.AT, "result": known.JOB["result"]}
    score = {"score": 4200, "rank": 1, "delta": 100, "jobId": known.JOB_ID}
    return {
        messages.Authenticated: {
            "authenticated": {
                "type": "authenticated",
                "user": known.USER_NAME,
                "expiresAt": known.LOGIN["expiresAt"],
            }
        },
        messages.Pong: {"pong": {"type": "pong", "now": known.AT, "id": 7}},
        messages.ScoreboardUpdated: {
            "updated": {"type": "scoreboard_updated", **known.snapshot(board), "at": known.AT}
        },
        messages.UserScoreUpdated: {
            "updated": {"type": "user_score_updated", "board": name, **score, "epoch": EPOCH,
                        "sequence": 42, "at": known.AT}
        },
        messages.JobFinished: {
            "completed": {"type": "job_finished", **done},
            "failed": {"type": "job_finished", **job, "status": "failed", "at": known.AT,
                       "error": failed},
        },
        messages.Activity: {
            "activity": {"type": "activity", "board": name, "actionsPerSecond": 12.4,
                         "at": known.AT},
        },
        messages.SessionEnded: {"expired": {"type": "session_ended", "reason": "expired"}},
        messages.Error: {
            "unknown board": {"type": "error", "code": "NOT_FOUND",
                              "detail": "there is no board 'x'"}
        },
    }  # fmt: skip


def examples(kind: Kind, board: Scoreboard) -> Json:
    """Messages of this kind, by name."""
    found: Json = {**_clients(board), **_joined(board), **_told(board)}[kind]
    return found
