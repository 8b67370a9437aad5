"""`scoreboard store`: an embedded server for the network, in a process of its own as in a pod."""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import pytest
from redis.exceptions import AuthenticationError, RedisError
from tests.e2e.instance import until
from tests.e2e.local.local import descendants, gone

from scoreboard_runtime.local import pod
from scoreboard_runtime.stores import valkey

PASSWORD, NEXT_PASSWORD = "abcdefghijklmnop0123", "zyxwvutsrqponmlk9876"


@pytest.fixture
def port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        found: int = free.getsockname()[1]
        return found


async def spawn(store: str, folder: Path, port: int | str, password: str = PASSWORD):
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "scoreboard_runtime", "store", store,
        "--folder", str(folder), "--port", str(port),
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        env={"SCOREBOARD_STORE_PASSWORD": password, "PATH": "/usr/bin:/bin"},
    )  # fmt: skip


@dataclass
class Running:
    process: asyncio.subprocess.Process
    said: str = ""

    async def hears(self, text: str) -> None:
        assert self.process.stdout is not None
        async with asyncio.timeout(40):
            while text not in self.said:
                line = await self.process.stdout.readline()
                assert line, f"it ended, having said:\n{self.said}"
                self.said += line.decode()

    async def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        assert self.process.stdout is not None
        below = descendants(self.process.pid)
        if self.process.returncode is None:
            self.process.send_signal(number)
        async with asyncio.timeout(40):
            self.said += (await self.process.stdout.read()).decode()
            status = await self.process.wait()
        await gone(below)
        return status


@asynccontextmanager
async def a_store(
    store: str, folder: Path, port: int, password: str = PASSWORD
) -> AsyncIterator[Running]:
    running = Running(await spawn(store, folder, port, password))
    try:
        await running.hears("serves on port")
        yield running
    finally:
        await running.stop()
        assert password not in running.said


def dsn(port: int, user: str = "runtime", password: str = PASSWORD, path: str = "scoreboard"):
    return f"postgresql://{user}:{password}@127.0.0.1:{port}/{path}"


async def value(url: str, statement: str = "SELECT note FROM notes") -> object:
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(statement)
    finally:
        await connection.close()


async def test_postgres_keeps_its_data_whatever_ends_it_and_takes_the_password_of_today(
    folder, port
):
    async with a_store("postgres", folder, port) as running:
        await value(dsn(port), "CREATE TABLE notes (note text)")
        await value(dsn(port), "INSERT INTO notes VALUES ('kept')")
        assert await running.stop(signal.SIGKILL) == -signal.SIGKILL
    (folder / "postgres" / "data").chmod(0o770)  # as a volume's fsGroup does

    async with a_store("postgres", folder, port, NEXT_PASSWORD) as running:
        assert await value(dsn(port, password=NEXT_PASSWORD)) == "kept"
        with pytest.raises(asyncpg.InvalidPasswordError):
            await value(dsn(port))
        assert await running.stop() == 0
    assert "database system is shut down" in running.said
    assert not Path("/tmp/postgres.serves").exists()


async def test_over_the_network_there_is_one_role_and_one_database(folder, port):
    async with a_store("postgres", folder, port):
        password = (folder / "postgres" / "password").read_text()
        for url in (
            dsn(port, "scoreboard", password),
            dsn(port, "scoreboard", password, "postgres"),
            dsn(port, path="postgres"),
        ):
            with pytest.raises(
                asyncpg.InvalidAuthorizationSpecificationError, match=r"pg_hba\.conf"
            ):
                await value(url)
        assert not await value(dsn(port), "SELECT rolsuper FROM pg_roles WHERE rolname = 'runtime'")


def client(port: int, password: str = PASSWORD) -> valkey.Client:
    return valkey.connect(f"redis://:{password}@127.0.0.1:{port}/0")


@pytest.mark.parametrize(("store", "kept"), [("queue", b"kept"), ("cache", None)])
async def test_the_queue_keeps_what_it_answered_and_the_cache_nothing(folder, port, store, kept):
    async with a_store(store, folder, port) as running:
        known = client(port)
        await known.set("note", "kept")
        expected = {"appendfsync": "always" if kept else "everysec",
                    "appendonly": "yes" if kept else "no", "maxmemory-policy": "noeviction",
                    "maxmemory": str(pod.valkey_memory())}  # fmt: skip
        assert await known.config_get(*expected) == expected
        await known.aclose()
        await running.stop(signal.SIGKILL)

    async with a_store(store, folder, port, NEXT_PASSWORD) as running:
        known, stranger = client(port, NEXT_PASSWORD), client(port)
        assert await known.get("note") == kept
        with pytest.raises(AuthenticationError):
            await stranger.get("note")
        await known.aclose()
        await stranger.aclose()
        assert await running.stop() == 0


async def test_the_password_is_in_no_argument_and_in_no_file_that_stays(folder, port):
    async with a_store("queue", folder, port) as running:
        everyone = [running.process.pid, *descendants(running.process.pid)]
        assert len(everyone) > 1
        for pid in everyone:
            assert PASSWORD.encode() not in Path(f"/proc/{pid}/cmdline").read_bytes()
    for path in folder.rglob("*"):
        assert not path.is_file() or PASSWORD.encode() not in path.read_bytes()


async def test_a_server_that_is_killed_is_started_again(folder, port):
    async with a_store("queue", folder, port) as running:
        known = client(port)
        await known.set("note", "kept")
        (server,) = descendants(running.process.pid)
        os.kill(server, signal.SIGKILL)
        await gone([server])

        async def answers() -> bool:
            try:
                return bool(await known.get("note") == b"kept")
            except (OSError, RedisError):
                return False

        await until(answers, "it is back, with what it had")
        await known.aclose()


async def test_a_successor_waits_until_its_predecessor_has_left_the_data(folder, port):
    async with a_store("queue", folder, port) as first:
        second = Running(await spawn("queue", folder, port))
        await second.hears("waits: another queue still has")
        assert await first.stop() == 0
        await second.hears("serves on port")
        assert await second.stop() == 0


async def test_it_can_be_stopped_before_it_is_up(folder, port):
    async with a_store("queue", folder, port):
        second = Running(await spawn("queue", folder, port))
        await second.hears("waits")
        assert await second.stop() == 0


@pytest.mark.parametrize(
    ("password", "port", "status", "said"),
    [
        ("", 1, 2, "SCOREBOARD_STORE_PASSWORD is not set"),
        ("short", 1, 2, "must have 16 or more letters and digits, nothing else"),
        ("it's-not-only-letters", 1, 2, "must have 16 or more letters and digits, nothing else"),
        (PASSWORD, 70_000, 1, "--port must be from 1 to 65535"),
        (PASSWORD, "taken", 1, "Address already in use"),
    ],
)
async def test_what_it_cannot_do_it_says(folder, password, port, status, said):
    with socket.socket() as other:
        other.bind(("0.0.0.0", 0))
        other.listen()
        port = other.getsockname()[1] if port == "taken" else port
        running = Running(await spawn("queue", folder, port, password))
        assert await running.stop(signal.SIGCONT) == status
    assert said in running.said
    assert "Traceback" not in running.said


def test_valkey_holds_less_than_its_container_may(tmp_path):
    none, limit = tmp_path / "none", tmp_path / "limit"
    for text, most in (("1000000", 600_000), ("max", 0), ("9223372036854771712", 0)):
        limit.write_text(f"{text}\n")
        assert pod.valkey_memory([none, limit]) == most
    assert pod.valkey_memory([none]) == 0
