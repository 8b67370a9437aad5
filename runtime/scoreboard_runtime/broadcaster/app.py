"""The broadcaster's composition: what is built, what runs, how it leaves."""

from contextlib import AsyncExitStack, suppress

from aiohttp import web

from scoreboard_runtime.broadcaster.feed import Feed
from scoreboard_runtime.broadcaster.hub import Hub
from scoreboard_runtime.broadcaster.stream import Streams
from scoreboard_runtime.broadcaster.visit import Visits
from scoreboard_runtime.contract import endpoints
from scoreboard_runtime.contract.keys import Keys
from scoreboard_runtime.process import lifecycle, tracing
from scoreboard_runtime.process.health import Dependency, Health
from scoreboard_runtime.process.keys import KeyFile
from scoreboard_runtime.process.settings import Settings
from scoreboard_runtime.process.telemetry import Telemetry
from scoreboard_runtime.rules.conflation import Conflation
from scoreboard_runtime.rules.tokens import TokenCache
from scoreboard_runtime.stores import valkey
from scoreboard_runtime.stores.errors import CACHE, DATABASE, QUEUE, StoreUnavailable
from scoreboard_runtime.stores.pipeline import Pipeline
from scoreboard_runtime.stores.postgres import Database
from scoreboard_runtime.stores.queue import Queue
from scoreboard_runtime.stores.sessions import Revocations, Sessions
from scoreboard_runtime.stores.standings import Standings

POOL = 4
START_WITHIN = 2.0  # seconds that the queue's server may take before callers are let in


class Broadcaster:
    """The parts of one broadcaster process."""

    def __init__(self, settings: Settings) -> None:
        board, keys = settings.board, Keys(settings.board.name)
        self.settings = settings
        self.telemetry = Telemetry(settings.role, board.version)
        self.tracer = tracing.start(settings, self.telemetry)
        self.database = Database(settings.database_url, size=POOL, application="broadcaster")
        self.database.measured(self.telemetry)
        self.queue_client = valkey.connect(settings.redis_url)
        self.cache_client = valkey.connect(settings.cache_url)
        self.listener = valkey.connect(settings.cache_url, timeout=None)
        self.pipeline = Pipeline(settings.redis_url, QUEUE)
        self.key_file = KeyFile(settings.keys_file)
        self.hub = Hub(self.telemetry)
        self.revocations = Revocations(self.queue_client, keys, board.token_ttl_us)
        self.revocations.on_revoked(self.hub.session_over)
        standings = Standings(self.cache_client, self.database, keys)
        queue = Queue(self.pipeline, self.queue_client, board, settings.queue_capacity)
        self.feed = Feed(
            hub=self.hub,
            board=board.board,
            standings=standings,
            client=self.listener,
            channel=keys.changes_channel(),
            conflation=Conflation(board.max_rate),
            tracer=self.tracer,
        )
        self.visits = Visits(
            settings=settings,
            hub=self.hub,
            feed=self.feed,
            queue=queue,
            standings=standings,
            tokens=TokenCache(board.name, lambda: self.key_file.keyring),
            sessions=Sessions(self.queue_client, keys, board.refresh_ttl_us),
            revocations=self.revocations,
        )
        self.health = Health(
            self.telemetry,
            [
                Dependency(DATABASE, self.database.ping),
                Dependency(QUEUE, queue.ping),
                Dependency(CACHE, self.cache_client.ping, required=False),
            ],
        )

    async def close(self) -> None:
        await self.database.close()
        for client in (self.queue_client, self.cache_client, self.listener):
            await client.aclose()
        if self.tracer is not None:
            await self.tracer.close()

    async def drain(self) -> None:
        await self.hub.drain(self.settings.drain_seconds / 2)

    def application(self) -> web.Application:
        app = web.Application()
        app.add_routes([web.get(endpoints.WEBSOCKET_PATH, self.visits.serve)])
        app.add_routes(Streams(self.visits).routes())
        app.add_routes(self.health.routes())
        return app


def run(settings: Settings) -> None:
    """Runs the broadcaster until SIGTERM."""
    built: list[Broadcaster] = []

    async def start(settings: Settings, stack: AsyncExitStack) -> tuple[web.Application, Health]:
        found = Broadcaster(settings)
        built.append(found)
        stack.push_async_callback(found.close)
        with suppress(StoreUnavailable):
            await found.revocations.poll()
        await stack.enter_async_context(
            lifecycle.running(
                found.pipeline.run(),
                found.key_file.watch(),
                found.revocations.watch(),
                found.feed.listen(),
                found.feed.show(),
                found.feed.murmur(),
                found.hub.tick(),
            )
        )
        await found.pipeline.connected(START_WITHIN)
        return found.application(), found.health

    async def drain() -> None:
        await built[0].drain()

    lifecycle.run(settings, start, drain)
