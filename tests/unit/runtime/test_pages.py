"""What a browser gets: ready bytes, a strict policy, nothing from elsewhere."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from tests.unit.runtime.test_openapi import BOARD, CLOSED

from scoreboard_runtime.contract.board import Scoreboard
from scoreboard_runtime.contract.openapi.shapes import PageConfig
from scoreboard_runtime.contract.page_config import page_config
from scoreboard_runtime.contract.rejections import TWELVE
from scoreboard_runtime.gateway.pages import CLIENT, CONSOLE, FOLDER, policy, routes

SOCKET = "wss://scores.example.com:8443/ws"
MARKUP = re.compile(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|createContextualFragment"
                    r"|setHTMLUnsafe|DOMParser|srcdoc|\beval\(|new Function")  # fmt: skip
PARTS = {path.name for path in FOLDER.iterdir() if path.suffix in (".css", ".js", ".svg")} - {
    CLIENT
}
OFFICE = [f"/page/admin/{path.name}" for path in CONSOLE.iterdir() if path.suffix != ".html"]
ASSETS = [f"/{CLIENT}", *sorted(f"/page/{name}" for name in PARTS)]
PATHS = (
    "/",
    "/docs",
    "/openapi.json",
    "/asyncapi.json",
    "/config.json",
    "/admin",
    *ASSETS,
    *OFFICE,
)
ALLOWED = {"http://www.w3.org/2000/svg", "http://127.0.0.1:8080"}  # a namespace, a default
BUDGET = 150 * 1024  # bytes of everything that the page loads
Client = TestClient[web.Request, web.Application]


@asynccontextmanager
async def served(board: Scoreboard = BOARD, socket: str = SOCKET) -> AsyncIterator[Client]:
    app = web.Application()
    app.add_routes(routes(board, socket))
    async with TestClient(TestServer(app)) as client:
        yield client


@pytest.mark.parametrize("path", PATHS)
async def test_it_is_served_with_its_type_and_sent_once_only(path: str):
    async with served() as client:
        first = await client.get(path)
        again = await client.get(path, headers={"If-None-Match": first.headers["ETag"]})
        head = await client.head(path)

        kinds = {"css": "text/css", "js": "text/javascript", "json": "application/json",
                 "svg": "image/svg+xml"}  # fmt: skip
        assert first.status == 200
        assert first.content_type == kinds.get(path.rpartition(".")[2], "text/html")
        assert first.headers["X-Content-Type-Options"] == "nosniff"
        assert (again.status, await again.read()) == (304, b"")
        assert again.headers["ETag"] == first.headers["ETag"]
        assert (head.status, head.content_length) == (200, len(await first.read()))


@pytest.mark.parametrize(
    ("given", "status"),
    [
        ("{tag}", 304),
        ("W/{tag}", 304),
        ('"other", {tag}', 304),
        ("*", 304),
        ('"other"', 200),
        ("", 200),
        ("rubbish, W/", 200),
    ],
    ids=["the tag", "a weak one", "one of a list", "any", "another", "none", "no tag at all"],
)
async def test_bytes_that_are_known_are_not_sent_again(given: str, status: int):
    async with served() as client:
        tag = (await client.get("/docs")).headers["ETag"]

        answer = await client.get("/docs", headers={"If-None-Match": given.format(tag=tag)})

        assert answer.status == status


@pytest.mark.parametrize("path", ["/", "/admin", "/docs"])
async def test_a_page_may_load_its_own_parts_and_nothing_else(path: str):
    async with served() as client:
        answer = await client.get(path)
        text = await answer.text()

        assert answer.headers["Content-Security-Policy"] == policy(SOCKET)
        assert answer.headers["X-Frame-Options"] == "DENY"
        assert "<style" not in text
        assert not re.search(r"<script(?![^>]*\ssrc=)", text)
        assert not re.search(r"\son\w+=|\sstyle=", text)
        assert "://" not in re.sub(r"<code>[^<]*</code>", "", text), "only as an example's text"
        for part in re.findall(r'(?:src|href)="(/page/[^"]+)"', text):
            assert (await client.get(part)).status == 200


@pytest.mark.parametrize(
    ("socket", "allowed"),
    [
        (
            SOCKET,
            "connect-src 'self' wss://scores.example.com:8443 https://scores.example.com:8443;",
        ),
        ("ws://127.0.0.1:8081/ws", "connect-src 'self' ws://127.0.0.1:8081 http://127.0.0.1:8081;"),
        ("", "connect-src 'self';"),
        ("/ws", "connect-src 'self';"),
    ],
    ids=["another host", "another port", "the same origin", "a path"],
)
def test_the_policy_allows_the_socket_its_stream_and_no_other_origin(socket: str, allowed: str):
    said = policy(socket)

    assert said.split("; ") == [
        "default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self'",
        allowed.removesuffix(";"), "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'",
    ]  # fmt: skip


def test_scripts_import_only_what_is_served_and_load_nothing_from_elsewhere():
    for path in (path for path in FOLDER.rglob("*") if path.is_file()):
        text = path.read_text(encoding="utf-8")
        code = re.sub(r"^//.*$", "", text, flags=re.MULTILINE)
        assert set(re.findall(r'from "([^"]+)"', code)) <= {*ASSETS, *OFFICE}, path.name
        assert set(re.findall(r"https?://[^\"' )]+", code)) <= ALLOWED, path.name
        assert not MARKUP.search(text), f"{path.name}: what somebody typed could become markup"


async def test_the_configuration_is_what_the_description_says():
    async with served() as client:
        said = await (await client.get("/config.json")).json()

    described = {name.replace("_", "") for name in PageConfig.__struct_fields__}
    assert {name.lower() for name in said} == described
    assert said["websocketUrl"] == SOCKET
    assert set(said["layers"]) == set(TWELVE)
    coins = next(action for action in said["actions"] if action["name"] == "coins")
    assert (coins["kind"], coins["field"], coins["max"]) == ("measured", "coins", 500)


@pytest.mark.parametrize(
    ("board", "name", "value"),
    [
        (BOARD, "registrationOpen", True),
        (CLOSED, "registrationOpen", False),
        (replace(BOARD, boards=(replace(BOARD.board, public=False),)), "public", False),
        (BOARD, "websocketUrl", "/ws"),
    ],
    ids=["open", "closed", "for signed-in players", "a socket of the same origin"],
)
def test_the_configuration_follows_the_manifest(board: Scoreboard, name: str, value: object):
    assert page_config(board)[name] == value


async def test_the_whole_page_is_small():
    async with served() as client:
        sizes = {path: len(await (await client.get(path)).read()) for path in ("/", *ASSETS)}

    del sizes["/page/docs.css"]  # of another page
    assert sum(sizes.values()) < BUDGET, sizes
