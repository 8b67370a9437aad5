"""The API server and local mode judge every manifest alike; what was stored stays what it is."""

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any

import pytest
import yaml
from tests.e2e.cluster.api import Api
from tests.e2e.cluster.crd_copy import Copy, copied
from tests.e2e.cluster.variants import variants
from tests.unit.runtime.manifests import EXAMPLES, RIGHT, WRONG, a_manifest, lines

from scoreboard_runtime.contract import crd


@pytest.fixture(scope="module")
def given(bare_api: Api, make_namespace: Callable[[], str]) -> Iterator[Copy]:
    """The CRD of this checkout."""
    with copied(bare_api, make_namespace()) as found:
        yield found


@pytest.fixture
def loose(bare_api: Api, make_namespace: Callable[[], str]) -> Iterator[Copy]:
    """One that a test may change."""
    with copied(bare_api, make_namespace()) as found:
        yield found


def accepted_here(manifest: dict[str, Any]) -> Any:
    """The spec with its defaults, None if it is refused."""
    try:
        return crd.document(json.dumps(manifest))["spec"]
    except crd.ManifestError:
        return None


@pytest.mark.parametrize("row", WRONG.values(), ids=WRONG)
def test_a_wrong_manifest_is_refused_with_exactly_what_the_table_says(given, row):
    found = given.judge(row.manifest())

    if row.server:
        assert list(found.faults) == lines(row.server)
    else:
        assert found.plain == lines(row.says)


@pytest.mark.parametrize("change", RIGHT.values(), ids=RIGHT)
def test_a_right_manifest_is_stored_with_the_defaults_of_local_mode(given, change):
    found = given.judge(a_manifest(change))

    assert found.faults == ()
    assert found.stored["spec"] == accepted_here(a_manifest(change))


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_is_stored_with_the_defaults_of_local_mode(given, path):
    manifest = yaml.safe_load(path.read_text())
    found = given.judge(manifest)

    assert found.faults == ()
    assert found.stored["spec"] == accepted_here(manifest)


def test_every_field_made_wrong_in_every_way_is_judged_alike(given):
    """Not from a table: each field of the examples without it, null, of other kinds, out of bounds."""
    bases = [yaml.safe_load(path.read_text()) for path in EXAMPLES]
    bases += [a_manifest(RIGHT[name]) for name in ("a route", "managed stores", "a Cluster")]
    tried = refused = 0
    asked = list(variants(bases))
    with ThreadPoolExecutor(4) as pool:
        answers = pool.map(given.judge, [manifest for _, manifest in asked])
    for (what, manifest), there in zip(asked, answers, strict=True):
        here = accepted_here(manifest)
        assert (there.stored is None) == (here is None), f"{what}: {there.faults}"
        if there.stored is not None:
            assert there.stored["spec"] == here, what
        tried, refused = tried + 1, refused + (here is None)

    assert tried > 800
    assert 0.5 < refused / tried < 0.95


def test_an_unknown_field_is_dropped_where_nobody_is_strict(given):
    manifest = a_manifest("acitons: 5\nauth: {oidc: {issuer: 'https://a', audience: b, c: d}}")
    stored = given.create(manifest, dryRun="All", fieldValidation="Ignore")["spec"]

    assert "acitons" not in stored
    assert stored["auth"]["oidc"] == {"issuer": "https://a", "audience": "b"}


# What is stored, what is changed, and what is said of it; nothing if it may be.
MOVED = "spec.database: Forbidden: cannot change from one of managed (also if not given), secretRef"
QUEUE = "spec.redis: Forbidden: cannot change from managed (also if not given) to secretRef"
SIZE = "storage: Forbidden: cannot change: a StatefulSet keeps the size of its volumes. Put it back"
RENAMED = "spec.boards: Forbidden: a board cannot be renamed or taken away"
SECRET = "{secretRef: {name: a}}"
CHANGES = {
    "a database of its own later": ("", f"database: {SECRET}", MOVED),
    "from managed to given": ("database: {managed: {}}", f"database: {{managed: null, {SECRET[1:]}", MOVED),
    "from given to managed": (f"database: {SECRET}", "database: {secretRef: null, managed: {}}", MOVED),
    "from given to nothing said": (f"database: {SECRET}", "database: null", MOVED),
    "from managed to a Cluster": ("", "database: {cloudNativePG: {}}", MOVED),
    "a larger volume": ("", "database: {managed: {storage: 20Gi}}", f"spec.database.managed.{SIZE}"),
    "a smaller volume": (
        "database: {managed: {storage: 20Gi}}",
        "database: {managed: {storage: 10Gi}}",
        f"spec.database.managed.{SIZE}",
    ),
    "the usual volume again": (
        "database: {managed: {storage: 20Gi}}",
        "database: null",
        f"spec.database.managed.{SIZE}",
    ),
    "a queue elsewhere": ("", f"redis: {SECRET}", QUEUE),
    "a queue back": (f"redis: {SECRET}", "redis: null", QUEUE),
    "a larger queue": ("redis: {managed: {}}", "redis: {managed: {storage: 3Gi}}", f"spec.redis.managed.{SIZE}"),
    "a board renamed": ("", "boards: [{name: other}]", RENAMED),
    "the usual database said": ("", "database: {managed: {}}", None),
    "the same size in other words": ("", "database: {managed: {storage: 10240Mi}}", None),
    "another Secret": (f"database: {SECRET}", "database: {secretRef: {name: b, key: c}}", None),
    "more instances": ("database: {cloudNativePG: {}}", "database: {cloudNativePG: {instances: 5}}", None),
    "a longer board": ("", "boards: [{name: main, size: 50}]", None),
    "other actions": ("", "actions: [{name: jump, points: 5}]", None),
    "another version": ("", "version: 0.2.0", None),
    "another way in": ("", "exposure: {type: Ingress, host: a.example.com}", None),
}  # fmt: skip


@pytest.mark.parametrize(("before", "change", "said"), CHANGES.values(), ids=CHANGES)
def test_what_would_lose_something_cannot_be_changed(given, before, change, said):
    name = f"arcade-{list(CHANGES.values()).index((before, change, said))}"
    given.create(a_manifest(before, name))
    found = given.change(name, yaml.safe_load(change))

    if said is None:
        assert found.faults == ()
    else:
        assert len(found.faults) == 1
        assert found.faults[0].startswith(said)


def test_a_stored_manifest_outlives_rules_that_came_later(loose):
    """A looser CRD, an object that only it accepts, then the CRD of this checkout."""

    def loosen(schema: dict[str, Any]) -> None:
        del schema["x-kubernetes-validations"]
        spec = schema["properties"]["spec"]["properties"]
        spec["boards"]["items"]["properties"]["size"]["maximum"] = 1000
        del spec["exposure"]["x-kubernetes-validations"]
        del spec["auth"]["properties"]["tokenTTL"]["x-kubernetes-validations"]

    loose.redefine(loosen)
    name = "a-name-that-is-longer-than-forty-letters-are"
    old = "boards: [{name: main, size: 500}]\nexposure: {host: a}\nauth: {tokenTTL: 1w}"
    loose.create(a_manifest(old, name))
    loose.redefine(lambda schema: None)

    assert loose.judge(a_manifest(old, name)).stored is None
    assert loose.change(name, {"version": "0.2.0"}).faults == ()
    assert loose.change(name, {"realtime": {"maxRate": 5}}).faults == ()
    assert loose.change(name, {"boards": [{"name": "main", "size": 501}]}).faults != ()
    assert loose.change(name, {"exposure": {"host": "b"}}).faults != ()
    assert loose.change(name, {"auth": {"tokenTTL": "2w"}}).faults != ()
    mended = {"boards": [{"name": "main", "size": 100}], "auth": {"tokenTTL": "15m"}}
    assert loose.change(name, {**mended, "exposure": {"host": None}}).faults == ()


def test_before_anybody_has_seen_it_a_scoreboard_does_not_look_ready(given):
    stored = given.create(a_manifest(name="unseen"))

    assert stored["status"] == {"observedGeneration": -1}


def columns(given: Copy, name: str, *more: str) -> dict[str, str]:
    plural = f"scoreboards.{given.kind.group}"
    head, row = given.api.kubectl("get", plural, name, "-n", given.namespace, *more).splitlines()
    starts = [head.index(word) for word in head.split()]
    return {head[a:b].strip(): row[a:b].strip() for a, b in pairwise([*starts, None])}


def test_a_list_shows_whether_it_is_ready_where_it_is_and_why(given):
    name = "seen"
    given.create(a_manifest(name=name))
    ready = {
        "type": "Ready",
        "status": "False",
        "reason": "Starting",
        "message": "GatewayReady: not yet",
        "observedGeneration": 1,
        "lastTransitionTime": "2026-01-01T00:00:00Z",
    }
    status = {"url": "http://a", "version": "0.1.0", "replicas": 2, "conditions": [ready]}
    path = f"{given.kind.path(given.namespace, name)}/status"
    given.api.call("PATCH", path, {"status": status}, "application/merge-patch+json")

    shown = columns(given, name)
    assert list(shown) == ["NAME", "READY", "URL", "VERSION", "AGE"]
    assert (shown["READY"], shown["URL"], shown["VERSION"]) == ("False", "http://a", "0.1.0")
    wide = columns(given, name, "-o", "wide")
    assert wide["REASON"] == "Starting"
    assert wide["MESSAGE"] == "GatewayReady: not yet"
    assert wide["GATEWAYS"] == "2"


def test_scale_is_the_gateways_floor(given):
    name, plural = "scaled", f"scoreboards.{given.kind.group}"
    given.create(a_manifest("gateway: {autoscaling: {maxReplicas: 6}}", name))
    given.api.kubectl("scale", f"{plural}/{name}", "-n", given.namespace, "--replicas=5")

    stored = given.api.get(given.kind, given.namespace, name)
    assert stored["spec"]["gateway"]["autoscaling"]["minReplicas"] == 5
    refused = given.api.kubectl(
        "scale", f"{plural}/{name}", "-n", given.namespace, "--replicas=7", fails=True
    )
    assert "must not be more than maxReplicas" in refused
