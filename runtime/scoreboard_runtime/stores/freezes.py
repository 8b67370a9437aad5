"""Which boards are frozen: Postgres knows; every gateway and worker looks twice a second."""

import asyncio
from dataclasses import dataclass

import structlog

from scoreboard_runtime.stores.errors import StoreUnavailable
from scoreboard_runtime.stores.postgres import Database

log = structlog.get_logger()
POLL = 0.5


class BoardFrozen(Exception):
    """The board's scores do not change now; the work keeps until they do."""

    def __init__(self, board: str) -> None:
        super().__init__(f"the board {board} is frozen")


@dataclass(frozen=True, slots=True)
class Freeze:
    """Since when, and why."""

    board: str
    since_us: int
    reason: str


class Freezes:
    """What was last seen. While Postgres is away, that; the worker decides by the row itself."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._known: dict[str, Freeze] = {}

    def of(self, board: str) -> Freeze | None:
        return self._known.get(board)

    async def poll(self) -> None:
        """Looks now. Raises StoreUnavailable."""
        rows = await self._database.fetch("frozen_boards")
        self._known = {
            row["board"]: Freeze(row["board"], row["since_us"], row["reason"]) for row in rows
        }

    async def watch(self) -> None:
        """Looks for ever."""
        while True:
            try:
                await self.poll()
            except StoreUnavailable as error:
                log.debug("freezes_not_read", why=str(error))
            await asyncio.sleep(POLL)
