"""The dead letters: jobs set aside with a reason, to be looked at and redriven."""

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from scoreboard_runtime.contract import actions
from scoreboard_runtime.contract.keys import Keys
from scoreboard_runtime.stores import valkey
from scoreboard_runtime.stores.errors import QUEUE
from scoreboard_runtime.stores.queue import LIBRARY


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A job set aside, with the reason."""

    job_id: str
    user: str
    action: str
    reason: str
    at_us: int
    attempts: int


class DeadLetters:
    """Reads and redrives; the worker buries (stores/jobs.py)."""

    def __init__(self, client: valkey.Client, keys: Keys) -> None:
        self._client = client
        self._keys = keys

    async def count(self) -> int:
        with valkey.available(QUEUE):
            return int(await self._client.zcard(self._keys.dead_letters()))

    async def list(self, limit: int) -> Sequence[DeadLetter]:
        """The newest first."""
        with valkey.available(QUEUE):
            ids = await self._client.zrevrange(self._keys.dead_letters(), 0, limit - 1)
        return await self._read(ids)

    async def _read(self, ids: Sequence[bytes]) -> Sequence[DeadLetter]:
        with valkey.available(QUEUE):
            pipe = self._client.pipeline(transaction=False)
            for job_id in ids:
                pipe.hgetall(self._keys.dead_letter(job_id.decode()))
            letters = await pipe.execute()
        return [
            _letter(job_id.decode(), letter)
            for job_id, letter in zip(ids, letters, strict=True)
            if letter
        ]

    async def page(self, before: tuple[int, str] | None, limit: int) -> Sequence[DeadLetter]:
        """The newest first, older than the letter that was buried at `before`."""
        most = "+inf" if before is None else before[0]
        found: Sequence[DeadLetter] = ()
        offset = 0
        while len(found) < limit:
            with valkey.available(QUEUE):
                ids = await self._client.zrevrangebyscore(
                    self._keys.dead_letters(), most, "-inf", start=offset, num=limit + 1
                )
            letters = await self._read(ids)
            # Letters of one microsecond come in the order of their ids, the largest first.
            older = [x for x in letters if before is None or (x.at_us, x.job_id) < before]
            found = [*found, *older]
            if len(ids) <= limit:
                break
            offset += len(ids)
        return found[:limit]

    async def redrive(self, job_id: str) -> bool:
        """Puts the job back at the end of its queue. False when it is not among the dead."""
        with valkey.available(QUEUE):
            stream = await self._client.hget(self._keys.dead_letter(job_id), "stream")
        if stream is None:
            return False
        keys = [stream.decode(), self._keys.dead_letter(job_id), self._keys.dead_letters()]
        return bool(await valkey.call(self._client, QUEUE, LIBRARY, "redrive", keys, [job_id]))


def _letter(job_id: str, letter: dict[bytes, bytes]) -> DeadLetter:
    try:
        job = actions.decode_job(letter[b"job"])
        user, action = job.user, job.action
    except (msgspec.DecodeError, msgspec.ValidationError):
        user, action = "?", "?"  # it may be dead because it can not be read
    return DeadLetter(
        job_id=job_id,
        user=user,
        action=action,
        reason=letter[b"reason"].decode(),
        at_us=int(letter[b"at"]),
        attempts=int(letter[b"tries"]),
    )
