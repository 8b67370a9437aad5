"""One traced instance and its collector for every test of this folder."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from tests.e2e.traces.traced import Traced, playing


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The instance's client lives in the session's loop, so its tests run there."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def traced(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Traced]:
    async with playing(tmp_path_factory.mktemp("traced")) as found:
        yield found
