"""Spans, where traces are asked for: begun and ended here, sent by process/otlp.py.

Off by default: then a role has no tracer, and OpenTelemetry is not even imported. Of what is not
sampled nothing is recorded and nothing travels.
"""

import random
import time
from collections.abc import Sequence
from types import TracebackType
from typing import Protocol, Self

from scoreboard_runtime.contract.traces import Context, parse
from scoreboard_runtime.process.settings import Settings
from scoreboard_runtime.process.telemetry import Telemetry
from scoreboard_runtime.rules.sampling import Sampler, sampler

SERVER, CLIENT, INTERNAL = "server", "client", "internal"
PRODUCER, CONSUMER = "producer", "consumer"
Attributes = dict[str, str | int | float | bool]


class Span:
    """One piece of work of a sampled trace. As a context manager it ends with the block."""

    __slots__ = (
        "attributes", "context", "end_ns", "failed", "kind", "links", "name", "parent", "sink",
        "start_ns",
    )  # fmt: skip

    def __init__(
        self, sink: "Sink", name: str, kind: str, context: Context, parent: Context | None
    ) -> None:
        self.sink = sink
        self.name = name
        self.kind = kind
        self.context = context
        self.parent = parent
        self.start_ns = time.time_ns()
        self.end_ns = 0
        self.attributes: Attributes = {}
        self.links: Sequence[Context] = ()
        self.failed = ""  # why, in a word that holds nothing of what was sent

    def end(self, end_ns: int | None = None) -> None:
        """Hands it over; nothing of it may change any more."""
        self.end_ns = time.time_ns() if end_ns is None else end_ns
        self.sink.put(self)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, _: BaseException | None, __: TracebackType | None
    ) -> None:
        if kind is not None:
            self.failed = kind.__name__
        self.end()


class Sink(Protocol):
    """Where spans go. Neither call waits for anybody."""

    def put(self, span: Span) -> None: ...

    async def close(self) -> None: ...


class Tracer:
    """Begins spans; whoever begins one ends it."""

    def __init__(self, sink: Sink, sampled: Sampler) -> None:
        self._sink = sink
        self._sampled = sampled

    def enter(self, name: str, traceparent: str | None) -> Span | None:
        """A request's span in its caller's trace or in a new one; None if it is not sampled."""
        caller = parse(traceparent)
        trace_id = caller.trace_id if caller is not None else random.getrandbits(128) or 1
        if not self._sampled(caller, trace_id):
            return None
        return self._begin(name, SERVER, trace_id, caller)

    def root(self, name: str) -> Span:
        """The first of a trace of its own."""
        return self._begin(name, INTERNAL, random.getrandbits(128) or 1, None)

    def child(self, name: str, parent: Context, kind: str = INTERNAL) -> Span:
        """Of a span here or elsewhere, whose trace is sampled."""
        return self._begin(name, kind, parent.trace_id, parent)

    def _begin(self, name: str, kind: str, trace_id: int, parent: Context | None) -> Span:
        context = Context(trace_id, random.getrandbits(64) or 1)
        return Span(self._sink, name, kind, context, parent)

    async def close(self) -> None:
        """Sends what is left, within a moment."""
        await self._sink.close()


def start(settings: Settings, telemetry: Telemetry) -> Tracer | None:
    """None where no traces are asked for."""
    if settings.traces is None:
        return None
    from scoreboard_runtime.process import otlp

    sink = otlp.Exporting(settings, settings.traces, telemetry)
    return Tracer(sink, sampler(settings.traces.sampler, settings.traces.ratio))
