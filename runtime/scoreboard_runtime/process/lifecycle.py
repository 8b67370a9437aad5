"""The life of a role: start in order, serve, drain on SIGTERM, stop in reverse."""

import asyncio
import contextlib
import gc
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager

import structlog
import uvloop
from aiohttp import web

from scoreboard_runtime.process.health import Health
from scoreboard_runtime.process.serving import dismiss, listening
from scoreboard_runtime.process.settings import Settings
from scoreboard_runtime.process.telemetry import configure_logs

log = structlog.get_logger()


async def end(tasks: Sequence[asyncio.Future[object]]) -> None:
    """Cancels until all are over: before Python 3.12 `wait_for` may swallow a cancellation."""
    left = set(tasks)
    while left:
        for task in left:
            task.cancel()
        _, left = await asyncio.wait(left, timeout=1.0)


@asynccontextmanager
async def running(*loops: Awaitable[object]) -> AsyncIterator[None]:
    """Runs the loops as tasks for the time of the block; one that fails ends the process."""
    tasks = [asyncio.ensure_future(loop) for loop in loops]

    def failed(task: asyncio.Future[object]) -> None:
        if not task.cancelled() and task.exception() is not None:
            log.critical("loop_failed", exc_info=task.exception())
            os.kill(os.getpid(), signal.SIGTERM)

    for task in tasks:
        task.add_done_callback(failed)
    try:
        yield
    finally:
        await end(tasks)


Start = Callable[[Settings, AsyncExitStack], Awaitable[tuple[web.Application, Health]]]
Drain = Callable[[], Awaitable[None]]


async def _parent_gone(pid: int) -> None:
    """Returns when the process that started this one is gone (a second guard beside PDEATHSIG)."""
    while os.getppid() == pid:
        await asyncio.sleep(1.0)


LEAD = 0.1  # of the grace: so long new callers still come, since balancers hear of it late


async def _left(runner: web.AppRunner, seconds: float, drain: Drain | None) -> None:
    """Serves on until the connections are gone or the grace ends; it is not ready any more."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            if drain is not None:
                await drain()
            else:
                await asyncio.sleep(seconds * LEAD)
                dismiss(runner)
            while runner.server is not None and runner.server.connections:
                await asyncio.sleep(0.02)


def _calm_collector() -> None:
    """What was made at start lives on: it need not be looked at again, and a full collection over
    thousands of sockets would hold the loop, so collections are rarer."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)


async def _serve(settings: Settings, start: Start, drain: Drain | None) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, stop.set)
    async with AsyncExitStack() as stack:
        app, health = await start(settings, stack)
        await stack.enter_async_context(running(health.watch()))
        await stack.enter_async_context(
            listening(
                health.metrics_app(), settings.metrics_fd, settings.host, settings.metrics_port
            )
        )
        runner = await stack.enter_async_context(
            listening(app, settings.listen_fd, settings.host, settings.port)
        )
        _calm_collector()
        log.info("started", port=settings.port, pid=os.getpid())
        waits: list[asyncio.Future[object]] = [asyncio.ensure_future(stop.wait())]
        if settings.parent_pid:
            waits.append(asyncio.ensure_future(_parent_gone(settings.parent_pid)))
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        health.draining = True
        log.info("draining", seconds=settings.drain_seconds)
        await _left(runner, settings.drain_seconds, drain)
    log.info("stopped")


def run(settings: Settings, start: Start, drain: Drain | None = None) -> None:
    """Runs a role until SIGTERM or SIGINT."""
    configure_logs(settings.role, settings.log_level)
    uvloop.run(_serve(settings, start, drain))
