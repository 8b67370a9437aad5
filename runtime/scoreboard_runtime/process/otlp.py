"""Spans to a collector by OTLP over HTTP, in a thread of OpenTelemetry's SDK, from a bounded queue.

A collector that is slow, down or hangs costs spans, which are counted, and nothing else: to put one
into the queue never waits, and the end of a process waits for it a moment at most.

Spans are made as they end, not by the SDK's tracer: that is a tenth of the price of its own
(docs/decisions/0011).
"""

import asyncio
import logging
import threading
import time
from collections.abc import Sequence

import structlog
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.sdk.version import __version__ as sdk_version
from opentelemetry.trace import Link, SpanContext, SpanKind, Status, StatusCode, TraceFlags

from scoreboard_runtime.contract import metrics
from scoreboard_runtime.contract.traces import Context
from scoreboard_runtime.process.settings import Settings, Traces
from scoreboard_runtime.process.telemetry import Telemetry
from scoreboard_runtime.process.tracing import Span

log = structlog.get_logger()
CLOSE_WITHIN = 2.0  # seconds
SCOPE = InstrumentationScope("scoreboard")
_SAMPLED = TraceFlags(TraceFlags.SAMPLED)
_KINDS = {kind.name.lower(): kind for kind in SpanKind}
_UNSET = Status(StatusCode.UNSET)


def resource(settings: Settings, traces: Traces) -> Resource:
    """Who the spans are of; what the environment says of it comes before what we know."""
    known = {
        "service.name": f"scoreboard-{settings.role}",
        "service.namespace": settings.board.name,
        "service.version": settings.board.version,
        "service.instance.id": settings.worker_id,
        "telemetry.sdk.language": "python",
        "telemetry.sdk.name": "opentelemetry",
        "telemetry.sdk.version": sdk_version,
    }
    return Resource({**known, **traces.attributes})


def _context(context: Context, *, remote: bool) -> SpanContext:
    return SpanContext(context.trace_id, context.span_id, remote, _SAMPLED)


class _Counting(SpanExporter):
    """Exports, counts, and says once that the collector is away, and once that it is back."""

    def __init__(self, exporter: SpanExporter, telemetry: Telemetry, where: str) -> None:
        self._exporter = exporter
        self._telemetry = telemetry
        self._where = where
        self._failing = False
        self.done = 0

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        try:
            result = self._exporter.export(spans)
        except Exception as error:
            log.warning("spans_not_exported", why=type(error).__name__)
            result = SpanExportResult.FAILURE
        failed = result is not SpanExportResult.SUCCESS
        self.done += len(spans)
        self._telemetry.count(metrics.SPANS, "failed" if failed else "exported", by=len(spans))
        if failed and not self._failing:
            log.warning("spans_not_exported", endpoint=self._where, spans=len(spans))
        elif self._failing and not failed:
            log.info("spans_exported_again", endpoint=self._where)
        self._failing = failed
        return result

    def shutdown(self) -> None:
        self._exporter.shutdown()


class Exporting:
    """The Sink of process/tracing.py."""

    def __init__(self, settings: Settings, traces: Traces, telemetry: Telemetry) -> None:
        logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)  # ours says it once
        exporter = OTLPSpanExporter(
            endpoint=traces.endpoint,
            headers=traces.headers,
            timeout=traces.timeout_seconds,
            certificate_file=traces.certificate or None,
            compression=Compression.Gzip if traces.gzip else Compression.NoCompression,
        )
        self._telemetry = telemetry
        self._resource = resource(settings, traces)
        self._most = traces.queue_size
        self._counting = _Counting(exporter, telemetry, traces.endpoint)
        self._processor = BatchSpanProcessor(self._counting, max_queue_size=traces.queue_size)
        self._put = 0

    def put(self, span: Span) -> None:
        """Into the queue, or dropped and counted when as many wait as may."""
        if self._put - self._counting.done >= self._most:
            self._telemetry.count(metrics.SPANS, "dropped")
            return
        self._put += 1
        self._processor.on_end(
            ReadableSpan(
                name=span.name,
                context=_context(span.context, remote=False),
                parent=None if span.parent is None else _context(span.parent, remote=True),
                resource=self._resource,
                attributes=span.attributes,
                links=[Link(_context(link, remote=True)) for link in span.links],
                kind=_KINDS[span.kind],
                status=Status(StatusCode.ERROR, span.failed) if span.failed else _UNSET,
                start_time=span.start_ns,
                end_time=max(span.start_ns, span.end_ns),
                instrumentation_scope=SCOPE,
            )
        )

    async def close(self) -> None:
        """Gives the queue a moment to empty; a thread that hangs goes with the process."""
        thread = threading.Thread(target=self._processor.shutdown, daemon=True)
        thread.start()
        until = time.monotonic() + CLOSE_WITHIN
        while thread.is_alive() and time.monotonic() < until:
            await asyncio.sleep(0.02)
