"""Messages of the socket (contract, section 1.4): what clients send, and the bytes they get."""

from typing import Any

import msgspec

from scoreboard_runtime.contract import messages
from scoreboard_runtime.contract.changes import FAILED, Ranked
from scoreboard_runtime.contract.openapi.shapes import JobError, Result, UserName
from scoreboard_runtime.contract.rejections import REJECTIONS
from scoreboard_runtime.contract.snapshots import Snapshot, UserSnapshot, rfc3339

# `activity` is beyond the contract: who asks for it hears how much is played.
SCOREBOARD, USER, ACTIVITY = "scoreboard", "user", "activity"
CHANNELS = (SCOREBOARD, USER, ACTIVITY)

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
    """Proves who it is, within 10 s of the handshake, and once."""

    token: str
    id: Any = None


class Subscribe(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="subscribe"):
    """Watches a channel: `scoreboard` and `activity` (of a public board without authenticating too)
    or `user`. The snapshot is always sent; `since` says what was seen last."""

    channel: str
    board: str | None = None
    window: str | None = None
    since: Since | None = None
    id: Any = None


class Unsubscribe(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="unsubscribe"):
    """Watches a channel no more."""

    channel: str
    board: str | None = None
    id: Any = None


class Ping(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="ping"):
    """Asks for a pong; it does not extend the 10 s."""

    id: Any = None


Message = Authenticate | Subscribe | Unsubscribe | Ping
_decoder = msgspec.json.Decoder(Message)
_encoder = msgspec.json.Encoder()


def decode(text: str) -> Message:
    """Raises msgspec.DecodeError or msgspec.ValidationError for what is no message."""
    found: Message = _decoder.decode(text)
    return found


def _encode(message: messages.Said) -> bytes:
    """JSON with `type` first."""
    return _encoder.encode(message)


def _echo(ident: Any) -> Any:
    """The `id` of the client's message; left out where it had none."""
    return msgspec.UNSET if ident is None else ident


def authenticated(user: UserName, expires_us: int) -> bytes:
    return _encode(messages.Authenticated(user=user, expires_at=rfc3339(expires_us)))


def unsubscribed(channel: Any, ident: Any) -> bytes:
    return _encode(messages.Unsubscribed(channel=channel, id=_echo(ident)))


def pong(now_us: int, ident: Any) -> bytes:
    return _encode(messages.Pong(now=rfc3339(now_us), id=_echo(ident)))


def session_ended(reason: Any) -> bytes:
    return _encode(messages.SessionEnded(reason=reason))


def error(code: str, detail: str, ident: Any = None) -> bytes:
    return _encode(messages.Error(code=code, detail=detail, id=_echo(ident)))


def scoreboard_updated(snapshot: Snapshot, at_us: int) -> bytes:
    return _encode(
        messages.ScoreboardUpdated(
            board=snapshot.board,
            window=snapshot.window,
            epoch=snapshot.epoch,
            sequence=snapshot.sequence,
            total=snapshot.total,
            entries=snapshot.entries,
            at=rfc3339(at_us),
        )
    )


def snapshot_event(snapshot: Snapshot, *, recovered: bool) -> bytes:
    """What a stream begins with."""
    return _encode(
        messages.StreamSnapshot(
            board=snapshot.board,
            window=snapshot.window,
            epoch=snapshot.epoch,
            sequence=snapshot.sequence,
            total=snapshot.total,
            entries=snapshot.entries,
            recovered=recovered,
        )
    )


def event_id(epoch: str, sequence: int) -> str:
    """The id of an event that has a version; a client sends its last one as `Last-Event-ID`."""
    return f"{epoch}:{sequence}"


def since_event(ident: str | None) -> Since | None:
    """Where an event's id says that its client was; None for what is no id."""
    epoch, _, sequence = (ident or "").rpartition(":")
    if not epoch or not sequence.isascii() or not sequence.isdecimal() or len(sequence) > 18:
        return None
    return Since(epoch, int(sequence))


def closed_event(code: int, reason: str) -> bytes:
    """What a stream ends with."""
    return _encode(messages.StreamClosed(code=code, reason=reason))


def activity(board: str, per_second: float, at_us: int) -> bytes:
    return _encode(messages.Activity(board=board, actions_per_second=per_second, at=rfc3339(at_us)))


def subscribed_activity(board: str, ident: Any) -> bytes:
    return _encode(messages.SubscribedActivity(channel="activity", board=board, id=_echo(ident)))


def subscribed_board(snapshot: Snapshot, *, recovered: bool, ident: Any) -> bytes:
    return _encode(
        messages.SubscribedBoard(
            channel="scoreboard",
            board=snapshot.board,
            window=snapshot.window,
            epoch=snapshot.epoch,
            sequence=snapshot.sequence,
            recovered=recovered,
            snapshot=snapshot,
            id=_echo(ident),
        )
    )


def subscribed_user(
    snapshot: UserSnapshot, place: tuple[str, int], *, recovered: bool, ident: Any
) -> bytes:
    """`place` is the epoch and the version of the user's score, which is its sequence."""
    epoch, sequence = place
    return _encode(
        messages.SubscribedUser(
            channel="user",
            epoch=epoch,
            sequence=sequence,
            recovered=recovered,
            snapshot=snapshot,
            id=_echo(ident),
        )
    )


def user_score_updated(board: str, epoch: str, ranked: Ranked) -> bytes:
    change = ranked.change
    return _encode(
        messages.UserScoreUpdated(
            board=board,
            score=change.score,
            rank=ranked.rank,
            delta=change.points,
            job_id=change.job or None,
            epoch=epoch,
            sequence=change.version,
            at=rfc3339(change.committed_us),
        )
    )


def job_finished(ranked: Ranked) -> bytes:
    change = ranked.change
    result: Result | msgspec.UnsetType = msgspec.UNSET
    failure: JobError | msgspec.UnsetType = msgspec.UNSET
    if change.status == FAILED and change.error is not None:
        failure = JobError(code=change.error, detail=REJECTIONS[change.error].detail)
    else:
        result = Result(
            points=change.points,
            score=change.score,
            rank=ranked.rank,
            previous_rank=ranked.previous_rank,
        )
    return _encode(
        messages.JobFinished(
            job_id=change.job,
            action=change.action,
            status="failed" if failure else "completed",
            at=rfc3339(change.committed_us),
            result=result,
            error=failure,
        )
    )
