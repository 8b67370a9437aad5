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
from multidict import CIMultiDictProxy

from scoreboard_runtime.contract.board import Scoreboard
from scoreboard_runtime.contract.endpoints import STREAM_PATH
from scoreboard_runtime.contract.openapi import describe
from scoreboard_runtime.contract.openapi.errors import PROBLEM

# What is of the message and the connection, whatever the route: HTTP's own and its server's. All else
# that is answered has to be described. (A Content-Type is held against the described media.)
OF_HTTP = {"date", "server", "connection", "content-length", "content-type", "transfer-encoding"}
Json = dict[str, Any]
Place = tuple[str, str, str]  # operation, status, code or ""
# What a path or a method that is none is answered belongs to no operation, and is described beside them.
ELSEWHERE = "elsewhere"


@dataclass(slots=True)
class Seen:
    """Of all instances of this run; and of its tests, those that failed or were left out."""

    documented: set[Place] = field(default_factory=set)
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


def answers(description: Json) -> Iterator[tuple[str, Json]]:
    """Each operation's name with its answers by status; last what belongs to none."""
    for methods in description["paths"].values():
        for operation in methods.values():
            yield operation["operationId"], operation["responses"]
    yield ELSEWHERE, description["components"]["responses"]


def places(description: Json) -> Iterator[Place]:
    """All that the description says can be answered."""
    for name, responses in answers(description):
        for status, answer in responses.items():
            codes = answer.get("content", {}).get(PROBLEM, {}).get("examples") or {"": None}
            for code in codes:
                yield name, status, code


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
        self._headers: Json = self.description["components"]["headers"]
        self._answers = dict(answers(self.description))
        self._paths = [
            (re.compile(re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(path)) + "$"), path)
            for path in sorted(self.description["paths"], key=lambda path: "{" in path)
        ]
        SEEN.documented |= set(places(self.description))
        for name, responses in self._answers.items():
            for status, answer in responses.items():
                told = (*answer["headers"], *map(_media, answer.get("content", ())))
                SEEN.headers_documented |= {(name, status, header) for header in told}

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

    def _operation(self, method: str, path: str) -> str:
        for pattern, template in self._paths:
            if pattern.match(path):
                methods: Json = self.description["paths"][template]
                found: Json | None = methods.get(method.lower().replace("head", "get"))
                if found is not None:
                    return str(found["operationId"])
        return ELSEWHERE

    def fault(
        self, method: str, path: str, answer: aiohttp.ClientResponse, body: bytes
    ) -> str | None:
        """What the answer has that the description has not."""
        name, status = self._operation(method, path), str(answer.status)
        problem = orjson.loads(body) if body and answer.content_type == PROBLEM else {}
        code = problem.get("code", "")
        SEEN.answered.add((name, status, code))
        described = self._answers[name].get(status)
        if described is None:
            return "a status, or a route, that is not described"
        told = [header for header in self._headers if header in answer.headers]
        SEEN.headers |= {(name, status, header) for header in (*told, _media(answer.content_type))}
        fault = self._header_fault(described["headers"], answer.headers)
        if fault or method == "HEAD" or not body:
            return fault
        content = described.get("content", {})
        if answer.content_type not in content:
            return f"{answer.content_type}, not {list(content)}"
        if problem and code not in content[PROBLEM]["examples"]:
            return f"a code that is not described: {code}"
        if "json" not in answer.content_type:
            return None
        return self._shape(content[answer.content_type]["schema"], orjson.loads(body))

    def _header_fault(self, described: Json, sent: CIMultiDictProxy[str]) -> str | None:
        undescribed = (
            {name.lower() for name in sent} - OF_HTTP - {name.lower() for name in described}
        )
        if undescribed:
            return f"headers that are not described: {undescribed}"
        for name in described:
            schema = self._headers[name]["schema"]
            fault = self._shape(schema, sent[name]) if name in sent else None
            if fault:
                return f"{name}: {fault}"
        return None

    def _shape(self, schema: Json, value: Any) -> str | None:
        for error in _judge(orjson.dumps(schema), self._schemas).iter_errors(value):
            return f"{error.instance_path}: {error.message}"[:500]
        return None
