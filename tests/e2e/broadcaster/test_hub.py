"""broadcaster/hub.py over real connections, by a clock that the test moves."""

import asyncio
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from scoreboard_runtime.broadcaster.client import Client, SocketClient, StreamClient, now_us
from scoreboard_runtime.broadcaster.hub import Hub
from scoreboard_runtime.broadcaster.websocket import Socket
from scoreboard_runtime.contract.frames import ACTIVITY, SCOREBOARD, decode
from scoreboard_runtime.process.telemetry import Telemetry
from scoreboard_runtime.rules.connection import PATIENCE_US, Connection

WATCH = '{"type":"subscribe","channel":"scoreboard"}'
LEAVE = '{"type":"unsubscribe","channel":"scoreboard"}'


@asynccontextmanager
async def a_client(
    hub: Hub, *, stream: bool = False
) -> AsyncIterator[tuple[Client, asyncio.StreamReader]]:
    """A client of the hub, and its other end."""
    ours, theirs = socket.socketpair()
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_connection(asyncio.Protocol, sock=ours)
    reader, writer = await asyncio.open_connection(sock=theirs)
    connection = Connection({"main": True}, "main")
    connection.opened(now_us())
    client: Client = SocketClient(Socket(), transport, connection)
    if stream:
        client = StreamClient(transport, connection)
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
        hub.latest = (b"a version of the board", b"")
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


async def test_a_stream_gets_the_same_news_as_a_socket_and_ends_after_its_goodbye():
    hub = Hub(Telemetry("broadcaster", "test"))
    async with a_client(hub, stream=True) as (client, reader):
        hub.join(client, SCOREBOARD)
        hub.join(client, ACTIVITY)
        await hub.broadcast(b'{"type":"scoreboard_updated","sequence":7}', "e:7")
        hub.murmur(b'{"type":"activity"}')
        client.write(client.heartbeat)
        hub.close(client, 1012, "restarting")
        hub.murmur(b'{"type":"activity"}')

        assert await asyncio.wait_for(reader.read(), 5) == (
            b"event: scoreboard_updated\nid: e:7\n"
            b'data: {"type":"scoreboard_updated","sequence":7}\n\n'
            b'event: activity\ndata: {"type":"activity"}\n\n'
            b":\n\n"
            b'event: closed\ndata: {"type":"closed","code":1012,"reason":"restarting"}\n\n'
        )


async def test_a_stream_that_is_not_read_is_ended_and_cut():
    hub, now = Hub(Telemetry("broadcaster", "test")), now_us()
    async with a_client(hub, stream=True) as (client, _):
        hub.join(client, SCOREBOARD)
        while not client.outbox.behind:
            await hub.broadcast(b'{"type":"scoreboard_updated"' + b" " * 100_000 + b"}", "e:1")
        hub.murmur(b'{"type":"activity"}')
        hub._catch_up(now + 60_000_000)

        assert client.closing
        client._cut()
        await asyncio.sleep(0)
        assert client.transport.is_closing()
