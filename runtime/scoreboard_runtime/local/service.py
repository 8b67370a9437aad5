"""A process that is kept running: started, watched, started again with backoff, stopped in time."""

import asyncio
import contextlib
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from scoreboard_runtime.local.child import preparation
from scoreboard_runtime.rules import retry

STEADY = 3.0  # seconds of life after which a death is a first one again
LONGEST = 1.0  # seconds to the next start
MOST_LOG = 16 * 1024 * 1024  # and as much of what was before
LOG_INTERVAL = 5.0


class ServiceFailed(Exception):
    """A process does not come up; the text ends with what it said last."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """What to run and how it ends."""

    name: str
    command: Sequence[str]
    log: Path | None  # None: what it says is said by us
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    folder: Path | None = None
    user: tuple[int, int] | None = None  # uid and gid to become
    capability: int | None = None  # what that user keeps of root's
    stop_signal: signal.Signals = signal.SIGTERM
    death_signal: signal.Signals = signal.SIGTERM
    inherited: Sequence[int] = ()


async def spawn(program: Program) -> asyncio.subprocess.Process:
    """Starts it once; what it says goes to the end of its log. Raises ServiceFailed."""
    descriptor = (
        os.dup(sys.stdout.fileno())
        if program.log is None
        else os.open(program.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    )
    try:
        return await asyncio.create_subprocess_exec(
            *program.command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=descriptor,
            stderr=descriptor,
            env=dict(program.environment),
            cwd=program.folder,
            pass_fds=tuple(program.inherited),
            preexec_fn=preparation(
                program.death_signal, user=program.user, capability=program.capability
            ),
        )
    except OSError as error:
        raise ServiceFailed(f"cannot run {program.command[0]}: {error.strerror}") from None
    except subprocess.SubprocessError:
        # All that is known of a fault between fork and exec: there is no such user to become.
        raise ServiceFailed(
            f"cannot run {program.name} as user {program.user}; start scoreboard as a user who is "
            "not root, or give a server with --database-url"
        ) from None
    finally:
        os.close(descriptor)


class Service:
    """One Program. Between `start` and `stop` a process that dies is started again."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.process: asyncio.subprocess.Process | None = None
        self.starts = 0
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def pid(self) -> int:
        return self.process.pid if self.process is not None else 0

    async def start(self) -> None:
        """Raises ServiceFailed."""
        self.process = await spawn(self.program)
        self.starts += 1
        self._tasks = [asyncio.create_task(self._keep())]
        if self.program.log is not None:
            self._tasks.append(asyncio.create_task(self._trim(self.program.log)))

    async def _keep(self) -> None:
        failures = 0
        while self.process is not None:
            born = time.monotonic()
            await self.process.wait()
            failures = 1 if time.monotonic() - born > STEADY else failures + 1
            await asyncio.sleep(min(LONGEST, retry.delay(failures, random.random())))
            with contextlib.suppress(ServiceFailed, OSError):
                self.process = await spawn(self.program)
                self.starts += 1

    async def _trim(self, log: Path) -> None:
        while True:
            await asyncio.sleep(LOG_INTERVAL)
            with contextlib.suppress(OSError):
                await asyncio.to_thread(trim, log)

    def tail(self, lines: int = 12) -> str:
        """The end of its log."""
        if self.program.log is None:
            return "(see above)"
        try:
            with self.program.log.open("rb") as file:
                file.seek(max(0, self.program.log.stat().st_size - 8192))
                return "\n".join(file.read().decode(errors="replace").splitlines()[-lines:])
        except OSError:
            return "(no log)"

    def kill(self) -> None:
        """SIGKILL; it is started again."""
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError):
                self.process.send_signal(signal.SIGKILL)

    async def stop(self, grace: float = 10.0, number: signal.Signals | None = None) -> None:
        """Ends it, by `number` or its own signal; after `grace` seconds its whole session."""
        tasks, self._tasks = self._tasks, []
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        process, self.process = self.process, None
        if process is None or process.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(number or self.program.stop_signal)
        try:
            await asyncio.wait_for(process.wait(), grace)
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            await process.wait()


def trim(log: Path, most: int = MOST_LOG) -> None:
    """A long log becomes `<name>.old.log`; whoever appends to it goes on at its new start."""
    if log.stat().st_size > most:
        shutil.copyfile(log, log.with_suffix(".old.log"))
        os.truncate(log, 0)
