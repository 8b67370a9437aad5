"""A process that is kept running: started, watched, started again with backoff, stopped in time."""

import asyncio
import contextlib
import os
import random
import signal
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from scoreboard_runtime.local.child import preparation
from scoreboard_runtime.rules import retry

STEADY = 3.0  # seconds of life after which a death is a first one again
LONGEST = 1.0  # seconds to the next start
MOST_LOG = 16 * 1024 * 1024


class ServiceFailed(Exception):
    """A process does not come up; the text ends with what it said last."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """What to run and how it ends."""

    name: str
    command: Sequence[str]
    log: Path
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    folder: Path | None = None
    uid: int | None = None
    keep_reading: bool = False
    stop_signal: signal.Signals = signal.SIGTERM
    death_signal: signal.Signals = signal.SIGTERM
    inherited: Sequence[int] = ()


class Service:
    """One Program. Between `start` and `stop` a process that dies is started again."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.process: asyncio.subprocess.Process | None = None
        self.starts = 0
        self._keeper: asyncio.Task[None] | None = None

    @property
    def pid(self) -> int:
        return self.process.pid if self.process is not None else 0

    async def _spawn(self) -> asyncio.subprocess.Process:
        program = self.program
        if program.log.exists() and program.log.stat().st_size > MOST_LOG:
            program.log.replace(program.log.with_suffix(".old.log"))
        descriptor = os.open(program.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            process = await asyncio.create_subprocess_exec(
                *program.command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=descriptor,
                stderr=descriptor,
                env=dict(program.environment),
                cwd=program.folder,
                pass_fds=tuple(program.inherited),
                preexec_fn=preparation(
                    program.death_signal, uid=program.uid, keep_reading=program.keep_reading
                ),
            )
        finally:
            os.close(descriptor)
        self.starts += 1
        return process

    async def start(self) -> None:
        self.process = await self._spawn()
        self._keeper = asyncio.create_task(self._keep())

    async def _keep(self) -> None:
        failures = 0
        while self.process is not None:
            born = time.monotonic()
            await self.process.wait()
            failures = 1 if time.monotonic() - born > STEADY else failures + 1
            await asyncio.sleep(min(LONGEST, retry.delay(failures, random.random())))
            self.process = await self._spawn()

    def tail(self, lines: int = 12) -> str:
        """The end of its log."""
        try:
            with self.program.log.open("rb") as file:
                file.seek(max(0, self.program.log.stat().st_size - 8192))
                return "\n".join(file.read().decode(errors="replace").splitlines()[-lines:])
        except OSError:
            return "(no log)"

    def kill(self) -> None:
        """SIGKILL; the keeper starts it again."""
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError):
                self.process.send_signal(signal.SIGKILL)

    async def stop(self, grace: float = 10.0) -> None:
        """Ends it; after `grace` seconds with SIGKILL to its whole session."""
        keeper, self._keeper = self._keeper, None
        if keeper is not None:
            keeper.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await keeper
        process, self.process = self.process, None
        if process is None or process.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(self.program.stop_signal)
        try:
            await asyncio.wait_for(process.wait(), grace)
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            await process.wait()
