"""Every golden manifest on a real API server: what the unit tests hold is what it takes, to the letter."""

from collections.abc import Callable
from typing import Any

import pytest
from tests.e2e.cluster.api import APPLY, CRD, Api
from tests.unit.operator.cases import CASES, GOLDEN, manifests, resource

from scoreboard_operator import kinds
from scoreboard_operator.conditions import merged, paused, waiting

STRICT = {"fieldManager": "test", "force": "true", "fieldValidation": "Strict", "dryRun": "All"}


@pytest.fixture(scope="module")
def namespace(make_namespace: Callable[[], str]) -> str:
    """An empty one: what is there already is not what the server would make of a manifest."""
    return make_namespace()


@pytest.fixture(scope="module")
def served(api: Api) -> frozenset[str]:
    """Optional kinds whose CRDs this cluster has."""
    there = {found["metadata"]["name"] for found in api.list(CRD, None)}
    return frozenset(k.kind for k in kinds.OWNED if k.optional and f"{k.plural}.{k.group}" in there)


def apply(api: Api, manifest: dict[str, Any]) -> dict[str, Any]:
    kind, metadata = kinds.of(manifest), manifest["metadata"]
    path = kind.path(metadata["namespace"], metadata["name"])
    found: dict[str, Any] = api.call("PATCH", path, manifest, APPLY, **STRICT)
    return found


def owned(manifest: dict[str, Any], namespace: str) -> dict[str, Any]:
    """In a namespace that is there; the owner's uid is nobody's, which a dry run does not ask."""
    return {**manifest, "metadata": {**manifest["metadata"], "namespace": namespace}}


@pytest.mark.parametrize("case", CASES)
def test_the_server_takes_every_manifest_and_drops_none_of_its_fields(
    api: Api, namespace: str, served: frozenset[str], case: str
):
    absent = []
    for manifest in manifests(case):
        kind = kinds.of(manifest)
        if kind.optional and kind.kind not in served:
            absent.append(kind.kind)
            continue
        wanted = owned(manifest, namespace)
        found = apply(api, wanted)
        assert not list(lost(wanted, found, kind.kind))
    if absent:
        pytest.skip(f"the rest was taken; this cluster has no {', '.join(sorted(set(absent)))}")


def lost(wanted: Any, found: Any, path: str) -> Any:
    """Fields that were sent and did not come back."""
    if isinstance(wanted, dict):
        for key, inner in wanted.items():
            if not isinstance(found, dict) or key not in found:
                if inner not in ({}, [], "", None):
                    yield f"{path}.{key}"
            else:
                yield from lost(inner, found[key], f"{path}.{key}")
    elif isinstance(wanted, list):
        if not isinstance(found, list) or len(found) < len(wanted):
            yield path
        else:
            for index, inner in enumerate(wanted):
                yield from lost(inner, found[index], f"{path}[{index}]")


@pytest.mark.parametrize("case", CASES)
def test_the_scoreboard_itself_is_valid(api: Api, namespace: str, case: str):
    wanted = resource(GOLDEN / case / "scoreboard.yaml")
    manifest = {
        "apiVersion": kinds.SCOREBOARD.api_version,
        "kind": kinds.SCOREBOARD.kind,
        "metadata": {"name": wanted.name, "namespace": namespace},
        "spec": wanted.spec,
    }
    path = kinds.SCOREBOARD.path(namespace, wanted.name)

    found = api.call("PATCH", path, manifest, APPLY, **STRICT)

    assert found["spec"] == wanted.spec, "our defaults are the server's"
    assert found["status"] == {"observedGeneration": -1}


def test_a_status_paused_from_the_start_and_one_that_waits_can_be_written(api: Api, namespace: str):
    name = "status-only"
    spec = resource(GOLDEN / "minimal/scoreboard.yaml").spec
    manifest: dict[str, Any] = {
        "apiVersion": kinds.SCOREBOARD.api_version,
        "kind": kinds.SCOREBOARD.kind,
        "metadata": {"name": name, "namespace": namespace, "annotations": PAUSE},
        "spec": spec,
    }
    api.create(kinds.SCOREBOARD, namespace, manifest)
    try:
        for found in (paused((), "scoreboard.dev/paused"), waiting("Leftovers", "waits")):
            conditions = merged((), found, -1, "2026-01-01T00:00:00Z")
            body = {k: manifest[k] for k in ("apiVersion", "kind")} | {
                "metadata": {"name": name, "namespace": namespace},
                "status": {"observedGeneration": -1, "conditions": conditions},
            }
            path = f"{kinds.SCOREBOARD.path(namespace, name)}/status"
            query = {"fieldManager": "test", "force": "true", "fieldValidation": "Strict"}
            written = api.call("PATCH", path, body, APPLY, **query)
            assert len(written["status"]["conditions"]) == len(conditions)
    finally:
        api.delete(kinds.SCOREBOARD, namespace, name)


# No operator that may watch this namespace touches it.
PAUSE = {"scoreboard.dev/paused": "true"}
