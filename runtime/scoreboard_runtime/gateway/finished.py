"""Who waits for a job hears of it: a subscription that lasts only while somebody waits."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog

from scoreboard_runtime.contract.changes import decode_changes
from scoreboard_runtime.stores import valkey

log = structlog.get_logger()


class Finished:
    """Events by job id. A lost message costs a waiter one poll of the ledger, nothing else."""

    def __init__(self, client: valkey.Client, channel: str) -> None:
        self._client = client
        self._channel = channel
        self._waiters: dict[str, set[asyncio.Event]] = {}
        self._wanted = asyncio.Event()

    @asynccontextmanager
    async def of(self, job_id: str) -> AsyncIterator[asyncio.Event]:
        """An event that is set when the job's end is heard of."""
        event = asyncio.Event()
        self._waiters.setdefault(job_id, set()).add(event)
        self._wanted.set()
        try:
            yield event
        finally:
            waiting = self._waiters[job_id]
            waiting.discard(event)
            if not waiting:
                del self._waiters[job_id]

    def _hear(self, message: bytes) -> None:
        for ranked in decode_changes(message)[1]:
            for event in self._waiters.get(ranked.change.job, ()):
                event.set()

    async def _listen(self) -> None:
        async for message in valkey.listen(self._client, self._channel):
            if not self._waiters:
                return
            if message is not None:
                self._hear(message)

    async def run(self) -> None:
        """Listens whenever somebody waits, for ever."""
        while True:
            await self._wanted.wait()
            try:
                await self._listen()
            except valkey.LISTEN_ERRORS as error:
                log.debug("changes_not_heard", why=type(error).__name__)
                await asyncio.sleep(0.2)
            if not self._waiters:
                self._wanted.clear()
