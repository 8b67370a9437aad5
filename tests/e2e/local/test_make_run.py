"""README's first and third road, as who comes new walks them: in a clone, with what it prints."""

import asyncio
import json
import os
import re
import shlex
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
from tests.e2e.instance import until
from tests.e2e.lacking import lacks
from tests.e2e.local.newcomer import Started, block, clone, shell, started

HOME = "/home/ada/scoreboard"  # of README
NO_NETWORK = "Could not find a version|Temporary failure|Max retries|No matching distribution"
pytestmark = pytest.mark.timeout(240)


@pytest.fixture
async def run(folder: Path) -> AsyncIterator[Started]:
    """README's two commands, on free ports."""
    place = clone(folder)
    first, second = block(place / "README.md", "$ git clone")
    assert first.endswith(f" && cd {place.name}")
    command = second.removeprefix("$ ")
    assert command == "make run"
    async with started(f'{command} ARGS="--port 0"', place) as board:
        yield board


def alike(lines: list[str], home: str) -> list[str]:
    """Without ports and paths; what gets ready at the same time in one order."""
    shown = [re.sub(r"(127\.0\.0\.1):\d+", r"\1:PORT", line.replace(home, HOME)) for line in lines]
    shown = [re.sub(r"^(B='\S+'; T=\$\(date \+%s\)000; ).*", r"\1...", line) for line in shown]
    # Three stores, then three roles.
    return shown[:1] + sorted(shown[1:4]) + sorted(shown[4:7]) + shown[7:]


async def test_the_first_road_prints_what_the_readme_shows_and_it_is_there(run: Started):
    shown = block(run.place / "README.md", "The console asks")
    assert alike(run.lines, str(run.place)) == alike(shown, HOME)

    pages = [run.after(name) for name in ("page", "console", "API", "docs")]
    (metrics,) = [line.split()[1:] for line in run.lines if line.startswith("  metrics ")]
    async with aiohttp.ClientSession() as http:
        for url in (*pages, *metrics):
            async with http.get(url) as answer:
                assert answer.status == 200, url
        async with http.ws_connect(run.after("socket"), protocols=["scoreboard.v1"]) as socket:
            assert socket.protocol == "scoreboard.v1"
    assert Path(run.after("data")).is_dir()


async def scores(board: Started) -> dict[str, int]:
    async with (
        aiohttp.ClientSession() as http,
        http.get(board.after("API"), params={"limit": 100}) as answer,
    ):
        return {entry["username"]: entry["score"] for entry in (await answer.json())["entries"]}


async def test_ctrl_c_stops_everything_and_the_next_start_finds_every_score_again(run: Started):
    guest = json.loads((run.place / ".scoreboard/arcade/guest.json").read_text())["username"]
    assert json.loads(await shell(run.request, run.place))["status"] == "queued"

    async def is_shown() -> bool:
        return (await scores(run)).get(guest) == 100

    await until(is_shown, "the guest is on the board")
    before = await scores(run)

    said = await run.ctrl_c()

    assert said.split("\n")[:3] == ["", "stopping", "stopped; nothing is left running"]
    async with started('make run ARGS="--port 0"', run.place) as again:
        assert "database ready" in again.lines, "nothing is left to migrate"
        after = await scores(again)
        assert {name for name in before if after.get(name, 0) < before[name]} == set()


async def test_the_third_road_installs_the_client_and_plays(run: Started):
    readme = run.place / "README.md"
    install, play = block(readme, "pip install")[0], block(readme, "play.py")
    said = await shell(install.removeprefix("$ "), run.place)
    if re.search(NO_NETWORK, said):
        lacks("no network: the client cannot be installed as README says")
    program = "\n".join(block(readme, "import asyncio"))
    url = run.after("page").rstrip("/")
    assert 'Scoreboard("http://127.0.0.1:8080")' in program
    (run.place / "play.py").write_text(program.replace("http://127.0.0.1:8080", url))

    command = shlex.split(play[0].removeprefix("$ "))
    process = await asyncio.create_subprocess_exec(
        command[0], "-u", *command[1:], cwd=run.place, stdout=asyncio.subprocess.PIPE,
        env={name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
    )  # fmt: skip
    assert process.stdout is not None, said
    async with asyncio.timeout(30):
        printed = [(await process.stdout.readline()).decode().rstrip("\n") for _ in range(2)]
    process.kill()
    await process.wait()
    process._transport.close()  # type: ignore[attr-defined]  # asyncio leaves it open

    # Who plays beside it decides the rank, and who is first with how much.
    assert without_luck(printed[0]) == without_luck(play[1])
    one = r"\(\d+, '[^']+', \d+\)"
    assert re.fullmatch(rf"\[{one}(, {one})*\]", printed[1])
    assert re.fullmatch(rf"\[{one}(, {one})*, \.\.\.", play[2])


def without_luck(line: str) -> str:
    return re.sub(r"\brank=\d+", "rank=N", line)
