"""The autoscaler obeys what the manifest says: more gateways under load, fewer when it is calm."""

import asyncio
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


def autoscaler(board: Board) -> dict[str, Any]:
    return board.there(kinds.AUTOSCALER, "gateway")["status"]


def wanted(board: Board, replicas: int) -> None:
    """Until the autoscaler has asked for so many, of its own will."""
    until(
        lambda: autoscaler(board).get("desiredReplicas") == replicas,
        LONG if replicas > 1 else CALM,
        lambda: f"it asks for {replicas}; it says {autoscaler(board)}",
    )


@pytest.mark.timeout(900)
async def test_a_loaded_gateway_is_scaled_up_and_when_it_is_calm_down_and_no_request_fails(
    moving: Board, ingress: str
) -> None:
    try:
        await asyncio.to_thread(scaled, moving, gateway=1)
        await asyncio.to_thread(moving.patch, gateway=FREE)
        async with constant(moving, ingress, rate=RATE, sockets=1):
            await asyncio.to_thread(wanted, moving, 2)
            await asyncio.to_thread(wait_for_replicas, moving, gateway=2)

        await asyncio.to_thread(wanted, moving, 1)
        await asyncio.to_thread(wait_for_replicas, moving, gateway=1)
    finally:
        moving.patch(gateway=pinned(2))
