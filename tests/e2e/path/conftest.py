"""One instance for every test of this folder that changes nothing for the others."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from tests.e2e.instance import Instance, a_manifest, running

from scoreboard_runtime.local.player import Player


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The instance's client lives in the session's loop, so its tests run there."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def arcade(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Instance]:
    async with running(tmp_path_factory.mktemp("arcade"), a_manifest()) as instance:
        yield instance


@pytest_asyncio.fixture(loop_scope="session")
async def ann(arcade: Instance) -> Player:
    """A user of its own for each test."""
    return await arcade.player()
