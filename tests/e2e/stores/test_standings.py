"""Standings in Postgres, in Valkey and in the pure model are the same, after any history."""

import asyncio
import uuid
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)
from tests.e2e.stores.desk import Desk, a_desk

from scoreboard_runtime.contract.board import DEFAULT_WINDOW, MAX_SCORE
from scoreboard_runtime.rules.scoring import Work
from scoreboard_runtime.rules.standings import Standings
from scoreboard_runtime.stores import valkey
from scoreboard_runtime.stores.standings import Standings as Reader
from scoreboard_runtime.worker.apply import apply

PLACE = ("main", DEFAULT_WINDOW)
USERS = 6
# Few different amounts, so that scores are often equal; and some at the edge of 53 bits.
points = st.sampled_from([0, 1, 1, 2, 5, 2**52, MAX_SCORE])
jobs_ = st.lists(st.tuples(st.integers(0, USERS - 1), points, st.integers(1, 50)), min_size=1, max_size=6)  # fmt: skip


class ThreeStandings(RuleBasedStateMachine):
    """Applies batches, repeats them, loses Valkey, rebuilds; the three always agree."""

    servers: Any = None
    loop: asyncio.AbstractEventLoop

    @initialize()
    def connect(self) -> None:
        self.model, self.sent = Standings(), []
        self.run(self._connect())

    def run(self, work: Any) -> Any:
        return self.loop.run_until_complete(work)

    async def _connect(self) -> None:
        self.block = a_desk(*self.servers)
        self.desk: Desk = await self.block.__aenter__()
        self.users = [await self.desk.user() for _ in range(USERS)]
        away = valkey.connect("redis://127.0.0.1:1")
        self.nowhere = Reader(away, self.desk.database, self.desk.keys)
        await self.desk.ranks.rebuild("e0")

    async def _apply(self, batch: list[Work], careful: bool) -> None:
        applied = await apply(self.desk.database, batch, PLACE, careful=careful)
        await self.desk.ranks.publish(applied.changes)
        for change in applied.changes:
            if change.version:
                self.model.apply(change.user, change.score, change.reached_us, change.version)

    @rule(jobs=jobs_)
    def commit(self, jobs: list[tuple[int, int, int]]) -> None:
        batch = [
            Work(job=str(uuid.uuid4()), user=self.users[user], action="act", points=worth,
                 submitted_us=at)
            for user, worth, at in jobs
        ]  # fmt: skip
        self.sent.append(batch)
        self.run(self._apply(batch, careful=False))

    @rule(data=st.data())
    def deliver_again(self, data: st.DataObject) -> None:
        if self.sent:
            batch = data.draw(st.sampled_from(self.sent))
            self.run(self._apply(batch, careful=data.draw(st.booleans())))

    @rule()
    def lose_valkey(self) -> None:
        async def lose() -> None:
            meta = self.desk.keys.standings_meta("main", DEFAULT_WINDOW)
            for key in await self.desk.client.keys(meta + "*"):
                await self.desk.client.delete(key)
            assert not await self.desk.ranks.present()
            await self.desk.ranks.rebuild(uuid.uuid4().hex)

        self.run(lose())

    @rule()
    def rebuild(self) -> None:
        self.run(self.desk.ranks.rebuild(uuid.uuid4().hex))

    @invariant()
    def the_three_agree(self) -> None:
        if hasattr(self, "desk"):
            self.run(self._compare())

    async def _compare(self) -> None:
        board = self.desk.board.board
        wanted = [(place.user, -place.minus_score) for place in self.model.order()]
        for reader in (self.desk.standings, self.nowhere):
            page = await reader.page(board, DEFAULT_WINDOW, 0, 100)
            assert [(e.user_id, e.score) for e in page.snapshot.entries] == wanted
            assert page.snapshot.total == len(wanted)
            for user in self.users:
                around = await reader.around(board, DEFAULT_WINDOW, user, 1)
                assert around.rank == self.model.rank(user)
                if around.rank is not None:
                    share = 100 * self.model.lower(user) / len(wanted)
                    assert around.percentile == pytest.approx(share, abs=0.001)
        assert await self.desk.ranks.drift(1000) == 0

    def teardown(self) -> None:
        if hasattr(self, "block"):
            self.run(self.block.__aexit__(None, None, None))


@pytest.mark.timeout(300)
def test_postgres_valkey_and_the_model_agree_after_any_history(servers):
    loop = asyncio.new_event_loop()
    ThreeStandings.servers, ThreeStandings.loop = servers, loop
    try:
        run_state_machine_as_test(
            ThreeStandings,
            settings=settings(
                max_examples=15,
                stateful_step_count=12,
                deadline=None,
                suppress_health_check=list(HealthCheck),
            ),
        )
    finally:
        loop.close()


async def committed(desk: Desk, user: str, worth: int, at: int = 1) -> None:
    work = Work(job=str(uuid.uuid4()), user=user, action="act", points=worth, submitted_us=at)
    applied = await apply(desk.database, [work], PLACE, careful=False)
    await desk.ranks.publish(applied.changes)


async def test_a_commit_during_a_rebuild_is_not_lost(desk: Desk):
    ann = await desk.user()
    await desk.ranks.rebuild("e1")
    await committed(desk, ann, 5)
    rebuilding = asyncio.ensure_future(desk.ranks.rebuild("e2"))

    for _ in range(30):
        await committed(desk, ann, 1)
    await rebuilding
    await committed(desk, ann, 1)

    standing = await desk.standings.user(desk.board.board, DEFAULT_WINDOW, ann)
    assert (standing.score, standing.epoch) == (36, "e2")


async def test_drift_is_seen(desk: Desk):
    ann, bob = await desk.user(), await desk.user()
    await desk.ranks.rebuild("e1")
    await committed(desk, ann, 5)
    await committed(desk, bob, 3)
    assert await desk.ranks.drift(1000) == 0

    async with desk.database.connection() as connection:
        await connection.execute(
            "UPDATE users SET current_score = 9, score_version = 7 WHERE id = $1", ann
        )
    assert await desk.ranks.drift(1000) == 1

    await desk.ranks.rebuild("e2")
    assert await desk.ranks.drift(1000) == 0


async def test_the_sequence_rises_with_the_top_and_only_with_it(desk: Desk):
    users = [await desk.user() for _ in range(4)]  # the board shows three
    await desk.ranks.rebuild("e1")

    async def sequence() -> int:
        page = await desk.standings.page(desk.board.board, DEFAULT_WINDOW, 0, 3)
        return page.snapshot.sequence

    for user, worth in zip(users, (40, 30, 20, 10), strict=True):
        await committed(desk, user, worth)
    before = await sequence()
    await committed(desk, users[3], 5)
    assert await sequence() == before, "the fourth stays the fourth"
    await committed(desk, users[3], 6)
    assert await sequence() == before + 1, "the fourth is third"
    await committed(desk, users[2], 0)
    assert await sequence() == before + 1, "nothing changed"
