"""docs/how-to/sign.md: every program on the page does a signed action on a real board."""

import asyncio
import json
import os
import re
import shutil
import sys
from pathlib import Path

import pytest
from tests.e2e.instance import a_manifest, running
from tests.e2e.lacking import lacks

PAGE = Path(__file__).parents[3] / "docs/how-to/sign.md"
COINS = {"name": "collect_coins", "points": {"field": "coins", "each": 2, "max": 500}}
# The name of the block's language: file, and what runs it.
PROGRAMS = {
    "python": ("sign.py", [sys.executable]),
    "js": ("sign.mjs", ["node"]),
    "go": ("sign.go", ["go", "run"]),
    "sh": ("sign.sh", ["sh", "-eu"]),
}


def blocks() -> dict[str, str]:
    found = re.findall(r"^```(\w+)\n(.*?)^```", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    return dict(found)


@pytest.mark.timeout(300)
async def test_every_program_of_the_page_signs_an_action(tmp_path: Path):
    there = {name: program for name, program in PROGRAMS.items() if shutil.which(program[1][0])}
    if shutil.which("curl") is None or shutil.which("openssl") is None:
        del there["sh"]
    assert blocks().keys() == PROGRAMS.keys()
    async with running(tmp_path, a_manifest(actions=[COINS])) as instance:
        ann = await instance.player()
        environment = {
            **os.environ, "URL": instance.url, "TOKEN": ann.session["token"],
            "KEY": ann.session["session"]["signingKey"],
        }  # fmt: skip
        for name, (file, command) in there.items():
            (tmp_path / file).write_text(blocks()[name])
            process = await asyncio.create_subprocess_exec(
                *command, file, cwd=tmp_path, env=environment,
                stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
            )  # fmt: skip
            said, _ = await process.communicate()
            assert process.returncode == 0, (name, said)
            answer = json.loads(said)
            assert "jobId" in answer, (name, answer)
            job = await ann.job(answer["jobId"], wait=10)
            assert job.body["result"]["points"] == 14, name
        history = (await ann.get("/api/users/me/history")).body["items"]
        assert len(history) == len(there)
    missing = sorted(PROGRAMS.keys() - there.keys())
    if missing:
        lacks(f"not here, so not run: {', '.join(missing)}; the others passed")
