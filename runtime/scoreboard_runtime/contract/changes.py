"""What the worker tells the other roles after a commit: the message on the changes channel.

A message is three parts joined by a newline: the header, the ranks that Valkey computed, and the
changes as msgpack. The gateways' channel carries the header alone.
"""

from dataclasses import dataclass

import msgspec

COMPLETED, FAILED = "completed", "failed"
NO_EPOCH = "-"  # a batch was published while there were no standings


class Change(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """The effect of one job, read from committed rows. `version` is 0 where no score changed."""

    job: str
    user: str
    username: str
    action: str
    status: str  # completed or failed
    points: int
    score: int
    version: int  # of the user's score on this board: rises by one with every change
    reached_us: int  # when the score was reached: admission time of the job that made it
    submitted_us: int
    committed_us: int
    error: str | None = None  # a code of contract/rejections.py, for a failed job
    request: str = ""  # the id of the request that brought the job
    trace: str | None = None  # of a traced one: the span that it goes on in (contract/traces.py)
    out: bool = False  # ranked nowhere: disqualified or erased


@dataclass(frozen=True, slots=True)
class Header:
    """State of one standings after a published batch."""

    board: str
    window: str
    epoch: str
    sequence: int  # rises with every version of the top N
    revision: int  # rises with every published batch: a gap means a lost message
    total: int


@dataclass(frozen=True, slots=True)
class Ranked:
    """A change with the rank that it led to; ranks are None where they are not known."""

    change: Change
    rank: int | None
    previous_rank: int | None


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(list[Change])


def encode_changes(changes: list[Change]) -> bytes:
    return _encoder.encode(changes)


def decode_header(message: bytes) -> Header:
    line, _, _ = message.partition(b"\n")
    board, window, epoch, sequence, revision, total = line.decode().split(" ")
    return Header(board, window, epoch, int(sequence), int(revision), int(total))


def _rank(text: bytes) -> int | None:
    return int(text) if text else None


def decode_ranks(text: bytes) -> list[tuple[int | None, int | None]]:
    """`b"3,5;1,"` -> [(3, 5), (1, None)]: rank and previous rank of each change."""
    pairs = (pair.partition(b",") for pair in text.split(b";")) if text else ()
    return [(_rank(now), _rank(before)) for now, _, before in pairs]


def decode_changes(message: bytes) -> tuple[Header, list[Ranked]]:
    """Raises ValueError or msgspec.DecodeError for what is no message of ours."""
    header, ranks, payload = message.split(b"\n", 2)
    changes = _decoder.decode(payload)
    pairs = decode_ranks(ranks)
    return decode_header(header), [
        Ranked(change, *pair) for change, pair in zip(changes, pairs, strict=True)
    ]
