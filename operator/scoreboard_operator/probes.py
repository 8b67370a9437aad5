"""Liveness that is true: the operator must hear its own heartbeat through the watch.

The Lease is renewed every two seconds; its events come the same way as a Scoreboard's. A process
that acts and has not heard one for a minute is blind, and is ended by its liveness probe, if kopf
does not open its silent streams anew before (handlers.py says after how long).
"""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web

from scoreboard_operator import metrics
from scoreboard_operator.lease import Lease
from scoreboard_operator.metrics import CONTENT_TYPE, Telemetry

LIVE, READY, METRICS = "/health/live", "/health/ready", "/metrics"
STUCK_SECONDS = 60.0  # the loop that asks for the Lease has stopped


class Probes:
    """What the kubelet and Prometheus ask. `blind`: so long without a heartbeat is too long."""

    def __init__(self, telemetry: Telemetry, lease: Lease, blind: float) -> None:
        self._telemetry, self._lease, self._blind = telemetry, lease, blind
        self._acting = False
        self._heard = time.monotonic()
        telemetry.child(metrics.LEADER).set(0)

    def acts(self) -> None:
        """The Lease is ours; from now on the heartbeat must be heard."""
        self._acting = True
        self._heard = time.monotonic()
        self._telemetry.child(metrics.LEADER).set(1)

    def beat(self) -> None:
        self._heard = time.monotonic()

    def age(self) -> float:
        """Seconds since the heartbeat was heard; 0 while standing by."""
        return time.monotonic() - self._heard if self._acting else 0.0

    def fault(self) -> str:
        """Why this process should be ended; empty if it should not."""
        if self.age() > self._blind:
            return f"the watch has shown nothing for {self._blind:g} s"
        if time.monotonic() - self._lease.tried_at > STUCK_SECONDS:
            return "the lease is not asked for any more"
        return ""

    def unready(self) -> str:
        """Why it could not act if it had to; empty if it could."""
        answered = self._lease.answered_at
        if answered is None or time.monotonic() - answered > STUCK_SECONDS:
            return "the API server does not say who holds the lease; the log says why"
        return self.fault()

    async def live(self, _: web.Request) -> web.Response:
        """200 while it goes on by itself, 503 with the reason to end it."""
        return self._answer(self.fault())

    async def ready(self, _: web.Request) -> web.Response:
        """200 while it can act or stand by, 503 with the reason."""
        return self._answer(self.unready())

    def _answer(self, fault: str) -> web.Response:
        role = "leader" if self._acting else "standby"
        body = {"status": "unavailable" if fault else "ok", "role": role, "why": fault}
        return web.json_response(body, status=503 if fault else 200)

    async def scrape(self, _: web.Request) -> web.Response:
        """OpenMetrics text."""
        return web.Response(
            body=self._telemetry.exposition(), headers={"Content-Type": CONTENT_TYPE}
        )


@asynccontextmanager
async def serving(probes: Probes, host: str, port: int) -> AsyncIterator[None]:
    """Answers health and metrics for the time of the block."""
    app = web.Application()
    app.add_routes(
        [
            web.get(LIVE, probes.live),
            web.get(READY, probes.ready),
            web.get(METRICS, probes.scrape),
        ]
    )
    runner = web.AppRunner(app, access_log=None, handle_signals=False)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
        yield
    finally:
        await runner.cleanup()
