"""The gateway's composition: its routes, what is built, what runs."""

import asyncio
import time
from contextlib import AsyncExitStack, suppress

from aiohttp import web

from scoreboard_runtime.contract.keys import Keys
from scoreboard_runtime.gateway import (
    actions,
    auth,
    identity,
    jobs,
    moderator,
    pages,
    privacy,
    standings,
    users,
)
from scoreboard_runtime.gateway.administering import admin_route
from scoreboard_runtime.gateway.boundary import Handler, action_route, boundary, direct, route
from scoreboard_runtime.gateway.cache import Cache
from scoreboard_runtime.gateway.finished import Finished
from scoreboard_runtime.gateway.office import ADMIN_ROUTES
from scoreboard_runtime.gateway.parts import GATEWAY, Gateway
from scoreboard_runtime.gateway.passwords import Hasher
from scoreboard_runtime.gateway.provider import Identity
from scoreboard_runtime.gateway.requests import MAX_BODY
from scoreboard_runtime.process import lifecycle, tracing
from scoreboard_runtime.process.health import Dependency, Health
from scoreboard_runtime.process.keys import KeyFile
from scoreboard_runtime.process.serving import DIRECT
from scoreboard_runtime.process.settings import Settings
from scoreboard_runtime.process.telemetry import Telemetry
from scoreboard_runtime.rules.tokens import TokenCache
from scoreboard_runtime.stores import valkey
from scoreboard_runtime.stores.errors import (
    CACHE,
    DATABASE,
    IDENTITY_PROVIDER,
    QUEUE,
    StoreUnavailable,
)
from scoreboard_runtime.stores.freezes import Freezes
from scoreboard_runtime.stores.pipeline import Pipeline
from scoreboard_runtime.stores.postgres import Database
from scoreboard_runtime.stores.queue import Queue
from scoreboard_runtime.stores.sessions import Revocations, Sessions
from scoreboard_runtime.stores.standings import Standings
from scoreboard_runtime.stores.users import Users

POOL = 8
START_WITHIN = 2.0  # seconds that the queue's server may take before callers are let in

# method, path, handler, needs a session
ROUTES: tuple[tuple[str, str, Handler, bool], ...] = (
    ("POST", "/api/auth/register", auth.register, False),
    ("POST", "/api/auth/login", auth.login, False),
    ("POST", "/api/auth/oidc", identity.exchange, False),
    ("POST", "/api/auth/refresh", auth.refresh, False),
    ("POST", "/api/auth/logout", auth.logout, True),
    ("GET", "/api/jobs/{job_id}", jobs.get_job, True),
    ("GET", "/api/scoreboard", standings.get_scoreboard, False),
    ("GET", "/api/scoreboard/me", standings.get_around_me, True),
    ("GET", "/api/scoreboard/users/{user_id}", standings.get_around_user, True),
    ("GET", "/api/users/me", users.me, True),
    ("GET", "/api/users/me/history", users.history, True),
    ("DELETE", "/api/users/me", privacy.erase, True),
    ("GET", "/api/users/me/export", privacy.export, True),
    *((method, path, admin_route(read, act), True) for method, path, read, act in ADMIN_ROUTES),
)
# Charged by their own call to shared state, together with everything else it decides.
ACTION_ROUTES: tuple[tuple[str, str, Handler], ...] = (
    ("POST", "/api/actions/execute", actions.post_action),
    ("POST", "/api/actions/execute-batch", actions.post_batch),
    ("POST", "/api/tasks", actions.post_task),
)


def dependencies(gateway: Gateway) -> list[Dependency]:
    """What readiness asks, in flow 10's order."""
    found = [
        Dependency(DATABASE, gateway.database.ping),
        Dependency(QUEUE, gateway.queue.ping),
        # Lost, it costs speed only: reads come from Postgres, frames wait for it.
        Dependency(CACHE, gateway.cache_client.ping, required=False),
    ]
    if gateway.identity is not None:
        found.append(Dependency(IDENTITY_PROVIDER, gateway.identity.check, external=True))
    return found


def build(settings: Settings, pipeline: Pipeline) -> Gateway:
    """Every part of a gateway, connected to nothing yet."""
    board, keys = settings.board, Keys(settings.board.name)
    telemetry = Telemetry(settings.role, board.version)
    database = Database(settings.database_url, size=POOL, application="gateway")
    database.measured(telemetry)
    queue_client = valkey.connect(settings.redis_url)
    cache_client = valkey.connect(settings.cache_url)
    key_file = KeyFile(settings.keys_file)
    reader = Standings(cache_client, database, keys)
    sessions = Sessions(queue_client, keys, board.refresh_ttl_us)
    gateway = Gateway(
        settings=settings,
        board=board,
        keys=keys,
        telemetry=telemetry,
        tracer=tracing.start(settings, telemetry),
        database=database,
        queue_client=queue_client,
        cache_client=cache_client,
        queue=Queue(pipeline, queue_client, board, settings.queue_capacity),
        key_file=key_file,
        tokens=TokenCache(board.name, lambda: key_file.keyring),
        sessions=sessions,
        revocations=Revocations(queue_client, keys, board.token_ttl_us),
        users=Users(database),
        hasher=Hasher(),
        identity=Identity(board.oidc) if board.oidc else None,
        standings=reader,
        cache=Cache(board, reader, cache_client, keys, telemetry),
        finished=Finished(cache_client, keys.changes_channel()),
        health=Health(telemetry, []),
        freezes=Freezes(database),
        moderator=moderator.build(database, queue_client, cache_client, board, sessions),
        started_us=time.time_ns() // 1000,
        exporting=asyncio.Semaphore(1),
    )
    gateway.health.dependencies = dependencies(gateway)
    return gateway


def application(gateway: Gateway) -> web.Application:
    """The aiohttp application: every route behind one boundary."""
    app = web.Application(middlewares=[boundary(gateway)], client_max_size=MAX_BODY)
    app[GATEWAY] = gateway
    for method, path, handler, session in ROUTES:
        methods = (method, "HEAD") if method == "GET" else (method,)
        for each in methods:
            app.router.add_route(each, path, route(gateway, handler, session=session))
    app[DIRECT] = {
        (method, path): direct(gateway, method, path, handler)
        for method, path, handler in ACTION_ROUTES
    }
    for method, path, handler in ACTION_ROUTES:  # and with a query or an Expect, by the router
        app.router.add_route(method, path, action_route(gateway, handler))
    app.add_routes(gateway.health.routes())
    app.add_routes(pages.routes(gateway.board, gateway.settings.websocket_url))
    return app


async def start(settings: Settings, stack: AsyncExitStack) -> tuple[web.Application, Health]:
    """Builds and starts one gateway; `stack` stops it in reverse."""
    pipeline = Pipeline(settings.redis_url, QUEUE)
    gateway = build(settings, pipeline)
    if gateway.tracer is not None:
        stack.push_async_callback(gateway.tracer.close)
    stack.push_async_callback(gateway.queue_client.aclose)
    stack.push_async_callback(gateway.cache_client.aclose)
    stack.push_async_callback(gateway.database.close)
    stack.callback(gateway.hasher.close)
    if gateway.identity is not None:
        stack.push_async_callback(gateway.identity.close)
    with suppress(StoreUnavailable):
        await gateway.revocations.poll()  # before the first request, not a moment after it
        await gateway.freezes.poll()
    await stack.enter_async_context(
        lifecycle.running(
            pipeline.run(),
            gateway.key_file.watch(),
            gateway.revocations.watch(),
            gateway.cache.hear_standings(),
            gateway.cache.hear_objects(),
            gateway.finished.run(),
            gateway.freezes.watch(),
        )
    )
    await pipeline.connected(START_WITHIN)
    return application(gateway), gateway.health


def run(settings: Settings) -> None:
    """Runs the gateway until SIGTERM."""
    lifecycle.run(settings, start)
