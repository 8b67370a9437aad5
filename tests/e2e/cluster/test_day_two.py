"""What an operator of the platform does later: pause it, ask what would happen, restart, compare."""

from typing import Any

import yaml
from tests.e2e.cluster.api import Object
from tests.e2e.cluster.boards import ROLES, ROLL, SOON, Board, differing
from tests.e2e.cluster.commands import Commands, manifest
from tests.e2e.cluster.operator_process import OperatorProcess
from tests.e2e.cluster.waiting import until

from scoreboard_operator import kinds

PLANNED = 20.0  # a dry run of every object
# What only a cluster knows: who the owner is, what the Secrets hold.
UNKNOWN = {"scoreboard.dev/release", "scoreboard.dev/secrets"}


def another(limits: Object) -> Object:
    """Limits that are not these."""
    return {"user": {**limits["user"], "count": limits["user"]["count"] - 1}}


def look_again(board: Board, operator: OperatorProcess) -> None:
    """Asks for one more look, and waits until it has ended."""
    operator.settle()
    looks = operator.looks
    board.annotate(looked_at=str(looks))
    until(lambda: operator.looks > looks, PLANNED, "it was looked at")
    operator.settle()


def test_paused_nothing_is_healed_and_a_new_spec_waits(
    board: Board, operator: OperatorProcess
) -> None:
    seen, before = board.status["observedGeneration"], board.now()["spec"]["limits"]
    board.annotate(paused="true")
    try:
        board.wait("Paused", "True", "Requested")
        name = f"{board.name}-worker"
        board.api.delete(kinds.DISRUPTION_BUDGET, board.namespace, name)
        board.api.patch(
            kinds.SERVICE_ACCOUNT, board.namespace, name, {"automountServiceAccountToken": True}
        )
        board.patch(limits=another(before))
        versions = board.versions()
        look_again(board, operator)

        assert differing(versions, board.versions()) == set()
        assert board.get(kinds.DISRUPTION_BUDGET, "worker") is None
        assert board.condition("Ready")["status"] == "True"
        assert board.condition("Reconciling")["status"] == "False"
        assert board.status["observedGeneration"] == seen
        assert "Paused" in board.reasons()
    finally:
        board.patch(limits=before)
        board.annotate(paused=None)

    until(lambda: board.get(kinds.DISRUPTION_BUDGET, "worker"), SOON, "it is healed")
    board.wait("Paused", "False")
    board.wait_ready(ROLL)
    assert board.there(kinds.SERVICE_ACCOUNT, "worker")["automountServiceAccountToken"] is False
    assert "Resumed" in board.reasons()


def test_a_plan_shows_what_would_change_and_changes_nothing(
    board: Board, operator: OperatorProcess, commands: Commands
) -> None:
    board.annotate(plan="true")
    before = board.now()["spec"]["limits"]
    try:
        until(lambda: board.status.get("plannedChanges") == [], PLANNED, "nothing would change")
        versions, pods = board.versions(), board.all_pods()
        board.patch(limits=another(before))

        planned = until(lambda: board.status.get("plannedChanges"), PLANNED, "changes are planned")
        look_again(board, operator)

        assert differing(versions, board.versions()) == set()
        assert board.all_pods() == pods
        assert any(line.startswith("ConfigMap/arcade-config-") for line in planned)
        assert any(line.startswith("Deployment/arcade-broadcaster ") for line in planned)
        assert not any(line.startswith("Deployment/arcade-worker ") for line in planned)
        assert board.status["plannedChanges"] == planned
        assert commands.run("plan", manifest(board.now())).out.splitlines() == planned
        (told, *_) = [e for e in reversed(board.events()) if e["reason"] == "Planned"]
        assert f"{len(planned)} changes" in told["message"]
        writes = operator.metric("scoreboard_operator_api_writes_total")
        look_again(board, operator)
        assert operator.metric("scoreboard_operator_api_writes_total") == writes
    finally:
        board.patch(limits=before)
        board.annotate(plan=None)

    until(lambda: "plannedChanges" not in board.status, SOON, "the plan is gone")
    board.wait_ready(ROLL)
    assert differing(versions, board.versions()) == set()


def test_a_plan_of_what_is_not_there_yet_creates_nothing(board: Board, commands: Commands) -> None:
    fresh = manifest(board.now())
    fresh["metadata"]["name"] = "fresh"
    before = board.versions()

    said = commands.run("plan", fresh)

    assert said.code == 2
    assert "Deployment/fresh-gateway: create" not in said.out  # its turn has not come
    assert "StatefulSet/fresh-postgres: create" in said.out.splitlines()
    assert board.api.get(kinds.STATEFUL_SET, board.namespace, "fresh-postgres") is None
    assert differing(before, board.versions()) == set()


def test_commands_say_what_is_wrong_and_what_to_do(board: Board, commands: Commands) -> None:
    bad = manifest(board.now(), {"auth": {"registration": "Maybe"}})
    for command in ("plan", "render"):
        said = commands.run(command, bad)
        assert said.code == 1
        assert "spec.auth.registration" in said.err
    nowhere = Commands({**commands.env, "KUBECONFIG": "/dev/null"})
    said = nowhere.run("plan", manifest(board.now()))
    assert (said.code, said.out) == (1, "")
    assert "KUBECONFIG" in said.err
    assert "Traceback" not in said.err


def generic(found: Object) -> Object:
    """Without what a render cannot know; a Job's name without its hash."""
    metadata = dict(found["metadata"])
    if found["kind"] == "Job":
        metadata["name"] = metadata["name"].rpartition("-")[0]
    return {**found, "metadata": metadata}


def are_named(items: list[Any]) -> bool:
    return bool(items) and all(isinstance(each, dict) and "name" in each for each in items)


def missing(wanted: Any, there: Any, path: str = "") -> list[str]:
    """What is rendered and not so in the cluster, which may have more."""
    if isinstance(wanted, dict) and isinstance(there, dict):
        return [
            line
            for key, value in wanted.items()
            if key not in UNKNOWN and value != {}
            for line in missing(value, there.get(key), f"{path}.{key}")
        ]
    if isinstance(wanted, list) and isinstance(there, list) and are_named(wanted):
        named = {each["name"]: each for each in there}
        return [
            line
            for w in wanted
            for line in missing(w, named.get(w["name"]), f"{path}[{w['name']}]")
        ]
    if isinstance(wanted, list) and isinstance(there, list) and len(wanted) == len(there):
        pairs = enumerate(zip(wanted, there, strict=True))
        return [line for at, (w, t) in pairs for line in missing(w, t, f"{path}[{at}]")]
    return [] if wanted == there else [f"{path}: {wanted!r} is {there!r}"]


def test_render_prints_what_is_applied(board: Board, commands: Commands) -> None:
    said = commands.run("render", manifest(board.now()))
    rendered = [generic(each) for each in yaml.safe_load_all(said.out)]
    live = [generic(each) for each in board.children() if each["kind"] != "Secret"]

    def key(found: Object) -> tuple[str, str]:
        return found["kind"], found["metadata"]["name"]

    assert said.code == 0, said.err
    by_key = {key(each): each for each in live}
    assert {key(each) for each in rendered} == set(by_key)
    for each in rendered:
        assert missing(each, by_key[key(each)], "/".join(key(each))) == []
    assert not any(each["kind"] == "Secret" for each in rendered)


def test_restart_at_restarts_each_role_in_its_turn_and_no_store(board: Board) -> None:
    pods = board.all_pods()
    made: dict[str, str] = {}
    at = f"2026-11-24T{len(board.events()):06d}"

    board.annotate(restart_at=at)
    until(lambda: not board.is_ready(), SOON, "it is on its way")
    board.wait_ready(ROLL)

    after = board.all_pods()
    assert {each for each in pods if not set(pods[each]) & set(after[each])} == set(ROLES)
    for role in ROLES:
        (name,) = after[role]
        pod = board.api.get(kinds.POD, board.namespace, name)
        assert pod is not None
        made[role] = pod["metadata"]["creationTimestamp"]
        assert pod["metadata"]["annotations"]["scoreboard.dev/restart-at"] == at
    assert list(made.values()) == sorted(made.values())
