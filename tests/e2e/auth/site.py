"""Gateways of one instance over real stores, in this process."""

import json
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import asyncpg
from tests.e2e.described import Described
from tests.e2e.instance import a_manifest, until

from scoreboard_runtime.admin.commands import ENVIRONMENT_FILE
from scoreboard_runtime.contract import crd, endpoints
from scoreboard_runtime.contract.keyring import Key, Keyring
from scoreboard_runtime.gateway import app
from scoreboard_runtime.gateway.parts import GATEWAY, Gateway
from scoreboard_runtime.local.player import Player, Reply
from scoreboard_runtime.process import settings
from scoreboard_runtime.process.serving import listening
from scoreboard_runtime.process.settings import Settings

SECOND = 1_000_000
DAY = 86_400 * SECOND
PASSWORD = "a good long password"


def now_us() -> int:
    return time.time_ns() // 1000


def a_key(kid: str, *, days_old: float = 1) -> Key:
    made = now_us() - int(days_old * DAY)
    return Key(kid, kid.encode() * 16, made // 1000 * 1000)  # the file has milliseconds


@dataclass(slots=True, kw_only=True)
class Site:
    """One gateway as a client reaches it, and its parts."""

    gateway: Gateway
    url: str
    http: aiohttp.ClientSession

    def player(self, name: str, password: str = PASSWORD) -> Player:
        return Player(self.http, self.url, name, password)

    async def signed_in(self, name: str, password: str = PASSWORD) -> Player:
        """A new user with a session."""
        player = self.player(name, password)
        assert (await player.register()).status == 201
        assert (await player.login()).status == 200
        return player

    def elsewhere(self, player: Player, url: str) -> Player:
        """The same user and session, at another gateway."""
        other = Player(self.http, url, player.username, player.password)
        other.session = player.session
        return other

    async def post(self, path: str, value: Any) -> Reply:
        """Without a session; `value` may be bytes."""
        body = value if isinstance(value, bytes) else json.dumps(value).encode()
        return await self.player("nobody").request("POST", path, body)


@dataclass(slots=True, kw_only=True)
class Place:
    """What the gateways and the admin commands of one instance share."""

    folder: Path
    environment: dict[str, str]

    @property
    def keys_file(self) -> Path:
        return Path(self.environment[endpoints.ENV_KEYS_FILE])

    def write_environment(self) -> None:
        """As local mode leaves it for the admin commands."""
        (self.folder / ENVIRONMENT_FILE).write_text(json.dumps(self.environment))

    def settings(self) -> Settings:
        return settings.load("gateway", self.environment)

    def manifest(self, name: str, **spec: Any) -> None:
        path = self.folder / "manifest.yaml"
        path.write_text(json.dumps(a_manifest(name, **spec)))
        crd.load(path.read_text())


@asynccontextmanager
async def a_site(place: Place) -> AsyncIterator[Site]:
    async with AsyncExitStack() as stack:
        application, _ = await app.start(place.settings(), stack)
        runner = await stack.enter_async_context(listening(application, None, "127.0.0.1", 0))
        url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        described = Described(place.settings().board, url)
        http = await stack.enter_async_context(
            aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0), trace_configs=[described.trace()]
            )
        )
        site = Site(gateway=application[GATEWAY], url=url, http=http)

        async def connected() -> bool:
            return (await site.post("/api/auth/login", {})).status == 400

        await until(connected, "the gateway is connected to its stores")
        yield site
        assert not described.faults, "\n".join(described.faults[:5])


async def a_database(server: str, name: str, template: str) -> None:
    connection = await asyncpg.connect(server)
    try:
        await connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
    finally:
        await connection.close()


ONE_KEY = Keyring((a_key("k1"),))
