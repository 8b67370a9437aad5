"""The operator with the chart's rights, whole cluster and namespaces: it needs them, and no other."""

import asyncio
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.e2e.cluster.api import Api
from tests.e2e.cluster.helm import NO_HELM, Helm, found, is_hook
from tests.e2e.cluster.proxy import Upstream, upstream
from tests.e2e.cluster.quick import board, namespace, quick
from tests.e2e.cluster.recorder import Asked, Recorder, Right
from tests.e2e.cluster.replicas import Replica, replica

from scoreboard_operator import kinds, names, rbac
from scoreboard_operator.kinds import Kind

LABELS = {"app": "spare"}
TEMPLATE = {
    "metadata": {"labels": LABELS},
    "spec": {"containers": [{"name": "spare", "image": "localhost/scoreboard:0.1.0"}]},
}
SELECTOR = {"matchLabels": LABELS}
MANAGED = {"database": {"managed": {"storage": "1Gi"}}, "redis": {"managed": {"storage": "1Gi"}}}
WATCHED = {"enabled": True, "alerts": {"grafana": {"url": "https://grafana.example.com/hook"}}}
SPARE: dict[Kind, dict[str, Any]] = {
    kinds.NETWORK_POLICY: {"podSelector": {}},
    kinds.SERVICE: {"ports": [{"port": 80}]},
    kinds.STATEFUL_SET: {"replicas": 0, "selector": SELECTOR, "serviceName": "spare", "template": TEMPLATE},
    kinds.DEPLOYMENT: {"replicas": 0, "selector": SELECTOR, "template": TEMPLATE},
    kinds.JOB: {"suspend": True, "template": {"spec": {**TEMPLATE["spec"], "restartPolicy": "Never"}}},
    kinds.DISRUPTION_BUDGET: {"maxUnavailable": 1, "selector": SELECTOR},
    kinds.AUTOSCALER: {"maxReplicas": 1, "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "spare"}},
    kinds.INGRESS: {"defaultBackend": {"service": {"name": "spare", "port": {"number": 80}}}},
    kinds.HTTP_ROUTE: {"rules": []},
    kinds.SERVICE_MONITOR: {"selector": {}, "endpoints": []},
    kinds.PROMETHEUS_RULE: {"groups": []},
    kinds.ALERTMANAGER_CONFIG: {"receivers": [{"name": "spare"}], "route": {"receiver": "spare"}},
    kinds.SCALED_OBJECT: {"scaleTargetRef": {"name": "spare"}, "triggers": [{"type": "cpu", "metadata": {"value": "50"}}]},
    kinds.CLUSTER: {"instances": 1, "storage": {"size": "1Gi"}},
}  # fmt: skip
SECONDS = 90.0
BOARD = "rights"


@pytest.fixture
def helm() -> Helm:
    program = found("helm") or found("helm4")
    if program is None:
        pytest.skip(NO_HELM.format("helm"))
    return Helm(program)


async def eventually(condition: Callable[[], Any], what: str) -> None:
    async def true() -> None:
        while not await condition():
            await asyncio.sleep(0.1)

    try:
        await asyncio.wait_for(true(), SECONDS)
    except TimeoutError:
        raise AssertionError(f"in {SECONDS:g} s it never came true: {what}") from None


@asynccontextmanager
async def account(
    api: Api, helm: Helm, home: str, watched: list[str], folder: Path
) -> AsyncIterator[tuple[Upstream, list[Any]]]:
    """The API server as the chart's service account sees it, and that account's roles."""
    values = {"fullnameOverride": home, "watchNamespaces": watched, "crds": {"enabled": False}}
    kept = {"ServiceAccount", "ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding"}
    objects = [
        each
        for each in helm.rendered(values, namespace=home)
        if each["kind"] in kept and not is_hook(each)
    ]
    api.kubectl("apply", "-f", "-", given={"apiVersion": "v1", "kind": "List", "items": objects})
    try:
        told = yaml.safe_load(api.kubeconfig.read_text())
        token = api.kubectl("create", "token", home, "-n", home).strip()
        for user in told["users"]:
            user["user"] = {"token": token}
        (folder / "kubeconfig").write_text(yaml.safe_dump(told))
        async with upstream(folder / "kubeconfig") as found_:
            yield found_, objects
    finally:
        api.kubectl("delete", "--ignore-not-found", "--wait=false", "-f", "-",
                    given={"apiVersion": "v1", "kind": "List", "items": objects})  # fmt: skip


async def live(server: Upstream, space: str, served: list[Kind]) -> None:
    """Install, edit, drift, prune: everything that a board goes through."""

    async def ready() -> bool:
        scoreboard = await server.find(kinds.SCOREBOARD, space, BOARD)
        told = {c["type"]: c["status"] for c in scoreboard.get("status", {}).get("conditions", [])}
        return told.get("Ready") == "True" and told.get("Reconciling") == "False"

    made = await server.call(
        "POST", kinds.SCOREBOARD.path(space), board(BOARD, **MANAGED, monitoring=WATCHED)
    )
    await eventually(ready, "it is ready")
    gone = kinds.DEPLOYMENT.path(space, f"{BOARD}-gateway")
    uid = (await server.find(kinds.DEPLOYMENT, space, f"{BOARD}-gateway"))["metadata"]["uid"]
    await server.call("DELETE", gone)

    async def healed() -> bool:
        again = await server.find(kinds.DEPLOYMENT, space, f"{BOARD}-gateway")
        return again is not None and again["metadata"]["uid"] != uid and await ready()

    await eventually(healed, "the gateway is made again")
    for kind in served:
        await server.call("POST", kind.path(space), _spare(kind, made["metadata"]["uid"]))

    async def pruned() -> bool:
        return not [k for k in served if await server.find(k, space, "spare")]

    await eventually(pruned, "what is not wanted is pruned")
    if kinds.HTTP_ROUTE in served:
        way = {"type": "HTTPRoute", "gatewayRef": {"name": "gateway"}}
        path = kinds.SCOREBOARD.path(space, BOARD)
        await server.call("PATCH", path, {"spec": {"exposure": way}})

        async def routed() -> bool:
            route = await server.find(kinds.HTTP_ROUTE, space, BOARD)
            return bool(route) and not await server.find(kinds.INGRESS, space, BOARD)

        await eventually(routed, "the route is there instead of the ingress")


def _spare(kind: Kind, owner: str) -> dict[str, Any]:
    """Of the board, and not wanted."""
    reference = {"apiVersion": kinds.SCOREBOARD.api_version, "kind": kinds.SCOREBOARD.kind}
    reference |= {"name": BOARD, "uid": owner, "controller": True, "blockOwnerDeletion": False}
    labels = {names.MANAGED_BY: names.MANAGER, names.INSTANCE: BOARD}
    metadata = {"name": "spare", "labels": labels, "ownerReferences": [reference]}
    head = {"apiVersion": kind.api_version, "kind": kind.kind, "metadata": metadata}
    return {**head, "spec": SPARE[kind]} if kind in SPARE else head


async def leads(operator: Replica) -> None:
    async def leader() -> bool:
        assert operator.runs, operator.told()
        return (await operator.health()).get("role") == "leader"

    await operator.start()
    await eventually(leader, "the operator acts")


async def served(server: Upstream) -> frozenset[Kind]:
    """The owned kinds that this cluster has."""
    found: set[Kind] = set()
    for kind in kinds.OWNED:
        root = kind.path(None).rpartition("/")[0]
        async with server.http.get(f"{server.host}{root}", headers=server.headers) as answer:
            if answer.status == 200:
                plurals = {each["name"] for each in (await answer.json())["resources"]}
                found |= {kind} if kind.plural in plurals else set()
    return frozenset(found)


def granted(objects: list[Any]) -> set[Right]:
    roles = [
        each
        for each in objects
        if each["kind"] in ("ClusterRole", "Role") and "aggregate" not in str(each["metadata"])
    ]
    return {
        (group, resource, verb)
        for role in roles
        for rule in role["rules"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    }


async def may(server: Upstream, user: str, asked: Asked) -> bool:
    """Whether the API server would let this account do this very thing, unnarrowed."""
    resource, _, sub = asked.resource.partition("/")
    attributes = {
        "group": asked.group,
        "resource": resource,
        "subresource": sub,
        "verb": asked.verb,
    }
    attributes |= {"namespace": asked.namespace, "name": asked.name}
    body = {
        "spec": {"user": user, "groups": ["system:authenticated"], "resourceAttributes": attributes}
    }
    path = "/apis/authorization.k8s.io/v1/subjectaccessreviews"
    return bool((await server.call("POST", path, body))["status"]["allowed"])


async def test_everywhere_it_asks_for_all_it_may_and_for_nothing_else(
    api: Api, helm: Helm, tmp_path: Path
) -> None:
    async with (
        upstream(api.kubeconfig) as server,
        quick(server, "rights") as pods,
        account(api, helm, pods.namespace, [], tmp_path) as (own, objects),
    ):
        space = pods.namespace
        here = await served(server)
        plurals = frozenset(r for rule in rbac.boards() for r in rule.resources)
        recorder = Recorder(own, namespace=space, narrowed=plurals)
        await recorder.start()
        try:
            env = {"SCOREBOARD_OPERATOR_NAMESPACES": "", "SCOREBOARD_OPERATOR_LEASE": space}
            async with replica(recorder, space, **env) as operator:
                await leads(operator)
                await live(
                    server, space, [k for k in kinds.OWNED if k in here and k is not kinds.SECRET]
                )
                operator.send(signal.SIGTERM)
                assert await operator.ended() == 0
        finally:
            await recorder.stop()

        user = f"system:serviceaccount:{space}:{space}"
        wide = [asked for asked in recorder.asked if not asked.namespace]
        absent = {kind.plural for kind in kinds.OWNED if kind not in here}
        unasked = granted(objects) - {asked.right for asked in recorder.asked}

        assert recorder.refused == []
        assert {asked.verb for asked in wide} == {"list", "watch"}
        assert [asked for asked in wide if not await may(server, user, asked)] == []
        # What cannot be asked here: APIs that this cluster does not have, the same rule as for others.
        assert {right for right in unasked if right[1] not in absent} == set()


async def test_with_namespaces_it_does_with_roles_there_and_a_lease_at_home(
    api: Api, helm: Helm, tmp_path: Path
) -> None:
    async with (
        upstream(api.kubeconfig) as server,
        quick(server, "rights") as pods,
        namespace(server, "rights-home") as home,
        account(api, helm, home, [pods.namespace], tmp_path) as (own, _),
    ):
        recorder = Recorder(own)
        await recorder.start()
        try:
            env = {
                "SCOREBOARD_OPERATOR_NAMESPACES": pods.namespace,
                "SCOREBOARD_OPERATOR_NAMESPACE": home,
                "SCOREBOARD_OPERATOR_LEASE": home,
            }
            async with replica(recorder, pods.namespace, **env) as operator:
                await leads(operator)
                await live(server, pods.namespace, [kinds.CONFIG_MAP, kinds.DEPLOYMENT])
                operator.send(signal.SIGTERM)
                assert await operator.ended() == 0
        finally:
            await recorder.stop()

        at_home = {asked.right for asked in recorder.asked if asked.namespace == home}

        assert recorder.refused == []
        assert {asked for asked in recorder.asked if not asked.namespace} == set()
        written = {right for right in at_home if right[2] not in ("get", "list", "watch")}
        assert written == {(kinds.LEASE.group, "leases", verb) for verb in ("create", "update")}
