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

    async def _back(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        loop = asyncio.get_running_loop()
        waiting: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()

        async def deliver() -> None:
            while True:
                due, data = await waiting.get()
                await asyncio.sleep(max(0.0, due - loop.time()))
                if not data:
                    writer.write_eof()
                    return
                writer.write(data)
                await writer.drain()

        async with asyncio.TaskGroup() as group:
            group.create_task(deliver())
            data = b"begins"
            while data:  # the end goes the same way
                data = await reader.read(PIECE)
                waiting.put_nowait((loop.time() + self.seconds, data))

    async def _there(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(PIECE):
            writer.write(data)
            await writer.drain()
        writer.write_eof()

    async def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        ends = [writer]
        try:
            far_reader, far_writer = await asyncio.open_connection(*self.to)
            ends.append(far_writer)
            there = self._there(reader, far_writer)
            await asyncio.gather(there, self._back(far_reader, writer), return_exceptions=True)
        except (OSError, asyncio.CancelledError):
            pass  # nobody is there, or the road is closed: the caller sees a closed connection
        finally:
            for end in ends:
                end.close()
                with contextlib.suppress(OSError, asyncio.CancelledError):
                    await end.wait_closed()

    async def serve(self, opened: threading.Event, over: threading.Event) -> None:
        server = await asyncio.start_server(self._meet, self.host, 0)
        self.port = server.sockets[0].getsockname()[1]
        opened.set()
        await asyncio.to_thread(over.wait)
        server.close()


@contextmanager
def road(host: str, to: tuple[str, int]) -> Iterator[Road]:
    """Open for the time of the block, from an address that pods reach."""
    made, opened, over = Road(host, to), threading.Event(), threading.Event()
    thread = threading.Thread(target=lambda: asyncio.run(made.serve(opened, over)), daemon=True)
    thread.start()
    try:
        assert opened.wait(10), "the road is open"
        yield made
    finally:
        over.set()
        thread.join(10)
