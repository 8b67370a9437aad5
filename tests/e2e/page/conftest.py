"""One browser and one instance for the folder; every test has a tab of its own."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from tests.e2e.instance import Instance, a_manifest, running
from tests.e2e.lacking import lacks
from tests.e2e.page.browser import Tab, a_browser, a_tab, chromium

from scoreboard_runtime.local.player import Player


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Browser and instance live in the session's loop, so the tests run there."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[str]:
    if chromium() is None:
        lacks("there is no chromium on this machine")
    async with a_browser() as address:
        yield address


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def board(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Instance]:
    async with running(tmp_path_factory.mktemp("board"), a_manifest()) as instance:
        yield instance


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def admin(board: Instance) -> Player:
    """grace, whose password is ADMIN_PASSWORD."""
    return await board.admin()


@pytest_asyncio.fixture(loop_scope="session")
async def tab(browser: str) -> AsyncIterator[Tab]:
    async with a_tab(browser) as tab:
        yield tab
