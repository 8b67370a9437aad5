"""What the tests of local mode share: processes below a process, starts that fail."""

import asyncio
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.e2e.instance import Instance, children, exists, until

from scoreboard_runtime.local.player import Player

NOBODY = 65534


def descendants(pid: int) -> list[int]:
    """Every process below, to any depth."""
    found = children(pid)
    return found + [below for child in found for below in descendants(child)]


async def gone(pids: list[int]) -> None:
    await until(lambda: not [pid for pid in pids if exists(pid)], "every process is gone", 15)


async def scored(instance: Instance, player: Player) -> int:
    """The score after one action."""
    reply = await player.execute("level")
    job = await player.job(reply.body["jobId"], wait=10)
    score: int = job.body["result"]["score"]
    return score


async def refused(*arguments: str, folder: Path, **more: Any) -> tuple[int, str]:
    """Exit status and error text of a start that fails, in a folder that must stay as it is."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "scoreboard_runtime", "local", *arguments,
        stderr=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.DEVNULL, cwd=folder, **more,
    )  # fmt: skip
    async with asyncio.timeout(30):
        _, said = await process.communicate()
    assert process.returncode is not None
    assert b"Traceback" not in said
    return process.returncode, said.decode()


@contextmanager
def given_to(user: int, path: Path) -> Iterator[Path]:
    """A folder of that user's for the time of the block."""
    path.mkdir(mode=0o755)
    os.chown(path, user, user)
    yield path
