"""A traced instance at play, its collector beside it."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp
from tests.e2e.instance import Instance, a_manifest, running, until
from tests.e2e.traces.collector import Collector, Seen, collecting

from scoreboard_runtime.local.player import EXECUTE, Player, Reply

POST = f"POST {EXECUTE}"
BOARD, USER = "frame scoreboard_updated", "frame job_finished"
OF_AN_ACTION = {POST, "admit", "job", "queue", "commit", "publish", BOARD, USER}
TOLD = {
    "OTEL_EXPORTER_OTLP_HEADERS": "authorization=Bearer%20collectors-own",
    "OTEL_BSP_SCHEDULE_DELAY": "50",
}


@dataclass(frozen=True, slots=True)
class Traced:
    """A user at play, whose board and own channel are watched."""

    instance: Instance
    collector: Collector
    player: Player

    async def act(self, action: str = "level", sampled: int = 1) -> tuple[str, str, Reply]:
        """Does it in a trace of the caller's: that, the caller's span, the answer."""
        trace, span = secrets.token_hex(16), secrets.token_hex(8)
        header = f"00-{trace}-{span}-0{sampled}"
        reply = await self.player.signed_post(EXECUTE, {"action": action}, traceparent=header)
        return trace, span, reply

    async def seen(
        self, trace: str, names: Iterable[str], patience: float = 30.0
    ) -> dict[str, Seen]:
        """The spans of a trace once these have come."""
        wanted = set(names)
        await until(lambda: wanted <= set(self.collector.of(trace)), f"{wanted}", patience)
        return self.collector.of(trace)

    async def acted(self) -> tuple[dict[str, Seen], str, Reply]:
        """A whole trace of an action that the board's frame shows, its caller's span, the answer.

        One that is not among the board's first ten, or that was read with the one before it, has no
        frame there: it is done again then.
        """
        while True:
            trace, span, reply = await self.act()
            assert reply.status == 202
            await self.seen(trace, OF_AN_ACTION - {BOARD})
            try:
                return await self.seen(trace, {BOARD}, 1.0), span, reply
            except AssertionError:
                continue


async def _drain(socket: aiohttp.ClientWebSocketResponse) -> None:
    async for _ in socket:
        pass


@asynccontextmanager
async def playing(folder: Path) -> AsyncIterator[Traced]:
    """An instance, a collector, a user whose channels are watched, for the time of the block."""
    async with collecting() as collector:
        told = {**TOLD, "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url}
        async with running(folder, a_manifest(), told=told) as instance:
            player = await instance.player()
            socket = await instance.socket()
            await socket.send_json({"type": "authenticate", "token": player.session["token"]})
            for channel in ("scoreboard", "user"):
                await socket.send_json({"type": "subscribe", "channel": channel})
            for wanted in ("authenticated", "subscribed", "subscribed"):
                assert (await socket.receive_json())["type"] == wanted
            reading = asyncio.ensure_future(_drain(socket))
            yield Traced(instance, collector, player)
            await socket.close()
            await reading
