"""What a worker does beside its jobs: gauges, standings that were lost, the drift check."""

import asyncio
import time
from dataclasses import dataclass

import structlog

from scoreboard_runtime.contract import metrics
from scoreboard_runtime.contract.board import DEFAULT_WINDOW
from scoreboard_runtime.contract.keys import Keys
from scoreboard_runtime.process.progress import Progress
from scoreboard_runtime.process.settings import Settings
from scoreboard_runtime.process.telemetry import Telemetry
from scoreboard_runtime.stores import valkey
from scoreboard_runtime.stores.errors import StoreUnavailable
from scoreboard_runtime.stores.freezes import Freezes
from scoreboard_runtime.stores.jobs import Jobs
from scoreboard_runtime.stores.leases import Leases
from scoreboard_runtime.stores.letters import DeadLetters
from scoreboard_runtime.stores.postgres import Database
from scoreboard_runtime.stores.queue import Queue
from scoreboard_runtime.stores.ranks import Ranks
from scoreboard_runtime.stores.unpublished import Unpublished

log = structlog.get_logger()
INTERVAL = 0.5
DRIFT_EVERY = 60.0
DRIFT_SAMPLE = 100_000


def new_epoch() -> str:
    """Names the standings that a rebuild makes; later ones sort later."""
    return f"{time.time_ns() // 1000:x}"


@dataclass(slots=True)
class Upkeep:
    """Loops of one worker; what only one may do at a time is guarded by a duty lease."""

    telemetry: Telemetry
    queue: Queue
    jobs: Jobs
    letters: DeadLetters
    leases: Leases
    ranks: Ranks
    unpublished: asyncio.Event
    marks: Unpublished
    freezes: Freezes
    board: str
    checked: float = 0.0

    async def gauges(self) -> None:
        """Depth, age of the oldest job, dead letters and players, for ever.

        What a freeze holds back waits for a person: it pages nobody and asks for no more workers.
        """
        while True:
            try:
                held = self.freezes.of(self.board) is not None
                self.telemetry.gauge(metrics.FROZEN, to=int(held))
                oldest = None if held else await self.jobs.oldest_us()
                age = 0.0 if oldest is None else max(0.0, time.time() - oldest / 1e6)
                self.telemetry.gauge(metrics.QUEUE_OLDEST, to=age)
                depth = 0 if held else await self.queue.depth()
                self.telemetry.gauge(metrics.QUEUE_DEPTH, to=depth)
                self.telemetry.gauge(metrics.DEAD_LETTERS, to=await self.letters.count())
                if (players := await self.ranks.players()) is not None:
                    self.telemetry.gauge(metrics.PLAYERS, to=players)
            except StoreUnavailable as error:
                log.debug("gauges_not_read", why=str(error))
            await asyncio.sleep(1.0)

    async def rebuild(self, why: str) -> bool:
        """Rebuilds the standings unless another worker is at it."""
        if not await self.leases.duty("rebuild", 120):
            return False
        started = time.monotonic()
        ranked = await self.ranks.rebuild(new_epoch())
        self.telemetry.count(metrics.REBUILDS)
        log.info("standings_rebuilt", why=why, players=ranked, seconds=time.monotonic() - started)
        await self.leases.done("rebuild")  # they may be lost again, and this worker with them
        return True

    async def standings(self) -> None:
        """Builds standings that are lost or behind, and checks them once a minute, for ever."""
        while True:
            try:
                if not await self.ranks.present():
                    await self.rebuild("lost")
                elif self.unpublished.is_set():
                    self.unpublished.clear()
                    if not await self.rebuild("behind"):
                        self.unpublished.set()
                elif time.monotonic() - self.checked > DRIFT_EVERY:
                    await self.check()
                await self.publish_overdue()
            except StoreUnavailable as error:
                log.debug("standings_not_checked", why=str(error))
            await asyncio.sleep(INTERVAL)

    async def publish_overdue(self) -> None:
        """Publishes what a person changed and could not publish, or died before."""
        for mark, user in await self.marks.overdue():
            log.warning("published_late", user=user)
            await self.ranks.refresh(user, time.time_ns() // 1000)
            await self.marks.done(mark)

    async def check(self) -> None:
        """One drift check; what drifted is built anew."""
        self.checked = time.monotonic()
        if not await self.leases.duty("drift", int(DRIFT_EVERY)):
            # Another worker's duty, and its word: an old finding of this one must not outlive it.
            self.telemetry.gauge(metrics.RANK_DRIFT, to=0)
            return
        drift = await self.ranks.drift(DRIFT_SAMPLE)
        self.telemetry.gauge(metrics.RANK_DRIFT, to=drift)
        if drift:
            log.error("rank_drift", players=drift)
            await self.rebuild("drifted")


async def rebuild_now(settings: Settings) -> int:
    """`scoreboard rebuild`: the players ranked. Raises StoreUnavailable."""
    board, keys = settings.board, Keys(settings.board.name)
    database = Database(settings.database_url, size=2, application="rebuild")
    client = valkey.connect(settings.cache_url, timeout=60.0)
    try:
        ranks = Ranks(client, database, keys, board.board, DEFAULT_WINDOW)
        found = await database.fetchrow("standings_total")
        assert found is not None
        with Progress("players ranked anew", found["total"]) as progress:
            return await ranks.rebuild(new_epoch(), progress.to)
    finally:
        await client.aclose()
        await database.close()
