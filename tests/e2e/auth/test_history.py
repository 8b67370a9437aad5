"""GET /api/users/me/history: the ledger of one user, newest first."""

import pytest
from tests.e2e.auth.site import SECOND, Site

from scoreboard_runtime.local.player import Player

INSERT = """
INSERT INTO score_history (user_id, board, "window", version, job_id, action, points, score_before,
                           score_after, at_us)
SELECT $1::text::uuid, 'main', 'current', n, gen_random_uuid(), 'level', 10, (n - 1) * 10, n * 10,
       1795000000000000 + n * $3::bigint
FROM generate_series(1, $2::int) AS n
"""


async def play(site: Site, player: Player, times: int) -> None:
    async with site.gateway.database.connection() as connection:
        await connection.execute(INSERT, player.session["user"]["id"], times, SECOND)


async def test_pages_follow_each_other_to_the_first_change(site: Site) -> None:
    ann, bob = await site.signed_in("ann"), await site.signed_in("bob")
    await play(site, ann, 120)
    await play(site, bob, 3)
    pages, cursor = [], ""
    while True:
        page = (await ann.get(f"/api/users/me/history?cursor={cursor}")).body
        pages.append(page["items"])
        if page["nextCursor"] is None:
            break
        cursor = page["nextCursor"]

    assert [len(page) for page in pages] == [50, 50, 20]
    scores = [item["scoreAfter"] for page in pages for item in page]
    assert scores == [n * 10 for n in range(120, 0, -1)]
    first = pages[-1][-1]
    assert len(first.pop("jobId")) == 36
    assert first == {
        "action": "level",
        "board": "main",
        "points": 10,
        "scoreBefore": 0,
        "scoreAfter": 10,
        "reason": "action",
        "at": "2026-11-18T11:06:41.000Z",
    }
    assert len((await bob.get("/api/users/me/history")).body["items"]) == 3


async def test_a_page_that_is_just_full_is_the_last(site: Site) -> None:
    ann = await site.signed_in("ann")
    await play(site, ann, 50)

    page = (await ann.get("/api/users/me/history")).body

    assert (len(page["items"]), page["nextCursor"]) == (50, None)


async def test_who_has_done_nothing_has_an_empty_ledger(site: Site) -> None:
    ann = await site.signed_in("ann")

    assert (await ann.get("/api/users/me/history")).body == {"items": [], "nextCursor": None}


@pytest.mark.parametrize("cursor", ["x", "v", "v-1", "v1.5", "v1e3", "v" + "9" * 30, "v1%00"])
async def test_a_cursor_that_was_never_given_is_refused(site: Site, cursor: str) -> None:
    ann = await site.signed_in("ann")

    reply = await ann.get(f"/api/users/me/history?cursor={cursor}")

    assert (reply.status, reply.code) == (400, "VALIDATION_ERROR")
    assert reply.body["errors"][0]["pointer"] == "/query/cursor"


async def test_without_a_session_there_is_nothing_to_see(site: Site) -> None:
    for path in ("/api/users/me", "/api/users/me/history"):
        reply = await site.player("nobody").get(path)
        assert (reply.status, reply.code) == (401, "INVALID_TOKEN")
