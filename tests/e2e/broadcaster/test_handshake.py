"""The handshake: who is let in, on an instance that lets few in."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp
import pytest
import pytest_asyncio
from tests.e2e.instance import Instance, a_manifest, broadcaster_of, running

from scoreboard_runtime.contract.endpoints import STREAM_PATH

pytestmark = pytest.mark.asyncio(loop_scope="session")
HANDSHAKES = 5  # in an hour, of one address


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def narrow(tmp_path_factory) -> AsyncIterator[Instance]:
    manifest = a_manifest(realtime={"maxConnections": 2})
    async with running(tmp_path_factory.mktemp("narrow"), manifest) as instance:
        yield instance


async def test_one_socket_too_many_closes_4429_and_one_that_goes_makes_room(narrow: Instance):
    first, second, third = [await narrow.socket() for _ in range(3)]

    assert (await third.receive()).type is aiohttp.WSMsgType.CLOSE
    assert third.close_code == 4429
    await second.close()
    again = await narrow.socket()
    await again.send_json({"type": "ping", "id": 1})
    assert (await again.receive_json())["type"] == "pong"
    await asyncio.gather(first.close(), again.close())


async def test_of_the_offered_protocols_ours_is_chosen_and_nothing_is_compressed(narrow: Instance):
    address = narrow.ready["websocket"]
    socket = await narrow.http.ws_connect(
        address, protocols=["other.v9", "scoreboard.v1"], compress=15
    )

    assert (socket.protocol, socket.compress) == ("scoreboard.v1", 0)
    await socket.close()


async def test_what_is_no_handshake_is_told_so(narrow: Instance):
    place = urlsplit(narrow.ready["websocket"])
    async with narrow.http.get(f"http://{place.netloc}/ws") as answer:
        problem = await answer.json(content_type="application/problem+json")

    assert (answer.status, problem["code"]) == (400, "VALIDATION_ERROR")
    assert len(answer.headers["X-Request-Id"]) > 8
    assert problem["requestId"] == answer.headers["X-Request-Id"]


async def test_a_handshake_is_charged_to_its_address(tmp_path: Path):
    plenty, few = {"count": 1_000_000, "per": "1s"}, {"count": HANDSHAKES, "per": "1h"}
    limits = {"global": plenty, "user": plenty, "address": few}
    async with running(tmp_path, a_manifest(limits=limits)) as instance:
        for _ in range(HANDSHAKES):
            await (await instance.socket()).close()
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await instance.socket()
        async with instance.http.get(f"{instance.url}/api/scoreboard") as answer:
            assert answer.status == 429, "one budget for the API and the sockets"
        stream, page = broadcaster_of(instance.ready) + STREAM_PATH, {"Origin": "https://a.example"}
        async with instance.http.get(stream, headers=page) as answer:
            assert answer.status == 429, "and the streams"

    headers = refused.value.headers
    assert headers is not None
    assert refused.value.status == 429
    assert headers["RateLimit-Policy"] == f'"address";q={HANDSHAKES};w=3600'
    assert int(headers["Retry-After"]) > 600
