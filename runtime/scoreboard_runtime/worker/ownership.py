"""Which shards this worker works on: renewed every second, handed over between batches."""

import asyncio
from dataclasses import dataclass, field

import structlog

from scoreboard_runtime.contract.keys import SHARDS
from scoreboard_runtime.rules.shards import assigned
from scoreboard_runtime.stores.errors import StoreUnavailable
from scoreboard_runtime.stores.leases import Leases

log = structlog.get_logger()
INTERVAL = 1.0


@dataclass(slots=True)
class Ownership:
    """`mine` is what the lanes may read. A shard leaves it only through the lane that reads it."""

    leases: Leases
    worker: str
    mine: set[int] = field(default_factory=set)
    recover: set[int] = field(default_factory=set)  # owned, and not yet rid of older deliveries
    leaving: set[int] = field(default_factory=set)
    closing: bool = False

    async def renew(self) -> None:
        """One round: heartbeat, renew, take, mark for leaving. Raises StoreUnavailable."""
        live = await self.leases.heartbeat()
        wanted = set() if self.closing else assigned(self.worker, live, SHARDS)
        for shard in range(SHARDS):
            if shard in wanted or shard in self.mine:
                self._settle(shard, held=await self.leases.take(shard), wanted=shard in wanted)

    def _settle(self, shard: int, *, held: bool, wanted: bool) -> None:
        if not held:
            if shard in self.mine:
                log.warning("lease_lost", shard=shard)
            self.mine.discard(shard)
            self.recover.discard(shard)
        elif wanted and shard not in self.mine:
            self.mine.add(shard)
            self.recover.add(shard)
        elif not wanted:
            self.leaving.add(shard)

    async def hand_over(self, shards: set[int]) -> None:
        """Called by a lane between batches: gives back what it is to leave."""
        for shard in shards & self.leaving:
            self.mine.discard(shard)
            self.leaving.discard(shard)
            self.recover.discard(shard)
            await self.leases.release(shard)

    async def watch(self) -> None:
        """Renews for ever; an outage of the queue's server is waited out."""
        while True:
            try:
                await self.renew()
            except StoreUnavailable as error:
                log.warning("leases_not_renewed", why=str(error))
            await asyncio.sleep(INTERVAL)
