"""What people change by hand: each in one transaction with its row of the audit log.

A user's row is locked as the worker locks it, so a change by hand stands in one order with the
jobs. What is to be published afterwards comes back with the answer.
"""

import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import asyncpg
import msgspec

from scoreboard_runtime.contract.changes import COMPLETED, Change
from scoreboard_runtime.contract.snapshots import rfc3339
from scoreboard_runtime.rules import moderation as rules
from scoreboard_runtime.rules.moderation import ByHand, Refused
from scoreboard_runtime.rules.scoring import Player
from scoreboard_runtime.stores.audit import Audit, Call, record
from scoreboard_runtime.stores.postgres import Connection, Database
from scoreboard_runtime.stores.sql import QUERIES

Place = tuple[str, str]  # board and window


@dataclass(slots=True)
class Done:
    """The answer, what is to be published of it, and whether it was given before."""

    answer: dict[str, Any]
    change: Change | None = None
    replayed: bool = False
    facts: dict[str, Any] = field(default_factory=dict)  # for the audit log


Work = Callable[[Connection], Awaitable[Done]]


def now_us() -> int:
    return time.time_ns() // 1000


def person_document(row: asyncpg.Record) -> dict[str, Any]:
    """A user as an admin sees them."""
    return {
        "id": row["id"],
        "username": row["username"],
        "roles": sorted(row["roles"]),
        "createdAt": rfc3339(int(row["created_at"].timestamp() * 1_000_000)),
        "disabled": row["disabled_at"] is not None,
        "disqualified": row["disqualified_at"] is not None,
        "score": row["current_score"],
        "reachedAt": rfc3339(row["reached_us"]) if row["score_version"] else None,
    }


def _player(row: asyncpg.Record) -> Player:
    out = row["disqualified_at"] is not None
    return Player(
        row["username"], row["current_score"], row["score_version"], row["reached_us"], out
    )


def _change(user: str, player: Player, row: ByHand) -> Change:
    return Change(
        job="",
        user=user,
        username=player.username,
        action=row.verb,
        status=COMPLETED,
        points=row.points,
        score=player.score,
        version=player.version,
        reached_us=player.reached_us,
        submitted_us=row.at_us,
        committed_us=row.at_us,
        out=player.out,
    )


async def _locked(connection: Connection, user: str) -> asyncpg.Record:
    row = await connection.fetchrow(QUERIES["lock_player"], user)
    if row is None:
        raise Refused("NOT_FOUND", rules.NOBODY)
    return row


async def _person(connection: Connection, user: str) -> dict[str, Any]:
    row = await connection.fetchrow(QUERIES["person"], user)
    assert row is not None
    return person_document(row)


class Moderation:
    """Every method raises Refused, which is in the audit log then, and StoreUnavailable."""

    def __init__(self, database: Database, place: Place) -> None:
        self._database = database
        self._place = place
        self._audit = Audit(database)

    async def audited(self, call: Call, work: Work) -> Done:
        """Does the work and writes it down, both or neither; what is refused is written too."""
        try:
            async with self._database.connection() as connection, connection.transaction():
                before = await self._before(connection, call)
                if before is not None:
                    return before
                done = await work(connection)
                call.details.update(done.facts)
                await record(connection, call, answer=done.answer)
                return done
        except Refused as refused:
            await self._audit.note(call, refused.code)
            raise

    async def _before(self, connection: Connection, call: Call) -> Done | None:
        """The first answer to the same key. Raises Refused for who is no admin any more."""
        if call.actor.user_id is not None:
            row = await connection.fetchrow(QUERIES["may_administer"], call.actor.user_id)
            if row is None or not row["may"]:
                raise Refused("FORBIDDEN")
        if call.key is None:
            return None
        await connection.execute(QUERIES["lock_request_key"], f"{call.actor.name}|{call.key}")
        row = await connection.fetchrow(QUERIES["audit_answer"], call.actor.name, call.key)
        if row is None:
            return None
        if row["digest"] != call.digest or row["answer"] is None:
            raise Refused("IDEMPOTENCY_MISMATCH")
        return Done(msgspec.json.decode(row["answer"]), replayed=True)

    # --- scores ------------------------------------------------------------------
    async def _write(
        self, connection: Connection, user: str, row: ByHand, player: Player, reason: str
    ) -> None:
        await connection.execute(
            QUERIES["record_by_hand"],
            *(user, *self._place, row.version, row.verb, row.points, row.before, row.after),
            *(reason, row.at_us),
        )

    async def adjust(self, call: Call, user: str, points: int) -> Done:
        """Adds points to a score, or takes them away."""

        async def work(connection: Connection) -> Done:
            player = _player(await _locked(connection, user))
            row = rules.adjust(player, points, now_us())
            await connection.execute(
                QUERIES["set_score"], user, player.score, player.version, player.reached_us
            )
            await self._write(connection, user, row, player, call.reason)
            answer = {
                "userId": user,
                "board": self._place[0],
                "points": points,
                "scoreBefore": row.before,
                "scoreAfter": row.after,
                "reason": call.reason,
                "at": rfc3339(row.at_us),
            }
            facts = {"points": points, "scoreBefore": row.before, "scoreAfter": row.after}
            return Done(answer, _change(user, player, row), facts=facts)

        return await self.audited(call, work)

    async def move(self, call: Call, user: str, *, out: bool) -> Done:
        """Disqualifies, or restores to the very same place."""

        async def work(connection: Connection) -> Done:
            player = _player(await _locked(connection, user))
            row = rules.move(player, out=out, now_us=now_us())
            await connection.execute(QUERIES["set_disqualified"], user, out, player.version)
            if row is not None:
                await self._write(connection, user, row, player, call.reason)
            change = _change(user, player, row) if row is not None else None
            return Done(await _person(connection, user), change)

        return await self.audited(call, work)

    # --- people ------------------------------------------------------------------
    async def _with_admins(
        self, connection: Connection, user: str
    ) -> tuple[asyncpg.Record, set[str]]:
        """The person's locked row, and the ids of all who may administer now."""
        rows = await connection.fetch(QUERIES["lock_person"], user)
        person = next((row for row in rows if row["id"] == user), None)
        if person is None:
            raise Refused("NOT_FOUND", rules.NOBODY)
        able = {r["id"] for r in rows if rules.ADMIN in r["roles"] and r["disabled_at"] is None}
        return person, able

    async def set_roles(self, call: Call, user: str, roles: Sequence[str]) -> Done:
        """Replaces the roles."""

        async def work(connection: Connection) -> Done:
            person, admins = await self._with_admins(connection, user)
            rules.keep_an_admin(user, admins, stays=rules.ADMIN in roles)
            await connection.execute(QUERIES["set_roles"], user, list(roles))
            facts = {"before": sorted(person["roles"]), "after": sorted(roles)}
            return Done(await _person(connection, user), facts=facts)

        return await self.audited(call, work)

    async def set_disabled(self, call: Call, user: str, *, disabled: bool) -> Done:
        """Refuses logins from now on, or allows them again."""

        async def work(connection: Connection) -> Done:
            _, admins = await self._with_admins(connection, user)
            rules.keep_an_admin(user, admins, stays=not disabled)
            await connection.execute(QUERIES["set_disabled"], user, disabled)
            return Done(await _person(connection, user))

        return await self.audited(call, work)

    # --- boards ------------------------------------------------------------------
    async def freeze(self, call: Call, board: str, *, frozen: bool) -> Done:
        """From the moment this returns no job changes a score of the board, or they do again."""

        async def work(connection: Connection) -> Done:
            if not frozen:
                await connection.execute(QUERIES["unfreeze_board"], board)
                return Done({"board": board, "frozen": False, "since": None, "reason": None})
            await connection.execute(QUERIES["freeze_board"], board, now_us(), call.reason)
            rows = await connection.fetch(QUERIES["frozen_boards"])
            row = next(found for found in rows if found["board"] == board)
            since, why = rfc3339(row["since_us"]), row["reason"]
            return Done({"board": board, "frozen": True, "since": since, "reason": why})

        done = await self.audited(call, work)
        if frozen:
            # Whoever looked before the commit is through when we have this lock.
            async with self._database.connection() as connection, connection.transaction():
                await connection.execute(QUERIES["await_batches"])
        return done
