"""The end of a socket."""

import asyncio

import aiohttp


async def closed(socket: aiohttp.ClientWebSocketResponse, seconds: float = 15) -> int | None:
    """Reads until the close; its code."""
    async with asyncio.timeout(seconds):
        async for _ in socket:
            pass
    return socket.close_code
