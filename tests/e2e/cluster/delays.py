"""A road to a server that takes time: bytes arrive whole and in order, each so many seconds later."""

import asyncio
import contextlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

PIECE = 65_536


@dataclass(slots=True)
class Road:
    """`seconds`: of the way back, from now on; `port` is where it begins."""

    host: str
    to: tuple[str, int]
    seconds: float = 0.0
    port: int = 0

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async def deliver() -> None:
            while (piece := await waiting.get()) is not None:
                due, data = piece
                await asyncio.sleep(max(0.0, due - loop.time()))
                writer.write(data)
                await writer.drain()

        loop = asyncio.get_running_loop()
        waiting: asyncio.Queue[tuple[float, bytes] | None] = asyncio.Queue()
        delivery = asyncio.ensure_future(deliver())
        try:
            while data := await reader.read(PIECE):
                waiting.put_nowait((loop.time() + self.seconds, data))
            waiting.put_nowait(None)
            await delivery
        finally:
            delivery.cancel()
            writer.close()

    async def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            far_reader, far_writer = await asyncio.open_connection(*self.to)
            there = self._there(reader, far_writer)
            await asyncio.gather(there, self._carry(far_reader, writer), return_exceptions=True)
        writer.close()

    async def _there(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(PIECE):
            writer.write(data)
            await writer.drain()
        writer.close()

    async def _serve(self, open_: threading.Event, over: asyncio.Event) -> None:
        server = await asyncio.start_server(self._meet, self.host, 0)
        self.port = server.sockets[0].getsockname()[1]
        open_.set()
        await over.wait()
        server.close()


@contextmanager
def road(host: str, to: tuple[str, int]) -> Iterator[Road]:
    """Open for the time of the block, from an address that pods reach."""
    made, open_, loop = Road(host, to), threading.Event(), asyncio.new_event_loop()
    over = asyncio.Event()

    def run() -> None:
        with contextlib.suppress(asyncio.CancelledError):
            loop.run_until_complete(made._serve(open_, over))

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        assert open_.wait(10), "the road is open"
        yield made
    finally:
        loop.call_soon_threadsafe(over.set)
        thread.join(10)
