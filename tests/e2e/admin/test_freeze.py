"""A frozen board: its scores stand still, and nothing that was accepted is lost."""

import asyncio

from tests.e2e.admin.office import Office, a_worker
from tests.e2e.auth.site import a_site
from tests.e2e.instance import until

from scoreboard_runtime.gateway.attempts import FROZEN_WAIT_US


async def test_new_actions_are_told_when_and_spend_nothing(office: Office) -> None:
    ann = await office.player("ann")
    task = (await ann.issue_task("boss")).body["taskId"]

    said = await office.freeze()

    assert (said.status, said.body["frozen"], said.body["reason"]) == (
        200, True, "a test has its reasons",
    )  # fmt: skip
    replies = [
        await ann.execute("level"),
        await ann.execute("quiz", key="once"),
        await ann.execute("boss", taskId=task),
    ]
    for reply in replies:
        assert (reply.status, reply.code) == (409, "COOLDOWN")
        assert reply.headers["Retry-After"] == "30"
        assert "frozen" in reply.body["detail"]
    batch = (await ann.execute_batch([{"action": "level"}, {"action": "nothing"}])).body
    assert [found["code"] for found in batch["results"]] == ["COOLDOWN", "TASK_NOT_FOUND"]
    assert "frozen" in batch["results"][0]["detail"]

    assert (await office.freeze("unfreeze")).body == {
        "board": "main", "frozen": False, "since": None, "reason": None,
    }  # fmt: skip
    await office.played(ann, "level")
    assert (await ann.execute("quiz", key="once")).status == 202
    assert (await ann.execute("boss", taskId=task)).status == 202


async def test_from_the_answer_on_no_score_changes_and_afterwards_all_count(
    office: Office,
) -> None:
    players = [await office.player(f"player {n}") for n in range(3)]
    accepted: list[str] = []

    async def play(number: int) -> None:
        for _ in range(20):
            reply = await players[number].execute("level")
            if reply.status == 202:
                accepted.append(reply.body["jobId"])
            else:
                assert reply.code == "COOLDOWN", reply.body

    playing = [asyncio.ensure_future(play(number)) for number in range(3)]
    await until(lambda: len(accepted) > 5, "they play")
    assert (await office.freeze()).status == 200
    query = "SELECT id, current_score, score_version FROM users ORDER BY id"
    still = await office.rows(query)
    await asyncio.gather(*playing)
    # What came to be held back after all, by gateways that had not looked yet.
    for player in players:
        await office.held(player)
    await office.looked()
    assert await office.rows(query) == still
    assert await office.site.gateway.queue.depth() >= 3

    assert (await office.freeze("unfreeze")).status == 200

    async def empty() -> bool:
        return await office.site.gateway.queue.depth() == 0

    await until(empty, "the queue is empty")
    (total,) = await office.rows("SELECT sum(current_score)::bigint AS points FROM users")
    assert total["points"] == 100 * len(accepted) + 3


async def test_the_other_gateways_know_within_a_second(office: Office) -> None:
    ann = await office.player("ann")
    async with a_site(office.place) as elsewhere:
        there = elsewhere.elsewhere(ann, elsewhere.url)
        assert (await there.execute("level")).status == 202

        await office.freeze()

        async def knows() -> bool:
            return (await there.execute("level")).code == "COOLDOWN"

        await until(knows, "the other gateway refuses", 1.0)
        await office.freeze("unfreeze")

        async def knows_again() -> bool:
            return (await there.execute("level")).status == 202

        await until(knows_again, "the other gateway admits", 1.0)


async def test_an_admin_may_still_put_right_what_is_wrong(office: Office) -> None:
    ann = await office.player("ann", "level")
    bob = await office.player("bob", "level")
    await office.freeze()

    await office.done("adjust", bob, points=1)
    await office.done("disqualify", ann)

    await office.shows("bob")


async def test_held_jobs_page_nobody_and_outlive_their_worker(office: Office) -> None:
    ann = await office.player("ann")
    await office.freeze()
    await office.held(ann)
    async with a_worker(office.place) as second:

        async def takes_part() -> bool:
            return bool(second.ownership.mine)

        await until(takes_part, "the second worker has shards")
        second.ownership.closing = True
        await asyncio.wait_for(second.drain(), 10)

        def calm() -> bool:
            value = second.telemetry.registry.get_sample_value
            gauges = ("queue_depth", "queue_oldest_seconds", "board_frozen")
            return [value(f"scoreboard_{gauge}") for gauge in gauges] == [0, 0, 1]

        await until(calm, "the gauges ask for nobody")
    await office.freeze("unfreeze")
    await office.shows("ann")


async def test_a_board_that_is_none_is_not_found_and_twice_is_once(office: Office) -> None:
    for verb in ("freeze", "unfreeze"):
        assert (await office.root.post(f"/api/admin/boards/other/{verb}", {})).status == 404

    first = (await office.root.post("/api/admin/boards/main/freeze", {"reason": "a"})).body
    again = (await office.root.post("/api/admin/boards/main/freeze", {"reason": "b"})).body

    assert again == first
    headers = office.root.authorization
    bare = await office.root.request("POST", "/api/admin/boards/main/unfreeze", **headers)
    assert (bare.status, bare.body["frozen"]) == (200, False)
    assert FROZEN_WAIT_US % 1_000_000
