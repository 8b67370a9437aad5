"""Local mode as its user meets it: starting, stopping, being killed, starting again."""

import asyncio
import signal
import sys

import orjson
import pytest
from tests.e2e.instance import a_manifest, running, until
from tests.e2e.local.local import descendants, gone, refused, scored

SERVICES = ("gateway", "worker", "broadcaster", "queue", "cache", "postgres")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
async def test_whatever_stops_the_parent_nothing_is_left_and_nothing_is_lost(tmp_path, number):
    data = ("--data-dir", str(tmp_path / "data"), "--demo")
    async with running(tmp_path, a_manifest(), *data) as instance:
        ann = await instance.player("Ann Lee")
        assert await scored(instance, ann) == 100
        await until(lambda: instance.pid("gateway"), "the gateway is there")
        below = descendants(instance.process.pid)
        assert len(below) > len(SERVICES)

        instance.process.send_signal(number)
        assert await instance.process.wait() == (-9 if number == signal.SIGKILL else 0)
        await gone(below)

    async with running(tmp_path, a_manifest(), *data) as again:
        ann.url, ann.http = again.url, again.http
        me = await ann.get("/api/scoreboard/me")
        assert me.body["entries"][me.body["rank"] - 1]["score"] == 100
        assert await scored(again, ann) == 200  # with the token of before


async def test_ephemeral_leaves_no_file(tmp_path):
    async with running(tmp_path, a_manifest()) as instance:
        folder = instance.folder
        assert (folder / "postgres" / "data").is_dir()

    assert not folder.exists()


async def test_a_second_instance_on_the_same_data_is_refused_and_touches_nothing(tmp_path):
    data = ("--data-dir", str(tmp_path / "data"))
    elsewhere = tmp_path / "elsewhere"
    (elsewhere / "work").mkdir(parents=True)
    async with running(tmp_path, a_manifest(), *data) as instance:
        ann = await instance.player()
        manifest = str(tmp_path / "manifest.yaml")

        code, said = await refused(manifest, "--port", "0", *data, folder=elsewhere)

        assert code == 2
        assert f"in use by process {instance.process.pid}" in said
        assert (elsewhere / "work").is_dir()  # it once took the working directory for its own
        assert await scored(instance, ann) == 100
        assert (await ann.execute("level")).status == 202


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


async def test_a_signal_while_it_starts_leaves_nothing(tmp_path):
    data = tmp_path / "data"
    manifest = tmp_path / "manifest.yaml"
    manifest.write_bytes(orjson.dumps(a_manifest()))
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "scoreboard_runtime", "local", str(manifest),
        "--port", "0", "--json", "--data-dir", str(data),
    )  # fmt: skip
    await until(lambda: (data / "postgres" / "draft").exists(), "initdb runs")
    below = descendants(process.pid)

    process.terminate()

    assert await process.wait() == 0
    await gone(below)
    assert below
