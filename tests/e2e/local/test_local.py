"""Local mode as its user meets it: starting, stopping, being killed, starting again, refusing."""

import asyncio
import os
import shutil
import signal
import sys
from pathlib import Path

import pytest
from tests.e2e.instance import (
    Instance,
    a_manifest,
    children,
    command_of,
    exists,
    running,
    start,
    until,
)

from scoreboard_runtime.local.banner import _with_curl, _with_python
from scoreboard_runtime.local.player import Player

SERVICES = ("gateway", "worker", "broadcaster", "queue", "cache", "postgres")


def descendants(pid: int) -> list[int]:
    """Every process below, to any depth."""
    found = children(pid)
    return found + [below for child in found for below in descendants(child)]


async def gone(pids: list[int]) -> None:
    await until(lambda: not [pid for pid in pids if exists(pid)], "every process is gone", 15)


async def scored(instance: Instance, player: Player) -> int:
    reply = await player.execute("level")
    return (await player.job(reply.body["jobId"], wait=10)).body["result"]["score"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
async def test_whatever_stops_the_parent_nothing_is_left_and_nothing_is_lost(tmp_path, number):
    data = ("--data-dir", str(tmp_path / "data"))
    async with running(tmp_path, a_manifest(), *data) as instance:
        ann = await instance.player("Ann Lee")
        assert await scored(instance, ann) == 100
        below = descendants(instance.process.pid)
        assert len(below) >= len(SERVICES)

        instance.process.send_signal(number)
        await instance.process.wait()
        await gone(below)

    async with running(tmp_path, a_manifest(), *data) as again:
        ann.url, ann.http = again.url, again.http
        board = (await ann.get("/api/scoreboard")).body
        assert [(e["username"], e["score"]) for e in board["entries"]] == [("Ann Lee", 100)]
        assert (await ann.login()).status == 200
        assert await scored(again, ann) == 200


async def test_a_second_instance_on_the_same_data_is_refused(tmp_path):
    data = ("--data-dir", str(tmp_path / "data"))
    async with running(tmp_path, a_manifest(), *data) as instance:
        code, said = await refused(str(tmp_path / "manifest.yaml"), "--port", "0", *data)

        assert code == 2
        assert f"in use by process {instance.process.pid}" in said


@pytest.mark.parametrize("name", SERVICES)
async def test_whatever_dies_is_started_again(tmp_path, name):
    async with running(tmp_path, a_manifest()) as instance:
        ann = await instance.player()
        assert await scored(instance, ann) == 100
        dead = instance.kill(name)

        await until(lambda: instance.pid(name) not in (0, dead), f"{name} is there again")

        async def accepted() -> bool:
            try:
                reply = await ann.execute("level")
            except OSError:
                return False
            return reply.status == 202

        await until(accepted, "actions are accepted")


async def refused(*arguments: str) -> tuple[int, str]:
    """Exit status and error text of a start that fails."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "scoreboard_runtime", "local", *arguments,
        stderr=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    async with asyncio.timeout(30):
        _, said = await process.communicate()
    assert process.returncode is not None
    return process.returncode, said.decode()


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        pytest.param(["nowhere.yaml"], "cannot read the manifest", id="no such file"),
        pytest.param(["BAD"], "spec.actions: is required", id="a manifest with a fault"),
        pytest.param(["GOOD", "--ephemeral", "--data-dir", "x"], "leave --data-dir out", id="flags"),
        pytest.param(["GOOD", "--cache-url", "redis://x"], "goes with --redis-url", id="half a store"),
        pytest.param(["GOOD", "--database-url", "postgresql://127.0.0.1:1/x"], "cannot connect", id="no Postgres"),
        pytest.param(["GOOD", "--redis-url", "redis://127.0.0.1:1"], "cannot connect", id="no Redis"),
        pytest.param(["GOOD", "--port", "TAKEN"], "choose another with --port", id="a port that is taken"),
    ],
)  # fmt: skip
async def test_what_can_not_start_says_what_to_do(tmp_path: Path, arguments, text):
    good, bad = tmp_path / "good.yaml", tmp_path / "bad.yaml"
    shutil.copy("examples/arcade.yaml", good)
    bad.write_text(good.read_text().replace("actions:", "actionz:"))
    server = await asyncio.start_server(lambda r, w: None, "127.0.0.1", 0)
    taken = server.sockets[0].getsockname()[1]
    words = {"GOOD": str(good), "BAD": str(bad), "TAKEN": str(taken)}
    port = [] if "--port" in arguments else ["--port", "0"]
    keep = [] if "--ephemeral" in arguments else ["--data-dir", str(tmp_path / "data")]

    code, said = await refused(*(words.get(word, word) for word in arguments), *port, *keep)

    server.close()
    assert code == 2
    assert text in said
    assert "Traceback" not in said


@pytest.mark.parametrize("tool", ["curl", "python"])
async def test_the_signed_request_works_when_pasted(tmp_path, tool):
    if tool == "curl" and not (shutil.which("curl") and shutil.which("openssl")):
        pytest.skip("curl or openssl is not installed; the Python line is printed instead")
    async with running(tmp_path, a_manifest()) as instance:
        ann = await instance.player()
        make = _with_curl if tool == "curl" else _with_python
        key = ann.session["session"]["signingKey"]
        line = make(instance.url, ann.session["token"], key, '{"action":"level"}')

        for _ in range(2):
            shell = await asyncio.create_subprocess_shell(line, stdout=asyncio.subprocess.PIPE)
            said, _ = await shell.communicate()
            assert b'"status":"queued"' in said


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
async def test_it_runs_for_a_user_who_is_not_root(tmp_path):
    home = Path("/tmp") / f"scoreboard-test-{os.getpid()}"
    home.mkdir(mode=0o755)
    os.chown(home, 65534, 65534)
    manifest = home / "manifest.yaml"
    shutil.copy("examples/arcade.yaml", manifest)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "scoreboard_runtime", "local", str(manifest), "--port", "0", "--json",
        "--data-dir", str(home / "data"), stdout=asyncio.subprocess.PIPE, user=65534, group=65534,
        env={**os.environ, "HOME": str(home), "PYTHONDONTWRITEBYTECODE": "1"},
    )  # fmt: skip
    assert process.stdout is not None
    try:
        line = await asyncio.wait_for(process.stdout.readline(), 30)
        if not line:
            pytest.skip("this checkout or this Python is not readable by another user")
        assert b'"event":"ready"' in line
        below = descendants(process.pid)
        process.terminate()
        await process.wait()
        await gone(below)
    finally:
        if process.returncode is None:
            process.kill()
        shutil.rmtree(home, ignore_errors=True)


async def test_data_below_a_folder_that_others_can_not_enter(tmp_path):
    hidden = tmp_path / "hidden"
    hidden.mkdir(mode=0o700)
    process, ready = await start(tmp_path, a_manifest(), "--data-dir", str(hidden / "data"))
    owner = [pid for pid in children(process.pid) if command_of(pid)[0].endswith("/postgres")]
    process.terminate()
    await process.wait()

    assert owner
    assert ready["dataDir"] == str(hidden / "data")
