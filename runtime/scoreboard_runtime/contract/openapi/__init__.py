"""The HTTP contract as OpenAPI 3.1, derived from the types, the codes and one board's manifest."""

from typing import Any

from scoreboard_runtime.contract.board import Scoreboard


def describe(board: Scoreboard) -> dict[str, Any]:
    """The whole description, ready for JSON."""
    return {
        "openapi": "3.1.0",
        "info": {"title": f"Scoreboard {board.name}", "version": board.version},
        "paths": {},
    }
