"""Whatever the API server accepts, the operator can render: specs drawn from the CRD's own schema."""

import json
import re
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.unit.operator.scoreboards import IMAGES, OPTIONAL, UID, World

from scoreboard_operator import kinds
from scoreboard_operator.release import Release, of
from scoreboard_operator.render import render
from scoreboard_operator.resource import read
from scoreboard_runtime.contract import crd, schema

POINTS = st.one_of(
    st.integers(0, 2**53 - 1), st.fixed_dictionaries({"field": st.just("coins"), "max": st.just(9)})
)


def text(node: dict[str, Any]) -> st.SearchStrategy[str]:
    if "enum" in node:
        return st.sampled_from(node["enum"])
    forms = [schema.form(rule) for rule in node.get("x-kubernetes-validations", ())]
    pattern = next((form for form in forms if form), node.get("pattern"))
    most = node.get("maxLength", 20)
    if pattern is None:
        return st.text("abcé \U0001f3c6", min_size=node.get("minLength", 0), max_size=min(most, 20))
    ascii_only = st.characters(min_codepoint=33, max_codepoint=126)
    drawn = st.from_regex(re.sub(r"\$$", r"\\Z", pattern), fullmatch=True, alphabet=ascii_only)
    return drawn.filter(lambda value: len(value) <= most)


def anything(node: dict[str, Any], name: str = "") -> st.SearchStrategy[Any]:
    if name == "points":
        return POINTS
    if node.get("x-kubernetes-int-or-string"):
        return st.sampled_from([1, "1500m", "0.5Gi", "256Mi", "2"])
    kind = node["type"]
    if kind == "object" and "additionalProperties" in node:
        return st.dictionaries(st.sampled_from("ab"), text(node["additionalProperties"]))
    if kind == "object":
        needed = node.get("required", [])
        fields = {key: anything(inner, key) for key, inner in node["properties"].items()}
        return st.fixed_dictionaries(
            {key: fields[key] for key in needed},
            optional={key: value for key, value in fields.items() if key not in needed},
        )
    if kind == "array":
        most = min(node.get("maxItems", 3), 3)
        return st.lists(anything(node["items"]), min_size=node.get("minItems", 0), max_size=most)
    if kind == "integer":
        return st.integers(node["minimum"], node["maximum"])
    return st.booleans() if kind == "boolean" else text(node)


SPEC = anything(dict(crd.whole_schema()["properties"]["spec"]))


@st.composite
def manifests(draw: st.DrawFn) -> dict[str, Any]:
    """Valid ones: a part that breaks a rule between fields is left out."""
    given_spec = draw(SPEC)
    for _ in range(10):
        found = {
            "apiVersion": crd.API_VERSION, "kind": crd.KIND,
            "metadata": {"name": "arcade", "namespace": "games", "uid": UID, "generation": 1},
            "spec": crd.defaults(json.loads(json.dumps(given_spec))),
        }  # fmt: skip
        faults = crd.faults(found)
        if not faults:
            return found
        part = re.split(r"[.\[:]", faults[0])[1]
        if part == "actions":
            given_spec["actions"] = [{"name": "go", "points": draw(POINTS)}]
        else:
            assert part in given_spec, faults
            del given_spec[part]
    raise AssertionError(faults)


@given(manifests(), st.sampled_from([frozenset(), OPTIONAL]))
@settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
def test_every_valid_scoreboard_comes_up_and_settles(manifest: dict, served: frozenset[str]):
    world = World(read(manifest), served)
    asked = {name for name, _ in world.target().release.addresses.values()}
    world.secrets = {name: {"metadata": {"resourceVersion": "1"}} for name in asked}

    found = world.converge()
    again = world.look()
    wanted = render(world.resource, world.plan(), IMAGES)

    assert not again.wrote
    assert again.hold in ("", "CRDMissing")
    assert json.dumps(wanted) == json.dumps(render(world.resource, world.plan(), IMAGES))
    for each in wanted:
        assert kinds.of(each).kind in served or not kinds.of(each).optional
        assert len(each["metadata"]["name"]) <= 63
    assert found.status["observedGeneration"] == 1


words = st.text(max_size=20)


@given(
    st.builds(
        Release,
        image=words,
        version=st.from_regex(r"[0-9]+\.[0-9]+\.[0-9]+([-+][0-9A-Za-z.-]+)?", fullmatch=True),
        config=words,
        secrets=words,
        addresses=st.dictionaries(words, st.tuples(words, words), max_size=4),
        restart_at=words,
    )
)
def test_a_release_comes_back_from_its_annotation_as_it_was(release: Release):
    again = of({"metadata": {"annotations": {"scoreboard.dev/release": release.text()}}})

    assert again == release
    assert list(again.addresses) == list(release.addresses), "order is what pods are rolled by"
    assert again.text() == release.text()
