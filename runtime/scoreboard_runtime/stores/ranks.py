"""Standings as the worker writes them: publish after a commit, rebuild, check drift."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import asyncpg

from scoreboard_runtime.contract.board import Board
from scoreboard_runtime.contract.changes import COMPLETED, Change, encode_changes
from scoreboard_runtime.contract.keys import Keys
from scoreboard_runtime.stores import valkey
from scoreboard_runtime.stores.errors import CACHE
from scoreboard_runtime.stores.postgres import Database
from scoreboard_runtime.stores.standings import LIBRARY

SCAN_PAGE = 1000
SETTLE = 0.5  # seconds that a commit may take to be published
NOBODY = "00000000-0000-0000-0000-000000000000"
LAST_VERSION = 2**53 - 1  # of a standing that never comes back


def _reached(us: int) -> str:
    """16 digits, so that text order is time order (until the year 2286)."""
    return f"{us:016d}"


def _fill_arguments(rows: Sequence[asyncpg.Record]) -> list[Any]:
    arguments: list[Any] = []
    for row in rows:
        arguments += (
            row["user_id"],
            _reached(row["reached_us"]),
            -row["current_score"],
            row["score_version"],
            row["username"],
            int(row["out"]),
        )
    return arguments


def present(user: str, row: asyncpg.Record | None, now_us: int) -> Change:
    """A user's standing as the row says, as a change that changes no score; no row: erased."""
    return Change(
        job="",
        user=user,
        username=row["username"] if row else "",
        action="",
        status=COMPLETED,
        points=0,
        score=row["current_score"] if row else 0,
        version=row["score_version"] if row else LAST_VERSION,
        reached_us=row["reached_us"] if row else 0,
        submitted_us=now_us,
        committed_us=now_us,
        out=row is None or row["out"],
    )


class Ranks:
    """Writes of one standings (board and window) on the cache server."""

    def __init__(
        self, client: valkey.Client, database: Database, keys: Keys, board: Board, window: str
    ) -> None:
        self._client = client
        self._database = database
        self._keys = keys
        self._board = board
        self._window = window
        self._epoch = ""
        self._building = ""

    def _names(self, epoch: str) -> list[str]:
        place = self._board.name, self._window, epoch
        return [
            self._keys.standings_ranks(*place),
            self._keys.standings_players(*place),
            self._keys.standings_absent(*place),
        ]

    @property
    def _meta(self) -> str:
        return self._keys.standings_meta(self._board.name, self._window)

    @property
    def _channels(self) -> list[str]:
        return [self._keys.standings_channel(), self._keys.changes_channel()]

    async def publish(self, changes: list[Change]) -> bool:
        """Tells the other roles what was committed. False when there are no standings to rank in.

        Everything comes from committed rows and is guarded by version, so repeating it is harmless.
        Raises StoreUnavailable.
        """
        arguments = [self._board.name, self._window, self._board.size, encode_changes(changes)]
        results = self._keys.results(changes[0].committed_us // 60_000_000)
        for _ in range(5):
            keys = [self._meta, *self._names(self._epoch), results, *self._channels]
            if self._building:
                keys += self._names(self._building)
            known = [self._epoch, self._building]
            reply = await valkey.call(
                self._client, CACHE, LIBRARY, "publish", keys, [*known, *arguments]
            )
            if reply[0] != b"EPOCH":
                return bool(reply[0] == b"OK")
            self._epoch, self._building = reply[1].decode(), reply[2].decode()
        return False

    async def refresh(self, user: str, now_us: int) -> bool:
        """Publishes a user's standing as Postgres has it. Raises StoreUnavailable."""
        rows = await self._database.fetch("standings_of", [user])
        return await self.publish([present(user, rows[0] if rows else None, now_us)])

    async def present(self) -> bool:
        """Whether there are standings. Raises StoreUnavailable."""
        with valkey.available(CACHE):
            return bool(await self._client.hexists(self._meta, "epoch"))

    async def players(self) -> int | None:
        """How many have a standing; None while there are no standings. Raises StoreUnavailable."""
        with valkey.available(CACHE):
            epoch = await self._client.hget(self._meta, "epoch")
            if epoch is None:
                return None
            return int(await self._client.zcard(self._names(epoch.decode())[0]))

    async def rebuild(self, epoch: str, told: Callable[[int], None] = lambda _: None) -> int:
        """Builds the standings anew from Postgres beside the present ones, then swaps them.

        While it runs every publish writes to both, so nothing committed meanwhile is missed: a
        commit is either seen by the scan or published after `begin`. Returns the players ranked,
        and tells of them while it runs.
        Raises StoreUnavailable.
        """
        await valkey.call(self._client, CACHE, LIBRARY, "begin", [self._meta], [epoch])
        ranked, last = 0, NOBODY
        while rows := await self._database.fetch("standings_scan", last, SCAN_PAGE):
            await valkey.call(
                self._client, CACHE, LIBRARY, "fill", self._names(epoch), _fill_arguments(rows)
            )
            ranked, last = ranked + sum(not row["out"] for row in rows), rows[-1]["user_id"]
            told(ranked)
        old = await valkey.call(
            self._client,
            CACHE,
            LIBRARY,
            "finish",
            [self._meta, self._names(epoch)[0], *self._channels],
            [epoch, self._board.name, self._window],
        )
        stale = epoch if old is None else old.decode()
        if stale:
            with valkey.available(CACHE):
                await self._client.unlink(*self._names(stale))
        return ranked

    async def drift(self, sample: int) -> int:
        """How many of at most `sample` players stand otherwise in Valkey than in Postgres.

        A difference counts when it is still there a moment later: a commit is published after it.
        Raises StoreUnavailable.
        """
        with valkey.available(CACHE):
            epoch = await self._client.hget(self._meta, "epoch")
        if epoch is None:
            return 0
        names = self._names(epoch.decode())
        suspects: list[str] = []
        read, last = 0, NOBODY
        while read < sample:
            rows = await self._database.fetch("standings_scan", last, SCAN_PAGE)
            if not rows:
                break
            suspects += await self._different(names, rows)
            read, last = read + len(rows), rows[-1]["user_id"]
        if suspects:
            await asyncio.sleep(SETTLE)
            rows = await self._database.fetch("standings_of", suspects[:SCAN_PAGE])
            suspects = await self._different(names, rows)
        return len(suspects) + await self._strangers(names)

    async def _strangers(self, names: list[str]) -> int:
        """Members of the sorted set that are nobody's present standing."""
        with valkey.available(CACHE):
            pipe = self._client.pipeline(transaction=True)
            members, players = await pipe.zcard(names[0]).hlen(names[1]).execute()
        return abs(int(members) - int(players))

    async def _different(self, names: list[str], rows: Sequence[asyncpg.Record]) -> list[str]:
        ranks, players, absent = names
        with valkey.available(CACHE):
            known = await self._client.hmget(players, [row["user_id"] for row in rows])
            gone = await self._client.hmget(absent, [row["user_id"] for row in rows])
            members = [f"{_reached(row['reached_us'])}:{row['user_id']}" for row in rows]
            scores = await self._client.zmscore(ranks, members)
        different = []
        for row, player, out, score in zip(rows, known, gone, scores, strict=True):
            version = int((player or out).split(b":", 1)[0]) if player or out else -1
            if version > row["score_version"]:
                continue  # published since the row was read
            wanted = None if row["out"] else -row["current_score"]
            if version < row["score_version"] or score != wanted:
                different.append(row["user_id"])
        return different
