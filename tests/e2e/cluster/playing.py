"""Players of one board in a thread of their own, while a test waits for what becomes of it."""

import asyncio
import threading
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field

import aiohttp
from tests.e2e.cluster.boards import Board
from tests.e2e.cluster.ledger import ledger
from tests.e2e.cluster.load import once_only
from tests.e2e.cluster.play import signed_in, visiting
from tests.e2e.cluster.waiting import until

from scoreboard_client import Scoreboard, ScoreboardError, Unreachable
from scoreboard_runtime.local.player import EXECUTE, Player, Reply

PLAYERS, CALM, SOON = 4, 1.0, 60.0
ATTACK = 8.0  # requests a second
STALE_SECONDS = 40.0  # a signed request is good for 60
LOST = (aiohttp.ClientError, TimeoutError, OSError)


@dataclass(slots=True)
class Playing:
    """`rate`: actions a second, of all together. `answers`: by what came.

    `watched`: somebody sees the board, without whom nothing of it is late.
    """

    ingress: str
    host: str
    watched: bool = False
    rate: float = CALM
    accepted: set[str] = field(default_factory=set)
    answers: Counter[str] = field(default_factory=Counter)
    over: threading.Event = field(default_factory=threading.Event)

    async def _pace(self, seconds: float) -> None:
        """Until it is over, at most so long."""
        await asyncio.to_thread(self.over.wait, seconds)

    async def _act(self, player: Scoreboard) -> None:
        try:
            self.accepted.add((await player.execute("level")).job_id)
            self.answers["accepted"] += 1
        except (ScoreboardError, Unreachable) as error:
            self.answers[type(error).__name__] += 1

    async def _play(self, player: Scoreboard) -> None:
        while not self.over.is_set():
            await self._act(player)
            await self._pace(PLAYERS / self.rate)

    async def _watch(self, player: Scoreboard) -> None:
        async for _ in player.watch():
            pass

    async def run(self) -> None:
        async with visiting(self.ingress, self.host) as http:
            players = [await once_only(http) for _ in range(PLAYERS)]
            watching = [asyncio.ensure_future(self._watch(players[0]))] if self.watched else []
            await asyncio.gather(*(self._play(player) for player in players))
            for each in watching:
                each.cancel()


@contextmanager
def playing(ingress: str, board: Board, *, watched: bool = False) -> Iterator[Playing]:
    """From the first accepted action on; after it every accepted one is in the ledger."""
    found = Playing(ingress, f"{board.namespace}.example.com", watched)
    thread = threading.Thread(target=lambda: asyncio.run(found.run()), daemon=True)
    thread.start()
    try:
        until(lambda: found.accepted, SOON, lambda: f"an action is accepted: {found.answers}")
        yield found
    finally:
        found.over.set()
        thread.join(SOON)
    kept = until(
        lambda: found.accepted <= (known := {job for job, _, _ in ledger(board).jobs}) and known,
        SOON,
        lambda: f"every accepted action is in the ledger: {len(found.accepted)} were accepted",
    )
    assert len(kept) >= len(found.accepted)


@dataclass(slots=True)
class Bot:
    """Repeats a signed request that was accepted, until its account is refused."""

    player: Player
    answers: Counter[str] = field(default_factory=Counter)

    async def attack(self, rate: float, over: threading.Event) -> None:
        loop = asyncio.get_running_loop()
        body = b'{"action":"level"}'
        while not over.is_set():
            headers, until_ = self.player.signed("POST", EXECUTE, body), loop.time() + STALE_SECONDS
            while not over.is_set() and loop.time() < until_:
                reply = await self._once(body, headers)
                if reply is not None and reply.code == "INVALID_TOKEN":
                    return
                await asyncio.to_thread(over.wait, 1 / rate)

    async def _once(self, body: bytes, headers: dict[str, str]) -> Reply | None:
        try:
            reply = await self.player.request("POST", EXECUTE, body, **headers)
        except LOST:
            return None
        self.answers[reply.code or str(reply.status)] += 1
        return reply


@asynccontextmanager
async def _a_bot(ingress: str, host: str) -> AsyncIterator[Bot]:
    async with visiting(ingress, host) as http:
        yield Bot(await signed_in(http, "Mallory"))


@contextmanager
def attacking(ingress: str, board: Board) -> Iterator[Counter[str]]:
    """A replay attack; the answers that it gets, by code."""
    answers: Counter[str] = Counter()
    over = threading.Event()

    async def run() -> None:
        async with _a_bot(ingress, f"{board.namespace}.example.com") as bot:
            bot.answers = answers
            await bot.attack(ATTACK, over)

    thread = threading.Thread(target=lambda: asyncio.run(run()), daemon=True)
    thread.start()
    try:
        yield answers
    finally:
        over.set()
        thread.join(SOON)
