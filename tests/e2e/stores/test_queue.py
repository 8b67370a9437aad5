"""The durable queue: order, exactly once, takeover, poison, redriving, backpressure, budgets."""

import asyncio
import uuid

from tests.e2e.instance import until
from tests.e2e.stores.desk import Desk

from scoreboard_runtime.contract.actions import place_of
from scoreboard_runtime.contract.keys import GROUP, SHARDS, shard_of
from scoreboard_runtime.stores.queue import Entry


async def test_a_users_jobs_are_done_in_the_order_of_their_admission(desk: Desk):
    users = [await desk.user() for _ in range(5)]
    wanted = list(range(1, 301))
    for user in users:
        await desk.enqueue(user, *wanted)

    async with desk.worker():
        await desk.emptied()

    for user in users:
        assert await desk.history(user) == wanted


async def test_jobs_that_were_committed_and_come_again_change_nothing(desk: Desk):
    ann = await desk.user()
    await desk.enqueue(ann, *range(1, 51))
    async with desk.worker() as lane:
        await desk.emptied()
        async with desk.database.connection() as connection:
            rows = await connection.fetch("SELECT job_id::text, points FROM actions")
        for row in rows:
            entry = {"d": desk.job(ann, row["points"]), "t": 5, "j": row["job_id"]}
            await desk.client.xadd(desk.keys.stream(shard_of(ann)), entry)
        await desk.emptied()

    assert await desk.history(ann) == list(range(1, 51))
    repeated = {"outcome": "repeated"}
    assert lane.telemetry.registry.get_sample_value("scoreboard_jobs_total", repeated) == 50


async def test_what_a_dead_worker_read_is_taken_over_in_order(desk: Desk):
    ann = await desk.user()
    stream = desk.keys.stream(shard_of(ann))
    await desk.enqueue(ann, 1, 2, 3)
    async with desk.worker("first"):
        await desk.emptied()
    await desk.enqueue(ann, 4, 5, 6)
    await desk.client.xreadgroup(GROUP, "dead", {stream: ">"}, count=2)

    async with desk.worker("second"):
        await desk.emptied()

    assert await desk.history(ann) == [1, 2, 3, 4, 5, 6]
    assert (await desk.client.xpending(stream, GROUP))["pending"] == 0


async def test_two_workers_share_the_shards_and_hand_them_over(desk: Desk):
    async with desk.worker("a") as first:
        await until(lambda: len(first.ownership.mine) == SHARDS, "the first has all")
        async with desk.worker("b") as second:
            await until(lambda: len(second.ownership.mine) == SHARDS // 2, "the second has half")
            assert not first.ownership.mine & second.ownership.mine
            users = [await desk.user() for _ in range(20)]
            for user in users:
                await desk.enqueue(user, 1, 1, 1)
            await desk.emptied()
        await until(lambda: len(first.ownership.mine) == SHARDS, "the first has all again")

    assert [await desk.history(user) for user in users] == [[1, 1, 1]] * 20


async def test_a_poison_job_alone_goes_to_the_dead_letters_and_can_be_redriven(desk: Desk):
    ann, bad = await desk.user(), str(uuid.uuid4())
    stream = desk.keys.stream(shard_of(ann))
    await desk.enqueue(ann, 1, 2)
    await desk.client.xadd(stream, {"d": b"not a job", "t": 1})
    # A user id that Postgres refuses: permanent, and found only in the transaction.
    await desk.client.xadd(stream, {"d": desk.job("nonsense"), "t": 2, "j": bad})
    await desk.enqueue(ann, 4)

    async with desk.worker():
        await desk.emptied()
        assert await desk.history(ann) == [1, 2, 4]
        letters = {letter.job_id: letter for letter in await desk.letters.list(10)}
        assert len(letters) == 2
        assert "DataError" in letters[bad].reason

        # Mended by hand, and driven again.
        await desk.client.hset(desk.keys.dead_letter(bad), "job", desk.job(ann, 8))
        assert await desk.letters.redrive(bad)
        assert not await desk.letters.redrive(bad)
        await desk.emptied()

    assert await desk.history(ann) == [1, 2, 4, 8]
    assert await desk.letters.count() == 1
    assert not await desk.client.exists(desk.keys.dead_letter(bad))


async def test_a_full_queue_says_so_and_grows_no_further(desk: Desk):
    ann = await desk.user()
    session = await desk.session(ann)

    answers = [await desk.admit(ann, session, f"n{number}", q=10) for number in range(12)]

    assert [answer.code for answer in answers] == ["OK"] * 10 + ["QUEUE_FULL"] * 2
    assert answers[-1].wait_us > 0
    assert await desk.queue.depth() == 10
    assert len(await desk.queue.pending_jobs(ann)) == 10


async def test_a_job_in_the_queue_is_found_by_its_id_alone(desk: Desk):
    ann = await desk.user()
    answer = await desk.admit(ann, await desk.session(ann), "n")

    job_id = answer.results[0][1]
    (entry,) = await desk.client.xrange(desk.keys.stream(shard_of(ann)))
    assert place_of(job_id).entry == entry[0].decode()
    assert place_of(job_id).shard == shard_of(ann)


async def test_functions_are_loaded_into_a_server_that_does_not_know_them(desk: Desk):
    await desk.client.function_flush()

    assert (await desk.queue.charge("1.2.3.4")).refused is None


async def test_a_budget_is_a_rate_with_a_burst(desk: Desk):
    ann = await desk.user()
    session = await desk.session(ann)
    budget = (3, 600_000)

    codes = [(await desk.admit(ann, session, f"n{n}", U=budget)).code for n in range(4)]

    assert codes == ["OK"] * 3 + ["USER_RATE_LIMIT"]

    async def allowed_again() -> bool:
        return (await desk.admit(ann, session, "later", U=budget)).code == "OK"

    await until(allowed_again, "a third of the time gives a third of the budget")


async def test_200_at_once_spend_a_budget_of_50_exactly(desk: Desk):
    ann = await desk.user()
    session = await desk.session(ann)
    entries = [Entry(a="act", n="0" * 12, l=(50, 3_600_000_000))]

    answers = await asyncio.gather(
        *(desk.admit(ann, session, f"n{number}", e=entries) for number in range(200))
    )

    codes = [answer.code for answer in answers]
    assert (codes.count("OK"), codes.count("ACTION_LIMIT")) == (50, 150)
