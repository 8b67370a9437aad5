"""A client that does not read."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tests.e2e.broadcaster.raw import TEXT, connection, frame
from tests.e2e.instance import Instance

from scoreboard_runtime.local.player import Player


@asynccontextmanager
async def deaf(arcade: Instance, player: Player) -> AsyncIterator[None]:
    """A connection that subscribes to both channels and never reads again."""
    async with connection(arcade) as (_, writer):
        for message in (
            {"type": "authenticate", "token": player.session["token"]},
            {"type": "subscribe", "channel": "user"},
            {"type": "subscribe", "channel": "scoreboard"},
        ):
            writer.write(frame(TEXT, json.dumps(message).encode()))
        writer.transport.pause_reading()  # type: ignore[attr-defined]
        yield
