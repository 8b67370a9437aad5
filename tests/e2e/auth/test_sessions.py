"""Refresh, theft, logout: what becomes of a session on every gateway."""

import asyncio
import time
from typing import Any

import pytest
from tests.e2e.auth.conftest import MakeSite
from tests.e2e.auth.site import Site
from tests.e2e.instance import until

from scoreboard_runtime.gateway import auth
from scoreboard_runtime.local.player import Player
from scoreboard_runtime.process.problems import Rejected
from scoreboard_runtime.rules import refresh
from scoreboard_runtime.stores import sessions


async def status(player: Player) -> int:
    return (await player.get("/api/users/me")).status


async def is_refused(player: Player) -> bool:
    return await status(player) == 401


def again(site: Site, session: dict[str, Any]) -> Player:
    """A client that holds what an earlier answer held."""
    player = site.player("ann")
    player.session = session
    return player


async def test_a_refresh_keeps_the_session_and_its_signing_key(site: Site) -> None:
    ann = await site.signed_in("ann")
    before = ann.session

    reply = await ann.refresh()

    assert reply.status == 200
    assert reply.body["session"] == before["session"]
    assert reply.body["user"] == before["user"]
    assert reply.body["refreshToken"] != before["refreshToken"]
    assert await status(ann) == 200
    assert await status(again(site, before)) == 200, "the old access token lives until it expires"
    assert (await ann.execute("level")).status == 202
    assert (await ann.refresh()).status == 200


async def test_a_refresh_token_used_twice_ends_the_session(make_site: MakeSite) -> None:
    here, there = await make_site(), await make_site()
    ann, bob = await here.signed_in("ann"), await here.signed_in("bob")
    thief = again(here, ann.session)
    assert (await ann.refresh()).status == 200

    stolen = await thief.refresh()

    assert (stolen.status, stolen.code) == (401, "INVALID_TOKEN")
    assert await status(ann) == 401
    assert await status(thief) == 401
    refused = await ann.execute("level")
    assert (refused.status, refused.code) == (401, "INVALID_TOKEN")
    assert (await ann.refresh()).code == "INVALID_TOKEN"
    assert await status(bob) == 200
    ann_there = here.elsewhere(ann, there.url)
    await until(lambda: is_refused(ann_there), "the other gateway refuses it", 1.0)


async def test_of_20_refreshes_with_one_token_at_most_one_succeeds_and_the_session_ends(
    make_site: MakeSite,
) -> None:
    here, there = await make_site(), await make_site()
    ann = await here.signed_in("ann")
    copies = [here.elsewhere(ann, site.url) for site in (here, there) for _ in range(10)]

    replies = await asyncio.gather(*(copy.refresh() for copy in copies))

    assert sorted(reply.status for reply in replies) == [200, *[401] * 19]
    for copy in copies:
        await until(lambda copy=copy: is_refused(copy), "the session is over", 1.0)
        assert (await copy.refresh()).code == "INVALID_TOKEN"


async def test_a_refresh_token_that_is_not_genuine_ends_nothing(site: Site) -> None:
    ann = await site.signed_in("ann")
    token = ann.session["refreshToken"]
    kid, session, generation, proof = token.split(".")
    forgeries = [
        "",
        "nonsense",
        ".".join([kid, session, "9", proof]),
        ".".join([kid, session, generation, "0" * 64]),
        ".".join(["k9", session, generation, proof]),
        ann.session["token"],
    ]

    for forged in forgeries:
        reply = await site.post("/api/auth/refresh", {"refreshToken": forged})
        assert (reply.status, reply.code) == (401, "INVALID_TOKEN"), forged

    assert await status(ann) == 200
    assert (await ann.refresh()).status == 200


async def test_a_generation_that_a_failover_forgot_is_taken(site: Site) -> None:
    ann = await site.signed_in("ann")
    session = ann.session["session"]["id"]
    key = site.gateway.key_file.keyring.active

    later = await site.post("/api/auth/refresh", {"refreshToken": refresh.make(key, session, 5)})
    spent = await site.post("/api/auth/refresh", {"refreshToken": refresh.make(key, session, 5)})

    assert (later.status, spent.status) == (200, 401)


async def test_a_logged_out_token_is_refused_here_at_once_and_elsewhere_within_a_second(
    make_site: MakeSite,
) -> None:
    here, there = await make_site(), await make_site()
    ann = await here.signed_in("ann")
    ann_there = here.elsewhere(ann, there.url)
    assert await status(ann_there) == 200
    second = here.player("ann")
    assert (await second.login()).status == 200

    ended = time.monotonic()
    assert (await ann.request("POST", "/api/auth/logout", b"", **ann.authorization)).status == 204

    assert await status(ann) == 401
    refused = await ann_there.execute("level")
    assert (refused.status, refused.code) == (401, "INVALID_TOKEN"), "shared state knows at once"
    await until(lambda: is_refused(ann_there), "the other gateway refuses it", 1.0)
    assert time.monotonic() - ended < 1.0
    assert (await ann.refresh()).code == "INVALID_TOKEN"
    assert (await ann.post("/api/auth/logout", {})).code == "INVALID_TOKEN"
    assert await status(second) == 200, "another session of the same user goes on"


async def test_disabling_ends_every_session_at_once(make_site: MakeSite) -> None:
    here, there = await make_site(), await make_site()
    ann = await here.signed_in("ann")
    others = [here.player("ann") for _ in range(3)]
    for other in others:
        await other.login()
    user_id = ann.session["user"]["id"]
    heard: list[tuple[str, str]] = []
    there.gateway.revocations.on_revoked(lambda session, reason: heard.append((session, reason)))

    await here.gateway.users.set_disabled(user_id, disabled=True)
    assert await here.gateway.sessions.end_all(user_id, sessions.DISABLED) == 4

    await until(lambda: len(heard) == 4, "the other gateway hears of all four", 1.0)
    assert set(heard) == {(p.session["session"]["id"], "disabled") for p in (ann, *others)}
    for player in (ann, *others):
        await until(lambda player=player: is_refused(player), "it is refused here too", 1.0)
    assert (await ann.login()).code == "INVALID_CREDENTIALS"


async def test_a_session_opened_while_its_user_is_disabled_does_not_stay(site: Site) -> None:
    await site.signed_in("ann")
    gateway = site.gateway
    read_before = await gateway.users.by_name("ann")
    assert read_before is not None
    await gateway.users.set_disabled(read_before.id, disabled=True)
    await gateway.sessions.end_all(read_before.id, sessions.DISABLED)

    with pytest.raises(Rejected, match="INVALID_CREDENTIALS"):
        await auth.open_session(gateway, read_before)

    assert await gateway.sessions.end_all(read_before.id, sessions.DISABLED) == 0


async def test_a_session_opened_while_a_role_is_taken_away_has_the_new_roles(site: Site) -> None:
    await site.signed_in("ann")
    gateway = site.gateway
    read_before = await gateway.users.by_name("ann")
    assert read_before is not None
    await gateway.users.set_roles(read_before.id, ["guest"])

    answer = await auth.open_session(gateway, read_before)

    assert b'"roles":["guest"]' in bytes(answer.body)  # type: ignore[arg-type]


async def test_a_user_has_a_bounded_number_of_sessions_and_loses_the_oldest(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sessions, "MOST_SESSIONS", 3)
    first = await site.signed_in("ann")
    later = [site.player("ann") for _ in range(3)]
    for player in later:
        assert (await player.login()).status == 200

    await until(lambda: is_refused(first), "the oldest session is over", 1.0)
    assert [await status(player) for player in later] == [200] * 3
