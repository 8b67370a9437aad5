"""The HTTP contract as OpenAPI 3.1, derived from the types, the codes and one board's manifest.

Pure: a manifest in, a document ready for JSON out. The gateway serves it, its page is rendered
from it, and the tests hold the gateway against it.
"""

from typing import Any

import msgspec

from scoreboard_runtime.contract import actions, snapshots
from scoreboard_runtime.contract.board import Scoreboard
from scoreboard_runtime.contract.openapi import admin_shapes, parts, privacy_shapes, shapes
from scoreboard_runtime.contract.openapi.accounts import accounts
from scoreboard_runtime.contract.openapi.administering import administering, on_oneself
from scoreboard_runtime.contract.openapi.errors import elsewhere, problem_schema
from scoreboard_runtime.contract.openapi.headers import headers
from scoreboard_runtime.contract.openapi.operation import Operation, paths
from scoreboard_runtime.contract.openapi.playing import playing
from scoreboard_runtime.contract.openapi.reading import health, pages, standings

INTRODUCTION = """\
A signed action becomes points, and points become a place in the standings that everybody sees move.

**Log in, sign, play.** `POST /api/auth/login` answers a token and a signing key. An action carries
`Authorization: Bearer <token>` and three headers: `X-Timestamp` (Unix milliseconds), `X-Nonce`
(16 to 64 URL-safe characters, good once) and `X-Signature`: `v1=` and the hex HMAC-SHA256, under
the base64url-decoded signing key, of these six lines joined by newlines: `v1`, the method, the path
with its query, the timestamp, the nonce, the hex SHA-256 of the body.

**Every error** is `application/problem+json` with a `code`; decide by that. When several apply, the
first in the table of codes is the one you get. A 429 and a 503 carry `Retry-After`. A path that is
none is 404 `NOT_FOUND`, another method of one that is 405 `METHOD_NOT_ALLOWED` with `Allow`; what
no operation answers is in `components.responses`.

**Send again safely** with an `Idempotency-Key`: the same key and body answer the first answer again
for 24 hours.

**Live updates** come over a WebSocket at `/ws` with the subprotocol `scoreboard.v1`, which
`/asyncapi.json` describes, or as server-sent events from `/api/scoreboard/stream`. A browser or
Node takes both by `/scoreboard.js`.
"""

TAGS = (
    ("play", "Tasks, signed actions, jobs."),
    ("standings", "Who is where."),
    ("accounts", "Sessions and users."),
    ("admin", "What role admin may do; all of it is in the audit log."),
    ("health", "What a load balancer and a cluster ask."),
    ("pages", "What a browser gets."),
)
_FROM_CONTRACT = (
    actions.ActionRequest,
    actions.BatchRequest,
    actions.TaskRequest,
    snapshots.Snapshot,
    snapshots.Around,
)


def _schemas() -> dict[str, Any]:
    _, found = msgspec.json.schema_components(
        [*_FROM_CONTRACT, *shapes.DESCRIBED, *admin_shapes.DESCRIBED, *privacy_shapes.DESCRIBED],
        ref_template="#/components/schemas/{name}",
    )
    for schema in found.values():
        schema["description"] = " ".join(schema["description"].split())
    return {
        **found,
        "BatchAnswer": shapes.batch_answer(),
        "Description": {"type": "object", "required": ["openapi", "info", "paths"]},
        "SocketDescription": {
            "type": "object",
            "required": ["asyncapi", "info", "channels", "operations"],
        },
        "Problem": problem_schema(),
    }


def operations(board: Scoreboard) -> tuple[Operation, ...]:
    """Every operation of a gateway of this board."""
    accounted = (*accounts(board), *on_oneself())
    return (
        *(*playing(board), *standings(board), *accounted),
        *(*administering(board), *health(), *pages(board)),
    )


def describe(board: Scoreboard) -> dict[str, Any]:
    """The whole description, ready for JSON."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": f"Scoreboard {board.name}",
            "version": board.version,
            "summary": "The HTTP API of one score board.",
            "description": INTRODUCTION,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "tags": [{"name": name, "description": said} for name, said in TAGS],
        "paths": paths(operations(board)),
        "components": {
            "schemas": _schemas(),
            "responses": elsewhere(),
            "headers": headers(),
            "parameters": parts.parameters(board),
            "securitySchemes": parts.security(),
        },
    }
