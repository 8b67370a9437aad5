"""`scoreboard migrate`: the Job that gates a rollout."""

import asyncio
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

from scoreboard_runtime.contract import endpoints
from scoreboard_runtime.local.stores import EmbeddedPostgres
from scoreboard_runtime.stores import migrations
from scoreboard_runtime.stores.migrations import Migration, migrate

NEWER = [
    Migration(101, "contract_old", "ALTER TABLE notes DROP COLUMN IF EXISTS old"),
    Migration(102, "wider", "ALTER TABLE notes ADD COLUMN new text"),
]


@pytest.fixture
async def postgres() -> AsyncIterator[EmbeddedPostgres]:
    folder = Path(tempfile.mkdtemp(prefix="sbm"))
    folder.chmod(0o755)
    async with EmbeddedPostgres(folder / "postgres", folder) as server:
        yield server
    shutil.rmtree(folder)


ALL = migrations.load()
APPLIES = "".join(
    f"scoreboard migrate: applies {each.version} {each.name} ({number} of {len(ALL)})\n"
    for number, each in enumerate(ALL, 1)
)
DONE = (0, f"{APPLIES}migrated: {', '.join(each.name for each in ALL)}\n")


async def spawn(url: str, *arguments: str) -> asyncio.subprocess.Process:
    """With the one variable that the Job gives it."""
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "scoreboard_runtime", "migrate", *arguments,
        env={"SCOREBOARD_DATABASE_URL": url}, stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip


async def ended(process: asyncio.subprocess.Process) -> tuple[int | None, str]:
    async with asyncio.timeout(40):
        said, _ = await process.communicate()
    return process.returncode, said.decode()


async def tried(waiting: asyncio.subprocess.Process, reason: str) -> None:
    assert waiting.stdout is not None
    async with asyncio.timeout(40):
        said = (await waiting.stdout.readline()).decode()
    assert said.startswith("scoreboard migrate: waits, ")
    assert reason in said


async def test_it_brings_an_empty_database_up_and_then_has_nothing_to_do(postgres):
    first = await ended(await spawn(postgres.url))
    assert first == DONE
    assert await ended(await spawn(postgres.url)) == (0, "migrated: nothing to do\n")


async def test_it_waits_for_a_postgres_that_is_not_there_yet(postgres):
    await postgres.stop()
    waiting = await spawn(postgres.url, "--wait", "30")
    await tried(waiting, "cannot reach Postgres: ")
    await postgres.start()
    assert await ended(waiting) == DONE


async def test_it_waits_for_a_role_that_is_not_made_yet(postgres):
    url = postgres.url.replace("postgresql://scoreboard:", "postgresql://later:")
    waiting = await spawn(url, "--wait", "30")
    await tried(waiting, "InvalidPasswordError")
    connection = await asyncpg.connect(postgres.url)
    password = postgres.url.split(":")[2].split("@")[0]
    await connection.execute(f"CREATE ROLE later LOGIN SUPERUSER PASSWORD '{password}'")
    await connection.close()
    assert await ended(waiting) == DONE


@pytest.mark.parametrize(
    ("url", "status", "said"),
    [
        ("", 2, "SCOREBOARD_DATABASE_URL is not set"),
        ("postgresql://u:hidden@127.0.0.1:1/x", 1, "cannot reach Postgres: ConnectionRefused"),
        ("http://u:hidden@127.0.0.1:1/x", 1, "invalid DSN"),
    ],
)
async def test_what_it_cannot_do_it_says_without_the_password(url, status, said):
    found = await ended(await spawn(url))
    assert found[0] == status
    assert said in found[1]
    assert "hidden" not in found[1]
    assert "Traceback" not in found[1]


async def test_what_older_versions_need_is_taken_away_in_a_second_step(postgres, monkeypatch):
    known = [*migrations.load(), Migration(100, "notes", "CREATE TABLE notes (old text)"), *NEWER]
    monkeypatch.setattr(migrations, "load", lambda: known)

    async def columns() -> set[str]:
        connection = await asyncpg.connect(postgres.url)
        rows = await connection.fetch(
            "SELECT column_name FROM information_schema.columns WHERE table_name = 'notes'"
        )
        await connection.close()
        return {row["column_name"] for row in rows}

    assert await migrate(postgres.url) == [*(each.name for each in ALL), "notes", "wider"]
    assert await columns() == {"old", "new"}
    assert await migrate(postgres.url) == []

    assert await migrate(postgres.url, contract=True) == ["contract_old"]
    assert await columns() == {"new"}
    assert await migrate(postgres.url, contract=True) == []


async def test_an_older_runtime_refuses_a_newer_database(postgres, monkeypatch):
    known = migrations.load()
    monkeypatch.setattr(migrations, "load", lambda: [*known, Migration(100, "notes", "SELECT 1")])
    await migrate(postgres.url)
    status, said = await ended(await spawn(postgres.url))
    assert status == endpoints.EXIT_FINAL, "no further try would help"
    assert "the database is at version 100" in said
    assert "use a runtime at least as new as the database" in said
