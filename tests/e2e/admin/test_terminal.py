"""`scoreboard admin ...`: the same verbs in a terminal, and who was there is in the audit log."""

import json
from typing import Any

from tests.e2e.admin.office import Office
from tests.e2e.auth.test_admin import admin
from tests.e2e.instance import until

from scoreboard_runtime.contract import endpoints
from scoreboard_runtime.process.health import Health
from scoreboard_runtime.process.serving import listening

WHY = ("--reason", "a test has its reasons")


async def typed(office: Office, *arguments: str) -> str:
    """What a command says that goes well."""
    status, out, err = await admin(office.place, "--actor", "grace", *arguments)
    assert (status, err) == (0, ""), err
    return out


async def value(office: Office, *arguments: str) -> Any:
    return json.loads(await typed(office, *arguments, "--json"))


async def test_a_player_is_found_put_right_and_explained(office: Office) -> None:
    ann = await office.player("ann", "level")
    await office.player("bob", "level", "level")

    assert "ann" in await typed(office, "users", "AN")
    assert (await value(office, "users", ann.user_id))["items"][0]["score"] == 100
    once = ("adjust", "ann", "150", *WHY, "--key", "k")
    assert "100 +150 = 250" in await typed(office, *once)
    assert "done before" in await typed(office, *once)
    assert "250 -50 = 200" in await typed(office, "adjust", ann.user_id, "-50", *WHY)
    await office.shows("bob", "ann")
    said = await typed(office, "explain", "ann")
    assert "ann: 200 points, rank 2 of 2" in said
    assert "above: bob with 200" in said
    assert "decided by reachedAt" in said
    assert "a test has its reasons" in said
    assert (await value(office, "explain", "ann"))["ledgerAgrees"] is True


async def test_out_of_the_ranks_and_back_and_who_did_it(office: Office) -> None:
    ann = await office.player("ann", "level")

    await typed(office, "disqualify", "ann", *WHY)
    await office.shows()
    assert "not ranked (disqualified)" in await typed(office, "explain", "ann")
    await typed(office, "restore", "ann", *WHY)
    await office.shows("ann")

    entries = (await value(office, "audit", "--user", "ann"))["items"]
    assert [(entry["verb"], entry["actor"], entry["reason"]) for entry in entries] == [
        ("restore", "grace", WHY[1]), ("explain", "grace", ""), ("disqualify", "grace", WHY[1]),
    ]  # fmt: skip
    table = await typed(office, "audit", "--limit", "2")
    assert "grace" in table
    assert "older: --before" in table
    assert ann.user_id not in table


async def test_a_board_is_frozen_and_unfrozen(office: Office) -> None:
    ann = await office.player("ann")

    assert "no score changes" in await typed(office, "freeze", "--reason", "the final is over")

    async def refused() -> bool:
        return (await ann.execute("level")).code == "COOLDOWN"

    await until(refused, "the gateway refuses", 1.0)
    assert (await value(office, "unfreeze", "main"))["frozen"] is False


async def test_the_overview_is_that_of_the_route_and_is_not_audited(office: Office) -> None:
    ann, gateway = await office.player("ann", "level"), office.site.gateway
    assert (await ann.execute("nothing")).code == "TASK_NOT_FOUND"
    await office.bury(ann.user_id, 1)
    await typed(office, "freeze", "--reason", "the final is over")
    alone = await typed(office, "overview")
    audited = await office.audit()

    async with listening(gateway.health.metrics_app(), None, "127.0.0.1", 0) as metrics:
        port = metrics.addresses[0][1]
        office.place.environment[endpoints.ENV_METRICS_PORT] = str(port)
        office.place.write_environment()
        found, said = await value(office, "overview"), await typed(office, "overview")

    route = (await office.root.get("/api/admin/overview")).body
    assert await office.audit() == audited
    address, counts = f"http://127.0.0.1:{port}/metrics", found["gateway"].pop("rejections")
    assert counts == route["gateway"].pop("rejections")
    assert {row["code"]: row["count"] for row in counts}["TASK_NOT_FOUND"] == 1
    assert found["gateway"].pop("id") == address
    assert found["gateway"].pop("startedAt") <= route["gateway"].pop("startedAt")
    del route["gateway"]["id"]
    # The budget fills up again between the two looks.
    assert 0 < found["limits"]["global"].pop("left") <= 1_000_000
    assert 0 < route["limits"]["global"].pop("left") <= 1_000_000
    assert found == route
    assert (found["players"], found["queue"]["deadLetters"]) == (1, 1)
    lines = said.splitlines()
    assert f"{found['name']}: 1 players ranked, runtime 0.1.0" in lines
    assert "1 dead letters: admin dead-letters lists them" in lines
    assert any("of 1000000 in 1 s" in line for line in lines)
    frozen = next(line for line in lines if line.startswith("board main: frozen since "))
    assert frozen.endswith(": the final is over")
    rows = [line.split() for line in lines]
    assert ["rare", "2", "in", "3600", "s", "-", "0", "0", "0"] in rows
    assert ["level", "-", "-", "1", "0", "0"] in rows
    assert ["TASK_NOT_FOUND", "zero_trust", "1"] in rows
    assert "every gateway counts its own" in alone, "the stores do not know the counts"
    assert "TASK_NOT_FOUND" not in alone


async def test_counts_that_are_no_gateways_are_refused_and_one_that_is_away_hides_nothing(
    office: Office,
) -> None:
    closed = "http://127.0.0.1:1/metrics"
    office.place.environment[endpoints.ENV_METRICS_PORT] = "1"
    office.place.write_environment()
    worker = Health(office.worker.telemetry, []).metrics_app()

    async with listening(worker, None, "127.0.0.1", 0) as metrics:
        other = f"http://127.0.0.1:{metrics.addresses[0][1]}"
        for address, why in (
            (f"{other}/metrics", "is not a gateway's"),
            (f"{other}/health/live", "tells no metrics"),
            (closed, "does that gateway run?"),
            ("nowhere", "does that gateway run?"),
        ):
            asked = ("overview", "--metrics", address)
            status, out, err = await admin(office.place, *asked)
            assert (status, out, why in err) == (1, "", True), err
            assert "Traceback" not in err

    said = await typed(office, "overview")
    assert "board main: running" in said
    assert f"rejections: {closed} is not reached" in said
    assert (await value(office, "overview"))["gateway"] is None


async def test_somebody_is_erased_for_good_and_the_log_says_by_whom(office: Office) -> None:
    ann = await office.player("Ann Lee", "level")
    asked = ("erase", "Ann Lee", "--reason", "Ann Lee wrote to us")
    status, out, err = await admin(office.place, *asked)
    assert (status, out, "say --yes" in err) == (1, "", True)

    assert "Ann Lee is erased" in await typed(office, *asked, "--yes")

    await office.shows()

    async def ended() -> bool:
        return (await ann.get("/api/users/me")).status == 401

    await until(ended, "the gateway has heard that the session ended", 1.0)
    last = (await value(office, "audit"))["items"][0]
    assert (last["verb"], last["actor"], last["outcome"]) == ("erase", "grace", "done")
    assert last["reason"] == f"{last['userId']} wrote to us"
    status, _, err = await admin(office.place, "erase", "root", *WHY, "--yes")
    assert (status, "last admin" in err) == (1, True)
    assert ("erase", "FORBIDDEN") in await office.audit()


async def test_what_somebody_wrote_is_shown_and_not_obeyed(office: Office) -> None:
    await admin(office.place, "--actor", "a\x1b[31mred", "users")

    shown = await typed(office, "audit")

    assert "\x1b" not in shown
    assert "a\N{REPLACEMENT CHARACTER}[31mred" in shown


async def test_what_can_not_be_says_what_to_do(office: Office) -> None:
    await office.player("ann", "level")
    for arguments, why in (
        (("adjust", "ann", "-101", *WHY), "would leave 0"),
        (("adjust", "ann", "0", *WHY), "not 0"),
        (("disqualify", "ann", "--reason", " "), "say why"),
        (("disable", "root", *WHY), "last admin"),
        (("freeze", "other"), "there is main"),
        (("explain", "nobody"), "admin users finds them"),
    ):
        status, out, err = await admin(office.place, *arguments)
        assert (status, out, why in err) == (1, "", True), err
        assert "Traceback" not in err
