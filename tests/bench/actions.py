"""Accepted actions against bare aiohttp; and what one action costs over all processes."""

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from tests.bench.host import cores, cpu_seconds, pin
from tests.bench.load import Load, Outcome, Session
from tests.bench.pairing import Figure, paired, ratios
from tests.bench.rig import Rig, a_floor, a_rig

MOST = 30_000  # requests of a block: what the queue's shards hold while the worker stands still


async def loaded(
    port: int, seconds: float, sessions: list[Session], spent: Callable[[], float]
) -> tuple[Outcome, float]:
    """Load on the second core, and the CPU seconds that it cost where `spent` looks."""
    count = MOST if sessions else 0
    async with Load(port, seconds, cores()[1], sessions, count) as load:
        before = spent()
        outcome = await load.run()
        return outcome, spent() - before


@asynccontextmanager
async def _pinned() -> AsyncIterator[tuple[Rig, int, int]]:
    """A rig and a bare server (pid, port), the gateway and the bare one on the first core."""
    first, second = cores()
    async with a_rig() as rig, a_floor("post") as (pid, port):
        pin(rig.everything(), second)
        pin([pid, *rig.role("gateway")], first)
        yield rig, pid, port


async def accept(pairs: int, seconds: float) -> list[Figure]:
    """Signed actions, accepted and durable, per gateway core."""
    rates: dict[str, list[float]] = {"product": [], "bare": []}
    async with _pinned() as (rig, pid, port):

        async def bare() -> float:
            outcome, cpu = await loaded(port, seconds, [], lambda: cpu_seconds([pid]))
            rates["bare"].append(outcome.good / outcome.seconds)
            return outcome.good / cpu

        async def product() -> float:
            with rig.held("worker"):
                outcome, cpu = await loaded(
                    rig.port, seconds, rig.sessions, lambda: rig.cpu("gateway")
                )
            rates["product"].append(outcome.good / outcome.seconds)
            await rig.settled(outcome.good)
            return outcome.good / cpu

        found = await paired(bare, product, pairs)
        rows, agree = await rig.ledger()
    if rows != rig.accepted or not agree:
        raise AssertionError(f"void: {rig.accepted} accepted, {rows} in the ledger, agree: {agree}")
    walls = tuple(p / b for p, b in zip(rates["product"], rates["bare"], strict=True))
    note = f"{rig.accepted:,} accepted, each in the ledger once"
    return [
        Figure("accepted actions per gateway core-second / bare aiohttp POST", ratios(found),
               "≥ 0.65", note=note),
        Figure("the same by the clock, the queue and the load sharing the other core", walls),
    ]  # fmt: skip


async def cost(pairs: int, seconds: float) -> list[Figure]:
    """CPU of every process of ours and of the stores, from POST to frame."""
    parts: dict[str, list[float]] = {}
    async with (
        a_rig() as rig,
        a_floor("post") as (pid, port),
        await rig.instance.socket() as socket,
    ):
        await socket.send_json({"type": "subscribe", "channel": "scoreboard"})
        names = {name: rig.role(name) for name in ("gateway", "worker", "broadcaster")}
        for name, store in (
            ("postgres", rig.postgres), ("queue", rig.queue), ("cache", rig.cache),
        ):  # fmt: skip
            assert store.service is not None
            names[name] = [store.service.pid]

        def spent() -> dict[str, float]:
            known = {name: cpu_seconds(pids) for name, pids in names.items() if name != "postgres"}
            return {
                **known,
                "postgres": cpu_seconds(rig.servers()) - known["queue"] - known["cache"],
            }

        async def bare() -> float:
            outcome, cpu = await loaded(port, seconds, [], lambda: cpu_seconds([pid]))
            return 1e6 * cpu / outcome.good

        async def product() -> float:
            before, started = spent(), time.monotonic()
            outcome, _ = await loaded(rig.port, seconds, rig.sessions, lambda: 0.0)
            await rig.settled(outcome.good)
            assert time.monotonic() > started
            costs = {
                name: 1e6 * (now - before[name]) / outcome.good for name, now in spent().items()
            }
            for name, micros in costs.items():
                parts.setdefault(name, []).append(micros)
            return sum(costs.values())

        found = await paired(bare, product, pairs)
    split = ", ".join(f"{name} {sorted(v)[len(v) // 2]:.0f}" for name, v in parts.items())
    return [
        Figure("CPU per action over all processes, POST to frame", tuple(p for _, p in found),
               "≤ 140 µs", " µs", split),
        Figure("the same in bare aiohttp POSTs", ratios(found), "≤ 2.9"),
    ]  # fmt: skip
