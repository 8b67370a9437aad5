"""Flow 7 with two gateways: what one hears of, the other no longer serves; and without a message, TTLs."""

import asyncio
import statistics
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from tests.e2e.auth.conftest import MakeSite
from tests.e2e.auth.site import Site
from tests.e2e.instance import until

from scoreboard_runtime.contract.board import DEFAULT_WINDOW
from scoreboard_runtime.contract.changes import COMPLETED, Change
from scoreboard_runtime.local.player import Player
from scoreboard_runtime.stores import valkey
from scoreboard_runtime.stores.ranks import Ranks

LONG = {"l1TTL": "60s"}  # only a message can make it shorter


@asynccontextmanager
async def publishing(site: Site) -> AsyncIterator[Ranks]:
    """What the worker tells after a commit, without a worker."""
    gateway = site.gateway
    ranks = Ranks(
        gateway.cache_client, gateway.database, gateway.keys, gateway.board.board, DEFAULT_WINDOW
    )
    await ranks.rebuild("e1")
    yield ranks


def a_change(player: Player, version: int) -> Change:
    now = time.time_ns() // 1000
    return Change(
        job=f"0199abcd-0000-7000-8000-{version:012x}", user=player.user_id, username="ann",
        action="level", status=COMPLETED, points=100, score=100 * version, version=version,
        reached_us=now, submitted_us=now, committed_us=now,
    )  # fmt: skip


async def top(site: Site) -> int:
    entries = (await site.player("nobody").get("/api/scoreboard")).body["entries"]
    return entries[0]["score"] if entries else 0


async def test_a_published_change_is_served_by_every_gateway_within_100_ms(make_site: MakeSite):
    here, there = await make_site(cache=LONG), await make_site()
    ann = await here.signed_in("ann")
    times = []
    async with publishing(here) as ranks:
        for version in range(1, 12):
            await ranks.publish([a_change(ann, version)])
            started = time.monotonic()
            for site in (here, there):

                async def shown(site: Site = site, version: int = version) -> bool:
                    return await top(site) == 100 * version

                await until(shown, "the change is served")
            times.append(time.monotonic() - started)
            assert (await top(here), await top(there)) == (100 * version,) * 2

    assert statistics.median(times) < 0.1


async def test_ready_bytes_are_served_from_the_first_level_until_something_changes(
    make_site: MakeSite,
):
    site = await make_site(cache=LONG)
    ann = await site.signed_in("ann")

    async def hits() -> float:
        labels = {"level": "l1", "outcome": "hit"}
        registry = site.gateway.telemetry.registry
        return registry.get_sample_value("scoreboard_cache_requests_total", labels) or 0.0

    async with publishing(site) as ranks:
        await ranks.publish([a_change(ann, 1)])
        await until(lambda: _is(site, 100), "it is served")
        before = await hits()
        first = await site.player("nobody").get("/api/scoreboard")
        again = await site.player("nobody").get(
            "/api/scoreboard", **{"If-None-Match": first.headers["ETag"]}
        )
        assert (again.status, await hits()) == (304, before + 2)


async def _is(site: Site, score: int) -> bool:
    return await top(site) == score


async def test_what_was_published_while_nobody_heard_is_served_after_the_next_subscription(
    make_site: MakeSite,
):
    site = await make_site(cache=LONG)
    ann = await site.signed_in("ann")
    async with publishing(site) as ranks, valkey.connect(site.gateway.settings.cache_url) as client:
        await ranks.publish([a_change(ann, 1)])
        await until(lambda: _is(site, 100), "it is served")
        await client.execute_command("CLIENT", "KILL", "TYPE", "pubsub")
        await ranks.publish([a_change(ann, 2)])

        await until(lambda: _is(site, 200), "it is served though its message was lost", 5.0)


async def test_while_there_are_no_standings_a_commit_is_shown_at_once_too(make_site: MakeSite):
    site = await make_site(cache=LONG)
    ann = await site.signed_in("ann")
    gateway = site.gateway
    ranks = Ranks(
        gateway.cache_client, gateway.database, gateway.keys, gateway.board.board, DEFAULT_WINDOW
    )

    async def heard(score: int) -> bool:
        await ranks.publish([a_change(ann, 1)])
        return await top(site) == score

    for version in (1, 2):
        async with gateway.database.connection() as connection:
            await connection.execute(
                "UPDATE users SET current_score = $2, score_version = $3, reached_us = 1 "
                "WHERE id = $1",
                ann.user_id, 100 * version, version,
            )  # fmt: skip
        await until(lambda version=version: heard(100 * version), "it is read from Postgres", 5.0)


async def counted(site: Site, level: str, outcome: str) -> float:
    labels = {"level": level, "outcome": outcome}
    registry = site.gateway.telemetry.registry
    return registry.get_sample_value("scoreboard_cache_requests_total", labels) or 0.0


async def test_what_many_ask_for_at_once_is_fetched_once(make_site: MakeSite):
    site = await make_site(cache={"l1TTL": "60s", "l2TTL": "60s"})
    ann = await site.signed_in("ann")
    asked = [ann.get("/api/users/me") for _ in range(50)]

    replies = await asyncio.gather(*asked)

    assert {reply.status for reply in replies} == {200}
    assert await counted(site, "database", "hit") == 1
    assert await counted(site, "l2", "miss") == 1


@pytest.mark.parametrize(("refresh", "fetched"), [("Eager", 1), ("Lazy", 0)])
async def test_after_a_change_eager_fetches_the_top_and_lazy_waits_to_be_asked(
    make_site: MakeSite, refresh: str, fetched: int
):
    site = await make_site(cache={**LONG, "refresh": refresh})
    ann = await site.signed_in("ann")
    async with publishing(site) as ranks, valkey.connect(site.gateway.settings.cache_url) as client:
        await ranks.publish([a_change(ann, 1)])
        await until(lambda: _is(site, 100), "it is served")
        before = await counted(site, "l2", "hit")
        newest = dict(site.gateway.cache._newest)
        await ranks.publish([a_change(ann, 2)])
        await until(lambda: site.gateway.cache._newest != newest, "the gateway heard of it")
        for _ in range(20):
            await client.ping()  # longer than the fetching that one of the two does

        assert await counted(site, "l2", "hit") == before + fetched
        assert await top(site) == 200


async def _promote(site: Site, player: Player) -> None:
    """A write behind everybody's back."""
    async with site.gateway.database.connection() as connection:
        await connection.execute(
            "UPDATE users SET roles = '{player,staff}' WHERE id = $1", player.user_id
        )


async def test_without_any_message_the_first_level_lives_for_its_ttl(make_site: MakeSite):
    site = await make_site(cache={"l1TTL": "1s", "l2TTL": "1s"})
    ann = await site.signed_in("ann")
    assert (await ann.get("/api/users/me")).body["roles"] == ["player"]
    await _promote(site, ann)

    async def seen() -> bool:
        return "staff" in (await ann.get("/api/users/me")).body["roles"]

    await until(seen, "a write that told nobody is seen", 5.0)


async def test_an_object_changed_at_one_gateway_is_dropped_by_the_other(make_site: MakeSite):
    here, there = await make_site(cache={"l1TTL": "60s", "l2TTL": "60s"}), await make_site()
    ann = await here.signed_in("ann")
    elsewhere = here.elsewhere(ann, there.url)
    assert (await elsewhere.get("/api/users/me")).status == 200
    await _promote(here, ann)
    started = time.monotonic()
    await here.gateway.cache.invalidate("user", ann.user_id)

    async def seen() -> bool:
        return "staff" in (await elsewhere.get("/api/users/me")).body["roles"]

    await until(seen, "the other gateway's L1 was dropped")
    assert time.monotonic() - started < 5, "long before its TTL"
