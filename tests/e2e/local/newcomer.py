"""A clone of this checkout's HEAD, as who comes new has it, and what is started there."""

import asyncio
import os
import re
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.e2e.local.local import descendants, gone

ROOT = Path(__file__).parents[3]
LAST_LINE = "Ctrl-C stops everything"


def clone(folder: Path) -> Path:
    """The clone, in which nothing is left to install: the programs are those that run this test,
    the code is the clone's (`surroundings`)."""
    place = folder / "scoreboard"
    subprocess.run(["git", "clone", "-q", "--local", ROOT, place], check=True)
    (place / ".venv").mkdir()
    (place / ".venv/bin").symlink_to(Path(sys.executable).parent)
    (place / ".venv/.local").touch()  # newer than pyproject.toml: make takes it for installed
    return place


def surroundings(place: Path) -> dict[str, str]:
    """The environment of commands there. A make that runs this test tells its children nothing."""
    ours = os.pathsep.join(str(place / folder) for folder in ("runtime", "operator"))
    kept = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    return {**kept, "PYTHONPATH": ours}


def block(page: Path, around: str) -> list[str]:
    """The lines of the only block of the page that has this text."""
    found = re.findall(r"^```\w*\n(.*?)^```", page.read_text(), re.MULTILINE | re.DOTALL)
    (text,) = [each for each in found if around in each]
    return str(text).splitlines()


async def shell(line: str, place: Path) -> str:
    """What a line prints, pasted into another shell there."""
    process = await asyncio.create_subprocess_shell(
        line, cwd=place, env=surroundings(place),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    said, _ = await process.communicate()
    return said.decode()


@dataclass(slots=True)
class Started:
    """A board in a terminal of its own, and the lines that it printed."""

    process: asyncio.subprocess.Process
    place: Path
    lines: list[str] = field(default_factory=list)

    def after(self, word: str) -> str:
        """What stands behind a word in the list of places."""
        (found,) = [line.split()[1] for line in self.lines if line.startswith(f"  {word} ")]
        return found

    @property
    def request(self) -> str:
        """The line to paste."""
        (found,) = [line for line in self.lines if "X-Signature" in line]
        return found

    async def ctrl_c(self) -> str:
        """As a terminal does it: to every process of the foreground. What it says, once all is gone."""
        below = descendants(self.process.pid)
        os.killpg(self.process.pid, signal.SIGINT)
        assert self.process.stdout is not None
        rest = await self.process.stdout.read()
        await self.process.wait()
        await gone(below)
        return rest.decode()


@asynccontextmanager
async def started(command: str, place: Path) -> AsyncIterator[Started]:
    """A command of the docs, run until it has printed its last line, and interrupted at the end."""
    process = await asyncio.create_subprocess_shell(
        f"exec {command}", cwd=place, env=surroundings(place), start_new_session=True,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    assert process.stdout is not None
    board = Started(process, place)
    try:
        async with asyncio.timeout(60):
            while not board.lines or not board.lines[-1].startswith(LAST_LINE):
                line = await process.stdout.readline()
                assert line, "\n".join(["it ended after", *board.lines])
                board.lines.append(line.decode().rstrip("\n"))
        yield board
    finally:
        if process.returncode is None:
            await board.ctrl_c()
        process._transport.close()  # type: ignore[attr-defined]  # asyncio leaves it open
