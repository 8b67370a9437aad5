"""Who may administer, who is found, and what roles and disabling do."""

import asyncio
import uuid

import orjson
from tests.e2e.admin.office import WHY, Office
from tests.e2e.auth.site import a_site
from tests.e2e.instance import until

from scoreboard_runtime.gateway.office import ADMIN_ROUTES
from scoreboard_runtime.local.player import Player

BODIES = {"roles": {"roles": ["player"]}, "adjust": {**WHY, "points": 1}}


def requests() -> list[tuple[str, str, object]]:
    """Every admin route with a body that it takes."""
    found = []
    for method, path, _, _ in ADMIN_ROUTES:
        filled = path.format(user_id=uuid.uuid4(), board="main", job_id="x", letter_id="x")
        value = None if method == "GET" else BODIES.get(path.rsplit("/", 1)[-1], WHY)
        found.append((method, filled, value))
    return found


async def send(player: Player, method: str, path: str, value: object) -> int:
    body = None if value is None else orjson.dumps(value)
    return (await player.request(method, path, body, **player.authorization)).status


async def test_no_admin_route_answers_anybody_else(office: Office) -> None:
    ann = await office.player("ann")
    nobody = office.site.player("nobody")

    assert {await send(ann, *request) for request in requests()} == {403}
    assert {await send(nobody, *request) for request in requests()} == {401}
    assert await office.audit() == [], "what was no admin's is in the log of rejections"
    statuses = [await send(office.root, *request) for request in requests()]
    assert set(statuses) == {200, 404}


WRONG = [
    ("disable", {}, "/reason"),
    ("disable", {"reason": " "}, "/reason"),
    ("disable", {"reason": "x" * 501}, "/reason"),
    ("disable", {"reason": "a\u0000b"}, "/reason"),
    ("disqualify", {**WHY, "more": 1}, "/more"),
    ("adjust", {**WHY, "points": True}, "/points"),
]
QUERIES = ("limit=0", "limit=101", "limit=x", "cursor=%20", "query=%00", "query=" + "x" * 65)


async def test_a_wrong_shape_is_told_before_the_role(office: Office) -> None:
    ann = await office.player("ann")

    for who in (office.root, ann):
        for verb, body, pointer in WRONG:
            reply = await who.post(f"/api/admin/users/{ann.user_id}/{verb}", body)
            assert (reply.status, reply.body["errors"][0]["pointer"]) == (400, pointer)
        for query in QUERIES:
            reply = await who.get(f"/api/admin/users?{query}")
            assert (reply.status, reply.code) == (400, "VALIDATION_ERROR"), query


async def test_users_are_found_by_a_part_of_their_name_or_their_id(office: Office) -> None:
    names = ["Ada Lovelace", "ada.b", "Bob", "ÄDA"]
    players = {name: await office.player(name) for name in names}

    async def found(query: str) -> list[str]:
        reply = await office.root.get(f"/api/admin/users?query={query}")
        return [item["username"] for item in reply.body["items"]]

    assert await found("ADA") == ["Ada Lovelace", "ada.b"]
    assert await found("%25") == []
    assert await found(players["Bob"].user_id) == ["Bob"]
    assert await found("") == ["Ada Lovelace", "ada.b", "Bob", "root", "ÄDA"]
    pages, cursor = [], ""
    while cursor is not None:
        page = (await office.root.get(f"/api/admin/users?limit=2&cursor={cursor}")).body
        pages.append([item["username"] for item in page["items"]])
        cursor = page["nextCursor"]
    assert pages == [["Ada Lovelace", "ada.b"], ["Bob", "root"], ["ÄDA"]]


async def test_roles_end_the_sessions_and_the_next_login_has_them(office: Office) -> None:
    ann = await office.player("ann")
    path = f"/api/admin/users/{ann.user_id}/roles"

    reply = await office.put(path, {"roles": ["staff", "player", "staff"]})

    assert (reply.body["roles"], reply.body["sessionsEnded"]) == (["player", "staff"], 1)
    await until(lambda: refused(ann), "the old token is refused", 1.0)
    assert (await ann.login()).body["user"]["roles"] == ["player", "staff"]
    assert (await ann.execute("secret")).status == 202
    bad = await office.put(path, {"roles": ["Staff"]})
    assert (bad.status, bad.body["errors"][0]["pointer"]) == (400, "/roles/0")


async def refused(player: Player) -> bool:
    return (await player.get("/api/users/me")).status == 401


async def test_an_admin_who_is_one_no_more_can_do_nothing_more(office: Office) -> None:
    eve, ann = await office.hire("eve"), await office.player("ann")
    async with office.site.gateway.database.connection() as connection:
        # The sessions are not ended: the transaction looks for itself.
        await connection.execute("UPDATE users SET roles = '{player}' WHERE username = 'eve'")

    reply = await eve.post(f"/api/admin/users/{ann.user_id}/disable", WHY)

    assert (reply.status, reply.code) == (403, "FORBIDDEN")
    assert await office.audit() == [("disable", "FORBIDDEN")]
    assert (await ann.login()).status == 200


async def test_the_last_admin_stays_one(office: Office) -> None:
    own = f"/api/admin/users/{office.root.user_id}"

    replies = [
        await office.put(f"{own}/roles", {"roles": ["player"]}),
        await office.root.post(f"{own}/disable", WHY),
        await office.root.request("DELETE", "/api/users/me", **office.root.authorization),
    ]

    assert [(reply.status, reply.code) for reply in replies] == [(403, "FORBIDDEN")] * 3
    assert all("last admin" in reply.body["detail"] for reply in replies)
    assert (await office.put(f"{own}/roles", {"roles": ["admin"]})).status == 200


async def test_two_admins_cannot_push_each_other_out_at_the_same_time(office: Office) -> None:
    for round_ in range(4):
        eve = await office.hire(f"eve {round_}")
        root = office.root
        statuses = await asyncio.gather(
            send(eve, "POST", f"/api/admin/users/{root.user_id}/disable", WHY),
            send(root, "POST", f"/api/admin/users/{eve.user_id}/disable", WHY),
        )

        assert sorted(statuses) in ([200, 403], [200, 401])
        office.root = eve if statuses[0] == 200 else root


async def test_disabled_is_out_everywhere_within_a_second_and_keeps_the_rank(
    office: Office,
) -> None:
    ann = await office.player("ann", "level")
    async with a_site(office.place) as elsewhere:
        there = elsewhere.elsewhere(ann, elsewhere.url)
        assert not await refused(there)

        said = await office.done("disable", ann)

        assert (said["disabled"], said["sessionsEnded"]) == (True, 1)
        await until(lambda: refused(ann), "refused here", 1.0)
        await until(lambda: refused(there), "refused there", 1.0)
    assert (await ann.login()).code == "INVALID_CREDENTIALS"
    assert await office.names() == ["ann"]
    await office.done("enable", ann)
    assert (await ann.login()).status == 200


async def test_nobody_of_that_id_is_not_found_and_written_down(office: Office) -> None:
    ghost = f"/api/admin/users/{uuid.uuid4()}"

    for verb in ("disable", "enable", "disqualify", "restore"):
        assert (await office.root.post(f"{ghost}/{verb}", WHY)).status == 404
    assert (await office.root.get(f"{ghost}/explain")).status == 404
    assert (await office.root.post("/api/admin/users/nobody/disable", WHY)).status == 404
    assert {outcome for _, outcome in await office.audit()} == {"NOT_FOUND"}
