"""Messages of the socket (contract, section 1.4): what clients send, and the bytes they get."""

from typing import Any

import msgspec

from scoreboard_runtime.contract.changes import FAILED, Ranked
from scoreboard_runtime.contract.rejections import REJECTIONS
from scoreboard_runtime.contract.snapshots import Snapshot, UserSnapshot, rfc3339

SCOREBOARD, USER = "scoreboard", "user"
CHANNELS = (SCOREBOARD, USER)

BAD_MESSAGE, BAD_TOKEN, SILENT, TOO_LARGE = 4400, 4401, 4408, 4413
TOO_MANY, SLOW, RESTART, TRY_AGAIN = 4429, 4503, 1012, 1013

# Why a socket was closed, and whether to connect again.
CLOSES = {
    BAD_MESSAGE: ("a message that is not the contract's, or a second `authenticate`", "no"),
    BAD_TOKEN: ("the token is invalid, or its session ended", "with a new token"),
    SILENT: ("nothing authenticated or watched for 10 s; pings do not count", "to do either"),
    TOO_LARGE: ("a message over 16 KiB", "no"),
    TOO_MANY: ("too many connections, or more than 50 messages in 5 s", "with backoff"),
    SLOW: ("updates were not read", "with `since`"),
    RESTART: ("the server restarts", "after a random delay"),
    TRY_AGAIN: ("a store that this needs is away", "with backoff"),
}


class Since(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where a client was when it was last connected."""

    epoch: str
    sequence: int


class Authenticate(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="authenticate"):
    token: str
    id: Any = None


class Subscribe(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="subscribe"):
    channel: str
    board: str | None = None
    window: str | None = None
    since: Since | None = None
    id: Any = None


class Unsubscribe(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="unsubscribe"):
    channel: str
    board: str | None = None
    id: Any = None


class Ping(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="ping"):
    id: Any = None


Message = Authenticate | Subscribe | Unsubscribe | Ping
_decoder = msgspec.json.Decoder(Message)
_encode = msgspec.json.Encoder().encode


def decode(text: str) -> Message:
    """Raises msgspec.DecodeError or msgspec.ValidationError for what is no message."""
    found: Message = _decoder.decode(text)
    return found


def message(kind: str, **fields: Any) -> bytes:
    """JSON with `type` first; fields that are None are left out."""
    known = {name: value for name, value in fields.items() if value is not None}
    return _encode({"type": kind, **known})


def error(code: str, detail: str, ident: Any = None) -> bytes:
    return message("error", code=code, detail=detail, id=ident)


def scoreboard_updated(snapshot: Snapshot, at_us: int) -> bytes:
    return message(
        "scoreboard_updated",
        board=snapshot.board,
        window=snapshot.window,
        epoch=snapshot.epoch,
        sequence=snapshot.sequence,
        total=snapshot.total,
        entries=snapshot.entries,
        at=rfc3339(at_us),
    )


def subscribed_board(snapshot: Snapshot, *, recovered: bool, ident: Any) -> bytes:
    return message(
        "subscribed",
        channel=SCOREBOARD,
        board=snapshot.board,
        window=snapshot.window,
        epoch=snapshot.epoch,
        sequence=snapshot.sequence,
        recovered=recovered,
        snapshot=snapshot,
        id=ident,
    )


def subscribed_user(
    snapshot: UserSnapshot, place: tuple[str, int], *, recovered: bool, ident: Any
) -> bytes:
    """`place` is the epoch and the version of the user's score, which is its sequence."""
    epoch, sequence = place
    return message(
        "subscribed",
        channel=USER,
        epoch=epoch,
        sequence=sequence,
        recovered=recovered,
        snapshot=snapshot,
        id=ident,
    )


def user_score_updated(board: str, epoch: str, ranked: Ranked) -> bytes:
    change = ranked.change
    return _encode(
        {
            "type": "user_score_updated",
            "board": board,
            "score": change.score,
            "rank": ranked.rank,
            "delta": change.points,
            "jobId": change.job or None,
            "epoch": epoch,
            "sequence": change.version,
            "at": rfc3339(change.committed_us),
        }
    )


def job_finished(ranked: Ranked) -> bytes:
    change = ranked.change
    found: dict[str, Any] = {
        "type": "job_finished",
        "jobId": change.job,
        "action": change.action,
        "status": change.status,
        "at": rfc3339(change.committed_us),
    }
    if change.status == FAILED and change.error is not None:
        found["error"] = {"code": change.error, "detail": REJECTIONS[change.error].detail}
    else:
        found["result"] = {
            "points": change.points,
            "score": change.score,
            "rank": ranked.rank,
            "previousRank": ranked.previous_rank,
        }
    return _encode(found)
