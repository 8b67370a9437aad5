"""Bodies that are described here and nowhere else: what the routes take and answer, as types.

What another contract module already has (a snapshot, an action) is described from there.
"""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from scoreboard_runtime.contract.board import MAX_SCORE

Id = Annotated[str, Meta(min_length=1, examples=["019ab3f0-5c1e-7000-8003-5d1f0a9c3e77"])]
Time = Annotated[
    str, Meta(extra_json_schema={"format": "date-time"}, examples=["2026-11-23T19:00:00.123Z"])
]
Score = Annotated[int, Meta(ge=0, le=MAX_SCORE)]
Rank = Annotated[int, Meta(ge=1)]


class Credentials(msgspec.Struct, forbid_unknown_fields=True, rename="camel"):
    """A user name (letters, marks and digits of any script, `.`, `_`, `-`, single inner spaces;
    unique by NFKC and casefold) and a password (not among the commonest)."""

    username: Annotated[str, Meta(min_length=3, max_length=32, examples=["ada"])]
    password: Annotated[
        str,
        Meta(min_length=8, max_length=128, examples=["a long and private sentence"]),
        Meta(extra_json_schema={"format": "password"}),
    ]


class LoginAttempt(msgspec.Struct, forbid_unknown_fields=True):
    """Any two texts: a wrong one answers INVALID_CREDENTIALS, never which of the two it was."""

    username: Annotated[str, Meta(examples=["ada"])]
    password: Annotated[str, Meta(extra_json_schema={"format": "password"})]


class RefreshRequest(msgspec.Struct, forbid_unknown_fields=True, rename="camel"):
    """Spends the refresh token; using it again ends the whole session."""

    refresh_token: str


class ProviderToken(msgspec.Struct, forbid_unknown_fields=True, rename="camel"):
    """An ID token of the board's identity provider."""

    id_token: str


class UserName(msgspec.Struct, rename="camel"):
    """Who a session belongs to."""

    id: Id
    username: str
    roles: list[str]


class User(UserName, rename="camel"):
    """A user as the user sees it."""

    created_at: Time


class SessionKey(msgspec.Struct, rename="camel"):
    """What signs this session's actions: `signingKey` is base64url without padding."""

    id: str
    signing_key: str


class Login(msgspec.Struct, rename="camel"):
    """A session. `token` goes into `Authorization: Bearer`, `session.signingKey` signs actions."""

    token: str
    token_type: Literal["Bearer"]
    expires_at: Time
    refresh_token: str
    session: SessionKey
    user: UserName


class Task(msgspec.Struct, rename="camel"):
    """A single-use task, bound to the user that asked for it."""

    task_id: Id
    action: str
    issued_at: Time
    not_before: Time
    expires_at: Time


class Accepted(msgspec.Struct, rename="camel"):
    """An admitted action: it survives everything from now on, and counts once."""

    job_id: Id
    status: Literal["queued"]


class FieldError(msgspec.Struct, rename="camel"):
    """One wrong place: a JSON pointer into the body, or /query/<name>."""

    pointer: str
    detail: str


class Result(msgspec.Struct, rename="camel"):
    """What a completed job did. Ranks are null where they are not known (any more)."""

    points: Score
    score: Score
    rank: Rank | None
    previous_rank: Rank | None


class JobError(msgspec.Struct, rename="camel"):
    """Why a job failed."""

    code: str
    detail: str


class JobStatus(msgspec.Struct, rename="camel"):
    """An action on its way to the score."""

    job_id: Id
    action: str
    status: Literal["queued", "processing", "completed", "failed"]
    submitted_at: Time
    finished_at: Time | msgspec.UnsetType = msgspec.UNSET
    result: Result | msgspec.UnsetType = msgspec.UNSET
    error: JobError | msgspec.UnsetType = msgspec.UNSET


class HistoryItem(msgspec.Struct, rename="camel"):
    """One row of the ledger; without a job it was made by a person, whose reason is there."""

    job_id: Id | None
    action: str
    board: str
    points: int
    score_before: Score
    score_after: Score
    reason: str | None
    at: Time


class History(msgspec.Struct, rename="camel"):
    """A page of the ledger, newest first; `nextCursor` is null on the last one."""

    items: list[HistoryItem]
    next_cursor: str | None


class Alive(msgspec.Struct):
    """Whether the process can make progress."""

    status: Literal["ok", "unavailable"]


class Check(msgspec.Struct, rename="camel"):
    """One dependency as it was last seen; `error` is there while it does not answer."""

    status: Literal["ok", "unavailable"]
    latency_ms: float
    error: str | msgspec.UnsetType = msgspec.UNSET


class Readiness(msgspec.Struct):
    """The database, then Redis, then external dependencies."""

    status: Literal["ok", "partial", "unavailable"]
    draining: bool
    checks: dict[str, Check]


class PageAction(msgspec.Struct, rename="camel"):
    """One action of the catalogue, as a client may offer it."""

    name: str
    kind: Literal["fixed", "measured"]
    points: int
    cooldown_ms: int
    once: bool
    issued: bool
    field: str | None
    max: int | None
    roles: list[str]


class PageConfig(msgspec.Struct, rename="camel"):
    """What the live board asks first; `websocketUrl` may be relative to this page, `layers` says
    which layer answers a code."""

    name: str
    websocket_url: str
    board: str
    size: int
    public: bool
    actions: list[PageAction]
    registration_open: bool
    layers: dict[str, str]


def batch_answer() -> dict[str, Any]:
    """Results of a batch: each entry is what it would have been alone, or its problem."""
    problem = {
        "allOf": [
            {"$ref": "#/components/schemas/Problem"},
            {"properties": {"retryAfter": {"type": "integer", "minimum": 1}}},
        ]
    }
    accepted = {"$ref": "#/components/schemas/Accepted"}
    results = {"type": "array", "minItems": 1, "maxItems": 100}
    return {
        "title": "BatchAnswer",
        "description": "One result for each entry, in the order of the request.",
        "type": "object",
        "required": ["results"],
        "properties": {"results": {**results, "items": {"oneOf": [accepted, problem]}}},
    }


DESCRIBED: tuple[Any, ...] = (
    Credentials, LoginAttempt, RefreshRequest, ProviderToken, UserName, User, SessionKey, Login,
    Task, Accepted, FieldError, Result, JobError, JobStatus, HistoryItem, History, Alive, Check,
    Readiness, PageAction, PageConfig,
)  # fmt: skip
