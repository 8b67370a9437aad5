"""One connected browser: its socket, its state machine, and what it could not be sent yet."""

import asyncio
import contextlib
import time
from typing import cast

from aiohttp import web

from scoreboard_runtime.broadcaster.wire import text_frame
from scoreboard_runtime.rules.connection import Connection
from scoreboard_runtime.rules.outbox import Outbox

HIGH = 64 * 1024  # bytes that may wait in a transport before its client is skipped
CLOSE_WITHIN = 5.0


def now_us() -> int:
    return time.time_ns() // 1000


class Client:
    """`write` never waits: what does not fit is the outbox's to keep."""

    __slots__ = ("connection", "outbox", "ready", "transport", "version", "waiting", "ws")

    def __init__(
        self, ws: web.WebSocketResponse, transport: asyncio.BaseTransport, connection: Connection
    ) -> None:
        self.ws = ws
        self.transport = cast(asyncio.Transport, transport)
        self.connection = connection
        self.outbox = Outbox()
        self.version = 0  # of the user's score, as last sent
        self.ready = False  # the user channel's snapshot was sent
        self.waiting: list[tuple[int, bytes]] = []  # version and frame, until it was

    @property
    def full(self) -> bool:
        return self.transport.get_write_buffer_size() > HIGH

    def say(self, payload: bytes) -> None:
        """Sends one message of its own."""
        self.write(text_frame(payload))

    def write(self, frame: bytes) -> bool:
        """Writes a whole frame, or keeps it; False when the client is owed too much."""
        if self.transport.is_closing():
            return True
        if self.outbox.behind or self.full:
            return self.outbox.owe(frame, now_us())
        self.transport.write(frame)
        return True

    def write_board(self, frame: bytes) -> bool:
        """Writes a version of the board, or skips it; False when it was skipped."""
        if self.transport.is_closing():
            return False
        if self.outbox.behind or self.full:
            self.outbox.skip_board(now_us())
            return False
        self.transport.write(frame)
        return True

    def catch_up(self, latest: bytes | None) -> bool:
        """Writes what is due when there is room again; whether there was."""
        if self.full:
            return False
        due = self.outbox.take(latest)
        if due and not self.transport.is_closing():
            self.transport.write(due)
        return True

    async def close(self, code: int, reason: str) -> None:
        """Closes, and cuts the connection when the client does not answer."""
        with contextlib.suppress(TimeoutError, ConnectionError, RuntimeError):
            async with asyncio.timeout(CLOSE_WITHIN):
                await self.ws.close(code=code, message=reason.encode())
        if not self.transport.is_closing():
            self.transport.abort()
