"""One operation as data, and how it becomes a part of the description.

What every operation of a kind shares (request ids, budgets, the codes of a body or of a session)
is added here, so that an operation names only what is its own.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from scoreboard_runtime.contract.openapi.errors import responses
from scoreboard_runtime.contract.openapi.parts import Json, header, parameter, reference

JSON, HTML, EVENTS = "application/json", "text/html", "text/event-stream"
SCRIPT, STYLES, PICTURE = "text/javascript", "text/css", "image/svg+xml"
BODY_CODES = ("PAYLOAD_TOO_LARGE", "UNSUPPORTED_MEDIA_TYPE", "VALIDATION_ERROR")
LIMITED_CODES = ("TOO_MANY_REQUESTS", "UNAVAILABLE")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One answer that is no error; without a schema it has no body, or one that is no JSON.

    `others` are media that it can have instead, each with an example.
    """

    description: str
    schema: str | None = None
    media: str = JSON
    others: Mapping[str, str] = field(default_factory=dict)
    example: Any = None
    headers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """A method of a path. `codes` are those that only this operation adds."""

    method: str
    path: str
    name: str
    tag: str
    summary: str
    description: str
    answers: Mapping[int, Answer]
    body: str | None = None
    bodies: Mapping[str, Any] = field(default_factory=dict)  # examples by their names
    body_needed: bool = True
    parameters: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()
    session: Literal["required", "none"] = "none"
    limited: bool = True
    shared: tuple[str, ...] = ()  # headers of each of its answers


def _headers(answer: Answer, operation: Operation) -> list[str]:
    names = ["X-Request-Id"]
    if operation.limited:
        names += ["RateLimit-Policy", "RateLimit"]
        if answer.schema is not None or answer.media != JSON:
            names.append("Cache-Control")  # none of what is charged may be kept unasked
    return [*names, *answer.headers, *operation.shared]


def _answer(answer: Answer, operation: Operation) -> Json:
    described: Json = {
        "description": answer.description,
        "headers": {name: header(name) for name in _headers(answer, operation)},
    }
    if answer.schema is not None:
        schema = reference("schemas", answer.schema)
        described["content"] = {answer.media: {"schema": schema, "example": answer.example}}
    elif answer.media != JSON:
        described["content"] = {
            media: {"schema": {"type": "string"}, "example": example}
            for media, example in {answer.media: answer.example, **answer.others}.items()
        }
    return described


def _codes(operation: Operation) -> list[str]:
    return [
        *operation.codes,
        *(BODY_CODES if operation.body else ()),
        *(("INVALID_TOKEN",) if operation.session == "required" else ()),
        *(LIMITED_CODES if operation.limited else ()),
        "INTERNAL",
    ]


def _body(operation: Operation) -> Json:
    assert operation.body is not None
    examples = {name: {"value": value} for name, value in operation.bodies.items()}
    content: Json = {"schema": reference("schemas", operation.body)}
    if examples:
        content["examples"] = examples
    return {"required": operation.body_needed, "content": {JSON: content}}


def described(operation: Operation) -> Json:
    """The operation object of OpenAPI."""
    answers = {
        str(status): _answer(answer, operation) for status, answer in operation.answers.items()
    }
    limited, shared = operation.limited, operation.shared
    found: Json = {
        "operationId": operation.name,
        "tags": [operation.tag],
        "summary": operation.summary,
        "description": operation.description,
        "security": [{"session": []}] if operation.session == "required" else [],
        "parameters": [parameter(name) for name in operation.parameters],
        # An answer of the operation's own wins over the problem of the same status (/health/ready).
        "responses": {
            **responses(_codes(operation), limited=limited, shared=shared),
            **answers,
        },
    }
    if operation.body is not None:
        found["requestBody"] = _body(operation)
    return found


def paths(operations: tuple[Operation, ...]) -> Json:
    """The paths object: operations by path and method, in their order."""
    found: dict[str, Json] = {}
    for operation in operations:
        found.setdefault(operation.path, {})[operation.method] = described(operation)
    return found
