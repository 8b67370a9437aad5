"""Bytes that are no message of a WebSocket: their sender is told, and nobody else feels it."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from tests.e2e.broadcaster.raw import CLOSE, TEXT, connection, frame, goodbye
from tests.e2e.instance import Instance, a_manifest, running

pytestmark = pytest.mark.asyncio(loop_scope="session")
HUGE, PIECE = 3_000_000, 100_000
UNKNOWN = 3  # an opcode that RFC 6455 keeps for later
BROKEN = {
    "an unknown opcode": frame(UNKNOWN, b"x"),
    "a reserved bit": bytes([0x80 | 0x70 | TEXT]) + frame(TEXT, b"{}")[1:],
    "text that is not UTF-8": frame(TEXT, b"\xff\xfe"),
    "a close of one byte": frame(CLOSE, b"x"),
}


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def arcade(tmp_path_factory) -> AsyncIterator[Instance]:
    async with running(tmp_path_factory.mktemp("broken"), a_manifest()) as instance:
        yield instance


async def serves(arcade: Instance) -> None:
    socket = await asyncio.wait_for(arcade.socket(), 10)
    await socket.send_json({"type": "ping"})
    assert (await asyncio.wait_for(socket.receive_json(), 10))["type"] == "pong"
    await socket.close()


@pytest.mark.parametrize("bytes_", BROKEN.values(), ids=BROKEN)
async def test_broken_bytes_close_4400(arcade: Instance, bytes_: bytes):
    async with connection(arcade) as (reader, writer):
        writer.write(bytes_)

        assert await goodbye(reader) == 4400
        await serves(arcade)


async def test_who_breaks_after_the_goodbye_is_cut_and_holds_up_nobody(arcade: Instance):
    """It did: aiohttp tells of a broken stream again and again, without ever waiting."""
    async with connection(arcade) as (reader, writer):
        writer.write(frame(TEXT, b"nonsense"))
        assert await goodbye(reader) == 4400
        writer.write(frame(UNKNOWN, b"x"))

        await serves(arcade)
        with contextlib.suppress(ConnectionResetError):
            await asyncio.wait_for(reader.read(), 10)


async def test_a_huge_message_may_end_before_its_connection_does(arcade: Instance):
    """Else what still comes of it is answered with a reset, which may take the goodbye with it."""
    async with connection(arcade) as (reader, writer):
        writer.write(bytes([0x80 | TEXT, 0x80 | 127]) + HUGE.to_bytes(8, "big") + bytes(4))
        assert await goodbye(reader) == 4413

        for _ in range(HUGE // PIECE):
            writer.write(bytes(PIECE))
            await writer.drain()
        writer.write(frame(CLOSE, (4413).to_bytes(2, "big")))
        await writer.drain()
