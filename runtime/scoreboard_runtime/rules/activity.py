"""How much is played: actions a second, over the last few seconds."""

from collections import deque
from dataclasses import dataclass, field

SECOND = 1_000_000
WINDOW_US = 5 * SECOND


@dataclass(slots=True)
class Activity:
    """Counts what was heard; a rate is said once a second, and only when it is another one."""

    counts: deque[tuple[int, int]] = field(default_factory=deque)  # when, how many
    said: float | None = None

    def heard(self, actions: int, now_us: int) -> None:
        self.counts.append((now_us, actions))

    def rate(self, now_us: int) -> float:
        while self.counts and self.counts[0][0] <= now_us - WINDOW_US:
            self.counts.popleft()
        return round(sum(count for _, count in self.counts) * SECOND / WINDOW_US, 1)

    def news(self, now_us: int) -> float | None:
        """The rate, if it is not what was said last."""
        rate = self.rate(now_us)
        if rate == self.said:
            return None
        self.said = rate
        return rate
