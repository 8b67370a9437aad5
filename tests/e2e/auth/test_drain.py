"""How a gateway leaves: not ready first, serving on, then gone when its connections are."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
from tests.e2e.auth.site import Place, Site
from tests.e2e.broadcaster.servers import free_port
from tests.e2e.instance import until

from scoreboard_runtime.contract import endpoints

GRACE = 6.0


@asynccontextmanager
async def a_process(place: Place) -> AsyncIterator[tuple[asyncio.subprocess.Process, str]]:
    """A gateway as a cluster runs it, and its address."""
    port = free_port()
    told = {
        endpoints.ENV_PORT: str(port),
        endpoints.ENV_METRICS_PORT: str(free_port()),
        endpoints.ENV_DRAIN_SECONDS: str(GRACE),
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable, *("-m", "scoreboard_runtime", "gateway"),
        env={**os.environ, **place.environment, **told},
        stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        yield process, f"http://127.0.0.1:{port}"
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def status_of(http: aiohttp.ClientSession, url: str) -> int:
    try:
        async with http.get(url) as answer:
            return answer.status
    except aiohttp.ClientError:
        return 0


async def test_a_gateway_that_leaves_is_not_ready_first_and_serves_until_its_callers_are_gone(
    place: Place, site: Site
) -> None:
    ann = await site.signed_in("ann")
    async with a_process(place) as (process, url), aiohttp.ClientSession() as http:

        async def is_ready() -> bool:
            return await status_of(http, f"{url}/health/ready") == 200

        await until(is_ready, "the gateway is ready")
        process.send_signal(signal.SIGTERM)

        async def is_draining() -> bool:
            async with http.get(f"{url}/health/ready") as answer:
                found = await answer.json()
                assert found["draining"] is (answer.status == 503)
                return answer.status == 503

        await until(is_draining, "it says that it drains")
        there = site.elsewhere(ann, url)
        for _ in range(5):
            reply = await there.execute("level")
            assert (reply.status, reply.headers["Connection"]) == (202, "close")
        await asyncio.wait_for(process.wait(), GRACE / 2)
        assert process.returncode == 0


async def test_a_connection_that_a_balancer_keeps_for_later_does_not_hold_a_gateway(
    place: Place, site: Site
) -> None:
    async with a_process(place) as (process, url), aiohttp.ClientSession() as http:

        async def is_live() -> bool:
            return await status_of(http, f"{url}/health/live") == 200

        await until(is_live, "the gateway serves and the connection stays")
        process.send_signal(signal.SIGTERM)

        await asyncio.wait_for(process.wait(), GRACE / 2)
        assert process.returncode == 0
        assert site.url


async def test_a_caller_that_never_leaves_holds_a_gateway_for_its_grace_and_no_longer(
    place: Place, site: Site
) -> None:
    async with a_process(place) as (process, url), aiohttp.ClientSession() as http:

        async def is_live() -> bool:
            return await status_of(http, f"{url}/health/live") == 200

        await until(is_live, "the gateway serves")
        port = int(url.rpartition(":")[2])
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"POST /api/auth/login HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n")
        process.send_signal(signal.SIGTERM)

        await asyncio.wait_for(process.wait(), GRACE + 10)
        assert process.returncode == 0
        writer.close()
        assert site.url
