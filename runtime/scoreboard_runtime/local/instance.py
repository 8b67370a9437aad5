"""One run of local mode: stores, migrations, roles, players; in this order up, backwards down."""

import argparse
import asyncio
import os
import sys
import time
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from scoreboard_runtime.contract import endpoints
from scoreboard_runtime.contract.board import Scoreboard
from scoreboard_runtime.local import given, roles
from scoreboard_runtime.local.place import Place
from scoreboard_runtime.local.service import Program, Service, ServiceFailed
from scoreboard_runtime.local.stores import EmbeddedPostgres, EmbeddedValkey
from scoreboard_runtime.stores.migrations import migrate

READY_WITHIN = 30.0
MOST_STARTS = 3  # of a role that is not ready yet


async def together(*parts: Coroutine[Any, Any, str]) -> list[str]:
    """All at once; when one fails, the others have ended before its error is seen."""
    tasks = [asyncio.ensure_future(part) for part in parts]
    try:
        return await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@dataclass(slots=True)
class Local:
    """What runs, and how it is stopped: `stack`."""

    options: argparse.Namespace
    document: dict[str, Any]
    board: Scoreboard
    place: Place
    stack: AsyncExitStack
    listening: dict[str, roles.Listening] = field(default_factory=dict)
    services: dict[str, Service] = field(default_factory=dict)

    def say(self, text: str) -> None:
        if not self.options.json:
            print(text, flush=True)

    @property
    def url(self) -> str:
        return f"http://{roles.HOST}:{self.listening[endpoints.GATEWAY].port}"

    @property
    def websocket(self) -> str:
        port = self.listening[endpoints.BROADCASTER].port
        return f"ws://{roles.HOST}:{port}{endpoints.WEBSOCKET_PATH}"

    @property
    def ready(self) -> dict[str, Any]:
        """The event of --json."""
        return {
            "event": "ready",
            "url": self.url,
            "websocket": self.websocket,
            "docs": f"{self.url}/docs",
            "metrics": {
                role: f"http://{roles.HOST}:{sockets.metrics_port}{endpoints.METRICS}"
                for role, sockets in self.listening.items()
            },
            "dataDir": str(self.place.folder),
            "pid": os.getpid(),
        }

    async def _database(self) -> str:
        if self.options.database_url:
            await given.check_database(self.options.database_url)
            url: str = self.options.database_url
        else:
            folder = self.place.folder / "postgres"
            postgres = EmbeddedPostgres(folder, self.place.sockets, [self.place.lock])
            self.stack.push_async_callback(postgres.stop)
            await postgres.start()
            url = postgres.url
        done = await migrate(url, contract=True)  # nothing older runs beside it
        self.say(f"database ready{': migrated ' + ', '.join(done) if done else ''}")
        return url

    async def _valkey(self, name: str, url: str | None, *, durable: bool) -> str:
        if url:
            await given.check_redis(url)
            return url
        folder, sockets = self.place.folder / name, self.place.sockets
        server = EmbeddedValkey(folder, sockets, durable=durable, inherited=[self.place.lock])
        self.stack.push_async_callback(server.stop)
        await server.start()
        self.say(f"{name} ready")
        return server.url

    async def start(self) -> None:
        """Until all is ready. Raises LocalError and its kind."""
        self.listening = roles.bind(self.options.port)
        self.place.rotate_keys(self.board)
        origins = [self.url, self.url.replace("127.0.0.1", "localhost")]
        self.place.write_manifest(self.document, origins)
        self.say(f"starting {self.board.name} in {self.place.folder}")
        redis = self.options.redis_url
        database, queue, cache = await together(
            self._database(),
            self._valkey("queue", redis, durable=True),
            self._valkey("cache", self.options.cache_url or redis, durable=False),
        )
        told = roles.environment(self.place, database, queue, cache, self.websocket)
        metrics = str(self.listening[endpoints.GATEWAY].metrics_port)
        self.place.write_environment({**told, endpoints.ENV_METRICS_PORT: metrics})
        self.stack.push_async_callback(self._stop_roles)
        for role in endpoints.ROLES:
            service = roles.service(role, self.place, self.listening[role], told)
            self.services[role] = service
            await service.start()
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=2)) as http:
            await together(*(self._until_ready(http, role) for role in endpoints.ROLES))

    async def _stop_roles(self) -> None:
        await asyncio.gather(*(service.stop(5.0) for service in self.services.values()))

    async def _until_ready(self, http: aiohttp.ClientSession, role: str) -> str:
        url = f"http://{roles.HOST}:{self.listening[role].port}{endpoints.READY_PROBE}"
        deadline = time.monotonic() + READY_WITHIN
        service = self.services[role]
        while True:
            try:
                async with http.get(url) as answer:
                    if answer.status == 200:
                        self.say(f"{role} ready")
                        return role
            except (aiohttp.ClientError, TimeoutError):
                pass
            if time.monotonic() > deadline or service.starts > MOST_STARTS:
                raise ServiceFailed(f"{role} does not get ready; its log says:\n{service.tail()}")
            await asyncio.sleep(0.03)

    async def start_demo(self) -> None:
        """Players in a process of their own."""
        demo = [sys.executable, "-m", "scoreboard_runtime.local.demo"]
        service = Service(
            Program(
                name="demo",
                command=[*demo, self.url, str(self.place.manifest)],
                log=self.place.logs / "demo.log",
                environment=roles.inherited_environment(),
                inherited=(self.place.lock,),
            )
        )
        self.stack.push_async_callback(service.stop, 3.0)
        await service.start()
