"""A constant load through the ingress: signed actions, reads, long polls, and sockets that resume.

Every request is sent once and recorded with its answer; nothing is tried again. `check` compares
what was accepted with the ledger, and what the sockets were told with both.
"""

import asyncio
import itertools
import random
import time
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

import aiohttp
from tests.e2e.cluster.boards import Board
from tests.e2e.cluster.ledger import ledger
from tests.e2e.cluster.play import visiting
from tests.e2e.cluster.sockets import Resuming
from tests.e2e.instance import until

from scoreboard_client import Scoreboard, ScoreboardError, Unreachable
from scoreboard_runtime.contract.endpoints import WEBSOCKET_PATH

MOST_REQUESTS, MOST_SECONDS = 60_000, 300.0
READ_EVERY, POLL_EVERY = 8, 10  # requests; jobs
GOOD = 200  # or 202: the client raises for everything else
Done = TypeVar("Done")
COINS = {"name": "coins", "points": {"field": "coins", "each": 2, "max": 500}}


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """One request and its answer; `status` 0: there was none."""

    what: str
    at: float
    took: float
    status: int
    why: str = ""

    @property
    def failed(self) -> bool:
        return self.status != GOOD


@dataclass(frozen=True, slots=True)
class Accepted:
    """What a 202 promised."""

    user: str
    points: int


@dataclass(slots=True)
class Load:
    """What was sent, and what came of it."""

    board: Board
    players: list[Scoreboard]
    sockets: list[Resuming]
    started: float = field(default_factory=time.monotonic)
    sent: list[Sent] = field(default_factory=list)
    accepted: dict[str, Accepted] = field(default_factory=dict)
    stopping: bool = False
    _open: set[asyncio.Task[None]] = field(default_factory=set)

    @property
    def failures(self) -> list[Sent]:
        return [each for each in self.sent if each.failed]

    async def _record(self, what: str, request: Awaitable[Done]) -> Done | None:
        at = time.monotonic()
        reply, status, why = None, GOOD, ""
        try:
            reply = await request
        except ScoreboardError as error:
            status, why = error.status, str(error)
        except Unreachable as error:
            status, why = 0, str(error)
        took = time.monotonic() - at
        since = at - self.started
        self.sent.append(Sent(what=what, at=since, took=took, status=status, why=why))
        return reply

    async def _act(self, player: Scoreboard) -> None:
        coins = random.randint(1, 9)
        promised = await self._record("act", player.execute("coins", data={"coins": coins}))
        if promised is None:
            return
        job = promised.job_id
        self.accepted[job] = Accepted(player.me.id, 2 * coins)
        if len(self.accepted) % POLL_EVERY == 0:
            await self._record("poll", player.job(job, wait=5))

    async def _read(self, player: Scoreboard) -> None:
        await self._record("read", player.standings())

    def _spawn(self, work: Awaitable[None]) -> None:
        task = asyncio.ensure_future(work)
        self._open.add(task)
        task.add_done_callback(self._open.discard)

    async def run(self, rate: float) -> None:
        """At a rate that does not depend on the answers, until told to stop."""
        for number, player in enumerate(itertools.cycle(self.players)):
            late = self.started + number / rate - time.monotonic()
            await asyncio.sleep(max(0.0, late))
            over = time.monotonic() - self.started > MOST_SECONDS
            if self.stopping or over or number > MOST_REQUESTS:
                return
            self._spawn(self._read(player) if number % READ_EVERY == 0 else self._act(player))

    async def more(self, requests: int, seconds: float = 30.0) -> None:
        """Waits until so many more were answered: what just happened has had its effect on some."""
        aim = len(self.sent) + requests
        await until(lambda: len(self.sent) >= aim, f"{requests} more answers", seconds)

    async def finish(self) -> None:
        """No new requests; the open ones are answered."""
        self.stopping = True
        while self._open:
            await asyncio.wait(set(self._open))

    # --- what must be true in the end ---------------------------------------------------
    async def check(self) -> str:
        """Nothing failed, nothing is lost, nothing was missed; the figures, for people."""
        assert self.failures == [], self.told()
        held = await self._ledger()
        points: Counter[str] = Counter()
        for each in self.accepted.values():
            points[each.user] += each.points
        ids = {player.me.id for player in self.players}
        ours = [(job, user, worth) for job, user, worth in held.jobs if user in ids]
        promised = [(job, each.user, each.points) for job, each in self.accepted.items()]
        lost, more = Counter(promised) - Counter(ours), Counter(ours) - Counter(promised)
        assert not lost, f"accepted, not in the ledger: {lost}"
        assert not more, f"in the ledger, not accepted: {more}"
        scores = {user: held.scores[user] for user in ids}
        assert scores == {user: points[user] for user in ids}, f"{scores}, {points}"
        for each in self.sockets:
            await each.reaches(points[each.player.me.id])
            each.check()
        return self.told()

    async def _ledger(self) -> Any:
        async def found() -> Any:
            held = await asyncio.to_thread(ledger, self.board)
            return held if {job for job, _, _ in held.jobs} >= self.accepted.keys() else None

        return await until(found, "every accepted action is in the ledger", 30.0)

    def told(self) -> str:
        """Figures, then every failure."""
        took = sorted(each.took for each in self.sent if each.what == "act")
        closes = Counter(visit.code for each in self.sockets for visit in each.visits[:-1])
        back = sorted(visit.away for each in self.sockets for visit in each.visits[1:])
        recovered = sum(visit.recovered for each in self.sockets for visit in each.visits[1:])
        refused = sum(len(visit.refused) for each in self.sockets for visit in each.visits)
        figures = {
            "requests": len(self.sent),
            "failed": len(self.failures),
            "accepted": len(self.accepted),
            "seconds": round(time.monotonic() - self.started, 1),
            "median ms": round(1000 * took[len(took) // 2]) if took else None,
            "slowest ms": round(1000 * took[-1]) if took else None,
            "closes": dict(closes),
            "resumed": len(back),
            "of these by recovered": recovered,
            "handshakes refused": refused,
            "longest away s": round(back[-1], 2) if back else None,
        }
        lines = [f"{each.at:.1f} s {each.what} {each.status} {each.why}" for each in self.failures]
        return "\n".join([str(figures), *lines[:20]])


async def once_only(http: aiohttp.ClientSession) -> Scoreboard:
    """A new player by the Python client, whose requests are sent once."""
    player = Scoreboard("", http=http, patience=0, websocket_url=WEBSOCKET_PATH)
    await player.login(f"player-{uuid.uuid4().hex[:8]}", uuid.uuid4().hex, register=True)
    return player


@asynccontextmanager
async def constant(
    board: Board, ingress: str, *, rate: float = 30.0, players: int = 6, sockets: int = 5
) -> AsyncIterator[Load]:
    """The load, for the time of the block and a few requests after it."""
    host = board.now()["spec"]["exposure"]["host"]
    async with visiting(ingress, host) as http:
        found = [await once_only(http) for _ in range(players)]
        watchers = [Resuming(player) for player in found[:sockets]]
        load = Load(board, found, watchers)
        tasks = [asyncio.ensure_future(each.run()) for each in watchers]
        try:
            for each in watchers:
                await until(lambda each=each: each.there, "the sockets are there")
            load.started = time.monotonic()
            pace = asyncio.ensure_future(load.run(rate))
            tasks.append(pace)
            await load.more(20)
            yield load
            await load.more(60)
            await load.finish()
            print(await load.check())
        finally:
            load.stopping = True
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
