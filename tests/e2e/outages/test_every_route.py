"""Without its stores every route says when to come back: 503 `UNAVAILABLE` with `Retry-After`."""

import asyncio
from dataclasses import replace

import orjson
import pytest
from tests.e2e.instance import Instance, broadcaster_of, until
from tests.e2e.outages.conftest import Provider, Servers
from tests.e2e.routes import Route, routes

from scoreboard_runtime.contract.endpoints import STREAM_PATH
from scoreboard_runtime.local.player import Player

# They do without the database, so they have no 503 that knows the budget; and they end the session.
OF_THE_QUEUE = {"refresh", "logout", "issueTask", "execute", "executeBatch"}


async def described(admin: Player, provider: Provider) -> list[Route]:
    """The routes that can be unavailable, each with a body that is not refused before."""
    proof = orjson.dumps({"idToken": provider.token("s1")})
    description = (await admin.get("/openapi.json")).body
    return [
        replace(route, body=proof) if route.name == "loginWithProvider" else route
        for route in routes(description)
        if "UNAVAILABLE" in route.codes
    ]


@pytest.mark.timeout(120)
async def test_without_stores_every_route_says_when_to_come_back(
    arcade: Instance, servers: Servers, provider: Provider
) -> None:
    admin = await arcade.admin()
    found = await described(admin, provider)
    by_name = {route.name: route for route in found}
    assert (await by_name["loginWithProvider"].sent(admin)).status == 200, "its keys are known"

    await asyncio.gather(servers.postgres.stop(), servers.cache.stop())

    async def unavailable() -> bool:
        return (await by_name["getScoreboard"].sent(admin)).code == "UNAVAILABLE"

    await until(unavailable, "the first level of the cache has forgotten the board")
    for route in found:
        if route.name not in OF_THE_QUEUE:
            reply = await route.sent(admin)
            told = {"Retry-After", "RateLimit", "RateLimit-Policy"} <= set(reply.headers)
            assert (reply.code, told) == ("UNAVAILABLE", True), route.name

    await servers.queue.stop()

    for route in found:
        reply = await route.sent(admin)
        assert (reply.code, "Retry-After" in reply.headers) == ("UNAVAILABLE", True), route.name
    assert (await admin.post("/api/nothing", {})).code == "UNAVAILABLE"
    stream = broadcaster_of(arcade.ready) + STREAM_PATH
    async with arcade.http.get(stream) as answer:
        assert (answer.status, (await answer.json())["code"]) == (503, "UNAVAILABLE")
