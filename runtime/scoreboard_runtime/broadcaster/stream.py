"""The board as server-sent events, for who gets no socket through: the same news, one way."""

from dataclasses import dataclass
from typing import cast

import structlog
from aiohttp import web
from aiohttp.http_websocket import WebSocketReader

from scoreboard_runtime.broadcaster.client import StreamClient, bound_kernel_buffer, now_us
from scoreboard_runtime.broadcaster.visit import CHARGED, Visits
from scoreboard_runtime.contract import endpoints, frames
from scoreboard_runtime.contract.frames import ACTIVITY, SCOREBOARD, TRY_AGAIN, Subscribe
from scoreboard_runtime.process.problems import problem
from scoreboard_runtime.process.serving import id_of
from scoreboard_runtime.rules.connection import Close, Connection, Join, Send
from scoreboard_runtime.stores.errors import StoreUnavailable

log = structlog.get_logger()
CROWDED = 5.0  # seconds after which somebody may have left
HEADERS = {
    "Content-Type": "text/event-stream",
    "Cache-Control": "no-store",
    "X-Accel-Buffering": "no",  # nginx would keep events back
    "X-Content-Type-Options": "nosniff",
}
ASKED = "Authorization, Last-Event-ID"  # what a page of another origin may send
EXPOSED = "RateLimit, RateLimit-Policy, Retry-After, X-Request-Id"  # and read


class _Events(web.StreamResponse):
    """As long as its connection: no length, no chunks, so that an event is written as it is."""

    _length_check = False

    async def write_eof(self, data: bytes = b"") -> None:
        """The end is that of the connection."""
        self._eof_sent = True


def _shared(request: web.Request) -> dict[str, str]:
    """A page of elsewhere may read what it gets, a refusal too; there are no cookies to misuse."""
    origin = request.headers.get("Origin")
    if origin is None:
        return {}
    return {
        "Access-Control-Allow-Origin": origin,
        "Access-Control-Expose-Headers": EXPOSED,
        "Vary": "Origin",
    }


def _token(request: web.Request) -> str | None:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


@dataclass(slots=True)
class Streams:
    """GET /api/scoreboard/stream."""

    visits: Visits

    def routes(self) -> list[web.RouteDef]:
        path = endpoints.STREAM_PATH
        return [
            web.get(path, self.serve, allow_head=False),
            web.options(path, self.preflight),
        ]

    async def preflight(self, request: web.Request) -> web.Response:
        """What a browser asks before a page of another origin sends a token."""
        headers = {
            "Access-Control-Allow-Headers": ASKED,
            "Access-Control-Max-Age": "600",
            "X-Request-Id": id_of(request),
        }
        return web.Response(status=204, headers={**_shared(request), **headers})

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Lets in as the socket does, then pushes until one of both leaves."""
        connection = self.visits.connection()
        connection.opened(now_us())
        wanted = await self._wanted(request, connection)
        if isinstance(wanted, web.Response):
            wanted.headers.update({**_shared(request), **request.get(CHARGED, {})})
            return wanted
        ident = id_of(request)
        own = {**_shared(request), **request.get(CHARGED, {}), "X-Request-Id": ident}
        answer = _Events(headers={**HEADERS, **own})
        answer.force_close()
        await answer.prepare(request)
        if request.transport is not None:
            bound_kernel_buffer(request.transport)
            client = StreamClient(request.transport, connection)
            request.protocol.set_parser(cast(WebSocketReader, client))
            await self._push(request, client, wanted)
        return answer

    async def _wanted(self, request: web.Request, connection: Connection) -> web.Response | Join:
        """What to join, by the rules of a socket's messages; else why not."""
        refusal = await self.visits.refusal(request)
        if refusal is not None:
            return refusal
        ident = id_of(request)
        address, token = self.visits.address(request), _token(request)
        try:
            claims = await self.visits.claims(token) if token is not None else None
        except StoreUnavailable:
            return problem("UNAVAILABLE", ident, retry_after=2)
        if token is not None and isinstance(connection.verified(claims)[0], Close):
            return self.visits.refuse(ident, "INVALID_TOKEN", address)
        if self.visits.crowded:
            return problem("UNAVAILABLE", ident, retry_after=CROWDED)
        since = frames.since_event(request.headers.get("Last-Event-ID"))
        asked = Subscribe(SCOREBOARD, request.query.get("board"), since=since)
        (effect,) = connection.received(asked, now_us())
        if isinstance(effect, Join):
            return effect
        if isinstance(effect, Send):
            return problem("NOT_FOUND", ident)
        return self.visits.refuse(ident, "INVALID_TOKEN", address)

    async def _push(self, request: web.Request, client: StreamClient, wanted: Join) -> None:
        hub, connection = self.visits.hub, client.connection
        hub.enter(client)
        hub.moved(None, connection.state)
        hub.signed_in(client)
        try:
            claims = connection.claims
            if claims is not None and self.visits.revocations.is_revoked(claims.session_id):
                hub.perform(client, connection.ended("revoked"))  # while the answer began
            await self.visits.join_board(client, wanted)
            if request.query.get("activity") == "true":
                hub.join(client, ACTIVITY)
            await client.gone.wait()
        except StoreUnavailable:
            hub.close(client, TRY_AGAIN, "try again")
            await client.gone.wait()
        finally:
            hub.leave(client)
            hub.moved(connection.state, None)
