"""How full the stores are, told by every worker: gauges of which the largest is as good as any."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping

import structlog

from scoreboard_runtime.contract import metrics
from scoreboard_runtime.process.telemetry import Telemetry
from scoreboard_runtime.stores.errors import StoreUnavailable
from scoreboard_runtime.stores.usage import UNKNOWN, Usage

log = structlog.get_logger()
EVERY = 10.0  # seconds; less than the 15 between two scrapes

Ask = Callable[[], Awaitable[Usage]]


async def measure(telemetry: Telemetry, dependency: str, ask: Ask) -> None:
    """Once. A server that does not answer, or will not say, is as full as nobody knows."""
    try:
        found = await ask()
    except StoreUnavailable as error:
        log.debug("usage_not_read", dependency=dependency, why=str(error))
        found = UNKNOWN
    for metric, value in (
        (metrics.STORE_CONNECTIONS, found.connections),
        (metrics.STORE_CONNECTIONS_LIMIT, found.connections_limit),
        (metrics.STORE_BYTES, found.bytes),
        (metrics.STORE_BYTES_LIMIT, found.bytes_limit),
    ):
        telemetry.gauge(metric, dependency, to=value)


async def watch(telemetry: Telemetry, stores: Mapping[str, Ask]) -> None:
    """All of them, for ever."""
    while True:
        await asyncio.gather(*(measure(telemetry, name, ask) for name, ask in stores.items()))
        await asyncio.sleep(EVERY)
