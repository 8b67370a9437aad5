"""Standings that a person changed and that nobody has told the cache server of yet.

A mark is made before the transaction and taken away after the publication; whatever happens in
between, a worker publishes what is marked for longer than a transaction can last.
"""

import secrets
import time
from collections.abc import Sequence

from scoreboard_runtime.contract.keys import Keys
from scoreboard_runtime.stores import valkey
from scoreboard_runtime.stores.errors import QUEUE

OVERDUE = 15.0  # seconds: longer than Postgres' command timeout


class Unpublished:
    """The marks, on the queue's server. Every method raises StoreUnavailable."""

    def __init__(self, client: valkey.Client, keys: Keys) -> None:
        self._client = client
        self._key = keys.unpublished()

    async def mark(self, user: str) -> str:
        """Before a change of the user's standing; the mark to give back."""
        return (await self.mark_all([user]))[0]

    async def mark_all(self, users: Sequence[str]) -> list[str]:
        """A mark for each of at least one user."""
        marks = [f"{user}|{secrets.token_hex(6)}" for user in users]
        with valkey.available(QUEUE):
            await self._client.zadd(self._key, dict.fromkeys(marks, time.time()))
        return marks

    async def hurry(self, *marks: str) -> None:
        """The changes are committed and could not be published: a worker need not wait."""
        with valkey.available(QUEUE):
            await self._client.zadd(self._key, dict.fromkeys(marks, 0))

    async def done(self, *marks: str) -> None:
        with valkey.available(QUEUE):
            await self._client.zrem(self._key, *marks)

    async def overdue(self) -> list[tuple[str, str]]:
        """Marks and their users."""
        with valkey.available(QUEUE):
            found = await self._client.zrangebyscore(self._key, "-inf", time.time() - OVERDUE)
        marks = [mark.decode() for mark in found]
        return [(mark, mark.partition("|")[0]) for mark in marks]
