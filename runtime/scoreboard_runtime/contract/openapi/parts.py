"""What operations share: references, parameters, how a caller proves who it is."""

from typing import Any

from scoreboard_runtime.contract.board import DEFAULT_WINDOW, Scoreboard

Json = dict[str, Any]


def reference(kind: str, name: str) -> Json:
    return {"$ref": f"#/components/{kind}/{name}"}


def header(name: str) -> Json:
    return reference("headers", name)


def parameter(name: str) -> Json:
    return reference("parameters", name)


def _query(name: str, description: str, schema: Json) -> Json:
    return {"name": name, "in": "query", "description": description, "schema": schema}


def _number(least: int, most: int, default: int) -> Json:
    return {"type": "integer", "minimum": least, "maximum": most, "default": default}


def _in_header(name: str, description: str, **more: Any) -> Json:
    schema = {"type": "string", **more.pop("schema", {})}
    return {"name": name, "in": "header", "description": description, "schema": schema, **more}


def parameters(board: Scoreboard) -> Json:
    """Parameters by the name that operations refer to."""
    names = [item.name for item in board.boards]
    return {
        "board": _query(
            "board", "Which standings.", {"type": "string", "enum": names, "default": names[0]}
        ),
        "window": _query(
            "window",
            "Which window of the board.",
            {"type": "string", "enum": [DEFAULT_WINDOW], "default": DEFAULT_WINDOW},
        ),
        "limit": _query("limit", "How many rows.", _number(1, 100, board.board.size)),
        "offset": _query("offset", "Rows to skip.", _number(0, 10_000, 0)),
        "around": _query("around", "Rows before and after the user.", _number(0, 50, 5)),
        "wait": _query("wait", "Seconds to wait for the job's end.", _number(0, 30, 0)),
        "activity": _query(
            "activity",
            "`true` sends `activity` events too: `actionsPerSecond`, over the last five.",
            {"type": "string", "enum": ["true", "false"], "default": "false"},
        ),
        "cursor": _query("cursor", "`nextCursor` of the page before.", {"type": "string"}),
        "pageSize": _query("limit", "How many.", _number(1, 100, 50)),
        "query": _query(
            "query", "A part of a name, or a user's id.", {"type": "string", "maxLength": 64}
        ),
        "about": _query("user", "Of this user only: an id.", {"type": "string", "format": "uuid"}),
        "partial": _query(
            "partial",
            "`ok` answers 200 while only an external dependency is away (what a probe asks).",
            {"type": "string", "enum": ["ok"]},
        ),
        "jobId": _path("jobId", "As the 202 named it.", "019ab3f0-5c1e-7000-8003-5d1f0a9c3e77"),
        "userId": _path(
            "userId", "As the standings name it.", "0b54c5e2-a1d1-4f0e-9d3c-7a6f21c4b8e9"
        ),
        "boardName": _path("boardName", "As in `spec.boards`.", names[0]),
        "letterId": _path(
            "letterId", "As the dead letter has it.", "019ab3f0-5c1e-7000-8003-5d1f0a9c3e77"
        ),
        "pagePart": _path("pagePart", "As a page names it.", "icon.svg"),
        "consolePart": _path("consolePart", "As the console names it.", "console.css"),
        "If-None-Match": _in_header("If-None-Match", "The ETag of what you have.", required=False),
        "Last-Event-ID": _in_header(
            "Last-Event-ID", "The id of the last event that you have.", required=False
        ),
        "Idempotency-Key": _in_header(
            "Idempotency-Key",
            "The same key and body answer the first answer again, for 24 hours.",
            required=False,
            schema={"minLength": 1, "maxLength": 255},
        ),
        **_signing(board),
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
            required=required,
            schema={"pattern": "^[0-9]{1,15}$"},
            example="1795633200123",
        ),
        "X-Nonce": _in_header(
            "X-Nonce",
            "Good once for this session.",
            required=required,
            schema={"pattern": "^[A-Za-z0-9_-]{16,64}$"},
            example="q7Jt0YvX2mL9aB4cD8eF",
        ),
        "X-Signature": _in_header(
            "X-Signature",
            "`v1=` and the hex HMAC-SHA256 of v1, method, path with query, timestamp, nonce and "
            "hex SHA-256 of the body, joined by newlines.",
            required=required,
            schema={"pattern": "^v1=[0-9a-f]{64}$"},
            example="v1=" + "5e" * 32,
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
