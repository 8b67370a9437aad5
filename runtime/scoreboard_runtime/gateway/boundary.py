"""The edge of every request: its id, its budget, its session; and what becomes of every error."""

import time
from collections.abc import Awaitable, Callable
from functools import partial

import asyncpg
import structlog
from aiohttp import web
from aiohttp.typedefs import Middleware

from scoreboard_runtime.contract import metrics
from scoreboard_runtime.contract.rejections import REJECTIONS
from scoreboard_runtime.contract.traces import HEADER
from scoreboard_runtime.gateway.parts import Gateway
from scoreboard_runtime.process.problems import Rejected, problem
from scoreboard_runtime.process.serving import id_of
from scoreboard_runtime.process.tracing import Span, Tracer
from scoreboard_runtime.rules.addresses import client_address
from scoreboard_runtime.rules.tokens import Claims
from scoreboard_runtime.stores.errors import DATABASE, StoreUnavailable

log = structlog.get_logger()
REQUEST_ID = web.RequestKey("request_id", str)
CLAIMS = web.RequestKey("claims", Claims)
ACTION = web.RequestKey("action", str)
CHARGED = web.RequestKey("charged", dict[str, str])  # the RateLimit fields of the answer
SPAN = web.RequestKey("span", Span)  # of a request that is traced
Handler = Callable[[Gateway, web.Request], Awaitable[web.StreamResponse]]
Plain = Callable[[web.Request], Awaitable[web.StreamResponse]]


def address_of(gateway: Gateway, request: web.Request) -> str:
    """The client's address as the name of a budget."""
    forwarded = None
    if "X-Forwarded-For" in request.headers:
        forwarded = ",".join(request.headers.getall("X-Forwarded-For"))
    return client_address(request.remote or "", forwarded, gateway.settings.trusted_proxies)


def claims_of(gateway: Gateway, request: web.Request) -> Claims | None:
    """Who sends it, by the token alone; None for no valid one or an ended session."""
    header = request.headers.get("Authorization", "")
    if header[:7].lower() != "bearer ":
        return None
    claims = gateway.tokens.authenticate(header[7:].strip(), time.time_ns() // 1000)
    if claims is None or gateway.revocations.is_revoked(claims.session_id):
        return None
    return claims


def is_halved(gateway: Gateway) -> bool:
    """Traffic is reduced while only an external dependency is down (contract, section 2)."""
    return gateway.health.reduced


async def charge(gateway: Gateway, request: web.Request) -> dict[str, str]:
    """Charges the global and the address budget; the RateLimit fields. Raises Rejected.

    When the queue's server is away a read is not refused for that: the budget is not known.
    """
    try:
        charged = await gateway.queue.charge(address_of(gateway, request), is_halved(gateway))
    except StoreUnavailable:
        if request.method in ("GET", "HEAD"):
            return {}
        raise
    if charged.refused is not None:
        raise Rejected(charged.refused, retry_after=charged.retry_after, headers=charged.headers)
    return charged.headers


def route(gateway: Gateway, handler: Handler, *, session: bool) -> Plain:
    """An /api route that is not an action: charged, and with a session where it needs one."""

    async def call(request: web.Request) -> web.StreamResponse:
        request[CHARGED] = headers = await charge(gateway, request)
        if session:
            claims = claims_of(gateway, request)
            if claims is None:
                raise Rejected("INVALID_TOKEN")
            request[CLAIMS] = claims
        response = await handler(gateway, request)
        response.headers.update(headers)
        return response

    return call


def action_route(gateway: Gateway, handler: Handler) -> Plain:
    """A route whose every budget is charged by its own call to shared state."""
    return partial(handler, gateway)


def record_rejection(
    gateway: Gateway, request: web.Request, code: str, action: str | None = None
) -> None:
    """One log line and one count for a rejection of the four layers; nothing for other codes."""
    layer = REJECTIONS[code].layer
    if layer is None:
        return
    gateway.telemetry.count(metrics.REJECTIONS, layer, code)
    if SPAN in request:
        request[SPAN].attributes["scoreboard.code"] = code
    claims = claims_of(gateway, request)
    known = {"user": claims.user_id if claims else None, "action": action}
    log.info(
        "rejection",
        layer=layer,
        code=code,
        requestId=request[REQUEST_ID],
        address=address_of(gateway, request),
        **{name: value for name, value in known.items() if value is not None},
    )


def _answer(gateway: Gateway, request: web.Request, rejected: Rejected) -> web.Response:
    record_rejection(gateway, request, rejected.code.code, request.get(ACTION))
    return problem(
        rejected.code.code,
        request[REQUEST_ID],
        retry_after=rejected.retry_after,
        headers={**request.get(CHARGED, {}), **rejected.headers},
        detail=rejected.detail,
        errors=rejected.errors,
    )


async def _unmatched(gateway: Gateway, request: web.Request, error: web.HTTPException) -> Rejected:
    """404 and 405 of the router; under /api they are charged like any request."""
    headers: dict[str, str] = {}
    if request.path.startswith("/api"):
        try:
            headers = await charge(gateway, request)
        except Rejected as rejected:
            return rejected
    if isinstance(error, web.HTTPMethodNotAllowed):
        allowed = error.headers.get("Allow", "")
        return Rejected("METHOD_NOT_ALLOWED", headers={**headers, "Allow": allowed})
    return Rejected("NOT_FOUND", headers=headers)


async def _explained(
    gateway: Gateway, request: web.Request, error: Exception
) -> web.StreamResponse:
    """The answer to a request that failed. Raises what is aiohttp's own business."""
    if isinstance(error, web.HTTPException):
        if error.status == 413:
            error = Rejected("PAYLOAD_TOO_LARGE")
        elif error.status not in (404, 405):
            raise error
        else:
            try:
                error = await _unmatched(gateway, request, error)
            except StoreUnavailable as unavailable:
                error = unavailable
    if isinstance(error, Rejected):
        return _answer(gateway, request, error)
    ident, charged = request[REQUEST_ID], request.get(CHARGED)
    if isinstance(error, StoreUnavailable):
        log.warning("unavailable", dependency=error.dependency, requestId=ident)
        if error.dependency == DATABASE:
            gateway.telemetry.count(metrics.DB_ERRORS, "transient")
        return problem("UNAVAILABLE", ident, retry_after=2, headers=charged)
    if isinstance(error, asyncpg.PostgresError):
        gateway.telemetry.count(metrics.DB_ERRORS, "permanent")
    log.error("failed", requestId=ident, path=request.path, exc_info=error)
    return problem("INTERNAL", ident, headers=charged)


def _enter(tracer: Tracer, request: web.Request, resource: str, method: str) -> Span | None:
    """The span of a request to the API, if it is sampled; in its caller's trace if it has one."""
    if not resource.startswith("/api"):
        return None
    span = tracer.enter(f"{method} {resource}", request.headers.get(HEADER))
    if span is not None:
        span.attributes.update({"http.request.method": method, "http.route": resource})
        request[SPAN] = span
    return span


def _leave(span: Span, ident: str, status: int) -> str:
    """Ends the span; the id of its trace."""
    span.attributes["scoreboard.request_id"] = ident
    span.attributes["http.response.status_code"] = status
    if status >= 500:
        span.failed = str(status)
    span.end()
    return span.context.trace


async def bounded(
    gateway: Gateway, request: web.Request, handler: Plain, resource: str, method: str
) -> web.StreamResponse:
    """Gives a request its id, turns every error into a problem document, and measures."""
    started = time.perf_counter()
    request[REQUEST_ID] = ident = id_of(request)
    span = _enter(gateway.tracer, request, resource, method) if gateway.tracer else None
    try:
        response = await handler(request)
    except Exception as error:
        response = await _explained(gateway, request, error)
    response.headers["X-Request-Id"] = ident
    if gateway.health.draining:
        response.force_close()  # so that the caller's next request goes elsewhere
    labels = (resource, method, str(response.status))
    took = time.perf_counter() - started
    trace = "" if span is None else _leave(span, ident, response.status)
    gateway.telemetry.observe(
        metrics.HTTP_DURATION, *labels, seconds=took, request=ident, trace=trace
    )
    return response


def boundary(gateway: Gateway) -> Middleware:
    """The boundary of every request that the router has looked at."""

    @web.middleware
    async def middleware(request: web.Request, handler: Plain) -> web.StreamResponse:
        resource = request.match_info.route.resource
        if resource is None:
            return await bounded(gateway, request, handler, "unmatched", "other")
        return await bounded(gateway, request, handler, resource.canonical, request.method)

    return middleware


def direct(gateway: Gateway, method: str, path: str, handler: Handler) -> Plain:
    """The same boundary around a route that needs no router: see process/serving.py."""
    call = action_route(gateway, handler)

    def answer(request: web.Request) -> Awaitable[web.StreamResponse]:
        return bounded(gateway, request, call, path, method)

    return answer
