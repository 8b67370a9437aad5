"""Which Scoreboard is looked at next: keyed, one at a time for each, with backoff (as client-go's).

`Schedule` decides, with the time as an argument; `WorkQueue` waits.
"""

import asyncio
import time
from dataclasses import dataclass, field

Key = tuple[str, str]  # namespace, name
SETTLE_SECONDS = 0.2  # events come in swarms: one look for all of them
FIRST_SECONDS, MOST_SECONDS, MOST_DOUBLINGS = 0.5, 60.0, 10


def backoff(failures: int, jitter: float) -> float:
    """Seconds until the next try after so many failures before this one. `jitter`: 0 to 1."""
    seconds = FIRST_SECONDS * 2.0 ** min(failures, MOST_DOUBLINGS)
    return min(MOST_SECONDS, seconds) * (0.75 + 0.5 * jitter)


@dataclass(slots=True)
class Schedule:
    """Keys with the time when each is due. A key in work that is asked for again comes after."""

    _due: dict[Key, float] = field(default_factory=dict)
    _working: set[Key] = field(default_factory=set)
    _again: dict[Key, float] = field(default_factory=dict)
    _failures: dict[Key, int] = field(default_factory=dict)

    def waiting(self, now: float) -> int:
        """How many are due and not in work."""
        return sum(due <= now for due in self._due.values())

    def add(self, key: Key, now: float, after: float = 0.0) -> None:
        """Due `after` seconds from now, or earlier if it is already."""
        place = self._again if key in self._working else self._due
        place[key] = min(now + after, place.get(key, now + after))

    def take(self, now: float) -> tuple[Key, float] | None:
        """The key that is due longest, and for how long; it is in work from now on."""
        if not self._due:
            return None
        key = min(self._due, key=self._due.__getitem__)
        if self._due[key] > now:
            return None
        self._working.add(key)
        return key, now - self._due.pop(key)

    def next_due(self) -> float | None:
        return min(self._due.values(), default=None)

    def done(
        self, key: Key, now: float, jitter: float, *, failed: bool = False, least: float = 0.0
    ) -> float:
        """Ends the work on a key; a failed one is due again. Returns the seconds until then.

        `least`: the seconds that the API server asked for.
        """
        self._working.discard(key)
        wait = 0.0
        if failed:
            count = self._failures.get(key, 0)
            self._failures[key] = min(count + 1, MOST_DOUBLINGS)
            wait = backoff(count, jitter)
            wait = max(wait, least * (1.0 + 0.5 * jitter))  # never all at the first moment
            self.add(key, now, wait)
        else:
            self._failures.pop(key, None)
        at = self._again.pop(key, None)
        # What failed is not hurried by an event: its own writes may have made it.
        if at is not None and not failed:
            self._due[key] = at
        return wait


class WorkQueue:
    """A Schedule that can be waited on, by the monotonic clock."""

    def __init__(self) -> None:
        self.schedule = Schedule()
        self._changed = asyncio.Event()

    def add(self, key: Key, after: float = SETTLE_SECONDS) -> None:
        self.schedule.add(key, time.monotonic(), after)
        self._changed.set()

    async def get(self) -> tuple[Key, float]:
        """The next key that is due, with the seconds that it waited beyond that."""
        while True:
            now = time.monotonic()
            found = self.schedule.take(now)
            if found is not None:
                return found
            self._changed.clear()
            due = self.schedule.next_due()
            try:
                async with asyncio.timeout(None if due is None else max(0.0, due - now)):
                    await self._changed.wait()
            except TimeoutError:
                continue

    def depth(self) -> int:
        """Scoreboards that wait for a worker."""
        return self.schedule.waiting(time.monotonic())

    def done(self, key: Key, jitter: float, *, failed: bool = False, least: float = 0.0) -> float:
        now = time.monotonic()
        wait = self.schedule.done(key, now, jitter, failed=failed, least=least)
        self._changed.set()
        return wait
