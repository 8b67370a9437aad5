"""Answers of the description that no other test has a reason to ask for (tests/e2e/test_described.py)."""

import pytest
from tests.e2e.auth.conftest import MakeSite
from tests.e2e.auth.site import Site

from scoreboard_runtime.local.player import EXECUTE_BATCH

PAGES = (
    *("/", "/admin", "/docs", "/openapi.json", "/asyncapi.json", "/config.json"),
    *("/scoreboard.js", "/page/board.js", "/page/icon.svg", "/page/style.css"),
    *("/page/admin/console.js", "/page/admin/console.css"),
)
AROUND_NOBODY = "/api/scoreboard/users/nobody"
BATCH = b'{"actions":[{"action":"level"}]}'


@pytest.mark.parametrize("path", PAGES)
async def test_pages_come_once_and_then_are_not_modified(site: Site, path: str):
    nobody = site.player("nobody")
    first = await nobody.get(path)
    again = await nobody.get(path, **{"If-None-Match": first.headers["ETag"]})

    assert (first.status, again.status, again.body) == (200, 304, b"")


@pytest.mark.parametrize("path", ["/page/none.js", "/page/admin/none.js"])
async def test_a_part_that_is_none_is_not_found(site: Site, path: str):
    assert (await site.player("nobody").get(path)).code == "NOT_FOUND"


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"X-Timestamp": "1"}, "STALE_REQUEST"),
        ({"X-Signature": "v1=" + "0" * 64}, "INVALID_SIGNATURE"),
    ],
)
async def test_a_batch_is_signed_as_a_whole(site: Site, changed: dict[str, str], code: str):
    ann = await site.signed_in("ann")

    headers = {**ann.signed("POST", EXECUTE_BATCH, BATCH), **changed}

    assert (await ann.request("POST", EXECUTE_BATCH, BATCH, **headers)).code == code


async def test_a_batch_is_no_batch_twice(site: Site):
    ann = await site.signed_in("ann")
    headers = ann.signed("POST", EXECUTE_BATCH, BATCH)

    first = await ann.request("POST", EXECUTE_BATCH, BATCH, **headers)
    again = await ann.request("POST", EXECUTE_BATCH, BATCH, **headers)

    assert (first.status, again.code) == (202, "REPLAY_ATTACK")
    key = {"Idempotency-Key": "one"}
    assert (await ann.execute_batch([{"action": "level"}], **key)).status == 202
    assert (await ann.execute_batch([{"action": "quiz"}], **key)).code == "IDEMPOTENCY_MISMATCH"


async def test_who_is_no_more_and_boards_that_never_were(site: Site):
    ann = await site.signed_in("ann")
    for path in ("/api/scoreboard/me?board=x", "/api/scoreboard?board=x", AROUND_NOBODY):
        assert (await ann.get(path)).code == "NOT_FOUND"
    assert (await ann.issue_task("nothing")).code == "TASK_NOT_FOUND"
    assert (await ann.get("/health/live")).status == 200
    async with site.gateway.database.connection() as connection:
        await connection.execute("DELETE FROM users WHERE id = $1::uuid", ann.user_id)

    for path in ("/api/users/me", "/api/users/me/export"):
        assert (await ann.get(path)).code == "NOT_FOUND"
    erased = await ann.request("DELETE", "/api/users/me", **ann.authorization)
    assert erased.code == "NOT_FOUND"


async def test_a_fault_of_ours_is_one_code_and_says_nothing_of_itself(site: Site):
    ann = await site.signed_in("ann")
    async with site.gateway.database.connection() as connection:
        await connection.execute("ALTER TABLE users RENAME TO people")

    reply = await ann.get("/api/users/me")

    assert (reply.status, reply.code) == (500, "INTERNAL")
    assert "users" not in str(reply.body)


async def test_tasks_have_roles_and_limits_too(make_site: MakeSite):
    issued = {"points": 1, "task": "Issued", "maxDuration": "1h"}
    night = {"name": "night", "roles": ["staff"], **issued}
    dawn = {"name": "dawn", "limit": {"count": 1, "per": "1h"}, **issued}
    site = await make_site(actions=[night, dawn])
    ann = await site.signed_in("ann")

    assert (await ann.issue_task("night")).code == "FORBIDDEN"
    replies = [await ann.issue_task("dawn") for _ in range(2)]
    assert [(reply.status, reply.code) for reply in replies] == [(201, None), (429, "ACTION_LIMIT")]
