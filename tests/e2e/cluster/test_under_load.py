"""What moves while people play: no request fails, no score is lost, sockets resume.

Rollouts under load are in test_upgrades.py.
"""

import asyncio

from tests.e2e.cluster.boards import Board
from tests.e2e.cluster.load import constant
from tests.e2e.cluster.moving import drain, scaled


async def test_a_scale_down_fails_no_request_loses_no_score_and_every_socket_resumes(
    moving: Board, ingress: str
) -> None:
    try:
        async with constant(moving, ingress) as load:
            await asyncio.to_thread(scaled, moving, gateway=1, broadcaster=1)
    finally:
        await asyncio.to_thread(scaled, moving, gateway=2, broadcaster=2)

    assert any(len(each.visits) > 1 for each in load.sockets)


async def test_a_node_drain_fails_no_request_loses_no_score_and_every_socket_resumes(
    moving: Board, ingress: str
) -> None:
    async with constant(moving, ingress) as load:
        refused = await asyncio.to_thread(drain, moving)

    assert refused > 0, "budgets let both pods of a role go at a time"
    assert all(len(each.visits) > 1 for each in load.sockets)
