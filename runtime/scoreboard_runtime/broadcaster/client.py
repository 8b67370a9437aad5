"""One connected browser: its connection, its states, and what it could not be sent yet."""

import asyncio
import socket
import time
from typing import Any, cast

from scoreboard_runtime.broadcaster.websocket import Socket
from scoreboard_runtime.broadcaster.wire import (
    HEARTBEAT,
    PING,
    SOCKET,
    STREAM,
    Framed,
    close_frame,
    event,
    text_frame,
)
from scoreboard_runtime.contract import frames
from scoreboard_runtime.contract.snapshots import Snapshot
from scoreboard_runtime.rules.connection import Connection
from scoreboard_runtime.rules.outbox import Outbox

KERNEL = 64 * 1024  # bytes; Linux takes it twice
HIGH = 64 * 1024  # bytes that may wait in a transport before its client is skipped
CLOSE_WITHIN, LOOK_EVERY = 5.0, 0.05


def now_us() -> int:
    return time.time_ns() // 1000


def bound_kernel_buffer(transport: asyncio.BaseTransport) -> None:
    """Else the kernel takes megabytes for a client that does not read, and nobody can tell: what it
    holds is stale, and is the memory of all others."""
    sock = transport.get_extra_info("socket")
    if sock is not None:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, KERNEL)


class Client:
    """`write` never waits: what does not fit is the outbox's to keep.

    What is written, and how it ends, is that of a socket or of a stream.
    """

    __slots__ = ("closing", "connection", "outbox", "ready", "transport", "version", "waiting")
    kind = SOCKET  # which of a message's framings it gets
    heartbeat = PING

    def __init__(self, transport: asyncio.BaseTransport, connection: Connection) -> None:
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

    def frame(self, payload: bytes) -> bytes:
        """The bytes of one message of its own."""
        return text_frame(payload)

    def welcome(self, snapshot: Snapshot, *, recovered: bool, ident: Any) -> None:
        """The standings, once, before every later version."""
        self.write(text_frame(frames.subscribed_board(snapshot, recovered=recovered, ident=ident)))

    def write(self, frame: bytes) -> bool:
        """Writes a whole frame, or keeps it; False when the client is owed too much."""
        if self.closing or self.transport.is_closing():
            return True
        if self.outbox.behind or self.full:
            return self.outbox.owe(frame, now_us())
        self.transport.write(frame)
        return True

    def write_board(self, framed: Framed) -> bool:
        """Writes a version of the board, or skips it; False when it was skipped."""
        if self.closing or self.transport.is_closing():
            return False
        if self.outbox.behind or self.full:
            self.outbox.skip_board(now_us())
            return False
        self.transport.write(framed[self.kind])
        return True

    def offer(self, framed: Framed) -> None:
        """Writes what nobody misses, if there is room."""
        if not (self.closing or self.outbox.behind or self.full or self.transport.is_closing()):
            self.transport.write(framed[self.kind])

    def catch_up(self, latest: Framed | None) -> bool:
        """Writes what is due when there is room again; whether there was."""
        if self.full:
            return False
        due = self.outbox.take(latest and latest[self.kind])
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
        self.closing = True
        self._goodbye(code, reason)
        asyncio.get_running_loop().call_later(CLOSE_WITHIN, self._cut)

    def _goodbye(self, code: int, reason: str) -> None:
        raise NotImplementedError

    def _cut(self) -> None:
        self.transport.abort()


class SocketClient(Client):
    """A WebSocket."""

    __slots__ = ("ws",)

    def __init__(
        self, ws: Socket, transport: asyncio.BaseTransport, connection: Connection
    ) -> None:
        super().__init__(transport, connection)
        self.ws = ws

    def _goodbye(self, code: int, reason: str) -> None:
        self.ws.goodbye = True
        self.transport.write(close_frame(code, reason))

    async def gone(self) -> None:
        """After a goodbye: until the connection is over. What comes in is thrown away."""
        while not self.transport.is_closing():
            await asyncio.sleep(LOOK_EVERY)

    def _cut(self) -> None:
        if not self.transport.is_closing():
            self.transport.abort()


class StreamClient(Client):
    """Server-sent events: they go one way, and end with the connection."""

    __slots__ = ("gone",)
    kind = STREAM
    heartbeat = HEARTBEAT

    def __init__(self, transport: asyncio.BaseTransport, connection: Connection) -> None:
        super().__init__(transport, connection)
        self.gone = asyncio.Event()

    def frame(self, payload: bytes) -> bytes:
        return event(payload)

    def welcome(self, snapshot: Snapshot, *, recovered: bool, ident: Any) -> None:
        place = frames.event_id(snapshot.epoch, snapshot.sequence)
        self.write(event(frames.snapshot_event(snapshot, recovered=recovered), place))

    def _goodbye(self, code: int, reason: str) -> None:
        self.transport.write(event(frames.closed_event(code, reason)))
        self.transport.close()  # once all is written; who does not read is cut

    # aiohttp gives what comes after the request to a parser, and tells it of the end.
    def feed_data(self, data: bytes) -> tuple[bool, bytes]:
        """A stream's client has nothing to say."""
        return False, b""

    def feed_eof(self) -> None:
        self.gone.set()
