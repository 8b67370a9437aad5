"""Every operation of a gateway's description as a request, for what all of them have to answer."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import orjson
from tests.e2e.described import places

from scoreboard_runtime.contract.endpoints import STREAM_PATH
from scoreboard_runtime.local.player import Player, Reply

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Route:
    """A request that has the described shape, and the codes that can be its answer."""

    name: str
    method: str
    path: str
    body: bytes | None
    codes: frozenset[str]

    async def sent(self, player: Player, **headers: str) -> Reply:
        """By this player, unsigned."""
        known = {**player.authorization, **headers}
        return await player.request(self.method, self.path, self.body, **known)


def _body(operation: Json) -> bytes | None:
    if "requestBody" not in operation:
        return None
    (content,) = operation["requestBody"]["content"].values()
    return orjson.dumps(next(iter(content["examples"].values()))["value"])


def routes(description: Json) -> Iterator[Route]:
    """Of the gateway: the stream is the broadcaster's. Paths and bodies are those of the examples."""
    known = {part["name"]: part for part in description["components"]["parameters"].values()}
    codes: dict[str, set[str]] = {}
    for name, _, code in places(description):
        codes.setdefault(name, set()).add(code)
    for path, methods in description["paths"].items():
        filled = re.sub(r"\{(\w+)\}", lambda name: str(known[name[1]]["example"]), path)
        for method, operation in methods.items():
            name = operation["operationId"]
            if path != STREAM_PATH:
                body = _body(operation)
                yield Route(name, method.upper(), filled, body, frozenset(codes[name]))
