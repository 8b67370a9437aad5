"""The embedded servers on their own: they keep their data, whatever ends them."""

import os

import asyncpg
import pytest
from tests.e2e.instance import exists, until
from tests.e2e.local.local import descendants, gone

from scoreboard_runtime.local import service
from scoreboard_runtime.local.service import Program, Service, ServiceFailed
from scoreboard_runtime.local.stores import EmbeddedPostgres, EmbeddedValkey
from scoreboard_runtime.stores import valkey


async def value(url: str, statement: str = "SELECT note FROM notes") -> object:
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(statement)
    finally:
        await connection.close()


async def works(postgres: EmbeddedPostgres) -> bool:
    try:
        return await value(postgres.url) == "kept"
    except (OSError, asyncpg.PostgresError):
        return False


async def test_postgres_keeps_its_data_whatever_ends_it(folder):
    async with EmbeddedPostgres(folder / "postgres", folder) as postgres:
        url = postgres.url
        await value(url, "CREATE TABLE notes (note text)")
        await value(url, "INSERT INTO notes VALUES ('kept')")
        assert postgres.service is not None

        first = postgres.service.pid
        postgres.kill()
        await until(lambda: postgres.service.pid not in (0, first), "it is started again")
        await until(lambda: works(postgres), "killed, it comes back")

        await postgres.crash()
        assert not await works(postgres)
        await postgres.start()
        assert postgres.url == url
        assert await value(url) == "kept"

        below = [postgres.service.pid, *descendants(postgres.service.pid)]
        await postgres.stop()
        await gone(below)
        await postgres.start()
        assert await value(url) == "kept"


async def test_a_pid_file_that_names_a_living_process_is_no_hindrance(folder):
    postgres = EmbeddedPostgres(folder / "postgres", folder)
    async with postgres:
        assert postgres.service is not None
        pid_file = folder / "postgres" / "data" / "postmaster.pid"
        text = pid_file.read_text()
        await postgres.crash()
    pid_file.write_text(text.replace(text.split()[0], str(os.getpid()), 1))

    async with postgres:
        assert await value(postgres.url, "SELECT 1") == 1


async def test_a_cluster_half_made_is_made_anew(folder):
    (folder / "postgres" / "draft" / "base").mkdir(parents=True)

    async with EmbeddedPostgres(folder / "postgres", folder) as postgres:
        assert await value(postgres.url, "SHOW data_checksums") == "on"


async def test_postgres_is_reached_by_its_socket_and_password_alone(folder):
    async with EmbeddedPostgres(folder / "postgres", folder) as postgres:
        assert await value(postgres.url, "SHOW listen_addresses") == ""
        assert await value(postgres.url, "SHOW fsync") == "on"
        with pytest.raises(asyncpg.InvalidPasswordError):
            await asyncpg.connect(postgres.url.replace("scoreboard:", "scoreboard:x"))
        assert (folder / "postgres" / "password").stat().st_mode & 0o777 == 0o600
        assert (folder / "postgres").stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize(("durable", "expected"), [(True, b"kept"), (False, None)])
async def test_valkey_keeps_what_was_answered_only_if_it_is_durable(folder, durable, expected):
    async with EmbeddedValkey(folder / "queue", folder, durable=durable) as server:
        client = valkey.connect(server.url)
        await client.set("note", "kept")
        assert await client.config_get("appendfsync", "maxmemory-policy") == {
            "appendfsync": "always" if durable else "everysec",
            "maxmemory-policy": "noeviction",
        }
        await server.crash()
        await server.start()

        assert await client.get("note") == expected
        await client.aclose()


async def test_what_does_not_start_says_why(folder):
    async with EmbeddedPostgres(folder / "postgres", folder):
        pass
    (folder / "postgres" / "data" / "PG_VERSION").write_text("3\n")

    with pytest.raises(ServiceFailed, match="initialized by PostgreSQL version 3"):
        async with EmbeddedPostgres(folder / "postgres", folder):
            pass


async def test_a_program_that_can_not_run_says_so(folder):
    program = Program(name="x", command=["/nowhere/x"], log=folder / "x.log")

    with pytest.raises(ServiceFailed, match="cannot run /nowhere/x: No such file"):
        await Service(program).start()


async def test_a_program_that_does_not_stop_is_ended(folder):
    stubborn = ["/bin/sh", "-c", "trap '' TERM; echo here; sleep 99 & while :; do sleep 1; done"]
    running = Service(Program(name="x", command=stubborn, log=folder / "x.log"))
    await running.start()
    await until(lambda: "here" in running.tail(), "it runs")
    below = [running.pid, *descendants(running.pid)]

    await running.stop(grace=0.1)

    await gone(below)
    assert not exists(running.pid)


async def test_a_log_has_a_bound_and_its_writer_goes_on(folder, monkeypatch):
    monkeypatch.setattr(service, "LOG_INTERVAL", 0.02)
    monkeypatch.setattr(service.trim, "__defaults__", (10_000,))
    chatty = ["/bin/sh", "-c", "while :; do echo something to say; sleep 0.001; done"]
    log, before = folder / "x.log", folder / "x.old.log"
    running = Service(Program(name="x", command=chatty, log=log))
    await running.start()

    await until(before.exists, "the log was set aside")
    first = before.stat().st_mtime_ns
    await until(lambda: before.stat().st_mtime_ns > first, "and again")

    assert log.stat().st_size < 100_000
    assert before.read_bytes().startswith(b"something to say\n")
    await running.stop()
