"""Commands for the night: standings anew, dead letters back into the queue, against real stores."""

import asyncio
import os
import pty
import sys

from tests.e2e.auth.site import Place, Site
from tests.e2e.auth.test_admin import admin
from tests.e2e.instance import until

from scoreboard_runtime.contract import endpoints
from scoreboard_runtime.contract.keys import shard_of
from scoreboard_runtime.stores.jobs import Jobs
from scoreboard_runtime.stores.pipeline import Pipeline


async def scoreboard(place: Place, *arguments: str) -> tuple[int, str, str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "scoreboard_runtime", *arguments,
        env={**os.environ, **place.environment},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, err = await process.communicate()
    assert process.returncode is not None
    return process.returncode, out.decode(), err.decode()


async def on_a_terminal(place: Place, *arguments: str) -> str:
    """What a command says there of how far it is."""
    ours, its = pty.openpty()
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "scoreboard_runtime", *arguments,
        env={**os.environ, **place.environment}, stdout=asyncio.subprocess.DEVNULL, stderr=its,
    )  # fmt: skip
    assert await process.wait() == 0
    said = os.read(ours, 10_000).decode()
    os.close(ours)
    os.close(its)
    return said


async def test_the_standings_are_built_anew_by_a_command(place: Place, site: Site) -> None:
    ann, bob = await site.signed_in("ann"), await site.signed_in("bob")
    async with site.gateway.database.connection() as connection:
        for player, score in ((ann, 7), (bob, 9)):
            await connection.execute(
                "UPDATE users SET current_score = $2, score_version = 1, reached_us = 5 "
                "WHERE id = $1",
                player.user_id,
                score,
            )
    before = (await ann.get("/api/scoreboard")).body
    assert before["epoch"] == "postgres"

    assert await scoreboard(place, "rebuild") == (0, "2 players ranked anew\n", "")

    async def is_anew() -> bool:
        found = (await ann.get("/api/scoreboard")).body
        same = found["entries"] == before["entries"]
        return same and found["epoch"] != "postgres"

    await until(is_anew, "the board is read from Valkey")
    assert (await ann.get("/api/scoreboard/me")).body["rank"] == 2
    assert "players ranked anew: 2 of 2" in await on_a_terminal(place, "rebuild")


async def test_a_rebuild_without_its_stores_says_so_and_shows_no_password(place: Place) -> None:
    place.environment[endpoints.ENV_CACHE_URL] = "redis://:hidden@127.0.0.1:1/0"

    status, _, err = await scoreboard(place, "rebuild")

    assert status == 1
    assert "cache" in err
    assert "hidden" not in err
    assert "Traceback" not in err


async def test_a_dead_letter_is_listed_with_its_reason_and_driven_back(
    place: Place, site: Site
) -> None:
    ann, keys, client = await site.signed_in("ann"), site.gateway.keys, site.gateway.queue_client
    job = (await ann.execute("level")).body["jobId"]
    reader = Pipeline(place.environment[endpoints.ENV_REDIS_URL], "queue")
    running = asyncio.ensure_future(reader.run())
    await reader.connected(5)
    jobs = Jobs(reader, client, keys, "w1")
    await jobs.create_groups()
    (delivery,) = await jobs.read([shard_of(ann.user_id)], 1)
    await jobs.bury(delivery, job, "PoisonError: it can not be")

    status, out, _ = await admin(place, "dead-letters")
    assert status == 0
    assert job in out
    assert "PoisonError: it can not be" in out
    dead = (await ann.job(job)).body
    assert (dead["status"], dead["error"]["code"]) == ("failed", "INTERNAL")

    assert (await admin(place, "redrive", job))[:2] == (0, "1 jobs are back in the queue\n")

    assert (await ann.job(job)).body["status"] == "queued"
    (again,) = await jobs.read([shard_of(ann.user_id)], 1)
    assert again.job_id(again.job()) == job, "under its own id, so that it counts once"
    assert (await admin(place, "redrive", job))[0] == 1
    assert (await admin(place, "dead-letters"))[1] == "0 dead letters\n"
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
