"""What is for eyes: demo players, and what local mode prints."""

import asyncio
import shutil
import sys
from contextlib import suppress

import pytest
from tests.e2e.instance import a_manifest, running, until
from tests.e2e.lacking import lacks

from scoreboard_runtime.local.banner import with_curl, with_python
from scoreboard_runtime.local.demo import NAMES


async def test_demo_players_sign_in_and_score(tmp_path):
    async with running(tmp_path, a_manifest(), "--demo") as instance:

        async def names() -> set[str]:
            async with instance.http.get(f"{instance.url}/api/scoreboard") as answer:
                return {entry["username"] for entry in (await answer.json())["entries"]}

        await until(lambda: _most(names), "most of ten are there")
        assert await names() <= set(NAMES)


async def _most(names) -> bool:
    return len(await names()) >= 5


@pytest.mark.parametrize("tool", ["curl", "python"])
async def test_the_signed_request_works_when_pasted_and_pasted_again(tmp_path, tool):
    if tool == "curl" and not (shutil.which("curl") and shutil.which("openssl")):
        lacks("curl or openssl is not installed; the Python line is printed instead")
    async with running(tmp_path, a_manifest()) as instance:
        ann = await instance.player()
        make = with_curl if tool == "curl" else with_python
        key = ann.session["session"]["signingKey"]
        line = make(instance.url, ann.session["token"], key, '{"action":"quiz"}')

        assert "\n" not in line
        assert b'"status":"queued"' in await _shell(line)

        async def done() -> bool:
            return b'"code":"ALREADY_COMPLETED"' in await _shell(line)

        await until(done, "a rejection is shown, not a traceback")


async def _shell(line: str) -> bytes:
    shell = await asyncio.create_subprocess_shell(line, stdout=asyncio.subprocess.PIPE)
    said, _ = await shell.communicate()
    return said


async def test_what_is_printed_works(tmp_path):
    shutil.copy("examples/arcade.yaml", tmp_path)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "scoreboard_runtime", "local", str(tmp_path / "arcade.yaml"),
        "--port", "0", "--ephemeral", stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    printed: list[str] = []
    try:
        async with asyncio.timeout(30):
            while not printed or "Ctrl-C" not in printed[-1]:
                printed.append((await process.stdout.readline()).decode())
        places = {words[0]: words[1] for line in printed if len(words := line.split()) == 2}
        request = next(line for line in printed if "X-Signature" in line)

        assert {"page", "console", "API", "docs", "socket", "data"} <= set(places)
        assert b'"status":"queued"' in await _shell(request)
    finally:
        with suppress(ProcessLookupError):
            process.terminate()
        rest = await process.stdout.read()
        await process.wait()
    assert b"nothing is left running" in rest
