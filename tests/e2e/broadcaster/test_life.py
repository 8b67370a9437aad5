"""How sockets end and what they survive: slow readers, restarts, expiry, logout, lost messages."""

import asyncio
import json
import os
import signal
import sys
import time
from collections.abc import AsyncIterator
from dataclasses import replace

import aiohttp
import pytest
import pytest_asyncio
from tests.e2e.broadcaster.closing import closed
from tests.e2e.broadcaster.deaf import deaf
from tests.e2e.instance import Instance, a_manifest, running, until

from scoreboard_runtime.contract import endpoints
from scoreboard_runtime.contract.keyring import parse
from scoreboard_runtime.local.place import ENVIRONMENT_FILE
from scoreboard_runtime.local.player import Player
from scoreboard_runtime.rules import tokens
from scoreboard_runtime.stores import valkey

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def arcade(tmp_path_factory) -> AsyncIterator[Instance]:
    async with running(tmp_path_factory.mktemp("life"), a_manifest()) as instance:
        yield instance


async def listening(
    arcade: Instance, player: Player, token: str = ""
) -> aiohttp.ClientWebSocketResponse:
    """A socket of the player's own channel, its snapshot read."""
    socket = await arcade.socket()
    await socket.send_json({"type": "authenticate", "token": token or player.session["token"]})
    await socket.send_json({"type": "subscribe", "channel": "user"})
    kinds = [(await socket.receive_json())["type"] for _ in range(2)]
    assert kinds == ["authenticated", "subscribed"]
    return socket


async def test_who_does_not_read_is_closed_4503_and_slows_nobody(arcade: Instance):
    ann, bob = await arcade.player(), await arcade.player()
    quick = await listening(arcade, bob)

    async def closes() -> float:
        return await arcade.metric("broadcaster", 'scoreboard_socket_closes_total{code="4503"')

    async def one_more() -> bool:
        await ann.execute_batch([{"action": "level"}] * 100)
        return await closes() > before

    before = await closes()
    async with deaf(arcade, ann):
        await until(one_more, "the deaf socket is closed", 45)
        assert await closes() == before + 1, "a socket is closed once"
        started = time.monotonic()
        await bob.execute("level")
        frame = await asyncio.wait_for(quick.receive_json(), 10)
    assert (frame["type"], frame["score"]) == ("user_score_updated", 100)
    assert time.monotonic() - started < 5
    await quick.close()


async def test_a_huge_message_is_answered_4413_not_by_a_reset(arcade: Instance):
    for size in (100_000, 3_000_000):
        socket = await arcade.socket()
        sending = asyncio.ensure_future(
            socket.send_str('{"type":"ping","id":"' + "x" * size + '"}')
        )
        assert await closed(socket) == 4413, size
        await asyncio.gather(sending, return_exceptions=True)


async def test_logout_ends_the_users_sockets(arcade: Instance):
    ann = await arcade.player()
    socket = await listening(arcade, ann)
    assert (await ann.post("/api/auth/logout", {})).status == 204

    frame = await asyncio.wait_for(socket.receive_json(), 5)
    assert (frame["type"], frame["reason"]) == ("session_ended", "logged_out")
    assert await closed(socket) == 4401


async def test_who_is_disabled_or_loses_a_token_to_a_thief_hears_why(arcade: Instance):
    ann, bob = await arcade.player(), await arcade.player()
    disabled, robbed = await listening(arcade, ann), await listening(arcade, bob)
    command = await asyncio.create_subprocess_exec(
        sys.executable, *("-m", "scoreboard_runtime", "admin", "--data-dir", str(arcade.folder)),
        *("disable", ann.username, "--reason", "spam"), stdout=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    assert await command.wait() == 0
    spent = {"refreshToken": bob.session["refreshToken"]}
    for status in (200, 401):
        assert (await bob.post("/api/auth/refresh", spent)).status == status

    for socket, reason in ((disabled, "disabled"), (robbed, "revoked")):
        frame = await asyncio.wait_for(socket.receive_json(), 5)
        assert (frame["type"], frame["reason"]) == ("session_ended", reason)
        assert await closed(socket) == 4401


async def test_the_end_of_the_token_ends_the_socket(arcade: Instance):
    ann = await arcade.player()
    keyring = parse((arcade.folder / "keys.json").read_bytes())
    claims = tokens.verify(ann.session["token"], keyring, "arcade", time.time_ns() // 1000)
    assert claims is not None
    soon = replace(claims, expires_us=time.time_ns() // 1000 + 3_000_000)
    socket = await listening(arcade, ann, tokens.issue(soon, keyring, "arcade"))

    frame = await asyncio.wait_for(socket.receive_json(), 10)
    assert (frame["type"], frame["reason"]) == ("session_ended", "expired")
    assert await closed(socket) == 4401


async def test_a_restart_closes_1012_and_a_new_broadcaster_takes_over(arcade: Instance):
    ann = await arcade.player()
    sockets = [await listening(arcade, ann) for _ in range(3)]
    pid = arcade.pid("broadcaster")
    os.kill(pid, signal.SIGTERM)

    assert await asyncio.gather(*map(closed, sockets)) == [1012, 1012, 1012]
    await until(lambda: arcade.pid("broadcaster") not in (0, pid), "it is started again")
    await ann.job((await ann.execute("level")).body["jobId"], wait=10)
    again = await listening(arcade, ann)
    await again.close()


async def test_a_lost_connection_to_the_cache_loses_no_change_of_a_score(arcade: Instance):
    ann = await arcade.player()
    socket = await listening(arcade, ann)
    known = json.loads((arcade.folder / ENVIRONMENT_FILE).read_bytes())
    seen: list[int] = []
    async with valkey.connect(known[endpoints.ENV_CACHE_URL]) as client:
        for number in range(1, 31):
            if number % 10 == 5:
                await client.execute_command("CLIENT", "KILL", "TYPE", "pubsub")
            reply = await ann.execute("level")
            await ann.job(reply.body["jobId"], wait=10)

    async with asyncio.timeout(10):
        while not seen or seen[-1] < 30:
            frame = await socket.receive_json()
            if frame["type"] == "user_score_updated":
                seen.append(frame["sequence"])
    assert seen == list(range(1, 31))
    await socket.close()
