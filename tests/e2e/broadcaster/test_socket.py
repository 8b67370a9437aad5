"""The socket, row by row of the contract's section 1.4, on a running instance."""

import asyncio
import json
from collections.abc import AsyncIterator

import aiohttp
import pytest
import pytest_asyncio
from tests.e2e.broadcaster.closing import closed
from tests.e2e.instance import Instance, a_manifest, running, until

from scoreboard_runtime.local.player import Player

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def arcade(tmp_path_factory) -> AsyncIterator[Instance]:
    async with running(tmp_path_factory.mktemp("sockets"), a_manifest()) as instance:
        yield instance


async def signed_in(arcade: Instance) -> tuple[Player, aiohttp.ClientWebSocketResponse]:
    ann, socket = await arcade.player(), await arcade.socket()
    await socket.send_json({"type": "authenticate", "token": ann.session["token"]})
    assert (await socket.receive_json())["type"] == "authenticated"
    return ann, socket


BAD = [
    pytest.param("not json", 4400, id="bad JSON"),
    pytest.param('{"type":"dance"}', 4400, id="an unknown type"),
    pytest.param('{"type":"ping","x":1}', 4400, id="an unknown field"),
    pytest.param(b"binary", 4400, id="binary"),
    pytest.param('{"type":"authenticate","token":"x"}', 4401, id="a bad token"),
    pytest.param('{"type":"subscribe","channel":"user"}', 4401, id="a user's channel, nobody"),
    pytest.param('{"type":"ping","id":"' + "x" * 17000 + '"}', 4413, id="too large"),
    pytest.param('{"type":"ping","id":"' + "é" * 9000 + '"}', 4413, id="too large in bytes"),
]


@pytest.mark.parametrize(("sent", "code"), BAD)
async def test_what_must_not_be_sent_closes_with_its_code(arcade: Instance, sent, code):
    socket = await arcade.socket()
    await (socket.send_bytes(sent) if isinstance(sent, bytes) else socket.send_str(sent))

    assert await closed(socket) == code


async def test_a_second_authenticate_closes_4400(arcade):
    ann, socket = await signed_in(arcade)
    await socket.send_json({"type": "authenticate", "token": ann.session["token"]})

    assert await closed(socket) == 4400


async def test_silence_closes_4408_and_pings_do_not_help(arcade):
    silent, pinging, watching = [await arcade.socket() for _ in range(3)]
    await watching.send_json({"type": "subscribe", "channel": "scoreboard"})
    await pinging.send_json({"type": "ping", "id": 1})

    assert (await pinging.receive_json())["type"] == "pong"
    assert await asyncio.gather(closed(silent), closed(pinging)) == [4408, 4408]
    await watching.send_json({"type": "ping", "id": 2})
    frames = [await watching.receive_json() for _ in range(2)]
    assert frames[-1]["type"] == "pong", "who watches a public board may be silent"
    await watching.close()


async def test_mistakes_that_leave_the_socket_open_are_errors(arcade):
    socket = await arcade.socket()
    for message in ({"channel": "weather"}, {"channel": "scoreboard", "board": "other"}):
        await socket.send_json({"type": "subscribe", "id": 7, **message})
        frame = await socket.receive_json()
        assert (frame["type"], frame["code"], frame["id"]) == ("error", "NOT_FOUND", 7)
    await socket.close()


async def test_a_flood_closes_4429(arcade):
    socket = await arcade.socket()
    for _ in range(200):
        if not socket.closed:
            await socket.send_json({"type": "ping"})

    assert await closed(socket) == 4429


async def test_resuming_says_whether_anything_was_missed(arcade):
    ann = await arcade.player()
    await ann.job((await ann.execute("level")).body["jobId"], wait=10)

    async def subscribe(since: dict | None) -> dict:
        socket = await arcade.socket()
        await socket.send_json({"type": "subscribe", "channel": "scoreboard", "since": since})
        frame = await socket.receive_json()
        await socket.close()
        return frame

    first = await subscribe(None)
    since = {"epoch": first["epoch"], "sequence": first["sequence"]}
    assert (await subscribe(since))["recovered"] is True
    assert (await subscribe({**since, "sequence": since["sequence"] - 1}))["recovered"] is False
    assert (await subscribe({**since, "epoch": "other"}))["recovered"] is False
    board = (await ann.get("/api/scoreboard")).body
    assert {name: first["snapshot"][name] for name in board} == board


async def test_subprotocols_and_origins(arcade):
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await arcade.http.ws_connect(arcade.ready["websocket"], protocols=["other.v9"])
    assert refused.value.status == 400
    plain = await arcade.http.ws_connect(arcade.ready["websocket"])
    assert plain.protocol is None
    await plain.close()


async def test_an_origin_that_is_not_on_the_list_is_refused(tmp_path):
    manifest = a_manifest(exposure={"allowedOrigins": ["https://game.example"]})
    async with running(tmp_path, manifest) as instance:
        address = instance.ready["websocket"]
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await instance.http.ws_connect(address, origin="https://evil.example")
        assert refused.value.status == 403
        for origin in ("https://game.example", instance.url, None):
            await (await instance.http.ws_connect(address, origin=origin)).close()


async def test_a_users_channel_tells_score_and_jobs_and_only_its_own(arcade):
    ann, socket = await signed_in(arcade)
    bob = await arcade.player()
    await socket.send_json({"type": "subscribe", "channel": "user"})
    first = await socket.receive_json()
    assert first["snapshot"] == {"userId": ann.user_id, "username": ann.username, "score": 0,
                                 "rank": None, "pendingJobs": []}  # fmt: skip
    await bob.job((await bob.execute("level")).body["jobId"], wait=10)
    await ann.execute("quiz")
    refused = (await ann.execute("coins", data={"coins": 0})).body["jobId"]

    frames = []
    async with asyncio.timeout(10):
        while not frames or frames[-1].get("jobId") != refused:
            frames.append(await socket.receive_json())

    assert [f["type"] for f in frames] == ["user_score_updated", "job_finished", "job_finished"]
    assert (frames[0]["score"], frames[0]["delta"], frames[0]["sequence"]) == (250, 250, 1)
    assert frames[2]["result"]["points"] == 0
    await socket.close()


async def test_versions_of_the_board_come_first_at_once_then_at_most_ten_a_second(arcade):
    socket, ann = await arcade.socket(), await arcade.player()
    await socket.send_json({"type": "subscribe", "channel": "scoreboard"})
    await socket.receive_json()
    loop = asyncio.get_running_loop()
    await ann.execute_batch([{"action": "level"}] * 50)
    times = []
    playing = asyncio.ensure_future(_play(ann, 2.0))
    async with asyncio.timeout(10):
        while not playing.done():
            message = await socket.receive()
            if json.loads(message.data)["type"] == "scoreboard_updated":
                times.append(loop.time())

    rate = len(times) / (times[-1] - times[0])
    assert 3 < rate <= 11
    await socket.close()


async def _play(player: Player, seconds: float) -> None:
    loop = asyncio.get_running_loop()
    until_ = loop.time() + seconds
    while loop.time() < until_:
        await player.execute("level")


async def test_each_socket_is_counted_in_one_state(arcade):
    async def states(state: str) -> float:
        return await arcade.metric("broadcaster", f'scoreboard_connections{{state="{state}"')

    before = await states("authenticated")
    _, socket = await signed_in(arcade)
    assert await states("authenticated") == before + 1
    await socket.send_json({"type": "subscribe", "channel": "user"})
    await socket.receive_json()
    assert await states("authenticated") == before
    subscribed = await states("subscribed")
    await socket.close()

    async def fewer() -> bool:
        return await states("subscribed") == subscribed - 1

    await until(fewer, "a closed socket is not counted")
