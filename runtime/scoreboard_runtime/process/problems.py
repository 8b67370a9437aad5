"""Errors as clients see them: application/problem+json (RFC 9457), from the table of codes."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from aiohttp import web

from scoreboard_runtime.contract.rejections import REJECTIONS, Code

CONTENT_TYPE = "application/problem+json"


class Rejected(Exception):
    """A request ends with this code; the middleware makes answer, log line and count of it."""

    def __init__(
        self,
        code: str,
        *,
        detail: str | None = None,
        errors: Sequence[Mapping[str, str]] | None = None,
        retry_after: float | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(code)
        self.code: Code = REJECTIONS[code]
        self.detail = detail
        self.errors = errors
        self.retry_after = retry_after
        self.headers = dict(headers or {})


def type_of(code: str) -> str:
    """A stable address for a code, relative so that no host is named."""
    return f"/docs#{code.lower().replace('_', '-')}"


def document(row: Code, request_id: str, **extra: Any) -> dict[str, Any]:
    """The problem document; `extra` may replace detail and add errors."""
    return {
        "type": type_of(row.code),
        "title": row.title,
        "status": row.status,
        "detail": extra.pop("detail", None) or row.detail,
        "code": row.code,
        "requestId": request_id,
        **{name: value for name, value in extra.items() if value is not None},
    }


def seconds(retry_after: float) -> str:
    """Retry-After takes whole seconds, and never says now."""
    return str(max(1, math.ceil(retry_after)))


def problem(
    code: str,
    request_id: str,
    *,
    retry_after: float | None = None,
    headers: Mapping[str, str] | None = None,
    **extra: Any,
) -> web.Response:
    """The whole answer. 429 and 503 always carry Retry-After."""
    row = REJECTIONS[code]
    all_headers = {"X-Request-Id": request_id, **(headers or {})}
    if retry_after is None and row.status in (429, 503):
        retry_after = 1.0
    if retry_after is not None:
        all_headers["Retry-After"] = seconds(retry_after)
    if row.status == 401:
        all_headers["WWW-Authenticate"] = "Bearer"
    return web.Response(
        body=orjson.dumps(document(row, request_id, **extra)),
        status=row.status,
        headers=all_headers,
        content_type=CONTENT_TYPE,
    )
