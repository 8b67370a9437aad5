"""values.schema.json takes what values.yaml has, and nothing that nobody described."""

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import yaml

CHART = Path(__file__).parents[3] / "charts" / "scoreboard"
SCHEMA = json.loads((CHART / "values.schema.json").read_text())
VALUES = yaml.safe_load((CHART / "values.yaml").read_text())
JUDGE = jsonschema_rs.validator_for(SCHEMA)
# Parts of a pod and of a policy: the API server says what may be in them.
FOREIGN = {
    "valueFrom", "labelSelector", "nodeAffinity", "podAffinity", "podAntiAffinity", "podSelector",
    "namespaceSelector", "ipBlock", "global",
}  # fmt: skip


def schemas(part: Any, path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    yield path, part
    for name, field in part.get("properties", {}).items():
        yield from schemas(field, f"{path}.{name}")
    if "items" in part:
        yield from schemas(part["items"], f"{path}[]")


def with_value(path: str, value: Any) -> dict[str, Any]:
    found = copy.deepcopy(VALUES)
    *parents, last = path.split(".")
    inner = found
    for name in parents:
        inner = inner[name]
    inner[last] = value
    return found


def test_the_defaults_are_right():
    JUDGE.validate(VALUES)


def test_every_object_is_closed_or_a_map_of_one_type():
    for path, part in schemas(SCHEMA):
        if part.get("type") == "object" and path.rpartition(".")[2] not in FOREIGN:
            assert "additionalProperties" in part, path
            assert part["additionalProperties"] is not True, path


def test_every_value_is_described_and_has_a_default():
    for path, part in schemas(SCHEMA):
        if "[]" in path or not path or path == ".global" or "affinity." in path:
            continue
        if path.startswith(".operator.resources."):
            continue
        assert part.get("description"), path
        inner = VALUES
        for name in path[1:].split("."):
            inner = inner[name]


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("replicas", 3),
        ("operator.replica", 3),
        ("operator.replicas", -1),
        ("operator.replicas", "2"),
        ("operator.image.tag", "0.1.0@sha256:aa"),
        ("operator.image.digest", "aa"),
        ("operator.image.pullPolicy", "Sometimes"),
        ("operator.logLevel", "loud"),
        ("operator.workers", 0),
        ("operator.resyncSeconds", 1),
        ("operator.extraEnv", [{"value": "x"}]),
        ("operator.resources", {"claim": {}}),
        ("operator.resources", {"limits": {"memory": "lots"}}),
        ("operator.tolerations", [{"keys": "x"}]),
        ("operator.affinity", {"pods": {}}),
        ("operator.nodeSelector", {"ssd": True}),
        ("operator.podDisruptionBudget", {"enabled": True, "maxUnavailable": 0}),
        ("watchNamespaces", "team-a"),
        ("watchNamespaces", ["Team"]),
        ("watchNamespaces", ["a", "a"]),
        ("runtime.image.tag", "0.1.0"),
        ("runtime.trustedProxies", ["everybody"]),
        ("crds.install", True),
        ("rbac.create", "yes"),
        ("metrics.serviceMonitor.interval", "often"),
        ("networkPolicy.egress.ports", []),
        ("networkPolicy.egress.ports", [0]),
    ],
)
def test_a_wrong_value_is_refused(path: str, value: Any):
    assert not JUDGE.is_valid(with_value(path, value))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("global", {"anything": 1}),
        ("imageRegistry", ""),
        ("imageRegistry", "registry.example.com:5000/mirror"),
        ("operator.resources", {}),
        ("operator.resources.limits", {"cpu": 1, "memory": "1.5Gi"}),
        ("operator.image.digest", "sha256:" + "a" * 64),
        ("operator.extraEnv", [{"name": "HTTPS_PROXY", "value": "http://proxy"}]),
        ("networkPolicy.metricsFrom", [{"namespaceSelector": {}}]),
    ],
)
def test_a_right_value_is_taken(path: str, value: Any):
    JUDGE.validate(with_value(path, value))
