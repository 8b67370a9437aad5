"""The server's clock, as far as its answers tell: a machine's own may be minutes wrong."""

from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime


def instant(text: str) -> float:
    """RFC 3339 -> Unix seconds."""
    return datetime.fromisoformat(text).timestamp()


@dataclass(slots=True)
class Clock:
    """`offset` seconds are added to this machine's time."""

    offset: float = 0.0

    def correct(self, date: str | None, local: float) -> bool:
        """By the `Date` of an answer that came at `local`; whether it could be read."""
        try:
            told = parsedate_to_datetime(date or "")
        except ValueError:
            return False
        if told.tzinfo is None:
            told = told.replace(tzinfo=UTC)
        self.offset = told.timestamp() + 0.5 - local  # Date has whole seconds
        return True

    def now(self, local: float) -> float:
        return local + self.offset
