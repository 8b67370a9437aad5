"""What a client sends to act, and what an admitted action is in the queue: shapes and codecs.

A job's id is a UUIDv7 that carries where the job waits: the stream entry's milliseconds and
sequence, the shard, and 48 random bits. So a job is found in the queue by its id alone, and
nothing else has to be written for it at admission.
"""

import re
from dataclasses import dataclass
from typing import Annotated, Any

import msgspec

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=63)]


class ActionRequest(msgspec.Struct, forbid_unknown_fields=True, frozen=True, rename="camel"):
    """Body of `POST /api/actions/execute`."""

    action: Name
    task_id: Annotated[str, msgspec.Meta(min_length=1, max_length=64)] | None = None
    data: dict[str, Any] | None = None


class BatchRequest(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """Body of `POST /api/actions/execute-batch`."""

    actions: Annotated[list[ActionRequest], msgspec.Meta(min_length=1, max_length=100)]


class TaskRequest(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """Body of `POST /api/tasks`."""

    action: Name


class Job(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """One admitted action, as its stream entry's field `d`; field `t` is the admission time.

    `points` was computed by the gateway from the catalogue, never taken from the client.
    """

    user: str
    action: str
    points: int
    nonce: str  # 12 hex digits: the random part of the job id
    request: str  # the request id, for the logs of every role
    task: str | None = None
    once: bool = False
    board: str = "main"
    window: str = "current"
    trace: str | None = None  # of a traced request: the span that admitted it (contract/traces.py)


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Job)


def encode_job(job: Job) -> bytes:
    data = _encoder.encode(job)
    # Without the last field where nothing is traced: an array of nine, as it always was.
    return data if job.trace is not None else b"\x99" + data[1:-1]


def decode_job(data: bytes) -> Job:
    """Raises msgspec.DecodeError or msgspec.ValidationError for what is not a job."""
    return _decoder.decode(data)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a job waits: the stream of `shard`, entry `<ms>-<sequence>`."""

    shard: int
    ms: int
    sequence: int

    @property
    def entry(self) -> str:
        return f"{self.ms}-{self.sequence}"


def job_id(place: Place, nonce: str) -> str:
    """The UUIDv7 of a job; `stores/lua/queue.lua` builds the same text (a test compares)."""
    return (
        f"{place.ms >> 16:08x}-{place.ms & 0xFFFF:04x}-7{place.sequence & 0xFFF:03x}"
        f"-{0x8000 | place.shard:04x}-{nonce}"
    )


# By letters: int() takes underscores, signs and digits of any script; Postgres calls that no UUID.
_JOB_ID = re.compile(r"([0-9a-f]{8})-([0-9a-f]{4})-7([0-9a-f]{3})-([89ab][0-9a-f]{3})-[0-9a-f]{12}")


def place_of(job: str) -> Place | None:
    """The place that a job id names; None for what is no job id of ours."""
    found = _JOB_ID.fullmatch(job)
    if found is None:
        return None
    return Place(int(found[4], 16) & 0x3FFF, int(found[1] + found[2], 16), int(found[3], 16))
