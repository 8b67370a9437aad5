"""What still works while a dependency is lost, row by row of docs/reference/degradation.md.

Each test stops the real server under a constant load, looks, brings it back, and waits until
everything works again with nothing lost.
"""

import asyncio
import uuid
from collections import Counter
from contextlib import asynccontextmanager

import aiohttp
import pytest
from tests.e2e.instance import Instance, until

from scoreboard_runtime.local.player import Player

ANSWERED = 5.0  # seconds within which every request must have an answer


class Load:
    """A player who never stops; every answer and the longest wait are kept."""

    def __init__(self, player: Player) -> None:
        self.player = player
        self.accepted: list[str] = []
        self.answers: Counter[object] = Counter()
        self.longest = 0.0
        self.stopping = False

    async def run(self) -> None:
        loop = asyncio.get_running_loop()
        while not self.stopping:
            started = loop.time()
            reply = await self.player.execute("coins", key=uuid.uuid4().hex, data={"coins": 1})
            self.longest = max(self.longest, loop.time() - started)
            self.answers[reply.code or reply.status] += 1
            if reply.status == 202:
                self.accepted.append(reply.body["jobId"])
            await asyncio.sleep(0.02)


@asynccontextmanager
async def load_of(player: Player):
    load = Load(player)
    task = asyncio.ensure_future(load.run())
    try:
        yield load
    finally:
        load.stopping = (
            True  # its last answer is waited for: a cancelled action may count all the same
        )
        await task
    assert load.longest < ANSWERED, "a request hung"
    assert set(load.answers) <= {202, "UNAVAILABLE"}, load.answers


async def ready(instance: Instance, path: str = "/health/ready") -> tuple[int, dict]:
    async with instance.http.get(instance.url + path) as answer:
        return answer.status, await answer.json()


async def until_status(instance: Instance, status: int, why: str) -> dict:
    async def there():
        found, body = await ready(instance)
        return body if found == status else None

    return await until(there, why)


async def until_accepted(load: Load, more: int = 5) -> None:
    wanted = len(load.accepted) + more
    await until(lambda: len(load.accepted) >= wanted, "actions are accepted")


async def until_score(player: Player, least: int, most: int | None = None) -> None:
    async def counted() -> bool:
        mine = (await player.get("/api/scoreboard/me?around=0")).body
        entries = mine.get("entries") or [{"score": -1}]
        return least <= entries[0]["score"] <= (least if most is None else most)

    await until(counted, "every accepted action counts")


@pytest.mark.timeout(120)
async def test_postgres_lost_actions_are_still_accepted_and_reads_come_from_valkey(arcade, servers):
    ann, bob = await arcade.player(), await arcade.player()
    await ann.job((await ann.execute("level")).body["jobId"], wait=10)
    async with load_of(bob) as load:
        await until_accepted(load)
        await servers.postgres.stop()
        body = await until_status(arcade, 503, "readiness says that Postgres is gone")
        assert (body["status"], body["checks"]["database"]["status"]) == ("unavailable",) * 2
        assert await arcade.metric("gateway", 'scoreboard_dependency_up{dependency="database"') == 0

        await until_accepted(load)
        assert (await ann.get("/api/scoreboard")).body["entries"][0]["userId"]
        assert (await ann.get("/api/scoreboard/me")).status == 200
        waiting = await ann.get("/api/users/me/history")
        assert (waiting.code, "Retry-After" in waiting.headers) == ("UNAVAILABLE", True)
        assert (await bob.login()).code == "UNAVAILABLE"

        await servers.postgres.start()
        await until_status(arcade, 200, "ready again")
    await until_score(bob, 2 * len(load.accepted))


@pytest.mark.timeout(120)
async def test_the_queue_lost_actions_get_503_and_the_board_is_still_read(arcade, servers):
    ann = await arcade.player()
    async with load_of(ann) as load:
        await until_accepted(load)
        servers.queue.kill()
        await servers.queue.stop()
        body = await until_status(arcade, 503, "readiness says that the queue is gone")
        assert body["status"] == "unavailable"

        refused = load.answers["UNAVAILABLE"]
        await until(lambda: load.answers["UNAVAILABLE"] > refused + 5, "actions get 503")
        assert (await ann.get("/api/scoreboard")).status == 200
        assert (await ann.get("/api/users/me")).status == 200
        assert (await ann.refresh()).code == "UNAVAILABLE"

        await servers.queue.start()
        await until_status(arcade, 200, "ready again")
        await until_accepted(load)
    # A request whose answer was lost may have been accepted: its key would have told.
    await until_score(ann, 2 * len(load.accepted), 2 * sum(load.answers.values()))


@pytest.mark.timeout(120)
async def test_the_cache_lost_everything_works_from_postgres_and_ranks_come_back(arcade, servers):
    ann = await arcade.player()
    async with load_of(ann) as load:
        await until_accepted(load)
        servers.cache.kill()
        await servers.cache.stop()

        async def epoch_is_postgres() -> bool:
            reply = await ann.get("/api/scoreboard")
            return reply.status == 200 and reply.body["epoch"] == "postgres"

        await until(epoch_is_postgres, "the board is read from Postgres")
        assert (await ready(arcade))[0] == 200, "the cache is a convenience"
        job = await ann.job((await ann.execute("level")).body["jobId"], wait=10)
        assert job.body["result"]["rank"] == 1
        assert (await ann.get("/api/scoreboard/me")).body["rank"] == 1
        assert (await ann.get("/api/users/me")).status == 200
        await until_accepted(load)

        await servers.cache.start()

        async def epoch_is_another() -> bool:
            return (await ann.get("/api/scoreboard")).body["epoch"] != "postgres"

        await until(epoch_is_another, "the standings were built anew by themselves")
    await until_score(ann, 100 + 2 * len(load.accepted))


@pytest.mark.timeout(120)
async def test_the_identity_provider_lost_is_partial_and_what_has_a_session_goes_on(
    arcade, provider
):
    ann = await arcade.player()
    http = Player(arcade.http, arcade.url)

    async def exchange(subject: str, **changes):
        return await http.post("/api/auth/oidc", {"idToken": provider.token(subject, **changes)})

    first = await exchange("s1", preferred_username="Zoë")
    assert (first.status, first.body["user"]["username"]) == (200, "Zoë")
    assert (await exchange("s1")).body["user"]["id"] == first.body["user"]["id"]
    assert (await exchange("s1", aud="another")).code == "INVALID_CREDENTIALS"
    async with load_of(ann) as load:
        await until_status(arcade, 200, "ready")
        await provider.stop()
        body = await until_status(arcade, 503, "readiness is partial")
        assert body["status"] == "partial"
        assert (await ready(arcade, "/health/ready?partial=ok"))[0] == 200
        await until_accepted(load)
        assert (await exchange("s1")).status == 200, "the provider's keys are known"

        await provider.start()
        await until_status(arcade, 200, "ready again")
    await until_score(ann, 2 * len(load.accepted))


@pytest.mark.timeout(120)
async def test_both_valkeys_lost_the_board_is_still_read(arcade, servers):
    ann = await arcade.player()
    await ann.job((await ann.execute("level")).body["jobId"], wait=10)

    await asyncio.gather(servers.queue.stop(), servers.cache.stop())

    async def shown() -> bool:
        try:
            reply = await ann.get("/api/scoreboard")
        except aiohttp.ClientError:
            return False
        return reply.status == 200 and reply.body["entries"][0]["userId"] == ann.user_id

    await until(shown, "the board is read from Postgres")
    await asyncio.gather(servers.queue.start(), servers.cache.start())

    async def accepted() -> bool:
        return (await ann.execute("level")).status == 202

    await until(accepted, "actions are accepted again")
