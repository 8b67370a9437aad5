"""Standings as every role reads them: from Valkey in one call, else from Postgres."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from scoreboard_runtime.contract.board import Board
from scoreboard_runtime.contract.changes import COMPLETED, Change, Ranked
from scoreboard_runtime.contract.keys import Keys
from scoreboard_runtime.contract.snapshots import Around, Entry, Snapshot, rfc3339
from scoreboard_runtime.stores import functions, valkey
from scoreboard_runtime.stores.errors import CACHE, StoreUnavailable
from scoreboard_runtime.stores.postgres import Database

LIBRARY = functions.library("standings")
FROM_POSTGRES = "postgres"  # the epoch of what was read there


class StandingsLost(Exception):
    """The cache server has no standings: it is new, was flushed, or a rebuild is not done yet."""


@dataclass(frozen=True, slots=True)
class Page:
    """A snapshot, and the revision of the standings that it was read at."""

    snapshot: Snapshot
    revision: int


@dataclass(frozen=True, slots=True)
class UserStanding:
    """Where one user stands; rank is None for who has no score yet or is disqualified."""

    rank: int | None
    score: int
    version: int
    username: str
    epoch: str
    sequence: int


def entry(rank: int, user: str, username: str, score: int, reached_us: int) -> Entry:
    return Entry(rank, user, username, score, rfc3339(reached_us))


def _entries(flat: Sequence[bytes], first: int) -> list[Entry]:
    """Rows of the Lua functions: user, minus the score, `<version>:<reached us>:<name>`."""
    entries = []
    for index in range(0, len(flat), 3):
        _, reached, name = flat[index + 2].split(b":", 2)
        rank, score = first + index // 3 + 1, -int(float(flat[index + 1]))
        entries.append(entry(rank, flat[index].decode(), name.decode(), score, int(reached)))
    return entries


def percentile(lower: int, total: int) -> float:
    """The share of ranked players with a lower score, 0 to 100."""
    return round(100.0 * lower / total, 4) if total else 0.0


class Standings:
    """Reads. A lost cache server costs speed, never the answer."""

    def __init__(self, client: valkey.Client, database: Database, keys: Keys) -> None:
        self._client = client
        self._database = database
        self._keys = keys
        self._epochs: dict[tuple[str, str], str] = {}

    async def _read(
        self, name: str, board: Board, window: str, *args: Any
    ) -> tuple[str, list[Any]]:
        """Epoch and reply of a reading function. Raises StandingsLost, StoreUnavailable."""
        epoch = self._epochs.get((board.name, window), "")
        for _ in range(3):
            names = [
                self._keys.standings_meta(board.name, window),
                self._keys.standings_ranks(board.name, window, epoch),
                self._keys.standings_players(board.name, window, epoch),
                self._keys.standings_absent(board.name, window, epoch),
            ]
            reply = await valkey.call(self._client, CACHE, LIBRARY, name, names, [epoch, *args])
            if reply[0] == b"OK":
                return epoch, reply
            epoch = reply[1].decode()
            if not epoch:
                break
            self._epochs[board.name, window] = epoch
        raise StandingsLost

    async def page(self, board: Board, window: str, offset: int, limit: int) -> Page:
        """A part of the standings. Raises StoreUnavailable when both stores are lost."""
        try:
            return await self.cached_page(board, window, offset, limit)
        except (StandingsLost, StoreUnavailable):
            return await self._page_from_postgres(board, window, offset, limit)

    async def cached_page(self, board: Board, window: str, offset: int, limit: int) -> Page:
        """The same from Valkey alone. Raises StandingsLost, StoreUnavailable."""
        epoch, reply = await self._read("page", board, window, offset, limit)
        _, sequence, revision, total, flat = reply
        snapshot = Snapshot(
            board=board.name,
            window=window,
            epoch=epoch,
            sequence=sequence,
            total=total,
            entries=_entries(flat, offset),
        )
        return Page(snapshot, revision)

    async def _page_from_postgres(self, board: Board, window: str, offset: int, limit: int) -> Page:
        rows = await self._database.fetch("standings_page", offset, limit)
        total = await self._database.fetchrow("standings_total")
        assert total is not None
        entries = [
            entry(
                offset + index + 1,
                row["user_id"],
                row["username"],
                row["current_score"],
                row["reached_us"],
            )
            for index, row in enumerate(rows)
        ]
        snapshot = Snapshot(
            board=board.name,
            window=window,
            epoch=FROM_POSTGRES,
            sequence=total["changes"],
            total=total["total"],
            entries=entries,
        )
        return Page(snapshot, total["changes"])

    async def around(self, board: Board, window: str, user: str, each: int) -> Around:
        """The standings around one user. Raises StoreUnavailable."""
        try:
            epoch, reply = await self._read("around", board, window, user, each)
        except (StandingsLost, StoreUnavailable):
            return await self._around_from_postgres(board, window, user, each)
        _, sequence, _, total, flat, first, rank, lower, _, _ = reply
        ranked = rank >= 0
        return Around(
            board=board.name,
            window=window,
            epoch=epoch,
            sequence=sequence,
            total=total,
            entries=_entries(flat, first),
            rank=rank + 1 if ranked else None,
            percentile=percentile(lower, total) if ranked else None,
        )

    async def _around_from_postgres(
        self, board: Board, window: str, user: str, each: int
    ) -> Around:
        row = await self._database.fetchrow("standing_of", user)
        above = row["above"] if row is not None else None
        first = max(0, above - each) if above is not None else 0
        count = above + each + 1 - first if above is not None else 0
        page = (await self._page_from_postgres(board, window, first, count)).snapshot
        return Around(
            board=board.name,
            window=window,
            epoch=page.epoch,
            sequence=page.sequence,
            total=page.total,
            entries=page.entries,
            rank=above + 1 if above is not None else None,
            percentile=percentile(row["lower"], page.total) if row and above is not None else None,
        )

    async def user(self, board: Board, window: str, user: str) -> UserStanding:
        """One user's place. Raises StoreUnavailable."""
        try:
            epoch, reply = await self._read("around", board, window, user, -1)
        except (StandingsLost, StoreUnavailable):
            return await self._user_from_postgres(user)
        _, sequence, _, _, _, _, rank, _, score, player = reply
        if not player:
            return UserStanding(None, 0, 0, "", epoch, sequence)
        version, _, name = player.split(b":", 2)
        known = -int(float(score)), int(version)
        if rank < 0:
            return UserStanding(None, *known, "", epoch, sequence)
        return UserStanding(rank + 1, *known, name.decode(), epoch, sequence)

    async def _user_from_postgres(self, user: str) -> UserStanding:
        row = await self._database.fetchrow("standing_of", user)
        if row is None:
            return UserStanding(None, 0, 0, "", FROM_POSTGRES, 0)
        rank = None if row["above"] is None else row["above"] + 1
        score, version = row["current_score"], row["score_version"]
        return UserStanding(rank, score, version, row["username"], FROM_POSTGRES, 0)

    async def history_since(
        self, user: str, board: Board, window: str, version: int
    ) -> list[Ranked]:
        """The user's changes after `version`, oldest first, at most 100, without ranks."""
        rows = await self._database.fetch("history_since", user, board.name, window, version)
        return [
            Ranked(
                Change(
                    job=row["job_id"] or "",
                    user=user,
                    username=row["username"],
                    action=row["action"],
                    status=COMPLETED,
                    points=row["points"],
                    score=row["score_after"],
                    version=row["version"],
                    reached_us=row["at_us"],
                    submitted_us=row["submitted_us"] or row["at_us"],
                    committed_us=row["committed_us"] or row["at_us"],
                ),
                None,
                None,
            )
            for row in rows
        ]
