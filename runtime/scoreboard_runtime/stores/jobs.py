"""The queue as the worker sees it: streams in a consumer group, one owner for each shard."""

from collections.abc import Iterable, Sequence
from typing import Any

import hiredis
import msgspec

from scoreboard_runtime.contract import actions
from scoreboard_runtime.contract.keys import GROUP, SHARDS, Keys
from scoreboard_runtime.stores import valkey
from scoreboard_runtime.stores.errors import QUEUE, StoreUnavailable
from scoreboard_runtime.stores.pipeline import Pipeline
from scoreboard_runtime.stores.queue import LIBRARY, identity

BLOCK_MS = 500
RECOVER_PAGE = 500


class Delivery(msgspec.Struct, frozen=True, gc=False):
    """One stream entry as it was handed to this worker."""

    shard: int
    entry: str
    fields: dict[bytes, bytes]
    times: int = 1  # deliveries up to now

    @property
    def admitted_us(self) -> int:
        return int(self.fields[b"t"])

    def job(self) -> actions.Job:
        """Raises msgspec.DecodeError, msgspec.ValidationError or KeyError for what is no job."""
        return actions.decode_job(self.fields[b"d"])

    def job_id(self, job: actions.Job) -> str:
        return identity(self.shard, self.entry.encode(), self.fields, job)


def _fields(flat: Sequence[bytes] | None) -> dict[bytes, bytes]:
    return dict(zip(flat[::2], flat[1::2], strict=True)) if flat else {}


class Jobs:
    """Reading and finishing. `reader` is a connection of its own: its reads block."""

    def __init__(self, reader: Pipeline, client: valkey.Client, keys: Keys, worker: str) -> None:
        self._reader = reader
        self._client = client
        self._keys = keys
        self._worker = worker
        self._shards = {keys.stream(shard).encode(): shard for shard in range(SHARDS)}

    async def _send(self, *command: Any) -> Any:
        reply = await self._reader.call(*command)
        if isinstance(reply, hiredis.ReplyError):
            word = str(reply).split(" ", 1)[0]
            if word == "NOGROUP":
                await self.create_groups()
            if word in valkey.PASSING or word == "NOGROUP":
                raise StoreUnavailable(QUEUE, word)
            raise reply
        return reply

    async def create_groups(self) -> None:
        """Makes the streams and their group where they are not there yet."""
        with valkey.available(QUEUE):
            for stream in self._keys.streams():
                try:
                    await self._client.xgroup_create(stream, GROUP, id="0", mkstream=True)
                except valkey.ResponseError as error:
                    if not str(error).startswith("BUSYGROUP"):
                        raise

    async def read(self, shards: Iterable[int], count: int) -> list[Delivery]:
        """New entries, at most `count` of each shard; waits half a second at most."""
        streams = [self._keys.stream(shard) for shard in shards]
        reply = await self._send(
            "XREADGROUP", "GROUP", GROUP, self._worker, "COUNT", count, "BLOCK", BLOCK_MS,
            "STREAMS", *streams, *(">" for _ in streams),
        )  # fmt: skip
        return [
            Delivery(self._shards[stream], entry.decode(), _fields(flat))
            for stream, entries in reply or ()
            for entry, flat in entries
        ]

    async def recover(self, shard: int) -> list[Delivery]:
        """Takes over what any worker read from the shard and did not finish, oldest first."""
        stream = self._keys.stream(shard)
        pending = await self._send("XPENDING", stream, GROUP, "-", "+", RECOVER_PAGE)
        if not pending:
            return []
        times = {entry.decode(): int(count) for entry, _, _, count in pending}
        claimed = await self._send("XCLAIM", stream, GROUP, self._worker, 0, *times)
        return [
            Delivery(shard, item[0].decode(), _fields(item[1]), times[item[0].decode()] + 1)
            for item in claimed
            if item is not None
        ]

    async def finish(self, deliveries: Sequence[Delivery]) -> None:
        """Acknowledges and deletes: from here on the ledger alone knows the jobs."""
        by_shard: dict[int, list[str]] = {}
        redriven = []
        for delivery in deliveries:
            by_shard.setdefault(delivery.shard, []).append(delivery.entry)
            own = delivery.fields.get(b"j")
            if own is not None:
                redriven.append(self._keys.dead_letter(own.decode()))
        sent = []
        for shard, entries in by_shard.items():
            stream = self._keys.stream(shard)
            sent.append(self._reader.call("XACK", stream, GROUP, *entries))
            sent.append(self._reader.call("XDEL", stream, *entries))
        if redriven:
            sent.append(self._reader.call("DEL", *redriven))
        for answer in sent:
            await answer

    async def bury(self, delivery: Delivery, job_id: str, reason: str) -> None:
        """Moves a job to the dead letters."""
        keys = [
            self._keys.stream(delivery.shard),
            self._keys.dead_letter(job_id),
            self._keys.dead_letters(),
        ]
        arguments = [
            GROUP,
            delivery.entry,
            job_id,
            delivery.fields.get(b"d", b""),
            reason[:500],
            delivery.fields.get(b"t", b"0"),
            delivery.times,
        ]
        await valkey.call(self._client, QUEUE, LIBRARY, "bury", keys, arguments)

    async def oldest_us(self) -> int | None:
        """Admission time of the oldest unfinished job."""
        with valkey.available(QUEUE):
            pipe = self._client.pipeline(transaction=False)
            for stream in self._keys.streams():
                pipe.xrange(stream, "-", "+", count=1)
            heads = await pipe.execute()
        times = [int(head[0][1].get(b"t", 0)) for head in heads if head]
        return min(times, default=None)
