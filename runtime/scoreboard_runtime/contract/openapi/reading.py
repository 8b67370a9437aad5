"""Operations that read: the standings, health, and the pages that a browser gets."""

from dataclasses import replace

from scoreboard_runtime.contract import endpoints
from scoreboard_runtime.contract.board import Scoreboard
from scoreboard_runtime.contract.openapi import examples
from scoreboard_runtime.contract.openapi.headers import FRAMED, HARDENED, KEPT, SHARED
from scoreboard_runtime.contract.openapi.operation import (
    EVENTS,
    HTML,
    PICTURE,
    SCRIPT,
    STYLES,
    Answer,
    Operation,
)
from scoreboard_runtime.contract.page_config import page_config

STANDINGS, HEALTH, PAGES = "standings", "health", "pages"
UNCHANGED = Answer(description="What you have is current.", headers=KEPT)


def _scoreboard(board: Scoreboard) -> Operation:
    shown = Answer(
        description="The standings.",
        schema="Snapshot",
        example=examples.snapshot(board),
        headers=("ETag",),
    )
    return Operation(
        method="get",
        path="/api/scoreboard",
        name="getScoreboard",
        tag=STANDINGS,
        summary="The standings",
        description="Shows every commit within 250 ms. The board's `visibility` says who may read.",
        parameters=("board", "window", "limit", "offset", "If-None-Match"),
        session="none" if board.board.public else "required",
        answers={200: shown, 304: UNCHANGED},
        codes=("NOT_FOUND", "VALIDATION_ERROR", "INVALID_TOKEN"),
    )


def _stream(board: Scoreboard) -> Operation:
    events = Answer(
        description="Events: `snapshot` first, then each `scoreboard_updated`; `session_ended` and "
        "`closed` (with a socket's close code) before the end. Their data is JSON.",
        media=EVENTS,
        example=examples.events(board),
        headers=("X-Accel-Buffering", "X-Content-Type-Options"),
    )
    return Operation(
        method="get",
        path=endpoints.STREAM_PATH,
        name="streamScoreboard",
        tag=STANDINGS,
        summary="The standings as server-sent events",
        description="For who gets no WebSocket through. An event's id is `epoch:sequence`: sent "
        "back as `Last-Event-ID`, it says in the snapshot's `recovered` whether nothing was "
        "missed. It is served where the socket is (`websocketUrl` of `/config.json`), under the "
        "same budgets, origins and number of connections.",
        parameters=("board", "activity", "Last-Event-ID"),
        session="none" if board.board.public else "required",
        answers={200: events},
        codes=("NOT_FOUND", "INVALID_TOKEN", "FORBIDDEN"),
        shared=SHARED,
    )


_PREFLIGHT = Operation(
    method="options",
    path=endpoints.STREAM_PATH,
    name="preflightStream",
    tag=STANDINGS,
    summary="May a page of another origin read the events",
    description="What a browser asks before such a page sends a token. It charges nothing.",
    limited=False,
    answers={
        204: Answer(
            description="In the `Access-Control-` headers.",
            headers=("Access-Control-Allow-Headers", "Access-Control-Max-Age"),
        )
    },
    shared=SHARED,
)


def _around(board: Scoreboard, path: str, name: str, summary: str) -> Operation:
    own = "{" not in path
    return Operation(
        method="get",
        path=path,
        name=name,
        tag=STANDINGS,
        summary=summary,
        description="The rows before and after one user, with `rank` and `percentile` (the share "
        "of ranked players with a lower score, 0 to 100); null for who has no score yet.",
        session="required",
        parameters=(*(() if own else ("userId",)), "board", "window", "around"),
        answers={
            200: Answer(
                description="The neighbours.", schema="Around", example=examples.around(board)
            )
        },
        codes=("NOT_FOUND", "VALIDATION_ERROR"),
    )


def standings(board: Scoreboard) -> tuple[Operation, ...]:
    return (
        _scoreboard(board),
        _stream(board),
        _PREFLIGHT,
        _around(board, "/api/scoreboard/me", "getAroundMe", "The standings around me"),
        _around(board, "/api/scoreboard/users/{userId}", "getAroundUser", "Around another user"),
    )


_LIVE = Operation(
    method="get",
    path=endpoints.LIVE,
    name="getLive",
    tag=HEALTH,
    summary="Is this process alive",
    description="200 while it can make progress; a process that can not does not answer.",
    limited=False,
    answers={
        200: Answer(description="Alive.", schema="Alive", example={"status": "ok"}),
    },
)

_READY = Operation(
    method="get",
    path=endpoints.READY,
    name="getReady",
    tag=HEALTH,
    summary="Should this process get traffic",
    description="The database, then Redis, then external dependencies. `partial`: only an external "
    "one is away; Kubernetes asks with `?partial=ok`.",
    limited=False,
    parameters=("partial",),
    answers={
        200: Answer(description="Ready.", schema="Readiness", example=examples.READY),
        503: Answer(
            description="`unavailable` or `partial`.",
            schema="Readiness",
            example=examples.NOT_READY,
            headers=("Retry-After",),
        ),
    },
)


def health() -> tuple[Operation, ...]:
    return (_LIVE, _READY)


def _page(path: str, name: str, summary: str, answer: Answer) -> Operation:
    part = path.partition("{")[2].rstrip("}")
    headers = (*KEPT, *HARDENED, *(FRAMED if answer.media == HTML else ()))
    return Operation(
        method="get",
        path=path,
        name=name,
        tag=PAGES,
        summary=summary,
        description="Ready bytes with an `ETag`; needs no network beyond this server.",
        limited=False,
        parameters=(*([part] if part else []), "If-None-Match"),
        answers={
            200: replace(answer, headers=headers),
            304: replace(UNCHANGED, headers=headers),
        },
        codes=("NOT_FOUND",) if part else (),
    )


def _documents(board: Scoreboard) -> tuple[Answer, ...]:
    """The description, the socket's, and what the page asks first."""
    said = {
        "Description": ("OpenAPI 3.1.", examples.openapi(board)),
        "SocketDescription": ("AsyncAPI 3.0.", examples.asyncapi(board)),
        "PageConfig": ("The catalogue.", page_config(board)),
    }
    return tuple(
        Answer(description=text, schema=schema, example=example)
        for schema, (text, example) in said.items()
    )


def pages(board: Scoreboard) -> tuple[Operation, ...]:
    description, socket, config = _documents(board)
    html = Answer(description="The page.", media=HTML, example=examples.PAGE)
    code, styles = examples.MODULE, {STYLES: examples.STYLE}
    drawn = {**styles, PICTURE: examples.DRAWING}
    client = Answer(description="A module of JavaScript.", media=SCRIPT, example=examples.CLIENT)
    office = Answer(description="It.", media=SCRIPT, example=code, others=styles)
    part = Answer(description="It.", media=SCRIPT, example=code, others=drawn)
    return (
        _page("/", "getPage", "The live board", html),
        _page("/admin", "getConsole", "The operator's console, for role admin", html),
        _page("/docs", "getDocs", "This description as a page", html),
        _page("/openapi.json", "getDescription", "This description", description),
        _page("/asyncapi.json", "getSocketDescription", "The socket's description", socket),
        _page("/config.json", "getConfig", "What the live board asks first", config),
        _page("/scoreboard.js", "getClient", "The client for browsers and Node", client),
        _page("/page/{pagePart}", "getPagePart", "A part of the pages", part),
        _page("/page/admin/{consolePart}", "getConsolePart", "A part of the console", office),
    )
