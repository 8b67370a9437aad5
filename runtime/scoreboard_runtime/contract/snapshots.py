"""Standings as sent, over HTTP and over the socket: one shape for both."""

from datetime import UTC, datetime

import msgspec


def rfc3339(us: int) -> str:
    """Microseconds since 1970 -> `2026-11-23T19:00:00.123Z`: the contract's time format."""
    seconds, rest = divmod(us, 1_000_000)
    moment = datetime.fromtimestamp(seconds, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{rest // 1000:03d}Z"


class Entry(msgspec.Struct, frozen=True, rename="camel", gc=False):
    """One row of the standings."""

    rank: int
    user_id: str
    username: str
    score: int
    reached_at: str


class Snapshot(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """A part of the standings. `sequence` rises with every version of the top N in one `epoch`."""

    board: str
    window: str
    epoch: str
    sequence: int
    total: int
    entries: list[Entry]


class Around(Snapshot, frozen=True, rename="camel", kw_only=True):
    """The standings around one user; both are null for who has no score yet."""

    rank: int | None
    percentile: float | None


class UserSnapshot(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """What a user sees of themselves: the snapshot of the socket's user channel."""

    user_id: str
    username: str
    score: int
    rank: int | None
    pending_jobs: list[str]
