"""What the gateway makes of HTTP itself: heads, methods, encodings, and the fields of its answers."""

import asyncio
import gzip
import json
from urllib.parse import urlsplit

import pytest
from tests.e2e.instance import Instance

from scoreboard_runtime.local.player import EXECUTE, Player

LOGIN = "/api/auth/login"


async def raw(arcade: Instance, sent: bytes) -> tuple[int, dict[str, str], bytes]:
    """Status, fields and body of what is answered before the server closes."""
    place = urlsplit(arcade.url)
    reader, writer = await asyncio.open_connection(place.hostname, place.port)
    writer.write(sent)
    async with asyncio.timeout(10):
        head, _, body = (await reader.read()).partition(b"\r\n\r\n")
    writer.close()
    first, *lines = head.decode().split("\r\n")
    pairs = (line.split(": ", 1) for line in lines)
    return int(first.split()[1]), {name.lower(): value for name, value in pairs}, body


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param(b"HELLO\r\n\r\n", id="no HTTP"),
        pytest.param(b"FOO /api/scoreboard HTTP/1.1\r\nHost: x\r\n\r\n", id="no method"),
        pytest.param(
            b"GET / HTTP/1.1\r\nHost: x\r\nX-A: " + b"a" * 20_000 + b"\r\n\r\n", id="a long head"
        ),
        pytest.param(
            b"GET /?a=" + b"a" * 20_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", id="a long path"
        ),
        pytest.param(
            b"POST / HTTP/1.1\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n",
            id="two lengths",
        ),
        pytest.param(
            b"POST /api/tasks HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nContent-Encoding: br\r\n\r\n{}",
            id="an encoding that is not read",
        ),
    ],
)
async def test_what_is_no_request_is_answered_with_a_problem_like_any_other(arcade, sent: bytes):
    status, fields, body = await raw(arcade, sent)

    problem = json.loads(body)
    assert (status, problem["code"], problem["status"]) == (400, "VALIDATION_ERROR", 400)
    assert fields["content-type"] == "application/problem+json"
    assert fields["x-request-id"] == problem["requestId"]
    assert problem["errors"]


async def test_what_was_sent_in_a_broken_head_is_not_logged(arcade):
    secret = "not-for-the-log-" * 1000

    status, _, _ = await raw(arcade, f"GET / HTTP/1.1\r\nAuthorization: {secret}\r\n\r\n".encode())

    assert status == 400
    logged = (arcade.folder / "logs" / "gateway.log").read_text()
    assert "no_request" in logged
    assert secret[:16] not in logged


async def test_a_body_that_is_not_in_its_encoding_is_refused_and_one_that_is_is_read(ann: Player):
    packed = {"Content-Encoding": "gzip"}

    broken = await ann.request("POST", LOGIN, b"hello{}", **packed)
    bomb = await ann.request("POST", LOGIN, gzip.compress(b" " * 20_000_000), **packed)
    good = {"username": ann.username, "password": ann.password}
    right = await ann.request("POST", LOGIN, gzip.compress(json.dumps(good).encode()), **packed)

    assert (broken.code, broken.status) == ("VALIDATION_ERROR", 400)
    assert broken.headers["Connection"] == "close"
    assert (bomb.code, right.status) == ("PAYLOAD_TOO_LARGE", 200)


@pytest.mark.parametrize(
    "path", ["/api/scoreboard", "/api/users/me", "/health/ready", "/", "/openapi.json"]
)
async def test_head_is_get_without_a_body(ann: Player, path: str):
    got, head = await ann.get(path), await ann.request("HEAD", path, None, **ann.authorization)

    assert (head.status, head.body) == (200, b"")
    assert head.headers["Content-Type"] == got.headers["Content-Type"]
    assert head.headers["Content-Length"] == got.headers["Content-Length"]
    assert head.headers.get("ETag") == got.headers.get("ETag")


@pytest.mark.parametrize(
    ("job", "status"),
    [("0000_000-0000-7000-8000-000000000000", 404), ("%00", 404), ("%ff", 404), ("+" * 36, 404),
     ("00000000-0000-7000-8000-000000000000", 404)],
)  # fmt: skip
async def test_a_job_id_that_never_was_is_not_found(ann: Player, job: str, status: int):
    assert (await ann.get(f"/api/jobs/{job}")).status == status


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        pytest.param(b'{"action":"level","points":1}', "/points", id="an unknown field"),
        pytest.param(b"{}", "/action", id="a missing one"),
        pytest.param(b'{"action":1}', "/action", id="another type"),
        pytest.param(b'{"action":"coins","data":{"coins":1e999}}', "/data", id="somewhere in data"),
        pytest.param(b'{"action":"level","data":{"a/b":1}}', "/data/a~1b", id="an odd name"),
    ],
)
async def test_a_fault_is_named_with_a_pointer(ann: Player, body: bytes, pointer: str):
    reply = await ann.request("POST", EXECUTE, body, **ann.signed("POST", EXECUTE, body))

    assert reply.status == 400
    assert [error["pointer"] for error in reply.body["errors"]] == [pointer]


async def test_an_action_limit_tells_of_the_actions_own_budget(ann: Player):
    replies = [await ann.execute("rare") for _ in range(3)]

    policies = [reply.headers["RateLimit-Policy"] for reply in replies]
    assert policies == ['"user";q=1000000;w=1'] * 2 + ['"action";q=2;w=3600']
    assert replies[2].headers["RateLimit"].startswith('"action";r=0;t=')
    assert int(replies[2].headers["Retry-After"]) > 1700
    assert (await ann.execute("level")).headers["RateLimit-Policy"] == policies[0]


async def test_a_callers_own_request_id_is_kept_where_it_is_one(ann: Player):
    kept = await ann.get("/api/nothing", **{"X-Request-Id": "trace-0123.4567"})
    other = await ann.get("/api/nothing", **{"X-Request-Id": "a b"})

    assert kept.headers["X-Request-Id"] == kept.body["requestId"] == "trace-0123.4567"
    assert other.headers["X-Request-Id"] == other.body["requestId"] != "a b"


@pytest.mark.parametrize(
    ("version", "asked", "told"),
    [("1.1", "close", "close"), ("1.0", "close", None), ("1.0", "keep-alive", "keep-alive")],
)
async def test_an_accepted_action_says_whether_the_connection_goes_on(
    arcade, ann: Player, version: str, asked: str, told: str | None
):
    body = b'{"action":"level"}'
    fields = {**ann.signed("POST", EXECUTE, body), "Content-Type": "application/json",
              "Content-Length": str(len(body)), "Connection": asked}  # fmt: skip
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    sent = f"POST {EXECUTE} HTTP/{version}\r\nHost: x\r\n{head}\r\n".encode() + body
    last = f"GET /health/live HTTP/{version}\r\nHost: x\r\nConnection: close\r\n\r\n".encode()

    status, got, answer = await raw(arcade, sent + last if asked == "keep-alive" else sent)

    assert (status, got.get("connection")) == (202, told)
    length = int(got["content-length"])
    assert json.loads(answer[:length])["status"] == "queued"
    assert answer[length:].startswith(b"HTTP/1.0 200 OK") is (asked == "keep-alive")


@pytest.mark.parametrize(
    ("target", "asked"),
    [
        pytest.param(EXECUTE, {}, id="without the router"),
        pytest.param(f"{EXECUTE}?a=1", {}, id="with a query"),
        pytest.param(EXECUTE, {"Expect": "100-continue"}, id="with an expectation"),
    ],
)
async def test_an_action_has_one_boundary_whichever_way_it_takes(ann: Player, target, asked):
    body, own = b'{"action":"level"}', {"X-Request-Id": "trace-0123.4567", **asked}

    good = await ann.request("POST", target, body, **ann.signed("POST", target, body), **own)
    bad = await ann.request("POST", target, b"{}", **ann.signed("POST", target, b"{}"), **own)

    assert (good.status, bad.status, bad.code) == (202, 400, "VALIDATION_ERROR")
    assert good.headers["X-Request-Id"] == bad.headers["X-Request-Id"] == "trace-0123.4567"
    assert good.headers["RateLimit"]
    assert bad.headers["RateLimit"]


async def test_a_body_that_unpacks_to_too_much_is_refused_although_it_all_came_at_once(ann: Player):
    body = gzip.compress(b" " * 70_000)
    signed = ann.signed("POST", EXECUTE, body)

    reply = await ann.request("POST", EXECUTE, body, **signed, **{"Content-Encoding": "gzip"})

    assert (reply.status, reply.code) == (413, "PAYLOAD_TOO_LARGE")
