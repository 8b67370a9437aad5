"""Liveness and readiness: a loop asks each dependency once a second, the routes say what it saw.

Readiness is flow 10's chain: database, Redis, then external dependencies. An external one alone
makes the answer `partial`, and the gateway halves its global budget while that lasts.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import orjson
from aiohttp import web

from scoreboard_runtime.contract import endpoints, metrics
from scoreboard_runtime.process.telemetry import CONTENT_TYPE, Telemetry

INTERVAL = 1.0
TIMEOUT = 2.0
OK, PARTIAL, UNAVAILABLE = "ok", "partial", "unavailable"


@dataclass(slots=True)
class Dependency:
    """One thing a role needs. `check` raises when it does not answer; `external` ones only reduce
    traffic; `required=False` ones are shown and counted and change nothing."""

    name: str
    check: Callable[[], Awaitable[object]]
    external: bool = False
    required: bool = True
    up: bool = False
    latency: float = 0.0
    why: str = "not asked yet"


def verdict(dependencies: list[Dependency]) -> str:
    """ok, partial or unavailable."""
    down = [item for item in dependencies if not item.up and item.required]
    if any(not item.external for item in down):
        return UNAVAILABLE
    return PARTIAL if down else OK


@dataclass(slots=True)
class Health:
    """What this process knows of its dependencies and of itself."""

    telemetry: Telemetry
    dependencies: list[Dependency]
    alive: Callable[[], bool] = field(default=lambda: True)
    draining: bool = False
    reduced: bool = False  # as of the last asking; read with every request

    @property
    def status(self) -> str:
        return UNAVAILABLE if self.draining else verdict(self.dependencies)

    async def ask(self, item: Dependency) -> None:
        started = time.monotonic()
        try:
            async with asyncio.timeout(TIMEOUT):
                await item.check()
            item.up, item.why = True, ""
        except Exception as error:
            # The type alone: a message may hold an address with a password in it.
            item.up, item.why = False, type(error).__name__
        item.latency = time.monotonic() - started
        if item.up:
            self.telemetry.observe(metrics.DEPENDENCY_CHECK, item.name, seconds=item.latency)
        self.reduced = verdict(self.dependencies) == PARTIAL
        self.telemetry.gauge(metrics.DEPENDENCY_UP, item.name, to=1.0 if item.up else 0.0)

    async def watch(self) -> None:
        """Asks every dependency, for ever."""
        while True:
            await asyncio.gather(*(self.ask(item) for item in self.dependencies))
            await asyncio.sleep(INTERVAL)

    async def live(self, _: web.Request) -> web.Response:
        """GET /health/live: 200 while this process can make progress."""
        alive = self.alive()
        return web.json_response(
            {"status": OK if alive else UNAVAILABLE}, status=200 if alive else 503
        )

    async def ready(self, request: web.Request) -> web.Response:
        """GET /health/ready: 200 ok, 503 unavailable, 503 partial (200 with ?partial=ok)."""
        status = self.status
        tolerant = request.query.get("partial") == "ok"
        good = status == OK or (status == PARTIAL and tolerant)
        body = {
            "status": status,
            "draining": self.draining,
            "checks": {
                item.name: {
                    "status": OK if item.up else UNAVAILABLE,
                    "latencyMs": round(item.latency * 1000, 2),
                    **({} if item.up else {"error": item.why}),
                }
                for item in self.dependencies
            },
        }
        headers = {} if good else {"Retry-After": "1"}
        return web.Response(
            body=orjson.dumps(body),
            status=200 if good else 503,
            headers=headers,
            content_type="application/json",
        )

    async def scrape(self, _: web.Request) -> web.Response:
        """GET /metrics: OpenMetrics text."""
        return web.Response(
            body=self.telemetry.exposition(), headers={"Content-Type": CONTENT_TYPE}
        )

    def routes(self) -> list[web.RouteDef]:
        return [web.get(endpoints.LIVE, self.live), web.get(endpoints.READY, self.ready)]

    def metrics_app(self) -> web.Application:
        """The application of the metrics port; it answers health too."""
        app = web.Application()
        app.add_routes([*self.routes(), web.get(endpoints.METRICS, self.scrape)])
        return app
