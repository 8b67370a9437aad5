"""The worker's composition: what is built, what runs, how it leaves."""

import asyncio
import time
from contextlib import AsyncExitStack

from aiohttp import web

from scoreboard_runtime.contract.board import DEFAULT_WINDOW
from scoreboard_runtime.contract.keys import Keys
from scoreboard_runtime.process import lifecycle, tracing
from scoreboard_runtime.process.health import Dependency, Health
from scoreboard_runtime.process.settings import Settings
from scoreboard_runtime.process.telemetry import Telemetry
from scoreboard_runtime.stores import usage, valkey
from scoreboard_runtime.stores.errors import CACHE, DATABASE, QUEUE
from scoreboard_runtime.stores.freezes import Freezes
from scoreboard_runtime.stores.jobs import Jobs
from scoreboard_runtime.stores.leases import Leases
from scoreboard_runtime.stores.letters import DeadLetters
from scoreboard_runtime.stores.pipeline import Pipeline
from scoreboard_runtime.stores.postgres import Database
from scoreboard_runtime.stores.queue import Queue
from scoreboard_runtime.stores.ranks import Ranks
from scoreboard_runtime.stores.unpublished import Unpublished
from scoreboard_runtime.worker import measuring
from scoreboard_runtime.worker.lane import Lane
from scoreboard_runtime.worker.ownership import Ownership
from scoreboard_runtime.worker.upkeep import Upkeep

LANES = 2
STUCK = 60.0  # seconds without a round after which a lane makes no progress


class Worker:
    """The parts of one worker process."""

    def __init__(self, settings: Settings) -> None:
        board = settings.board
        keys = Keys(board.name)
        self.telemetry = Telemetry(settings.role, board.version)
        self.tracer = tracing.start(settings, self.telemetry)
        self.database = Database(settings.database_url, size=LANES + 2, application="worker")
        self.database.measured(self.telemetry)
        self.queue_client = valkey.connect(settings.redis_url)
        self.cache_client = valkey.connect(settings.cache_url)
        self.readers = [Pipeline(settings.redis_url, QUEUE) for _ in range(LANES)]
        self.leases = Leases(self.queue_client, keys, settings.worker_id)
        self.ownership = Ownership(self.leases, settings.worker_id)
        self.freezes = Freezes(self.database)
        unpublished = asyncio.Event()

        def ranks() -> Ranks:
            return Ranks(self.cache_client, self.database, keys, board.board, DEFAULT_WINDOW)

        def jobs(reader: Pipeline) -> Jobs:
            return Jobs(reader, self.queue_client, keys, settings.worker_id)

        self.lanes = [
            Lane(
                index=index,
                lanes=LANES,
                place=(board.board.name, DEFAULT_WINDOW),
                jobs=jobs(reader),
                database=self.database,
                ranks=ranks(),
                ownership=self.ownership,
                telemetry=self.telemetry,
                tracer=self.tracer,
                unpublished=unpublished,
            )
            for index, reader in enumerate(self.readers)
        ]
        self.upkeep = Upkeep(
            telemetry=self.telemetry,
            queue=Queue(self.readers[0], self.queue_client, board, settings.queue_capacity),
            jobs=jobs(self.readers[0]),
            letters=DeadLetters(self.queue_client, keys),
            leases=self.leases,
            ranks=ranks(),
            unpublished=unpublished,
            marks=Unpublished(self.queue_client, keys),
            freezes=self.freezes,
            board=board.board.name,
        )
        self.health = Health(self.telemetry, self.dependencies(), alive=self.alive)

    def dependencies(self) -> list[Dependency]:
        return [
            Dependency(DATABASE, self.database.ping),
            Dependency(QUEUE, self.queue_client.ping),
            Dependency(CACHE, self.cache_client.ping, required=False),
        ]

    def stores(self) -> dict[str, measuring.Ask]:
        return {
            DATABASE: lambda: usage.of_postgres(self.database),
            QUEUE: lambda: usage.of_valkey(self.queue_client, QUEUE),
            CACHE: lambda: usage.of_valkey(self.cache_client, CACHE),
        }

    def alive(self) -> bool:
        return all(time.monotonic() - lane.beat < STUCK for lane in self.lanes)

    async def drain(self) -> None:
        """Finishes the batches under way and hands the shards to whoever is left."""
        self.ownership.closing = True
        self.ownership.leaving |= self.ownership.mine
        while self.ownership.mine:
            await asyncio.sleep(0.02)
        await self.leases.leave()

    async def close(self) -> None:
        await self.database.close()
        await self.queue_client.aclose()
        await self.cache_client.aclose()
        if self.tracer is not None:
            await self.tracer.close()


def run(settings: Settings) -> None:
    """Runs the worker until SIGTERM."""
    built: list[Worker] = []

    async def start(settings: Settings, stack: AsyncExitStack) -> tuple[web.Application, Health]:
        worker = Worker(settings)
        built.append(worker)
        stack.push_async_callback(worker.close)
        await stack.enter_async_context(
            lifecycle.running(
                *(reader.run() for reader in worker.readers),
                worker.ownership.watch(),
                worker.upkeep.gauges(),
                worker.upkeep.standings(),
                measuring.watch(worker.telemetry, worker.stores()),
                worker.freezes.watch(),
                *(lane.run() for lane in worker.lanes),
            )
        )
        app = web.Application()
        app.add_routes(worker.health.routes())
        return app, worker.health

    async def drain() -> None:
        await built[0].drain()

    lifecycle.run(settings, start, drain)
