"""Players and watchers who come through the ingress, by HTTP and by WebSocket."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from scoreboard_runtime.contract.endpoints import SUBPROTOCOL
from scoreboard_runtime.local.player import Player

SECONDS = 15.0


@asynccontextmanager
async def visiting(ingress: str, host: str) -> AsyncIterator[aiohttp.ClientSession]:
    """A browser that found `host` at the ingress controller's address."""
    headers, timeout = {"Host": host}, aiohttp.ClientTimeout(total=SECONDS)
    async with aiohttp.ClientSession(ingress, headers=headers, timeout=timeout) as http:
        yield http


async def status_of(http: aiohttp.ClientSession, path: str) -> int:
    async with http.get(path) as answer:
        await answer.read()
        return answer.status


async def signed_in(http: aiohttp.ClientSession, name: str = "") -> Player:
    """A new user with a session. `http` knows the address."""
    player = Player(http, "", name)
    registered = await player.register()
    assert registered.status == 201, registered.body
    assert (await player.login()).status == 200
    return player


async def scored(player: Player, action: str) -> dict[str, Any]:
    """Does a signed action and waits for its job; the job's result."""
    answer = await player.execute(action)
    assert answer.status == 202, answer.body
    job = await player.job(answer.body["jobId"], wait=10)
    assert job.body["status"] == "completed", job.body
    return dict(job.body["result"])


@dataclass(slots=True)
class Watcher:
    """One socket, and every frame that came."""

    socket: aiohttp.ClientWebSocketResponse
    frames: list[dict[str, Any]] = field(default_factory=list)

    async def send(self, **message: Any) -> None:
        await self.socket.send_json(message)

    async def until(self, fits: Callable[[dict[str, Any]], Any], what: str) -> dict[str, Any]:
        """The first frame that fits, from now on."""
        try:
            async with asyncio.timeout(SECONDS):
                while True:
                    frame = await self.socket.receive_json()
                    self.frames.append(frame)
                    if fits(frame):
                        return frame
        except (TimeoutError, TypeError) as error:
            seen = [frame["type"] for frame in self.frames]
            code = self.socket.close_code
            raise AssertionError(
                f"no frame {what} came; these did: {seen}; close {code}"
            ) from error

    async def subscribe(self, **message: Any) -> dict[str, Any]:
        await self.send(type="subscribe", **message)
        return await self.until(lambda frame: frame["type"] == "subscribed", "subscribed")

    async def authenticate(self, player: Player) -> None:
        await self.send(type="authenticate", token=player.session["token"])
        await self.until(lambda frame: frame["type"] == "authenticated", "authenticated")

    async def alive(self) -> None:
        """A ping comes back."""
        await self.send(type="ping", id="alive")
        await self.until(lambda frame: frame["type"] == "pong", "pong")


@asynccontextmanager
async def watching(http: aiohttp.ClientSession) -> AsyncIterator[Watcher]:
    async with http.ws_connect("/ws", protocols=[SUBPROTOCOL]) as socket:
        yield Watcher(socket)
