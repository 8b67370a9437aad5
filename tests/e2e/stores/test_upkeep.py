"""What a worker does beside its jobs: the drift check and its metric, standings that were lost."""

import asyncio

from tests.e2e.instance import until
from tests.e2e.stores.desk import Desk
from tests.e2e.stores.test_standings import committed

from scoreboard_runtime.contract import metrics
from scoreboard_runtime.contract.board import DEFAULT_WINDOW
from scoreboard_runtime.process.telemetry import Telemetry
from scoreboard_runtime.stores.freezes import Freezes
from scoreboard_runtime.stores.jobs import Jobs
from scoreboard_runtime.stores.leases import Leases
from scoreboard_runtime.stores.ranks import Ranks
from scoreboard_runtime.stores.unpublished import Unpublished
from scoreboard_runtime.worker.upkeep import Upkeep


def an_upkeep(desk: Desk, worker: str) -> Upkeep:
    return Upkeep(
        telemetry=Telemetry("worker", "test"),
        queue=desk.queue,
        jobs=Jobs(desk.pipeline, desk.client, desk.keys, worker),
        letters=desk.letters,
        leases=Leases(desk.client, desk.keys, worker),
        ranks=Ranks(desk.client, desk.database, desk.keys, desk.board.board, DEFAULT_WINDOW),
        unpublished=asyncio.Event(),
        marks=Unpublished(desk.client, desk.keys),
        freezes=Freezes(desk.database),
        board=desk.board.board.name,
    )


def drift_of(upkeep: Upkeep) -> float:
    value: float = upkeep.telemetry.child(metrics.RANK_DRIFT)._value.get()
    return value


async def forge(desk: Desk, user: str) -> None:
    """A score that nobody published."""
    async with desk.database.connection() as connection:
        await connection.execute(
            "UPDATE users SET current_score = 9, score_version = score_version + 1 WHERE id = $1",
            user,
        )


async def test_drift_is_measured_mended_and_measured_again(desk: Desk):
    ann, upkeep = await desk.user(), an_upkeep(desk, "w1")
    await desk.ranks.rebuild("e1")
    await committed(desk, ann, 5)
    await upkeep.check()
    assert drift_of(upkeep) == 0

    await forge(desk, ann)
    await upkeep.check()
    standing = await desk.standings.user(desk.board.board, DEFAULT_WINDOW, ann)
    assert (drift_of(upkeep), standing.score) == (1, 9)
    assert standing.epoch not in ("e1", "postgres"), "the standings were built anew"

    await upkeep.check()
    assert drift_of(upkeep) == 0


async def test_one_worker_checks_and_no_other_keeps_an_old_finding(desk: Desk):
    ann, first, second = await desk.user(), an_upkeep(desk, "w1"), an_upkeep(desk, "w2")
    await desk.ranks.rebuild("e1")
    await committed(desk, ann, 5)
    await forge(desk, ann)
    await first.check()
    assert drift_of(first) == 1

    await desk.client.delete(desk.keys.duty("drift"))  # the first was too slow to renew it
    await second.check()
    await first.check()

    assert (drift_of(second), drift_of(first)) == (0, 0)


async def test_one_worker_rebuilds_at_a_time_and_another_may_right_after(desk: Desk):
    first, second = an_upkeep(desk, "w1"), an_upkeep(desk, "w2")
    assert await first.leases.duty("rebuild", 60)
    assert not await second.rebuild("lost"), "the first is at it"

    assert await first.rebuild("lost")
    assert await second.rebuild("lost again, and the first is gone")


async def test_standings_that_are_lost_come_back_by_themselves(desk: Desk):
    ann, upkeep = await desk.user(), an_upkeep(desk, "w1")
    await desk.ranks.rebuild("e1")
    await committed(desk, ann, 5)
    watching = asyncio.ensure_future(upkeep.standings())
    board = desk.board.board

    async def epoch() -> str:
        return (await desk.standings.page(board, DEFAULT_WINDOW, 0, 3)).snapshot.epoch

    await desk.client.delete(desk.keys.standings_meta(board.name, DEFAULT_WINDOW))
    assert await epoch() == "postgres"

    async def is_back() -> bool:
        return await epoch() not in ("postgres", "e1")

    await until(is_back, "the standings are built anew")
    assert (await desk.standings.user(board, DEFAULT_WINDOW, ann)).score == 5
    watching.cancel()
    await asyncio.gather(watching, return_exceptions=True)
