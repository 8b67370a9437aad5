"""On servers that the user gave: other versions than the wheels', the whole way of every kind of action."""

from collections.abc import Iterator

import pytest
from tests.e2e.broadcaster.servers import Postgres, Valkey, debian
from tests.e2e.instance import a_manifest, running


@pytest.fixture
def given() -> Iterator[tuple[str, str]]:
    binaries, redis = debian()
    postgres, server = Postgres(binaries), Valkey(redis)
    yield postgres.url(), server.url
    postgres.stop()
    server.kill()


async def test_every_kind_of_action_on_debians_postgres_and_redis(tmp_path, given):
    database, redis = given
    manifest = a_manifest()
    async with running(
        tmp_path, manifest, "--database-url", database, "--redis-url", redis
    ) as arcade:
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
