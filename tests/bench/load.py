"""Load over HTTP in a process of its own: closed loop, requests made before the clock starts."""

import asyncio
import re
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection

import uvloop
from tests.bench.child import Child

from scoreboard_client.signing import EXECUTE, sign

CONNECTIONS = 64
_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
Session = tuple[str, str]  # token, signing key


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a block did, and the load's own part of its core."""

    good: int
    bad: int
    seconds: float
    busy: float
    sample: bytes = b""  # of a bad answer


def plain(port: int) -> bytes:
    """A POST of 300 B of JSON."""
    body = b'{"data":"' + b"x" * 289 + b'"}'
    return _head("/", port, len(body)) + b"\r\n" + body


def _head(path: str, port: int, length: int) -> bytes:
    return (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {length}\r\n"
    ).encode()


def signed(sessions: Sequence[Session], port: int, count: int) -> list[bytes]:
    """Signed actions, each good once and for a minute, in turn from every session."""
    body = b'{"action":"level"}'
    head = _head(EXECUTE, port, len(body))
    found = []
    for number in range(count):
        token, key = sessions[number % len(sessions)]
        headers = sign(
            key, "POST", EXECUTE, body,
            timestamp_ms=time.time_ns() // 1_000_000, nonce=secrets.token_urlsafe(18),
        )  # fmt: skip
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        found.append(head + f"Authorization: Bearer {token}\r\n{lines}\r\n".encode() + body)
    return found


class _Caller(asyncio.Protocol):
    """One connection with one request under way."""

    def __init__(self, run: "_Run") -> None:
        self._run = run
        self._buffer = b""
        self._transport: asyncio.WriteTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]
        self._next()

    def _next(self) -> None:
        request = self._run.take()
        assert self._transport is not None
        if request is None:
            self._transport.close()
        else:
            self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        self._buffer = data = self._buffer + data if self._buffer else data
        end = data.find(b"\r\n\r\n")
        if end < 0:
            return
        length = _LENGTH.search(data, 0, end)
        if length is None or len(data) < end + 4 + int(length[1]):
            return
        self._buffer = b""
        self._run.answered(data)
        self._next()

    def connection_lost(self, error: Exception | None) -> None:
        self._run.left()


class _Run:
    def __init__(self, requests: Sequence[bytes], seconds: float) -> None:
        self._requests = requests
        self._seconds = seconds
        self._next = 0
        self._open = CONNECTIONS
        self._until = float("inf")
        self.good = self.bad = 0
        self.sample = b""
        self.over = asyncio.Event()

    def take(self) -> bytes | None:
        if time.monotonic() >= self._until:
            return None
        if len(self._requests) == 1:
            return self._requests[0]
        self._next += 1
        return self._requests[self._next - 1] if self._next <= len(self._requests) else None

    def answered(self, data: bytes) -> None:
        if data[9:10] == b"2":
            self.good += 1
        else:
            self.bad += 1
            self.sample = data

    def left(self) -> None:
        self._open -= 1
        if not self._open:
            self.over.set()

    async def start(self, port: int) -> tuple[float, float]:
        loop = asyncio.get_running_loop()
        started, busy = time.monotonic(), time.process_time()
        self._until = started + self._seconds
        for _ in range(CONNECTIONS):
            await loop.create_connection(lambda: _Caller(self), "127.0.0.1", port)
        await self.over.wait()
        seconds = time.monotonic() - started
        return seconds, (time.process_time() - busy) / seconds


def _process(
    pipe: Connection, port: int, seconds: float, sessions: Sequence[Session], count: int
) -> None:
    requests = signed(sessions, port, count) if sessions else [plain(port)]
    pipe.send("ready")
    pipe.recv()

    async def main() -> Outcome:
        run = _Run(requests, seconds)
        took, busy = await run.start(port)
        return Outcome(run.good, run.bad, took, busy, run.sample)

    pipe.send(uvloop.run(main()))


class Load(Child):
    """`async with Load(...) as load: outcome = await load.run()`; entered when it is ready."""

    def __init__(
        self, port: int, seconds: float, core: int, sessions: Sequence[Session] = (), count: int = 0
    ) -> None:
        super().__init__(core, _process, port, seconds, sessions, count)

    async def run(self) -> Outcome:
        outcome: Outcome = await self.ask("go")
        if outcome.bad:
            raise AssertionError(f"{outcome.bad} refused, as {outcome.sample!r}")
        return outcome
