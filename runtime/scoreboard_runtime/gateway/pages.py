"""What a browser gets from the gateway: the live board, the API's description, its page.

Everything is built once, when the gateway starts, and served as ready bytes with an ETag. The
policy forbids inline scripts and styles and every other origin but the socket's.
"""

import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import orjson
from aiohttp import web

from scoreboard_runtime.contract.asyncapi import describe_socket
from scoreboard_runtime.contract.board import Scoreboard
from scoreboard_runtime.contract.openapi import describe
from scoreboard_runtime.contract.openapi.docs import docs_page
from scoreboard_runtime.contract.page_config import page_config

CLIENT = "scoreboard.js"  # for every client, so it is not among the page's own parts
FOLDER = Path(__file__).parent / "page"
CONSOLE = FOLDER / "admin"
TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".json": "application/json",
}


@dataclass(frozen=True, slots=True)
class Asset:
    """Bytes ready to send, with the headers that go with them."""

    body: bytes
    headers: dict[str, str]

    async def answer(self, request: web.Request) -> web.Response:
        """GET and HEAD; 304 for who has these bytes already."""
        given = request.headers.get("If-None-Match", "")
        known = {tag.strip().removeprefix("W/") for tag in given.split(",")}
        if self.headers["ETag"] in known or "*" in known:
            unchanged = {k: v for k, v in self.headers.items() if k != "Content-Type"}
            return web.Response(status=304, headers=unchanged)
        return web.Response(body=self.body, headers=self.headers)


def _asset(body: bytes, suffix: str, **headers: str) -> Asset:
    tag = hashlib.sha256(body).hexdigest()[:20]
    return Asset(
        body,
        {
            "Content-Type": TYPES[suffix],
            "ETag": f'"{tag}"',
            "Cache-Control": "no-cache",
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "no-referrer",
            "Cross-Origin-Resource-Policy": "same-origin",
            **headers,
        },
    )


def policy(websocket_url: str) -> str:
    """The Content-Security-Policy of the pages."""
    parts = urlsplit(websocket_url)
    socket = ""
    if parts.scheme and parts.netloc:  # the socket's, and that of the stream beside it
        stream = parts.scheme.replace("ws", "http", 1)
        socket = f" {parts.scheme}://{parts.netloc} {stream}://{parts.netloc}"
    return (
        f"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
        f"connect-src 'self'{socket}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )


def routes(board: Scoreboard, websocket_url: str) -> list[web.RouteDef]:
    """The live board at `/`, `/admin`, the client, `/docs`, descriptions, `/config.json`, parts."""
    description, socket = describe(board), describe_socket(board, websocket_url)
    pages = {"Content-Security-Policy": policy(websocket_url), "X-Frame-Options": "DENY"}
    assets = {
        "/": _asset((FOLDER / "index.html").read_bytes(), ".html", **pages),
        "/docs": _asset(docs_page(description, socket).encode(), ".html", **pages),
        "/openapi.json": _asset(orjson.dumps(description), ".json"),
        "/asyncapi.json": _asset(orjson.dumps(socket), ".json"),
        "/config.json": _asset(orjson.dumps(page_config(board, websocket_url)), ".json"),
    }
    for path in sorted(FOLDER.iterdir()):
        if path.suffix in (".css", ".js", ".svg"):
            place = f"/{CLIENT}" if path.name == CLIENT else f"/page/{path.name}"
            assets[place] = _asset(path.read_bytes(), path.suffix)
    assets["/admin"] = _asset((CONSOLE / "index.html").read_bytes(), ".html", **pages)
    for path in sorted(CONSOLE.iterdir()):
        if path.suffix in (".css", ".js"):
            assets[f"/page/admin/{path.name}"] = _asset(path.read_bytes(), path.suffix)
    return [web.get(path, _handler(asset)) for path, asset in assets.items()]


def _handler(asset: Asset) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    # A bound method has no settable attributes; the gateway's middlewares may want to set some.
    async def page(request: web.Request) -> web.StreamResponse:
        return await asset.answer(request)

    return page
