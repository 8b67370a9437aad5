"""When the next version of the standings may be sent: the first at once, then at most at a rate."""

from dataclasses import dataclass

SECOND = 1_000_000


@dataclass(slots=True)
class Conflation:
    """At most `rate` sendings a second; what comes in between is one sending later, the latest."""

    rate: int
    sent_us: int | None = None

    def wait(self, now_us: int) -> int:
        """Microseconds until a version may be sent."""
        if self.sent_us is None:
            return 0
        return max(0, self.sent_us + SECOND // self.rate - now_us)

    def sent(self, now_us: int) -> None:
        self.sent_us = now_us
