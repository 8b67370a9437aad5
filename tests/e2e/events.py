"""Server-sent events as they come."""

import asyncio
import json
from typing import Any

import aiohttp


class Events:
    """A stream's events, one after the other."""

    def __init__(self, answer: aiohttp.ClientResponse) -> None:
        self.answer = answer

    async def next(self, within: float = 10) -> dict[str, Any]:
        """{event, id, data} of the next one; {} at the end. Comments are passed over."""
        found: dict[str, Any] = {}
        async with asyncio.timeout(within):
            async for line in self.answer.content:
                name, _, value = line.decode().rstrip("\n").partition(": ")
                if name == "" and found:
                    return {**found, "data": json.loads(found["data"])}
                if value:
                    found[name] = value
        return {}
