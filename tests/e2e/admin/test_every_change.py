"""What every order of an admin has in common: its key is good once, and for this order only."""

from typing import Any

import orjson
import pytest
from tests.e2e.admin.office import WHY, Office, dead

from scoreboard_runtime.local.player import Reply

BODIES = {"roles": {"roles": ["player"]}, "adjust": {**WHY, "points": 1}}


async def send(office: Office, path: str, body: Any, key: str = "k") -> Reply:
    if path.endswith("/roles"):
        headers = {**office.root.authorization, "Idempotency-Key": key}
        return await office.root.request("PUT", path, orjson.dumps(body), **headers)
    return await office.root.post(path, body, **{"Idempotency-Key": key})


async def judge(office: Office, path: str) -> None:
    """The same again is the first answer; anything else under the key is refused."""
    body = BODIES.get(path.rpartition("/")[2], WHY)

    first, again = await send(office, path, body), await send(office, path, body)
    other = await send(office, path, {**body, "reason": "another"})

    assert (first.status, again.status) == (200, 200), first.body
    ended = {"sessionsEnded"}  # what a call ends is its own: whoever came in between is out too
    assert {**again.body, **dict.fromkeys(ended)} == {**first.body, **dict.fromkeys(ended)}
    replayed = [reply.headers.get("Idempotency-Replayed") for reply in (first, again)]
    assert replayed == [None, "true"]
    assert (other.status, other.code) == (422, "IDEMPOTENCY_MISMATCH")


@pytest.mark.parametrize("verb", ["roles", "disable", "enable", "disqualify", "restore", "adjust"])
async def test_an_order_about_a_user_is_done_once_for_each_key(office: Office, verb: str) -> None:
    ann = await office.player("ann", "level")

    await judge(office, f"/api/admin/users/{ann.user_id}/{verb}")


@pytest.mark.parametrize("verb", ["freeze", "unfreeze"])
async def test_an_order_about_a_board_is_done_once_for_each_key(office: Office, verb: str) -> None:
    await judge(office, f"/api/admin/boards/main/{verb}")


async def test_a_dead_letter_is_driven_back_once_for_each_key(office: Office) -> None:
    ann = await office.player("ann")
    await office.bury(ann.user_id, 1)

    await judge(office, f"/api/admin/dead-letters/{dead(0)}/redrive")
