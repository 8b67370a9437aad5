"""argon2id off the event loop, a few at a time: hashing is slow and large on purpose."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from scoreboard_runtime.process.problems import Rejected
from scoreboard_runtime.rules.passwords import prepared

THREADS = 2
MOST_WAITING = 64


class Hasher:
    """t=2, m=19 MiB, p=1: OWASP's second choice, which bounds memory to 19 MiB a thread."""

    def __init__(self, argon: PasswordHasher | None = None) -> None:
        self._argon = argon or PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="argon2")
        self._waiting = 0
        # Checked for a name that nobody has, so that it takes as long as a wrong password.
        self._nobody = self._argon.hash("nobody has this password")

    async def _run(self, work: Callable[[], Any]) -> Any:
        if self._waiting >= MOST_WAITING:
            raise Rejected("UNAVAILABLE", retry_after=2, detail="Too many logins wait; try again.")
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        finally:
            self._waiting -= 1

    async def hash(self, password: str) -> str:
        """Raises Rejected when too many wait."""
        hashed: str = await self._run(lambda: self._argon.hash(prepared(password)))
        return hashed

    def _matches(self, hashed: str, password: str) -> bool:
        try:
            return self._argon.verify(hashed, prepared(password))
        except (VerificationError, InvalidHashError):
            return False

    async def verify(self, hashed: str | None, password: str) -> bool:
        """False without a hash, after the same time. Raises Rejected when too many wait."""
        matches = await self._run(lambda: self._matches(hashed or self._nobody, password))
        return bool(matches) and hashed is not None

    def outdated(self, hashed: str) -> bool:
        """Whether the hash was made with other parameters than today's."""
        return self._argon.check_needs_rehash(hashed)

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)
