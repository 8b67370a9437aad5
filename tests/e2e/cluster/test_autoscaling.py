"""Flow 10's loop: what degrades under load is scaled, the load is spread, and it is calm again."""

import asyncio
import json
import statistics
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from tests.e2e.cluster.boards import Board
from tests.e2e.cluster.ledger import sql
from tests.e2e.cluster.load import constant, once_only
from tests.e2e.cluster.moving import LONG, pinned, scaled, wait_for_replicas
from tests.e2e.cluster.play import visiting
from tests.e2e.cluster.waiting import until

from scoreboard_client import Accepted, Action, Scoreboard
from scoreboard_operator import kinds

CALM = 420.0  # seconds: two minutes of calm, and what measuring and a busy machine add
# Requests a second: a busy gateway costs eight times and more what an idle one does, on any machine.
RATE, READINGS = 200.0, 5
# A gateway asks for so much of what it costs idle: at half of that it is scaled up, at a quarter down.
ASKED = 8
SCALED = {"minReplicas": 1, "maxReplicas": 2, "targetCPU": 50}
# A worker that gets no more than this finishes fewer jobs than WRITERS send.
SLOW_WORKER = {
    "autoscaling": SCALED,
    "resources": {"requests": {"cpu": "40m", "memory": "64Mi"}, "limits": {"cpu": "80m"}},
}
# The jobs that may wait fit one shard of the queue (100,000 / 16): it is never full, on no machine.
WRITERS, BATCH, WINDOW, MOST_BATCHES, GROWN = 6, 100, 6, 3000, 1000


def autoscaler(board: Board, role: str) -> dict[str, Any]:
    return board.there(kinds.AUTOSCALER, role)["status"]


def wanted(board: Board, role: str, replicas: int) -> None:
    """Until the autoscaler has asked for so many, of its own will."""
    until(
        lambda: autoscaler(board, role).get("desiredReplicas") == replicas,
        LONG if replicas > 1 else CALM,
        lambda: f"it asks for {replicas} of {role}; it says {autoscaler(board, role)}",
    )


def asks(board: Board) -> dict[str, Any]:
    """The gateway's spec, by what the cluster measures of one that has nothing to do."""
    place = f"/apis/metrics.k8s.io/v1beta1/namespaces/{board.namespace}/pods"
    labels = "?labelSelector=app.kubernetes.io/component%3Dgateway"
    seen: dict[str, int] = {}  # nanocores, by the time of the reading

    def enough() -> bool:
        for pod in json.loads(board.api.kubectl("get", "--raw", place + labels))["items"]:
            usage = pod["containers"][0]["usage"]["cpu"]
            seen[pod["timestamp"]] = int(usage.removesuffix("n"))
        return len(seen) >= READINGS

    until(enough, LONG, lambda: f"a gateway is measured {READINGS} times: {seen}")
    idle = statistics.median(list(seen.values())[-READINGS:]) / 1e6
    cpu = f"{max(10, round(ASKED * idle))}m"
    return {"autoscaling": SCALED, "resources": {"requests": {"cpu": cpu, "memory": "64Mi"}}}


@dataclass(slots=True)
class Bursts:
    """Batches of each of `users`, of which a few may wait; `accepted`: actions."""

    users: list[str]
    accepted: int = 0
    sent: int = 0
    over: bool = False

    async def write(self, player: Scoreboard) -> None:
        waiting: deque[Accepted] = deque()
        while not self.over and self.sent < MOST_BATCHES:
            self.sent += 1
            results = await player.execute_batch([Action("coins", {"coins": 1})] * BATCH)
            jobs = [each for each in results if isinstance(each, Accepted)]
            self.accepted += len(jobs)
            waiting.append(jobs[-1])
            if len(waiting) == WINDOW:
                await player.wait(waiting.popleft(), timeout=LONG)


@asynccontextmanager
async def bursts(board: Board, ingress: str) -> AsyncIterator[Bursts]:
    async with visiting(ingress, board.now()["spec"]["exposure"]["host"]) as http:
        players = [await once_only(http) for _ in range(WRITERS)]
        made = Bursts([player.me.id for player in players])
        writing = [asyncio.ensure_future(made.write(player)) for player in players]
        try:
            yield made
        finally:
            made.over = True
            await asyncio.gather(*writing)


def scored(board: Board, users: list[str]) -> int:
    """Actions of these users in the ledger."""
    chosen = ", ".join(f"'{user}'" for user in users)
    ((row,),) = sql(board, f"SELECT count(*) FROM actions WHERE user_id IN ({chosen})")
    return int(row[0])


@pytest.mark.timeout(1200)
async def test_a_loaded_gateway_and_a_growing_queue_are_scaled_up_and_when_it_is_calm_down(
    moving: Board, ingress: str, capsys: pytest.CaptureFixture[str]
) -> None:
    try:
        await asyncio.to_thread(scaled, moving, gateway=1, worker=1)
        gateway = await asyncio.to_thread(asks, moving)
        await asyncio.to_thread(moving.patch, gateway=gateway, worker=SLOW_WORKER)
        await asyncio.to_thread(moving.wait_ready, LONG)
        async with constant(moving, ingress, rate=RATE, sockets=1):
            async with bursts(moving, ingress) as found:
                grown = await asyncio.to_thread(until_deep, moving, found)
                await asyncio.to_thread(wanted, moving, "worker", 2)
            await asyncio.to_thread(wanted, moving, "gateway", 2)
            await asyncio.to_thread(wait_for_replicas, moving, gateway=2, worker=2)
        await asyncio.to_thread(
            until, lambda: scored(moving, found.users) == found.accepted, LONG, "all is scored"
        )
        with capsys.disabled():
            asked = gateway["resources"]["requests"]["cpu"]
            print(
                f"{grown} jobs waited for one worker; {found.accepted} were accepted and scored; "
                f"a gateway asks for {asked}"
            )

        await asyncio.to_thread(wanted, moving, "gateway", 1)
        await asyncio.to_thread(wait_for_replicas, moving, gateway=1)
    finally:
        moving.patch(gateway=pinned(2), worker=pinned(1))


def until_deep(board: Board, found: Bursts) -> int:
    """More wait than one worker is meant to have; how many."""

    def waiting() -> int:
        accepted = found.accepted  # read first: rather too few than too many
        return accepted - scored(board, found.users)

    return until(lambda: (now := waiting()) > GROWN and now, LONG, "the queue grows")
