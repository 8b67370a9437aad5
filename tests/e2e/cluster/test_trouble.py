"""Trouble with the API server: refusals, silence, streams that end. It goes on, or ends and comes back."""

import asyncio
import os
import re
import signal
import subprocess
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web
from tests.e2e.cluster import clusters
from tests.e2e.cluster.lanes import Lane, lane
from tests.e2e.cluster.proxy import Cut, Upstream, is_watch, refusal
from tests.e2e.cluster.quick import board
from tests.e2e.instance import until

RETRY_AFTER = 3


@asynccontextmanager
async def ready(server: Upstream) -> AsyncIterator[Lane]:
    """With a board called arcade, ready."""
    async with lane(
        server,
        "trouble",
        SCOREBOARD_OPERATOR_RESYNC_SECONDS="2",
        SCOREBOARD_OPERATOR_BLIND_SECONDS="6",
    ) as found:
        await found.replica.start()
        await found.create(board("arcade"))
        await found.settled("arcade")
        found.begin("arcade")
        yield found


@pytest.fixture
async def installed(server: Upstream) -> AsyncIterator[Lane]:
    async with ready(server) as found:
        yield found


async def upgraded(found: Lane, wanted: list[str]) -> None:
    await found.settled("arcade")
    await found.ends_as(wanted, "arcade", "0.2.0")
    assert found.doubled() == {}


async def upgrade(found: Lane) -> None:
    await found.patch("arcade", {"spec": {"version": "0.2.0"}})


async def test_requests_that_are_refused_now_and_then_delay_an_upgrade_and_break_nothing(
    server: Upstream,
) -> None:
    """Three operators beside each other. An operator that ends is started again."""
    async with asyncio.TaskGroup() as group:
        for status in (429, 500, None):
            group.create_task(refused(server, status))


async def refused(server: Upstream, status: int | None) -> None:
    """Every third request, the Lease's as well, for 6 s. None: the connection ends."""
    asked, ends_at = Counter[str](), 0.0

    async def refuse(request: web.BaseRequest) -> web.StreamResponse | None:
        asked["all"] += 1
        if time.monotonic() > ends_at or asked["all"] % 3:
            return None
        asked["refused"] += 1
        if status is None:
            raise Cut
        return refusal(
            status, "TooManyRequests" if status == 429 else "InternalError", Retry_After="1"
        )

    async with ready(server) as found:
        wanted, ends_at = await found.end("arcade"), time.monotonic() + 6
        found.proxy.trouble = refuse
        found.replica.keep()
        await upgrade(found)
        await upgraded(found, wanted)

    print(f"{status}: {asked['refused']} of {asked['all']} refused, {found.replica.starts} starts")
    assert asked["refused"] > 3


async def test_retry_after_is_obeyed(server: Upstream) -> None:
    looks: list[float] = []

    async def refuse(request: web.BaseRequest) -> web.StreamResponse | None:
        if not request.path.endswith("/scoreboards/arcade") or len(looks) > 2:
            return None
        looks.append(time.monotonic())
        return refusal(429, "TooManyRequests", Retry_After=str(RETRY_AFTER))

    async with lane(server, "trouble") as found:
        found.proxy.trouble = refuse
        await found.replica.start()
        await found.create(board("arcade"))
        await until(lambda: len(looks) > 2, "three looks", 60)
        await found.settled("arcade")

    assert looks[1] - looks[0] >= RETRY_AFTER
    assert looks[2] - looks[1] >= RETRY_AFTER


async def test_an_api_server_that_is_away_ends_the_leader_and_is_found_again(
    installed: Lane,
) -> None:
    """Whoever cannot renew its Lease must not act: it ends, its next start waits and goes on."""
    found = installed
    wanted = await found.end("arcade")

    await found.proxy.stop()
    assert await found.replica.ended(60) == 1
    assert "not renewed within 10 s" in found.replica.told()
    await upgrade(found)
    await found.replica.start()
    await until(lambda: "lease_not_read" in found.replica.told(), "it asks for the Lease", 60)
    assert (await found.replica.health())["code"] == 200
    await found.proxy.start()

    await upgraded(found, wanted)
    assert found.replica.starts == 2


async def test_streams_that_end_in_the_middle_are_opened_again(installed: Lane) -> None:
    found = installed
    wanted = await found.end("arcade")

    await upgrade(found)
    for _ in range(5):
        await until(lambda: found.proxy.streams > 5, "it watches", 60)
        found.proxy.cut()

    await upgraded(found, wanted)
    assert found.replica.starts == 1


async def test_streams_whose_past_is_gone_begin_anew(installed: Lane) -> None:
    """410: the server does not know any more what happened since."""
    found, told = installed, set[str]()
    wanted = await found.end("arcade")
    expired = {
        "kind": "Status",
        "status": "Failure",
        "reason": "Expired",
        "code": 410,
        "metadata": {},
    }

    async def gone(request: web.BaseRequest) -> web.StreamResponse | None:
        if not is_watch(request) or request.path in told:
            return None
        told.add(request.path)
        return web.json_response({"type": "ERROR", "object": {**expired, "message": "too old"}})

    found.proxy.trouble = gone
    found.proxy.cut()
    await upgrade(found)
    await until(lambda: len(told) > 5, "it watches anew", 60)

    await upgraded(found, wanted)
    assert found.replica.starts == 1


async def test_an_operator_that_hears_nothing_says_so_although_it_can_write(
    installed: Lane,
) -> None:
    found = installed
    wanted = await found.end("arcade")

    found.proxy.silent = True

    async def blind() -> bool:
        return (await found.replica.health()).get("code") == 503

    await until(blind, "liveness fails", 60)
    assert (await found.replica.health())["why"] == "the watch has shown nothing for 6 s"
    await upgrade(found)
    await found.settled("arcade", 240)  # by resync alone
    assert await blind()
    found.replica.kill()  # as the kubelet does
    await found.replica.ended()
    found.proxy.silent = False
    await found.replica.start()

    async def well() -> bool:
        found_well = await found.replica.health()
        return found_well.get("code") == 200 and found_well["role"] == "leader"

    await until(well, "liveness is true", 60)
    await upgraded(found, wanted)


@pytest.mark.last
@pytest.mark.skipif(
    not os.environ.get("SCOREBOARD_TEST_RESTART_API_SERVER"),
    reason="ends the API server of everybody: ask with SCOREBOARD_TEST_RESTART_API_SERVER=1",
)
async def test_a_restarted_api_server_is_found_again(installed: Lane, kubeconfig: Path) -> None:
    if not clusters.is_onenode(kubeconfig):
        pytest.skip("only onenode's API server can be killed")
    found = installed
    listed = subprocess.run(["ps", "-eo", "pid,args"], capture_output=True, text=True, check=True)
    # kube-proxy too, because `up` writes its config anew, at which a running one ends.
    pids = re.findall(r"^ *(\d+) kube-(?:apiserver|proxy) ", listed.stdout, re.MULTILINE)
    assert len(pids) == 2

    async def gone() -> bool:
        return not any(Path("/proc", pid).exists() for pid in pids)

    found.replica.keep()
    for pid in pids:
        os.kill(int(pid), signal.SIGKILL)
    await until(gone, "they are gone, for `up` starts nothing that it still sees", 60)
    up = [clusters.ONENODE / "up"]
    await asyncio.to_thread(subprocess.run, up, check=True, capture_output=True, timeout=120)
    await found.leads(120)
    await upgrade(found)

    await found.settled("arcade", 240)  # other controllers begin anew too: the end is not compared
