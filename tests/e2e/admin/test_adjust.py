"""A score changed by hand: through the ledger, once, in one order with the jobs."""

import asyncio
import itertools

from tests.e2e.admin.office import WHY, Office, a_worker
from tests.e2e.instance import until

from scoreboard_runtime.contract.board import MAX_SCORE


async def test_an_adjustment_is_a_row_of_the_ledger_and_moves_the_ranks(office: Office) -> None:
    ann = await office.player("ann", "level")
    bob = await office.player("bob", "level", "level")
    before = (await office.root.get("/api/scoreboard")).body

    row = await office.done("adjust", ann, points=150)

    assert {name: row[name] for name in ("userId", "points", "scoreBefore", "scoreAfter")} == {
        "userId": ann.user_id, "points": 150, "scoreBefore": 100, "scoreAfter": 250,
    }  # fmt: skip
    await office.shows("ann", "bob")
    after = (await office.root.get("/api/scoreboard")).body
    assert (after["epoch"], after["sequence"]) == (before["epoch"], before["sequence"] + 1)
    assert after["entries"][0]["reachedAt"] == row["at"]
    newest = (await ann.get("/api/users/me/history")).body["items"][0]
    assert newest == {
        "jobId": None, "action": "adjust", "board": "main", "points": 150, "scoreBefore": 100,
        "scoreAfter": 250, "reason": WHY["reason"], "at": row["at"],
    }  # fmt: skip
    assert (await bob.get("/api/scoreboard/me")).body["rank"] == 2


async def test_a_first_score_can_be_given_and_taken_away_again(office: Office) -> None:
    ann = await office.player("ann")

    await office.done("adjust", ann, points=7)
    await office.shows("ann")
    await office.done("adjust", ann, points=-7)

    assert [score for _, score, _ in await office.board()] == [0]


async def test_with_a_key_it_is_done_once_however_often_it_is_sent(office: Office) -> None:
    ann = await office.player("ann", "level")

    replies = await asyncio.gather(
        *(office.order("adjust", ann, points=5, key="k-1") for _ in range(12))
    )

    assert {reply.status for reply in replies} == {200}
    assert len({str(reply.body) for reply in replies}) == 1
    replayed = [reply.headers.get("Idempotency-Replayed") for reply in replies]
    assert (replayed.count(None), replayed.count("true")) == (1, 11)
    assert await office.board() == [("ann", 105, replies[0].body["at"])]
    other = await office.order("adjust", ann, points=6, key="k-1")
    assert (other.status, other.code) == (422, "IDEMPOTENCY_MISMATCH")
    another = await office.order("adjust", ann, points=5, key="k-2")
    assert (another.status, another.body["scoreAfter"]) == (200, 110)


async def test_what_can_not_be_changes_nothing(office: Office) -> None:
    ann = await office.player("ann", "level")
    before = await office.board()
    impossible, shapeless = (-101, MAX_SCORE), (0, 1.5, MAX_SCORE + 1)

    refused = [await office.order("adjust", ann, points=points) for points in impossible]
    wrong = [await office.order("adjust", ann, points=points) for points in shapeless]

    assert {(reply.status, reply.code) for reply in refused} == {(422, "SCORE_OUT_OF_RANGE")}
    assert {(reply.status, reply.code) for reply in wrong} == {(400, "VALIDATION_ERROR")}
    assert await office.board() == before
    assert await office.audit() == [("adjust", "SCORE_OUT_OF_RANGE")] * 2


async def test_among_jobs_every_point_counts_once(office: Office) -> None:
    ann = await office.player("ann")

    async def play() -> None:
        for _ in range(15):
            assert (await ann.execute("level")).status == 202

    async def add() -> None:
        for number in range(15):
            await office.done("adjust", ann, points=1, key=f"a{number}")

    await asyncio.gather(play(), add())

    async def counted() -> bool:
        return [score for _, score, _ in await office.board()] == [1515]

    await until(counted, "15 jobs and 15 adjustments count")
    rows = await office.rows(
        "SELECT points, score_before, score_after, version, at_us FROM score_history "
        "WHERE user_id = $1 ORDER BY version",
        ann.user_id,
    )
    assert [row["version"] for row in rows] == list(range(1, 31))
    for earlier, later in itertools.pairwise(rows):
        assert later["score_before"] == earlier["score_after"]


async def test_what_could_not_be_published_is_by_a_worker(office: Office) -> None:
    ann = await office.player("ann", "level")
    moderator, gateway = office.site.gateway.moderator, office.site.gateway
    mark = await moderator.unpublished.mark(ann.user_id)
    async with gateway.database.connection() as connection:
        await connection.execute(
            "UPDATE users SET current_score = 900, score_version = score_version + 1 WHERE id = $1",
            ann.user_id,
        )
    assert [score for _, score, _ in await office.board()] == [100]

    await moderator.unpublished.hurry(mark)

    async def published() -> bool:
        return [score for _, score, _ in await office.board()] == [900]

    await until(published, "the worker published it")
    await until(lambda: no_marks(office), "the mark is gone")


async def no_marks(office: Office) -> bool:
    gateway = office.site.gateway
    return await gateway.queue_client.zcard(gateway.keys.unpublished()) == 0


async def test_no_mark_stays_behind_what_went_well_or_was_refused(office: Office) -> None:
    ann = await office.player("ann", "level")

    await office.done("adjust", ann, points=1)
    assert (await office.order("adjust", ann, points=-500)).status == 422
    await office.done("disqualify", ann)

    assert await no_marks(office)


async def test_a_second_worker_sees_it_too(office: Office) -> None:
    ann = await office.player("ann", "level")
    await office.done("disqualify", ann)
    async with a_worker(office.place):
        await office.played(ann, "level", "level")
        assert await office.names() == []
