"""What somebody else did to an object, told by what a real API server wrote into managedFields."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.unit.operator.scoreboards import UID, a_resource

from scoreboard_operator.ownership import Applied, applied_fields, belongs, left_over, reclaimed

CASES = yaml.safe_load((Path(__file__).parent / "managed_fields.yaml").read_text())
BY_WHAT = {case["what"]: case["managedFields"] for case in CASES}
MANIFEST = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "arcade-gateway", "namespace": "games"},
    "spec": {"template": {"spec": {"terminationGracePeriodSeconds": 40}}},
}


def an_object(what: str = "as applied", uid: str = "1") -> dict[str, Any]:
    return {**MANIFEST, "metadata": {"uid": uid, "managedFields": BY_WHAT[what]}}


def known() -> Applied:
    found = Applied()
    found.learn(MANIFEST, an_object())
    return found


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["what"])
def test_drift_is_what_touches_a_field_of_ours_and_nothing_else(case: dict):
    live = an_object(case["what"])

    assert known().holds(MANIFEST, live) == case["ours"]
    assert known().drifted(MANIFEST, live) != case["ours"]


def test_what_was_never_applied_is_neither_held_nor_drifted():
    assert not Applied().holds(MANIFEST, an_object())
    assert not Applied().drifted(MANIFEST, an_object())
    assert not Applied().drifted(MANIFEST, None)


def test_another_object_of_the_name_and_none_are_drift():
    assert not known().holds(MANIFEST, None)
    assert known().drifted(MANIFEST, None)
    assert not known().holds(MANIFEST, an_object(uid="2"))
    assert known().drifted(MANIFEST, an_object(uid="2"))


def test_a_new_intent_is_applied_and_is_no_drift():
    wanted = {**MANIFEST, "spec": {}}

    assert not known().holds(wanted, an_object())
    assert not known().drifted(wanted, an_object("another image"))


def test_what_was_pruned_and_is_wanted_again_is_no_drift():
    found = known()

    found.lose(an_object() | {"metadata": {**an_object()["metadata"], **MANIFEST["metadata"]}})

    assert not found.drifted(MANIFEST, None)


@pytest.mark.parametrize(
    ("namespace", "owner", "held"),
    [("games", "arcade", False), ("games", "other", True), ("elsewhere", "arcade", True)],
)
def test_a_scoreboard_that_is_gone_is_forgotten_alone(namespace: str, owner: str, held: bool):
    found = known()

    found.forget(namespace, owner)

    assert found.holds(MANIFEST, an_object()) == held


def test_status_and_updates_of_our_own_name_are_not_what_was_applied():
    entry = {"manager": "scoreboard-operator", "operation": "Apply", "fieldsV1": {"f:a": {}}}
    others = [{**entry, "operation": "Update"}, {**entry, "subresource": "status"}]

    assert applied_fields({"metadata": {"managedFields": others}}) == ""
    assert applied_fields({"metadata": {}}) == ""
    assert applied_fields({"metadata": {"managedFields": [entry]}}) != ""


def owned(uid: str, kind: str = "Scoreboard") -> dict[str, Any]:
    return {"metadata": {"ownerReferences": [{"kind": kind, "uid": uid}]}}


def test_an_object_belongs_to_its_owner_or_to_who_applied_it():
    resource = a_resource()

    assert belongs(resource, owned(UID))
    assert not belongs(resource, owned("an earlier one"))
    assert belongs(resource, an_object()), "somebody took the owner away"
    assert not belongs(resource, {"metadata": {}})


def test_what_an_earlier_scoreboard_left_is_known_by_its_owner():
    resource = a_resource()

    assert left_over(resource, owned("an earlier one"))
    assert not left_over(resource, owned(UID))
    assert not left_over(resource, owned("an earlier one", kind="ReplicaSet"))
    assert not left_over(resource, {"metadata": {}})


def test_only_what_lies_below_a_part_of_the_intent_is_taken_back():
    live = an_object("paused")

    fields = reclaimed(MANIFEST, live)

    ours = fields[0]["fieldsV1"]
    env = ours["f:spec"]["f:template"]["f:spec"]["f:containers"]['k:{"name":"gateway"}']["f:env"]
    assert 'k:{"name":"C"}' in env, "somebody's entry in our list"
    assert 'k:{"name":"A"}' in env, "and our own"
    left = {entry["manager"]: entry for entry in fields[1:]}
    assert left["kubectl-patch"]["fieldsV1"]["f:spec"] == {"f:paused": {}}
    assert left["kubectl-annotate"]["fieldsV1"] == BY_WHAT["paused"][1]["fieldsV1"]
    assert "kubectl-set" not in left, "it has nothing left"
    statuses = [e for e in fields if e.get("subresource")]
    assert statuses == [e for e in BY_WHAT["paused"] if e.get("subresource")]


def test_a_manager_without_fields_keeps_none():
    fields = reclaimed({**MANIFEST, "data": "text"}, {"metadata": {"managedFields": [
        {"manager": "a", "operation": "Update"},
        {"manager": "c", "operation": "Update", "fieldsV1": {"f:spec": {"f:paused": {}}}},
        {"manager": "b", "operation": "Update", "fieldsV1": {"f:data": {".": {}}, "f:x": {}}},
    ]}})  # fmt: skip

    assert [entry["manager"] for entry in fields] == ["scoreboard-operator", "c", "b"]
