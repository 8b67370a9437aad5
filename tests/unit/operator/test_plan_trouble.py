"""The gate when people change their minds, delete things, and edit what is not theirs."""

import json
from dataclasses import replace

import pytest
from tests.unit.operator.scoreboards import World
from tests.unit.operator.test_plan import GIVEN, NEW, OLD, ORDER, images, secret, upgraded

from scoreboard_operator import kinds
from scoreboard_operator.release import ANNOTATION, VERSION


def half_rolled(*roles: str) -> World:
    """On the way from 0.1.0 to 0.2.0; `roles` have arrived."""
    world = upgraded()
    world.edit(NEW)
    world.look()
    world.end_all()
    for role in roles:
        world.look()
        world.serve(role)
    world.look()
    return world


@pytest.mark.parametrize("arrived", [(), ("broadcaster",), ("broadcaster", "worker")])
def test_an_upgrade_that_does_not_come_up_can_be_taken_back(arrived: tuple[str, ...]):
    world = half_rolled(*arrived)
    world.edit(OLD)

    assert world.look().hold == ""
    world.converge()

    assert images(world) == dict.fromkeys(ORDER, "0.1.0")
    assert world.resource.status["version"] == "0.1.0"


def test_taking_back_rolls_in_the_same_order():
    world = half_rolled("broadcaster", "worker")
    world.edit(OLD)

    world.look()
    assert list(images(world).values()) == ["0.1.0", "0.2.0", "0.2.0"]
    world.serve("broadcaster")
    world.look()
    assert list(images(world).values()) == ["0.1.0", "0.1.0", "0.2.0"]


def test_once_contraction_has_begun_there_is_no_way_back():
    world = half_rolled(*ORDER)
    world.serve()
    world.look()
    assert len(world.jobs("contract-")) == 2
    world.edit(OLD)

    found = world.look()

    assert found.hold == "DowngradeRefused"
    assert found.view.plan.hold.stalled
    assert images(world) == dict.fromkeys(ORDER, "0.2.0")


def test_nor_if_the_operator_ended_before_it_said_so():
    """The Job of the contraction is there, the version before is still in the status."""
    world = half_rolled(*ORDER)
    world.serve()
    world.look()
    world.resource = replace(world.resource, status={**world.resource.status, "version": "0.1.0"})
    world.edit(OLD)

    assert world.look().hold == "DowngradeRefused"


def test_a_downgrade_is_refused_says_what_to_set_and_changes_nothing_that_runs():
    world = upgraded(NEW)
    before = json.dumps([world.role(role)["spec"] for role in ORDER])
    stores = json.dumps(world.objects["StatefulSet", "arcade-postgres"]["spec"])
    world.edit(OLD)

    found = world.look()

    assert found.hold == "DowngradeRefused"
    assert "set 0.2.0 or newer" in found.view.plan.hold.message
    assert json.dumps([world.role(role)["spec"] for role in ORDER]) == before
    assert json.dumps(world.objects["StatefulSet", "arcade-postgres"]["spec"]) == stores
    assert len(world.jobs()) == 2, "no Job of the refused version"


def test_a_release_candidate_after_its_release_is_a_downgrade():
    world = upgraded('version: "0.2.0"')
    world.edit('version: "0.2.0-rc.1"')

    assert world.look().hold == "DowngradeRefused"


def test_config_that_changes_back_and_forth_ends_where_it_should():
    world = upgraded()
    world.edit(f"{OLD}\nrealtime: {{maxRate: 20}}")
    world.look()
    world.edit(OLD)

    world.converge()

    configs = [name for kind, name in world.objects if kind == "ConfigMap"]
    assert configs == [world.plan().target.config]


def test_config_that_changes_while_a_migration_runs_starts_no_second_one():
    world = upgraded()
    world.edit(NEW)
    world.look()
    jobs = world.jobs()
    world.edit(f"{NEW}\nrealtime: {{maxRate: 20}}")

    assert world.look().hold == "MigrationRunning"
    assert world.jobs() == jobs


def test_a_deployment_that_was_deleted_comes_back_with_what_the_others_run():
    world = upgraded()
    world.edit(NEW)
    world.look()
    world.end_all("Failed")
    world.delete(kinds.DEPLOYMENT, "arcade-worker")

    world.look()

    assert images(world) == dict.fromkeys(ORDER, "0.1.0")


@pytest.mark.parametrize("role", ["worker", "gateway"])
def test_a_deployment_that_was_deleted_during_a_roll_does_not_jump_its_turn(role: str):
    world = half_rolled()
    world.delete(kinds.DEPLOYMENT, f"arcade-{role}")

    world.look()

    assert list(images(world).values()) == ["0.2.0", "0.1.0", "0.1.0"]


def test_all_deployments_deleted_come_back_without_a_second_migration():
    world = upgraded()
    jobs = world.jobs()
    for role in ORDER:
        world.delete(kinds.DEPLOYMENT, f"arcade-{role}")

    world.look()

    assert images(world) == dict.fromkeys(ORDER, "0.1.0")
    assert world.jobs() == jobs


@pytest.mark.parametrize(
    "edited",
    [
        "nonsense",
        "{}",
        '{"version": 3}',
        '["a"]',
        "null",
        '{"image":"evil","version":"99.0.0","config":"c","secrets":"s","addresses":{},"restart_at":""}',
    ],
)
def test_an_annotation_that_somebody_edited_is_not_believed(edited: str):
    world = upgraded()
    for role in ORDER:
        world.role(role)["metadata"]["annotations"][ANNOTATION] = edited

    found = world.converge()

    assert found.hold == ""
    assert images(world) == dict.fromkeys(ORDER, "0.1.0")


def test_one_edited_field_of_an_annotation_is_seen():
    world = half_rolled()
    live = world.role("gateway")["metadata"]["annotations"]
    live[ANNOTATION] = live[ANNOTATION].replace("0.1.0", "0.9.0")

    world.look()

    assert world.image("gateway").endswith(":0.1.0")


def test_stores_whose_mark_was_edited_get_it_back():
    world = upgraded()
    for edited in ("99.0.0", "what?", None):
        found = world.objects["StatefulSet", "arcade-postgres"]
        found["metadata"]["annotations"] = {VERSION: edited} if edited else {}

        world.converge()

        found = world.objects["StatefulSet", "arcade-postgres"]
        assert found["metadata"]["annotations"] == {VERSION: "0.1.0"}


def test_a_job_deleted_by_hand_is_made_again_only_while_it_is_needed():
    world = upgraded()
    world.edit(NEW)
    world.look()
    (job,) = [name for name in world.jobs("migrate-") if name == world.target().jobs.migrate]
    world.delete(kinds.JOB, job)
    world.look()
    assert job in world.jobs()
    world.converge()
    world.delete(kinds.JOB, job)

    world.look()

    assert job not in world.jobs()


def test_a_failed_migration_is_tried_again_with_restart_at():
    world = upgraded()
    world.edit(NEW)
    world.look()
    world.end_all("Failed")
    world.edit(NEW, **{"scoreboard.dev/restart-at": "now"})

    assert world.look().hold == "MigrationRunning"
    world.converge()

    assert images(world) == dict.fromkeys(ORDER, "0.2.0")
    stamps = world.role("worker")["spec"]["template"]["metadata"]["annotations"]
    assert stamps["scoreboard.dev/restart-at"] == "now"


def test_another_image_of_the_same_version_is_migrated_and_rolled():
    world = upgraded()
    world.edit(f"{OLD}\nimage: example.com/mine:1")

    assert world.look().hold == "MigrationRunning"
    world.converge()

    assert {world.image(role) for role in ORDER} == {"example.com/mine:1"}
    store = world.objects["StatefulSet", "arcade-valkey"]["spec"]["template"]["spec"]
    assert store["containers"][0]["image"].endswith("scoreboard-stores:0.1.0")


def test_scaling_to_zero_stops_no_roll():
    world = half_rolled()
    world.role("broadcaster")["spec"]["replicas"] = 0
    world.serve()

    world.look()

    assert world.image("worker").endswith(":0.2.0")


def test_a_given_secret_that_changes_rolls_everything_and_one_that_goes_nothing():
    world = World.of(GIVEN, secrets={"dsn": secret(), "cache": secret()})
    world.converge()
    before = world.plan().target
    world.secrets["dsn"] = None
    assert world.look().hold == "SecretMissing"
    assert world.plan().releases["gateway"] == before
    world.secrets["dsn"] = secret("2")

    assert world.look().hold == "MigrationRunning"
    world.converge()

    assert world.plan().releases["gateway"].secrets != before.secrets


def test_stores_that_restart_during_a_roll_pause_it():
    world = half_rolled()
    world.serve("broadcaster")
    world.objects["StatefulSet", "arcade-postgres"]["status"]["availableReplicas"] = 0

    assert world.look().hold == "StoresStarting"
    assert list(images(world).values()) == ["0.2.0", "0.1.0", "0.1.0"]
    world.converge()


@pytest.mark.parametrize("settled", [True, False], ids=["settled", "during a roll"])
def test_an_autoscaler_goes_before_the_one_that_takes_its_place_comes(settled: bool):
    """KEDA's webhook refuses a ScaledObject for what another one scales: nobody would ever settle."""
    world = upgraded()
    if not settled:
        world.edit(NEW)
        world.look()
    by_keda = "worker: {autoscaling: {engine: KEDA}}"
    world.served = frozenset({kinds.SCALED_OBJECT.kind})
    name = "arcade-worker"
    assert world.objects[kinds.AUTOSCALER.kind, name]

    world.edit(f"{OLD if settled else NEW}\n{by_keda}")
    world.look()

    assert (kinds.AUTOSCALER.kind, name) not in world.objects
    assert world.objects[kinds.SCALED_OBJECT.kind, name]
    world.edit(OLD if settled else NEW)
    world.look()
    assert world.objects[kinds.AUTOSCALER.kind, name]
    assert (kinds.SCALED_OBJECT.kind, name) not in world.objects
