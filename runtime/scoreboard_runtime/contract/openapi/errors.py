"""Answers that are errors: one response for each status, with every code that it can carry."""

from collections.abc import Iterable
from typing import Any

from scoreboard_runtime.contract.openapi.parts import header, reference
from scoreboard_runtime.contract.rejections import REJECTIONS, Code

PROBLEM = "application/problem+json"
REQUEST_ID = "0f5c2a9e4b7d4c1e9a3b6d8f2c4e6a81"


def anchor(code: str) -> str:
    """Where `/docs` explains a code: INVALID_TOKEN -> invalid-token."""
    return code.lower().replace("_", "-")


def example(row: Code) -> dict[str, Any]:
    """The problem document as the gateway sends it."""
    shown = {
        "type": f"/docs#{anchor(row.code)}",
        "title": row.title,
        "status": row.status,
        "detail": row.detail,
        "code": row.code,
        "requestId": REQUEST_ID,
    }
    if row.code == "VALIDATION_ERROR":
        shown["errors"] = [{"pointer": "/action", "detail": "Expected `str`, got `int`"}]
    return shown


def problem_schema() -> dict[str, Any]:
    """RFC 9457 with our three members."""
    text = {"type": "string"}
    return {
        "title": "Problem",
        "description": "RFC 9457. `code` is what a program decides by; `detail` is for people.",
        "type": "object",
        "required": ["type", "title", "status", "detail", "code", "requestId"],
        "properties": {
            "type": {**text, "format": "uri-reference"},
            "title": text,
            "status": {"type": "integer", "minimum": 400, "maximum": 599},
            "detail": text,
            "code": {**text, "enum": list(REJECTIONS)},
            "requestId": text,
            "errors": {"type": "array", "items": reference("schemas", "FieldError")},
        },
    }


def _schema(rows: list[Code]) -> dict[str, Any]:
    status, codes = rows[0].status, [row.code for row in rows]
    narrowed = {"properties": {"status": {"const": status}, "code": {"enum": codes}}}
    return {"allOf": [reference("schemas", "Problem"), narrowed]}


def _headers(rows: list[Code], *, limited: bool, shared: Iterable[str]) -> dict[str, Any]:
    status, codes = rows[0].status, {row.code for row in rows}
    names = ["X-Request-Id"]
    if limited:
        names += ["RateLimit-Policy", "RateLimit"]
    if status in (429, 503) or "COOLDOWN" in codes:
        names.append("Retry-After")
    if status == 401:
        names.append("WWW-Authenticate")
    if "STALE_REQUEST" in codes:
        names.append("Date")
    if status == 405:
        names.append("Allow")
    if status != 500:  # which is said by who knows nothing of the operation
        names += shared
    return {name: header(name) for name in names}


def _response(rows: list[Code], *, limited: bool, shared: Iterable[str]) -> dict[str, Any]:
    examples = {row.code: {"summary": row.title, "value": example(row)} for row in rows}
    said = "; ".join(f"`{row.code}`: {row.detail}" for row in rows)
    content = {PROBLEM: {"schema": _schema(rows), "examples": examples}}
    return {
        "description": said,
        "headers": _headers(rows, limited=limited, shared=shared),
        "content": content,
    }


def responses(codes: Iterable[str], *, limited: bool, shared: Iterable[str] = ()) -> dict[str, Any]:
    """Codes -> OpenAPI responses by status, in the order of the table of codes.

    `shared` are headers that all answers of the operation have.
    """
    wanted = set(codes)
    rows: dict[int, list[Code]] = {}
    for row in REJECTIONS.values():
        if row.code in wanted:
            rows.setdefault(row.status, []).append(row)
    return {
        str(status): _response(rows[status], limited=limited, shared=shared)
        for status in sorted(rows)
    }


def elsewhere() -> dict[str, Any]:
    """By status: what a path or a method that is none gets, which belongs to no operation.

    Under /api it is charged like the rest; when budgets are away nobody knows what is left of them.
    """
    charged = ("NOT_FOUND", "METHOD_NOT_ALLOWED", "TOO_MANY_REQUESTS")
    return {**responses(charged, limited=True), **responses(("UNAVAILABLE",), limited=False)}
