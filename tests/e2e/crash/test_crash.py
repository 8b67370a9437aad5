"""The promise of a 202: under 200 kills of every process, every accepted action counts once.

Players send signed actions, each under an Idempotency-Key, again and again until it is accepted.
Meanwhile gateway, worker, broadcaster and both Valkeys are killed with -9 in turn. In the end the
ledger holds exactly the accepted jobs, points add up to scores, and ranks are the model's.
"""

import asyncio
import contextlib
import os
import uuid
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import asyncpg
import orjson
import pytest
from tests.e2e.instance import Instance, a_manifest, running, until

from scoreboard_runtime.local.player import EXECUTE, Player
from scoreboard_runtime.rules.standings import Standings

KILLS = int(os.environ.get("SCOREBOARD_TEST_KILLS", "200"))
PLAYERS = 8
VICTIMS = ("gateway", "worker", "queue", "broadcaster", "cache")
PASSING = {401, 409, 429, 503}  # what may be answered while a store is away, and is tried again


@dataclass(slots=True)
class Load:
    """What the players did."""

    accepted: dict[str, str] = field(default_factory=dict)  # job -> user
    stopping: bool = False

    async def act(self, player: Player) -> None:
        """One action, sent until it is accepted."""
        key, body = uuid.uuid4().hex, orjson.dumps({"action": "coins", "data": {"coins": 3}})
        while True:
            headers = {**player.signed("POST", EXECUTE, body), "Idempotency-Key": key}
            try:
                reply = await player.request("POST", EXECUTE, body, **headers)
            except (aiohttp.ClientError, TimeoutError):
                await asyncio.sleep(0.02)
                continue
            if reply.status == 202:
                self.accepted[reply.body["jobId"]] = player.user_id
                return
            assert reply.status in PASSING, reply.body
            await asyncio.sleep(0.02)

    async def play(self, player: Player) -> None:
        while not self.stopping:
            await self.act(player)


@dataclass(slots=True)
class Watcher:
    """A socket that comes back by itself; its sequence never falls within an epoch."""

    instance: Instance
    last: dict[str, Any] = field(default_factory=dict)
    connected: int = 0

    async def run(self) -> None:
        while True:
            with contextlib.suppress(aiohttp.ClientError, TimeoutError, OSError):
                await self._watch()
            await asyncio.sleep(0.05)

    async def _watch(self) -> None:
        socket = await self.instance.socket()
        since = {name: self.last[name] for name in ("epoch", "sequence") if name in self.last}
        await socket.send_json(
            {"type": "subscribe", "channel": "scoreboard", "since": since or None}
        )
        self.connected += 1
        async for message in socket:
            if message.type is not aiohttp.WSMsgType.TEXT:
                return
            frame = message.json()
            self._see(frame.get("snapshot") or frame)

    def _see(self, shown: dict[str, Any]) -> None:
        if "entries" not in shown:
            return
        if shown["epoch"] == self.last.get("epoch"):
            assert shown["sequence"] >= self.last["sequence"]
        self.last = shown


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
        players = [await instance.player() for _ in range(PLAYERS)]
        load, watcher = Load(), Watcher(instance)
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
            f"\n{killed} kills, {len(rows)} accepted actions, {watcher.connected} sockets resumed"
        )
        watching.cancel()


async def settled(instance: Instance, load: Load) -> tuple[list[Any], list[Any], list[Any]]:
    async def all_there() -> Any:
        found = await ledger(instance)
        return found if len(found[0]) >= len(load.accepted) else None

    return await until(all_there, "every accepted job is in the ledger", 60)


async def ranks_are_the_models(player: Player, users: list[Any], watcher: Watcher) -> None:
    model = Standings()
    for user in users:
        model.apply(user["id"], user["current_score"], user["reached_us"], user["score_version"])
    wanted = [(place.user, -place.minus_score) for place in model.order()]

    async def shown() -> bool:
        entries = (await player.get("/api/scoreboard?limit=100")).body["entries"]
        return [(entry["userId"], entry["score"]) for entry in entries] == wanted

    await until(shown, "the standings are the model's")
    await until(
        lambda: [(e["userId"], e["score"]) for e in watcher.last["entries"]] == wanted[:10],
        "the socket shows the same",
    )
