"""Demo players: a process of its own that registers, logs in, signs and plays through the API."""

import asyncio
import random
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import aiohttp

from scoreboard_runtime.contract.board import Action, Scoreboard
from scoreboard_runtime.local.player import Player
from scoreboard_runtime.process.settings import load_board

NAMES = (
    "Ada Lovelace", "Grace Hopper", "Алан Тьюринг", "Hedy Lamarr", "名無し太郎", "Mary Jackson",
    "Katherine J.", "محمد علي", "Radia Perlman", "Edsger_D", "Barbara Liskov", "Ken-Thompson",
)  # fmt: skip
PASSWORD = "a demo player's password"
PACE = (0.4, 2.5)  # seconds between two actions of one player


def _body(action: Action) -> Mapping[str, Any]:
    field = action.points.field
    return {} if field is None else {"data": {field: random.randint(1, 120)}}


async def _sign_in(player: Player) -> None:
    reply = await player.login()
    while reply.status != 200:
        await player.register()
        reply = await player.login()
        if reply.status != 200:
            await asyncio.sleep(1.0)


async def _play(player: Player, board: Scoreboard) -> None:
    playable = [action for action in board.actions.values() if not action.issued]
    await _sign_in(player)
    while True:
        await asyncio.sleep(random.uniform(*PACE))
        action = random.choice(playable)
        reply = await player.execute(action.name, **_body(action))
        if reply.status == 401:
            await _sign_in(player)
        elif reply.status in (429, 503):
            await asyncio.sleep(float(reply.headers.get("Retry-After", "1")))


async def _keep_playing(player: Player, board: Scoreboard) -> None:
    while True:
        try:
            await _play(player, board)
        except (aiohttp.ClientError, TimeoutError):
            await asyncio.sleep(1.0)  # the gateway is being started again


async def run(url: str, board: Scoreboard) -> None:
    """Plays for ever."""
    timeout = aiohttp.ClientTimeout(total=15)
    async with aiohttp.ClientSession(timeout=timeout) as http:
        players = [Player(http, url, name, PASSWORD) for name in NAMES]
        await asyncio.gather(*(_keep_playing(player, board) for player in players))


if __name__ == "__main__":
    asyncio.run(run(sys.argv[1], load_board(Path(sys.argv[2]))))
