"""Every answer of an instance that a test gets is held against the description of its gateway: nothing
undescribed is answered. What was seen is kept for the whole run, for the other way round."""

import asyncio
import contextlib
import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import aiohttp
import jsonschema_rs
import orjson

from scoreboard_runtime.contract.board import Scoreboard
from scoreboard_runtime.contract.endpoints import STREAM_PATH
from scoreboard_runtime.contract.openapi import describe
from scoreboard_runtime.contract.openapi.errors import PROBLEM

# What a route promises beside what HTTP itself brings along.
PROMISED = ("X-Request-Id", "RateLimit-Policy", "RateLimit", "Retry-After", "WWW-Authenticate",
            "ETag", "Location", "Idempotency-Replayed")  # fmt: skip
Json = dict[str, Any]
Place = tuple[str, str, str]  # operation, status, code or ""
# What the boundary says to a path or a method that is none: it belongs to no operation.
ELSEWHERE = "elsewhere"
NO_ROUTE = {
    (ELSEWHERE, "404", "NOT_FOUND"),
    (ELSEWHERE, "405", "METHOD_NOT_ALLOWED"),
    (ELSEWHERE, "429", "TOO_MANY_REQUESTS"),
    (ELSEWHERE, "503", "UNAVAILABLE"),
}


@dataclass(slots=True)
class Seen:
    """Of all instances of this run; and of its tests, those that failed or were left out."""

    documented: set[Place] = field(default_factory=lambda: set(NO_ROUTE))
    answered: set[Place] = field(default_factory=set)
    headers: set[tuple[str, str, str]] = field(default_factory=set)
    headers_documented: set[tuple[str, str, str]] = field(default_factory=set)
    failed: set[str] = field(default_factory=set)
    left_out: set[str] = field(default_factory=set)


SEEN = Seen()


def _last(reference: Json) -> str:
    return str(reference["$ref"]).rsplit("/", 1)[-1]


def _media(kind: str) -> str:
    """A media type among the headers."""
    return f"Content-Type: {kind}"


def places(description: Json) -> Iterator[Place]:
    """All that the description says can be answered."""
    for methods in description["paths"].values():
        for operation in methods.values():
            for status, answer in operation["responses"].items():
                codes = answer.get("content", {}).get(PROBLEM, {}).get("examples") or {"": None}
                for code in codes:
                    yield operation["operationId"], status, code


@functools.cache
def _judge(schema: bytes, schemas: bytes) -> jsonschema_rs.Draft202012Validator:
    """Most boards have the same schemas, and making a validator is slow."""
    components = {"schemas": orjson.loads(schemas)}
    return jsonschema_rs.Draft202012Validator({**orjson.loads(schema), "components": components})


class Described:
    """The description of one instance, and the faults that its answers showed.

    `broadcaster` is where the stream is, which is all of it that OpenAPI describes there.
    """

    def __init__(self, board: Scoreboard, origin: str, broadcaster: str = "") -> None:
        self.description = describe(board)
        self.origin, self.broadcaster = origin, broadcaster
        self.faults: list[str] = []
        self._schemas = orjson.dumps(self.description["components"]["schemas"])
        self._paths = [
            (re.compile(re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(path)) + "$"), path)
            for path in sorted(self.description["paths"], key=lambda path: "{" in path)
        ]
        SEEN.documented |= set(places(self.description))
        for methods in self.description["paths"].values():
            for operation in methods.values():
                for status, answer in operation["responses"].items():
                    told = (*answer["headers"], *map(_media, answer.get("content", ())))
                    SEEN.headers_documented |= {
                        (operation["operationId"], status, name) for name in told
                    }

    def trace(self) -> aiohttp.TraceConfig:
        """For a client session whose every answer is to be looked at."""
        config = aiohttp.TraceConfig()
        config.on_request_end.append(self._ended)
        return config

    async def _ended(
        self, session: aiohttp.ClientSession, context: SimpleNamespace, end: Any
    ) -> None:
        answer: aiohttp.ClientResponse = end.response
        origin = str(end.url.origin())
        streamed = origin == self.broadcaster and end.url.path == STREAM_PATH
        if origin != self.origin and not streamed:
            return
        endless = answer.content_type == "text/event-stream"
        with contextlib.suppress(aiohttp.ClientError, asyncio.TimeoutError, OSError):
            body = b"" if endless else await answer.read()
            fault = self.fault(end.method, end.url.raw_path, answer, body)
            if fault:
                self.faults.append(f"{end.method} {end.url.raw_path} {answer.status}: {fault}")

    def _operation(self, method: str, path: str) -> Json | None:
        for pattern, template in self._paths:
            if pattern.match(path):
                methods: Json = self.description["paths"][template]
                found: Json | None = methods.get(method.lower().replace("head", "get"))
                if found is not None:
                    return found
        return None

    def fault(
        self, method: str, path: str, answer: aiohttp.ClientResponse, body: bytes
    ) -> str | None:
        """What the answer has that the description has not."""
        operation, status = self._operation(method, path), str(answer.status)
        name = ELSEWHERE if operation is None else operation["operationId"]
        problem = orjson.loads(body) if body and answer.content_type == PROBLEM else {}
        code = problem.get("code", "")
        SEEN.answered.add((name, status, code))
        if operation is None:
            said = {(at, "" if method == "HEAD" else what) for _, at, what in NO_ROUTE}
            return None if (status, code) in said else "a route that is not described"
        described = operation["responses"].get(status)
        if described is None:
            return "a status that is not described"
        present = {header for header in PROMISED if header in answer.headers}
        told = (*present, _media(answer.content_type))
        SEEN.headers |= {(name, status, header) for header in told}
        if present - set(described["headers"]):
            return f"headers that are not described: {present - set(described['headers'])}"
        if method == "HEAD" or not body:
            return None
        content = described.get("content", {})
        if answer.content_type not in content:
            return f"{answer.content_type}, not {list(content)}"
        if problem and code not in content[PROBLEM]["examples"]:
            return f"a code that is not described: {code}"
        if "json" not in answer.content_type:
            return None
        return self._shape(content[answer.content_type]["schema"], orjson.loads(body))

    def _shape(self, schema: Json, value: Any) -> str | None:
        for error in _judge(orjson.dumps(schema), self._schemas).iter_errors(value):
            return f"{error.instance_path}: {error.message}"[:500]
        return None
