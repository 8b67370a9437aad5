"""broadcaster/hub.py over real connections, by a clock that the test moves."""

import asyncio
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from scoreboard_runtime.broadcaster.client import Client, now_us
from scoreboard_runtime.broadcaster.hub import Hub
from scoreboard_runtime.broadcaster.websocket import Socket
from scoreboard_runtime.contract.frames import SCOREBOARD, decode
from scoreboard_runtime.process.telemetry import Telemetry
from scoreboard_runtime.rules.connection import PATIENCE_US, Connection

WATCH = '{"type":"subscribe","channel":"scoreboard"}'
LEAVE = '{"type":"unsubscribe","channel":"scoreboard"}'


@asynccontextmanager
async def a_client(hub: Hub) -> AsyncIterator[tuple[Client, asyncio.StreamReader]]:
    """A client of the hub, and its other end."""
    ours, theirs = socket.socketpair()
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_connection(asyncio.Protocol, sock=ours)
    reader, writer = await asyncio.open_connection(sock=theirs)
    connection = Connection({"main": True}, "main")
    connection.opened(now_us())
    client = Client(Socket(), transport, connection)
    hub.enter(client)
    try:
        yield client, reader
    finally:
        hub.leave(client)
        transport.abort()
        writer.close()


async def close_code(reader: asyncio.StreamReader) -> int:
    async with asyncio.timeout(5):
        head = await reader.readexactly(4)
    assert head[0] == 0x88
    code: int = struct.unpack("!H", head[2:])[0]
    return code


async def test_who_watches_no_more_has_ten_seconds_again_and_then_is_closed():
    hub, now = Hub(Telemetry("broadcaster", "test")), now_us()
    async with a_client(hub) as (client, reader):
        client.connection.received(decode(WATCH), now)
        hub.join(client, SCOREBOARD)
        later = now + 10 * PATIENCE_US
        hub._expire(later)
        assert not client.closing, "who watches may be silent"

        client.connection.received(decode(LEAVE), later)
        hub.quit(client, SCOREBOARD)
        hub._expire(later + PATIENCE_US - 1)
        assert not client.closing
        hub._expire(later + PATIENCE_US + 1)

        assert await close_code(reader) == 4408


async def test_what_was_skipped_is_not_sent_to_who_watches_no_more():
    hub = Hub(Telemetry("broadcaster", "test"))
    async with a_client(hub) as (client, reader):
        hub.join(client, SCOREBOARD)
        client.outbox.skip_board(now_us())
        hub.latest = b"a version of the board"
        hub.quit(client, SCOREBOARD)
        client.catch_up(hub.latest)
        hub.close(client, 1012, "")

        assert await close_code(reader) == 1012, "the close is the first that arrives"


async def test_a_drain_spreads_the_closes_and_lets_nobody_in():
    hub = Hub(Telemetry("broadcaster", "test"))
    async with a_client(hub) as (client, reader):
        draining = asyncio.ensure_future(hub.drain(0.1))

        assert await close_code(reader) == 1012
        assert hub.leaving
        hub.leave(client)
        await asyncio.wait_for(draining, 5)
