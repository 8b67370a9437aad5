"""A user of the client."""

import contextlib
from collections.abc import AsyncIterator
from typing import Any

from tests.e2e.instance import Instance

from scoreboard_client import Scoreboard

PASSWORD = "a long and private sentence"


@contextlib.asynccontextmanager
async def signed_in(arcade: Instance, name: str, **more: Any) -> AsyncIterator[Scoreboard]:
    async with Scoreboard(arcade.url, **more) as board:
        await board.login(name, PASSWORD, register=True)
        yield board
