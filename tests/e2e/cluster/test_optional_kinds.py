"""APIs that a cluster may have or not: their absence hinders nothing, their coming heals it."""

import lzma
from collections.abc import Iterator
from typing import Any

import pytest
from tests.e2e.cluster.api import CRD, Api
from tests.e2e.cluster.boards import SOON, Board
from tests.e2e.cluster.clusters import ONENODE
from tests.e2e.cluster.operator_process import OperatorProcess
from tests.e2e.cluster.play import scored, signed_in, visiting, watching
from tests.e2e.cluster.waiting import until

from scoreboard_operator import kinds
from scoreboard_operator.kinds import Kind

MONITORS = "servicemonitors.monitoring.coreos.com"
RULES = "prometheusrules.monitoring.coreos.com"
CRDS = ONENODE / "addons/monitoring/crds.yaml.xz"
CLASS = Kind("gateway.networking.k8s.io/v1", "GatewayClass", "gatewayclasses")
GATEWAY = Kind("gateway.networking.k8s.io/v1", "Gateway", "gateways")
DISCOVERED = 30.0
OFTEN = "SCOREBOARD_OPERATOR_DISCOVER_SECONDS"


@pytest.fixture
def without_monitors(api: Api) -> Iterator[None]:
    """Only what this test installs is taken away again."""
    if api.get(CRD, None, MONITORS) or api.get(CRD, None, RULES):
        pytest.skip("the cluster has prometheus-operator already")
    if not CRDS.exists():
        pytest.skip(f"there is no {CRDS} to install a ServiceMonitor from")
    yield
    for name in (MONITORS, RULES):
        gone(api, name)


def gone(api: Api, name: str) -> None:
    api.delete(CRD, None, name)
    until(lambda: api.get(CRD, None, name) is None, SOON, f"{name} is gone")


def install(api: Api, name: str) -> None:
    # As text: a lone = in them is no string to PyYAML.
    found = lzma.decompress(CRDS.read_bytes()).decode().split("\n---\n")
    (crd,) = (each for each in found if f"\n  name: {name}\n" in each)
    api.kubectl("create", "-f", "-", given=crd)


@pytest.mark.usefixtures("without_monitors")
def test_a_monitor_waits_for_its_crd_and_nothing_waits_for_the_monitor(
    board: Board, operator: OperatorProcess, api: Api
) -> None:
    operator.restart(**{OFTEN: "1"})
    pods = board.all_pods()
    board.patch(monitoring={"enabled": True, "labels": {"release": "prometheus"}})
    try:
        told = board.wait("MonitoringReady", "False", "CRDMissing", 15)
        assert "no ServiceMonitor and no PrometheusRule: install prometheus" in told["message"]
        board.wait_ready(SOON)

        install(api, MONITORS)
        until(lambda: board.get(kinds.SERVICE_MONITOR), DISCOVERED, "the monitor is there")
        until(
            lambda: board.condition("MonitoringReady")["message"].startswith(
                "the cluster has no PrometheusRule: install"
            ),
            DISCOVERED,
            "only the other one is missed",
        )
        install(api, RULES)

        board.wait("MonitoringReady", "True", "Applied", DISCOVERED)
        monitor = board.there(kinds.SERVICE_MONITOR)
        assert monitor["metadata"]["labels"]["release"] == "prometheus"
        assert board.there(kinds.PROMETHEUS_RULE)["spec"]["groups"]
        assert operator.runs  # the same process
        until(
            lambda: heals(board, operator, kinds.SERVICE_MONITOR), DISCOVERED, "its drift is healed"
        )

        api.delete(CRD, None, MONITORS)
        board.wait("MonitoringReady", "False", "CRDMissing", DISCOVERED)
        assert operator.runs
        assert board.is_ready()
        assert board.all_pods() == pods
    finally:
        board.patch(monitoring={"enabled": False, "labels": None})
        operator.restart()


def heals(board: Board, operator: OperatorProcess, kind: Kind, component: str = "") -> bool:
    """Deletes a child; whether another one is there soon. It may not be listened to yet."""
    before = board.get(kind, component)
    if before is None:
        return False
    board.api.delete(kind, board.namespace, before["metadata"]["name"])
    try:
        until(lambda: board.get(kind, component), SOON, "a new one")
    except AssertionError:
        board.annotate(looked_at=str(operator.looks))
        return False
    return True


@pytest.mark.usefixtures("without_monitors")
def test_one_that_lost_a_kind_that_it_listened_to_listens_anew_and_ends_when_told(
    board: Board, operator: OperatorProcess, api: Api
) -> None:
    """kopf gives up then; it once took the signal with it."""
    install(api, RULES)
    operator.restart()  # asks for kinds every half minute: kopf is the first to see it
    before = operator.log().count("listens_anew")

    gone(api, RULES)

    until(lambda: operator.log().count("listens_anew") > before, DISCOVERED, "kopf gave up")
    assert operator.stop() == 0
    operator.start()
    install(api, RULES)
    operator.restart()
    gone(api, RULES)
    until(lambda: operator.log().count("listens_anew") > before + 1, DISCOVERED, "once more")
    until(lambda: heals(board, operator, kinds.AUTOSCALER, "gateway"), DISCOVERED, "it listens")
    assert operator.runs


@pytest.fixture
def gateway(board: Board, api: Api, ingress: str) -> Iterator[str]:
    """A Gateway of Traefik's where the Ingress controller listens."""
    if api.get(CLASS, None, "traefik") is None:
        pytest.skip("the cluster has no GatewayClass traefik")
    listener = {
        "name": "web",
        "port": int(ingress.rpartition(":")[2]),
        "protocol": "HTTP",
        "allowedRoutes": {"namespaces": {"from": "Same"}},
    }
    spec = {"gatewayClassName": "traefik", "listeners": [listener]}
    api.create(GATEWAY, board.namespace, {"metadata": {"name": "way-in"}, "spec": spec})
    yield "way-in"
    api.delete(GATEWAY, board.namespace, "way-in")


async def test_an_http_route_serves_http_and_sockets(
    board: Board, ingress: str, host: str, gateway: str
) -> None:
    pods = board.all_pods()
    board.patch(exposure={"type": "HTTPRoute", "gatewayRef": {"name": "nobody"}})
    try:
        board.wait("ExposureReady", "Unknown", "WaitingForGateway", 10)
        until(lambda: board.get(kinds.INGRESS) is None, SOON, "the Ingress is gone")
        board.patch(exposure={"gatewayRef": {"name": gateway}})
        board.wait("ExposureReady", "True", "Accepted", 15)
        board.wait_ready(SOON)

        async with visiting(ingress, host) as http, watching(http) as watcher:
            await watcher.subscribe(channel="scoreboard", board="main")
            ann = await signed_in(http)
            await scored(ann, "level")
            await watcher.until(lambda frame: ann.user_id in str(frame), "with the score")
        assert board.status["url"] == f"http://{host}"
        route = board.there(kinds.HTTP_ROUTE)
        hosts = [{"op": "replace", "path": "/spec/hostnames/0", "value": "elsewhere.example.com"}]
        board.api.patch(kinds.HTTP_ROUTE, board.namespace, board.name, hosts)
        until(
            lambda: board.there(kinds.HTTP_ROUTE)["spec"] == route["spec"], SOON, "drift is healed"
        )
        assert board.all_pods() == pods
    finally:
        board.patch(exposure={"type": "Ingress", "gatewayRef": None})
    until(lambda: board.get(kinds.INGRESS), SOON, "the Ingress is back")
    until(lambda: board.get(kinds.HTTP_ROUTE) is None, SOON, "the HTTPRoute is gone")


def a_crd(kind: Kind) -> dict[str, Any]:
    """Enough of one for the API server to serve the kind."""
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    version = {"name": kind.version, "served": True, "storage": True}
    names = {"kind": kind.kind, "plural": kind.plural, "singular": kind.kind.lower()}
    return {
        "metadata": {"name": f"{kind.plural}.{kind.group}"},
        "spec": {
            "group": kind.group,
            "scope": "Namespaced",
            "names": names,
            "versions": [{**version, "schema": {"openAPIV3Schema": schema}}],
        },
    }


def test_keda_takes_over_where_it_comes_and_gives_back_where_it_goes(
    board: Board, operator: OperatorProcess, api: Api
) -> None:
    """In one process: kopf gives up when an API that it watches has gone."""
    crd = a_crd(kinds.SCALED_OBJECT)
    name = crd["metadata"]["name"]
    if api.get(CRD, None, name) is not None:
        pytest.skip("the cluster has KEDA")
    operator.restart(**{OFTEN: "1"})
    pods = board.all_pods()
    before = board.there(kinds.AUTOSCALER, "worker")["metadata"]["uid"]
    board.patch(worker={"autoscaling": {"engine": "KEDA"}})
    try:
        board.wait_ready(SOON)
        assert board.there(kinds.AUTOSCALER, "worker")["metadata"]["uid"] == before

        api.create(CRD, None, crd)
        until(lambda: board.get(kinds.SCALED_OBJECT, "worker"), DISCOVERED, "KEDA is told")
        until(lambda: board.get(kinds.AUTOSCALER, "worker") is None, SOON, "the other one is gone")
        assert board.get(kinds.AUTOSCALER, "gateway") is not None
        until(
            lambda: heals(board, operator, kinds.SCALED_OBJECT, "worker"),
            DISCOVERED,
            "its drift is healed",
        )

        api.delete(CRD, None, name)
        until(lambda: board.get(kinds.AUTOSCALER, "worker"), DISCOVERED, "it scales by CPU again")
        board.wait_ready(DISCOVERED)
        assert operator.runs
        until(
            lambda: heals(board, operator, kinds.AUTOSCALER, "worker"),
            DISCOVERED,
            "the operator still listens",
        )
        assert board.all_pods() == pods
    finally:
        api.delete(CRD, None, name)
        board.patch(worker={"autoscaling": {"engine": "HPA"}})
        operator.restart()


def test_cloud_native_pg_where_it_is_not_is_said(board: Board, api: Api) -> None:
    if api.get(CRD, None, "clusters.postgresql.cnpg.io") is not None:
        pytest.skip("the cluster has CloudNativePG")
    spec = board.now()["spec"]
    other = Board(api, board.namespace, "native")
    manifest = {
        "apiVersion": kinds.SCOREBOARD.api_version,
        "kind": kinds.SCOREBOARD.kind,
        "metadata": {"name": "native"},
        "spec": {key: spec[key] for key in ("version", "boards", "actions")}
        | {
            "database": {"cloudNativePG": {"instances": 1}},
            "redis": {"secretRef": {"name": "none"}},
        },
    }
    try:
        other.apply(manifest)
        told = other.wait("DatabaseMigrated", "False", "CRDMissing", 10)
        assert "CloudNativePG is not installed" in told["message"]
        assert other.condition("Stalled")["status"] == "True"
    finally:
        api.delete(kinds.SCOREBOARD, board.namespace, "native")
