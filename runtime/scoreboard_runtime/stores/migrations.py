"""Apply sql/migrations in order, once each, under an advisory lock: any process may call it.

`0007_contract_scores.sql` takes away what version 6 still needs: it is left for `contract`, when no
process of an older version runs.
"""

import asyncio
import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.resources import files

import asyncpg

LOCK = 7_266_734  # any number, the same in every process


class MigrationError(Exception):
    """The database can not be brought to this version; the text says why."""


class MigrationRefused(MigrationError):
    """And trying again is of no use."""


@dataclass(frozen=True, slots=True)
class Migration:
    """One file: `0001_initial.sql` is version 1."""

    version: int
    name: str
    sql: str

    @property
    def checksum(self) -> str:
        return hashlib.sha256(self.sql.encode()).hexdigest()[:16]

    @property
    def contracts(self) -> bool:
        return self.name.startswith("contract_")


def load() -> list[Migration]:
    folder = files("scoreboard_runtime.stores.sql") / "migrations"
    found = sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".sql"))
    return [
        Migration(int(name[:4]), name[5:-4], (folder / name).read_text(encoding="utf-8"))
        for name in found
    ]


async def _applied(connection: asyncpg.Connection) -> dict[int, str]:
    await connection.execute(
        "CREATE TABLE IF NOT EXISTS schema_migrations ("
        "version int PRIMARY KEY, name text NOT NULL, checksum text NOT NULL,"
        "applied_at timestamptz NOT NULL DEFAULT now())"
    )
    rows = await connection.fetch("SELECT version, checksum FROM schema_migrations")
    return {row["version"]: row["checksum"] for row in rows}


async def _apply(connection: asyncpg.Connection, migration: Migration) -> None:
    async with connection.transaction():
        await connection.execute(migration.sql)
        await connection.execute(
            "INSERT INTO schema_migrations (version, name, checksum) VALUES ($1, $2, $3)",
            migration.version,
            migration.name,
            migration.checksum,
        )


async def migrate(
    url: str, *, contract: bool = False, told: Callable[[str], None] = lambda _: None
) -> list[str]:
    """Brings the database up to this version: the names of what was applied, each `told` as it
    begins, because one may take long.

    Without `contract` an older version can go on beside it.
    Raises MigrationError, and what asyncpg raises when Postgres is not there.
    """
    connection = await asyncpg.connect(url, timeout=10.0)
    try:
        await connection.execute("SELECT pg_advisory_lock($1)", LOCK)
        applied = await _applied(connection)
        known = load()
        if applied and max(applied) > known[-1].version:
            raise MigrationRefused(
                f"the database is at version {max(applied)}, this runtime knows "
                f"{known[-1].version}: use a runtime at least as new as the database"
            )
        done = []
        for number, migration in enumerate(known, 1):
            if migration.version not in applied:
                if migration.contracts and not contract:
                    continue
                told(f"{migration.version} {migration.name} ({number} of {len(known)})")
                await _apply(connection, migration)
                done.append(migration.name)
            elif applied[migration.version] != migration.checksum:
                raise MigrationRefused(f"migration {migration.version} was changed after it ran")
        return done
    finally:
        await connection.close()


# Postgres is not there, or not yet: its role and database are made after it listens.
AWAY = (
    OSError,
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.TooManyConnectionsError,
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.InvalidCatalogNameError,
)


async def migrate_within(
    url: str, seconds: float, say: Callable[[str], None], *, contract: bool = False
) -> list[str]:
    """`migrate`, tried again for `seconds` while Postgres is away; `say` hears of each new reason
    and of each migration.

    Raises MigrationError.
    """
    deadline, known = time.monotonic() + seconds, ""
    while True:
        try:
            return await migrate(url, contract=contract, told=lambda name: say(f"applies {name}"))
        except AWAY as error:
            reason = f"cannot reach Postgres: {_said(error)}"
            if time.monotonic() >= deadline:
                raise MigrationError(reason) from None
            if reason != known:
                known = reason
                say(f"waits, {reason}")
        except (asyncpg.PostgresError, asyncpg.InterfaceError, ValueError) as error:
            raise MigrationError(_said(error)) from None
        await asyncio.sleep(1.0)


def _said(error: Exception) -> str:
    return f"{type(error).__name__}: {error}".rstrip(": ")
