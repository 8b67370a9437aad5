"""The audit log, the dead letters, the explanation of a rank and the overview."""

from tests.e2e.admin.office import Office, dead


async def test_every_call_is_written_down_with_who_whom_and_why(office: Office) -> None:
    ann = await office.player("ann", "level")

    await office.root.get("/api/admin/users?query=ann")
    await office.done("adjust", ann, points=3, reason="a gift")
    await office.order("adjust", ann, points=-999)
    await office.root.get(f"/api/admin/users/{ann.user_id}/explain")
    await office.freeze()
    await office.freeze("unfreeze")
    await office.root.get("/api/admin/dead-letters")
    await office.root.get("/api/admin/audit")

    items = (await office.root.get("/api/admin/audit?limit=100")).body["items"]
    assert [item["verb"] for item in reversed(items)] == [
        "find", "adjust", "adjust", "explain", "freeze", "unfreeze", "dead-letters", "audit",
    ]  # fmt: skip
    gift, refused = items[-2], items[-3]
    assert {name: gift[name] for name in ("actor", "username", "reason", "outcome")} == {
        "actor": "root", "username": "ann", "reason": "a gift", "outcome": "done",
    }  # fmt: skip
    assert gift["details"] == {"points": 3, "scoreBefore": 100, "scoreAfter": 103}
    assert (refused["outcome"], refused["details"]) == ("SCORE_OUT_OF_RANGE", {"points": -999})
    assert items[-5]["object"] == "main"


async def test_what_was_done_to_an_account_is_written_down_with_what_it_was(
    office: Office,
) -> None:
    ann = await office.player("ann")
    path = f"/api/admin/users/{ann.user_id}/roles"

    roles = {"roles": ["staff", "player"], "reason": "she helps"}
    assert (await office.put(path, roles)).status == 200
    await office.done("disable", ann, reason="the device is stolen")
    await office.done("enable", ann, reason="it is found")

    items = (await office.root.get(f"/api/admin/audit?user={ann.user_id}")).body["items"]
    names = ("actor", "username", "verb", "outcome", "reason", "object")
    assert [[item[name] for name in names] for item in reversed(items)] == [
        ["root", "ann", "roles", "done", "she helps", None],
        ["root", "ann", "disable", "done", "the device is stolen", None],
        ["root", "ann", "enable", "done", "it is found", None],
    ]
    changed = {"before": ["player"], "after": ["player", "staff"]}
    assert [item["details"] for item in reversed(items)] == [changed, {}, {}]
    assert {item["actorId"] for item in items} == {office.root.user_id}


async def test_the_log_is_read_by_pages_and_about_one_user(office: Office) -> None:
    ann, bob = await office.player("ann", "level"), await office.player("bob", "level")
    for number in range(5):
        await office.done("adjust", ann if number % 2 else bob, points=1, reason=f"no {number}")

    pages, cursor = [], ""
    while cursor is not None:
        page = (await office.root.get(f"/api/admin/audit?limit=2&cursor={cursor}")).body
        pages.append([item["reason"] for item in page["items"] if item["verb"] == "adjust"])
        cursor = page["nextCursor"]
    about = (await office.root.get(f"/api/admin/audit?user={ann.user_id}")).body["items"]

    assert [reason for page in pages for reason in page] == [f"no {n}" for n in (4, 3, 2, 1, 0)]
    assert [item["reason"] for item in about] == ["no 3", "no 1"]


async def test_a_question_that_is_none_is_refused(office: Office) -> None:
    for query in ("limit=0", "cursor=x", "cursor=a", "user=ann", "limit=1e2"):
        assert (await office.root.get(f"/api/admin/audit?{query}")).status == 400, query


async def test_a_rank_is_explained_by_its_rows_and_its_neighbours(office: Office) -> None:
    ann = await office.player("ann", "level", "level")
    bob = await office.player("bob", "level")
    cid = await office.player("cid", "level")
    await office.done("adjust", cid, points=-1)

    found = (await office.root.get(f"/api/admin/users/{bob.user_id}/explain")).body

    assert (found["rank"], found["exactRank"], found["total"]) == (2, 2, 3)
    assert (found["ledgerRows"], found["ledgerPoints"], found["ledgerAgrees"]) == (1, 100, True)
    above, below = found["above"], found["below"]
    assert (above["userId"], above["score"], above["decidedBy"]) == (ann.user_id, 200, "score")
    assert (below["username"], below["score"], below["decidedBy"]) == ("cid", 99, "score")
    assert [row["action"] for row in found["items"]] == ["level"]
    await office.done("adjust", cid, points=1)
    tied = (await office.root.get(f"/api/admin/users/{cid.user_id}/explain")).body
    assert (tied["above"]["username"], tied["above"]["decidedBy"]) == ("bob", "reachedAt")
    assert [row["action"] for row in tied["items"]] == ["adjust", "adjust", "level"]


async def test_an_explanation_says_who_is_out_and_who_has_no_score(office: Office) -> None:
    ann, bob = await office.player("ann", "level"), await office.player("bob")
    await office.done("disqualify", ann)

    out = (await office.root.get(f"/api/admin/users/{ann.user_id}/explain")).body
    none = (await office.root.get(f"/api/admin/users/{bob.user_id}/explain")).body

    assert (out["rank"], out["exactRank"], out["user"]["disqualified"]) == (None, None, True)
    assert (out["user"]["score"], out["above"], out["below"]) == (100, None, None)
    assert (none["rank"], none["user"]["reachedAt"], none["items"]) == (None, None, [])


async def test_dead_letters_are_read_by_pages_and_driven_back(office: Office) -> None:
    ann = await office.player("ann")
    await office.bury(ann.user_id, 7)

    pages, cursor = [], ""
    while cursor is not None:
        page = (await office.root.get(f"/api/admin/dead-letters?limit=2&cursor={cursor}")).body
        assert page["total"] == 7
        pages.append([item["reason"] for item in page["items"]])
        cursor = page["nextCursor"]

    assert [reason for page in pages for reason in page] == [
        f"poison {n}" for n in range(6, -1, -1)
    ]
    assert [len(page) for page in pages] == [2, 2, 2, 1]
    path = f"/api/admin/dead-letters/{dead(3)}/redrive"
    reply = await office.root.post(path, {})
    assert (reply.status, reply.body) == (200, {"jobId": dead(3), "status": "queued"})
    assert (await office.root.post(path, {})).status == 404
    audit = [entry for entry in await office.audit() if entry[0] == "redrive"]
    assert audit == [("redrive", "done"), ("redrive", "NOT_FOUND")]


async def test_the_overview_knows_budgets_counts_and_freezes_and_is_not_audited(
    office: Office,
) -> None:
    ann = await office.player("ann", "level")
    assert (await ann.execute("nothing")).code == "TASK_NOT_FOUND"
    await office.bury(ann.user_id, 1)
    await office.freeze()
    before = await office.audit()

    found = (await office.root.get("/api/admin/overview")).body

    assert (found["players"], found["queue"]["deadLetters"]) == (1, 1)
    assert found["boards"][0]["frozen"] is True
    assert found["limits"]["global"]["count"] == 1_000_000
    assert 0 < found["limits"]["global"]["left"] <= 1_000_000
    rare = next(item for item in found["limits"]["actions"] if item["action"] == "rare")
    assert rare["limit"] == {"count": 2, "perSeconds": 3600.0}
    counts = {item["code"]: item["count"] for item in found["gateway"]["rejections"]}
    assert (counts["TASK_NOT_FOUND"], counts["COOLDOWN"]) == (1, 0)
    level = next(item for item in found["gateway"]["actions"] if item["action"] == "level")
    assert level == {"action": "level", "accepted": 1, "rejected": 0, "replayed": 0}
    assert await office.audit() == before
