"""The autoscaler obeys what the manifest says: more gateways under load, fewer when it is calm."""

import asyncio
import os
from typing import Any

import pytest
from tests.e2e.cluster.boards import Board
from tests.e2e.cluster.load import constant
from tests.e2e.cluster.moving import LONG, pinned, scaled, wait_for_replicas
from tests.e2e.cluster.waiting import until

from scoreboard_operator import kinds

CALM = 420.0  # seconds: two minutes of calm, and what measuring and a busy machine add
RATE = 60.0  # requests a second, which cost more than half of REQUEST
REQUEST = {"requests": {"cpu": "40m", "memory": "64Mi"}}
FREE = {
    "autoscaling": {"minReplicas": 1, "maxReplicas": 2, "targetCPU": 50},
    "resources": REQUEST,
}
SLOW = "five minutes: set SCOREBOARD_TEST_SLOW=1"


def autoscaler(board: Board) -> dict[str, Any]:
    return board.there(kinds.AUTOSCALER, "gateway")["status"]


def wanted(board: Board, replicas: int) -> None:
    """Until the autoscaler has asked for so many, of its own will."""
    until(
        lambda: autoscaler(board).get("desiredReplicas") == replicas,
        LONG if replicas > 1 else CALM,
        lambda: f"it asks for {replicas}; it says {autoscaler(board)}",
    )


async def loaded(board: Board, ingress: str) -> None:
    """From one gateway to two under load, which fails nothing."""
    await asyncio.to_thread(scaled, board, gateway=1)
    await asyncio.to_thread(board.patch, gateway=FREE)
    async with constant(board, ingress, rate=RATE, sockets=1):
        await asyncio.to_thread(wanted, board, 2)
        await asyncio.to_thread(wait_for_replicas, board, gateway=2)


@pytest.mark.timeout(600)
async def test_a_loaded_gateway_is_scaled_up_and_no_request_fails(
    moving: Board, ingress: str
) -> None:
    try:
        await loaded(moving, ingress)
        (metric,) = autoscaler(moving)["currentMetrics"]
        assert metric["resource"]["name"] == "cpu"
    finally:
        moving.patch(gateway=pinned(2))


@pytest.mark.skipif("SCOREBOARD_TEST_SLOW" not in os.environ, reason=SLOW)
@pytest.mark.timeout(900)
async def test_a_gateway_that_is_calm_again_is_scaled_down(moving: Board, ingress: str) -> None:
    try:
        await loaded(moving, ingress)

        await asyncio.to_thread(wanted, moving, 1)
        await asyncio.to_thread(wait_for_replicas, moving, gateway=1)
    finally:
        moving.patch(gateway=pinned(2))
