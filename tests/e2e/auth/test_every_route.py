"""What one function answers for every route, asked of every route that describes it."""

from dataclasses import replace

import pytest
from tests.e2e.auth.conftest import MakeSite
from tests.e2e.auth.site import Site
from tests.e2e.routes import Route, routes

PLENTY, ONE = {"count": 1_000_000, "per": "1s"}, {"count": 1, "per": "1h"}
# The shape is judged before the role, so no admin is needed.
NONSENSE = "?limit=x&around=x&wait=x&cursor=%00&query=%00&user=x"


async def described(site: Site, code: str) -> list[Route]:
    """The routes that can answer with this code."""
    description = (await site.player("nobody").get("/openapi.json")).body
    found = [route for route in routes(description) if code in route.codes]
    assert len(found) > 2
    return found


def wrong(route: Route, code: str) -> tuple[Route, dict[str, str]]:
    """The request and headers that make the code its answer."""
    if code == "PAYLOAD_TOO_LARGE":
        return replace(route, body=b" " * 70_000), {}
    if code == "UNSUPPORTED_MEDIA_TYPE":
        return route, {"Content-Type": "text/plain"}
    if code == "INVALID_TOKEN":
        return route, {"Authorization": "Bearer nonsense"}
    if route.body is None:
        return replace(route, path=route.path + NONSENSE), {}
    return replace(route, body=b"{"), {}


@pytest.mark.parametrize(
    "code",
    ["INVALID_TOKEN", "PAYLOAD_TOO_LARGE", "UNSUPPORTED_MEDIA_TYPE", "VALIDATION_ERROR"],
)
async def test_a_request_without_shape_or_session_is_told_so_by_every_route(
    make_site: MakeSite, code: str
) -> None:
    site = await make_site(boards=[{"name": "main", "visibility": "Authenticated"}])
    ann = await site.signed_in("ann")

    for route in await described(site, code):
        asked, headers = wrong(route, code)
        assert (await asked.sent(ann, **headers)).code == code, route.name


async def test_an_address_without_budget_is_told_so_by_every_route(make_site: MakeSite) -> None:
    few = {"count": 20, "per": "1h"}  # a gateway that starts is asked now and then
    site = await make_site(limits={"global": PLENTY, "address": few, "user": PLENTY})
    nobody = site.player("nobody")
    while (await nobody.get("/api/scoreboard")).status != 429:
        pass

    for route in await described(site, "TOO_MANY_REQUESTS"):
        reply = await route.sent(nobody)
        assert (reply.code, "RateLimit" in reply.headers) == ("TOO_MANY_REQUESTS", True), route.name
    assert (await nobody.get("/api/nothing")).code == "TOO_MANY_REQUESTS"


async def test_a_user_without_budget_is_told_so_by_every_route_that_charges_one(
    make_site: MakeSite,
) -> None:
    site = await make_site(limits={"global": PLENTY, "address": PLENTY, "user": ONE})
    ann = await site.signed_in("ann")
    assert (await ann.execute("level")).status == 202

    for route in await described(site, "USER_RATE_LIMIT"):
        assert (await route.sent(ann)).code == "USER_RATE_LIMIT", route.name
