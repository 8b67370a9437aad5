"""Register and log in: what is answered, what is refused, what is not told."""

import asyncio
import json
import statistics
import time
from typing import Any

import jwt
import pytest
from argon2 import PasswordHasher
from tests.e2e.auth.conftest import MakeSite
from tests.e2e.auth.site import PASSWORD, SECOND, Site

from scoreboard_runtime.contract.board import Limit
from scoreboard_runtime.stores import sessions


def login(name: Any, password: Any = PASSWORD) -> dict[str, Any]:
    return {"username": name, "password": password}


async def test_who_registers_can_log_in_and_see_themselves(site: Site) -> None:
    ann = site.player("Ann Lee")

    registered, answer = await ann.register(), await ann.login()

    assert registered.status == 201
    assert registered.body["username"] == "Ann Lee"
    assert registered.body["roles"] == ["player"]
    assert set(answer.body) == {
        *("token", "tokenType", "expiresAt", "refreshToken", "session", "user")
    }
    assert answer.body["tokenType"] == "Bearer"
    assert set(answer.body["session"]) == {"id", "signingKey"}
    user = {"id": registered.body["id"], "username": "Ann Lee", "roles": ["player"]}
    assert answer.body["user"] == user
    assert answer.headers["Cache-Control"] == "no-store"
    me = await ann.get("/api/users/me")
    assert (me.status, me.body) == (200, registered.body)


async def test_the_token_says_who_and_for_how_long_and_nothing_secret(site: Site) -> None:
    ann = await site.signed_in("ann")
    token = ann.session["token"]

    claims = jwt.decode(token, options={"verify_signature": False})

    name = site.gateway.board.name
    assert jwt.get_unverified_header(token) == {"alg": "HS256", "kid": "k1", "typ": "JWT"}
    assert (claims["iss"], claims["aud"]) == (f"scoreboard/{name}", name)
    assert claims["exp"] - claims["iat"] == 900
    assert set(claims) == {"iss", "aud", "sub", "sid", "name", "roles", "skid", "iat", "exp"}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param("Ann", "ANN", id="case"),
        pytest.param("e\u0301va", "\u00e9va", id="composition"),
        pytest.param("Joe", "\uff2a\uff2f\uff25", id="width"),
    ],
)
async def test_a_name_is_shown_as_given_and_taken_in_every_spelling(
    site: Site, one: str, other: str
) -> None:
    assert (await site.post("/api/auth/register", login(one))).body["username"] == one

    taken = await site.post("/api/auth/register", login(other))
    entered = await site.post("/api/auth/login", login(other))

    assert (taken.status, taken.code) == (409, "USERNAME_TAKEN")
    assert entered.body["user"]["username"] == one


async def test_of_20_who_register_one_name_together_one_gets_it(site: Site) -> None:
    replies = await asyncio.gather(
        *(site.post("/api/auth/register", login("ann")) for _ in range(20))
    )

    assert sorted(reply.status for reply in replies) == [201, *[409] * 19]


@pytest.mark.parametrize(
    ("body", "pointers"),
    [
        pytest.param(login("ab", "short"), {"/username", "/password"}, id="both too short"),
        pytest.param(login("ann", "password123"), {"/password"}, id="a common password"),
        pytest.param(login("Ann Lee 77", "ann lee 77"), {"/password"}, id="the name again"),
        pytest.param(login("a@b.c"), {"/username"}, id="an address of mail"),
        pytest.param(login(5), {"/username"}, id="a number for a name"),
        pytest.param({"username": "ann"}, {"/password"}, id="no password"),
        pytest.param({**login("ann"), "roles": ["admin"]}, {"/roles"}, id="roles of one's own"),
        pytest.param([], {""}, id="a list"),
        pytest.param(
            b'{"username":"ann","username":"bob","password":"x"}', {""}, id="a name twice"
        ),
        pytest.param(b'{"username":"\xff"}', {""}, id="no UTF-8"),
        pytest.param(b'{"username":"\\ud800abc","password":"aaa"}', {""}, id="half a surrogate"),
    ],
)
async def test_a_registration_without_shape_tells_the_place_and_makes_nobody(
    site: Site, body: Any, pointers: set[str]
) -> None:
    reply = await site.post("/api/auth/register", body)

    assert (reply.status, reply.code) == (400, "VALIDATION_ERROR")
    assert {error["pointer"] for error in reply.body["errors"]} == pointers
    async with site.gateway.database.connection() as connection:
        assert await connection.fetchval("SELECT count(*) FROM users") == 0


async def test_a_closed_registration_is_forbidden_and_logins_go_on(make_site: MakeSite) -> None:
    ann = await (await make_site()).signed_in("ann")
    closed = await make_site(auth={"registration": "Closed"})

    refused = await closed.post("/api/auth/register", login("bob"))

    assert (refused.status, refused.code) == (403, "FORBIDDEN")
    assert (await closed.player("ann").login()).status == 200
    assert ann.session


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(login("ann", "a wrong password"), id="a wrong password"),
        pytest.param(login("ann", PASSWORD + " "), id="a space too many"),
        pytest.param(login("ann", PASSWORD.upper()), id="another case"),
        pytest.param(login("ann", ""), id="no password"),
        pytest.param(login("ann", "x" * 60_000), id="a huge password"),
        pytest.param(login("nobody"), id="an unknown name"),
        pytest.param(login("disabled"), id="a disabled user"),
        pytest.param(login("by provider"), id="a user without a password"),
        pytest.param(login(""), id="no name"),
        pytest.param(login("a" * 60_000), id="a huge name"),
        pytest.param(login("ann\x00"), id="a NUL in the name"),
        pytest.param(login("ann", "a\x00b"), id="a NUL in the password"),
        pytest.param(login("ann' OR 1=1 --"), id="SQL"),
    ],
)
async def test_every_wrong_login_has_the_same_answer(site: Site, body: Any) -> None:
    users = site.gateway.users
    for name in ("ann", "disabled"):
        await site.post("/api/auth/register", login(name))
    disabled = await users.by_name("disabled")
    assert disabled is not None
    await users.set_disabled(disabled.id, disabled=True)
    await users.create("by provider", None, identity="https://id.example|1")

    reply = await site.post("/api/auth/login", body)

    assert reply.body.pop("requestId")
    assert (reply.status, reply.body) == (
        401,
        {
            "type": "/docs#invalid-credentials",
            "title": "Invalid credentials",
            "status": 401,
            "detail": "The user name or the password is wrong. Check both and try again, or ask "
            "an admin of this board.",
            "code": "INVALID_CREDENTIALS",
        },
    )


async def test_an_unknown_name_takes_as_long_as_a_wrong_password(site: Site) -> None:
    await site.post("/api/auth/register", login("ann"))

    async def seconds(name: str) -> float:
        started = time.perf_counter()
        await site.post("/api/auth/login", login(name, "a wrong password"))
        return time.perf_counter() - started

    ratios = []
    for _ in range(4):  # the machine may be busy with something else at times
        pairs = [(await seconds("ann"), await seconds("nobody")) for _ in range(9)]
        known, unknown = (statistics.median(side) for side in zip(*pairs, strict=True))
        ratios.append(known / unknown)
        if 0.75 < ratios[-1] < 1.33:
            return
    raise AssertionError(f"known / unknown: {ratios}")


async def test_wrong_passwords_for_one_account_from_one_address_are_bounded(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sessions, "LOGINS", Limit(count=3, per_us=3600 * SECOND))
    await site.post("/api/auth/register", login("ann"))
    wrong, right = login("ANN", "a wrong password"), login("ann")
    for _ in range(2):
        assert (await site.post("/api/auth/login", wrong)).status == 401
    assert (await site.post("/api/auth/login", right)).status == 200, "which forgives the mistakes"
    for _ in range(3):
        assert (await site.post("/api/auth/login", wrong)).status == 401

    refused = await site.post("/api/auth/login", right)

    assert (refused.status, refused.code) == (429, "TOO_MANY_REQUESTS")
    assert 1000 < int(refused.headers["Retry-After"]) <= 1200
    for _ in range(3):
        assert (await site.post("/api/auth/login", login("nobody"))).status == 401
    assert (await site.post("/api/auth/login", login("nobody"))).status == 429, "the same for all"
    assert await site.gateway.sessions.charge_login("ann", "192.0.2.1") == 0, "from elsewhere"


async def test_a_password_is_the_same_from_every_keyboard(site: Site) -> None:
    await site.post("/api/auth/register", login("ann", "cre\u0300me bru\u0302le\u0301e"))

    reply = await site.post("/api/auth/login", login("ann", "cr\u00e8me br\u00fbl\u00e9e"))

    assert reply.status == 200


async def test_a_hash_with_old_parameters_is_renewed_at_login(site: Site) -> None:
    users = site.gateway.users
    old = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
    user = await users.create("ann", old)
    assert user is not None

    wrong = await site.post("/api/auth/login", login("ann", "a wrong password"))
    kept = await users.by_id(user.id)
    right = await site.post("/api/auth/login", login("ann"))
    renewed = await users.by_id(user.id)

    assert (wrong.status, right.status) == (401, 200)
    assert kept is not None
    assert kept.password_hash == old
    assert renewed is not None
    assert renewed.password_hash is not None
    assert "$m=19456,t=2,p=1$" in renewed.password_hash
    assert (await site.post("/api/auth/login", login("ann"))).status == 200
    await users.renew_password_hash(user.id, old, "of a password that was changed meanwhile")
    assert (await users.by_id(user.id)) == renewed


async def test_more_logins_than_can_wait_are_refused_and_the_rest_of_the_gateway_goes_on(
    site: Site,
) -> None:
    ann = await site.signed_in("ann")
    reads = 0
    async with asyncio.TaskGroup() as group:  # none is left behind where a read takes too long
        logins = [
            group.create_task(site.post("/api/auth/login", login(f"nobody {n}"))) for n in range(90)
        ]
        while not all(task.done() for task in logins):
            assert (await asyncio.wait_for(ann.get("/api/users/me"), 2.0)).status == 200
            reads += 1
    replies = [task.result() for task in logins]

    assert reads > 5
    refused = [reply for reply in replies if reply.status != 401]
    assert 0 < len(refused) <= 90 - 64
    for reply in refused:
        assert (reply.status, reply.code) == (503, "UNAVAILABLE")
        assert int(reply.headers["Retry-After"]) >= 1


async def test_no_secret_is_logged(site: Site, capfd: pytest.CaptureFixture[str]) -> None:
    ann = await site.signed_in("ann")
    before = ann.session
    await site.post("/api/auth/login", login(PASSWORD, PASSWORD))
    await ann.refresh()
    await site.post("/api/auth/refresh", {"refreshToken": before["refreshToken"]})

    out, err = capfd.readouterr()

    assert "refresh_token_reused" in out + err
    assert "login_failed" in out + err
    for secret in (PASSWORD, before["token"], before["refreshToken"]):
        assert secret not in out + err
    for key in json.loads(site.gateway.settings.keys_file.read_text())["keys"]:
        assert key["secret"] not in out + err
