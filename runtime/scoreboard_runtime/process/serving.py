"""An HTTP server that answers even what is no HTTP like the rest: a problem with a request id."""

import itertools
import os
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from socket import socket
from typing import Any, cast

import structlog
from aiohttp import web
from aiohttp.web_protocol import RequestHandler

from scoreboard_runtime.process.problems import problem

log = structlog.get_logger()
Answerer = Callable[[web.Request], Awaitable[web.StreamResponse]]
# (method, path) of the routes that are answered without the application's router and middlewares,
# which cost time that every action pays. Each of them brings the boundary with it.
DIRECT: web.AppKey[Mapping[tuple[str, str], Answerer]] = web.AppKey("direct", Mapping)
BACKLOG = 4096
_GIVEN_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")
_prefix = os.urandom(6).hex()
_count = itertools.count()


def request_id(given: str | None) -> str:
    """The caller's own X-Request-Id if it is one, else a new one."""
    if given is not None and _GIVEN_ID.fullmatch(given):
        return given
    return f"{_prefix}-{next(_count):08x}"


def id_of(request: web.BaseRequest) -> str:
    """The id that the caller gave the request, or a new one."""
    return request_id(request.headers.get("X-Request-Id"))


class _Connection(RequestHandler):
    """What aiohttp refuses by itself: broken or oversized heads, unknown methods and encodings."""

    __slots__ = ()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        ident = request_id(None)
        # Never what was sent: a head that is too long may hold a token.
        log.info("no_request", status=status, why=type(exc).__name__, requestId=ident)
        if request.writer.output_size > 0:
            raise ConnectionError("an answer has begun already")
        if status < 500:
            detail = "no HTTP that is understood here: its method, head, or its body's encoding"
            errors = [{"pointer": "", "detail": detail}]
            answer = problem("VALIDATION_ERROR", ident, errors=errors)
        else:
            answer = problem("INTERNAL", ident)
        answer.force_close()
        return answer

    @property
    def idle(self) -> bool:
        """Whether it waits for a next request."""
        return self._waiter is not None


class _Server(web.Server):
    def __call__(self) -> RequestHandler:
        return _Connection(self, loop=self._loop, **self._kwargs)


def _shortcut(routes: Mapping[tuple[str, str], Answerer], others: Answerer) -> Answerer:
    """Answers what `routes` names without the router; all else goes to `others`."""

    def answer(request: web.Request) -> Awaitable[web.StreamResponse]:
        found = routes.get((request.method, request.raw_path))
        if found is None or "Expect" in request.headers:
            return others(request)
        return found(request)

    return answer


class _Runner(web.AppRunner):
    async def _make_server(self) -> web.Server:
        server = await super()._make_server()
        server.__class__ = _Server  # aiohttp has no other way to choose it
        routes = self.app.get(DIRECT)
        if routes:
            # The application's server makes no other requests than web.Request.
            server.request_handler = cast(Any, _shortcut(routes, server.request_handler))
        return server


@asynccontextmanager
async def listening(
    app: web.Application, fd: int | None, host: str, port: int
) -> AsyncIterator[web.AppRunner]:
    """Serves `app` on an inherited socket, or on host and port, for the time of the block."""
    runner = _Runner(app, access_log=None, handle_signals=False, shutdown_timeout=1.0)
    await runner.setup()
    site: web.BaseSite
    if fd is not None:
        site = web.SockSite(runner, socket(fileno=os.dup(fd)), backlog=BACKLOG)
    else:
        site = web.TCPSite(runner, host, port, backlog=BACKLOG)
    try:
        await site.start()
        yield runner
    finally:
        await runner.cleanup()


def dismiss(runner: web.AppRunner) -> None:
    """Ends the connections that balancers keep for later; those with a request go on.

    Not by aiohttp's pre_shutdown: that stops to listen to them and leaves them open.
    """
    for connection in runner.server.connections if runner.server is not None else ():
        if isinstance(connection, _Connection) and connection.idle:
            connection.force_close()
