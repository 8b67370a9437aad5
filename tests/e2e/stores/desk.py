"""Everything that speaks to the stores, connected for one test."""

import asyncio
import time
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import asyncpg
from tests.e2e.broadcaster.servers import Postgres, Valkey
from tests.e2e.instance import a_manifest, until

from scoreboard_runtime.contract import crd
from scoreboard_runtime.contract.actions import Job, encode_job
from scoreboard_runtime.contract.board import DEFAULT_WINDOW, Scoreboard
from scoreboard_runtime.contract.keys import Keys, shard_of
from scoreboard_runtime.process.telemetry import Telemetry
from scoreboard_runtime.stores import valkey
from scoreboard_runtime.stores.errors import StoreUnavailable
from scoreboard_runtime.stores.jobs import Jobs
from scoreboard_runtime.stores.leases import Leases
from scoreboard_runtime.stores.letters import DeadLetters
from scoreboard_runtime.stores.migrations import migrate
from scoreboard_runtime.stores.pipeline import Pipeline
from scoreboard_runtime.stores.postgres import Database
from scoreboard_runtime.stores.queue import Attempt, Entry, Queue
from scoreboard_runtime.stores.ranks import Ranks
from scoreboard_runtime.stores.standings import Standings
from scoreboard_runtime.worker.lane import Lane
from scoreboard_runtime.worker.ownership import Ownership

ENDLESS = (10**9, 1_000_000)


@dataclass(slots=True)
class Desk:
    """The stores of one instance."""

    board: Scoreboard
    keys: Keys
    client: Any
    database: Database
    pipeline: Pipeline
    queue: Queue
    ranks: Ranks
    standings: Standings
    letters: DeadLetters

    async def user(self) -> str:
        """A new user's id."""
        user, name = str(uuid.uuid4()), uuid.uuid4().hex[:12]
        async with self.database.connection() as connection:
            await connection.execute(
                "INSERT INTO users (id, username, username_key) VALUES ($1, $2, $2)", user, name
            )
        return user

    async def session(self, user: str) -> str:
        session = uuid.uuid4().hex
        await self.client.hset(self.keys.session(session), "user", user)
        return session

    def job(self, user: str, points: int = 1, **more: Any) -> bytes:
        return encode_job(Job(user, "act", points, uuid.uuid4().hex[:12], "r", **more))

    async def enqueue(self, user: str, *points: int, **more: Any) -> None:
        """Puts jobs in the queue without asking admission, in one trip."""
        pipe = self.client.pipeline(transaction=False)
        for worth in points:
            entry = {"d": self.job(user, worth, **more), "t": time.time_ns() // 1000}
            pipe.xadd(self.keys.stream(shard_of(user)), entry)
        await pipe.execute()

    async def admit(self, user: str, session: str, nonce: str, **more: Any) -> Any:
        """One attempt with endless budgets, unless `more` says otherwise."""
        known = {"G": ENDLESS, "A": ENDLESS, "U": ENDLESS, "q": 1000, "S": shard_of(user)}
        entries = {"e": [Entry(a="act", n="0" * 12)]}
        attempt = Attempt(**{**known, "u": user, **entries, **more})
        return await self.queue.admit(attempt, "1.2.3.4", session, nonce, "", [self.job(user)])

    async def history(self, user: str) -> list[int]:
        """Points of the user's changes in order."""
        async with self.database.connection() as connection:
            rows = await connection.fetch(
                "SELECT points FROM score_history WHERE user_id = $1 ORDER BY version", user
            )
        return [row["points"] for row in rows]

    async def emptied(self) -> None:
        async def empty() -> bool:
            return await self.queue.depth() == 0

        await until(empty, "the queue is empty")

    @asynccontextmanager
    async def worker(self, name: str = "w1") -> AsyncIterator[Lane]:
        """A lane that owns every shard it can get, until the end of the block."""
        reader = Pipeline(self.pipeline.url, "queue")
        ownership = Ownership(Leases(self.client, self.keys, name), name)
        jobs = Jobs(reader, self.client, self.keys, name)
        lane = Lane(
            index=0,
            lanes=1,
            place=("main", DEFAULT_WINDOW),
            jobs=jobs,
            database=self.database,
            ranks=self.ranks,
            ownership=ownership,
            telemetry=Telemetry("worker", "test"),
            tracer=None,
            unpublished=asyncio.Event(),
        )
        await jobs.create_groups()
        work = (reader.run(), ownership.watch(), lane.run())
        loops = [asyncio.ensure_future(loop) for loop in work]
        try:
            yield lane
        finally:
            for loop in loops:
                loop.cancel()
            await asyncio.gather(*loops, return_exceptions=True)


async def a_database(postgres: Postgres) -> str:
    """The address of a new, migrated database."""
    name = f"d{uuid.uuid4().hex[:12]}"
    connection = await asyncpg.connect(postgres.url())
    await connection.execute(f"CREATE DATABASE {name}")
    await connection.close()
    await migrate(postgres.url(name))
    return postgres.url(name)


@asynccontextmanager
async def a_desk(postgres: Postgres, server: Valkey) -> AsyncIterator[Desk]:
    manifest = a_manifest(f"t{uuid.uuid4().hex[:12]}")
    manifest["spec"]["boards"][0]["size"] = 3
    board = crd.load(str(manifest).replace("'", '"'))
    keys, client = Keys(board.name), valkey.connect(server.url)
    database = Database(await a_database(postgres), size=4, application="test")
    pipeline = Pipeline(server.url, "queue")
    running = asyncio.ensure_future(pipeline.run())
    desk = Desk(
        board=board,
        keys=keys,
        client=client,
        database=database,
        pipeline=pipeline,
        queue=Queue(pipeline, client, board, 10_000),
        ranks=Ranks(client, database, keys, board.board, DEFAULT_WINDOW),
        standings=Standings(client, database, keys),
        letters=DeadLetters(client, keys),
    )

    async def answers() -> bool:
        try:
            await desk.queue.ping()
        except StoreUnavailable:
            return False
        return True

    await until(answers, "the queue answers")
    try:
        yield desk
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await database.close()
        await client.aclose()
