"""One action, end to end: POST, job, ledger, standings, frames."""

import asyncio
import uuid

from tests.e2e.instance import Instance

from scoreboard_runtime.local.player import Player


async def done(player: Player, reply) -> dict:
    """The finished job of a 202."""
    assert reply.status == 202, reply.body
    found = await player.job(reply.body["jobId"], wait=10)
    assert found.body["status"] in ("completed", "failed"), found.body
    return found.body


async def test_an_action_becomes_a_job_a_score_a_rank_and_a_line_of_the_ledger(ann):
    reply = await ann.execute("level")
    job = await done(ann, reply)

    assert reply.body["status"] == "queued"
    assert reply.headers["Location"] == f"/api/jobs/{reply.body['jobId']}"
    assert job["result"]["points"] == job["result"]["score"] == 100
    assert job["result"]["rank"] >= 1
    assert job["result"]["previousRank"] is None
    ledger = (await ann.get("/api/users/me/history")).body
    assert [(item["jobId"], item["scoreAfter"]) for item in ledger["items"]] == [
        (reply.body["jobId"], 100)
    ]
    mine = (await ann.get("/api/scoreboard/me?around=0")).body
    assert mine["entries"][0]["userId"] == ann.user_id


async def test_a_measured_action_is_worth_what_the_catalogue_says(ann):
    small = await done(ann, await ann.execute("coins", data={"coins": 7}))
    large = await done(ann, await ann.execute("coins", data={"coins": 10**15}))

    assert (small["result"]["points"], large["result"]["points"]) == (14, 500)


async def test_frames_arrive_for_the_board_and_for_the_user(arcade: Instance, ann: Player):
    socket = await arcade.socket()
    await socket.send_json({"type": "authenticate", "token": ann.session["token"]})
    assert (await socket.receive_json())["type"] == "authenticated"
    for channel in ("scoreboard", "user"):
        await socket.send_json({"type": "subscribe", "channel": channel})
        assert (await socket.receive_json())["type"] == "subscribed"

    for _ in range(20):  # enough to be among the first ten of the board
        reply = await ann.execute("level")
    frames: dict[str, dict] = {}

    def complete() -> bool:
        top = frames.get("scoreboard_updated", {}).get("entries", [])
        mine = [entry for entry in top if entry["userId"] == ann.user_id]
        last = frames.get("job_finished", {}).get("jobId") == reply.body["jobId"]
        return last and bool(mine) and mine[0]["score"] == 2000

    async with asyncio.timeout(10):
        while not complete():
            frame = await socket.receive_json()
            frames[frame["type"]] = frame

    assert frames["job_finished"]["result"]["score"] == 2000
    assert frames["user_score_updated"]["score"] == 2000
    await socket.close()


async def test_a_batch_is_judged_entry_by_entry_in_order(ann):
    reply = await ann.execute_batch(
        [{"action": "quiz"}, {"action": "quiz"}, {"action": "fly"}, {"action": "secret"},
         {"action": "coins", "data": {"coins": 1}}]
    )  # fmt: skip

    assert reply.status == 202
    said = [result.get("code", result["status"]) for result in reply.body["results"]]
    assert said == ["queued", "ALREADY_COMPLETED", "TASK_NOT_FOUND", "FORBIDDEN", "queued"]


async def test_an_issued_task_is_good_once_and_for_its_user_only(arcade: Instance, ann: Player):
    bob = await arcade.player()
    task = (await ann.issue_task("boss")).body
    early = (await ann.issue_task("siege")).body

    assert (await bob.execute("boss", taskId=task["taskId"])).code == "UNAUTHORIZED"
    assert (await ann.execute("siege", taskId=task["taskId"])).code == "TASK_NOT_FOUND"
    assert (await ann.execute("boss", taskId=str(uuid.uuid4()))).code == "TASK_NOT_FOUND"
    too_soon = await ann.execute("siege", taskId=early["taskId"])
    assert (too_soon.code, int(too_soon.headers["Retry-After"]) > 1000) == ("COOLDOWN", True)
    job = await done(ann, await ann.execute("boss", taskId=task["taskId"]))
    assert job["result"]["points"] == 1000
    assert (await ann.execute("boss", taskId=task["taskId"])).code == "ALREADY_COMPLETED"
    assert (await ann.issue_task("level")).code == "VALIDATION_ERROR"


async def test_a_score_past_53_bits_fails_its_job_and_leaves_the_score(ann):
    assert (await done(ann, await ann.execute("huge")))["result"]["score"] == 9007199254740991

    job = await done(ann, await ann.execute("level"))

    assert (job["status"], job["error"]["code"]) == ("failed", "SCORE_OUT_OF_RANGE")
    top = (await ann.get("/api/scoreboard?limit=1")).body["entries"][0]
    assert top["score"] == 9007199254740991


async def test_a_job_is_its_users_to_see(arcade: Instance, ann: Player):
    bob = await arcade.player()
    reply = await ann.execute("level")

    assert (await bob.job(reply.body["jobId"])).code == "NOT_FOUND"
    assert (await ann.job(str(uuid.uuid4()))).code == "NOT_FOUND"
    assert (await ann.job("nonsense")).code == "NOT_FOUND"


async def test_the_ledger_is_read_page_by_page(ann):
    for start in range(0, 120, 60):
        batch = [{"action": "coins", "data": {"coins": start + i + 1}} for i in range(60)]
        reply = await ann.execute_batch(batch)
    await ann.job(reply.body["results"][-1]["jobId"], wait=10)

    seen, cursor = [], ""
    while cursor is not None:
        page = (await ann.get(f"/api/users/me/history{cursor and '?cursor=' + cursor}")).body
        seen += page["items"]
        cursor = page["nextCursor"]

    assert len(seen) == 120
    assert [item["scoreBefore"] for item in seen[:-1]] == [item["scoreAfter"] for item in seen[1:]]


async def test_reads_have_an_etag_and_show_a_commit(ann):
    first = await ann.get("/api/scoreboard")
    same = await ann.get("/api/scoreboard", **{"If-None-Match": first.headers["ETag"]})
    assert same.status in (200, 304)  # another test may have changed the board meanwhile
    before = (await ann.get("/api/scoreboard/me?around=0")).body

    await done(ann, await ann.execute("level"))
    changed = await ann.get("/api/scoreboard?limit=100")

    assert (before["rank"], before["percentile"]) == (None, None)
    assert any(entry["userId"] == ann.user_id for entry in changed.body["entries"])
    assert changed.body["sequence"] >= first.body["sequence"]
