"""The promise of a 202: under 200 kills of every process, every accepted action counts once.

Players of the Python client send signed actions, each under one Idempotency-Key, until it is accepted.
Meanwhile gateway, worker, broadcaster and both Valkeys are killed with -9 in turn. In the end the
ledger holds exactly the accepted jobs, points add up to scores, and ranks are the model's.
"""

import asyncio
import os
import uuid
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import asyncpg
import orjson
import pytest
from tests.e2e.instance import Instance, a_manifest, running, until

from scoreboard_client import Scoreboard, ScoreboardError, Standings, Subscribed, Unreachable
from scoreboard_runtime.rules import standings

KILLS = int(os.environ.get("SCOREBOARD_TEST_KILLS", "200"))
PLAYERS = 8
VICTIMS = ("gateway", "worker", "queue", "broadcaster", "cache")
PASSING = {401, 409, 429, 503}  # what may be answered while a store is away, and is tried again


@dataclass(slots=True)
class Load:
    """What the players did."""

    accepted: dict[str, str] = field(default_factory=dict)  # job -> user
    passing: Counter[str] = field(default_factory=Counter)  # what the client gave up on
    stopping: bool = False

    async def act(self, player: Scoreboard) -> None:
        """One action, sent until it is accepted."""
        key = uuid.uuid4().hex
        while True:
            try:
                accepted = await player.execute("coins", data={"coins": 3}, key=key)
            except ScoreboardError as error:
                if error.status not in PASSING:
                    raise
                self.passing[error.code] += 1
                await asyncio.sleep(0.02)
            except Unreachable:
                self.passing["no answer"] += 1
                await asyncio.sleep(0.02)
            else:
                self.accepted[accepted.job_id] = player.me.id
                return

    async def play(self, player: Scoreboard) -> None:
        while not self.stopping:
            await self.act(player)


@dataclass(slots=True)
class Watcher:
    """A guest whose socket comes back by itself; its sequence never falls within an epoch."""

    board: Scoreboard
    last: Standings | None = None
    connected: int = 0

    async def run(self) -> None:
        async for event in self.board.events():
            if isinstance(event, Subscribed):
                self.connected += 1
            elif isinstance(event, Standings):
                self._see(event)

    def _see(self, shown: Standings) -> None:
        if self.last is not None and shown.epoch == self.last.epoch:
            assert shown.sequence > self.last.sequence
        self.last = shown


async def signed_in(instance: Instance, number: int) -> Scoreboard:
    """Every other player leaves sending again to the client; the rest do it themselves, at once."""
    patience = 30.0 if number % 2 else 0.0
    board = Scoreboard(instance.url, http=instance.http, patience=patience)
    await board.login(f"player {number}", "the password of a player", register=True)
    return board


async def kill_in_turn(instance: Instance, load: Load) -> int:
    """Kills until `KILLS` processes have died; in every round of victims actions got through."""
    killed = 0
    while killed < KILLS:
        before = len(load.accepted)
        for name in VICTIMS:
            await until(lambda name=name: instance.pid(name), f"{name} is there again")
            killed += bool(instance.kill(name))
        await until(lambda before=before: len(load.accepted) > before + 20, "actions got through")
    return killed


async def ledger(instance: Instance) -> tuple[list[Any], list[Any], list[Any]]:
    environment = orjson.loads((instance.folder / "environment.json").read_bytes())
    connection = await asyncpg.connect(environment["SCOREBOARD_DATABASE_URL"])
    try:
        return (
            await connection.fetch(
                "SELECT job_id::text, user_id::text, status, points FROM actions"
            ),
            await connection.fetch("SELECT job_id::text, points FROM score_history"),
            await connection.fetch(
                "SELECT id::text, current_score, reached_us, score_version FROM users"
            ),
        )
    finally:
        await connection.close()


@pytest.mark.timeout(900)
async def test_every_202_is_in_the_ledger_once_whatever_is_killed(tmp_path):
    async with running(tmp_path, a_manifest(), "--data-dir", str(tmp_path / "data")) as instance:
        players = [await signed_in(instance, n) for n in range(PLAYERS)]
        guest = Scoreboard(instance.url, http=instance.http)
        load, watcher = Load(), Watcher(guest)
        watching = asyncio.ensure_future(watcher.run())
        playing = [asyncio.ensure_future(load.play(player)) for player in players]

        killed = await kill_in_turn(instance, load)
        load.stopping = True
        await asyncio.gather(*playing)
        rows, history, users = await settled(instance, load)

        assert killed >= KILLS
        assert {row["job_id"] for row in rows} == set(load.accepted)
        assert {row["status"] for row in rows} == {"completed"}
        assert {row["job_id"]: row["points"] for row in history} == {
            row["job_id"]: row["points"] for row in rows
        }
        for user in users:
            mine = sum(row["points"] for row in rows if row["user_id"] == user["id"])
            assert user["current_score"] == mine
        await ranks_are_the_models(players[0], users, watcher)
        print(
            f"\n{killed} kills, {len(rows)} accepted actions, {watcher.connected} sockets resumed, "
            f"given up and sent again: {dict(load.passing)}"
        )
        watching.cancel()


async def settled(instance: Instance, load: Load) -> tuple[list[Any], list[Any], list[Any]]:
    async def all_there() -> Any:
        found = await ledger(instance)
        return found if len(found[0]) >= len(load.accepted) else None

    return await until(all_there, "every accepted job is in the ledger", 60)


async def ranks_are_the_models(board: Scoreboard, users: list[Any], watcher: Watcher) -> None:
    model = standings.Standings()
    for user in users:
        model.apply(user["id"], user["current_score"], user["reached_us"], user["score_version"])
    wanted = [(place.user, -place.minus_score) for place in model.order()]

    async def shown() -> bool:
        return places(await board.standings(limit=100)) == wanted

    await until(shown, "the standings are the model's")
    await until(lambda: places(watcher.last) == wanted[:10], "the socket shows the same")


def places(shown: Standings | None) -> list[tuple[str, int]]:
    return [(entry.user_id, entry.score) for entry in shown.entries] if shown else []
