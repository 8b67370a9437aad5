"""The hot path's own connection to Valkey: pipelined, one write a loop tick, answers in order.

redis-py takes four times the CPU for the same call (docs/decisions/0003), so this one path speaks
RESP through hiredis directly. Every call is a future; a lost connection fails all that wait with
StoreUnavailable, because whether they took effect cannot be known; a reconnect loop brings the
connection back. Calls are bounded in number and in time.
"""

import asyncio
import contextlib
from collections import deque
from typing import Any, cast
from urllib.parse import parse_qs, unquote, urlsplit

import hiredis

from scoreboard_runtime.stores.errors import StoreUnavailable

TIMEOUT = 3.0  # the server is given up when the oldest call waits longer
MAX_WAITING = 4096
RECONNECT_DELAYS = (0.02, 0.05, 0.1, 0.2, 0.5)

Reply = Any


def _failed(error: StoreUnavailable) -> "asyncio.Future[Reply]":
    future: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
    future.set_exception(error)
    return future


class _Connection(asyncio.Protocol):
    """One socket's life."""

    def __init__(self, dependency: str) -> None:
        self.dependency = dependency
        self.loop = asyncio.get_running_loop()
        self.closed: asyncio.Future[None] = self.loop.create_future()
        self._transport: asyncio.Transport | None = None
        self._reader = hiredis.Reader()
        self._waiting: deque[tuple[asyncio.Future[Reply], float]] = deque()
        self._out: list[bytes] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are no subclass of asyncio's, so this can not be an isinstance check.
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._reader.feed(data)
        try:
            reply = self._reader.gets()
            while reply is not False:
                future, _ = self._waiting.popleft()
                if not future.done():
                    future.set_result(reply)
                reply = self._reader.gets()
        except (hiredis.ProtocolError, IndexError):
            self.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        while self._waiting:
            future, _ = self._waiting.popleft()
            if not future.done():
                future.set_exception(StoreUnavailable(self.dependency, "connection lost"))
                future.exception()  # a caller that went away must not be warned about
        if not self.closed.done():
            self.closed.set_result(None)

    @property
    def waiting(self) -> int:
        return len(self._waiting)

    def overdue(self, now: float) -> bool:
        return bool(self._waiting) and now - self._waiting[0][1] > TIMEOUT

    def send(self, command: tuple[Any, ...]) -> "asyncio.Future[Reply]":
        if self.closed.done():  # the loop that reconnects has not come to know of it yet
            return _failed(StoreUnavailable(self.dependency, "connection lost"))
        future: asyncio.Future[Reply] = self.loop.create_future()
        self._waiting.append((future, self.loop.time()))
        if not self._out:
            self.loop.call_soon(self._flush)
        self._out.append(hiredis.pack_command(command))
        return future

    def _flush(self) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(b"".join(self._out))
        self._out.clear()

    def abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()


class Pipeline:
    """A connection that comes back. `await call(...)` gives the reply; error replies are values."""

    def __init__(self, url: str, dependency: str) -> None:
        self.url = url
        self._dependency = dependency
        self._connection: _Connection | None = None
        self._connected = asyncio.Event()

    async def connected(self, seconds: float) -> None:
        """Waits for the first connection, so long at most: who starts then need not refuse."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._connected.wait()

    def call(self, *command: Any) -> "asyncio.Future[Reply]":
        """Sends now; the future's result is the reply, which may be a hiredis.ReplyError."""
        connection = self._connection
        if connection is None:
            return _failed(StoreUnavailable(self._dependency, "not connected"))
        if connection.waiting >= MAX_WAITING:
            return _failed(StoreUnavailable(self._dependency, "too many calls wait"))
        return connection.send(command)

    async def _open(self) -> _Connection:
        url = urlsplit(self.url)
        loop = asyncio.get_running_loop()

        def factory() -> _Connection:
            return _Connection(self._dependency)

        async with asyncio.timeout(TIMEOUT):
            if url.scheme == "unix":
                _, connection = await loop.create_unix_connection(factory, unquote(url.path))
            else:
                tls = True if url.scheme == "rediss" else None
                _, connection = await loop.create_connection(
                    factory, url.hostname or "127.0.0.1", url.port or 6379, ssl=tls
                )
            await self._greet(connection)
        return connection

    async def _greet(self, connection: _Connection) -> None:
        url = urlsplit(self.url)
        query = parse_qs(url.query)
        commands: list[tuple[Any, ...]] = []
        if url.password:
            user = unquote(url.username) if url.username else "default"
            commands.append(("AUTH", user, unquote(url.password)))
        database = query.get("db", [url.path.strip("/") if url.scheme != "unix" else "0"])[0]
        if database and database != "0":
            commands.append(("SELECT", database))
        for command in (*commands, ("PING",)):
            reply = await connection.send(command)
            if isinstance(reply, Exception):
                connection.abort()
                raise StoreUnavailable(self._dependency, str(reply).split(" ", 1)[0])

    async def run(self) -> None:
        """Keeps the connection up, for ever."""
        attempt = 0
        while True:
            try:
                connection = await self._open()
            except (OSError, TimeoutError, StoreUnavailable):
                await asyncio.sleep(RECONNECT_DELAYS[min(attempt, len(RECONNECT_DELAYS) - 1)])
                attempt += 1
                continue
            attempt = 0
            self._connection = connection
            self._connected.set()
            try:
                await self._guard(connection)
            finally:
                self._connection = None
                connection.abort()

    async def _guard(self, connection: _Connection) -> None:
        """Returns when the connection is lost; aborts it when the server stops answering."""
        while not connection.closed.done():
            # Not wait_for: in Python 3.11 it may turn a cancellation into a timeout.
            await asyncio.wait((connection.closed,), timeout=0.5)
            if connection.overdue(connection.loop.time()):
                connection.abort()
