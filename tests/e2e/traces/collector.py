"""A collector on loopback: takes OTLP over HTTP as protobuf, or fails in the ways that one can."""

import asyncio
import gzip
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)

GOOD, REFUSES, HANGS = "good", "refuses", "hangs"


@dataclass(frozen=True, slots=True)
class Seen:
    """One span as it was received."""

    name: str
    kind: int
    trace: str
    span: str
    parent: str
    start: int  # ns
    end: int
    role: str
    attributes: dict[str, Any]
    resource: dict[str, Any]
    links: tuple[tuple[str, str], ...]  # trace, span
    error: str


def _values(pairs: Any) -> dict[str, Any]:
    return {pair.key: getattr(pair.value, pair.value.WhichOneof("value")) for pair in pairs}


def decoded(body: bytes) -> list[Seen]:
    """Every span of a request."""
    request = ExportTraceServiceRequest.FromString(body)
    found = []
    for group in request.resource_spans:
        resource = _values(group.resource.attributes)
        for span in (span for scope in group.scope_spans for span in scope.spans):
            found.append(
                Seen(
                    name=span.name,
                    kind=span.kind,
                    trace=span.trace_id.hex(),
                    span=span.span_id.hex(),
                    parent=span.parent_span_id.hex(),
                    start=span.start_time_unix_nano,
                    end=span.end_time_unix_nano,
                    role=resource["service.name"].removeprefix("scoreboard-"),
                    attributes=_values(span.attributes),
                    resource=resource,
                    links=tuple((link.trace_id.hex(), link.span_id.hex()) for link in span.links),
                    error=span.status.message if span.status.code == 2 else "",
                )
            )
    return found


@dataclass(slots=True)
class Collector:
    """`mode` is how it answers from now on."""

    url: str = ""
    mode: str = GOOD
    spans: list[Seen] = field(default_factory=list)
    headers: list[Mapping[str, str]] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    asked: int = 0
    over: asyncio.Event = field(default_factory=asyncio.Event)

    def of(self, trace: str) -> dict[str, Seen]:
        """The spans of a trace by name; each name once."""
        found = [span for span in self.spans if span.trace == trace]
        assert len({span.name for span in found}) == len(found), [span.name for span in found]
        return {span.name: span for span in found}

    async def take(self, request: web.Request) -> web.Response:
        self.asked += 1
        body = await request.read()
        if self.mode == HANGS:
            await self.over.wait()
        if self.mode != GOOD:
            return web.Response(status=503)
        if request.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        self.headers.append(request.headers)
        self.bodies.append(body)
        self.spans += decoded(body)
        answer = ExportTraceServiceResponse().SerializeToString()
        return web.Response(body=answer, content_type="application/x-protobuf")


@asynccontextmanager
async def collecting(mode: str = GOOD) -> AsyncIterator[Collector]:
    """A collector for the time of the block."""
    found = Collector(mode=mode)
    app = web.Application(client_max_size=1 << 26)
    app.add_routes([web.post("/v1/traces", found.take)])
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    found.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield found
    finally:
        found.over.set()
        await runner.cleanup()
