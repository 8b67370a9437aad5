"""Killed at every write: whatever an operator leaves half done, the next start ends the same way.

An install and an upgrade are done once without a crash. Then for every n a new install, and a new
upgrade, whose operator is killed with SIGKILL before its n-th write is forwarded, and is started
again. What was written then is what was written by a kill after the answer of write n-1: nothing
else of a killed process is left. SCOREBOARD_TEST_EVERY_WRITE=1 does those as well.
"""

import asyncio
import itertools
import os
import re
import time
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from tests.e2e.cluster import ends
from tests.e2e.cluster.boards import a_board
from tests.e2e.cluster.lanes import At, Lane, lanes
from tests.e2e.cluster.proxy import Cut, Upstream, Write, proxied
from tests.e2e.cluster.quick import Pods, board, namespace
from tests.e2e.cluster.replicas import replica

LANES, TRIES = 3, 3
SIDES = ("before", "after") if os.environ.get("SCOREBOARD_TEST_EVERY_WRITE") else ("before",)


def plain(write: Write) -> str:
    """A write by what it is about, the same in each run."""
    what = re.sub("/(whole|arcade|board-[0-9x]+x)", "/BOARD", write.what)
    return f"{write.method} {re.sub('-[0-9a-f]{8}$', '', what)}"


@dataclass(slots=True)
class Ledger:
    """Which writes there are, and before (or after) which of them an operator was killed."""

    writes: list[str]
    struck: dict[int, str] = field(default_factory=dict)

    def missing(self) -> set[str]:
        return set(self.writes) - set(self.struck.values())

    def whole(self) -> None:
        """Every n was struck that every run has, and every object that is written at all."""
        print(f"{len(self.writes)} writes without a crash; killed at {sorted(self.struck)}")
        least = len(set(self.writes))  # more than once is written what is seen to change: a status
        assert set(range(1, least + 1)) <= set(self.struck)
        assert self.missing() == set()


Run = Callable[[Lane, At], Coroutine[Any, Any, Write | None]]


async def every(tracks: list[Lane], ledger: Ledger, run: Run) -> None:
    """`run` for every n, side by side, until an n is more than there are writes.

    How often a status is written depends on what happens to be seen, so a run with fewer writes than
    the first is done again, and an object whose write was never the n-th is asked for by its name.
    """
    numbers: Iterator[int] = itertools.count(1)
    began = time.monotonic()

    async def follow(lane: Lane) -> None:
        for number in numbers:
            for _ in range(TRIES):
                write = await run(lane, lambda write, n=number: write.number == n)
                if write is not None:
                    ledger.struck[number] = plain(write)
                    took = time.monotonic() - began
                    print(f"{took:6.1f} s: {number} {ledger.struck[number]}", flush=True)
                    break
                if number > len(ledger.writes):
                    return

    async with asyncio.TaskGroup() as group:
        for lane in tracks:
            group.create_task(follow(lane))
    for number, missing in enumerate(ledger.missing()):
        write = await run(tracks[0], lambda write, at=missing: at == plain(write))
        if write is not None:
            ledger.struck[-1 - number] = plain(write)


@pytest.mark.timeout(900)
@pytest.mark.parametrize("side", SIDES)
async def test_an_install_ends_the_same_whichever_write_the_operator_is_killed_at(
    server: Upstream, side: str
) -> None:
    async with lanes(server, LANES) as tracks:
        first = tracks[0]
        first.begin("whole")
        await first.create(board("whole"))
        await first.settled("whole")
        wanted = await first.end("whole")
        ledger = Ledger([plain(write) for write in first.proxy.writes])
        await first.delete("whole")

        numbers = itertools.count(1)

        async def install(lane: Lane, at: At) -> Write | None:
            name = f"board-{next(numbers)}x"
            write = await lane.crash(name, at, side, lambda: lane.create(board(name)))
            await lane.ends_as(wanted, name)
            assert lane.doubled() == {}
            assert len(lane.keys_written(name)) == 1
            rolled = await ends.revisions(server, lane.namespace, name)
            assert rolled == {"broadcaster": 1, "worker": 1, "gateway": 1}
            await lane.delete(name)
            return write

        await every(tracks, ledger, install)
        ledger.whole()


@pytest.mark.timeout(900)
@pytest.mark.parametrize("side", SIDES)
async def test_an_upgrade_ends_the_same_whichever_write_the_operator_is_killed_at(
    server: Upstream, side: str
) -> None:
    versions = {}

    async with lanes(server, LANES) as tracks:

        async def installed(lane: Lane) -> None:
            await lane.create(board("arcade"))
            await lane.settled("arcade")
            versions[lane.namespace] = 0

        def upgrade(lane: Lane) -> Coroutine[Any, Any, Any]:
            versions[lane.namespace] += 1
            change = {"spec": {"version": f"0.1.{versions[lane.namespace]}"}}
            return lane.patch("arcade", change)

        async def ended(lane: Lane, wanted: list[str]) -> None:
            await lane.ends_as(wanted, "arcade", f"0.1.{versions[lane.namespace]}")

        await asyncio.gather(*map(installed, tracks))
        first = tracks[0]
        wanted = await first.end("arcade")
        first.begin("arcade")
        await upgrade(first)
        await first.settled("arcade")
        await ended(first, wanted)
        ledger = Ledger([plain(write) for write in first.proxy.writes])

        async def again(lane: Lane, at: At) -> Write | None:
            """Each begins where the one before ended, which was the same as without a crash."""
            keys = await lane.keys("arcade")
            before = await ends.revisions(server, lane.namespace, "arcade")
            write = await lane.crash("arcade", at, side, lambda: upgrade(lane))
            await ended(lane, wanted)
            assert lane.doubled() == {}
            assert await lane.keys("arcade") == keys
            rolled = await ends.revisions(server, lane.namespace, "arcade")
            assert rolled == {role: count + 1 for role, count in before.items()}
            return write

        await every(tracks, ledger, again)
        ledger.whole()


@pytest.mark.timeout(400)
async def test_a_board_comes_up_under_an_operator_that_is_killed_again_and_again(
    server: Upstream, images: dict[str, str]
) -> None:
    """With real pods and the managed stores. Each life is six writes longer than the one before."""
    env = {f"SCOREBOARD_OPERATOR_{of.upper()}_IMAGE": at for of, at in images.items()}
    async with (
        namespace(server, "crash") as space,
        proxied(server) as proxy,
        replica(proxy, space, **env) as process,
    ):
        lane = Lane(server, Pods(server, space), proxy, process)
        lives = 0

        async def strike(write: Write) -> None:
            nonlocal lives
            if write.number > 3 * (lives + 1) * (lives + 2):  # 6, 18, 36, ...
                lives += 1
                process.kill()
                raise Cut

        lane.begin("arcade")
        proxy.before = strike
        await process.start()
        process.keep()
        await lane.create(a_board("arcade"))
        await lane.settled("arcade", 300)

        print(f"{len(proxy.writes)} writes in {process.starts} lives")
        assert process.starts > 4
        assert lane.doubled() == {}
        assert len(lane.keys_written("arcade")) == 1
        assert set((await ends.revisions(server, space, "arcade")).values()) == {1}
