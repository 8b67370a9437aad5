"""Root or not, and folders that others may not enter."""

import asyncio
import os
import shutil
import signal
import sys
from pathlib import Path

import pytest
from tests.e2e.instance import a_manifest, children, command_of, running, until
from tests.e2e.local.local import NOBODY, descendants, given_to, gone, scored

from scoreboard_runtime.local.child import (
    DAC_OVERRIDE,
    DAC_READ_SEARCH,
    capability_for,
    preparation,
)

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")


def owner_of(pid: int) -> int:
    return Path(f"/proc/{pid}").stat().st_uid


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
async def test_it_runs_for_a_user_who_is_not_root(number):
    # The capability is for a Python and a checkout that only root can read, as in /root.
    become = preparation(signal.SIGKILL, user=(NOBODY, NOBODY), capability=DAC_READ_SEARCH)
    with given_to(NOBODY, Path(f"/tmp/sb-test-{os.getpid()}")) as home:
        shutil.copy("examples/arcade.yaml", home)
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "scoreboard_runtime", "local", str(home / "arcade.yaml"),
            "--port", "0", "--json", "--data-dir", str(home / "data"),
            stdout=asyncio.subprocess.PIPE, preexec_fn=become,
            env={**os.environ, "HOME": str(home), "PYTHONDONTWRITEBYTECODE": "1"},
        )  # fmt: skip
        assert process.stdout is not None
        try:
            line = await asyncio.wait_for(process.stdout.readline(), 30)
            assert line.startswith(b'{"event":"ready"')
            below = descendants(process.pid)
            assert {owner_of(pid) for pid in below} == {NOBODY}
            process.send_signal(number)
            await process.wait()
            await gone(below)
        finally:
            if process.returncode is None:
                process.kill()
            process._transport.close()
            shutil.rmtree(home, ignore_errors=True)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
async def test_data_below_a_folder_that_others_can_not_enter(tmp_path, number):
    hidden = tmp_path / "hidden"
    hidden.mkdir(mode=0o700)
    data = ("--data-dir", str(hidden / "data"))
    async with running(tmp_path, a_manifest(), *data) as instance:
        ann = await instance.player()
        assert await scored(instance, ann) == 100
        below = descendants(instance.process.pid)
        postgres = instance.pid("postgres")

        assert owner_of(postgres) == NOBODY
        assert owner_of(instance.pid("gateway")) == 0
        instance.process.send_signal(number)
        await instance.process.wait()
        await gone(below)

    assert hidden.stat().st_mode & 0o777 == 0o700
    assert hidden.stat().st_uid == 0


async def test_postgres_keeps_no_more_than_the_right_to_pass(tmp_path):
    (tmp_path / "hidden").mkdir(mode=0o700)
    data = ("--data-dir", str(tmp_path / "hidden" / "data"))
    async with running(tmp_path, a_manifest(), *data) as instance:
        postgres = instance.pid("postgres")
        status = Path(f"/proc/{postgres}/status").read_text()
        workers = [pid for pid in children(postgres) if command_of(pid)]

        assert f"CapEff:\t{1 << DAC_READ_SEARCH:016x}" in status
        assert workers


async def test_data_of_a_user_stays_theirs_when_root_starts_it(tmp_path):
    data = tmp_path / "data"
    async with running(tmp_path, a_manifest(), "--data-dir", str(data)):
        pass
    user = 12345
    for path in [data / "postgres", *(data / "postgres").rglob("*")]:
        os.chown(path, user, user, follow_symlinks=False)

    async with running(tmp_path, a_manifest(), "--data-dir", str(data)) as instance:
        await until(lambda: instance.pid("postgres"), "Postgres is there")
        assert owner_of(instance.pid("postgres")) == user

    assert (data / "postgres" / "data" / "PG_VERSION").stat().st_uid == user


def test_no_more_is_kept_than_is_needed(tmp_path):
    open_folder, closed, program = tmp_path / "open", tmp_path / "closed", Path("/bin/sh")
    for path in (open_folder, closed):
        path.mkdir(mode=0o700)
    private = tmp_path / "program"
    private.touch(mode=0o700)
    # pytest's own folder is closed to others, so an open one must be elsewhere.
    anywhere = Path("/tmp/anywhere")

    assert capability_for([anywhere], [program]) is None
    assert capability_for([closed / "data"], [program]) == DAC_READ_SEARCH
    assert capability_for([anywhere], [private]) == DAC_OVERRIDE
