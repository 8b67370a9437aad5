"""One traced instance and its collector for every test of this folder."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio
from tests.e2e.instance import Instance, a_manifest, running, until
from tests.e2e.traces.collector import Collector, Seen, collecting

from scoreboard_runtime.local.player import EXECUTE, Player, Reply

POST = f"POST {EXECUTE}"
BOARD, USER = "frame scoreboard_updated", "frame job_finished"
OF_AN_ACTION = {POST, "admit", "job", "queue", "commit", "publish", BOARD, USER}
SOON = {"OTEL_BSP_SCHEDULE_DELAY": "50"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The instance's client lives in the session's loop, so its tests run there."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


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

        The first that is not among the board's first ten, or that was read with the one before it,
        has no frame there: it is done again then.
        """
        while True:
            trace, span, reply = await self.act()
            assert reply.status == 202
            await self.seen(trace, OF_AN_ACTION - {BOARD})
            try:
                return await self.seen(trace, {BOARD}, 1.0), span, reply
            except AssertionError:
                continue


async def _drain(socket) -> None:
    async for _ in socket:
        pass


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def collector() -> AsyncIterator[Collector]:
    async with collecting() as found:
        yield found


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def instance(
    tmp_path_factory: pytest.TempPathFactory, collector: Collector
) -> AsyncIterator[Instance]:
    """Its OTEL_ variables are all that is told to `scoreboard local`."""
    with pytest.MonkeyPatch.context() as patch:
        told = {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url, **SOON}
        told["OTEL_EXPORTER_OTLP_HEADERS"] = "authorization=Bearer%20collectors-own"
        for name, value in told.items():
            patch.setenv(name, value)
        async with running(tmp_path_factory.mktemp("traced"), a_manifest()) as found:
            yield found


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def traced(instance: Instance, collector: Collector) -> AsyncIterator[Traced]:
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
