"""The socket's description against a running broadcaster, both ways: nothing that it does not say
is sent, and all that it says was seen: each message, close code and refusal of a handshake."""

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
from tests.e2e.broadcaster.deaf import deaf
from tests.e2e.instance import Instance, a_manifest, running, until
from tests.unit.runtime.test_asyncapi import judge

from scoreboard_runtime.local.player import Player

pytestmark = pytest.mark.asyncio(loop_scope="session")
PLENTY = {"count": 1_000_000, "per": "1s"}
ROOM = 8_000  # actions of one address in an hour: the last step spends what is left
ORIGIN = "https://game.example"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def arcade(tmp_path_factory) -> AsyncIterator[Instance]:
    limits = {"global": PLENTY, "user": PLENTY, "address": {"count": ROOM, "per": "1h"}}
    manifest = a_manifest(limits=limits, exposure={"allowedOrigins": [ORIGIN]})
    async with running(tmp_path_factory.mktemp("described"), manifest) as instance:
        yield instance


@dataclass(slots=True)
class Seen:
    """Everything that came, judged as it came."""

    description: dict[str, Any]
    arcade: Instance
    messages: set[str] = field(default_factory=set)
    asked: dict[str, str] = field(default_factory=dict)  # who asked, by the id that comes back
    answers: set[tuple[str, str]] = field(default_factory=set)
    closes: set[int] = field(default_factory=set)
    refusals: set[tuple[int, str]] = field(default_factory=set)

    def _named(self, said: dict[str, Any]) -> str:
        fitting = [
            name
            for name, message in self.description["components"]["messages"].items()
            if message["name"] == said["type"] and judge(self.description, name).is_valid(said)
        ]
        assert len(fitting) == 1, f"not described, or in {fitting}: {said}"
        self.messages.add(fitting[0])
        return fitting[0]

    def frame(self, text: str) -> dict[str, Any]:
        """What the server says; with an id it is an answer."""
        said: dict[str, Any] = json.loads(text)
        name = self._named(said)
        if "id" in said:
            self.answers.add((self.asked[json.dumps(said["id"])], name))
        elif said["type"] == "authenticated":
            self.answers.add(("authenticate", name))
        return said

    async def say(self, socket: aiohttp.ClientWebSocketResponse, message: dict[str, Any]) -> None:
        """What a client says, as it is described."""
        self._named(message)
        self.asked[json.dumps(message.get("id"))] = message["type"]
        await socket.send_json(message)

    async def closed(self, socket: aiohttp.ClientWebSocketResponse) -> int:
        async with asyncio.timeout(20):
            async for message in socket:
                self.frame(message.data)
        assert socket.close_code is not None
        self.closes.add(socket.close_code)
        return socket.close_code

    async def until(self, socket: aiohttp.ClientWebSocketResponse, wanted: Iterable[str]) -> None:
        left = set(wanted)
        async with asyncio.timeout(20):
            while left:
                left.discard(self.frame(await socket.receive_str())["type"])

    async def refused(self, **how: Any) -> int:
        """A handshake that is answered with a problem; 0 for one that is welcome."""
        headers = {
            "Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13",
            "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==", **how,
        }  # fmt: skip
        address = self.arcade.ready["websocket"].replace("ws://", "http://")
        async with self.arcade.http.get(address, headers=headers) as answer:
            if answer.status == 101:
                answer.close()
                return 0
            problem = await answer.json(content_type="application/problem+json")
        self.refusals.add((answer.status, problem["code"]))
        return answer.status


def exchanges(description: dict[str, Any]) -> Iterable[tuple[str, str]]:
    """What a client can ask, with each message that can answer it."""
    for asked, operation in description["operations"].items():
        for answer in operation.get("reply", {}).get("messages", ()):
            yield asked, answer["$ref"].rpartition("/")[2]


async def everything_is_said(seen: Seen, ann: Player) -> None:
    """One user's evening: every message, ended by a logout."""
    socket = await seen.arcade.socket()
    for message in (
        {"type": "authenticate", "token": ann.session["token"]},
        {"type": "subscribe", "channel": "scoreboard", "id": 1},
        {"type": "subscribe", "channel": "user", "id": "two"},
        {"type": "subscribe", "channel": "activity", "id": 2.5},
        {"type": "subscribe", "channel": "weather", "id": {"three": 3}},
        {"type": "unsubscribe", "channel": "weather", "id": [4]},
        {"type": "ping", "id": 5},
    ):
        await seen.say(socket, message)
    await seen.until(socket, {"authenticated", "subscribed", "activity", "error", "pong"})
    for _ in range(2):  # the second is out of range: its job fails
        await ann.execute("huge")
    await seen.until(socket, {"scoreboard_updated", "user_score_updated", "job_finished"})
    await seen.until(socket, {"job_finished"})
    await seen.say(socket, {"type": "unsubscribe", "channel": "scoreboard", "id": 6})
    await seen.until(socket, {"unsubscribed"})
    await ann.post("/api/auth/logout", {})
    assert await seen.closed(socket) == 4401


async def mistakes(seen: Seen) -> None:
    for text, code in (("nonsense", 4400), ('{"type":"ping","id":"' + "x" * 20_000 + '"}', 4413)):
        socket = await seen.arcade.socket()
        await socket.send_str(text)
        assert await seen.closed(socket) == code
    socket = await seen.arcade.socket()
    for _ in range(60):
        if not socket.closed:
            await socket.send_str('{"type":"ping"}')
    assert await seen.closed(socket) == 4429


async def silence(seen: Seen) -> None:
    assert await seen.closed(await seen.arcade.socket()) == 4408


async def too_slow(seen: Seen, bob: Player) -> None:
    async def closes() -> float:
        name = 'scoreboard_socket_closes_total{code="4503"'
        return await seen.arcade.metric("broadcaster", name)

    async def one_more() -> bool:
        await bob.execute_batch([{"action": "coins", "data": {"coins": 1}}] * 100)
        return await closes() > 0

    async with deaf(seen.arcade, bob):
        await until(one_more, "who does not read is closed", 45)
    seen.closes.add(4503)


async def a_store_is_away(seen: Seen, bob: Player) -> None:
    """The queue's server stands still: handshakes and tokens cannot be judged."""
    socket = await seen.arcade.socket()
    queue = seen.arcade.pid("queue")
    os.kill(queue, signal.SIGSTOP)
    try:
        await socket.send_json({"type": "authenticate", "token": bob.session["token"]})
        assert await seen.closed(socket) == 1013
        assert await seen.refused() == 503
    finally:
        os.kill(queue, signal.SIGCONT)


async def test_the_description_and_the_broadcaster_say_the_same(arcade: Instance):
    async with arcade.http.get(f"{arcade.url}/asyncapi.json") as answer:
        description = await answer.json()
    seen = Seen(description, arcade)
    (channel,) = description["channels"].values()
    assert description["servers"]["broadcaster"]["host"] in arcade.ready["websocket"]
    ann, bob = await arcade.player(), await arcade.player()

    quiet = asyncio.ensure_future(silence(seen))
    await everything_is_said(seen, ann)
    await mistakes(seen)
    await too_slow(seen, bob)
    await quiet
    assert await seen.refused(Origin="https://evil.example") == 403
    assert await seen.refused(**{"Sec-WebSocket-Protocol": "other.v9"}) == 400
    last = await arcade.socket()
    await last.send_json({"type": "subscribe", "channel": "scoreboard"})
    await a_store_is_away(seen, bob)
    os.kill(arcade.pid("broadcaster"), signal.SIGTERM)
    assert await seen.closed(last) == 1012
    while (await bob.execute_batch([{"action": "nothing"}] * 100)).status != 429:
        pass

    async def refused() -> bool:
        try:
            return await seen.refused() == 429
        except aiohttp.ClientError:
            return False  # it is being started again

    await until(refused, "a handshake is refused")

    assert seen.messages == set(channel["messages"])
    assert seen.answers == set(exchanges(description))
    assert seen.closes == {row["code"] for row in channel["x-closes"]}
    assert seen.refusals == {(row["status"], row["code"]) for row in channel["x-handshake"]}
