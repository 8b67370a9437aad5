"""What a user gets who asks for everything that is kept about them, as types."""

from typing import Any, Literal

import msgspec

from scoreboard_runtime.contract.openapi.admin_shapes import Person
from scoreboard_runtime.contract.openapi.shapes import HistoryItem, Rank, Time


class ExportedUser(Person, rename="camel"):
    """The user, and how they sign in."""

    identity: str | None
    has_password: bool


class ExportedRow(HistoryItem, rename="camel"):
    """One row of the ledger."""

    window: str


class ExportedJob(msgspec.Struct, rename="camel"):
    """One finished job."""

    job_id: str
    action: str
    task_id: str | None
    status: Literal["completed", "failed"]
    error: str | None
    points: int
    score: int
    submitted_at: Time
    finished_at: Time


class ExportedSession(msgspec.Struct, rename="camel"):
    """One living session."""

    id: str
    opened_at: Time


class ExportedCall(msgspec.Struct, rename="camel"):
    """One call of the audit log about the user, or by the user."""

    at: Time
    verb: str
    by: Literal["me", "an admin"]
    reason: str
    outcome: str


class Export(msgspec.Struct, rename="camel"):
    """Everything that is kept about a user."""

    exported_at: Time
    user: ExportedUser
    rank: Rank | None
    ledger: list[ExportedRow]
    jobs: list[ExportedJob]
    pending_jobs: list[str]
    sessions: list[ExportedSession]
    audit: list[ExportedCall]


DESCRIBED: tuple[Any, ...] = (
    ExportedUser, ExportedRow, ExportedJob, ExportedSession, ExportedCall, Export,
)  # fmt: skip
