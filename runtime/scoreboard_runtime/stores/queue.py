"""Admission's shared half, and what is known of a job in the queue: one function call each.

Everything that shared state decides about a request (three limits, revocation, nonce, task, once,
cooldown, idempotency key) and the enqueueing happen in one call of `admit` in lua/queue.lua.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import hiredis
import msgspec

from scoreboard_runtime.contract import actions
from scoreboard_runtime.contract.board import Scoreboard
from scoreboard_runtime.contract.keys import GROUP, SHARDS, Keys, shard_of
from scoreboard_runtime.stores import functions, valkey
from scoreboard_runtime.stores.budgets import Budgets
from scoreboard_runtime.stores.errors import QUEUE, StoreUnavailable
from scoreboard_runtime.stores.pipeline import Pipeline

LIBRARY = functions.library("queue")
PENDING_PAGE = 500
PENDING_FRESH = 0.2  # seconds for which one reading of a shard serves every subscriber


class Entry(msgspec.Struct, omit_defaults=True, gc=False):
    """One action of an attempt, as lua/queue.lua reads it."""

    a: str  # action
    n: str  # random part of the job id
    l: tuple[int, int] | None = None  # noqa: E741 - the action's budget: count, per us
    c: int | None = None  # cooldown us
    o: bool | None = None  # once only
    t: str | None = None  # key of the issued task
    f: bool | None = None  # the user's roles do not allow it
    x: str | None = None  # what layer 4 says by itself (no such action)
    w: int | None = None  # us to wait: the board is frozen


class Attempt(msgspec.Struct, omit_defaults=True, gc=False):
    """What the gateway knows of a request: its budgets, its own findings, its entries."""

    G: tuple[int, int]  # global budget: count, per us
    A: tuple[int, int]  # address budget
    U: tuple[int, int]  # user budget
    q: int = 0  # entries that one shard may hold
    S: int = 0  # shard
    u: str = ""  # user id
    e: list[Entry] = []
    b: bool | None = None  # a batch: entries are judged one by one
    z: str | None = None  # INVALID_TOKEN
    s: str | None = None  # the shape's code
    y: str | None = None  # STALE_REQUEST or INVALID_SIGNATURE
    g: int | None = None  # ms to keep the nonce; none when signing is not asked for
    m: bool | None = None  # the nonce is well formed
    h: str | None = None  # digest of the body, when there is an Idempotency-Key
    i: str | None = None  # and then the request's id, kept with the answer
    T: tuple[int, int] | None = None  # an issued task's least and longest duration, us


class Answer(msgspec.Struct, frozen=True, gc=False):
    """What admission said. `results` has (OK, job id) or (code, wait us) for each entry."""

    code: str
    wait_us: int
    remaining: int
    reset: int  # seconds until the reported budget is full again
    replayed: bool
    results: Sequence[tuple[str, Any]]
    origin: str = ""  # of a replay: the id of the request that was answered first

    @property
    def ok(self) -> bool:
        return self.code == "OK"


@dataclass(frozen=True, slots=True)
class IssuedTask:
    """Times of a task just issued, microseconds."""

    issued_us: int
    not_before_us: int
    expires_us: int


@dataclass(frozen=True, slots=True)
class Charge:
    """Outcome of layer 1 for a request that is not an action."""

    refused: str | None
    retry_after: float
    headers: dict[str, str]


@dataclass(frozen=True, slots=True)
class QueuedJob:
    """A job without a row in the ledger yet."""

    job: actions.Job
    status: str  # queued, processing, failed
    submitted_us: int
    error: str | None


def identity(shard: int, entry: bytes, fields: dict[bytes, bytes], job: actions.Job) -> str:
    """The job id of a stream entry; a redriven one carries its own."""
    own = fields.get(b"j")
    if own is not None:
        return own.decode()
    ms, _, sequence = entry.partition(b"-")
    return actions.job_id(actions.Place(shard, int(ms), int(sequence)), job.nonce)


_encode = msgspec.msgpack.Encoder().encode


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


async def depth(client: valkey.Client, keys: Keys) -> int:
    """Jobs accepted and not finished."""
    with valkey.available(QUEUE):
        pipe = client.pipeline(transaction=False)
        for stream in keys.streams():
            pipe.xlen(stream)
        return sum(await pipe.execute())


class Queue:
    """The queue server as the gateway and the broadcaster see it."""

    def __init__(
        self, pipeline: Pipeline, client: valkey.Client, board: Scoreboard, capacity: int
    ) -> None:
        self.keys = Keys(board.name)
        self.per_shard = max(1, capacity // SHARDS)
        self._pipeline = pipeline
        self._client = client
        self.budgets = Budgets(board)
        self._global = self.keys.global_limit()
        self._pending: dict[int, tuple[float, dict[str, list[str]]]] = {}

    async def _call(self, name: str, keys: Sequence[str], *args: Any) -> Any:
        function = LIBRARY.function(name)
        reply = await self._pipeline.call("FCALL", function, len(keys), *keys, *args)
        if isinstance(reply, hiredis.ReplyError) and "unction not found" in str(reply):
            with valkey.available(QUEUE):
                await functions.load(self._client, LIBRARY)
            reply = await self._pipeline.call("FCALL", function, len(keys), *keys, *args)
        if isinstance(reply, Exception):
            word = str(reply).split(" ", 1)[0]
            if word in valkey.PASSING:
                raise StoreUnavailable(QUEUE, word)
            raise reply
        return reply

    async def ping(self) -> None:
        """Whether admission can be asked: its own connection, not another one's."""
        reply = await self._pipeline.call("PING")
        if isinstance(reply, Exception):
            raise StoreUnavailable(QUEUE, str(reply).split(" ", 1)[0])

    async def charge(self, address: str, halved: bool = False) -> Charge:
        """Charges the global and the address budget. Raises StoreUnavailable."""
        budgets = (self.budgets.of_all(halved=halved), self.budgets.address.pair, 1)
        keys = (self._global, self.keys.address_limit(address))
        code, wait, remaining, reset = await self._call("charge", keys, _encode(budgets))
        refused = None if code == b"OK" else _text(code)
        return Charge(refused, wait / 1e6, self.budgets.address.headers(remaining, reset))

    async def admit(
        self, attempt: Attempt, address: str, session: str, nonce: str, key: str, jobs: list[bytes]
    ) -> Answer:
        """One round trip: every shared check of the four layers, and the queue.

        Raises StoreUnavailable, after which it is not known whether the jobs were accepted.
        """
        keys = self.keys
        names = (
            self._global,
            keys.address_limit(address),
            keys.session(session),
            keys.user_state(attempt.u),
            keys.once(attempt.u),
            keys.stream(attempt.S),
            keys.nonce(session, nonce),
            keys.idempotency(attempt.u, key),
        )
        reply = await self._call("admit", names, _encode(attempt), *jobs)
        code = _text(reply[0])
        if len(reply) < 6:
            return Answer(code, reply[1], reply[2], reply[3], False, ())
        results = [
            (_text(word), _text(rest) if isinstance(rest, bytes) else int(rest))
            for word, rest in reply[5]
        ]
        origin = _text(reply[6]) if len(reply) > 6 else ""
        return Answer(code, reply[1], reply[2], reply[3], bool(reply[4]), results, origin)

    async def issue(
        self, attempt: Attempt, address: str, session: str, task_id: str
    ) -> tuple[Answer, IssuedTask | None]:
        """Issues a single-use task after the same checks. Raises StoreUnavailable."""
        names = (
            self._global,
            self.keys.address_limit(address),
            self.keys.session(session),
            self.keys.user_state(attempt.u),
            self.keys.task(task_id),
        )
        reply = await self._call("issue", names, _encode(attempt))
        answer = Answer(_text(reply[0]), reply[1], reply[2], reply[3], False, ())
        if not answer.ok:
            return answer, None
        return answer, IssuedTask(int(reply[4]), int(reply[5]), int(reply[6]))

    async def find(self, job_id: str) -> QueuedJob | None:
        """A job that is not finished: in its stream, or among the dead letters."""
        place = actions.place_of(job_id)
        if place is None or place.shard >= SHARDS:
            return None
        stream = self.keys.stream(place.shard)
        with valkey.available(QUEUE):
            found = await self._client.xrange(stream, place.entry, place.entry)
            if found and found[0][1].get(b"j") is None:
                return await self._waiting(stream, place, found[0][1])
            letter = await self._client.hgetall(self.keys.dead_letter(job_id))
        if not letter:
            return None
        status = "failed" if letter[b"status"] == b"dead" else "queued"
        reason = letter[b"reason"].decode() if status == "failed" else None
        job = actions.decode_job(letter[b"job"])
        return QueuedJob(job, status, int(letter[b"admitted"]), reason)

    async def _waiting(
        self, stream: str, place: actions.Place, fields: dict[bytes, bytes]
    ) -> QueuedJob:
        try:
            taken = await self._client.xpending_range(
                stream, GROUP, place.entry, place.entry, count=1
            )
        except valkey.ResponseError as error:
            if not str(error).startswith("NOGROUP"):
                raise
            taken = []  # no worker has ever been here
        status = "processing" if taken else "queued"
        return QueuedJob(actions.decode_job(fields[b"d"]), status, int(fields[b"t"]), None)

    async def pending_jobs(self, user_id: str) -> list[str]:
        """Ids of the user's unfinished jobs, oldest first. Raises StoreUnavailable.

        Read from the user's stream, so that admission writes nothing for it; one reading serves
        every caller for a moment, which bounds the work when thousands reconnect to a long queue.
        """
        shard = shard_of(user_id)
        read_at, jobs = self._pending.get(shard, (0.0, {}))
        if time.monotonic() - read_at > PENDING_FRESH:
            jobs = await self._read_shard(shard)
            self._pending[shard] = (time.monotonic(), jobs)
        return jobs.get(user_id, [])

    async def _read_shard(self, shard: int) -> dict[str, list[str]]:
        jobs: dict[str, list[str]] = {}
        start = "-"
        while True:
            with valkey.available(QUEUE):
                page = await self._client.xrange(
                    self.keys.stream(shard), start, "+", count=PENDING_PAGE
                )
            for entry, fields in page:
                job = actions.decode_job(fields[b"d"])
                jobs.setdefault(job.user, []).append(identity(shard, entry, fields, job))
            if len(page) < PENDING_PAGE:
                return jobs
            start = f"({page[-1][0].decode()}"

    async def depth(self) -> int:
        """Jobs accepted and not finished."""
        return await depth(self._client, self.keys)
