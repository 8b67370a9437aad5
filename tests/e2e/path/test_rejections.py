"""Every one of the twelve codes, in the contract's order, logged once and counted once."""

import time
import uuid
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from tests.e2e.instance import Instance, a_manifest, running

from scoreboard_runtime.contract.rejections import REJECTIONS, TWELVE
from scoreboard_runtime.local.player import EXECUTE, Player, Reply, sign

LEVEL = b'{"action":"level"}'


def headers_for(player: Player, body: bytes = LEVEL, *, age_ms: int = 0, nonce: str = "") -> dict:
    return {
        **player.authorization,
        **sign(
            player.session["session"]["signingKey"],
            "POST",
            EXECUTE,
            body,
            timestamp_ms=time.time_ns() // 1_000_000 - age_ms,
            nonce=nonce or uuid.uuid4().hex,
        ),
    }


async def send(player: Player, body: bytes = LEVEL, **headers: str) -> Reply:
    return await player.request("POST", EXECUTE, body, **headers)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def tight(tmp_path_factory) -> AsyncIterator[Instance]:
    """An instance with budgets that are soon spent."""
    limits = {
        "global": {"count": 1_000_000, "per": "1s"},
        "address": {"count": 60, "per": "1h"},
        "user": {"count": 5, "per": "1h"},
    }
    async with running(tmp_path_factory.mktemp("tight"), a_manifest(limits=limits)) as instance:
        yield instance


async def provoke(code: str, ann: Player, bob: Player) -> Reply:
    """The code, by doing what it is there for."""
    if code == "INVALID_TOKEN":
        return await send(ann, **{**headers_for(ann), "Authorization": "Bearer nonsense"})
    if code == "ACTION_LIMIT":
        return [await ann.execute("rare") for _ in range(3)][2]
    if code == "FORBIDDEN":
        return await ann.execute("secret")
    if code == "STALE_REQUEST":
        return await send(ann, **headers_for(ann, age_ms=60_000))
    if code == "REPLAY_ATTACK":
        headers = headers_for(ann)
        return [await send(ann, **headers) for _ in range(2)][1]
    if code == "INVALID_SIGNATURE":
        return await send(ann, **headers_for(ann, b'{"action":"quiz"}'))
    if code == "TASK_NOT_FOUND":
        return await ann.execute("fly")
    if code == "UNAUTHORIZED":
        task = (await bob.issue_task("boss")).body["taskId"]
        return await ann.execute("boss", taskId=task)
    again = "quiz" if code == "ALREADY_COMPLETED" else "slow"
    return [await ann.execute(again) for _ in range(2)][1]


@pytest.mark.parametrize("code", [c for c in TWELVE if "TOO_MANY" not in c and "USER_R" not in c])
async def test_each_code_is_reached_logged_once_and_counted_once(arcade: Instance, code: str):
    ann, bob = await arcade.player(), await arcade.player()
    name = f'scoreboard_rejections_total{{code="{code}"'
    before = await arcade.metric("gateway", name)

    reply = await provoke(code, ann, bob)

    row, ident = REJECTIONS[code], reply.body["requestId"]
    assert (reply.code, reply.status) == (code, row.status)
    assert reply.headers["Content-Type"] == "application/problem+json"
    assert reply.headers["X-Request-Id"] == ident
    assert await arcade.metric("gateway", name) == before + 1
    logged = [line for line in arcade.log("gateway") if line.get("requestId") == ident]
    assert [(line["event"], line["layer"], line["code"]) for line in logged] == [
        ("rejection", row.layer, code)
    ]
    assert "address" in logged[0]


async def test_the_users_budget_then_the_addresss(tight: Instance):
    ann = await tight.player()

    replies = [await ann.execute("level") for _ in range(6)]

    assert [reply.status for reply in replies] == [202] * 5 + [429]
    assert replies[5].code == "USER_RATE_LIMIT"
    assert int(replies[5].headers["Retry-After"]) > 60
    assert replies[0].headers["RateLimit-Policy"] == '"user";q=5;w=3600'
    assert replies[0].headers["RateLimit"].startswith('"user";r=4;')
    for _ in range(60):
        reply = await ann.request("GET", "/api/scoreboard")
    assert reply.code == "TOO_MANY_REQUESTS"
    assert "Retry-After" in reply.headers
    assert (await ann.execute("level")).code == "TOO_MANY_REQUESTS", "before the user's budget"
    assert (await ann.request("GET", "/api/nowhere")).code == "TOO_MANY_REQUESTS"
    assert (await ann.request("GET", "/health/ready")).status == 200
    for code, times in (("USER_RATE_LIMIT", 1), ("TOO_MANY_REQUESTS", None)):
        name = f'scoreboard_rejections_total{{code="{code}"'
        counted = await tight.metric("gateway", name)
        logged = [line for line in tight.log("gateway") if line.get("code") == code]
        assert len(logged) == counted == (times or counted) > 0
        assert {(line["event"], line["layer"]) for line in logged} == {("rejection", "rate_limit")}


STALE = {"X-Timestamp": "1"}
ORDER = [
    pytest.param({"Authorization": "Bearer x"}, b"no json", "INVALID_TOKEN", id="token, shape"),
    pytest.param(STALE, b"not json", "VALIDATION_ERROR", id="shape before signing"),
    pytest.param(STALE, b'{"action":"secret"}', "FORBIDDEN", id="roles before signing"),
    pytest.param({**STALE, "X-Signature": "v1=0"}, LEVEL, "STALE_REQUEST", id="stale, signature"),
    pytest.param({"X-Signature": "v1=0"}, b'{"action":"fly"}', "INVALID_SIGNATURE", id="task last"),
    pytest.param({"X-Nonce": "short"}, LEVEL, "INVALID_SIGNATURE", id="a malformed nonce"),
    pytest.param({"X-Timestamp": ""}, LEVEL, "STALE_REQUEST", id="no timestamp"),
    pytest.param({"X-Signature": ""}, LEVEL, "INVALID_SIGNATURE", id="no signature"),
    pytest.param({}, b'{"action":"boss"}', "VALIDATION_ERROR", id="an issued action, no task"),
    pytest.param({}, b'{"action":"level","taskId":"x"}', "VALIDATION_ERROR", id="a task too many"),
]


@pytest.mark.parametrize(("change", "body", "code"), ORDER)
async def test_when_several_apply_the_first_of_the_order_wins(ann: Player, change, body, code):
    reply = await send(ann, body, **{**headers_for(ann, body), **change})

    assert reply.code == code
    assert (await ann.get("/api/users/me/history")).body["items"] == []


async def test_a_spent_nonce_is_a_replay_even_when_forged_and_a_forgery_spends_nothing(ann):
    nonce = "a" * 20
    wrong = {**headers_for(ann, nonce=nonce), "X-Signature": "v1=" + "0" * 64}

    assert (await send(ann, **wrong)).code == "INVALID_SIGNATURE"
    assert (await send(ann, **headers_for(ann, nonce=nonce))).status == 202
    assert (await send(ann, **wrong)).code == "REPLAY_ATTACK"


@pytest.mark.parametrize(
    ("age", "code"),
    [(59_000, None), (-59_000, None), (61_000, "STALE_REQUEST"), (-61_000, "STALE_REQUEST")],
)
async def test_clocks_may_differ_by_less_than_a_minute_either_way(ann, age, code):
    assert (await send(ann, **headers_for(ann, age_ms=age))).code == code


async def test_the_signature_covers_method_path_query_and_body(ann):
    headers = headers_for(ann)

    assert (await send(ann, b'{"action":"quiz"}', **headers)).code == "INVALID_SIGNATURE"
    other = await ann.request("POST", EXECUTE + "?x=1", LEVEL, **headers)
    assert other.code == "INVALID_SIGNATURE"
    assert (await send(ann, **headers)).status == 202, "nothing was spent by the wrong ones"


COINS = b'{"action":"coins","data":{"coins":%s}}'
BAD = "VALIDATION_ERROR"
HOSTILE = [
    pytest.param(b"", BAD, id="nothing"),
    pytest.param(b"null", BAD, id="null"),
    pytest.param(b'{"action":"level","points":9}', BAD, id="an unknown field"),
    pytest.param(b'{"action":"level","action":"quiz"}', BAD, id="a name twice"),
    pytest.param(COINS % b'1,"coins":2', BAD, id="a name twice inside"),
    pytest.param(COINS % b'1,"c\\u006fins":2', BAD, id="a name twice, escaped"),
    pytest.param(COINS % b"NaN", BAD, id="NaN"),
    pytest.param(COINS % b"1e3", BAD, id="a float"),
    pytest.param(COINS % b"1e999", BAD, id="infinity"),
    pytest.param(COINS % b"18446744073709551616", BAD, id="65 bits"),
    pytest.param(COINS % (b"9" * 5000), BAD, id="5000 digits"),
    pytest.param(COINS % b"-1", BAD, id="negative"),
    pytest.param(b'{"action":"\xff\xfe"}', BAD, id="broken UTF-8"),
    pytest.param(b'{"action":"\\ud800"}', BAD, id="half a surrogate"),
    pytest.param(COINS % (b"[" * 5000 + b"]" * 5000), BAD, id="5000 levels"),
    pytest.param(LEVEL + b" " * 65536, "PAYLOAD_TOO_LARGE", id="over 64 KiB"),
    pytest.param(b"x" * 10_000_000, "PAYLOAD_TOO_LARGE", id="10 MB"),
]


@pytest.mark.parametrize(("body", "code"), HOSTILE)
async def test_hostile_bodies_get_a_clear_answer_and_change_nothing(ann: Player, body, code):
    reply = await send(ann, body, **headers_for(ann, body))

    assert reply.code == code
    assert (await ann.get("/api/users/me/history")).body["items"] == []


async def test_only_json_is_taken(ann):
    reply = await send(ann, **headers_for(ann), **{"Content-Type": "text/plain"})

    assert reply.code == "UNSUPPORTED_MEDIA_TYPE"


@pytest.mark.parametrize(
    "path",
    ["/api/scoreboard?limit=0", "/api/scoreboard?limit=101", "/api/scoreboard?offset=-1",
     "/api/scoreboard?offset=10001", "/api/scoreboard?limit=x", "/api/scoreboard?limit=1.0",
     "/api/scoreboard/me?around=51", "/api/users/me/history?cursor=zzz",
     "/api/scoreboard/users/00000000-0000-0000-0000-000000000000?around=-1",
     "/api/jobs/00000000-0000-7000-8000-000000000000?wait=31",
     "/api/jobs/00000000-0000-7000-8000-000000000000?wait=0.5"],
)  # fmt: skip
async def test_numbers_out_of_range_are_refused_never_clamped(ann: Player, path: str):
    assert (await ann.get(path)).code == "VALIDATION_ERROR"


async def test_other_paths_methods_and_boards_have_their_codes(ann):
    assert (await ann.get("/api/nothing")).code == "NOT_FOUND"
    assert (await ann.get("/api/scoreboard?board=other")).code == "NOT_FOUND"
    reply = await ann.get(EXECUTE)
    assert (reply.code, reply.headers["Allow"]) == ("METHOD_NOT_ALLOWED", "POST")


async def test_no_secret_is_ever_logged(arcade: Instance, ann: Player):
    await provoke("STALE_REQUEST", ann, ann)

    text = b"".join(path.read_bytes() for path in (arcade.folder / "logs").glob("*.log")).decode()

    session = ann.session["session"]
    secrets = [ann.session["token"], ann.session["refreshToken"], ann.password]
    assert not [secret for secret in [*secrets, session["signingKey"]] if secret in text]
