"""The operator is away while things change, or sees them as they were: it ends as if it had watched."""

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from tests.e2e.cluster import ends
from tests.e2e.cluster.lanes import Lane, lane
from tests.e2e.cluster.proxy import Upstream
from tests.e2e.cluster.quick import board
from tests.e2e.instance import until

from scoreboard_operator import kinds
from scoreboard_operator.kinds import Kind

ROLES = ("broadcaster", "worker", "gateway")
LOOKS = 3


@asynccontextmanager
async def ready(server: Upstream) -> AsyncIterator[Lane]:
    """With a board called arcade, ready."""
    async with lane(server, "outage", SCOREBOARD_OPERATOR_RESYNC_SECONDS="3600") as found:
        await found.replica.start()
        await found.create(board("arcade"))
        await found.settled("arcade")
        yield found


@pytest.fixture
async def installed(server: Upstream) -> AsyncIterator[Lane]:
    async with ready(server) as found:
        yield found


async def ended(found: Lane) -> None:
    """With nobody there."""
    found.replica.send(signal.SIGTERM)
    assert await found.replica.ended() == 0


async def remove(found: Lane, kind: Kind, name: str) -> None:
    await found.server.call("DELETE", kind.path(found.namespace, name))


async def uids(found: Lane, board: str = "arcade") -> dict[str, str]:
    there = await ends.children(found.server, found.namespace, board)
    return {f"{each['kind']}/{each['metadata']['name']}": each["metadata"]["uid"] for each in there}


async def test_a_spec_that_went_and_came_back_while_children_vanished_is_one_restoration(
    installed: Lane,
) -> None:
    found, server, space = installed, installed.server, installed.namespace
    wanted, keys, before = await found.end("arcade"), await found.keys("arcade"), await uids(found)
    await ended(found)

    await found.patch("arcade", {"spec": {"version": "0.2.0"}})
    config = next(name for name in before if name.startswith("ConfigMap/")).partition("/")[2]
    gone = [
        (kinds.DEPLOYMENT, "arcade-gateway"), (kinds.SERVICE, "arcade-broadcaster"),
        (kinds.CONFIG_MAP, config), (kinds.AUTOSCALER, "arcade-worker"), (kinds.INGRESS, "arcade"),
        (kinds.SERVICE_ACCOUNT, "arcade-worker"), (kinds.NETWORK_POLICY, "arcade-gateway"),
        (kinds.DISRUPTION_BUDGET, "arcade-worker"),
    ]  # fmt: skip
    for kind, name in gone:
        await remove(found, kind, name)
    path = kinds.DEPLOYMENT.path(space, "arcade-worker")
    labels = {"metadata": {"labels": {"app.kubernetes.io/part-of": "somebody"}}}
    await server.call("PATCH", path, labels)
    await found.patch("arcade", {"spec": {"version": "0.1.0"}})
    found.begin("arcade")
    await found.replica.start()
    await found.settled("arcade")

    await found.ends_as(wanted, "arcade")
    assert await found.keys("arcade") == keys
    assert set((await ends.revisions(server, space, "arcade")).values()) == {1}
    after = await uids(found)
    replaced = {name for name in before if before[name] != after[name]}
    assert replaced == {f"{kind.kind}/{name}" for kind, name in gone}
    assert [write for write in found.proxy.writes if write.method == "DELETE"] == []


async def test_an_upgrade_asked_for_while_nobody_was_there_and_children_vanished(
    installed: Lane,
) -> None:
    found = installed
    wanted, keys = await found.end("arcade"), await found.keys("arcade")
    await ended(found)

    await found.patch("arcade", {"spec": {"version": "0.2.0"}})
    jobs = [name for name in await uids(found) if name.startswith("Job/")]
    for name in jobs:
        await remove(found, kinds.JOB, name.partition("/")[2])
    await remove(found, kinds.DEPLOYMENT, "arcade-worker")
    await found.replica.start()
    await found.settled("arcade")

    await found.ends_as(wanted, "arcade", "0.2.0")
    assert await found.keys("arcade") == keys


async def test_a_scoreboard_made_again_with_the_same_name_gets_children_of_its_own(
    installed: Lane,
) -> None:
    found = installed
    wanted, keys, before = await found.end("arcade"), await found.keys("arcade"), await uids(found)
    await ended(found)

    await found.delete("arcade")
    made = await found.create(board("arcade"))
    await found.replica.start()
    await found.settled("arcade")

    await found.ends_as(wanted, "arcade")
    after = await uids(found)
    assert set(before.values()).isdisjoint(after.values())
    assert await found.keys("arcade") != keys
    for child in await ends.children(found.server, found.namespace, "arcade"):
        assert [o["uid"] for o in child["metadata"]["ownerReferences"]] == [made["metadata"]["uid"]]


async def test_a_scoreboard_deleted_while_it_migrates_leaves_nothing(installed: Lane) -> None:
    found = installed
    found.pods.held.add("migration")
    await found.patch("arcade", {"spec": {"version": "0.2.0"}})

    async def migrates() -> bool:
        return (await found.condition("arcade", "DatabaseMigrated")).get(
            "reason"
        ) == "MigrationRunning"

    async def nothing() -> bool:
        return not await uids(found)

    await until(migrates, "the migration runs", 60)
    await found.delete("arcade")
    await until(nothing, "the children are gone", 120)
    count = len(found.proxy.writes)
    await found.create(board("other"))
    found.pods.held.clear()
    await found.settled("other")

    after = found.proxy.writes[count:]
    assert [write for write in after if "arcade" in write.path or b'"arcade"' in write.body] == []
    assert await uids(found) == {}
    assert found.replica.runs


async def test_an_operator_that_starts_with_a_view_of_the_past_destroys_nothing(
    server: Upstream,
) -> None:
    """Every first read is answered as it was: of an older version, of an earlier Scoreboard."""
    async with asyncio.TaskGroup() as group:
        for again in (False, True):
            group.create_task(beginning_in_the_past(server, made_again=again))


async def beginning_in_the_past(server: Upstream, *, made_again: bool) -> None:
    async with ready(server) as found:
        await _begin_in_the_past(found, made_again=made_again)


async def _begin_in_the_past(found: Lane, *, made_again: bool) -> None:
    found.replica.kill()
    await found.replica.ended()
    found.proxy.answers.clear()
    await found.replica.start()  # reads everything
    await found.leads()
    await found.settled("arcade")
    past = {path: said for path, said in found.proxy.answers.items() if "/leases" not in path}
    if made_again:
        await found.delete("arcade")
        await found.create(board("arcade", version="0.2.0"))
    else:
        await found.patch("arcade", {"spec": {"version": "0.2.0"}})
    await found.settled("arcade")
    wanted, before = await found.end("arcade", "0.2.0"), await uids(found)
    await ended(found)

    found.begin("arcade")
    found.proxy.stale.update(past)
    await found.replica.start()
    itself = kinds.SCOREBOARD.path(found.namespace, "arcade")
    await until(lambda: itself not in found.proxy.stale, "the past was told", 60)
    await found.settled("arcade")

    await found.ends_as(wanted, "arcade", "0.2.0")
    assert await uids(found) == before


async def test_what_is_converged_is_read_now_and_then_and_never_written(server: Upstream) -> None:
    async with lane(server, "calm", SCOREBOARD_OPERATOR_RESYNC_SECONDS="2") as found:
        await found.replica.start()
        await found.create(board("arcade"))
        await found.settled("arcade")
        found.begin("arcade")
        found.proxy.reads.clear()
        path = kinds.SCOREBOARD.path(found.namespace, "arcade")
        await until(lambda: found.proxy.reads[path] >= LOOKS, "three resyncs", 60)
        reads: dict[str, Any] = dict(found.proxy.reads)

    asked = {path: count for path, count in reads.items() if "/leases" not in path}
    # A list of each kind, the Scoreboard, its Secrets, what the cluster serves.
    assert all(count <= LOOKS + 2 for count in asked.values()), asked
    assert len(asked) <= 2 * len(kinds.OWNED)
    assert found.proxy.writes == []
