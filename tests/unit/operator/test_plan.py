"""The gate: what each role may run, from a first install to the last step of an upgrade."""

from copy import deepcopy
from functools import cache

import pytest
from tests.unit.operator.scoreboards import World

from scoreboard_operator import kinds, plan

ORDER = ("broadcaster", "worker", "gateway")
OLD, NEW = 'version: "0.1.0"', 'version: "0.2.0"'
GIVEN = "database: {secretRef: {name: dsn}}\nredis: {secretRef: {name: cache, key: url}}"


def secret(version: str = "1") -> dict:
    return {"metadata": {"resourceVersion": version}}


def upgraded(change: str = OLD) -> World:
    """A world in which `change` runs and has settled, for one test alone."""
    return deepcopy(_settled(change))


@cache
def _settled(change: str) -> World:
    world = World.of(change)
    world.converge()
    return world


def images(world: World) -> dict[str, str]:
    return {role: world.image(role).rpartition(":")[2] for role in ORDER}


def test_a_first_install_waits_for_the_stores_then_for_the_migration_then_starts_all_roles():
    world = World.of()

    assert world.look().hold == "StoresStarting"
    assert not world.jobs()
    world.serve()
    assert world.look().hold == "MigrationRunning"
    assert not [key for key in world.objects if key[0] == "Deployment"]
    world.end_all()
    found = world.look()

    assert found.hold == ""
    assert images(world) == dict.fromkeys(ORDER, "0.1.0")


@pytest.mark.parametrize("store", ["postgres", "valkey"])
def test_each_managed_store_is_waited_for(store: str):
    world = World.of()
    world.look()
    world.serve("valkey" if store == "postgres" else "postgres")

    found = world.plan().hold

    assert found is not None
    assert found.message == f"{store} is starting"
    assert not found.stalled


def test_a_store_that_does_not_start_says_why():
    world = World.of()
    world.look()
    world.pods = [
        {
            "metadata": {"labels": {"app.kubernetes.io/component": "postgres"}},
            "status": {
                "conditions": [{"type": "PodScheduled", "status": "False", "message": "no room"}]
            },
        }
    ]

    assert world.plan().hold.message == "postgres is starting; not scheduled: no room"


def test_given_stores_need_their_secrets_and_nothing_else():
    world = World.of(GIVEN)

    found = world.plan().hold
    assert (found.part, found.reason, found.stalled) == ("SecretsReady", "SecretMissing", True)
    assert "dsn" in found.message or "cache" in found.message
    world.secrets = {"dsn": secret(), "cache": secret()}

    assert world.plan().hold.reason == "MigrationRunning"


def test_cloud_native_pg_must_be_installed_and_make_its_secret():
    world = World.of("database: {cloudNativePG: {}}")

    absent = world.plan().hold
    assert (absent.reason, absent.stalled) == ("CRDMissing", True)
    world.served = frozenset({kinds.CLUSTER.kind})
    starting = world.plan().hold
    assert (starting.part, starting.reason) == ("DatabaseMigrated", "StoresStarting")
    assert not starting.stalled
    world.secrets = {"arcade-app": secret()}
    world.look()
    world.serve()

    assert world.plan().hold.reason == "MigrationRunning"


def test_a_crd_that_goes_later_is_said_and_takes_nothing_down():
    world = World.of("database: {cloudNativePG: {}}", served=frozenset({kinds.CLUSTER.kind}))
    world.secrets = {"arcade-app": secret()}
    world.converge()
    world.served = frozenset()

    found = world.look()

    assert found.hold == "CRDMissing"
    assert images(world) == dict.fromkeys(ORDER, "0.1.0")


def test_an_upgrade_rolls_broadcaster_worker_gateway_each_after_the_one_before():
    world = upgraded()
    world.edit(NEW)

    assert world.look().hold == "MigrationRunning"
    assert images(world) == dict.fromkeys(ORDER, "0.1.0")
    world.end_all()
    seen = []
    for role in ORDER:
        world.look()
        seen.append(list(images(world).values()))
        world.roll(role)
        world.look()
        assert list(images(world).values()) == seen[-1], "nobody is hurried"
        world.serve(role)
    assert seen == [["0.2.0", "0.1.0", "0.1.0"], ["0.2.0", "0.2.0", "0.1.0"], ["0.2.0"] * 3]
    assert not world.jobs("contract-") or world.plan().contract

    world.look()
    assert len(world.jobs("contract-")) == 2  # the one before stays until all is done
    world.end_all()
    world.converge()
    assert len(world.jobs()) == 2


def test_no_role_that_has_not_settled_lets_the_contraction_begin():
    world = upgraded()
    world.edit(NEW)
    world.look()
    world.end_all()
    for role in ("broadcaster", "worker"):
        world.look()
        world.serve(role)
    world.look()
    world.roll("gateway")

    assert world.plan().contract is None
    world.serve("gateway")

    assert world.plan().contract == world.plan().target


def test_a_contraction_that_runs_or_failed_is_told_and_holds_no_role():
    world = World.of()
    world.look()
    world.serve()
    world.look()
    world.end_all()
    world.look()
    world.serve()

    assert world.look().hold == "ContractionRunning"
    world.end_all("Failed")
    found = world.look()

    assert found.hold == "ContractionFailed"
    assert found.view.plan.hold.stalled
    assert all(each == found.view.plan.target for each in found.view.plan.releases.values())


def test_while_a_migration_fails_the_old_release_goes_on_and_the_message_says_what_to_do():
    world = upgraded()
    world.edit(NEW)
    world.look()
    world.end_all("Failed")

    found = world.look()

    assert found.hold == "MigrationFailed"
    assert found.view.plan.hold.stalled
    assert "scoreboard.dev/restart-at" in found.view.plan.hold.message
    assert images(world) == dict.fromkeys(ORDER, "0.1.0")


def test_the_old_config_is_kept_for_who_runs_it():
    world = upgraded()
    old = world.plan().target.config
    world.edit(NEW)

    found = world.look()

    assert found.view.plan.keep >= {old}
    assert ("ConfigMap", old) in world.objects
    world.converge()
    assert ("ConfigMap", old) not in world.objects


def test_managed_stores_change_last_and_only_when_everything_else_runs():
    world = upgraded()
    stores = world.objects["StatefulSet", "arcade-postgres"]["spec"]["template"]["spec"]
    world.edit(NEW)
    for _ in range(8):
        found = world.look()
        now = world.objects["StatefulSet", "arcade-postgres"]["spec"]["template"]["spec"]
        if now != stores:
            break
        world.serve()
        world.end_all()

    assert now["containers"][0]["image"].endswith("scoreboard-stores:0.2.0")
    assert images(world) == dict.fromkeys(ORDER, "0.2.0")
    assert found.hold == "StoresStarting", "and that is a change under way"
    world.converge()


def test_a_version_that_does_not_exist_leaves_the_stores_alone():
    world = upgraded()
    world.edit('version: "9.9.9"')

    for how in ("", "Failed"):
        if how:
            world.end_all(how)
        world.look()

    postgres = world.objects["StatefulSet", "arcade-postgres"]
    assert postgres["spec"]["template"]["spec"]["containers"][0]["image"].endswith(":0.1.0")


def test_a_load_balancer_tells_the_page_where_the_socket_is():
    world = World.of("exposure: {type: LoadBalancer}")
    world.converge()
    assert world.plan().websocket_url == ""
    service = world.objects["Service", "arcade-broadcaster"]
    service["status"] = {"loadBalancer": {"ingress": [{"ip": "192.0.2.7"}]}}

    assert world.plan().websocket_url == "ws://192.0.2.7/ws"


def test_phases_are_in_the_names_of_jobs():
    world = upgraded()

    assert sorted(name.rpartition("-")[0] for name in world.jobs()) == [
        f"arcade-{plan.CONTRACT}",
        f"arcade-{plan.MIGRATE}",
    ]
