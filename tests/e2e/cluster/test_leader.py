"""Two replicas: one acts, the other takes over; who lost the Lease writes nothing any more."""

import asyncio
import signal
import time
from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from tests.e2e.cluster.lanes import Lane, doubled, pair
from tests.e2e.cluster.proxy import Cut, Upstream, Write
from tests.e2e.cluster.quick import board
from tests.e2e.instance import until

from scoreboard_operator import kinds

LEASE = "scoreboard-operator"
Pair = tuple[Lane, Lane]


@pytest.fixture
async def two(server: Upstream) -> AsyncIterator[Pair]:
    """The first leads, the second has read that."""
    async with pair(server) as (first, second):
        await first.replica.start()
        await first.leads()
        await second.replica.start()
        await until(lambda: "standing_by" in second.replica.told(), "it stands by")
        yield first, second


def written(lanes: Pair) -> list[Write]:
    return [write for lane in lanes for write in lane.proxy.writes]


async def test_exactly_one_of_two_replicas_acts(two: Pair) -> None:
    first, second = two

    await first.create(board("arcade"))
    await first.settled("arcade")

    assert await second.role() == "standby"
    assert second.proxy.writes == []
    assert (await second.replica.health())["code"] == 200


async def test_a_killed_leader_is_succeeded_in_20_seconds_and_nothing_is_created_twice(
    two: Pair,
) -> None:
    first, second = two
    await first.create(board("whole"))
    await first.settled("whole")
    wanted = await first.end("whole")

    struck = await _killed_in_the_middle(first, 12)
    began = time.monotonic()
    await second.leads()
    took = time.monotonic() - began
    await second.settled("arcade")

    print(f"taken over in {took:.1f} s")
    assert took < 20
    assert struck.status == 0
    await second.ends_as(wanted, "arcade")
    assert doubled(written(two)) == {}
    assert first.keys_written("arcade") | second.keys_written("arcade") == first.keys_written(
        "arcade"
    )


async def _killed_in_the_middle(leader: Lane, number: int) -> Write:
    """An install whose n-th write does not reach the server any more."""
    struck: list[Write] = []

    async def strike(write: Write) -> None:
        if write.number == number:
            leader.replica.kill()
            struck.append(write)
            raise Cut

    leader.begin("arcade")
    leader.proxy.before = strike
    await leader.create(board("arcade"))
    await leader.replica.ended()
    return struck[0]


async def test_a_leader_that_is_told_to_end_gives_the_lease_away(two: Pair) -> None:
    first, second = two

    first.replica.send(signal.SIGTERM)
    assert await first.replica.ended() == 0
    began = time.monotonic()
    await second.leads()

    assert time.monotonic() - began < 5
    assert "lease_released" in first.replica.told()


async def test_a_leader_stopped_in_the_middle_wakes_up_as_nobody(two: Pair) -> None:
    """Its next write was on its lips, the answer to the last one waited in its socket, and a renewal
    of the Lease was under way."""
    first, second = two
    writing, awake = asyncio.Event(), asyncio.Event()

    async def wait(write: Write) -> None:
        if write.number == 10:
            writing.set()
            await stopped.wait()

    async def stop(request: web.BaseRequest) -> None:
        if request.method == "PUT" and writing.is_set():
            first.replica.send(signal.SIGSTOP)
            stopped.set()
            await awake.wait()
            raise Cut

    stopped = asyncio.Event()
    first.begin("arcade")
    first.proxy.before, first.proxy.trouble = wait, stop
    await first.create(board("arcade"))
    await second.leads()
    await second.settled("arcade")

    awake.set()
    first.replica.send(signal.SIGCONT)
    assert await first.replica.ended() == 1

    assert "lease_lost" in first.replica.told()
    assert len(first.proxy.writes) == 10
    assert doubled(written(two)) == {}


async def test_a_leader_whose_lease_was_taken_ends_and_writes_nothing_more(two: Pair) -> None:
    first, _ = two
    await first.create(board("arcade"))
    await first.settled("arcade")
    path = kinds.LEASE.path(first.namespace, LEASE)

    await first.server.call("PATCH", path, {"spec": {"holderIdentity": "somebody"}})
    assert await first.replica.ended() == 1

    count = len(first.proxy.writes)
    await first.patch("arcade", {"spec": {"version": "0.1.1"}})
    assert len(first.proxy.writes) == count
    assert "somebody holds it" in first.replica.told()


async def test_somebody_who_edits_the_lease_takes_nothing_from_the_leader(two: Pair) -> None:
    """Between its look and its write, which then is a conflict."""
    first, _ = two
    path = kinds.LEASE.path(first.namespace, LEASE)
    edited = asyncio.Event()

    async def edit(request: object) -> None:
        if getattr(request, "method", "") == "PUT" and not edited.is_set():
            edited.set()
            await first.server.call("PATCH", path, {"metadata": {"annotations": {"seen": "by me"}}})

    async def renewed() -> bool:
        lease = await first.server.find(kinds.LEASE, first.namespace, LEASE)
        return lease["metadata"].get("annotations") and lease["spec"]["renewTime"] > since

    since = (await first.server.find(kinds.LEASE, first.namespace, LEASE))["spec"]["renewTime"]
    first.proxy.trouble = edit
    await edited.wait()
    await until(renewed, "the leader renews it")

    assert first.replica.runs
    assert await first.role() == "leader"
