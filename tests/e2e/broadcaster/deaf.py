"""A client that does not read."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tests.e2e.instance import Instance

from scoreboard_runtime.local.player import Player


@asynccontextmanager
async def deaf(arcade: Instance, player: Player) -> AsyncIterator[None]:
    """A connection that subscribes to both channels and never reads again."""
    host, _, port = arcade.ready["websocket"].split("/")[2].partition(":")
    reader, writer = await asyncio.open_connection(host, int(port), limit=1024)
    writer.write(
        f"GET /ws HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n".encode()
    )
    await reader.readuntil(b"\r\n\r\n")
    for message in (
        {"type": "authenticate", "token": player.session["token"]},
        {"type": "subscribe", "channel": "user"},
        {"type": "subscribe", "channel": "scoreboard"},
    ):
        data = json.dumps(message).encode()
        long = bytes([0x80 | 126]) + len(data).to_bytes(2, "big")
        size = bytes([0x80 | len(data)]) if len(data) < 126 else long
        writer.write(b"\x81" + size + bytes(4) + data)  # masked with zeros
    writer.transport.pause_reading()  # type: ignore[attr-defined]
    try:
        yield
    finally:
        writer.transport.abort()
