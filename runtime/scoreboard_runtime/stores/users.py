"""Users in Postgres. Every method raises StoreUnavailable."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import asyncpg

from scoreboard_runtime.rules import usernames
from scoreboard_runtime.stores.postgres import Database


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """One row."""

    id: str
    username: str
    roles: frozenset[str]
    disabled: bool
    created_us: int
    password_hash: str | None = field(default=None, repr=False)


def _user(row: asyncpg.Record | None) -> User | None:
    if row is None:
        return None
    return User(
        id=row["id"],
        username=row["username"],
        roles=frozenset(row["roles"]),
        disabled=row["disabled_at"] is not None,
        created_us=int(row["created_at"].timestamp() * 1_000_000),
        password_hash=row["password_hash"],
    )


class Users:
    """Finds and changes users."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def create(
        self,
        username: str,
        password_hash: str | None,
        roles: Sequence[str] = ("player",),
        identity: str | None = None,
    ) -> User | None:
        """The new user; None when the name (or the identity) is taken."""
        row = await self._database.fetchrow(
            "create_user",
            str(uuid.uuid4()),
            username,
            usernames.key(username),
            password_hash,
            identity,
            list(roles),
        )
        return _user(row)

    async def by_name(self, username: str) -> User | None:
        return _user(await self._database.fetchrow("user_by_name", usernames.key(username)))

    async def by_identity(self, identity: str) -> User | None:
        return _user(await self._database.fetchrow("user_by_identity", identity))

    async def by_id(self, user_id: str) -> User | None:
        return _user(await self._database.fetchrow("user_by_id", user_id))

    async def renew_password_hash(self, user_id: str, old: str, new: str) -> None:
        """Replaces `old` by a hash of the same password, unless the password has changed."""
        await self._database.execute("renew_password_hash", user_id, old, new)

    async def set_roles(self, user_id: str, roles: Sequence[str]) -> None:
        await self._database.execute("set_roles", user_id, list(roles))

    async def set_disabled(self, user_id: str, *, disabled: bool) -> None:
        await self._database.execute("set_disabled", user_id, disabled)

    async def history(
        self, user_id: str, board: str, window: str, before: int, count: int
    ) -> Sequence[Any]:
        """Rows of the ledger, newest first, of versions below `before`."""
        return await self._database.fetch("user_history", user_id, board, window, before, count)
