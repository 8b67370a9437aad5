"""Every part of the spec, edited: the effect arrives where it must, and nothing else is touched."""

import asyncio
import json
import time
from datetime import datetime
from itertools import pairwise
from typing import Any

import aiohttp
import pytest
from tests.e2e.cluster.boards import ROLES, ROLL, SOON, Board, differing, id_of
from tests.e2e.cluster.commands import Commands, manifest
from tests.e2e.cluster.operator_process import OperatorProcess
from tests.e2e.cluster.play import scored, signed_in, status_of, visiting
from tests.e2e.cluster.waiting import until

from scoreboard_operator import kinds
from scoreboard_runtime.contract import crd

HEARD = 15.0  # until an ingress controller obeys
# What is written first when the config is another one; the other roles follow, each in its turn.
CONFIG = {"ConfigMap/arcade-config-#: create", "Deployment/arcade-broadcaster"}
MIGRATES = {"Job/arcade-migrate-#: create"}
INGRESS = {"Ingress/arcade"}
NEW_CLASS = {"exposure": {"ingressClassName": "another"}}
TLS = {"exposure": {"tls": {"secretName": "arcade-tls"}}}
OPEN = {"Service/arcade-gateway", "Service/arcade-broadcaster"}
LIMIT = {"count": 7, "per": "1m"}

# A part of the spec, what it becomes, and every object that this changes at once.
PARTS: list[tuple[str, dict[str, Any], set[str]]] = [
    ("nothing", {}, set()),
    ("boards", {"boards": [{"name": "main", "size": 25}]}, CONFIG),
    ("visibility", {"boards": [{"name": "main", "visibility": "Authenticated"}]}, CONFIG),
    ("actions", {"actions": [{"name": "other", "points": 1}]}, CONFIG),
    ("global limit", {"limits": {"global": LIMIT}}, CONFIG),
    ("address limit", {"limits": {"address": LIMIT}}, CONFIG),
    ("user limit", {"limits": {"user": LIMIT}}, CONFIG),
    ("registration", {"auth": {"registration": "Closed"}}, CONFIG),
    ("tokens", {"auth": {"tokenTTL": "5m", "refreshTTL": "20d"}}, CONFIG),
    ("signing", {"security": {"signing": "Optional"}}, CONFIG),
    ("cache", {"cache": {"l1TTL": "2s", "refresh": "Lazy"}}, CONFIG),
    ("realtime", {"realtime": {"maxRate": 5, "maxConnections": 100}}, CONFIG),
    ("origins", {"exposure": {"allowedOrigins": ["https://play.example.com"]}}, CONFIG),
    ("the same, said otherwise", {"cache": {"l2TTL": "60s"}, "gateway": {}}, set()),
    ("image", {"image": "localhost/other:1"}, MIGRATES),
    ("version", {"version": "0.2.0", "image": None}, CONFIG - {"Deployment/arcade-broadcaster"} | MIGRATES),
    ("host", {"exposure": {"host": "other.example.com"}}, INGRESS),
    ("ingress class", NEW_CLASS, INGRESS),
    ("tls", TLS, INGRESS),
    ("load balancer", {"exposure": {"type": "LoadBalancer", "host": None}}, {"Ingress/arcade: delete"} | OPEN),
    ("no way in", {"exposure": {"type": "None", "host": None}}, {"Ingress/arcade: delete"}),
    ("monitoring", {"monitoring": {"enabled": False, "labels": {"team": "blue"}}}, set()),
    *(
        (f"{role} {what}", {role: change}, {f"{kind}/arcade-{role}"})
        for role in ROLES
        for what, change, kind in (
            ("replicas", {"autoscaling": {"maxReplicas": 5}}, "HorizontalPodAutoscaler"),
            ("CPU", {"autoscaling": {"targetCPU": 55}}, "HorizontalPodAutoscaler"),
            ("resources", {"resources": {"limits": {"memory": "300Mi"}}}, "Deployment"),
        )
    ),
]  # fmt: skip


def changed(lines: str) -> set[str]:
    """Objects of a plan's lines, without what is different in them; hashes in names are #."""
    found = set()
    for line in lines.splitlines():
        where, _, what = line.partition(" ")
        name, whole = (where.rstrip(":"), f": {what}") if where.endswith(":") else (where, "")
        if name.partition("/")[0] in ("ConfigMap", "Job"):
            name = f"{name.rpartition('-')[0]}-#"
        found.add(name + whole)
    return found


@pytest.mark.parametrize(("change", "expected"), [c[1:] for c in PARTS], ids=[c[0] for c in PARTS])
def test_an_edit_changes_these_objects_and_no_others(
    board: Board, commands: Commands, change: dict[str, Any], expected: set[str]
) -> None:
    before = board.versions()

    said = commands.run("plan", manifest(board.now(), change))

    assert changed(said.out) == expected, said.err
    assert said.code == (2 if expected else 0)
    assert differing(before, board.versions()) == set()


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def pod_of(board: Board, role: str) -> dict[str, Any]:
    (name,) = board.pods(role)
    found = board.api.get(kinds.POD, board.namespace, name)
    assert found is not None
    return found


def ready_since(pod: dict[str, Any]) -> datetime:
    (found,) = (each for each in pod["status"]["conditions"] if each["type"] == "Ready")
    assert found["status"] == "True"
    return moment(found["lastTransitionTime"])


def assert_rolled_in_order(board: Board) -> None:
    """Each role's pod was made after the pod of the role before was ready."""
    pods = [pod_of(board, role) for role in ROLES]
    for before, after in pairwise(pods):
        assert ready_since(before) <= moment(after["metadata"]["creationTimestamp"])


async def test_config_arrives_role_by_role_and_restarts_nothing_else(
    board: Board, operator: OperatorProcess, ingress: str, host: str
) -> None:
    before, pods = board.versions(), board.all_pods()
    live = board.now()["spec"]
    change = {
        "boards": [{"name": "main", "size": live["boards"][0]["size"] + 1}],
        "actions": [*live["actions"], {"name": f"new{len(live['actions'])}", "points": 7}],
        "limits": {"user": {"count": 999_999, "per": "1s"}},
        "auth": {"tokenTTL": "10m"},
        "cache": {"l1TTL": "500ms"},
        "realtime": {"maxRate": 20},
        "exposure": {"allowedOrigins": [f"http://{host}"]},
    }

    board.patch(**change)
    until(lambda: not board.is_ready(), SOON, "the new generation is on its way")
    board.wait_ready(ROLL)
    operator.settle()

    assert_rolled_in_order(board)
    (config,) = board.children(kinds.CONFIG_MAP)  # the one before is gone
    told = crd.defaults(json.loads(config["data"]["scoreboard.json"])["spec"])
    parts = ("boards", "actions", "limits", "auth", "cache", "realtime")
    spec = board.now()["spec"]
    assert {key: told[key] for key in parts} == {key: spec[key] for key in parts}
    now = board.all_pods()
    assert {each for each in pods if pods[each] == now[each]} == {"postgres", "valkey"}
    written = differing(before, board.versions())
    assert {each.partition("/")[0] for each in written} == {"ConfigMap", "Deployment"}, written
    until(lambda: not board.leaving(), ROLL, "only pods with the new config are left")
    async with visiting(ingress, host) as http:
        ann = await signed_in(http)
        lives = moment(ann.session["expiresAt"]) - datetime.now().astimezone()
        assert 590 < lives.total_seconds() <= 601
        assert (await scored(ann, f"new{len(live['actions'])}"))["points"] == 7
        policy = (await ann.execute("level")).headers["RateLimit-Policy"]
        assert "999999" in policy
        with pytest.raises(aiohttp.WSServerHandshakeError, match="403"):
            async with http.ws_connect("/ws", origin="http://elsewhere.example.com"):
                pass
        async with http.ws_connect("/ws", origin=f"http://{host}"):
            pass


def test_autoscaling_arrives_in_the_autoscaler_and_restarts_nobody(board: Board) -> None:
    pods = board.all_pods()
    deployments = board.versions(kinds.DEPLOYMENT)
    now = board.now()["spec"]["gateway"]["autoscaling"]["targetCPU"]
    wanted = 61 if now != 61 else 62

    board.patch(**{role: {"autoscaling": {"targetCPU": wanted}} for role in ROLES})

    def arrived(role: str) -> bool:
        (metric,) = board.there(kinds.AUTOSCALER, role)["spec"]["metrics"]
        return bool(metric["resource"]["target"]["averageUtilization"] == wanted)

    for role in ROLES:
        until(lambda role=role: arrived(role), SOON, f"the autoscaler of {role} has it")
    board.wait_ready(SOON)
    assert board.all_pods() == pods
    assert board.versions(kinds.DEPLOYMENT) == deployments


def test_resources_of_one_role_restart_this_role_alone(board: Board) -> None:
    pods = board.all_pods()
    now = board.template("worker")["spec"]["containers"][0]["resources"]["limits"]["memory"]
    wanted = "300Mi" if now == "400Mi" else "400Mi"

    board.patch(worker={"resources": {"limits": {"memory": wanted}}})
    until(
        lambda: board.pods("worker") != pods["worker"] and board.is_ready(),
        ROLL,
        lambda: f"the worker has another pod; {board.said()}",
    )

    (container,) = pod_of(board, "worker")["spec"]["containers"]
    assert container["resources"]["limits"]["memory"] == wanted
    after = board.all_pods()
    assert {each for each in pods if pods[each] != after[each]} == {"worker"}


async def test_another_host_leads_here_and_the_old_one_does_not(
    board: Board, ingress: str, host: str
) -> None:
    pods, other = board.all_pods(), f"other-{host}"
    board.patch(exposure={"host": other})
    try:
        board.wait_ready(SOON)
        assert board.status["url"] == f"http://{other}"
        async with visiting(ingress, other) as http, visiting(ingress, host) as before:
            deadline = time.monotonic() + HEARD
            while True:
                found = await status_of(http, "/"), await status_of(before, "/")
                if found == (200, 404):
                    break
                assert time.monotonic() < deadline, found
                await asyncio.sleep(0.1)
        assert board.all_pods() == pods
    finally:
        board.patch(exposure={"host": host})


def test_load_balancers_have_addresses_that_the_page_is_told(
    board: Board, operator: OperatorProcess, host: str
) -> None:
    """What a cloud would write into the Services, the test does."""
    drift = operator.metric("scoreboard_operator_drift_total")
    board.patch(exposure={"type": "LoadBalancer", "host": None})
    try:
        board.wait("ExposureReady", "False", "AddressPending", 10)
        assert board.condition("Ready")["status"] == "Unknown"
        until(lambda: board.get(kinds.INGRESS) is None, SOON, "the Ingress is gone")
        for component, address in (("gateway", "192.0.2.1"), ("broadcaster", "192.0.2.2")):
            assert board.there(kinds.SERVICE, component)["spec"]["type"] == "LoadBalancer"
            told = {"status": {"loadBalancer": {"ingress": [{"ip": address}]}}}
            path = f"{board.name}-{component}/status"
            board.api.patch(kinds.SERVICE, board.namespace, path, told)

        board.wait("ExposureReady", "True", "AddressAssigned", 10)
        board.wait_ready(ROLL)

        assert board.status["url"] == "http://192.0.2.1"
        env = board.template("gateway")["spec"]["containers"][0]["env"]
        assert {"name": "SCOREBOARD_WEBSOCKET_URL", "value": "ws://192.0.2.2/ws"} in env
    finally:
        board.patch(exposure={"type": "Ingress", "host": host})
    until(lambda: board.get(kinds.INGRESS) is not None, SOON, "the Ingress is back")
    board.wait_ready(ROLL)
    assert board.there(kinds.SERVICE, "gateway")["spec"]["type"] == "ClusterIP"
    assert operator.metric("scoreboard_operator_drift_total") == drift  # what was pruned is back


def test_another_image_migrates_first_and_then_rolls_in_order(
    board: Board, images: dict[str, str]
) -> None:
    """The image with the stores has the roles too: one that is really another."""
    pods, live = board.all_pods(), board.now()["spec"]
    migrated = {id_of(each) for each in board.children(kinds.JOB)}
    other = f"{images['stores']}:{live['version']}"

    board.patch(image=other if live.get("image") != other else None)
    until(lambda: not board.is_ready(), SOON, "the new generation is on its way")
    board.wait_ready(ROLL)

    assert_rolled_in_order(board)
    after = board.all_pods()
    assert {each for each in pods if pods[each] == after[each]} == {"postgres", "valkey"}
    new = [each for each in board.children(kinds.JOB) if id_of(each) not in migrated]
    first = pod_of(board, "broadcaster")["metadata"]["creationTimestamp"]
    ended = {
        each["metadata"]["name"].split("-")[1]: each["status"]["completionTime"] for each in new
    }
    assert moment(ended["migrate"]) <= moment(first)
    assert moment(ended["contract"]) >= ready_since(pod_of(board, "gateway"))
