"""Copies that arrive together: 200 of one request make exactly one job."""

import asyncio
from collections import Counter

import orjson

from scoreboard_runtime.local.player import EXECUTE, Player

COPIES = 200


def tally(replies) -> Counter:
    return Counter(reply.code or reply.status for reply in replies)


async def jobs_of(player: Player) -> int:
    return len((await player.get("/api/users/me/history")).body["items"])


async def test_one_signed_request_sent_200_times_is_one_job(ann):
    body = orjson.dumps({"action": "level"})
    headers = ann.signed("POST", EXECUTE, body)

    replies = await asyncio.gather(
        *(ann.request("POST", EXECUTE, body, **headers) for _ in range(COPIES))
    )

    assert tally(replies) == {202: 1, "REPLAY_ATTACK": COPIES - 1}
    accepted = next(reply for reply in replies if reply.status == 202)
    await ann.job(accepted.body["jobId"], wait=10)
    assert await jobs_of(ann) == 1


async def test_with_an_idempotency_key_every_copy_gets_the_one_answer(ann):
    body = orjson.dumps({"action": "level"})
    headers = {**ann.signed("POST", EXECUTE, body), "Idempotency-Key": "once"}

    replies = await asyncio.gather(
        *(ann.request("POST", EXECUTE, body, **headers) for _ in range(COPIES))
    )

    assert tally(replies) == {202: COPIES}
    assert len({reply.body["jobId"] for reply in replies}) == 1
    assert sum("Idempotency-Replayed" not in reply.headers for reply in replies) == 1


async def test_a_once_only_action_sent_200_times_counts_once(ann):
    replies = await asyncio.gather(*(ann.execute("quiz") for _ in range(COPIES)))

    assert tally(replies) == {202: 1, "ALREADY_COMPLETED": COPIES - 1}


async def test_an_issued_task_completed_200_times_counts_once(ann):
    task = (await ann.issue_task("boss")).body["taskId"]

    replies = await asyncio.gather(*(ann.execute("boss", taskId=task) for _ in range(COPIES)))

    assert tally(replies) == {202: 1, "ALREADY_COMPLETED": COPIES - 1}


async def test_a_cooldown_lets_one_of_200_through(ann):
    replies = await asyncio.gather(*(ann.execute("slow") for _ in range(COPIES)))

    assert tally(replies) == {202: 1, "COOLDOWN": COPIES - 1}


async def test_a_batch_sent_again_gets_the_first_answer_to_the_letter(ann):
    batch = [{"action": name} for name in ("slow", "slow", "fly", "secret", "rare", "rare", "rare")]

    first = await ann.execute_batch(batch, **{"Idempotency-Key": "k"})
    again = await ann.execute_batch(batch, **{"Idempotency-Key": "k"})

    assert (first.status, again.status) == (202, 202)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.body == first.body
    assert again.headers["X-Request-Id"] != first.headers["X-Request-Id"]


async def test_the_key_with_another_body_is_refused_and_a_rejection_is_not_kept(ann):
    assert (await ann.execute("level", key="k")).status == 202
    assert (await ann.execute("quiz", key="k")).code == "IDEMPOTENCY_MISMATCH"

    assert (await ann.execute("fly", key="r")).code == "TASK_NOT_FOUND"
    assert (await ann.execute("level", key="r")).status == 202
