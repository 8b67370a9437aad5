"""On servers that the user gave: other versions than the wheels', the whole way of every kind of action."""

from collections.abc import AsyncIterator, Iterator

import asyncpg
import pytest
from tests.e2e.broadcaster.servers import Postgres, Valkey, debian
from tests.e2e.instance import Instance, a_manifest, running

from scoreboard_runtime.stores import valkey

USER = "scores"


@pytest.fixture
async def database() -> AsyncIterator[str]:
    """As docs/how-to/stores.md has it at least: no superuser, no owner, CREATE on the schema."""
    server = Postgres(debian()[0])
    connection = await asyncpg.connect(server.url())
    await connection.execute(f"CREATE ROLE {USER} LOGIN")
    await connection.execute(f"GRANT CREATE ON SCHEMA public TO {USER}")
    await connection.close()
    yield server.url(user=USER)
    server.stop()


@pytest.fixture
def redis() -> Iterator[str]:
    server = Valkey(debian()[1])
    yield server.url
    server.kill()


@pytest.fixture
def cache() -> Iterator[str]:
    server = Valkey()
    yield server.url
    server.kill()


async def kinds(url: str) -> set[str]:
    """Types of what a server holds: `stream` of jobs waiting, `zset` of standings."""
    async with valkey.connect(url) as client:
        keys = [key async for key in client.scan_iter()]
        return {(await client.type(key)).decode() for key in keys}


async def test_every_kind_of_action_on_debians_postgres_and_redis(tmp_path, database, redis):
    given = ("--database-url", database, "--redis-url", redis)
    async with running(tmp_path, a_manifest(), *given) as arcade:
        await every_kind_of_action(arcade)
    assert {"stream", "zset"} <= await kinds(redis), "one server is both"


async def test_what_can_be_rebuilt_has_a_server_of_its_own(tmp_path, redis, cache):
    given = ("--redis-url", redis, "--cache-url", cache)
    async with running(tmp_path, a_manifest(), *given) as arcade:
        await every_kind_of_action(arcade)
    durable, rebuilt = await kinds(redis), await kinds(cache)
    assert ("stream" in durable, "stream" in rebuilt) == (True, False)
    assert ("zset" in durable, "zset" in rebuilt) == (False, True)


async def every_kind_of_action(arcade: Instance) -> None:
    """And what the player sees of it."""
    ann = await arcade.player()
    socket = await arcade.socket()
    await socket.send_json({"type": "authenticate", "token": ann.session["token"]})
    await socket.send_json({"type": "subscribe", "channel": "user"})
    task = (await ann.issue_task("boss")).body["taskId"]
    replies = [
        await ann.execute("level", key="k1"),
        await ann.execute("level", key="k1"),
        await ann.execute("coins", data={"coins": 7}),
        await ann.execute("quiz"),
        await ann.execute("boss", taskId=task),
    ]
    again = [await ann.execute("quiz"), await ann.execute("boss", taskId=task)]
    batch = await ann.execute_batch([{"action": "level"}, {"action": "rare"}])
    jobs = [reply.body["jobId"] for reply in replies]
    jobs += [result["jobId"] for result in batch.body["results"]]

    assert [reply.status for reply in replies] == [202] * 5
    assert jobs[0] == jobs[1], "one key, one job"
    assert [reply.code for reply in again] == ["ALREADY_COMPLETED"] * 2
    states = [(await ann.job(job, wait=10)).body["status"] for job in jobs]
    assert states == ["completed"] * 7
    board = (await ann.get("/api/scoreboard")).body["entries"]
    assert [entry["score"] for entry in board] == [100 + 14 + 250 + 1000 + 100 + 1]
    frames = [(await socket.receive_json())["type"] for _ in range(4)]
    assert frames[:2] == ["authenticated", "subscribed"]
    assert set(frames[2:]) <= {"user_score_updated", "job_finished"}
    await socket.close()
