"""What an admin does is on the sockets, as what a job does is."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
from tests.e2e.instance import Instance, a_manifest, running, until

from scoreboard_runtime.local.player import Player

pytestmark = pytest.mark.asyncio(loop_scope="session")
WHY = {"reason": "a test has its reasons"}


@pytest_asyncio.fixture(loop_scope="session")
async def arcade(tmp_path) -> AsyncIterator[Instance]:
    """Of each test its own: the whole board is looked at."""
    async with running(tmp_path, a_manifest()) as instance:
        yield instance


@pytest_asyncio.fixture(loop_scope="session")
async def grace(arcade: Instance) -> Player:
    return await arcade.admin()


@dataclass(slots=True)
class Watching:
    """One socket; `board` and `own`: what it was last told."""

    socket: aiohttp.ClientWebSocketResponse
    player: Player
    board: dict[str, Any] | None = None
    own: dict[str, Any] | None = None

    async def until(self, fits: Any, what: str) -> None:
        async with asyncio.timeout(30):
            while not fits():
                said = await self.socket.receive_json()
                self.board = said if said["type"] == "scoreboard_updated" else self.board
                self.own = said if said["type"] == "user_score_updated" else self.own

    async def shows(self, *rows: tuple[Player, int]) -> None:
        """The board ends in these rows, in this order."""
        wanted = [(player.user_id, score) for player, score in rows]

        def fits() -> bool:
            entries = self.board["entries"] if self.board else []
            return [(each["userId"], each["score"]) for each in entries] == wanted

        await self.until(fits, f"the board is {wanted}")


async def watching(arcade: Instance, player: Player) -> Watching:
    socket = await arcade.socket()
    await socket.send_json({"type": "authenticate", "token": player.session["token"]})
    assert (await socket.receive_json())["type"] == "authenticated"
    for channel in ("scoreboard", "user"):
        await socket.send_json({"type": "subscribe", "channel": channel})
        assert (await socket.receive_json())["type"] == "subscribed"
    return Watching(socket, player)


async def ordered(admin: Player, verb: str, whom: Player, **more: Any) -> dict[str, Any]:
    reply = await admin.post(f"/api/admin/users/{whom.user_id}/{verb}", {**WHY, **more})
    assert reply.status == 200, reply.body
    return dict(reply.body)


async def test_what_an_admin_does_is_told_to_the_player_and_to_who_watches(
    arcade: Instance, grace: Player
) -> None:
    ann, bob = await arcade.player("ann"), await arcade.player("bob")
    for player, times in ((ann, 2), (bob, 1)):
        for _ in range(times):
            accepted = await player.execute("level")
        job = await player.job(accepted.body["jobId"], wait=10)
        assert job.body["status"] == "completed"
    told, other = await watching(arcade, bob), await watching(arcade, ann)

    row = await ordered(grace, "adjust", bob, points=150)

    await told.until(lambda: told.own, "his score is told to him")
    assert told.own is not None
    assert {name: told.own[name] for name in ("score", "delta", "rank", "jobId", "at")} == {
        "score": 250, "delta": 150, "rank": 1, "jobId": None, "at": row["at"],
    }  # fmt: skip
    await told.shows((bob, 250), (ann, 200))
    await other.shows((bob, 250), (ann, 200))
    assert other.own is None, "of him it is told to nobody else"

    await ordered(grace, "disqualify", bob)
    await other.shows((ann, 200))
    await told.shows((ann, 200))
    assert told.board is not None
    assert told.board["total"] == 1

    await ordered(grace, "restore", bob)
    await other.shows((bob, 250), (ann, 200))

    erased = await bob.request("DELETE", "/api/users/me", **bob.authorization)
    assert erased.status == 204
    await other.shows((ann, 200))
    await other.socket.close()


async def test_a_frozen_board_moves_on_the_sockets_when_it_is_thawed(
    arcade: Instance, grace: Player
) -> None:
    cid = await arcade.player("cid")
    await grace.post("/api/admin/boards/main/freeze", WHY)

    async def refused() -> bool:
        return (await cid.execute("level")).code == "COOLDOWN"

    await until(refused, "the board is frozen")
    assert await arcade_gauge(arcade) == 1
    socket = await watching(arcade, cid)
    await grace.post("/api/admin/boards/main/unfreeze", WHY)

    async def admitted() -> bool:
        return (await cid.execute("level")).status == 202

    await until(admitted, "the board is thawed")
    await socket.until(lambda: socket.own, "the score is told")
    assert socket.own is not None
    assert (socket.own["score"], socket.own["delta"]) == (100, 100)
    await socket.socket.close()


async def arcade_gauge(arcade: Instance) -> float:
    """The gauge of the freeze, once the worker has said it."""

    async def said() -> float:
        return await arcade.metric("worker", "scoreboard_board_frozen")

    return float(await until(said, "the worker says that the board is frozen"))
