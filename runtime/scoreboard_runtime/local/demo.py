"""Demo players: a process of its own that registers, logs in, signs and plays through the API."""

import asyncio
import random
import sys
import time
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import aiohttp

from scoreboard_runtime.contract.board import Action, Scoreboard
from scoreboard_runtime.local.player import Player, Reply
from scoreboard_runtime.process.settings import load_board

NAMES = (
    "Ada Lovelace", "Grace Hopper", "Алан Тьюринг", "Hedy Lamarr", "名無し太郎", "Mary Jackson",
    "Katherine J.", "محمد علي", "Radia Perlman", "Edsger_D", "Barbara Liskov", "Ken-Thompson",
)  # fmt: skip
PASSWORD = "a demo player's password"
PACE = (0.4, 2.5)  # seconds between two actions of one player
LONGEST_TASK = 60_000_000  # microseconds; nobody watches a demo for a longer one
AT_THE_DOOR = 2  # players who sign in at a time, so that the first need not wait for all


class Unwanted(Exception):
    """Nobody may register here."""


@dataclass(slots=True)
class Demo:
    """One player at the API, and what the rules let them do next."""

    player: Player
    board: Scoreboard
    again: dict[str, float] = field(default_factory=dict)  # not before this monotonic time
    tasks: dict[str, str] = field(default_factory=dict)  # issued, to be completed

    async def sign_in(self) -> None:
        """Raises Unwanted."""
        while (reply := await self.player.login()).status != 200:
            if reply.status == 401:
                reply = await self.player.register()
                if reply.code == "USERNAME_TAKEN":
                    self.player.username += " 2"  # somebody real was here before
                if reply.status == 403:
                    raise Unwanted
            if reply.status != 201:
                await asyncio.sleep(_pause(reply))

    def _choice(self) -> Action | None:
        now = time.monotonic()
        ready = [
            action
            for action in self.board.actions.values()
            if self.again.get(action.name, 0.0) <= now
            and action.min_us <= LONGEST_TASK
            and (not action.roles or "player" in action.roles)
        ]
        return random.choice(ready) if ready else None

    async def _turn(self, action: Action) -> Reply:
        if action.issued and action.name not in self.tasks:
            reply = await self.player.issue_task(action.name)
            if reply.status == 201:
                self.tasks[action.name] = reply.body["taskId"]
                wait = datetime.fromisoformat(reply.body["notBefore"]).timestamp() - time.time()
                self.again[action.name] = time.monotonic() + wait + random.uniform(1, 20)
            return reply
        more: dict[str, Any] = {}
        if action.points.field is not None:
            more["data"] = {action.points.field: random.randint(1, 120)}
        if action.issued:
            more["taskId"] = self.tasks.pop(action.name)
        return await self.player.execute(action.name, **more)

    async def play(self) -> None:
        """One turn, and what its answer says about the next ones."""
        action = self._choice()
        if action is None:
            return
        reply = await self._turn(action)
        if reply.status == 202:
            self.again[action.name] = time.monotonic() + action.cooldown_us / 1_000_000
        elif reply.code == "INVALID_TOKEN":
            await self.sign_in()
        elif reply.code in ("ALREADY_COMPLETED", "FORBIDDEN"):
            self.again[action.name] = float("inf")
        elif reply.code in ("COOLDOWN", "ACTION_LIMIT"):
            self.again[action.name] = time.monotonic() + _pause(reply)
        elif reply.status >= 400:
            await asyncio.sleep(_pause(reply))


def _pause(reply: Reply) -> float:
    return float(reply.headers.get("Retry-After", "1"))


async def _visit(demo: Demo, door: asyncio.Semaphore) -> None:
    async with door:
        await demo.sign_in()
    while True:
        await demo.play()
        await asyncio.sleep(random.uniform(*PACE))


async def _keep_playing(demo: Demo, door: asyncio.Semaphore) -> None:
    while True:
        try:
            await _visit(demo, door)
        except Unwanted:
            return
        except (aiohttp.ClientError, TimeoutError, OSError):
            await asyncio.sleep(1.0)  # the gateway is being started again


async def run(url: str, board: Scoreboard) -> None:
    """Plays for ever."""
    timeout = aiohttp.ClientTimeout(total=15)
    door = asyncio.Semaphore(AT_THE_DOOR)
    async with aiohttp.ClientSession(timeout=timeout) as http:
        demos = [Demo(Player(http, url, name, PASSWORD), board) for name in NAMES]
        await asyncio.gather(*(_keep_playing(demo, door) for demo in demos))


if __name__ == "__main__":
    asyncio.run(run(sys.argv[1], load_board(Path(sys.argv[2]))))
