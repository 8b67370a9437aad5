"""What both Helms make of the chart, without a cluster."""

import subprocess
import tarfile
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.e2e.cluster.helm import CHART, NO_HELM, PROGRAMS, Failed, Helm, found, of
from tests.e2e.lacking import lacks

from scoreboard_operator import rbac

CRD = Path(__file__).parents[3] / "crds" / "scoreboards.yaml"
LEAST: dict[str, Any] = {
    "watchNamespaces": ["team"],
    "imageRegistry": "",
    "operator": {"replicas": 1, "resources": {}, "podDisruptionBudget": {"enabled": False}},
    "crds": {"enabled": False},
    "serviceAccount": {"create": False, "name": "given"},
    "rbac": {"create": False},
    "metrics": {"service": {"enabled": False}},
    "networkPolicy": {"enabled": False},
}
MOST: dict[str, Any] = {
    "fullnameOverride": "boards",
    "commonLabels": {"team": "games"},
    "imagePullSecrets": [{"name": "pull"}],
    "operator": {
        "image": {"tag": "9.9.9", "digest": "sha256:" + "a" * 64},
        "extraEnv": [{"name": "HTTPS_PROXY", "value": "http://proxy:3128"}],
        "priorityClassName": "system-cluster-critical",
        "nodeSelector": {"kubernetes.io/os": "linux"},
        "tolerations": [{"key": "infra", "operator": "Exists", "effect": "NoSchedule"}],
        "affinity": {"nodeAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": []}},
        "topologySpreadConstraints": [
            {"maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "DoNotSchedule"}
        ],
        "podLabels": {"tier": "control"},
        "podAnnotations": {"note": "x"},
    },
    "serviceAccount": {"annotations": {"role": "x"}},
    "metrics": {
        "service": {"annotations": {"a": "b"}},
        "serviceMonitor": {"enabled": True, "labels": {"release": "prometheus"}},
        "prometheusRule": {"enabled": True, "labels": {"release": "prometheus"}},
        "dashboard": {"enabled": True},
    },
    "networkPolicy": {
        "metricsFrom": [{"namespaceSelector": {"matchLabels": {"name": "monitoring"}}}],
        "egress": {"enabled": True},
    },
}
CASES = {"defaults": {}, "least": LEAST, "most": MOST}
CLUSTER_SCOPED = {"ClusterRole", "ClusterRoleBinding", "CustomResourceDefinition"}


@pytest.fixture(params=PROGRAMS)
def helm(request: pytest.FixtureRequest) -> Helm:
    program = found(request.param)
    if program is None:
        lacks(NO_HELM.format(request.param))
    return Helm(program)


def rules(of_role: Any) -> set[tuple[str, str, str]]:
    """(group, resource, verb), a resource of one name with it."""
    return {
        (group, "/".join((resource, *rule.get("resourceNames", []))), verb)
        for rule in of_role["rules"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    }


def wanted(*sets: tuple[rbac.Rule, ...]) -> set[tuple[str, str, str]]:
    return {
        (rule.group, f"{resource}/{rule.name}" if rule.name else resource, verb)
        for rule in sum(sets, ())
        for resource in rule.resources
        for verb in rule.verbs
    }


@pytest.mark.parametrize("case", CASES)
def test_helm_finds_nothing_to_say_against_it(helm: Helm, case: str):
    assert "0 chart(s) failed" in helm.run("lint", "--strict", str(CHART), values=CASES[case])


@pytest.mark.parametrize("case", CASES)
def test_pods_are_restricted_whatever_the_values_are(helm: Helm, case: str):
    objects = helm.rendered(CASES[case])
    pods = [each["spec"]["template"]["spec"] for each in of(objects, "Deployment")]
    pods += [each["spec"] for each in of(objects, "Pod")]

    assert len(pods) == 2
    for pod in pods:
        (container,) = pod["containers"]
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert pod["enableServiceLinks"] is False
        assert container["securityContext"]["readOnlyRootFilesystem"] is True
        assert container["securityContext"]["allowPrivilegeEscalation"] is False
        assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}


@pytest.mark.parametrize("case", CASES)
def test_every_object_is_labelled_and_no_two_are_the_same(helm: Helm, case: str):
    objects = helm.rendered(CASES[case])
    ids = [
        (each["kind"], each["metadata"].get("namespace"), each["metadata"]["name"])
        for each in objects
    ]

    assert len(set(ids)) == len(ids)
    for each in objects:
        labels = each["metadata"]["labels"]
        assert labels["app.kubernetes.io/part-of"] == "scoreboard"
        assert labels["app.kubernetes.io/managed-by"] == "Helm"  # what kopf watches is another
        assert labels.get("team") == CASES[case].get("commonLabels", {}).get("team")


def test_the_crd_is_the_repositorys_kept_on_uninstall_or_left_out(helm: Helm):
    (crd,) = of(helm.rendered({}), "CustomResourceDefinition")
    annotations = crd["metadata"].pop("annotations")
    crd["metadata"].pop("labels")
    (let_go,) = of(helm.rendered({"crds": {"keep": False}}), "CustomResourceDefinition")

    assert annotations == {"helm.sh/resource-policy": "keep"}
    assert crd == yaml.safe_load(CRD.read_text())
    assert "annotations" not in let_go["metadata"]
    assert not of(helm.rendered({"crds": {"enabled": False}}), "CustomResourceDefinition")


def test_everywhere_the_roles_are_what_the_operator_says_it_needs(helm: Helm):
    objects = helm.rendered({})
    (role,) = of(objects, "ClusterRole", "sb-scoreboard-operator")
    (home,) = of(objects, "Role", "sb-scoreboard-operator-home")
    lease = "sb-scoreboard-operator"

    assert rules(role) == wanted(rbac.boards(), rbac.everywhere(lease))
    assert rules(home) == wanted(rbac.at_home(lease))
    assert {
        each["metadata"]["labels"].get("rbac.authorization.k8s.io/aggregate-to-view")
        for each in of(objects, "ClusterRole", "sb-scoreboard-operator-view")
    } == {"true"}


@pytest.mark.parametrize(("home", "listens"), [("team-a", False), ("elsewhere", True)])
def test_with_namespaces_nothing_is_of_the_whole_cluster(helm: Helm, home: str, listens: bool):
    values = {"watchNamespaces": ["team-a", "team-b"], "crds": {"enabled": False}}
    objects = helm.rendered(values, namespace=home)
    roles = of(objects, "Role", "sb-scoreboard-operator")
    (at_home,) = of(objects, "Role", "sb-scoreboard-operator-home")
    needed = (rbac.at_home("sb-scoreboard-operator"), rbac.listening() if listens else ())
    (deployment,) = of(objects, "Deployment")
    env = {
        each["name"]: each.get("value")
        for each in deployment["spec"]["template"]["spec"]["containers"][0]["env"]
    }

    assert not {each["kind"] for each in objects} & CLUSTER_SCOPED
    assert [each["metadata"]["namespace"] for each in roles] == ["team-a", "team-b"]
    there = wanted(rbac.boards(), rbac.heartbeat("sb-scoreboard-operator"))
    assert all(rules(each) == there for each in roles)
    assert rules(at_home) == wanted(*needed)
    assert env["SCOREBOARD_OPERATOR_NAMESPACES"] == "team-a team-b"


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"serviceAccount": {"create": False}}, "serviceAccount.name is needed"),
        (
            {"metrics": {"service": {"enabled": False}, "serviceMonitor": {"enabled": True}}},
            "needs metrics.service.enabled=true",
        ),
        (
            {"networkPolicy": {"enabled": False, "egress": {"enabled": True}}},
            "needs networkPolicy.enabled=true",
        ),
        (
            {"operator": {"extraEnv": [{"name": "SCOREBOARD_OPERATOR_LEASE", "value": "x"}]}},
            "SCOREBOARD_OPERATOR_LEASE is set by a value",
        ),
        (
            {"operator": {"podLabels": {"app.kubernetes.io/name": "x"}}},
            "selects the operator's pods",
        ),
        ({"commonLabels": {"helm.sh/chart": "x"}}, "is set by the chart"),
        ({"replicas": 3}, "replicas"),
    ],
)
def test_values_that_contradict_each_other_are_refused_with_what_to_do(
    helm: Helm, values: dict[str, Any], told: str
):
    with pytest.raises(Failed, match=told):
        helm.rendered(values)


def test_images_are_named_by_registry_tag_and_digest(helm: Helm):
    for values, image in (
        ({}, "ghcr.io/scoreboard-dev/scoreboard-operator:0.1.0"),
        (LEAST, "scoreboard-dev/scoreboard-operator:0.1.0"),
        (MOST, "ghcr.io/scoreboard-dev/scoreboard-operator:9.9.9@sha256:" + "a" * 64),
    ):
        (deployment,) = of(helm.rendered(values), "Deployment")
        assert deployment["spec"]["template"]["spec"]["containers"][0]["image"] == image


def test_an_old_kubernetes_is_refused(helm: Helm):
    with pytest.raises(Failed, match=r"1\.29"):
        helm.run("template", "sb", str(CHART), "--kube-version", "1.28.9")


def test_a_package_has_the_crd_itself_and_nothing_from_outside(helm: Helm, tmp_path: Path):
    helm.run("package", str(CHART), "-d", str(tmp_path))
    (package,) = tmp_path.glob("*.tgz")
    with tarfile.open(package) as opened:
        names = {each.name for each in opened if each.isfile()}
        inside = opened.extractfile("scoreboard/files/scoreboards.yaml")
        assert inside is not None
        assert inside.read() == CRD.read_bytes()
    tracked = subprocess.check_output(
        ["git", "ls-files", "-co", "--exclude-standard", "."], cwd=CHART, text=True
    )

    assert names == {f"scoreboard/{name}" for name in tracked.splitlines()} - {
        "scoreboard/.gitignore"
    }
