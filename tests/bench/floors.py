"""The ceilings: the least that a Python server can do. `python -m tests.bench.floors KIND`."""

import asyncio
import base64
import hashlib
import re
import sys

import orjson
import uvloop
from aiohttp import web

_MAGIC = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


async def _echo(request: web.Request) -> web.Response:
    value = orjson.loads(await request.read())
    return web.Response(body=orjson.dumps(value), content_type="application/json")


async def _took(request: web.Request) -> web.Response:
    await request.read()
    return web.Response()


async def _post() -> None:
    """aiohttp, one route, JSON in and out; and a collector that takes spans and looks at none."""
    app = web.Application(client_max_size=1 << 26)
    app.router.add_post("/", _echo)
    app.router.add_post("/v1/traces", _took)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    print(runner.addresses[0][1], flush=True)
    await asyncio.Event().wait()


class _Socket(asyncio.Protocol):
    """Takes a WebSocket's upgrade; then only writes."""

    everybody: "set[_Socket]" = set()
    transport: asyncio.WriteTransport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport  # type: ignore[assignment]

    def data_received(self, data: bytes) -> None:
        key = re.search(rb"Sec-WebSocket-Key: *(\S+)", data)
        if key is None:
            return
        accept = base64.b64encode(hashlib.sha1(key[1] + _MAGIC).digest())
        self.transport.write(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n"
        )
        self.everybody.add(self)

    def connection_lost(self, error: Exception | None) -> None:
        self.everybody.discard(self)


async def _fanout(rate: float, size: int) -> None:
    """One frame, encoded once, to every connection, `rate` times a second."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(_Socket, "127.0.0.1", 0, backlog=4096)
    print(server.sockets[0].getsockname()[1], flush=True)
    frame = b"\x81\x7e" + size.to_bytes(2, "big") + b"x" * size
    due = loop.time()
    while True:
        due = max(due + 1 / rate, loop.time())
        await asyncio.sleep(max(0.0, due - loop.time()))
        for socket in _Socket.everybody:
            socket.transport.write(frame)


if __name__ == "__main__":
    if sys.argv[1] == "post":
        uvloop.run(_post())
    else:
        uvloop.run(_fanout(float(sys.argv[2]), int(sys.argv[3])))
