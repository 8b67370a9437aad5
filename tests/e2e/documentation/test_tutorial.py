"""docs/tutorial.md, steps 2 and 4 to 6, as printed, in a clone; step 1 and 3 are README's roads."""

import json
import os
import re
import signal
from pathlib import Path

import aiohttp
import pytest
from tests.e2e.instance import command_of, until
from tests.e2e.local.local import descendants
from tests.e2e.local.newcomer import ROOT, Started, block, clone, shell, started

from scoreboard_client import Scoreboard, ScoreboardError
from scoreboard_runtime.local.player import Player

PAGE = ROOT / "docs/tutorial.md"
FREE_PORTS = "--port 0"  # what the page leaves out
pytestmark = pytest.mark.timeout(240)


async def steps_2_and_4(place: Path) -> str:
    """The guest, who played twice; the manifest is copied and has another action after it."""
    async with started(f'make run ARGS="{FREE_PORTS}"', place) as board:
        said = [json.loads(await shell(board.request, place)) for _ in range(2)]
        assert said[0].keys() == json.loads(block(PAGE, "jobId")[0]).keys()
        assert (said[0]["status"], said[1]["code"]) == ("queued", "COOLDOWN")
        (copy,) = block(PAGE, "cp examples")
        assert await shell(copy, place) == ""
        manifest = place / copy.split()[-1]
        (action,) = block(PAGE, "find_secret")
        manifest.write_text(manifest.read_text().replace("  actions:\n", f"  actions:\n{action}\n"))
        await board.ctrl_c()
    guest = json.loads((place / ".scoreboard/arcade/guest.json").read_text())
    return str(guest["username"])


async def the_new_action(board: Started, guest: str) -> None:
    """Every score is still there, and find_secret is worth 333, once an hour."""
    async with Scoreboard(board.after("page").rstrip("/")) as program:
        shown = await program.standings(limit=100)
        assert guest in {entry.username for entry in shown.entries}
        await program.login("Ada of the tutorial", "a long and private sentence", register=True)
        job = await program.wait(await program.execute("find_secret"))
        assert (job.result.points if job.result else 0) == 333
        with pytest.raises(ScoreboardError) as again:
            await program.execute("find_secret")
        assert again.value.code == "COOLDOWN"
        assert 3500 < (again.value.retry_after or 0) <= 3600


async def step_5(board: Started) -> None:
    """The admin is made by the page's command, without a terminal to ask, and may do what it says."""
    (create,) = block(PAGE, "create-user")
    made = await shell(create, board.place)
    password = re.search(r"^password: (\S+) ", made, re.MULTILINE)
    assert password, made
    async with aiohttp.ClientSession() as http:
        ada = Player(http, board.after("page").rstrip("/"), create.split()[-3], password[1])
        assert (await ada.login()).status == 200
        assert (await ada.get("/api/admin/overview")).status == 200


async def step_6(board: Started) -> None:
    """The pattern of the page, but only among this board's own: others may run on this machine."""
    (pattern,) = re.findall(r"`pkill -9 -f '([^']+)'`", PAGE.read_text())

    def found() -> list[int]:
        below = descendants(board.process.pid)
        return [pid for pid in below if re.search(pattern, " ".join(command_of(pid)))]

    (worker,) = found()
    os.kill(worker, signal.SIGKILL)
    await until(lambda: len(found()) == 1 and worker not in found(), "it is started again")
    async with Scoreboard(board.after("page").rstrip("/")) as program:
        await program.login("Ada of the tutorial", "a long and private sentence")
        job = await program.wait(await program.execute("collect_coins", data={"coins": 7}))
        assert (job.result.score if job.result else 0) == 333 + 14


async def test_the_tutorial_goes_on_as_it_says(folder: Path):
    place = clone(folder)
    guest = await steps_2_and_4(place)
    (command,) = block(PAGE, "local mine.yaml")
    async with started(f"{command} {FREE_PORTS}", place) as board:
        await the_new_action(board, guest)
        await step_5(board)
        await step_6(board)
