"""Two levels of cache in flow 7's order: L1 here, L2 in Valkey, then Postgres; one flight a key.

Ready bytes of the standings are the L1; the standings in Valkey are their L2. Every published
batch is heard of and makes older bytes invalid; `Eager` fetches the top N again at once. While
nothing can be heard, bytes live for a fifth of a second only.
"""

import asyncio
import hashlib
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import msgspec
import structlog

from scoreboard_runtime.contract import metrics
from scoreboard_runtime.contract.board import DEFAULT_WINDOW, Board, Scoreboard
from scoreboard_runtime.contract.changes import NO_EPOCH, Header, decode_header
from scoreboard_runtime.contract.keys import Keys
from scoreboard_runtime.process.telemetry import Telemetry
from scoreboard_runtime.stores import valkey
from scoreboard_runtime.stores.errors import CACHE, StoreUnavailable
from scoreboard_runtime.stores.standings import FROM_POSTGRES, Page, Standings

log = structlog.get_logger()
DEAF_TTL = 0.2
MAX_PAGES, MAX_OBJECTS = 512, 10_000

Place = tuple[str, int, int]  # board, offset, limit


@dataclass(frozen=True, slots=True)
class Ready:
    """A page of the standings as it is sent."""

    body: bytes
    etag: str
    epoch: str
    revision: int
    until: float


_encode = msgspec.json.Encoder().encode


def _seen(done: "asyncio.Future[Any]") -> None:
    """A flight that fails is its callers' to hear of; nobody may be left is no warning."""
    if not done.cancelled():
        done.exception()


class Cache:
    """The levels and what makes them invalid."""

    def __init__(
        self,
        board: Scoreboard,
        standings: Standings,
        client: valkey.Client,
        keys: Keys,
        telemetry: Telemetry,
    ) -> None:
        self._board = board
        self._standings = standings
        self._client = client
        self._keys = keys
        self._telemetry = telemetry
        self._hearing = False
        self._pages: dict[Place, Ready] = {}
        self._newest: dict[str, tuple[str, int]] = {}  # board -> epoch and revision
        self._unranked = 0  # batches published while there were no standings
        self._objects: dict[str, tuple[float, bytes]] = {}
        self._flights: dict[object, asyncio.Future[Any]] = {}

    async def _once(self, key: object, load: Callable[[], Awaitable[Any]]) -> Any:
        """Who asks for what is being loaded waits for that; a caller that leaves ends nobody's."""
        task = self._flights.get(key)
        if task is None:
            task = self._flights[key] = asyncio.ensure_future(load())
            task.add_done_callback(lambda _: self._flights.pop(key, None))
            task.add_done_callback(_seen)
        return await asyncio.shield(task)

    def _count(self, level: str, outcome: str) -> None:
        self._telemetry.child(metrics.CACHE_REQUESTS, level, outcome).inc()

    # --- standings ---------------------------------------------------------------
    async def page(self, board: Board, offset: int, limit: int) -> Ready:
        """Ready bytes of a page. Raises StoreUnavailable when both stores are lost."""
        place = (board.name, offset, limit)
        ready = self._pages.get(place)
        if ready is not None and ready.until > time.monotonic() and self._is_newest(ready, board):
            self._count("l1", "hit")
            return ready
        self._count("l1", "miss")
        # A new flight for every revision heard of: what was asked for before it may be older.
        key = (place, self._newest.get(board.name), self._unranked)
        found: Ready = await self._once(key, lambda: self._load_page(board, place))
        return found

    def _is_newest(self, ready: Ready, board: Board) -> bool:
        epoch, revision = self._newest.get(board.name, ("", 0))
        return ready.epoch == epoch and ready.revision >= revision

    async def _load_page(self, board: Board, place: Place) -> Ready:
        _, offset, limit = place
        unranked = self._unranked
        page = await self._standings.page(board, DEFAULT_WINDOW, offset, limit)
        from_postgres = page.snapshot.epoch == FROM_POSTGRES
        self._count("l2", "miss" if from_postgres else "hit")
        if from_postgres:
            self._count("database", "hit")
        ready = self._make_ready(page)
        newest = self._newest.get(board.name, ("", 0))
        if newest[0] != ready.epoch or newest[1] < ready.revision:
            self._newest[board.name] = (ready.epoch, ready.revision)
        if len(self._pages) >= MAX_PAGES:
            self._pages.clear()
        if unranked == self._unranked:
            self._pages[place] = ready
        return ready

    def _make_ready(self, page: Page) -> Ready:
        body = _encode(page.snapshot)
        etag = f'"{hashlib.blake2b(body, digest_size=12).hexdigest()}"'
        life = self._board.l1_ttl_us / 1e6
        ttl = life if self._hearing else min(DEAF_TTL, life)
        return Ready(body, etag, page.snapshot.epoch, page.revision, time.monotonic() + ttl)

    # --- objects -----------------------------------------------------------------
    async def get(self, kind: str, ident: str, load: Callable[[], Awaitable[bytes]]) -> bytes:
        """The bytes of one object: L1, then L2, then `load`, filling L2 before L1."""
        name = f"{kind}:{ident}"
        found = self._objects.get(name)
        if found is not None and found[0] > time.monotonic():
            self._count("l1", "hit")
            return found[1]
        self._count("l1", "miss")
        body: bytes = await self._once(name, lambda: self._load(name, kind, ident, load))
        return body

    async def _load(
        self, name: str, kind: str, ident: str, load: Callable[[], Awaitable[bytes]]
    ) -> bytes:
        key = self._keys.cached(kind, ident)
        try:
            with valkey.available(CACHE):
                body = await self._client.get(key)
            self._count("l2", "miss" if body is None else "hit")
        except StoreUnavailable:
            body = None
            self._count("l2", "error")
        if body is None:
            body = await load()
            self._count("database", "hit")
            await self._fill(key, body)
        if len(self._objects) >= MAX_OBJECTS:
            self._objects.clear()
        ttl = self._board.l1_ttl_us / 1e6 if self._hearing else DEAF_TTL
        self._objects[name] = (time.monotonic() + ttl, body)
        return bytes(body)

    async def _fill(self, key: str, body: bytes) -> None:
        try:
            with valkey.available(CACHE):
                await self._client.set(key, body, px=max(1, self._board.l2_ttl_us // 1000))
        except StoreUnavailable:
            self._count("l2", "error")

    async def invalidate(self, kind: str, ident: str) -> None:
        """After a write: L1 here, then L2, then every other gateway's L1."""
        self._objects.pop(f"{kind}:{ident}", None)
        try:
            with valkey.available(CACHE):
                await self._client.delete(self._keys.cached(kind, ident))
                await self._client.publish(self._keys.cache_channel(), f"{kind}:{ident}")
        except StoreUnavailable:
            log.warning("not_invalidated", kind=kind)

    # --- hearing -----------------------------------------------------------------
    async def hear_standings(self) -> None:
        """Drops pages older than what was published, for ever."""
        await self._hear(self._keys.standings_channel(), self._published)

    async def hear_objects(self) -> None:
        """Drops objects that another process changed, for ever."""
        await self._hear(self._keys.cache_channel(), self._changed)

    async def _hear(self, channel: str, heard: Callable[[bytes | None], None]) -> None:
        while True:
            try:
                async for message in valkey.listen(self._client, channel):
                    self._hearing = True
                    heard(message)
            except valkey.LISTEN_ERRORS as error:
                log.warning("cache_not_heard", why=type(error).__name__)
            self._hearing = False
            await asyncio.sleep(0.2)

    def _changed(self, message: bytes | None) -> None:
        if message is None:
            self._objects.clear()
        else:
            self._objects.pop(message.decode(), None)

    def _published(self, message: bytes | None) -> None:
        if message is None:
            self._pages.clear()
            return
        header = decode_header(message)
        if header.epoch == NO_EPOCH:
            # No revision to go by until the standings are there again; what Postgres said is older.
            self._unranked += 1
            self._pages.clear()
            return
        self._newest[header.board] = (header.epoch, header.revision)
        if self._board.eager:
            self._preload(header)

    def _preload(self, header: Header) -> None:
        board = next((board for board in self._board.boards if board.name == header.board), None)
        if board is not None and (board.name, 0, board.size) in self._pages:
            task = asyncio.ensure_future(self.page(board, 0, board.size))
            task.add_done_callback(_seen)
