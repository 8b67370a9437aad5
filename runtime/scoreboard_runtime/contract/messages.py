"""What the server says on a socket, as types: frames are made of them, AsyncAPI describes them."""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from scoreboard_runtime.contract.openapi.shapes import (
    Id,
    JobError,
    Rank,
    Result,
    Score,
    Time,
    UserName,
)
from scoreboard_runtime.contract.snapshots import Entry, Snapshot, UserSnapshot

Echo = Any  # the `id` of the client's message, whatever it was
Sequence = Annotated[int, Meta(ge=0)]


class _Message(msgspec.Struct, frozen=True, rename="camel", tag_field="type", kw_only=True):
    pass


class Authenticated(_Message, frozen=True, tag="authenticated"):
    """The token is good; the socket is closed with 4401 when it ends."""

    user: UserName
    expires_at: Time


class SubscribedBoard(_Message, frozen=True, tag="subscribed"):
    """A board is watched: its snapshot, as `GET /api/scoreboard` answers it. `recovered`: nothing
    was missed since `since`."""

    channel: Literal["scoreboard"]
    board: str
    window: str
    epoch: str
    sequence: Sequence
    recovered: bool
    snapshot: Snapshot
    id: Echo | UnsetType = UNSET


class SubscribedUser(_Message, frozen=True, tag="subscribed"):
    """The user's own channel is watched: score, rank, unfinished jobs."""

    channel: Literal["user"]
    epoch: str
    sequence: Sequence
    recovered: bool
    snapshot: UserSnapshot
    id: Echo | UnsetType = UNSET


class SubscribedActivity(_Message, frozen=True, tag="subscribed"):
    """How much is played is told: at once, and once a second when it changes."""

    channel: Literal["activity"]
    board: str
    id: Echo | UnsetType = UNSET


class Unsubscribed(_Message, frozen=True, tag="unsubscribed"):
    """No more updates of the channel."""

    channel: Literal["scoreboard", "user", "activity"]
    id: Echo | UnsetType = UNSET


class Pong(_Message, frozen=True, tag="pong"):
    """The answer to a ping, with the server's time."""

    now: Time
    id: Echo | UnsetType = UNSET


class ScoreboardUpdated(_Message, frozen=True, tag="scoreboard_updated"):
    """A new version of the top N, whole: at most `spec.realtime.maxRate` a second, the first at
    once. What has a sequence that was seen may be ignored."""

    board: str
    window: str
    epoch: str
    sequence: Sequence
    total: int
    entries: list[Entry]
    at: Time


class UserScoreUpdated(_Message, frozen=True, tag="user_score_updated"):
    """The user's score has changed by `delta`; `jobId` is null where no job did it."""

    board: str
    score: Score
    rank: Rank | None
    delta: int
    job_id: Id | None
    epoch: str
    sequence: Sequence
    at: Time


class JobFinished(_Message, frozen=True, tag="job_finished"):
    """A job of the user's has ended: `result` when it completed, `error` when it failed."""

    job_id: Id
    action: str
    status: Literal["completed", "failed"]
    at: Time
    result: Result | UnsetType = UNSET
    error: JobError | UnsetType = UNSET


class Activity(_Message, frozen=True, tag="activity"):
    """How much is played on the board, over the last five seconds."""

    board: str
    actions_per_second: Annotated[float, Meta(ge=0)]
    at: Time


class SessionEnded(_Message, frozen=True, tag="session_ended"):
    """The session is over; the socket is closed with 4401 after this."""

    reason: Literal["logged_out", "expired", "disabled", "revoked"]


class Error(_Message, frozen=True, tag="error"):
    """A mistake that leaves the socket open: an unknown channel or board."""

    code: str
    detail: str
    id: Echo | UnsetType = UNSET


class StreamSnapshot(_Message, frozen=True, tag="snapshot"):
    """What a stream of server-sent events begins with: what `GET /api/scoreboard` answers."""

    board: str
    window: str
    epoch: str
    sequence: Sequence
    total: int
    entries: list[Entry]
    recovered: bool


class StreamClosed(_Message, frozen=True, tag="closed"):
    """The last event of a stream, with the code that a socket would be closed with."""

    code: int
    reason: str


Said = (
    Authenticated | SubscribedBoard | SubscribedUser | SubscribedActivity | Unsubscribed | Pong
    | ScoreboardUpdated | UserScoreUpdated | JobFinished | Activity | SessionEnded | Error
    | StreamSnapshot | StreamClosed
)  # fmt: skip
ALL: tuple[type[msgspec.Struct], ...] = (  # of a socket
    Authenticated, SubscribedBoard, SubscribedUser, SubscribedActivity, Unsubscribed, Pong,
    ScoreboardUpdated, UserScoreUpdated, JobFinished, Activity, SessionEnded, Error,
)  # fmt: skip
