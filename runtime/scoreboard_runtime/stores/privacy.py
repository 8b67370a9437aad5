"""What somebody may ask about themselves: all that is kept, and to be forgotten."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import asyncpg

from scoreboard_runtime.rules import moderation as rules
from scoreboard_runtime.stores.audit import Actor, Call, record
from scoreboard_runtime.stores.moderation import now_us
from scoreboard_runtime.stores.postgres import Database
from scoreboard_runtime.stores.sql import QUERIES

Rows = Sequence[asyncpg.Record]


@dataclass(frozen=True, slots=True)
class Kept:
    """All that Postgres has of one user, as of one moment."""

    user: asyncpg.Record
    ledger: Rows
    jobs: Rows
    audit: Rows


async def kept(database: Database, user: str) -> Kept | None:
    """None when there is no such user. Raises StoreUnavailable."""
    async with (
        database.connection() as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        row = await connection.fetchrow(QUERIES["export_user"], user)
        if row is None:
            return None
        ledger, jobs, audit = [
            await connection.fetch(QUERIES[name], user)
            for name in ("export_ledger", "export_jobs", "export_audit")
        ]
        return Kept(row, ledger, jobs, audit)


async def erase(database: Database, user: str, call: Call | None = None) -> bool:
    """Forgets the user; their rows of the ledger go on under a pseudonym that nothing leads to.

    `call` is who asked for it; without one it was the user. False when there is no such user.
    Raises Refused for the last admin, and StoreUnavailable.
    """
    pseudonym = str(uuid.uuid4())
    async with database.connection() as connection, connection.transaction():
        rows = await connection.fetch(QUERIES["lock_person"], user)
        person: Any = next((row for row in rows if row["id"] == user), None)
        if person is None:
            return False
        able = {r["id"] for r in rows if rules.ADMIN in r["roles"] and r["disabled_at"] is None}
        rules.keep_an_admin(user, able, stays=False)
        await connection.execute(QUERIES["erase_scored"], user, pseudonym)
        await connection.execute(QUERIES["erase_unscored"], user, pseudonym)
        for query in ("erase_ledger", "erase_audited"):
            await connection.execute(QUERIES[query], user, pseudonym, person["username"])
        await connection.execute(QUERIES["erase_auditor"], user, pseudonym)
        await connection.execute(QUERIES["erase_user"], user)
        at_us = now_us()
        await connection.execute(
            QUERIES["record_erasure"], pseudonym, person["score_version"], at_us
        )
        by = call or Call(actor=Actor(user_id=pseudonym), verb="erase")
        reason = by.reason.replace(person["username"], pseudonym)  # as in the rows before
        await record(connection, replace(by, user=pseudonym, reason=reason))
    return True
