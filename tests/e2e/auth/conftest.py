"""Real Postgres and Valkey for a run; a fresh database and instance for each test."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from tests.e2e.auth.site import ONE_KEY, Place, Site, a_database, a_site
from tests.e2e.broadcaster.servers import Postgres, Valkey

from scoreboard_runtime.admin.keys import write
from scoreboard_runtime.contract import endpoints
from scoreboard_runtime.stores.migrations import migrate

TEMPLATE = "migrated"
MakeSite = Callable[..., Awaitable[Site]]


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    server = Postgres()

    async def prepare() -> None:
        await a_database(server.url(), TEMPLATE, "template1")
        await migrate(server.url(TEMPLATE))

    asyncio.run(prepare())
    yield server
    server.stop()


@pytest.fixture(scope="session")
def valkey_server() -> Iterator[Valkey]:
    server = Valkey()
    yield server
    server.kill()


@pytest.fixture
async def place(postgres: Postgres, valkey_server: Valkey, tmp_path: Path) -> Place:
    """An instance of its own for each test, as local mode would lay it out."""
    name = f"t{uuid.uuid4().hex[:12]}"
    await a_database(postgres.url(), name, TEMPLATE)
    environment = {
        endpoints.ENV_CONFIG: str(tmp_path / "manifest.yaml"),
        endpoints.ENV_KEYS_FILE: str(tmp_path / "keys.json"),
        endpoints.ENV_DATABASE_URL: postgres.url(name),
        endpoints.ENV_REDIS_URL: valkey_server.url,
        endpoints.ENV_HOST: "127.0.0.1",
    }
    place = Place(folder=tmp_path, environment=environment)
    place.write_environment()
    place.manifest(name)
    write(place.keys_file, ONE_KEY)
    return place


@pytest.fixture
async def make_site(place: Place) -> AsyncIterator[MakeSite]:
    """Starts a gateway: `await make_site()`; with a changed spec `await make_site(auth={...})`."""
    async with AsyncExitStack() as stack:

        async def make(**spec: Any) -> Site:
            if spec:
                place.manifest(place.settings().board.name, **spec)
            return await stack.enter_async_context(a_site(place))

        yield make


@pytest.fixture
async def site(make_site: MakeSite) -> Site:
    return await make_site()
