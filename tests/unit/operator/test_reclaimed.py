"""Taking back the parts of an object where somebody's additions make our intent invalid."""

from scoreboard_operator.ownership import applied_fields, belongs, reclaimed
from scoreboard_operator.resource import Resource

MANIFEST = {
    "apiVersion": "v1",
    "kind": "Service",
    "metadata": {"name": "arcade-gateway", "namespace": "play"},
    "spec": {"ports": [{"name": "http", "port": 80}], "selector": {}},
}
OURS = {
    "manager": "scoreboard-operator",
    "operation": "Apply",
    "apiVersion": "v1",
    "fieldsType": "FieldsV1",
    "fieldsV1": {"f:spec": {"f:selector": {}}},
}


RESOURCE = Resource(
    name="arcade", namespace="play", uid="1", generation=1, spec={}, status={}, annotations={}
)


def live(*entries):
    return {"metadata": {"managedFields": list(entries)}}


def entry(manager, fields, **more):
    return {"manager": manager, "operation": "Update", "fieldsV1": fields, **more}


def test_what_others_own_below_a_part_of_the_intent_becomes_ours_and_the_rest_stays_theirs():
    port = {'k:{"port":81}': {".": {}, "f:port": {}}}
    theirs = {
        "f:metadata": {"f:annotations": {"f:note": {}}},
        "f:spec": {"f:ports": port, "f:sessionAffinity": {}},
    }

    first, second = reclaimed(MANIFEST, live(OURS, entry("kubectl-patch", theirs)))

    assert first["manager"] == "scoreboard-operator"
    assert first["operation"] == "Apply"
    assert first["fieldsV1"] == {"f:spec": {"f:ports": port, "f:selector": {}}}
    assert second["manager"] == "kubectl-patch"
    assert second["fieldsV1"] == {
        "f:metadata": {"f:annotations": {"f:note": {}}},
        "f:spec": {"f:sessionAffinity": {}},
    }


def test_a_manager_with_nothing_left_is_dropped_and_the_status_is_never_taken():
    port = {"f:spec": {"f:ports": {}}}
    status = entry(
        "kube-controller-manager", {"f:status": {"f:loadBalancer": {}}}, subresource="status"
    )

    found = reclaimed(MANIFEST, live(OURS, entry("kubectl-edit", port), status))

    assert [each["manager"] for each in found] == ["scoreboard-operator", "kube-controller-manager"]
    assert found[1] == status


def test_an_object_whose_owner_was_taken_away_is_known_by_who_applied_it():
    assert belongs(RESOURCE, live(OURS))
    assert not belongs(RESOURCE, live(entry("kubectl", {"f:spec": {}})))
    assert not belongs(
        RESOURCE,
        {"metadata": {"ownerReferences": [{"uid": "another"}], "managedFields": [OURS]}},
    )
    assert applied_fields(live(entry("kubectl", {}))) == ""
