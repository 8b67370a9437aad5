"""Erase and export: everything that is kept, and then nothing that leads to anybody."""

import asyncio
import re

from tests.e2e.admin.office import Office
from tests.e2e.auth.site import PASSWORD
from tests.e2e.instance import until

from scoreboard_runtime.local.player import Player
from scoreboard_runtime.worker.upkeep import rebuild_now


async def erase(player: Player) -> int:
    reply = await player.request("DELETE", "/api/users/me", **player.authorization)
    return reply.status


async def everything(office: Office) -> str:
    """All rows of all tables, as text."""
    tables = await office.rows(
        "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'"
    )
    texts = []
    for table in tables:
        rows = await office.rows(f"SELECT t::text AS row FROM {table['table_name']} t")
        texts += [row["row"] for row in rows]
    return "\n".join(texts)


async def test_who_is_erased_leaves_the_ledger_and_nothing_that_leads_to_them(
    office: Office,
) -> None:
    ann = await office.player("Ann Lee", "level", "quiz")
    bob = await office.player("bob", "level")
    await office.done("adjust", ann, points=5, reason="Ann Lee asked for it")
    await office.root.get("/api/admin/users?query=Ann+Lee")
    await office.root.get(f"/api/admin/users/{ann.user_id}/explain")
    await office.shows("Ann Lee", "bob")

    assert await erase(ann) == 204

    await office.shows("bob")
    kept = await everything(office)
    assert ann.user_id not in kept
    assert "Ann Lee" not in kept
    assert "ann lee" not in kept
    (row,) = await office.rows("SELECT pseudonym::text, versions FROM erasures")
    assert row["versions"] == 3
    ledger = await office.rows(
        "SELECT points, reason FROM score_history WHERE user_id = $1 ORDER BY version",
        row["pseudonym"],
    )
    assert [found["points"] for found in ledger] == [100, 250, 5]
    assert ledger[2]["reason"] == f"{row['pseudonym']} asked for it"
    (jobs,) = await office.rows("SELECT count(*) FROM actions WHERE user_id = $1", row["pseudonym"])
    assert jobs["count"] == 2
    assert (await bob.get(f"/api/scoreboard/users/{ann.user_id}")).status == 404
    assert (await ann.get("/api/users/me")).status == 401
    assert (await ann.refresh()).status == 401
    assert (await ann.login()).code == "INVALID_CREDENTIALS"
    gateway = office.site.gateway
    left = [key async for key in gateway.queue_client.scan_iter(f"*{ann.user_id}*")]
    assert [key for key in left if b":nonce:" not in key and b":idempotency:" not in key] == []

    again = office.site.player("ANN LEE", PASSWORD)
    assert (await again.register()).status == 201, "the name is free"
    assert (await again.login()).status == 200
    assert again.user_id != ann.user_id
    assert (await again.execute("quiz")).status == 202, "a new user may do what counts once"


async def test_what_is_still_queued_or_published_late_is_harmless(office: Office) -> None:
    ann = await office.player("ann", "level")
    gateway = office.site.gateway
    late = await gateway.standings.history_since(ann.user_id, gateway.board.board, "current", 0)
    await office.freeze()
    await office.held(ann)

    assert await erase(ann) == 204
    await office.freeze("unfreeze")

    async def empty() -> bool:
        return await gateway.queue.depth() == 0

    await until(empty, "the held job is finished")
    await office.ranks.publish([ranked.change for ranked in late])
    assert await office.names() == []
    assert ann.user_id not in await everything(office)
    await rebuild_now(office.place.settings())
    assert await office.names() == []
    assert await office.ranks.drift(100) == 0


async def test_erased_in_the_middle_of_play_nothing_comes_back(office: Office) -> None:
    players = [await office.player(f"player {n}", "level") for n in range(3)]

    async def play(player: Player) -> None:
        while (await player.execute("level")).status == 202:
            pass

    async def leave(player: Player) -> None:
        assert await erase(player) == 204

    await asyncio.gather(*map(play, players), *map(leave, players))

    async def empty() -> bool:
        return await office.site.gateway.queue.depth() == 0

    await until(empty, "the queue is empty")
    await office.shows()
    kept = await everything(office)
    assert [player.user_id for player in players if player.user_id in kept] == []
    assert await office.ranks.drift(100) == 0


async def test_an_admin_who_left_has_no_name_in_the_audit_log(office: Office) -> None:
    eve, ann = await office.hire("eve"), await office.player("ann")
    path = f"/api/admin/users/{ann.user_id}/disable"
    assert (await eve.post(path, {"reason": "spam"})).status == 200

    assert await erase(eve) == 204

    items = (await office.root.get("/api/admin/audit")).body["items"]
    entry = next(item for item in items if item["verb"] == "disable")
    assert entry["actor"] is None
    assert entry["actorId"] != eve.user_id
    assert re.fullmatch(r"[0-9a-f-]{36}", entry["actorId"])


async def test_an_export_is_all_that_is_kept(office: Office) -> None:
    ann = await office.player("ann", "level", "quiz")
    await office.done("adjust", ann, points=5)
    await office.freeze()
    await office.held(ann)

    reply = await ann.get("/api/users/me/export")

    found = reply.body
    assert reply.status == 200
    assert "attachment" in reply.headers["Content-Disposition"]
    assert (found["user"]["username"], found["user"]["hasPassword"], found["rank"]) == (
        "ann", True, 1,
    )  # fmt: skip
    assert [row["points"] for row in found["ledger"]] == [100, 250, 5]
    assert [job["action"] for job in found["jobs"]] == ["level", "quiz"]
    assert len(found["pendingJobs"]) == 1
    assert [session["id"] for session in found["sessions"]] == [ann.session["session"]["id"]]
    assert [(call["verb"], call["by"]) for call in found["audit"]] == [("adjust", "an admin")]
    assert "password" not in str(found).replace("hasPassword", "")
    assert office.root.user_id not in str(found)
