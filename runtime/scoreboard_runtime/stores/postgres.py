"""Postgres: one pool, named queries, and errors told apart: those that may pass, and the rest."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import asyncpg

from scoreboard_runtime.contract import metrics
from scoreboard_runtime.process.telemetry import Telemetry
from scoreboard_runtime.stores.errors import DATABASE, StoreUnavailable
from scoreboard_runtime.stores.sql import QUERIES

Connection = asyncpg.pool.PoolConnectionProxy | asyncpg.Connection
COMMAND_TIMEOUT = 10.0

# Classes of SQLSTATE that may pass by themselves: connection, rollback (serialization, deadlock),
# insufficient resources, operator intervention, system error, and lock not available.
_TRANSIENT_STATES = ("08", "40", "53", "57", "58", "55P03", "25006")
_CONNECTION_ERRORS = (
    OSError,
    TimeoutError,
    asyncio.TimeoutError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
)


def is_transient(error: BaseException) -> bool:
    """Whether trying the same again can help."""
    if isinstance(error, StoreUnavailable):
        return True
    if isinstance(error, asyncpg.PostgresError):
        return str(getattr(error, "sqlstate", "") or "").startswith(_TRANSIENT_STATES)
    # asyncpg raises DataError (an InterfaceError and a ValueError) for an argument out of range.
    return isinstance(error, _CONNECTION_ERRORS) and not isinstance(error, ValueError)


class Database:
    """A pool that connects when it can: a process starts while Postgres is away."""

    def __init__(self, url: str, *, size: int, application: str) -> None:
        self._url = url
        self._size = size
        self._application = application
        self._pool: asyncpg.Pool | None = None
        self._opening = asyncio.Lock()

    def measured(self, telemetry: Telemetry) -> None:
        """From now on its connections are counted whenever they are scraped."""
        telemetry.measure(metrics.DB_CONNECTIONS, "busy", by=lambda: self._size_of("busy"))
        telemetry.measure(metrics.DB_CONNECTIONS, "idle", by=lambda: self._size_of("idle"))
        telemetry.gauge(metrics.DB_CONNECTIONS_LIMIT, to=self._size)

    def _size_of(self, state: str) -> float:
        if self._pool is None:
            return 0
        idle = self._pool.get_idle_size()
        return float(idle if state == "idle" else self._pool.get_size() - idle)

    async def _opened(self) -> asyncpg.Pool:
        if self._pool is None:
            async with self._opening:
                if self._pool is None:
                    self._pool = await asyncpg.create_pool(
                        self._url,
                        min_size=1,
                        max_size=self._size,
                        timeout=3.0,
                        command_timeout=COMMAND_TIMEOUT,
                        server_settings={"application_name": self._application},
                    )
        return self._pool

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """A connection of the pool; what is wrong with the server becomes StoreUnavailable."""
        try:
            pool = await self._opened()
            async with pool.acquire(timeout=3.0) as connection:
                yield connection
        except Exception as error:
            if is_transient(error) and not isinstance(error, StoreUnavailable):
                raise StoreUnavailable(DATABASE, type(error).__name__) from error
            raise

    async def fetch(self, name: str, *args: Any) -> Sequence[asyncpg.Record]:
        """Rows of the named query. Raises StoreUnavailable."""
        async with self.connection() as connection:
            return await connection.fetch(QUERIES[name], *args)

    async def fetchrow(self, name: str, *args: Any) -> asyncpg.Record | None:
        async with self.connection() as connection:
            return await connection.fetchrow(QUERIES[name], *args)

    async def execute(self, name: str, *args: Any) -> str:
        async with self.connection() as connection:
            return await connection.execute(QUERIES[name], *args)

    async def ping(self) -> None:
        """Raises StoreUnavailable when Postgres does not answer."""
        async with self.connection() as connection:
            await connection.execute("SELECT 1", timeout=2.0)

    async def close(self) -> None:
        if self._pool is not None:
            try:
                await asyncio.wait_for(self._pool.close(), 2.0)
            except (TimeoutError, *_CONNECTION_ERRORS):
                self._pool.terminate()
