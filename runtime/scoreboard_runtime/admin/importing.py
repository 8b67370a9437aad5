"""`scoreboard admin import FILE.csv`: the players of another leaderboard, through the ledger.

Each row is one job of the action `import`, applied as the worker applies jobs: in the ledger once,
however often the file is imported, and in everybody's history.
"""

import argparse
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from scoreboard_runtime.admin.desk import Desk
from scoreboard_runtime.contract.board import DEFAULT_WINDOW
from scoreboard_runtime.contract.changes import Change
from scoreboard_runtime.process.progress import Progress
from scoreboard_runtime.rules import imports
from scoreboard_runtime.rules.imports import MOST_FAULTS, Fault, Row, job_id
from scoreboard_runtime.rules.scoring import Work
from scoreboard_runtime.stores.freezes import BoardFrozen, Freezes
from scoreboard_runtime.stores.imports import ImportedUsers
from scoreboard_runtime.worker.apply import apply

BATCH = 500
_SOURCE = re.compile(r"[A-Za-z0-9._-]{1,64}")


class ImportRefused(Exception):
    """Nothing was imported (or not all was); the text says what to do."""


@dataclass(slots=True)
class Plan:
    """What the import would do, row by row."""

    new: list[Row] = field(default_factory=list)  # with a user of their own, made now
    added: list[tuple[Row, str]] = field(default_factory=list)  # to a user who is there: its id
    known: int = 0  # imported before
    faults: list[Fault] = field(default_factory=list)

    def told(self) -> str:
        return (
            f"{len(self.new)} new players, {len(self.added)} who are there already, "
            f"{self.known} imported before"
        )


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares the command's own options."""
    columns = ", ".join(imports.REQUIRED), ", ".join(imports.OPTIONAL)
    parser.add_argument("file", type=Path, help=f"CSV with {columns[0]}, and maybe {columns[1]}")
    parser.add_argument("--dry-run", action="store_true", help="say what would happen, do nothing")
    parser.add_argument(
        "--source",
        default="import",
        help="names this import: the same name and player count once (default: import)",
    )
    parser.add_argument(
        "--add-to-existing",
        action="store_true",
        help="give the points also to users of these names who are here already",
    )


def _read(path: Path) -> list[Row]:
    """Raises ImportRefused."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows, faults = imports.read(file, time.time_ns() // 1000)
    except OSError as error:
        raise ImportRefused(f"cannot read {path}: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise ImportRefused(f"{path} is not UTF-8 (byte {error.start}); save it as UTF-8") from None
    _refuse(faults)
    return rows


def _refuse(faults: Sequence[Fault]) -> None:
    if not faults:
        return
    shown = "\n".join(map(str, faults[:MOST_FAULTS]))
    more = f"\nand {len(faults) - MOST_FAULTS} more" if len(faults) > MOST_FAULTS else ""
    raise ImportRefused(f"{shown}{more}\nnothing was imported; mend these lines and try again")


async def _plan(users: ImportedUsers, rows: Sequence[Row], source: str, existing: bool) -> Plan:
    plan = Plan()
    for start in range(0, len(rows), BATCH):
        batch = rows[start : start + BATCH]
        there = await users.there(batch)
        done = await users.done([job_id(source, row.key) for row in batch])
        for row in batch:
            _sort_in(plan, row, users, there.get(row.key), done.get(job_id(source, row.key)))
    if plan.added and not existing:
        plan.faults += [
            Fault(row.line, f"{row.username!r} is a user here already; --add-to-existing adds "
                  "the points to theirs, or rename the player")
            for row, _ in plan.added
        ]  # fmt: skip
    return plan


def _sort_in(
    plan: Plan, row: Row, users: ImportedUsers, ident: str | None, points: int | None
) -> None:
    if points is not None and points != row.score:
        said = f"{row.username!r} was imported with {points} points, not {row.score}"
        plan.faults.append(Fault(row.line, f"{said}; correct the score, or name another --source"))
    elif points is not None:
        plan.known += 1
    elif ident is None or users.is_made_here(row.key, ident):
        plan.new.append(row)
    else:
        plan.added.append((row, ident))


@dataclass(slots=True)
class Importer:
    """Writes what the plan says, in batches that each hold or do not."""

    desk: Desk
    users: ImportedUsers
    place: tuple[str, str]
    source: str
    done: int = 0  # players who are in the ledger by this run

    async def run(self, plan: Plan) -> None:
        """Raises ImportRefused, BoardFrozen and StoreUnavailable; what is `done` stays then."""
        total = len(plan.new) + len(plan.added)
        with Progress("players", total) as progress:
            for start in range(0, len(plan.new), BATCH):
                batch = plan.new[start : start + BATCH]
                await self.users.make(batch)
                ids = await self.users.there(batch)
                await self._apply([(row, ids[row.key]) for row in batch])
                progress.to(self.done)
            for start in range(0, len(plan.added), BATCH):
                await self._apply(plan.added[start : start + BATCH])
                progress.to(self.done)

    async def _apply(self, pairs: Sequence[tuple[Row, str]]) -> None:
        work = [
            Work(
                job=job_id(self.source, row.key),
                user=user,
                action=imports.ACTION,
                points=row.score,
                submitted_us=row.reached_us,
            )
            for row, user in pairs
        ]

        async def commit() -> list[Change]:
            return (await apply(self.desk.database, work, self.place, careful=True)).changes

        changes = await self.desk.moderator.publishing([user for _, user in pairs], commit)
        failed = [change for change in changes if change.error]
        self.done += len(changes) - len(failed)
        if failed:
            raise ImportRefused(
                f"{failed[0].username!r} would pass the largest score ({failed[0].error}); what "
                "was imported before this stays: lower the score and import the file again"
            )


async def run_import(desk: Desk, options: argparse.Namespace) -> str:
    """Raises ImportRefused, StoreUnavailable. What was done is in the audit log."""
    if not _SOURCE.fullmatch(options.source):
        raise ImportRefused("--source takes 1 to 64 of letters, digits, . _ and -")
    rows = _read(options.file)
    board = desk.settings.board.board.name
    users = ImportedUsers(desk.database, options.source)
    plan = await _plan(users, rows, options.source, options.add_to_existing)
    _refuse(plan.faults)
    freezes = Freezes(desk.database)
    await freezes.poll()
    if freezes.of(board):
        raise ImportRefused(
            f"the board {board} is frozen: no score changes, so nothing was imported; "
            "first scoreboard admin unfreeze"
        )
    if options.dry_run:
        return f"{plan.told()}; nothing was written (--dry-run)"
    importer = Importer(desk, users, (board, DEFAULT_WINDOW), options.source)
    try:
        await importer.run(plan)
    except BoardFrozen as frozen:
        raise ImportRefused(
            f"{frozen} since this began; {importer.done} players are imported: "
            "import the file again when it is not, the rest follows"
        ) from None
    finally:
        details = {"source": options.source, "players": importer.done}
        await desk.moderator.audit.note(desk.call("import", details=details))
    return f"imported: {plan.told()}"
