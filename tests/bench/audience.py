"""Thousands of subscribers in a process of their own: raw WebSocket connections that only read."""

import asyncio
import re
import time
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from typing import Any

import uvloop
from tests.bench.child import Child

_SEQUENCE = re.compile(rb'"type":"scoreboard_updated".*?"sequence":(\d+)')
_AT_ONCE = 100
_UPGRADE = (
    "GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    "Sec-WebSocket-Protocol: scoreboard.v1\r\n\r\n"
)
_SUBSCRIBE = b'{"type":"subscribe","channel":"scoreboard"}'
# Masked with zeros, as a client may.
_SUBSCRIBE_FRAME = bytes([0x81, 0x80 | len(_SUBSCRIBE), 0, 0, 0, 0]) + _SUBSCRIBE


@dataclass(slots=True)
class Version:
    """One version of the board on its way to everybody; times by the monotonic clock."""

    payload: bytes
    first: float
    last: float = 0.0
    count: int = 0


@dataclass(slots=True)
class Heard:
    """What all of them together received."""

    frames: int = 0
    size: int = 0
    versions: dict[int, Version] = field(default_factory=dict)


class _Listener(asyncio.Protocol):
    def __init__(self, heard: Heard, upgrade: bytes, ready: asyncio.Future[None]) -> None:
        self._heard = heard
        self._upgrade = upgrade
        self._ready = ready
        self._upgraded = False
        self._buffer = b""
        self._transport: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._transport.write(self._upgrade)

    def data_received(self, data: bytes) -> None:
        data = self._buffer + data if self._buffer else data
        if not self._upgraded:
            end = data.find(b"\r\n\r\n")
            if end < 0:
                self._buffer = data
                return
            self._upgraded = True
            if b"scoreboard" in data[:end]:
                self._transport.write(_SUBSCRIBE_FRAME)
            else:
                self._ready.set_result(None)
            data = data[end + 4 :]
        self._buffer = self._frames(data)

    def _frames(self, data: bytes) -> bytes:
        """Takes every whole frame; answers the rest."""
        at = 0
        while len(data) - at >= 2:
            size, start = data[at + 1], at + 2
            if size == 126:
                size, start = int.from_bytes(data[at + 2 : at + 4], "big"), at + 4
            if len(data) < start + size:
                break
            if data[at] == 0x81:
                self._take(data[start : start + size])
            at = start + size
        return data[at:]

    def _take(self, payload: bytes) -> None:
        heard = self._heard
        if not self._ready.done():
            self._ready.set_result(None)  # the answer to the subscription
            return
        heard.frames += 1
        heard.size = len(payload)
        found = _SEQUENCE.match(payload, 1) if payload[:1] == b"{" else None
        if found is None:
            return
        now = time.monotonic()
        version = heard.versions.setdefault(int(found[1]), Version(payload, now))
        version.last = now
        version.count += 1


async def _listen(pipe: Connection, port: int, path: str, count: int) -> None:
    loop = asyncio.get_running_loop()
    heard = Heard()
    upgrade = _UPGRADE.format(path=path, port=port).encode()
    for first in range(0, count, _AT_ONCE):
        waits = []
        for _ in range(min(_AT_ONCE, count - first)):
            ready: asyncio.Future[None] = loop.create_future()
            waits.append(ready)
            await loop.create_connection(
                lambda ready=ready: _Listener(heard, upgrade, ready), "127.0.0.1", port
            )
        await asyncio.gather(*waits)
    pipe.send("ready")
    while await asyncio.to_thread(pipe.recv) == "tell":
        pipe.send(heard)


def _process(pipe: Connection, port: int, path: str, count: int) -> None:
    uvloop.run(_listen(pipe, port, path, count))


class Audience(Child):
    """`async with Audience(...) as audience: heard = await audience.tell()`."""

    def __init__(self, port: int, path: str, count: int, core: int) -> None:
        super().__init__(core, _process, port, path, count)

    async def tell(self) -> Heard:
        heard: Heard = await self.ask("tell")
        return heard
