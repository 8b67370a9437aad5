"""`scoreboard local`: one manifest, real stores, all three roles, on this machine."""

import argparse
import asyncio
import os
import signal
import sys
import tempfile
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import orjson

from scoreboard_runtime.contract import crd, endpoints
from scoreboard_runtime.contract.board import Scoreboard
from scoreboard_runtime.local import banner, given, roles
from scoreboard_runtime.local.binaries import MissingBinary
from scoreboard_runtime.local.place import LocalError, Place
from scoreboard_runtime.local.player import Player
from scoreboard_runtime.local.service import Program, Service, ServiceFailed
from scoreboard_runtime.local.stores import EmbeddedPostgres, EmbeddedValkey
from scoreboard_runtime.process.settings import SettingsError, load_board
from scoreboard_runtime.stores.migrations import MigrationError, migrate

DEFAULT_PORT = 8080
READY_WITHIN = 30.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("manifest", type=Path, help="a Scoreboard, e.g. examples/arcade.yaml")
    parser.add_argument("--demo", action="store_true", help="with players who play by themselves")
    parser.add_argument(
        "--port", type=int, default=DEFAULT_PORT, help="of the page and the API; 0 takes free ports"
    )
    parser.add_argument("--data-dir", type=Path, help="default: .scoreboard/<name>")
    parser.add_argument(
        "--ephemeral", action="store_true", help="keep nothing (not with --data-dir)"
    )
    parser.add_argument(
        "--database-url", help="a PostgreSQL 14 or later instead of the embedded one"
    )
    parser.add_argument(
        "--redis-url", help="a Redis 7.0 / Valkey 7.2 or later instead of the embedded ones"
    )
    parser.add_argument(
        "--cache-url", help="with --redis-url: another server for what can be rebuilt"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON line when ready")


@dataclass(slots=True)
class Local:
    """One run."""

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
        done = await migrate(url)
        self.say(f"database ready{': migrated ' + ', '.join(done) if done else ''}")
        return url

    async def _valkey(self, name: str, *, durable: bool) -> str:
        server = EmbeddedValkey(
            self.place.folder / name,
            self.place.sockets,
            durable=durable,
            inherited=[self.place.lock],
        )
        self.stack.push_async_callback(server.stop)
        await server.start()
        return server.url

    async def _stores(self) -> tuple[str, str, str]:
        """URLs of the database, the queue and the cache, once all are ready."""
        if self.options.redis_url:
            cache = self.options.cache_url or self.options.redis_url
            for url in {self.options.redis_url, cache}:
                await given.check_redis(url)
            return await self._database(), self.options.redis_url, cache
        database, queue, cache = await asyncio.gather(
            self._database(),
            self._valkey("queue", durable=True),
            self._valkey("cache", durable=False),
        )
        return database, queue, cache

    async def start(self) -> dict[str, object]:
        """Starts everything; the ready event. Raises LocalError and its kind."""
        self.listening = roles.bind(self.options.port)
        self.place.rotate_keys(self.board)
        self.place.write_manifest(
            self.document, [self.url, self.url.replace("127.0.0.1", "localhost")]
        )
        self.say(f"starting {self.board.name} in {self.place.folder}")
        told = roles.environment(self.place, *await self._stores(), self.websocket)
        self.place.write_environment(told)
        for role in endpoints.ROLES:
            service = roles.service(role, self.place, self.listening[role], told)
            self.services[role] = service
            self.stack.push_async_callback(service.stop, 5.0)
            await service.start()
        async with aiohttp.ClientSession() as http:
            await asyncio.gather(*(self._until_ready(http, role) for role in endpoints.ROLES))
        self.say("gateway, worker and broadcaster ready")
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

    async def _until_ready(self, http: aiohttp.ClientSession, role: str) -> None:
        url = f"http://{roles.HOST}:{self.listening[role].port}{endpoints.READY_PROBE}"
        deadline = time.monotonic() + READY_WITHIN
        service = self.services[role]
        while True:
            try:
                async with http.get(url, timeout=aiohttp.ClientTimeout(total=2)) as answer:
                    if answer.status == 200:
                        return
            except (aiohttp.ClientError, TimeoutError):
                pass
            if time.monotonic() > deadline or service.starts > 3:
                raise ServiceFailed(f"{role} does not get ready; its log says:\n{service.tail()}")
            await asyncio.sleep(0.03)

    async def start_demo(self) -> None:
        """Players in a process of their own."""
        service = Service(
            Program(
                name="demo",
                command=[
                    sys.executable,
                    "-m",
                    "scoreboard_runtime.local.demo",
                    self.url,
                    str(self.place.manifest),
                ],
                log=self.place.logs / "demo.log",
                environment=roles.inherited_environment(),
                inherited=(self.place.lock,),
            )
        )
        self.stack.push_async_callback(service.stop, 3.0)
        await service.start()

    async def guest_request(self) -> str | None:
        """A signed request for a guest; None where nobody may register."""
        fixed = [a for a in self.board.actions.values() if not a.issued and a.points.field is None]
        measured = [a for a in self.board.actions.values() if not a.issued and a.points.field]
        if not self.board.registration_open or not fixed + measured:
            return None
        action = (fixed + measured)[0]
        data = {"data": {action.points.field: 7}} if action.points.field else {}
        async with aiohttp.ClientSession() as http:
            player = Player(http, self.url)
            await player.register()
            if (await player.login()).status != 200:
                return None
            body = orjson.dumps({"action": action.name, **data}).decode()
            key = player.session["session"]["signingKey"]
            return banner.signed_request(self.url, player.session["token"], key, body)


def _prepare(options: argparse.Namespace) -> tuple[dict[str, Any], Scoreboard, Place]:
    if options.ephemeral and options.data_dir is not None:
        raise LocalError("--ephemeral keeps nothing: leave --data-dir out")
    if options.cache_url and not options.redis_url:
        raise LocalError("--cache-url goes with --redis-url")
    if not 0 <= options.port <= 65_000:
        raise LocalError("--port must be from 0 to 65000")
    board = load_board(options.manifest)
    document = crd.document(options.manifest.read_text(encoding="utf-8"))
    if options.ephemeral:
        folder = Path(tempfile.mkdtemp(prefix="scoreboard-"))
    else:
        folder = options.data_dir or Path(".scoreboard") / board.name
    return document, board, Place(folder, ephemeral=options.ephemeral)


async def _until_signal() -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, stop.set)
    await stop.wait()


async def _run(options: argparse.Namespace) -> None:
    document, board, place = _prepare(options)
    stopped = asyncio.ensure_future(_until_signal())
    try:
        place.take()
        async with AsyncExitStack() as stack:
            local = Local(options, document, board, place, stack)
            starting = asyncio.ensure_future(_bring_up(local))
            await asyncio.wait((starting, stopped), return_when=asyncio.FIRST_COMPLETED)
            if starting.done():
                starting.result()
                await stopped
            starting.cancel()
            await asyncio.gather(starting, return_exceptions=True)
            local.say("\nstopping")
        local.say("stopped; nothing is left running")
    finally:
        place.leave()


async def _bring_up(local: Local) -> None:
    ready = await local.start()
    request = await local.guest_request() if not local.options.json else None
    if local.options.json:
        print(orjson.dumps(ready).decode(), flush=True)
    local.say(banner.lines(ready, request))
    if local.options.demo:
        await local.start_demo()


def run(options: argparse.Namespace) -> int:
    """Runs until Ctrl-C or SIGTERM. Exit status 2 when it could not start."""
    try:
        asyncio.run(_run(options))
    except (LocalError, SettingsError, ServiceFailed, MissingBinary, MigrationError) as error:
        print(f"scoreboard local: {error}", file=sys.stderr)
        return 2
    return 0
