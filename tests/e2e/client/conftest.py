"""One instance for the client's tests; its tokens live for a minute."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from tests.e2e.instance import Instance, a_manifest, running


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def arcade(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Instance]:
    folder = tmp_path_factory.mktemp("client")
    async with running(folder, a_manifest(auth={"tokenTTL": "60s"})) as instance:
        yield instance
