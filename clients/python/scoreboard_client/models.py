"""What the server says, typed. Members that a newer server adds are ignored."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Action:
    """One entry of a batch."""

    action: str
    data: Mapping[str, int] | None = None
    task_id: str | None = None

    def body(self) -> dict[str, Any]:
        """As the server takes it."""
        members = {"action": self.action, "data": self.data, "taskId": self.task_id}
        return {name: value for name, value in members.items() if value is not None}


@dataclass(frozen=True, slots=True)
class User:
    id: str
    username: str
    roles: tuple[str, ...]

    @classmethod
    def of(cls, value: Json) -> "User":
        return cls(value["id"], value["username"], tuple(value["roles"]))


@dataclass(frozen=True, slots=True)
class Session:
    """A login. Keep it as a secret: who has it is this user until it ends."""

    id: str
    user: User
    expires_at: str
    token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    signing_key: str = field(repr=False)

    @classmethod
    def of(cls, value: Json) -> "Session":
        return cls(
            id=value["session"]["id"],
            user=User.of(value["user"]),
            expires_at=value["expiresAt"],
            token=value["token"],
            refresh_token=value["refreshToken"],
            signing_key=value["session"]["signingKey"],
        )


@dataclass(frozen=True, slots=True)
class Task:
    """A single-use task: good from `not_before` until `expires_at`."""

    id: str
    action: str
    issued_at: str
    not_before: str
    expires_at: str

    @classmethod
    def of(cls, value: Json) -> "Task":
        times = (value["issuedAt"], value["notBefore"], value["expiresAt"])
        return cls(value["taskId"], value["action"], *times)


@dataclass(frozen=True, slots=True)
class Accepted:
    """A 202: the action is durable and will count once. `replayed`: the first answer, again."""

    job_id: str
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class Result:
    """What a job did; ranks are None where they are not known (any more)."""

    points: int
    score: int
    rank: int | None
    previous_rank: int | None

    @classmethod
    def of(cls, value: Json) -> "Result":
        return cls(value["points"], value["score"], value["rank"], value["previousRank"])


@dataclass(frozen=True, slots=True)
class Job:
    """`status` is queued, processing, completed (then `result`) or failed (then `error_code`)."""

    id: str
    action: str
    status: str
    result: Result | None = None
    error_code: str | None = None
    error_detail: str | None = None

    @property
    def finished(self) -> bool:
        return self.status in ("completed", "failed")

    @classmethod
    def of(cls, value: Json) -> "Job":
        result, error = value.get("result"), value.get("error") or {}
        return cls(
            id=value["jobId"],
            action=value["action"],
            status=value["status"],
            result=Result.of(result) if result else None,
            error_code=error.get("code"),
            error_detail=error.get("detail"),
        )


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of the standings."""

    rank: int
    user_id: str
    username: str
    score: int
    reached_at: str

    @classmethod
    def of(cls, value: Json) -> "Entry":
        name = (value["userId"], value["username"])
        return cls(value["rank"], *name, value["score"], value["reachedAt"])


@dataclass(frozen=True, slots=True)
class Standings:
    """A version of the standings: `sequence` rises within one `epoch`."""

    board: str
    window: str
    epoch: str
    sequence: int
    total: int
    entries: tuple[Entry, ...]

    @classmethod
    def of(cls, value: Json) -> "Standings":
        place = (value["board"], value["window"], value["epoch"], value["sequence"])
        return cls(*place, value["total"], tuple(map(Entry.of, value["entries"])))


@dataclass(frozen=True, slots=True)
class Around:
    """The standings around one user; both are None for who has no score yet."""

    rank: int | None
    percentile: float | None
    standings: Standings

    @classmethod
    def of(cls, value: Json) -> "Around":
        return cls(value["rank"], value["percentile"], Standings.of(value))


@dataclass(frozen=True, slots=True)
class Change:
    """One row of a user's ledger."""

    job_id: str
    action: str
    board: str
    points: int
    score_before: int
    score_after: int
    at: str

    @classmethod
    def of(cls, value: Json) -> "Change":
        name = (value["jobId"], value["action"], value["board"], value["points"])
        return cls(*name, value["scoreBefore"], value["scoreAfter"], value["at"])


@dataclass(frozen=True, slots=True)
class History:
    """A page of the ledger, newest first; `next_cursor` is None on the last one."""

    items: tuple[Change, ...]
    next_cursor: str | None

    @classmethod
    def of(cls, value: Json) -> "History":
        return cls(tuple(map(Change.of, value["items"])), value["nextCursor"])


# --- what a socket says -----------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Subscribed:
    """A channel is watched (again); `recovered`: nothing was missed since the last connection."""

    channel: str
    epoch: str
    sequence: int
    recovered: bool
    score: int | None = None  # of the user channel
    rank: int | None = None
    pending_jobs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class UserScore:
    """My score has changed, by `delta`."""

    board: str
    score: int
    rank: int | None
    delta: int
    job_id: str | None
    epoch: str
    sequence: int

    @classmethod
    def of(cls, value: Json) -> "UserScore":
        score = (value["board"], value["score"], value["rank"], value["delta"])
        return cls(*score, value["jobId"], value["epoch"], value["sequence"])


@dataclass(frozen=True, slots=True)
class JobFinished:
    """One of my jobs has ended."""

    job: Job


@dataclass(frozen=True, slots=True)
class SocketError:
    """A mistake that left the socket open."""

    code: str
    detail: str


@dataclass(frozen=True, slots=True)
class Lost:
    """The connection is gone, or none came about (`code` is None); the next try is in
    `retry_in` seconds."""

    code: int | None
    why: str
    retry_in: float


Event = Subscribed | Standings | UserScore | JobFinished | SocketError | Lost
