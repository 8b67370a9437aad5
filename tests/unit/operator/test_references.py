"""What an object names is there, under that name, with that port and that key."""

from typing import Any

import pytest
from tests.unit.operator.cases import CASES, manifests
from tests.unit.operator.test_manifests import WORKLOADS, WORLDS, every, template

from scoreboard_operator import names
from scoreboard_operator.render.role import KEYS_FILE
from scoreboard_runtime.contract import endpoints


def find(case: str, kind: str, of: str) -> dict[str, Any]:
    (found,) = [
        each for each in manifests(case) if (each["kind"], each["metadata"]["name"]) == (kind, of)
    ]
    return found


def secrets(case: str) -> dict[str, set[str]]:
    """Secrets that are made or given, with their keys."""
    world = WORLDS[case]
    found = {m["metadata"]["name"]: set(m["data"]) for m in world.made().manifests}
    for _, said in (world.resource.database, world.resource.redis):
        if "key" in said:
            found[said["name"]] = {said["key"]}
    if world.resource.database[0] == "cloudNativePG":
        found[names.cloud_native_pg(world.resource)] = {"uri"}  # that operator's
    return found


def selected(case: str, labels: dict[str, str]) -> list[dict[str, Any]]:
    """The workloads whose pods carry these labels."""
    return [
        each
        for each in manifests(case)
        if each["kind"] in ("Deployment", "StatefulSet", "Job")
        and labels.items() <= template(each)["metadata"]["labels"].items()
    ]


def ports(workload: dict[str, Any]) -> dict[str, int]:
    containers = template(workload)["spec"]["containers"]
    return {p["name"]: p["containerPort"] for c in containers for p in c.get("ports", [])}


@every(*WORKLOADS)
def test_secrets_and_keys_in_them_are_there(case: str, manifest: dict[str, Any]):
    there = secrets(case)
    for container in template(manifest)["spec"]["containers"]:
        for variable in container["env"]:
            reference = variable.get("valueFrom", {}).get("secretKeyRef")
            if reference:
                assert reference["key"] in there[reference["name"]]
    for volume in template(manifest)["spec"]["volumes"]:
        if "secret" in volume:
            assert KEYS_FILE in there[volume["secret"]["secretName"]]


@every(*WORKLOADS)
def test_volumes_and_accounts_are_there(case: str, manifest: dict[str, Any]):
    spec = template(manifest)["spec"]
    claims = manifest["spec"].get("volumeClaimTemplates", [])
    volumes = {v["name"] for v in spec["volumes"]} | {c["metadata"]["name"] for c in claims}

    account = find(case, "ServiceAccount", spec["serviceAccountName"])
    assert account["automountServiceAccountToken"] is False
    for container in spec["containers"]:
        assert {mount["name"] for mount in container["volumeMounts"]} <= volumes


@pytest.mark.parametrize("case", [case for case in CASES if case != "upgrade"])
def test_configs_are_there(case: str):
    for each in manifests(case):
        if each["kind"] == "Deployment":
            for volume in template(each)["spec"]["volumes"]:
                if "configMap" in volume:
                    assert find(case, "ConfigMap", volume["configMap"]["name"])["immutable"]


def test_during_an_upgrade_the_config_of_the_old_release_is_kept_in_the_cluster():
    world = WORLDS["upgrade"]
    (config,) = [
        volume["configMap"]["name"]
        for volume in world.role("gateway")["spec"]["template"]["spec"]["volumes"]
        if "configMap" in volume
    ]

    assert config != world.plan().target.config
    assert config in world.plan().keep
    assert ("ConfigMap", config) in world.objects


@every("Service")
def test_a_service_leads_to_pods_that_have_the_port(case: str, manifest: dict[str, Any]):
    service = manifest
    workloads = selected(case, service["spec"]["selector"])

    assert len(workloads) == 1
    for port in service["spec"]["ports"]:
        assert port["targetPort"] in ports(workloads[0])


@every("NetworkPolicy")
def test_a_policy_is_about_pods_that_are_there_and_ports_that_they_have(
    case: str, manifest: dict[str, Any]
):
    policy = manifest
    (workload,) = selected(case, policy["spec"]["podSelector"]["matchLabels"])

    for rule in policy["spec"]["ingress"]:
        assert {port["port"] for port in rule["ports"]} <= set(ports(workload))
        for source in rule.get("from", []):
            roles = selected(case, source["podSelector"]["matchLabels"])
            assert len(roles) >= 5, "every role, the Jobs, the stores themselves"


@every("HorizontalPodAutoscaler", "ScaledObject")
def test_an_autoscaler_scales_a_deployment_and_asks_where_there_is_an_answer(
    case: str, manifest: dict[str, Any]
):
    scaler = manifest
    target = scaler["spec"]["scaleTargetRef"]
    find(case, target["kind"], target["name"])

    for trigger in scaler["spec"].get("triggers", []):
        if trigger["type"] == "metrics-api":
            host, _, rest = trigger["metadata"]["url"].removeprefix("http://").partition(":")
            service = find(case, "Service", host.partition(".")[0])
            port, _, path = rest.partition("/")
            assert [p["port"] for p in service["spec"]["ports"]] == [int(port)]
            assert f"/{path}" == endpoints.METRICS


@every("PodDisruptionBudget")
def test_a_budget_is_about_pods_that_are_there(case: str, manifest: dict[str, Any]):
    assert len(selected(case, manifest["spec"]["selector"]["matchLabels"])) == 1


@every("StatefulSet")
def test_a_stateful_set_has_its_service(case: str, manifest: dict[str, Any]):
    service = find(case, "Service", manifest["spec"]["serviceName"])

    assert service["spec"]["clusterIP"] == "None"


@every("Ingress", "HTTPRoute")
def test_the_way_in_leads_to_services_sockets_to_the_broadcaster(
    case: str, manifest: dict[str, Any]
):
    entry = manifest
    found = {}
    if entry["kind"] == "Ingress":
        for path in entry["spec"]["rules"][0]["http"]["paths"]:
            backend = path["backend"]["service"]
            found[path["path"]] = (backend["name"], backend["port"]["name"], "name")
    else:
        for rule in entry["spec"]["rules"]:
            (backend,) = rule["backendRefs"]
            found[rule["matches"][0]["path"]["value"]] = (backend["name"], backend["port"], "port")

    pushed = [endpoints.WEBSOCKET_PATH, endpoints.STREAM_PATH]
    assert list(found) == [*pushed, "/"], "the longer path first"
    for of, port, key in found.values():
        assert port in [each[key] for each in find(case, "Service", of)["spec"]["ports"]]
    for path in pushed:
        assert found[path][0].endswith("-broadcaster")
    assert found["/"][0].endswith("-gateway")


@every("ServiceMonitor")
def test_the_monitor_selects_the_metrics_of_the_three_roles(case: str, manifest: dict[str, Any]):
    monitor = manifest
    wanted = monitor["spec"]["selector"]["matchLabels"].items()
    services = [
        each
        for each in manifests(case)
        if each["kind"] == "Service" and wanted <= each["metadata"]["labels"].items()
    ]

    assert len(services) == 3
    for service in services:
        assert monitor["spec"]["endpoints"][0]["port"] in [
            p["name"] for p in service["spec"]["ports"]
        ]


def test_sockets_pass_a_gateway_untouched():
    route = find("route", "HTTPRoute", "quiz")
    service = find("route", "Service", "quiz-broadcaster")

    assert route["spec"]["rules"][0]["timeouts"] == {"request": "0s"}
    assert service["spec"]["ports"][0]["appProtocol"] == "kubernetes.io/ws"
    assert route["spec"]["parentRefs"] == [
        {"name": "web", "namespace": "edge", "sectionName": "https"}
    ]
