"""The audit log: who did what to whom, why, and what came of it."""

import time
from dataclasses import dataclass, field
from typing import Any

import msgspec

from scoreboard_runtime.stores.postgres import Connection, Database
from scoreboard_runtime.stores.sql import QUERIES

DONE = "done"
LAST_ID = 2**62


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """An admin by their user id, or somebody at the terminal by the name they have there."""

    user_id: str | None = None
    terminal: str | None = None

    @property
    def name(self) -> str:
        """One of a kind, for the keys of requests."""
        return self.user_id or self.terminal or ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call as it is audited. With a `key` it is done once: `digest` tells what was asked."""

    actor: Actor
    verb: str
    user: str | None = None
    object: str | None = None
    reason: str = ""
    key: str | None = None
    digest: str = ""
    details: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """One row as it is read; names are those of today."""

    id: int
    at_us: int
    actor_id: str | None
    actor_name: str | None
    terminal: str | None
    verb: str
    user_id: str | None
    user_name: str | None
    object: str | None
    reason: str
    outcome: str
    details: dict[str, Any]


def _text(value: Any) -> str:
    return msgspec.json.encode(value).decode()


async def record(
    connection: Connection, call: Call, outcome: str = DONE, answer: Any = None
) -> None:
    """Writes the call down, in the transaction of what it changed."""
    await connection.execute(
        QUERIES["record_audit"],
        time.time_ns() // 1000,
        call.actor.user_id,
        call.actor.terminal,
        call.verb,
        call.user,
        call.object,
        call.reason,
        outcome,
        _text(call.details),
        call.key if outcome == DONE else None,
        call.digest if call.key else None,
        None if answer is None else _text(answer),
    )


class Audit:
    """Reads the log, and writes what changed nothing. Every method raises StoreUnavailable."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def note(self, call: Call, outcome: str = DONE) -> None:
        """A call that read, or was refused."""
        async with self._database.connection() as connection:
            await record(connection, call, outcome)

    async def page(self, before: int, count: int, user: str | None = None) -> list[AuditEntry]:
        """The newest first, with ids below `before`; about one user or about all."""
        rows = await self._database.fetch("audit_page", before, user, count)
        return [
            AuditEntry(**{**row, "details": msgspec.json.decode(row["details"])}) for row in rows
        ]
