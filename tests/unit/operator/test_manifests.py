"""What every object of every case has, whatever the Scoreboard."""

import json
import re
from collections.abc import Callable, Iterator
from functools import wraps
from typing import Any

import pytest
from tests.unit.operator.cases import CASES, manifests, world
from tests.unit.operator.scoreboards import ENTROPY, IMAGES, UID

from scoreboard_operator import kinds, names
from scoreboard_operator.release import ANNOTATION, of
from scoreboard_operator.render import parts, render
from scoreboard_runtime.contract import endpoints

WORKLOADS = ("Deployment", "StatefulSet", "Job")
TOLD = {value for name, value in vars(endpoints).items() if name.startswith("ENV_")}


Check = Callable[[str, dict[str, Any]], None]


def every(*chosen: str) -> Callable[[Check], Callable[[str], None]]:
    """Asks a test of each object of these kinds, or of all; one test a case, or there are 2000."""

    def wrapped(check: Check) -> Callable[[str], None]:
        @pytest.mark.parametrize("case", CASES)
        @wraps(check)
        def test(case: str) -> None:
            for manifest in manifests(case):
                if not chosen or manifest["kind"] in chosen:
                    check(case, manifest)

        # Otherwise pytest asks for the arguments of what is wrapped.
        del test.__wrapped__  # type: ignore[attr-defined]
        return test

    return wrapped


def template(manifest: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = manifest["spec"]["template"]
    return found


def texts(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield str(key)
            yield from texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from texts(inner)
    else:
        yield str(value)


@every()
def test_an_object_is_ours_and_goes_with_its_scoreboard(case: str, manifest: dict[str, Any]):
    resource, metadata = world_of(case), manifest["metadata"]

    (owner,) = metadata["ownerReferences"]
    assert (owner["kind"], owner["name"], owner["uid"]) == ("Scoreboard", resource.name, UID)
    assert owner["controller"]
    assert not owner["blockOwnerDeletion"], "OpenShift asks for a right to finalizers otherwise"
    assert metadata["namespace"] == "games"
    assert metadata["labels"][names.MANAGED_BY] == names.MANAGER
    assert metadata["labels"]["app.kubernetes.io/instance"] == resource.name
    assert metadata["labels"]["app.kubernetes.io/component"]


def world_of(case: str) -> Any:
    return WORLDS[case].resource


WORLDS = {case: world(case) for case in CASES}


@every()
def test_names_and_labels_fit_where_kubernetes_puts_them(case: str, manifest: dict[str, Any]):
    most = 52 if manifest["kind"] == "StatefulSet" else 63  # and a revision's hash after it

    assert len(manifest["metadata"]["name"]) <= most
    assert re.fullmatch(r"[a-z]([a-z0-9-]*[a-z0-9])?", manifest["metadata"]["name"])
    for label in manifest["metadata"]["labels"].values():
        assert re.fullmatch(r"([A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?)?", label)


@every()
def test_a_kind_is_one_that_the_operator_owns(case: str, manifest: dict[str, Any]):
    assert kinds.of(manifest) in kinds.OWNED


@pytest.mark.parametrize("case", CASES)
def test_no_object_is_there_twice_and_what_others_need_comes_first(case: str):
    found = manifests(case)
    keys = [(each["kind"], each["metadata"]["name"]) for each in found]
    places = [kinds.OWNED.index(kinds.of(each)) for each in found]

    assert len(set(keys)) == len(keys)
    assert places == sorted(places)


@every(*WORKLOADS)
def test_a_selector_is_part_of_the_labels(case: str, manifest: dict[str, Any]):
    wanted = manifest["spec"].get("selector", {}).get("matchLabels", {})

    assert wanted.items() <= template(manifest)["metadata"]["labels"].items()
    for spread in template(manifest)["spec"].get("topologySpreadConstraints", []):
        assert spread["labelSelector"]["matchLabels"] == wanted


@every(*WORKLOADS)
def test_a_pod_is_restricted_and_has_no_token(case: str, manifest: dict[str, Any]):
    spec = template(manifest)["spec"]

    assert spec["automountServiceAccountToken"] is False
    assert spec["enableServiceLinks"] is False
    security = spec["securityContext"]
    assert security["runAsNonRoot"]
    assert security["runAsUser"] > 0
    assert security["seccompProfile"] == {"type": "RuntimeDefault"}
    for container in spec["containers"]:
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
    assert not {"hostNetwork", "hostPID", "hostIPC"} & set(spec)
    assert not [volume for volume in spec["volumes"] if "hostPath" in volume]


@every(*WORKLOADS)
def test_a_container_asks_for_what_it_needs_and_has_a_limit(case: str, manifest: dict[str, Any]):
    for container in template(manifest)["spec"]["containers"]:
        for kind in ("requests", "limits"):
            assert set(container["resources"][kind]) == {"cpu", "memory"}
        assert container["imagePullPolicy"] == "IfNotPresent"
        assert all(v["name"] and v["sizeLimit"] for v in empty_dirs(manifest))


def empty_dirs(manifest: dict[str, Any]) -> list[dict[str, Any]]:
    volumes = template(manifest)["spec"]["volumes"]
    return [{"name": v["name"], **v["emptyDir"]} for v in volumes if "emptyDir" in v]


@every(*WORKLOADS)
def test_every_variable_is_one_that_the_runtime_reads_and_is_set_once(
    case: str, manifest: dict[str, Any]
):
    for container in template(manifest)["spec"]["containers"]:
        told = [each["name"] for each in container["env"]]

        assert set(told) <= TOLD
        assert len(set(told)) == len(told)


@every("Deployment")
def test_a_role_is_probed_where_it_answers(case: str, manifest: dict[str, Any]):
    (container,) = template(manifest)["spec"]["containers"]
    role = container["name"]
    probes = {kind: container[f"{kind}Probe"]["httpGet"] for kind in ("startup", "liveness")}

    assert {probe["path"] for probe in probes.values()} == {endpoints.LIVE}
    ready = container["readinessProbe"]["httpGet"]
    assert ready["path"] == endpoints.READY_PROBE
    ports = {port["name"]: port["containerPort"] for port in container["ports"]}
    for probe in (*probes.values(), ready):
        assert ports[probe["port"]] == endpoints.PORT[role]
    assert ports["metrics"] == endpoints.METRICS_PORT[role]
    assert container["args"] == [role]


@every("Deployment")
def test_a_role_has_time_to_leave(case: str, manifest: dict[str, Any]):
    spec = template(manifest)["spec"]
    (container,) = spec["containers"]
    leave = container["lifecycle"]["preStop"]["sleep"]["seconds"]
    told = {each["name"]: each.get("value") for each in container["env"]}
    drain = int(told[endpoints.ENV_DRAIN_SECONDS])

    assert spec["terminationGracePeriodSeconds"] >= leave + drain + parts.MARGIN_SECONDS


@every("Deployment")
def test_replicas_are_the_autoscalers_and_a_budget_guards_them(case: str, manifest: dict[str, Any]):
    found = manifests(case)
    labels = template(manifest)["metadata"]["labels"]

    assert "replicas" not in manifest["spec"]
    budgets = [each for each in found if each["kind"] == "PodDisruptionBudget"]
    (budget,) = [
        b for b in budgets if b["spec"]["selector"]["matchLabels"].items() <= labels.items()
    ]
    assert budget["spec"]["maxUnavailable"] == 1
    scalers = [
        each for each in found if each["kind"] in ("HorizontalPodAutoscaler", "ScaledObject")
    ]
    targets = [s["spec"]["scaleTargetRef"]["name"] for s in scalers]
    assert targets.count(manifest["metadata"]["name"]) == 1, "one autoscaler, never two"


@every("Deployment")
def test_the_annotation_says_what_the_pods_run(case: str, manifest: dict[str, Any]):
    release = of(manifest)
    spec = template(manifest)["spec"]

    assert release is not None
    assert spec["containers"][0]["image"] == release.image
    assert {"name": "config", "configMap": {"name": release.config}} in spec["volumes"]


@pytest.mark.parametrize("case", CASES)
def test_from_its_own_annotation_a_deployment_is_rendered_the_same(case: str):
    found = WORLDS[case]
    for manifest in manifests(case):
        if manifest["kind"] == "Deployment":
            found.objects["Deployment", manifest["metadata"]["name"]]["metadata"] |= {
                "annotations": {ANNOTATION: manifest["metadata"]["annotations"][ANNOTATION]}
            }

    again = render(found.resource, found.plan(), IMAGES)

    assert json.dumps(again) == json.dumps(manifests(case)), "the order of fields included"


@every()
def test_no_secret_is_in_an_object(case: str, manifest: dict[str, Any]):
    told = " ".join(texts(manifest))

    assert manifest["kind"] != "Secret", "they are made by keys.py"
    assert ENTROPY.password not in told
    assert "postgresql://" not in told
    assert "redis://" not in told
