"""One connected browser: its socket, its state machine, and what it could not be sent yet."""

import asyncio
import socket
import time
from typing import cast

from scoreboard_runtime.broadcaster.websocket import Socket
from scoreboard_runtime.broadcaster.wire import close_frame, text_frame
from scoreboard_runtime.rules.connection import Connection
from scoreboard_runtime.rules.outbox import Outbox

KERNEL = 64 * 1024  # bytes; Linux takes it twice
HIGH = 64 * 1024  # bytes that may wait in a transport before its client is skipped
CLOSE_WITHIN = 5.0


def now_us() -> int:
    return time.time_ns() // 1000


def bound_kernel_buffer(transport: asyncio.BaseTransport) -> None:
    """Else the kernel takes megabytes for a client that does not read, and nobody can tell: what it
    holds is stale, and is the memory of all others."""
    sock = transport.get_extra_info("socket")
    if sock is not None:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, KERNEL)


class Client:
    """`write` never waits: what does not fit is the outbox's to keep."""

    __slots__ = (
        "closing",
        "connection",
        "outbox",
        "ready",
        "transport",
        "version",
        "waiting",
        "ws",
    )

    def __init__(
        self, ws: Socket, transport: asyncio.BaseTransport, connection: Connection
    ) -> None:
        self.ws = ws
        self.transport = cast(asyncio.Transport, transport)
        self.connection = connection
        self.outbox = Outbox()
        self.closing = False  # a close is under way: nothing more is sent
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
        if self.closing or self.transport.is_closing():
            return True
        if self.outbox.behind or self.full:
            return self.outbox.owe(frame, now_us())
        self.transport.write(frame)
        return True

    def write_board(self, frame: bytes) -> bool:
        """Writes a version of the board, or skips it; False when it was skipped."""
        if self.closing or self.transport.is_closing():
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

    def close(self, code: int, reason: str) -> None:
        """Says goodbye, once; the connection ends with the client's answer, or is cut without one.

        Not at once: a connection that ends while its close frame is on the way may take the frame
        with it (RFC 6455, section 7.1.1, lets the server wait).
        """
        if self.closing or self.transport.is_closing():
            return
        self.closing = self.ws.goodbye = True
        self.transport.write(close_frame(code, reason))
        asyncio.get_running_loop().call_later(CLOSE_WITHIN, self._cut)

    def _cut(self) -> None:
        if not self.transport.is_closing():
            self.transport.abort()
