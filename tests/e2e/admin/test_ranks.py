"""Disqualify and restore: out of every rank, and back at the very same place."""

import asyncio

from tests.e2e.admin.office import Office
from tests.e2e.instance import until

from scoreboard_runtime.rules.standings import Standings
from scoreboard_runtime.worker.upkeep import rebuild_now


async def test_a_disqualified_player_vanishes_everywhere_and_comes_back_to_the_same_place(
    office: Office,
) -> None:
    ann = await office.player("ann", "level")
    bob = await office.player("bob", "level")
    cid = await office.player("cid", "level")
    before = await office.board()
    assert [name for name, _, _ in before] == ["ann", "bob", "cid"]

    said = await office.done("disqualify", bob)

    assert (said["disqualified"], said["score"]) == (True, 100)
    await office.shows("ann", "cid")
    own = (await bob.get("/api/scoreboard/me")).body
    assert (own["rank"], own["percentile"], own["total"]) == (None, None, 2)
    assert (await ann.get(f"/api/scoreboard/users/{bob.user_id}")).body["rank"] is None
    assert (await cid.get("/api/scoreboard/me")).body["rank"] == 2

    assert (await office.done("restore", bob))["disqualified"] is False

    await office.shows("ann", "bob", "cid")
    assert await office.board() == before


async def test_he_stays_out_while_his_jobs_land_and_after_a_rebuild(office: Office) -> None:
    ann = await office.player("ann", "level")
    bob = await office.player("bob", "level", "level")
    await office.done("disqualify", bob)

    await office.played(bob, "level", "level")

    assert await office.names() == ["ann"]
    await rebuild_now(office.place.settings())
    await office.shows("ann")
    assert await office.ranks.drift(100) == 0
    await office.played(bob, "level")
    assert await office.names() == ["ann"]
    await office.done("restore", bob)
    await office.shows("bob", "ann")
    assert (await office.board())[0][1] == 500
    assert (await ann.get("/api/scoreboard/me")).body["rank"] == 2


async def test_postgres_alone_tells_the_same(office: Office) -> None:
    ann = await office.player("ann", "level")
    bob = await office.player("bob", "level", "level")
    await office.done("disqualify", bob)
    gateway = office.site.gateway
    board = gateway.board.board

    page = (await gateway.standings._page_from_postgres(board, "current", 0, 10)).snapshot
    own = await gateway.standings._user_from_postgres(bob.user_id)
    around = await gateway.standings._around_from_postgres(board, "current", bob.user_id, 5)

    assert ([e.username for e in page.entries], page.total) == (["ann"], 1)
    assert (own.rank, own.score, own.version) == (None, 200, 3)
    assert (around.rank, around.percentile) == (None, None)
    cached = await gateway.standings.user(board, "current", bob.user_id)
    assert (cached.rank, cached.score, cached.version) == (None, 200, 3)
    assert (await gateway.standings._user_from_postgres(ann.user_id)).rank == 1


async def test_who_has_no_score_yet_can_be_kept_out_from_the_first(office: Office) -> None:
    ann = await office.player("ann")

    await office.done("disqualify", ann)
    await office.played(ann, "level")

    assert await office.names() == []
    await office.done("restore", ann)
    await office.shows("ann")
    bob = await office.player("bob")
    await office.done("disqualify", bob)
    await office.done("restore", bob)
    assert await office.names() == ["ann"], "a restore gives nobody a score"


async def test_twice_is_once_and_both_are_in_the_audit_log(office: Office) -> None:
    ann = await office.player("ann", "level")

    for verb in ("disqualify", "disqualify", "restore", "restore"):
        await office.done(verb, ann)

    history = (await ann.get("/api/users/me/history")).body["items"]
    assert [(row["action"], row["points"], row["jobId"] is None) for row in history] == [
        ("restore", 0, True),
        ("disqualify", 0, True),
        ("level", 100, False),
    ]
    assert history[0]["reason"] == "a test has its reasons"
    assert [verb for verb, _ in await office.audit()] == [
        *("disqualify", "disqualify", "restore", "restore"),
    ]


async def test_a_late_publication_does_not_bring_him_back(office: Office) -> None:
    ann = await office.player("ann", "level")
    gateway = office.site.gateway
    late = await gateway.standings.history_since(ann.user_id, gateway.board.board, "current", 0)
    await office.done("disqualify", ann)

    for epoch in ("as it was", "anew"):
        await office.ranks.publish([ranked.change for ranked in late])
        assert await office.names() == [], epoch
        await rebuild_now(office.place.settings())


async def in_order(office: Office) -> list[str]:
    """Who is ranked, by the model, from what Postgres has."""
    model = Standings()
    for row in await office.rows(
        "SELECT id::text, current_score, reached_us, score_version FROM users "
        "WHERE score_version > 0 AND disqualified_at IS NULL"
    ):
        model.apply(row["id"], row["current_score"], row["reached_us"], row["score_version"])
    return [place.user for place in model.order()]


async def test_under_load_the_ranks_end_as_postgres_has_them(office: Office) -> None:
    players = [await office.player(f"player {n}", "level") for n in range(4)]

    async def play(number: int) -> None:
        for _ in range(12):
            accepted = await players[number].execute("level")
            assert accepted.status == 202

    async def moderate(number: int) -> None:
        for verb in ("disqualify", "restore") * (3 + number % 2):
            await office.done(verb, players[number])
            await office.done("adjust", players[number], points=-1)

    async def rebuild() -> None:
        for _ in range(3):
            await rebuild_now(office.place.settings())

    await asyncio.gather(*map(play, range(4)), *map(moderate, range(4)), rebuild())
    await office.done("disqualify", players[0])

    async def all_landed() -> bool:
        return await office.site.gateway.queue.depth() == 0

    await until(all_landed, "the queue is empty")
    expected = await in_order(office)
    assert players[0].user_id not in expected

    async def same() -> bool:
        found = (await office.root.get("/api/scoreboard?limit=100")).body
        return [entry["userId"] for entry in found["entries"]] == expected

    await until(same, "the board is as Postgres has it")
    assert await office.ranks.drift(100) == 0
    wrong = await office.rows(
        "SELECT u.id FROM users u LEFT JOIN score_history h ON h.user_id = u.id "
        "GROUP BY u.id HAVING sum(h.points) <> u.current_score OR max(h.version) <> u.score_version "
        "OR count(h.version) <> u.score_version"
    )
    assert wrong == [], "every change is one row of the ledger"
