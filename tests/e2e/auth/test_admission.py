"""What the manifest and the settings change at the gateway's door: addresses, roles, signing, a full queue."""

import asyncio
import json

import pytest
from tests.e2e.auth.conftest import MakeSite
from tests.e2e.auth.site import Place, Site
from tests.e2e.auth.test_admin import admin

from scoreboard_runtime.contract import endpoints
from scoreboard_runtime.local.player import EXECUTE, Player


async def test_the_callers_address_is_believed_from_trusted_proxies_only(
    place: Place, make_site: MakeSite
) -> None:
    few = {"count": 3, "per": "1h"}
    plenty = {"count": 1_000_000, "per": "1s"}
    limits = {"global": plenty, "user": plenty, "address": few}

    async def statuses(site: Site, first: int) -> set[int]:
        """Five callers, as a proxy names them."""
        return {
            (
                await site.player("").get(
                    "/api/scoreboard", **{"X-Forwarded-For": f"203.0.113.{n}"}
                )
            ).status
            for n in range(first, first + 5)
        }

    place.environment[endpoints.ENV_TRUSTED_PROXIES] = "127.0.0.0/8"
    behind = await make_site(limits=limits)
    assert await statuses(behind, 10) == {200}

    del place.environment[endpoints.ENV_TRUSTED_PROXIES]
    direct = await make_site()
    assert await statuses(direct, 20) == {200, 429}


PLENTY, FEW = {"count": 1_000_000, "per": "1s"}, {"count": 8, "per": "1h"}


async def test_the_boards_budget_is_everybodys(make_site: MakeSite) -> None:
    site = await make_site(limits={"global": FEW, "address": PLENTY, "user": PLENTY})
    charged = [await site.player("").get("/api/scoreboard") for _ in range(20)]

    codes = [reply.code for reply in charged if reply.status == 429]
    assert 10 <= len(codes) <= 20
    assert set(codes) == {"TOO_MANY_REQUESTS"}
    refused = charged[-1]
    assert int(refused.headers["Retry-After"]) > 300
    assert refused.headers["RateLimit-Policy"] == '"address";q=1000000;w=1'
    assert (await site.player("").get("/api/nothing")).status == 429, "a path that is not there"
    assert (await site.player("").get("/docs")).status == 200, "a page is no API"


async def test_only_what_was_proven_is_charged_to_a_user_and_the_rest_to_the_address(
    make_site: MakeSite,
) -> None:
    site = await make_site(limits={"global": PLENTY, "address": PLENTY, "user": FEW})
    ann = await site.signed_in("ann")
    for _ in range(10):
        assert (
            await send(ann, **{"X-Signature": "v1=" + "0" * 64, "Authorization": "Bearer x"}) == 401
        )
    assert (await ann.execute("level")).headers["RateLimit"].startswith('"user";r=7;')
    assert await send(ann) == 401, "an attempt: charged, whatever a later layer says"
    assert (await ann.execute("level")).headers["RateLimit"].startswith('"user";r=5;')

    strict = await make_site(limits={"global": PLENTY, "address": FEW, "user": PLENTY})
    forged = [await send(Player(ann.http, strict.url), Authorization="Bearer x") for _ in range(20)]
    assert set(forged) == {401, 429}, "bad tokens count"


async def test_a_board_for_signed_in_users_is_shown_to_them_alone(make_site: MakeSite) -> None:
    site = await make_site(boards=[{"name": "main", "visibility": "Authenticated"}])
    ann = await site.signed_in("ann")

    nobody = await site.player("").get("/api/scoreboard")

    assert (nobody.status, nobody.code) == (401, "INVALID_TOKEN")
    assert (await ann.get("/api/scoreboard")).status == 200
    assert (await ann.get("/api/scoreboard?board=none")).code == "NOT_FOUND"


async def test_roles_of_the_catalogue_decide_who_may_do_what(place: Place, site: Site) -> None:
    ann = await site.signed_in("ann")
    assert (await ann.execute("secret")).code == "FORBIDDEN"
    assert (await ann.execute("level")).status == 202

    await admin(place, "roles", "ann", "--role", "staff", "--role", "player")
    await ann.login()

    assert (await ann.execute("secret")).status == 202


async def test_a_full_queue_is_503_with_when_to_come_back_and_nothing_is_spent(
    place: Place, make_site: MakeSite
) -> None:
    place.environment[endpoints.ENV_QUEUE_CAPACITY] = "32"  # two for each shard; no worker runs
    site = await make_site()
    ann = await site.signed_in("ann")
    accepted = [await ann.execute("level") for _ in range(2)]

    full = await ann.execute("quiz", key="k")
    batch = await ann.execute_batch([{"action": "quiz"}, {"action": "slow"}])

    assert [reply.status for reply in accepted] == [202, 202]
    assert (full.status, full.code) == (503, "QUEUE_FULL")
    assert int(full.headers["Retry-After"]) >= 1
    assert "RateLimit" in full.headers
    assert [entry["code"] for entry in batch.body["results"]] == ["QUEUE_FULL", "QUEUE_FULL"]
    client, keys = site.gateway.queue_client, site.gateway.keys
    for shard in range(16):
        await client.delete(keys.stream(shard))
    assert (await ann.execute("quiz", key="k")).status == 202, "neither once nor key was spent"
    assert (await ann.execute("slow")).status == 202, "nor the cooldown"


async def send(player: Player, **headers: str) -> int:
    body = json.dumps({"action": "level"}).encode()
    return (
        await player.request("POST", EXECUTE, body, **{**player.authorization, **headers})
    ).status


@pytest.mark.parametrize(
    ("mode", "unsigned", "wrong"),
    [("Required", 401, 401), ("Optional", 202, 401), ("Off", 202, 202)],
)
async def test_the_manifest_says_whether_actions_are_signed(
    make_site: MakeSite, mode: str, unsigned: int, wrong: int
) -> None:
    site = await make_site(security={"signing": mode})
    ann = await site.signed_in("ann")

    assert await send(ann) == unsigned
    assert await send(ann, **{"X-Signature": "v1=" + "0" * 64}) == wrong
    assert (await ann.execute("level")).status == 202, "a right signature is always right"


async def test_a_kept_answer_lives_for_a_day_and_is_the_users_own(site: Site) -> None:
    ann, bob = await site.signed_in("ann"), await site.signed_in("bob")
    first, other = await ann.execute("level", key="k"), await bob.execute("level", key="k")
    again = await ann.execute("level", key="k")
    await ann.login()
    later = await ann.execute("level", key="k")

    assert (first.status, other.status) == (202, 202)
    assert other.body != first.body, "another user's key is another key"
    assert (again.body, later.body) == (first.body, first.body), "in another session too"
    assert again.headers["Idempotency-Replayed"] == "true"
    name = site.gateway.keys.idempotency(ann.user_id, "k")
    assert 86_000 < await site.gateway.queue_client.ttl(name) <= 86_400
    body = json.dumps({"actions": [{"action": "level"}]}).encode()
    path = "/api/actions/execute-batch"
    batch = await ann.request(
        "POST", path, body, **{**ann.signed("POST", path, body), "Idempotency-Key": "k"}
    )
    assert (batch.status, batch.code) == (422, "IDEMPOTENCY_MISMATCH"), "the other route's too"


async def test_a_nonce_outlives_the_window_of_its_timestamp(site: Site) -> None:
    ann = await site.signed_in("ann")
    body = json.dumps({"action": "level"}).encode()
    headers = ann.signed("POST", EXECUTE, body)
    assert (await ann.request("POST", EXECUTE, body, **headers)).status == 202

    session = ann.session["session"]["id"]
    name = site.gateway.keys.nonce(session, headers["X-Nonce"])
    assert await site.gateway.queue_client.ttl(name) > 120
    await ann.login()
    other = {**headers, **ann.authorization}
    assert (await ann.request("POST", EXECUTE, body, **other)).code == "INVALID_SIGNATURE"


async def test_a_batch_is_charged_for_each_entry_and_refused_as_a_whole(
    make_site: MakeSite,
) -> None:
    limits = {
        "global": {"count": 1_000_000, "per": "1s"},
        "address": {"count": 1_000_000, "per": "1s"},
        "user": {"count": 10, "per": "1h"},
    }
    site = await make_site(limits=limits)
    ann = await site.signed_in("ann")
    assert (await ann.execute_batch([{"action": "level"}, {"action": "coins"}])).status == 400

    first = await ann.execute_batch([{"action": "level"}] * 6)
    assert first.headers["RateLimit"].startswith('"user";r=3;'), (
        "one for the refused, six for these"
    )
    assert (await ann.execute_batch([{"action": "level"}] * 4)).code == "USER_RATE_LIMIT"
    replies = await asyncio.gather(*(ann.execute("level") for _ in range(4)))
    assert sorted(reply.status for reply in replies) == [202, 202, 202, 429]
