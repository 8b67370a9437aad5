"""Frames to everybody: CPU against the raw asyncio floor, and time to the last of them."""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import orjson
from tests.bench.audience import Audience, Heard
from tests.bench.host import cores, cpu_seconds, pin
from tests.bench.pairing import Figure, paired
from tests.bench.rig import Rig, a_floor, a_rig
from tests.e2e.instance import until

from scoreboard_runtime.local.player import Player

AUDIENCE = 2_000
RATE = 20  # frames a second to each of them
WINDOW = 0.1  # seconds between two versions of the board at realtime.maxRate 10
PER_SECOND = 50  # actions
Done = list[tuple[float, str, int]]


async def _players(rig: Rig, count: int) -> list[Player]:
    return [await rig.instance.player() for _ in range(count)]


@asynccontextmanager
async def _playing(players: list[Player], scores: dict[str, int]) -> AsyncIterator[Done]:
    """An open loop of signed actions: (when it was due, user, score after it) of each.

    `scores` is what the players have, and is brought forward.
    """
    done: Done = []

    async def act(player: Player, due: float) -> None:
        after = scores[player.user_id] = scores.get(player.user_id, 0) + 100
        reply = await player.execute("level")
        assert reply.status == 202, reply.body
        done.append((due, player.user_id, after))

    async def play() -> None:
        due, running = time.monotonic(), set()
        while True:
            for player in players:
                due += 1 / PER_SECOND
                await asyncio.sleep(max(0.0, due - time.monotonic()))
                task = asyncio.create_task(act(player, due))
                running.add(task)
                task.add_done_callback(running.discard)

    task = asyncio.create_task(play())
    try:
        yield done
    finally:
        task.cancel()


async def _cost(audience: Audience, pid: int, seconds: float) -> tuple[float, Heard]:
    """CPU microseconds of a process for each frame that came."""
    before, spent = await audience.tell(), cpu_seconds([pid])
    await asyncio.sleep(seconds)
    after, spent = await audience.tell(), cpu_seconds([pid]) - spent
    return 1e6 * spent / (after.frames - before.frames), after


async def fanout(pairs: int, seconds: float) -> list[Figure]:
    """The same frame to 2,000 sockets, the same number of times a second."""
    first, second = cores()
    async with a_rig(players=0, realtime={"maxRate": RATE}) as rig:
        pin(rig.everything(), second)
        (broadcaster,) = rig.role("broadcaster")
        pin([broadcaster], first)
        port = int(str(rig.instance.ready["websocket"]).split(":")[2].partition("/")[0])
        players = await _players(rig, 10)
        async with Audience(port, "/ws", AUDIENCE, second) as audience:
            async with _playing(players, {}):
                _, heard = await _cost(audience, broadcaster, 1.0)
            size = str(heard.size)
            async with (
                a_floor("fanout", str(RATE), size) as (pid, floor_port),
                Audience(floor_port, "/", AUDIENCE, second) as raw,
            ):
                pin([pid], first)
                os.kill(pid, signal.SIGSTOP)

                async def floor() -> float:
                    os.kill(pid, signal.SIGCONT)
                    try:
                        return (await _cost(raw, pid, seconds))[0]
                    finally:
                        os.kill(pid, signal.SIGSTOP)  # it must not send while the other is measured

                async def product() -> float:
                    async with _playing(players, {}):
                        return (await _cost(audience, broadcaster, seconds))[0]

                found = await paired(floor, product, pairs)
    ratios = tuple(ceiling / cost for ceiling, cost in found)
    note = f"{AUDIENCE:,} sockets, {RATE} frames of {size} B a second to each"
    return [
        Figure("deliveries per broadcaster core-second / raw uvloop transport.write", ratios,
               "≥ 0.9", note=note),
        Figure("CPU per delivery", tuple(cost for _, cost in found), unit=" µs"),
    ]  # fmt: skip


def _delays(done: Done, heard: Heard) -> list[float]:
    """From due to the last subscriber, for each action, in seconds."""
    whole = [v for _, v in sorted(heard.versions.items()) if v.count == AUDIENCE]
    shown = [
        (v.last, {e["userId"]: e["score"] for e in orjson.loads(v.payload)["entries"]})
        for v in whole
    ]
    delays = []
    for due, user, score in done:
        seen = [last for last, board in shown if board.get(user, 0) >= score]
        if seen:
            delays.append(min(seen) - due)
    return delays


async def latency(pairs: int, seconds: float) -> list[Figure]:
    """POST to the last of 2,000 subscribers, in conflation windows."""
    worst: list[float] = []
    middle: list[float] = []
    async with a_rig(players=0, realtime={"maxRate": round(1 / WINDOW)}) as rig:
        port = int(str(rig.instance.ready["websocket"]).split(":")[2].partition("/")[0])
        players, scores = await _players(rig, 10), dict[str, int]()
        for _ in range(pairs):
            async with Audience(port, "/ws", AUDIENCE, cores()[1]) as audience:
                async with _playing(players, scores) as done:
                    await asyncio.sleep(seconds)
                delays: list[float] = []

                async def shown(
                    delays: list[float] = delays, audience: Audience = audience, done: Done = done
                ) -> bool:
                    delays[:] = sorted(_delays(done, await audience.tell()))
                    return len(delays) == len(done)

                await until(shown, "every action came to everybody", 10.0)
            worst.append(delays[int(len(delays) * 0.99)] / WINDOW)
            middle.append(delays[len(delays) // 2] / WINDOW)
    note = f"{PER_SECOND} actions a second, {AUDIENCE:,} sockets, window {WINDOW * 1000:.0f} ms"
    return [
        Figure("POST to the last subscriber, p99, in conflation windows", tuple(worst), "≤ 1.5",
               note=note),
        Figure("the same, p50", tuple(middle)),
    ]  # fmt: skip
