"""Releases on a cluster: gated, in order, held when they fail, taken back; and the operator's own."""

import asyncio
from pathlib import Path

import pytest
from tests.e2e.cluster import images as built
from tests.e2e.cluster.boards import ROLES, Board
from tests.e2e.cluster.crashing import SAYS, crashing
from tests.e2e.cluster.history import History
from tests.e2e.cluster.ledger import sql
from tests.e2e.cluster.load import constant
from tests.e2e.cluster.moving import LONG, all_pods, now, wait_ready
from tests.e2e.cluster.operator_process import OperatorProcess
from tests.e2e.cluster.waiting import until

from scoreboard_operator import kinds

FUTURE = "INSERT INTO schema_migrations (version, name, checksum) VALUES (9999, 'of_tomorrow', 'x')"
BACK = "DELETE FROM schema_migrations WHERE version = 9999"
IN_ORDER = [
    "migrated",
    "broadcaster is given it", "broadcaster runs it",
    "worker is given it", "worker runs it",
    "gateway is given it", "gateway runs it",
    "contraction begins", "contracted",
]  # fmt: skip


def templates(board: Board) -> dict[str, int]:
    """The generation of each Deployment: it rises with every change of its spec."""
    return {role: board.there(kinds.DEPLOYMENT, role)["metadata"]["generation"] for role in ROLES}


def next_release(board: Board, repository: str, kubeconfig: Path) -> tuple[str, str]:
    """A newer version and its image, which is never the one that runs; also when tried again."""
    spec = board.now()["spec"]
    if spec["version"] == built.VERSION:
        built.build(kubeconfig, built.NEXT_VERSION, ["runtime"])
        return built.NEXT_VERSION, f"{repository}:{built.NEXT_VERSION}"
    other = built.VERSION if spec["image"].endswith(built.NEXT_VERSION) else built.NEXT_VERSION
    major, minor, _ = spec["version"].split(".", 2)
    return f"{major}.{int(minor) + 1}.0", f"{repository}:{other}"


@pytest.mark.timeout(900)
async def test_an_upgrade_migrates_then_rolls_role_by_role_is_told_last_and_loses_nothing(
    moving: Board, ingress: str, images: dict[str, str]
) -> None:
    old, kubeconfig = moving.now()["spec"]["version"], moving.api.kubeconfig
    version, image = await asyncio.to_thread(next_release, moving, images["runtime"], kubeconfig)
    with History(moving, image) as history:
        async with constant(moving, ingress) as load:
            await asyncio.to_thread(moving.patch, version=version, image=image)
            await asyncio.to_thread(wait_ready, moving)

    told = f"version {version} is told"
    assert history.versions == [old, version]
    assert [each for each in history.seen if each in IN_ORDER] == IN_ORDER
    assert history.seen.index(told) > history.seen.index("gateway runs it")
    assert history.told == {"Ready=Unknown", "Stalled=False"}, "in progress, says kstatus"
    assert all(len(each.visits) > 1 for each in load.sockets)


async def test_a_migration_that_fails_is_told_while_what_runs_serves_and_goes_on_when_mended(
    moving: Board, ingress: str
) -> None:
    pods = all_pods(moving)
    async with constant(moving, ingress) as load:
        await asyncio.to_thread(sql, moving, FUTURE)
        try:
            await asyncio.to_thread(moving.annotate, restart_at=now())
            found = await asyncio.to_thread(
                moving.wait, "DatabaseMigrated", "False", "MigrationFailed", LONG
            )
            assert "the database is at version 9999" in found["message"]
            assert "restart-at" in found["message"]
            assert moving.condition("Stalled")["status"] == "True"
            assert all_pods(moving) == pods
            await load.more(60)
        finally:
            await asyncio.to_thread(sql, moving, BACK)

        await asyncio.to_thread(moving.annotate, restart_at=now())
        await asyncio.to_thread(wait_ready, moving)

    assert all_pods(moving).keys().isdisjoint(pods.keys()), "it rolled, role by role"


async def test_a_release_that_crashes_at_start_is_told_while_the_one_before_serves_and_is_taken_back(
    moving: Board, ingress: str, images: dict[str, str], tmp_path: Path
) -> None:
    spec, pods = moving.now()["spec"], all_pods(moving)
    good = {"version": spec["version"], "image": spec.get("image")}
    image = good["image"] or f"{images['runtime']}:{good['version']}"
    image = await asyncio.to_thread(crashing, tmp_path, moving.api.kubeconfig, image)

    def told() -> str:
        said = moving.condition("BroadcasterReady")
        return (
            said["message"]
            if said["status"] == "True" and "ended with 7" in said["message"]
            else ""
        )

    async with constant(moving, ingress):
        await asyncio.to_thread(moving.patch, version="0.9.0", image=image)
        why = await asyncio.to_thread(until, told, LONG, moving.said)
        assert SAYS in why
        assert moving.condition("Ready")["status"] == "Unknown"
        assert moving.status["version"] == good["version"]
        assert pods.items() <= all_pods(moving).items(), "nothing that served was taken away"

        await asyncio.to_thread(moving.patch, **good)
        await asyncio.to_thread(wait_ready, moving)

    assert all_pods(moving) == pods


def test_an_image_that_cannot_be_had_is_told_changes_nothing_and_is_taken_back(
    moving: Board,
) -> None:
    before, pods = templates(moving), all_pods(moving)
    good = moving.now()["spec"].get("image")

    moving.patch(image="localhost/scoreboard:absent")

    until(
        lambda: (
            "the image localhost/scoreboard:absent cannot be had"
            in moving.condition("DatabaseMigrated")["message"]
        ),
        LONG,
        moving.said,
    )
    assert (templates(moving), all_pods(moving)) == (before, pods)
    moving.patch(image=good)
    wait_ready(moving)
    assert all_pods(moving) == pods


def test_a_downgrade_is_refused_in_status_changes_nothing_and_setting_it_back_heals(
    moving: Board,
) -> None:
    version = moving.now()["spec"]["version"]
    before, pods = templates(moving), all_pods(moving)

    moving.patch(version="0.0.9")

    told = moving.wait("Stalled", "True", "DowngradeRefused", seconds=LONG)["message"]
    assert f"version 0.0.9 is older than {version}" in told
    assert f"set {version} or newer" in told
    assert moving.status["version"] == version
    assert (templates(moving), all_pods(moving)) == (before, pods)
    moving.patch(version=version)
    wait_ready(moving)
    assert (templates(moving), all_pods(moving)) == (before, pods)


def test_another_operator_process_restarts_no_pod_and_changes_no_template(
    moving: Board, moving_operator: OperatorProcess
) -> None:
    before, pods = templates(moving), all_pods(moving)

    moving_operator.restart(SCOREBOARD_OPERATOR_IDENTITY="newer", SCOREBOARD_OPERATOR_WORKERS="2")
    moving_operator.settle(seconds=LONG)

    assert (templates(moving), all_pods(moving)) == (before, pods)
