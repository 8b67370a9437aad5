"""What is said of a Scoreboard, and when; kstatus' view of it is in test_walks.py."""

from dataclasses import replace
from typing import Any

import pytest
from tests.unit.operator.kstatus import CURRENT, IN_PROGRESS, TERMINATING, kstatus
from tests.unit.operator.scoreboards import World, a_resource
from tests.unit.operator.test_plan import NEW, OLD, upgraded

from scoreboard_operator import conditions, events, kinds, status
from scoreboard_operator.conditions import Condition
from scoreboard_operator.facts import OPTIONAL
from scoreboard_operator.plan import Hold
from scoreboard_operator.reasons import REASONS


def said(world: World, *troubles: Hold) -> dict[str, Condition]:
    view = replace(world.look().view, troubles=troubles)
    return {each.type: each for each in conditions.conditions(view)}


def trouble(part: str, reason: str = "Refused", stalled: bool = True) -> Hold:
    return Hold(part=part, reason=reason, message="quota exceeded", stalled=stalled)


def written(*found: Condition, before: Any = (), generation: int = 1, now: str = "t1") -> list[Any]:
    return conditions.merged(before, found, generation, now)


def test_what_serves_as_declared_is_ready_and_every_part_says_so():
    found = said(upgraded())

    assert set(found) == set(REASONS)
    assert {kind for kind, each in found.items() if each.status == "True"} == {
        kind for kind in REASONS if kind.endswith(("Ready", "Migrated"))
    }


@pytest.mark.parametrize("part", [p for p in REASONS if p.endswith(("Ready", "Migrated"))])
def test_a_part_that_was_refused_says_why_and_only_monitoring_is_in_nobodys_way(part: str):
    if part == "Ready":
        return
    found = said(upgraded(), trouble(part))

    assert (found[part].status, found[part].reason) == ("False", "Refused")
    alone = part == "MonitoringReady"
    assert (found["Ready"].status == "True") == alone
    assert (found["Stalled"].status == "True") == (not alone)
    assert alone or found["Ready"].message == f"{part}: quota exceeded"


def test_the_first_of_several_troubles_of_a_part_is_told_and_before_a_hold():
    world = upgraded()
    world.edit(NEW)

    found = said(world, trouble("DatabaseMigrated"), trouble("DatabaseMigrated", "NameTaken"))

    assert found["DatabaseMigrated"].reason == "Refused"
    assert found["Stalled"].status == "True"
    assert found["Reconciling"].reason == "Stalled"


def test_a_role_of_the_release_before_serves_and_waits():
    world = upgraded()
    world.edit(NEW)

    found = said(world)

    assert (found["GatewayReady"].status, found["GatewayReady"].reason) == ("True", "Behind")
    assert (found["Ready"].status, found["Reconciling"].status) == ("Unknown", "True")


def test_a_role_without_pods_says_how_to_get_them_back():
    world = upgraded()
    world.role("worker")["spec"]["replicas"] = 0
    world.serve()

    found = said(world)

    assert (found["WorkersReady"].status, found["WorkersReady"].reason) == ("False", "ScaledToZero")
    assert "kubectl scale deployment arcade-worker --replicas=1" in found["Ready"].message


@pytest.mark.parametrize(("available", "status"), [(0, "False"), (1, "True")])
def test_a_rollout_that_does_not_end_needs_help_and_says_whether_some_serve(
    available: int, status: str
):
    world = upgraded()
    world.roll("gateway", available)
    late = {"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded"}
    world.role("gateway")["status"]["conditions"] = [late]

    found = said(world)["GatewayReady"]

    assert (found.status, found.reason, found.stalled) == (status, "RolloutStuck", True)


@pytest.mark.parametrize(("available", "reason"), [(0, "Starting"), (1, "RollingOut")])
def test_a_role_whose_pods_change_is_told_apart_by_whether_some_serve(available: int, reason: str):
    world = upgraded()
    world.roll("gateway", available)

    assert said(world)["GatewayReady"].reason == reason


def test_monitoring_says_whether_it_is_asked_for_and_there():
    change = f"{OLD}\nmonitoring: {{enabled: true}}"

    assert said(upgraded())["MonitoringReady"].reason == "NotRequested"
    absent = said(upgraded(change))
    assert (absent["MonitoringReady"].reason, absent["Ready"].status) == ("CRDMissing", "True")
    world = World.of(change, served=OPTIONAL)
    world.converge()
    assert said(world)["MonitoringReady"].reason == "Applied"


def test_the_time_of_a_turn_stays_until_the_next_turn():
    ready = Condition(type="Ready", status="True", reason="A")
    first = written(ready)
    same = written(replace(ready, reason="B"), before=first, generation=2, now="t2")
    turned = written(replace(ready, status="False"), before=same, now="t3")

    assert [each[0]["lastTransitionTime"] for each in (first, same, turned)] == ["t1", "t1", "t3"]
    assert same[0]["observedGeneration"] == 2


def test_a_message_is_cut_and_a_generation_never_negative():
    found = written(Condition(type="Ready", status="True", reason="A", message="x" * 5000))

    assert len(found[0]["message"]) == conditions.MOST_CHARACTERS
    assert written(Condition(type="A", status="True", reason="A"), generation=-1)[0][
        "observedGeneration"
    ] == 0  # fmt: skip


def test_before_anything_was_looked_at_it_is_in_progress():
    resource = a_resource()
    wanted = status.waiting(resource, conditions.waiting("Leftovers", "waits"), "t1")

    assert kstatus({"metadata": {"generation": 1}, "status": wanted}) == IN_PROGRESS
    assert status.ready(wanted) == "Unknown"


def test_paused_from_the_start_is_in_progress_and_can_be_written():
    resource = a_resource()
    wanted = status.standing(resource, "scoreboard.dev/paused", (), "t1")

    assert wanted["observedGeneration"] == -1
    assert all(each["observedGeneration"] >= 0 for each in wanted["conditions"])
    assert kstatus({"metadata": {"generation": 1}, "status": wanted}) == IN_PROGRESS


def test_paused_keeps_what_was_last_seen_and_a_plan_comes_and_goes():
    world = upgraded()
    before = world.resource.status
    planned = status.standing(world.resource, "scoreboard.dev/plan", ["x" * 999] * 200, "t2")
    again = replace(world.resource, status=planned)
    paused = status.standing(again, "scoreboard.dev/paused", (), "t3")

    assert len(planned["plannedChanges"]) == status.MOST_CHANGES
    assert len(planned["plannedChanges"][0]) == status.MOST_CHARACTERS
    assert "plannedChanges" not in paused
    assert {k: v for k, v in paused.items() if k != "conditions"} == {
        k: v for k, v in before.items() if k != "conditions"
    }
    kept = {each["type"]: each["status"] for each in paused["conditions"]}
    assert (kept["Ready"], kept["Paused"], kept["Reconciling"]) == ("True", "True", "False")
    assert kstatus({"metadata": {"generation": 1}, "status": paused}) == CURRENT
    assert kstatus({"metadata": {"generation": 2}, "status": paused}) == IN_PROGRESS
    nothing = status.standing(world.resource, "scoreboard.dev/plan", (), "t2")
    assert nothing["plannedChanges"] == []


def test_a_status_says_what_serves_until_the_next_version_does():
    world = World.of(OLD)
    assert "version" not in world.look().status
    world.converge()
    world.edit(NEW)
    world.look()
    world.end_all()
    seen = []
    for role in ("broadcaster", "worker", "gateway"):
        seen.append(world.look().status["version"])
        world.roll(role)
        seen.append(world.look().status["version"])
        world.serve(role)

    assert seen == ["0.1.0"] * 6
    assert world.converge().status["version"] == "0.2.0"


def test_a_status_has_what_kubectl_scale_asks_for_and_every_object():
    world = upgraded()
    found = world.resource.status

    assert found["replicas"] == 1
    assert found["selector"].endswith("app.kubernetes.io/component=gateway")
    listed = {(each["kind"], each["name"]) for each in found["inventory"]}
    assert listed == set(world.objects)
    assert not status.differs(found, dict(found))


def test_events_tell_a_turn_once():
    world = World.of()
    seen: list[str] = []
    before: Any = []
    for _ in range(10):
        after = world.look().status["conditions"]
        seen += [event.reason for event in events.turns(before, after)]
        before = after
        world.serve()
        world.end_all()
    world.delete(kinds.DEPLOYMENT, "arcade-gateway")
    turned = events.turns(before, world.look().status["conditions"])

    assert seen[-1] == "Ready"
    assert seen.count("Ready") == 1
    assert [event.reason for event in turned] == ["Progressing", "NotServing"]


def test_events_tell_of_a_pause_and_its_end_and_of_what_is_stuck():
    world = upgraded()
    before = world.resource.status["conditions"]
    paused = status.standing(world.resource, "scoreboard.dev/paused", (), "t2")["conditions"]
    stalled = written(*said(world, trouble("SecretsReady")).values())

    assert [e.reason for e in events.turns(before, paused)] == ["Paused"]
    assert [e.reason for e in events.turns(paused, before)] == ["Resumed"]
    assert [e.reason for e in events.turns(before, stalled)] == ["Stalled"]
    assert events.turns(before, before) == []


def test_many_things_are_one_event():
    found = events.gathered("Pruned", [f"Job/{n:02}" for n in range(12)])

    assert len(found) == 1
    assert found[0].message.endswith("Job/09 and 2 more")
    assert events.gathered("Pruned", []) == []


def test_an_event_is_about_its_scoreboard_and_cut_to_what_the_server_takes():
    event = events.Event(reason="Stalled", message="x" * 5000)

    found = events.manifest(a_resource(), event, "pod-1", "t1", "abcd")

    assert (found["type"], found["metadata"]["name"]) == ("Warning", "arcade.abcd")
    assert found["involvedObject"]["uid"] == a_resource().uid
    assert len(found["message"]) <= 1024


def test_the_model_of_kstatus_knows_the_rest():
    assert kstatus({"metadata": {"generation": 1}}) == CURRENT
    assert kstatus({"metadata": {"deletionTimestamp": "now"}}) == TERMINATING
    assert status.ready({"conditions": [{"type": "Paused", "status": "True"}]}) == "Unknown"
