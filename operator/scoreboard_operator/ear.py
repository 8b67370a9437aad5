"""kopf, in a thread and an event loop of its own.

kopf takes the process's signals where it can, and at its end cancels every task of its loop that it
did not find at its start, ours too. Nobody waits for kopf's end for ever: it gives up when an API
that it watches has gone, and cancels only once, which Python 3.11 may swallow.
"""

import asyncio
import contextlib
import threading
from collections.abc import Callable, Collection, Mapping
from typing import Any

import kopf

from scoreboard_operator import handlers
from scoreboard_operator.workqueue import Key

Loop = asyncio.AbstractEventLoop
CANCEL_EVERY, CANCEL_TIMES = 2.0, 5  # the first is usually enough
NAME = "kopf"


class Deaf(Exception):
    """kopf ended unasked; the cause is its cause."""


async def hear(
    add: Callable[[Key], None],
    beat: Callable[[Mapping[str, Any]], None],
    crds: Callable[[], None],
    *,
    namespaces: Collection[str],
    lease: str,
) -> None:
    """Calls these, in the caller's loop, of what happens, until cancelled. Raises Deaf.

    `namespaces`: none are all of them; then `crds` is called when a CRD of ours comes or goes.
    """
    ours, its = asyncio.get_running_loop(), asyncio.new_event_loop()
    stop, ended = asyncio.Event(), asyncio.Event()
    failed: list[BaseException] = []

    def soon(call: Callable[..., None], *arguments: Any, loop: Loop = ours) -> None:
        with contextlib.suppress(RuntimeError):  # the loop has ended: nobody is interested
            loop.call_soon_threadsafe(call, *arguments)

    registry = handlers.registry(
        lambda key: soon(add, key),
        lambda meta: soon(beat, meta),
        None if namespaces else lambda: soon(crds),
    )

    def run() -> None:
        try:
            with asyncio.Runner(loop_factory=lambda: its) as runner:
                runner.run(_kopf(registry, stop, namespaces, lease))
        except BaseException as error:
            failed.append(error)
        finally:
            soon(ended.set)

    # A daemon: the process's end does not wait for it.
    threading.Thread(target=run, name=NAME, daemon=True).start()
    try:
        await ended.wait()
    finally:
        soon(stop.set, loop=its)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CANCEL_EVERY * CANCEL_TIMES):
                await ended.wait()
    raise Deaf(str(failed[0] if failed else "kopf ended")) from (failed[0] if failed else None)


async def _kopf(
    registry: kopf.OperatorRegistry,
    stop: asyncio.Event,
    namespaces: Collection[str],
    lease: str,
) -> None:
    told = kopf.OperatorSettings()
    handlers.configure(told, lease=lease)
    try:
        tasks = await kopf.spawn_tasks(
            registry=registry,
            settings=told,
            standalone=True,
            clusterwide=not namespaces,
            namespaces=sorted(namespaces),
            stop_flag=stop,
        )
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        await _end()


async def _end() -> None:
    """Cancels every other task of this loop until none is left, or never mind."""
    left = asyncio.all_tasks() - {asyncio.current_task()}
    for _ in range(CANCEL_TIMES):
        for task in left:
            task.cancel()
        if left:
            _, left = await asyncio.wait(left, timeout=CANCEL_EVERY)
        left = asyncio.all_tasks() - {asyncio.current_task()}
        if not left:
            return
