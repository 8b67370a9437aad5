"""What operations share: references, parameters, how a caller proves who it is."""

from typing import Any

from scoreboard_runtime.contract.board import DEFAULT_WINDOW, Scoreboard
from scoreboard_runtime.contract.openapi.examples import JOB_ID, USER_ID

Json = dict[str, Any]


def reference(kind: str, name: str) -> Json:
    return {"$ref": f"#/components/{kind}/{name}"}


def header(name: str) -> Json:
    return reference("headers", name)


def parameter(name: str) -> Json:
    return reference("parameters", name)


def _query(name: str, description: str, schema: Json, example: Any) -> Json:
    return {
        "name": name,
        "in": "query",
        "description": description,
        "schema": schema,
        "example": example,
    }


def _number(least: int, most: int, default: int) -> Json:
    return {"type": "integer", "minimum": least, "maximum": most, "default": default}


def _in_header(name: str, description: str, example: str, **more: Any) -> Json:
    schema = {"type": "string", **more.pop("schema", {})}
    return {
        "name": name,
        "in": "header",
        "description": description,
        "schema": schema,
        "example": example,
        **more,
    }


def parameters(board: Scoreboard) -> Json:
    """Parameters by the name that operations refer to."""
    return {**_queries(board), **_paths(board), **_headers(), **_signing(board)}


def _queries(board: Scoreboard) -> Json:
    names, text = [item.name for item in board.boards], {"type": "string"}
    return {
        "board": _query(
            "board", "Which standings.", {**text, "enum": names, "default": names[0]}, names[0]
        ),
        "window": _query(
            "window",
            "Which window of the board.",
            {**text, "enum": [DEFAULT_WINDOW], "default": DEFAULT_WINDOW},
            DEFAULT_WINDOW,
        ),
        "limit": _query("limit", "How many rows.", _number(1, 100, board.board.size), 25),
        "offset": _query("offset", "Rows to skip.", _number(0, 10_000, 0), 25),
        "around": _query("around", "Rows before and after the user.", _number(0, 50, 5), 3),
        "wait": _query("wait", "Seconds to wait for the job's end.", _number(0, 30, 0), 10),
        "activity": _query(
            "activity",
            "`true` sends `activity` events too: `actionsPerSecond`, over the last five.",
            {**text, "enum": ["true", "false"], "default": "false"},
            "true",
        ),
        "cursor": _query("cursor", "`nextCursor` of the page before.", text, "v41"),
        "pageSize": _query("limit", "How many.", _number(1, 100, 50), 20),
        "query": _query(
            "query", "A part of a name, or a user's id.", {**text, "maxLength": 64}, "ada"
        ),
        "about": _query("user", "Of this user only: an id.", {**text, "format": "uuid"}, USER_ID),
        "partial": _query(
            "partial",
            "`ok` answers 200 while only an external dependency is away (what a probe asks).",
            {**text, "enum": ["ok"]},
            "ok",
        ),
    }


def _paths(board: Scoreboard) -> Json:
    return {
        "jobId": _path("jobId", "As the 202 named it.", JOB_ID),
        "userId": _path("userId", "As the standings name it.", USER_ID),
        "boardName": _path("boardName", "As in `spec.boards`.", board.board.name),
        "letterId": _path("letterId", "As the dead letter has it.", JOB_ID),
        "pagePart": _path("pagePart", "As a page names it.", "icon.svg"),
        "consolePart": _path("consolePart", "As the console names it.", "console.css"),
    }


def _headers() -> Json:
    return {
        "If-None-Match": _in_header(
            "If-None-Match", "The ETag of what you have.", '"1f0c-42"', required=False
        ),
        "Last-Event-ID": _in_header(
            "Last-Event-ID",
            "The id of the last event that you have.",
            "6f2c9a1e:42",
            required=False,
        ),
        "Idempotency-Key": _in_header(
            "Idempotency-Key",
            "The same key and body answer the first answer again, for 24 hours.",
            "7c9e6679-7425-40de-944b-e07fc1f90ae7",
            required=False,
            schema={"minLength": 1, "maxLength": 255},
        ),
    }


def _path(name: str, description: str, example: str) -> Json:
    schema = {"type": "string", "minLength": 1, "maxLength": 128}
    return {
        "name": name,
        "in": "path",
        "required": True,
        "description": description,
        "schema": schema,
        "example": example,
    }


def _signing(board: Scoreboard) -> Json:
    required = board.signing == "Required"
    return {
        "X-Timestamp": _in_header(
            "X-Timestamp",
            "Unix milliseconds, less than 60 s from the server's clock.",
            "1795633200123",
            required=required,
            schema={"pattern": "^[0-9]{1,15}$"},
        ),
        "X-Nonce": _in_header(
            "X-Nonce",
            "Good once for this session.",
            "q7Jt0YvX2mL9aB4cD8eF",
            required=required,
            schema={"pattern": "^[A-Za-z0-9_-]{16,64}$"},
        ),
        "X-Signature": _in_header(
            "X-Signature",
            "`v1=` and the hex HMAC-SHA256 of v1, method, path with query, timestamp, nonce and "
            "hex SHA-256 of the body, joined by newlines.",
            "v1=" + "5e" * 32,
            required=required,
            schema={"pattern": "^v1=[0-9a-f]{64}$"},
        ),
    }


def security() -> Json:
    return {
        "session": {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "JWT",
            "description": "`token` of a login.",
        }
    }
