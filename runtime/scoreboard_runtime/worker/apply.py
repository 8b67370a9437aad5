"""One transaction for a batch of jobs (flow 6): lock, calculate, validate, write, commit.

Exactly once in effect: the job id is the primary key of `actions`. A first try trusts that the jobs
are new; if one of them is not, the insert fails, nothing is written, and the batch is settled again
with what the ledger knows of it. Nothing happens outside before the commit.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import asyncpg

from scoreboard_runtime.contract.changes import COMPLETED, FAILED, Change
from scoreboard_runtime.rules.scoring import Effect, Player, Work, settle
from scoreboard_runtime.stores.freezes import BoardFrozen
from scoreboard_runtime.stores.postgres import Connection, Database
from scoreboard_runtime.stores.ranks import NOBODY
from scoreboard_runtime.stores.sql import QUERIES


@dataclass(frozen=True, slots=True)
class Applied:
    """What a batch did, a change for each job in order; `repeated` counts known jobs."""

    changes: list[Change]
    repeated: int
    seconds: float


def _now_us() -> int:
    return time.time_ns() // 1000


async def _locked(
    connection: Connection, batch: Sequence[Work], place: tuple[str, str]
) -> dict[str, Player]:
    users = list({work.user for work in batch})
    rows = await connection.fetch(QUERIES["lock_users"], users, place[0])
    if any(row["frozen"] for row in rows):
        raise BoardFrozen(place[0])
    return {
        row["id"]: Player(
            row["username"],
            row["current_score"],
            row["score_version"],
            row["reached_us"],
            row["out"],
        )
        for row in rows
    }


async def _known(connection: Connection, batch: Sequence[Work]) -> dict[str, asyncpg.Record]:
    rows = await connection.fetch(QUERIES["known_jobs"], [work.job for work in batch])
    return {row["job_id"]: row for row in rows}


async def _done(connection: Connection, batch: Sequence[Work]) -> set[tuple[str, str]]:
    once = [work for work in batch if work.once]
    rows = await connection.fetch(
        QUERIES["done_before"],
        [work.task for work in batch if work.task],
        [work.user for work in once],
        [work.action for work in once],
    )
    return {("task", row["task_id"]) for row in rows if row["task_id"]} | {
        (row["user_id"], row["action"]) for row in rows
    }


async def _record(
    connection: Connection,
    effects: Sequence[Effect],
    players: Mapping[str, Player],
    place: tuple[str, str],
    now_us: int,
) -> None:
    """Arrays by column: twelve of the effects, four of the players that they moved."""
    jobs = zip(
        *(
            (
                effect.work.job,
                # Whoever erased themselves is not remembered by what was still to come.
                effect.work.user if effect.work.user in players else NOBODY,
                effect.work.action,
                effect.work.task,
                effect.work.once,
                effect.error,
                effect.points,
                effect.before,
                effect.after,
                effect.version,
                effect.reached_us,
                effect.work.submitted_us,
            )
            for effect in effects
        ),
        strict=True,
    )
    moved = list({effect.work.user for effect in effects if effect.version})
    await connection.execute(
        QUERIES["record_jobs"],
        *jobs,
        *place,
        now_us,
        moved,
        [players[user].score for user in moved],
        [players[user].version for user in moved],
        [players[user].reached_us for user in moved],
    )


def _change(effect: Effect, players: Mapping[str, Player], now_us: int) -> Change:
    player = players.get(effect.work.user)
    return Change(
        job=effect.work.job,
        user=effect.work.user,
        username=player.username if player else "",
        action=effect.work.action,
        status=FAILED if effect.error else COMPLETED,
        points=effect.points,
        score=effect.after,
        version=effect.version,
        reached_us=effect.reached_us,
        submitted_us=effect.work.submitted_us,
        committed_us=now_us,
        error=effect.error,
        request=effect.work.request,
        trace=effect.work.trace,
        out=player is not None and player.out,
    )


def _known_change(work: Work, row: Any, players: Mapping[str, Player]) -> Change:
    player = players.get(work.user)
    return Change(
        job=work.job,
        user=work.user,
        username=player.username if player else "",
        action=work.action,
        status=row["status"],
        points=row["points"],
        score=row["score"],
        version=row["version"] if player else 0,  # who is gone is ranked nowhere
        reached_us=row["reached_us"],
        submitted_us=work.submitted_us,
        committed_us=row["finished_us"],
        error=row["error"],
        request=work.request,
        trace=work.trace,
        out=player is not None and player.out,
    )


async def _transaction(
    connection: Connection, batch: Sequence[Work], place: tuple[str, str], *, careful: bool
) -> tuple[list[Change], int]:
    players = await _locked(connection, batch, place)
    known = await _known(connection, batch) if careful else {}
    done = await _done(connection, batch) if careful else set()
    new = list({work.job: work for work in batch if work.job not in known}.values())
    effects = settle(new, players, done)
    now_us = _now_us()
    if effects:
        await _record(connection, effects, players, place, now_us)
    by_job = {effect.work.job: _change(effect, players, now_us) for effect in effects}
    changes = [
        by_job.get(work.job) or _known_change(work, known[work.job], players) for work in batch
    ]
    return changes, len(known)


async def apply(
    database: Database, batch: Sequence[Work], place: tuple[str, str], *, careful: bool
) -> Applied:
    """Commits the batch. `careful` looks for jobs that were committed before.

    Raises StoreUnavailable when it may be tried again, BoardFrozen while the board is frozen,
    asyncpg's errors when it may not.
    """
    started = time.monotonic()
    async with database.connection() as connection:
        try:
            async with connection.transaction():
                changes, repeated = await _transaction(connection, batch, place, careful=careful)
        except asyncpg.UniqueViolationError:
            if careful:
                raise
            async with connection.transaction():
                changes, repeated = await _transaction(connection, batch, place, careful=True)
    return Applied(changes, repeated, time.monotonic() - started)
