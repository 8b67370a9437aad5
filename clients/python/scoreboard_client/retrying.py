"""When to send again and how long to wait before: pure, so that every case is a test's line."""

from dataclasses import dataclass

FIRST, LONGEST = 0.25, 10.0
# A proxy says these where it found no server: whether anything was done is not known.
NO_SERVER = frozenset({502, 504})
NOTHING_DONE = 503


def backoff(failures: int, chance: float) -> float:
    """Seconds to wait after `failures` (from 1) in a row; `chance` in [0, 1) is the jitter.

    Between half and the whole of the bound, so that a crowd spreads out and nobody hurries.
    """
    bound = min(LONGEST, FIRST * 2.0 ** min(failures - 1, 16))
    return bound * (0.5 + chance / 2)


@dataclass(frozen=True, slots=True)
class Failure:
    """A try that came to nothing; `status` 0: no answer."""

    status: int
    retry_after: float | None = None


@dataclass(frozen=True, slots=True)
class Policy:
    """`patience`: seconds from the first try in which another may start. `repeatable`: two of
    these requests do what one does."""

    patience: float
    repeatable: bool

    def pause(self, failure: Failure, failures: int, elapsed: float, chance: float) -> float | None:
        """Seconds to wait before the next try; None for no further one."""
        if failure.status == NOTHING_DONE:
            wanted = max(failure.retry_after or 0.0, backoff(failures, chance))
        elif self.repeatable and (failure.status == 0 or failure.status in NO_SERVER):
            wanted = backoff(failures, chance)
        else:
            return None
        return wanted if elapsed + wanted <= self.patience else None
