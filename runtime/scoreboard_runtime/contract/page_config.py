"""What the live board asks first (`/config.json`): its catalogue, from the manifest."""

from typing import Any

from scoreboard_runtime.contract import endpoints
from scoreboard_runtime.contract.board import Action, Scoreboard
from scoreboard_runtime.contract.rejections import REJECTIONS


def _action(action: Action) -> dict[str, Any]:
    measured = action.points.field is not None
    return {
        "name": action.name,
        "kind": "measured" if measured else "fixed",
        "points": action.points.each if measured else action.points.fixed,
        "cooldownMs": action.cooldown_us // 1000,
        "once": action.once,
        "issued": action.issued,
        "field": action.points.field,
        "max": action.points.max if measured else None,
        "roles": sorted(action.roles),
    }


def page_config(board: Scoreboard, websocket_url: str = "") -> dict[str, Any]:
    """A PageConfig ready for JSON; without an address the socket is where the page is."""
    return {
        "name": board.name,
        "websocketUrl": websocket_url or endpoints.WEBSOCKET_PATH,
        "board": board.board.name,
        "size": board.board.size,
        "public": board.board.public,
        "actions": [_action(action) for action in board.actions.values()],
        "registrationOpen": board.registration_open,
        "layers": {row.code: row.layer for row in REJECTIONS.values() if row.layer},
    }
