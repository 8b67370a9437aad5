"""Who owns which shard, kept in Valkey: leases that expire by themselves."""

from scoreboard_runtime.contract.keys import Keys
from scoreboard_runtime.stores import valkey
from scoreboard_runtime.stores.errors import QUEUE
from scoreboard_runtime.stores.queue import LIBRARY

ALIVE_MS = 3000  # a worker that says nothing for so long is gone


class Leases:
    """Heartbeat, shard leases and singleton duties of one worker."""

    def __init__(self, client: valkey.Client, keys: Keys, worker: str) -> None:
        self._client = client
        self._keys = keys
        self._worker = worker

    async def heartbeat(self) -> list[str]:
        """Says that this worker lives; the ids of all that do, by the server's clock."""
        with valkey.available(QUEUE):
            seconds, micros = await self._client.time()
            now_ms = int(seconds) * 1000 + int(micros) // 1000
            pipe = self._client.pipeline(transaction=True)
            pipe.zadd(self._keys.workers(), {self._worker: now_ms + ALIVE_MS})
            pipe.zremrangebyscore(self._keys.workers(), "-inf", now_ms)
            pipe.zrange(self._keys.workers(), 0, -1)
            return [name.decode() for name in (await pipe.execute())[2]]

    async def _take(self, key: str, milliseconds: int) -> bool:
        answer = await valkey.call(
            self._client, QUEUE, LIBRARY, "lease", [key], [self._worker, milliseconds]
        )
        return bool(answer)

    async def take(self, shard: int) -> bool:
        """Takes or renews the lease of a shard; False while another worker holds it."""
        return await self._take(self._keys.lease(shard), ALIVE_MS)

    async def _give_back(self, key: str) -> None:
        await valkey.call(self._client, QUEUE, LIBRARY, "release", [key], [self._worker])

    async def release(self, shard: int) -> None:
        await self._give_back(self._keys.lease(shard))

    async def duty(self, name: str, seconds: int) -> bool:
        """Takes a singleton duty for some seconds; False while another worker has it."""
        return await self._take(self._keys.duty(name), seconds * 1000)

    async def done(self, name: str) -> None:
        """Gives a duty back before its time."""
        await self._give_back(self._keys.duty(name))

    async def leave(self) -> None:
        """Says that this worker is going."""
        with valkey.available(QUEUE):
            await self._client.zrem(self._keys.workers(), self._worker)
