"""Bodies of the admin routes and of what users may ask about themselves, as types."""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from scoreboard_runtime.contract.board import MAX_SCORE
from scoreboard_runtime.contract.openapi.shapes import HistoryItem, Id, Rank, Score, Time

Why = Annotated[str, Meta(min_length=1, max_length=500, examples=["three bots, one address"])]
MaybeWhy = Annotated[str, Meta(max_length=500)]
RoleName = Annotated[str, Meta(pattern="^[a-z][a-z0-9_-]{0,31}$", examples=["player"])]


class Reason(msgspec.Struct, forbid_unknown_fields=True):
    """Why it is done: it stays in the audit log."""

    reason: Why


class MaybeReason(msgspec.Struct, forbid_unknown_fields=True):
    """Why it is done, where there is something to say."""

    reason: MaybeWhy = ""


class Adjust(msgspec.Struct, forbid_unknown_fields=True):
    """Points to add to a score, or to take away; not 0."""

    points: Annotated[
        int,
        Meta(ge=-MAX_SCORE, le=MAX_SCORE, examples=[-250]),
        Meta(extra_json_schema={"not": {"const": 0}}),
    ]
    reason: Why


class RolesOf(msgspec.Struct, forbid_unknown_fields=True):
    """All roles of a user from now on."""

    roles: Annotated[list[RoleName], Meta(max_length=32)]
    reason: MaybeWhy = ""


class Person(msgspec.Struct, rename="camel"):
    """A user as an admin sees them; `reachedAt` is null for who has no score yet."""

    id: Id
    username: str
    roles: list[str]
    created_at: Time
    disabled: bool
    disqualified: bool
    score: Score
    reached_at: Time | None


class PersonChanged(Person, rename="camel"):
    """The user after the change, and how many sessions it ended."""

    sessions_ended: int | msgspec.UnsetType = msgspec.UNSET


class People(msgspec.Struct, rename="camel"):
    """A page of users in name order; `nextCursor` is null on the last one."""

    items: list[Person]
    next_cursor: str | None


class Adjustment(msgspec.Struct, rename="camel"):
    """The row of the ledger that was made."""

    user_id: Id
    board: str
    points: int
    score_before: Score
    score_after: Score
    reason: str
    at: Time


class Neighbour(msgspec.Struct, rename="camel"):
    """Who stands right above or below, and what decides it."""

    user_id: Id
    username: str
    score: Score
    reached_at: Time
    decided_by: Literal["score", "reachedAt", "userId"]


class Explanation(msgspec.Struct, rename="camel"):
    """Why a rank is what it is: `rank` as it is shown (null: none), `exactRank` as Postgres counts
    it, the neighbours, the sum of the ledger, and its rows, newest first."""

    user: Person
    board: str
    window: str
    rank: Rank | None
    total: int
    percentile: float | None
    exact_rank: Rank | None
    ledger_rows: int
    ledger_points: int
    ledger_agrees: bool
    above: Neighbour | None
    below: Neighbour | None
    items: list[HistoryItem]
    next_cursor: str | None


class DeadLetter(msgspec.Struct, rename="camel"):
    """A job that could not be done; `userId` and `action` are `?` for an unreadable one."""

    job_id: str
    user_id: str
    action: str
    reason: str
    attempts: int
    at: Time


class DeadLetters(msgspec.Struct, rename="camel"):
    """A page of dead letters, newest first."""

    items: list[DeadLetter]
    total: int
    next_cursor: str | None


class Redriven(msgspec.Struct, rename="camel"):
    """The job is back at the end of its queue, under its own id: it counts once."""

    job_id: str
    status: Literal["queued"]


class Frozen(msgspec.Struct, rename="camel"):
    """Whether a board's scores stand still, since when and why."""

    board: str
    frozen: bool
    since: Time | None
    reason: str | None


class AuditItem(msgspec.Struct, rename="camel"):
    """One call: by `actor`, about a user or an `object` (a board, a job); `outcome` is `done` or
    the code of the refusal. Names are those of today, null for who is erased."""

    id: int
    at: Time
    actor_id: str | None
    actor: str | None
    verb: str
    user_id: str | None
    username: str | None
    object: str | None
    reason: str
    outcome: str
    details: dict[str, Any]


class AuditLog(msgspec.Struct, rename="camel"):
    """A page of the audit log, newest first."""

    items: list[AuditItem]
    next_cursor: str | None


class Budget(msgspec.Struct, rename="camel"):
    """`count` attempts in any span of so many seconds."""

    count: int
    per_seconds: float


class GlobalBudget(Budget, rename="camel"):
    """And how many are left this moment."""

    left: int


class ActionBudget(msgspec.Struct, rename="camel"):
    """What one user may do of one action."""

    action: str
    limit: Budget | None
    cooldown_seconds: float


class Limits(msgspec.Struct, rename="camel"):
    """The budgets of the manifest."""

    global_: GlobalBudget = msgspec.field(name="global")
    address: Budget
    user: Budget
    actions: list[ActionBudget]


class QueueNow(msgspec.Struct, rename="camel"):
    """Accepted jobs that are not finished, how many there may be, and those set aside."""

    depth: int
    capacity: int
    dead_letters: int


class RejectionCount(msgspec.Struct, rename="camel"):
    """How often a code was answered."""

    code: str
    layer: str
    count: int


class ActionCount(msgspec.Struct, rename="camel"):
    """What became of an action's requests."""

    action: str
    accepted: int
    rejected: int
    replayed: int


class GatewayNow(msgspec.Struct, rename="camel"):
    """What the answering gateway has counted since it started; another one counts for itself."""

    id: str
    started_at: Time
    rejections: list[RejectionCount]
    actions: list[ActionCount]


class Overview(msgspec.Struct, rename="camel"):
    """The running board at a glance."""

    name: str
    version: str
    players: int
    boards: list[Frozen]
    queue: QueueNow
    limits: Limits
    gateway: GatewayNow


DESCRIBED: tuple[Any, ...] = (
    Reason, MaybeReason, Adjust, RolesOf, Person, PersonChanged, People, Adjustment, Neighbour,
    Explanation, DeadLetter, DeadLetters, Redriven, Frozen, AuditItem, AuditLog, Budget,
    GlobalBudget, ActionBudget, Limits, QueueNow, RejectionCount, ActionCount, GatewayNow, Overview,
)  # fmt: skip
