"""What a slow client gets next: of the board the latest state only, of its own everything owed."""

from dataclasses import dataclass, field

MOST_OWED = 256
PATIENCE_US = 10_000_000  # how long a client may be behind


@dataclass(slots=True)
class Outbox:
    """What could not be written. The board's frames are not kept: the latest is asked for."""

    board: bool = False  # a version of the board was skipped
    owed: list[bytes] = field(default_factory=list)
    since_us: int | None = None

    @property
    def behind(self) -> bool:
        return self.since_us is not None

    def skip_board(self, now_us: int) -> None:
        self.board = True
        self.since_us = self.since_us or now_us

    def owe(self, frame: bytes, now_us: int) -> bool:
        """Keeps a frame for later; False when the client is owed too much."""
        self.since_us = self.since_us or now_us
        self.owed.append(frame)
        return len(self.owed) <= MOST_OWED

    def too_slow(self, now_us: int) -> bool:
        return self.since_us is not None and now_us - self.since_us > PATIENCE_US

    def take(self, latest: bytes | None) -> bytes:
        """Everything due in one write; the outbox is empty after it."""
        parts = [*self.owed, *([latest] if self.board and latest is not None else [])]
        self.board, self.owed, self.since_us = False, [], None
        return b"".join(parts)
