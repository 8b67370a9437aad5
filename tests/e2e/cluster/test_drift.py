"""Somebody changes or deletes a child: it is as declared again within 5 s, by the watch alone.

What others add stays, what others own is not touched, and when all is well nothing is written.
"""

import base64
from collections.abc import Iterator
from typing import Any

import pytest
from tests.e2e.cluster.api import Api, Object
from tests.e2e.cluster.boards import Board, a_board, declared, differing
from tests.e2e.cluster.operator_process import OperatorProcess
from tests.e2e.cluster.waiting import until

from scoreboard_operator import kinds, names
from scoreboard_operator.kinds import Kind

HEALED = 5.0
DRIFT, WRITES = "scoreboard_operator_drift_total", "scoreboard_operator_api_writes_total"
OURS = "app.kubernetes.io/component"
ELSEWHERE = base64.b64encode(b"postgresql://elsewhere/").decode()

# A child by its kind and the start of its name, and what somebody does to it.
CHANGES: list[tuple[Kind, str, Any]] = [
    (kinds.SECRET, "stores", {"data": {"database-url": ELSEWHERE}}),
    (kinds.SECRET, "keys", {"metadata": {"labels": {OURS: "mine"}}}),
    (kinds.SERVICE_ACCOUNT, "gateway", {"automountServiceAccountToken": True}),
    (kinds.CONFIG_MAP, "config-", {"metadata": {"labels": {OURS: "mine"}}}),
    (kinds.NETWORK_POLICY, "worker", {"spec": {"ingress": [{}]}}),
    (kinds.NETWORK_POLICY, "postgres", {"spec": {"podSelector": {"matchLabels": None}}}),
    (kinds.SERVICE, "gateway", {"spec": {"selector": {OURS: "worker"}}}),
    (kinds.SERVICE, "broadcaster", [{"op": "remove", "path": "/spec/ports/0/appProtocol"}]),
    (kinds.SERVICE, "worker-metrics", {"metadata": {"labels": None}}),
    (kinds.STATEFUL_SET, "valkey", {"metadata": {"labels": {OURS: "mine"}}}),
    (kinds.JOB, "migrate-", {"spec": {"activeDeadlineSeconds": 7}}),
    (kinds.DEPLOYMENT, "gateway", {"spec": {"progressDeadlineSeconds": 7}}),
    (kinds.DEPLOYMENT, "gateway", {"metadata": {"annotations": {"scoreboard.dev/release": "{}"}}}),
    (
        kinds.DEPLOYMENT,
        "worker",
        [{"op": "remove", "path": "/spec/template/spec/containers/0/readinessProbe"}],
    ),
    (kinds.DISRUPTION_BUDGET, "gateway", {"spec": {"maxUnavailable": 5}}),
    (kinds.AUTOSCALER, "worker", {"spec": {"maxReplicas": 9}}),
    (kinds.INGRESS, "", {"spec": {"rules": [{"host": "elsewhere.example.com"}]}}),
    (kinds.INGRESS, "", {"metadata": {"ownerReferences": None}}),
    (kinds.SERVICE, "gateway-metrics", {"metadata": {"ownerReferences": None, "labels": None}}),
]
DELETED: list[tuple[Kind, str]] = [
    (kinds.SERVICE_ACCOUNT, "gateway"),
    (kinds.CONFIG_MAP, "config-"),
    (kinds.NETWORK_POLICY, "postgres"),
    (kinds.SERVICE, "gateway"),
    (kinds.SERVICE, "broadcaster-metrics"),
    (kinds.STATEFUL_SET, "postgres"),
    (kinds.JOB, "contract-"),
    (kinds.DEPLOYMENT, "worker"),
    (kinds.DISRUPTION_BUDGET, "broadcaster"),
    (kinds.AUTOSCALER, "gateway"),
    (kinds.INGRESS, ""),
]


def child(board: Board, kind: Kind, start: str) -> Object:
    """The first whose name begins so."""
    name = f"{board.name}-{start}" if start else board.name
    found = sorted(board.children(kind), key=lambda each: each["metadata"]["name"])
    return next(each for each in found if each["metadata"]["name"].startswith(name))


def label(case: tuple[Any, ...]) -> str:
    kind, start, *change = case
    what = " ".join(str(*change).split("'")[1:6:2]) if change else ""
    return f"{kind.kind} {start} {what}".strip()


@pytest.mark.parametrize(("kind", "start", "change"), CHANGES, ids=map(label, CHANGES))
def test_a_field_that_somebody_changed_is_as_declared_again(
    board: Board, operator: OperatorProcess, kind: Kind, start: str, change: Any
) -> None:
    before = child(board, kind, start)
    name, counted = before["metadata"]["name"], operator.metric(DRIFT, kind=kind.kind)

    board.api.patch(kind, board.namespace, name, change)

    def healed() -> bool:
        now = board.api.get(kind, board.namespace, name)
        assert now is not None
        written = now["metadata"]["resourceVersion"] != before["metadata"]["resourceVersion"]
        return written and declared(now) == declared(before)

    until(healed, HEALED, lambda: str(board.api.get(kind, board.namespace, name)))
    until(lambda: operator.metric(DRIFT, kind=kind.kind) > counted, 2.0, "drift is counted")


@pytest.mark.parametrize(("kind", "start"), DELETED, ids=map(label, DELETED))
def test_a_child_that_somebody_deleted_is_there_again(
    board: Board, operator: OperatorProcess, kind: Kind, start: str
) -> None:
    before = child(board, kind, start)
    name, counted = before["metadata"]["name"], operator.metric(DRIFT, kind=kind.kind)
    # Whoever deletes a set of pods leaves them to the next one here: this is about the object.
    cascade = "orphan" if kind is kinds.STATEFUL_SET else "background"

    board.api.kubectl(
        "delete", kind.plural, name, "-n", board.namespace, f"--cascade={cascade}", "--wait=false"
    )

    def again() -> Object | None:
        now = board.api.get(kind, board.namespace, name)
        same = now is None or now["metadata"]["uid"] == before["metadata"]["uid"]
        return None if same else now

    now = until(again, HEALED, f"{kind.kind} {name} is there again")
    assert now["metadata"]["ownerReferences"] == before["metadata"]["ownerReferences"]
    assert now["metadata"]["labels"].items() <= before["metadata"]["labels"].items()
    until(lambda: operator.metric(DRIFT, kind=kind.kind) > counted, 2.0, "drift is counted")


def test_what_was_healed_is_told_once(board: Board, operator: OperatorProcess) -> None:
    def told() -> list[str]:
        return [each["message"] for each in board.events() if each["reason"] == "DriftHealed"]

    operator.settle()
    before, name = told(), f"{board.name}-worker"
    change = {"spec": {"maxUnavailable": 7}}
    board.api.patch(kinds.DISRUPTION_BUDGET, board.namespace, name, change)

    until(lambda: told()[len(before) :], HEALED, "an Event tells of it")
    operator.settle()
    assert told()[len(before) :] == [f"PodDisruptionBudget/{name}"]


def test_what_others_add_stays_and_is_no_drift(board: Board, operator: OperatorProcess) -> None:
    theirs = {"metadata": {"annotations": {"example.com/note": "kept"}, "labels": {"team": "blue"}}}
    counted = operator.metric(DRIFT)
    names_of = {"gateway": kinds.SERVICE, "worker": kinds.DEPLOYMENT, "valkey": kinds.STATEFUL_SET}
    for component, kind in names_of.items():
        board.api.patch(kind, board.namespace, f"{board.name}-{component}", theirs)
    # As a mutating webhook would: another variable in a container that is ours.
    board.api.kubectl(
        "set", "env", "-n", board.namespace, f"deployment/{board.name}-worker", "THEIRS=1"
    )

    versions = board.versions(*names_of.values())
    looks = operator.looks
    board.api.patch(  # something that is healed, so that all of it has been looked at
        kinds.SERVICE, board.namespace, f"{board.name}-gateway", {"spec": {"selector": {OURS: "x"}}}
    )
    until(lambda: operator.metric(DRIFT) == counted + 1, HEALED, "what is ours is healed")
    until(lambda: operator.looks > looks, HEALED, "the look has ended")
    board.wait_ready(60)

    for component, kind in names_of.items():
        metadata = board.there(kind, component)["metadata"]
        assert metadata["annotations"]["example.com/note"] == "kept"
        assert metadata["labels"]["team"] == "blue"
    assert {"name": "THEIRS", "value": "1"} in board.template("worker")["spec"]["containers"][0][
        "env"
    ]
    assert operator.metric(DRIFT) == counted + 1
    written = differing(versions, board.versions(kinds.STATEFUL_SET, kinds.SERVICE))
    assert not {each for each in written if each.startswith("StatefulSet")}


def test_replicas_are_the_autoscalers(board: Board, operator: OperatorProcess) -> None:
    def scale(replicas: int) -> None:
        """As an autoscaler does it, which is then content."""
        bounds = {"minReplicas": replicas, "maxReplicas": replicas}
        board.patch(gateway={"autoscaling": bounds})
        until(
            lambda: board.there(kinds.AUTOSCALER, "gateway")["spec"]["maxReplicas"] == replicas,
            HEALED,
            "the autoscaler has its bounds",
        )
        where = ("-n", board.namespace, f"deployment/{board.name}-gateway")
        board.api.kubectl("scale", *where, f"--replicas={replicas}")

    counted = operator.metric(DRIFT)
    scale(2)
    until(lambda: len(board.pods("gateway")) == 2, 20, "a second pod")
    looks = operator.looks
    board.annotate(looked_at="again")
    until(lambda: operator.looks > looks, HEALED, "it was looked at")

    found = board.there(kinds.DEPLOYMENT, "gateway")
    assert found["spec"]["replicas"] == 2
    ours = [m for m in found["metadata"]["managedFields"] if m["manager"] == names.MANAGER]
    assert "f:replicas" not in str(ours)
    assert operator.metric(DRIFT) == counted
    scale(1)
    until(lambda: len(board.pods("gateway")) == 1, 20, "one pod again")


@pytest.fixture
def paused(board: Board) -> Iterator[Board]:
    """Nothing is healed for the time of the test, unless it goes on earlier."""
    board.annotate(paused="true")
    board.wait("Paused", "True")
    yield board
    board.annotate(paused=None)


def test_a_foreign_object_with_a_childs_name_is_left_alone_and_said(paused: Board) -> None:
    board, name = paused, f"{paused.name}-gateway"
    board.api.delete(kinds.DISRUPTION_BUDGET, board.namespace, name)
    theirs = {"metadata": {"name": name}, "spec": {"maxUnavailable": 3}}
    made = board.api.create(kinds.DISRUPTION_BUDGET, board.namespace, theirs)

    board.annotate(paused=None)

    told = board.wait("GatewayReady", "False", "NameTaken", 10)
    assert told["message"].startswith(f"PodDisruptionBudget/{name} belongs to somebody else")
    assert board.condition("Stalled")["status"] == "True"
    now = board.there(kinds.DISRUPTION_BUDGET, "gateway")
    assert now["metadata"]["uid"] == made["metadata"]["uid"]
    assert now["spec"] == made["spec"]
    assert {each["manager"] for each in now["metadata"]["managedFields"]}.isdisjoint(
        {names.MANAGER}
    )
    board.api.delete(kinds.DISRUPTION_BUDGET, board.namespace, name)
    board.wait_ready(20)
    assert board.there(kinds.DISRUPTION_BUDGET, "gateway")["spec"]["maxUnavailable"] == 1


def test_a_foreign_object_is_left_alone_at_the_first_creation_too(board: Board, api: Api) -> None:
    theirs = {
        "metadata": {"name": "second-valkey", "labels": {"app.kubernetes.io/managed-by": "hand"}},
        "spec": {"ports": [{"port": 1}], "selector": {"app": "theirs"}},
    }
    made = api.create(kinds.SERVICE, board.namespace, theirs)
    second = Board(api, board.namespace, "second")
    try:
        second.apply(a_board("second"))

        told = second.wait("DatabaseMigrated", "False", "NameTaken", 15)
        assert "Service/second-valkey belongs to somebody else" in told["message"]
        assert second.condition("Stalled")["status"] == "True"
        now = api.get(kinds.SERVICE, board.namespace, "second-valkey")
        assert now is not None
        assert (now["metadata"]["uid"], now["spec"]) == (made["metadata"]["uid"], made["spec"])
    finally:
        api.delete(kinds.SCOREBOARD, board.namespace, "second")
        api.delete(kinds.SERVICE, board.namespace, "second-valkey")


def test_after_convergence_nothing_is_written_over_three_resyncs(
    board: Board, operator: OperatorProcess
) -> None:
    operator.settle()
    operator.restart(resync=2)
    # A new process applies everything once, which changes nothing.
    until(
        lambda: operator.metric(WRITES, kind="Ingress", outcome="unchanged"), 15, "it has applied"
    )
    operator.settle(1.0)
    writes, looks, versions = operator.metric(WRITES), operator.looks, board.versions()
    itself = board.now()["metadata"]["resourceVersion"]

    until(lambda: operator.looks >= looks + 4, 30, "at least three resyncs")

    assert operator.metric(WRITES) == writes
    for kind in kinds.OWNED:  # nor did the first look of the new process change anything
        assert operator.metric(WRITES, outcome="changed", kind=kind.kind) == 0, kind.kind
    assert differing(versions, board.versions()) == set()
    assert board.now()["metadata"]["resourceVersion"] == itself
    operator.restart()
