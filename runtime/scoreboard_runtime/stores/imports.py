"""Users that an import makes or finds. Every method raises StoreUnavailable."""

from collections.abc import Sequence

from scoreboard_runtime.rules.imports import Row, user_id
from scoreboard_runtime.stores.postgres import Database
from scoreboard_runtime.stores.sql import QUERIES


class ImportedUsers:
    """Of one import, named `source`."""

    def __init__(self, database: Database, source: str) -> None:
        self._database = database
        self._source = source

    async def there(self, rows: Sequence[Row]) -> dict[str, str]:
        """The ids of those who are there, by key."""
        found = await self._database.fetch("users_by_keys", [row.key for row in rows])
        return {record["username_key"]: record["id"] for record in found}

    def is_made_here(self, key: str, ident: str) -> bool:
        """Whether this import made the user, now or in an earlier try."""
        return ident == user_id(self._source, key)

    async def done(self, jobs: Sequence[str]) -> dict[str, int]:
        """Which rows are in the ledger already, and with how many points, by job id."""
        async with self._database.connection() as connection:
            found = await connection.fetch(QUERIES["known_jobs"], jobs)
        return {record["job_id"]: record["points"] for record in found}

    async def make(self, rows: Sequence[Row]) -> None:
        async with self._database.connection() as connection:
            await connection.execute(
                QUERIES["import_users"],
                [user_id(self._source, row.key) for row in rows],
                [row.username for row in rows],
                [row.key for row in rows],
                [row.password_hash for row in rows],
            )
