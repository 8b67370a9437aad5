"""A process beside the benchmark, on a core of its own, that is spoken to by a pipe."""

import asyncio
import multiprocessing
import os
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any, Self


def _run(work: Callable[..., None], core: int, pipe: Connection, *arguments: Any) -> None:
    os.sched_setaffinity(0, {core})
    work(pipe, *arguments)


class Child:
    """`async with Child(core, work, ...)`: entered when `work(pipe, ...)` has sent its first word.

    `work` is a function of a module, for the process imports it anew.
    """

    def __init__(self, core: int, work: Callable[..., None], *arguments: Any) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, other = context.Pipe()
        self._process = context.Process(
            target=_run, args=(work, core, other, *arguments), daemon=True
        )

    async def __aenter__(self) -> Self:
        self._process.start()
        await asyncio.to_thread(self._pipe.recv)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._process.terminate()
        await asyncio.to_thread(self._process.join)

    async def ask(self, what: str) -> Any:
        """Its answer to a word."""
        self._pipe.send(what)
        return await asyncio.to_thread(self._pipe.recv)
