"""Real Postgres and Valkey for this folder: a fresh database and instance name for each test."""

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest
from tests.e2e.broadcaster.servers import Postgres, Valkey
from tests.e2e.stores.desk import Desk, a_desk


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    server = Postgres()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def valkey_server() -> Iterator[Valkey]:
    server = Valkey()
    yield server
    server.kill()


@pytest.fixture
async def desk(postgres: Postgres, valkey_server: Valkey) -> AsyncIterator[Desk]:
    async with a_desk(postgres, valkey_server) as found:
        yield found
    await asyncio.sleep(0)
