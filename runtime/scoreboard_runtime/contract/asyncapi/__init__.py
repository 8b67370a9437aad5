"""The socket's contract as AsyncAPI 3.0, derived from the types of the frames, the close codes and
one board's manifest. Pure, as contract/openapi is.
"""

from typing import Any
from urllib.parse import urlsplit

import msgspec

from scoreboard_runtime.contract import endpoints, frames, messages
from scoreboard_runtime.contract.asyncapi.exchanges import (
    EXCHANGES,
    HANDSHAKE,
    PUSHED,
    SAID_BY_CLIENTS,
    examples,
)
from scoreboard_runtime.contract.board import Scoreboard
from scoreboard_runtime.contract.rejections import REJECTIONS

CHANNEL = "socket"
INTRODUCTION = """\
A client connects to `/ws` with the subprotocol `scoreboard.v1` and says in JSON text frames of up
to 16 KiB what it wants. It has 10 s to authenticate or to watch a public board, and may send 50
messages in 5 s.

**Resume** by `since`: the epoch and sequence that were seen last. The snapshot is always sent;
`recovered` says whether nothing was missed. Whatever has a sequence that was seen may be ignored.

**Come back** after a close as `x-closes` says, with growing pauses and jitter.
"""

Json = dict[str, Any]


def _reference(*path: str) -> Json:
    return {"$ref": "#/" + "/".join(path)}


def _name(kind: type[msgspec.Struct]) -> str:
    return kind.__name__


def _in_channel(kind: type[msgspec.Struct]) -> Json:
    return _reference("channels", CHANNEL, "messages", _name(kind))


def _server(websocket_url: str) -> Json:
    """Where the sockets are; a relative address is on the host of the gateway."""
    parts = urlsplit(websocket_url)
    said = "Ends connections with 1012 when it restarts; others take them."
    if parts.netloc:
        return {"host": parts.netloc, "protocol": parts.scheme, "description": said}
    host = {"description": "The host that serves this description.", "default": "localhost"}
    return {"host": "{host}", "protocol": "wss", "description": said, "variables": {"host": host}}


def _message(kind: type[msgspec.Struct], board: Scoreboard) -> Json:
    said = " ".join((kind.__doc__ or "").split())
    config = kind.__struct_config__
    return {
        "name": str(config.tag),
        "title": _name(kind),
        "summary": said,
        "contentType": "application/json",
        "payload": _reference("components", "schemas", _name(kind)),
        "examples": [
            {"name": name, "payload": payload} for name, payload in examples(kind, board).items()
        ],
    }


def _header(description: str, example: str) -> Json:
    return {"type": "string", "description": description, "examples": [example]}


_HANDSHAKE = {
    "type": "object",
    "properties": {
        "Sec-WebSocket-Protocol": _header(
            f"Offers {endpoints.SUBPROTOCOL}, or nothing at all.", endpoints.SUBPROTOCOL
        ),
        "Origin": _header(
            "One of spec.exposure.allowedOrigins, where there are any.", "https://game.example.com"
        ),
        "X-Request-Id": _header(
            "Names this request in every log line; the answer has it too.", "0f5c2a9e4b7d4c1e"
        ),
    },
}


def _channel() -> Json:
    kinds = (*SAID_BY_CLIENTS, *messages.ALL)
    return {
        "address": endpoints.WEBSOCKET_PATH,
        "title": "The socket",
        "servers": [_reference("servers", "broadcaster")],
        "messages": {
            _name(kind): _reference("components", "messages", _name(kind)) for kind in kinds
        },
        "bindings": {"ws": {"method": "GET", "headers": _HANDSHAKE}},
        "x-subprotocol": endpoints.SUBPROTOCOL,
        "x-handshake": [
            {"status": REJECTIONS[code].status, "code": code, "when": when}
            for code, when in HANDSHAKE.items()
        ],
        "x-closes": [
            {"code": code, "why": why, "reconnect": again}
            for code, (why, again) in frames.CLOSES.items()
        ],
    }


def _operations() -> Json:
    """As the broadcaster's: it receives what clients say, and sends."""
    channel = _reference("channels", CHANNEL)
    found: Json = {}
    for kind, answers in EXCHANGES.items():
        found[str(kind.__struct_config__.tag)] = {
            "action": "receive",
            "channel": channel,
            "summary": " ".join((kind.__doc__ or "").split()),
            "messages": [_in_channel(kind)],
            "reply": {"channel": channel, "messages": [_in_channel(answer) for answer in answers]},
        }
    for kind in PUSHED:
        found[str(kind.__struct_config__.tag)] = {
            "action": "send",
            "channel": channel,
            "summary": " ".join((kind.__doc__ or "").split()),
            "messages": [_in_channel(kind)],
        }
    return found


def schemas() -> Json:
    """Of every message and of what is in them."""
    kinds = (*SAID_BY_CLIENTS, *messages.ALL)
    _, found = msgspec.json.schema_components(kinds, ref_template="#/components/schemas/{name}")
    for schema in found.values():
        schema["description"] = " ".join(schema["description"].split())
    return found


def describe_socket(board: Scoreboard, websocket_url: str = "") -> Json:
    """The whole description, ready for JSON."""
    kinds = (*SAID_BY_CLIENTS, *messages.ALL)
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": f"Scoreboard {board.name}: live updates",
            "version": board.version,
            "description": INTRODUCTION,
            "license": {"name": "Apache-2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"},
        },
        "defaultContentType": "application/json",
        "servers": {"broadcaster": _server(websocket_url)},
        "channels": {CHANNEL: _channel()},
        "operations": _operations(),
        "components": {
            "schemas": schemas(),
            "messages": {_name(kind): _message(kind, board) for kind in kinds},
        },
    }
