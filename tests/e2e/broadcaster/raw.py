"""A socket's bytes, for what no client would send."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tests.e2e.instance import Instance

TEXT, CLOSE = 1, 8


def frame(opcode: int, data: bytes) -> bytes:
    """A client's, of less than 64 KiB, masked with zeros."""
    long = bytes([0x80 | 126]) + len(data).to_bytes(2, "big")
    size = bytes([0x80 | len(data)]) if len(data) < 126 else long
    return bytes([0x80 | opcode]) + size + bytes(4) + data


@asynccontextmanager
async def connection(
    arcade: Instance,
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """Upgraded, for the time of the block."""
    host, _, port = arcade.ready["websocket"].split("/")[2].partition(":")
    reader, writer = await asyncio.open_connection(host, int(port), limit=1024)
    writer.write(
        f"GET /ws HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n".encode()
    )
    await reader.readuntil(b"\r\n\r\n")
    try:
        yield reader, writer
    finally:
        writer.transport.abort()


async def goodbye(reader: asyncio.StreamReader) -> int:
    """The code of the close frame that comes next."""
    head = await asyncio.wait_for(reader.readexactly(4), 10)
    assert head[0] == 0x80 | CLOSE
    return int.from_bytes(head[2:4], "big")
