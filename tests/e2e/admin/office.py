"""An admin at work, and what their work is judged by."""

import asyncio
import secrets
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import orjson
from tests.e2e.auth.site import PASSWORD, Place, Site
from tests.e2e.instance import until

from scoreboard_runtime.contract.actions import Job, encode_job
from scoreboard_runtime.contract.keys import Keys, shard_of
from scoreboard_runtime.local.player import Player, Reply
from scoreboard_runtime.process import lifecycle, settings
from scoreboard_runtime.stores import valkey
from scoreboard_runtime.stores.ranks import Ranks
from scoreboard_runtime.worker.app import LANES, Worker

WHY = {"reason": "a test has its reasons"}


def dead(number: int) -> str:
    """The id of a buried job."""
    return f"019ab3f0-5c1e-7000-8000-{number:012x}"


async def bury(client: valkey.Client, keys: Keys, user: str, count: int) -> None:
    """Dead letters as a worker leaves them, two a microsecond; redriven, each is worth a point."""
    for number in range(count):
        letter, at = keys.dead_letter(dead(number)), 1_000_000 + number // 2
        await client.hset(
            letter,
            mapping={
                "job": encode_job(Job(user, "level", 1, f"{number:012x}", "r")),
                "reason": f"poison {number}",
                "admitted": 1,
                "tries": 3,
                "at": at,
                "stream": keys.stream(shard_of(user)),
                "status": "dead",
            },
        )
        await client.zadd(keys.dead_letters(), {dead(number): at})


@asynccontextmanager
async def a_worker(place: Place) -> AsyncIterator[Worker]:
    """A worker of the instance, in this process."""
    worker = Worker(settings.load("worker", place.environment))
    async with AsyncExitStack() as all_of_them:  # open before anything can be cancelled meanwhile
        for _ in range(LANES + 2):
            await all_of_them.enter_async_context(worker.database.connection())
    work = (
        *(reader.run() for reader in worker.readers),
        worker.ownership.watch(),
        worker.upkeep.standings(),
        worker.upkeep.gauges(),
        worker.freezes.watch(),
        *(lane.run() for lane in worker.lanes),
    )
    loops = [asyncio.ensure_future(loop) for loop in work]
    try:
        yield worker
    finally:
        await lifecycle.end(loops)
        await worker.close()
        assert all(loop.cancelled() for loop in loops), loops


@dataclass(slots=True, kw_only=True)
class Office:
    """One instance, its admin `root`."""

    place: Place
    site: Site
    stack: AsyncExitStack
    worker: Worker = None  # type: ignore[assignment]  # works before anybody asks
    root: Player = None  # type: ignore[assignment]  # hired before anybody asks

    async def hire(self, name: str = "root") -> Player:
        """A new admin with a session."""
        gateway = self.site.gateway
        hashed = await gateway.hasher.hash(PASSWORD)
        assert await gateway.users.create(name, hashed, ["admin", "player"]) is not None
        admin = self.site.player(name)
        assert (await admin.login()).status == 200
        if self.root is None:
            self.root = admin
        return admin

    @property
    def ranks(self) -> Ranks:
        return self.site.gateway.moderator.ranks

    async def ranked(self) -> None:
        await until(self.ranks.present, "there are standings")

    # --- what the admin does -----------------------------------------------------
    async def order(self, verb: str, whom: Player, *, key: str = "", **more: Any) -> Reply:
        """A verb on a user, as root."""
        headers = {"Idempotency-Key": key} if key else {}
        path = f"/api/admin/users/{whom.user_id}/{verb}"
        return await self.root.post(path, {**WHY, **more}, **headers)

    async def put(self, path: str, value: Any, by: Player | None = None) -> Reply:
        admin = by or self.root
        return await admin.request("PUT", path, orjson.dumps(value), **admin.authorization)

    async def done(self, verb: str, whom: Player, **more: Any) -> Any:
        reply = await self.order(verb, whom, **more)
        assert reply.status == 200, reply.body
        return reply.body

    async def freeze(self, verb: str = "freeze") -> Reply:
        return await self.root.post(f"/api/admin/boards/main/{verb}", WHY)

    # --- what is seen ------------------------------------------------------------
    async def played(self, player: Player, *actions: str) -> None:
        """Actions, one after the other, until the last is finished."""
        for action in actions:
            accepted = await player.execute(action)
            assert accepted.status == 202, accepted.body
        if actions:
            job = (await player.job(accepted.body["jobId"], 10)).body
            assert job["status"] == "completed", job

    async def bury(self, user: str, count: int) -> None:
        gateway = self.site.gateway
        await bury(gateway.queue_client, gateway.keys, user, count)

    async def held(self, player: Player) -> None:
        """A job in the queue as admission leaves one, worth a point."""
        gateway = self.site.gateway
        job = encode_job(Job(player.user_id, "level", 1, secrets.token_hex(6), "r"))
        stream = gateway.keys.stream(shard_of(player.user_id))
        await gateway.queue_client.xadd(stream, {"d": job, "t": time.time_ns() // 1000})

    async def looked(self) -> None:
        """Every lane of the worker has gone round since now, and once more."""
        for _ in range(2):
            began = time.monotonic()
            lanes = self.worker.lanes
            await until(lambda: min(lane.beat for lane in lanes) > began, "the lanes go round")  # noqa: B023

    async def player(self, name: str, *actions: str) -> Player:
        player = await self.site.signed_in(name)
        await self.played(player, *actions)
        return player

    async def board(self) -> list[tuple[str, int, str]]:
        """Name, score and time of every row."""
        found = (await self.root.get("/api/scoreboard?limit=100")).body
        assert [e["rank"] for e in found["entries"]] == list(range(1, len(found["entries"]) + 1))
        assert found["total"] == len(found["entries"])
        return [(e["username"], e["score"], e["reachedAt"]) for e in found["entries"]]

    async def names(self) -> list[str]:
        return [name for name, _, _ in await self.board()]

    async def shows(self, *names: str) -> None:
        async def showing() -> bool:
            return await self.names() == list(names)

        await until(showing, f"the board shows {names}")

    async def rows(self, query: str, *values: Any) -> list[Any]:
        async with self.site.gateway.database.connection() as connection:
            return list(await connection.fetch(query, *values))

    async def audit(self) -> list[tuple[str, str]]:
        """Verbs and outcomes in order."""
        rows = await self.rows("SELECT verb, outcome FROM audit ORDER BY id")
        return [(row["verb"], row["outcome"]) for row in rows]
