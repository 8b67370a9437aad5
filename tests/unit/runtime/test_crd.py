"""contract/crd.py and schema.py: a manifest is filled, and every fault is named with its place."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.runtime.manifests import EXAMPLES, RIGHT, WRONG, a_manifest, lines

from scoreboard_operator import names, resource
from scoreboard_runtime.contract import crd, manifest_rules, schema
from scoreboard_runtime.contract.endpoints import BROADCASTER

JUDGED = {
    "type", "properties", "required", "additionalProperties", "items", "enum", "pattern",
    "default", "minimum", "maximum", "minLength", "maxLength", "minItems", "maxItems",
    "maxProperties", "x-kubernetes-list-type", "x-kubernetes-list-map-keys",
    "x-kubernetes-int-or-string", "x-kubernetes-validations",
}  # fmt: skip
# What says nothing more here: of the union in points, keywords that no text, list or boolean meets.
SILENT = {
    "description", "format", "not", "anyOf", "multipleOf", "x-kubernetes-preserve-unknown-fields",
}  # fmt: skip


def judged(document: dict[str, Any]) -> list[str]:
    try:
        crd.load(json.dumps(document))
    except crd.ManifestError as error:
        return str(error).splitlines()
    return []


def said(text: str) -> str:
    with pytest.raises(crd.ManifestError) as caught:
        crd.load(text)
    return str(caught.value)


@pytest.mark.parametrize("change", RIGHT.values(), ids=RIGHT)
def test_a_right_manifest_is_accepted(change):
    assert judged(a_manifest(change)) == []


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_is_accepted(path):
    assert crd.load(path.read_text(encoding="utf-8")).version


@pytest.mark.parametrize("row", WRONG.values(), ids=WRONG)
def test_a_wrong_manifest_is_refused_with_exactly_what_the_table_says(row):
    assert judged(row.manifest()) == lines(row.says)


def test_the_table_is_large_and_every_rule_between_fields_is_in_it():
    said = "\n".join(line for row in WRONG.values() for line in lines(row.says))

    assert len(WRONG) >= 60
    for where, rules in RULES.items():
        for rule in rules:
            assert rule["message"] in said, where


def test_every_fault_is_named_at_once():
    change = "boards: [{name: main, size: 0}]\nactions: [{name: Go, points: x}]\nauht: {}"

    assert [line.split(":")[0] for line in judged(a_manifest(change))] == [
        "spec.boards[0].size",
        "spec.actions[0].name",
        "spec.actions[0].points",
        "spec.auht",
    ]


@pytest.mark.parametrize("name", ["", "Arcade", "1a", "a.b", "a-", "a" * 41, 5, None])
def test_a_name_that_no_service_can_have_is_refused(name):
    assert any(line.startswith("metadata.name: ") for line in judged(a_manifest(name=name)))


def test_every_name_that_is_derived_from_the_longest_one_fits_a_label():
    manifest = a_manifest(name="a" * 40)
    found = resource.read(crd.document(json.dumps(manifest)))
    hashed = [f"{names.role(found, names.POSTGRES)}-{'0' * 10}", f"{found.name}-migrate-{'0' * 8}"]
    keda = f"keda-hpa-{names.role(found, BROADCASTER)}"

    assert judged(manifest) == []
    for name in (names.metrics(found, BROADCASTER), keda, *hashed):
        assert len(name) <= 63, name


@pytest.mark.parametrize("field", ["apiVersion", "kind", "metadata", "spec"])
@pytest.mark.parametrize("value", [None, "x", 5, []])
def test_a_head_of_another_kind_is_refused(field, value):
    assert any(line.startswith(field) for line in judged({**a_manifest(), field: value}))


def test_what_the_api_server_adds_to_a_manifest_is_no_fault():
    document = a_manifest()
    document["metadata"] |= {"uid": "5", "generation": 1, "labels": {"a": "b"}, "managedFields": []}
    document["status"] = {"observedGeneration": 5}

    assert judged(document) == []


def test_defaults_are_those_of_the_api_server():
    spec = crd.document(json.dumps(a_manifest()))["spec"]

    assert spec["boards"][0] == {
        "name": "main",
        "size": 10,
        "order": "Descending",
        "aggregate": "Sum",
        "ties": "FirstToReach",
        "visibility": "Public",
        "window": {"type": "AllTime"},
    }
    assert spec["actions"][0] == {"name": "go", "points": 1, "repeat": "Unlimited", "task": "None"}
    assert spec["limits"]["user"] == {"count": 60, "per": "1m"}
    assert spec["worker"]["autoscaling"]["targetQueueLag"] == 500
    assert "database" not in spec


def test_filling_changes_neither_what_is_given_nor_what_is_filled_already():
    given_spec = a_manifest(RIGHT["measured points"])["spec"]
    before = json.dumps(given_spec)

    once = crd.defaults(given_spec)

    assert json.dumps(given_spec) == before
    assert crd.defaults(once) == once


@pytest.mark.parametrize("name", RIGHT)
def test_without_defaults_a_spec_says_the_same_in_fewer_words(name: str):
    whole = crd.defaults(a_manifest(RIGHT[name])["spec"])

    short = crd.concise(whole)

    assert crd.defaults(short) == whole
    assert crd.concise(short) == short


def test_a_default_written_out_is_left_out_and_everything_else_stays():
    spec = {"security": {"signing": "Required"}, "cache": {"l1TTL": "2s", "l2TTL": "60s"}}

    assert crd.concise(spec) == {"cache": {"l1TTL": "2s"}}


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        pytest.param("", "found nothing", id="nothing"),
        pytest.param("5", "found 5", id="a number"),
        pytest.param("{}\n---\n{}", "found an object, an object", id="two documents"),
        pytest.param("a: 1\nb: 2\na: 3", "line 3: a is given twice", id="a name twice"),
        pytest.param('{"a": 1, "a": 2}', "a is given twice", id="a name twice in JSON"),
        pytest.param("a: &x [1]\nb: *x", "aliases", id="an alias"),
        pytest.param("a: &a {<<: *a}", "aliases", id="an alias to itself"),
        pytest.param("? [1]\n: 2", "a list is no name", id="a list as a name"),
        pytest.param("1: 2", "1 is no name", id="a number as a name"),
        pytest.param("a: !!python/object:os.system {}", "not readable", id="an object of Python"),
        pytest.param("a: [", "not readable", id="half a document"),
        pytest.param("\0", "not readable", id="a null byte"),
        pytest.param('{"a": "\\ud800"}', "not readable", id="half a character"),
        pytest.param("a: 2020-99-99", "not readable", id="a date that is none"),
        pytest.param("[" * 9999, "nested too deeply", id="deeply nested"),
        pytest.param('{"a":' * 9999, "nested too deeply", id="deeply nested JSON"),
        pytest.param(f"a: {'9' * 5000}", "not readable", id="a number of 5,000 digits"),
        pytest.param(f"a: 0x{'f' * 5000}", "not readable", id="a number of 20,000 bits"),
        pytest.param("#" * 300_000, "characters at most", id="too long"),
    ],
)
def test_what_is_no_manifest_is_refused_with_its_reason(text, advice):
    assert advice in said(text)


@pytest.mark.parametrize(
    "value", [".nan", ".inf", "1e400", "1.0", "0b11", "!!float 5", "2020-01-01"]
)
def test_what_is_no_whole_number_is_never_taken_for_one(value):
    text = yaml.safe_dump(a_manifest()).replace("name: main", f"name: main\n    size: {value}")

    if value != "0b11":
        assert "spec.boards[0].size: must be a whole number" in said(text)
    else:
        assert crd.load(text).board.size == 3


def test_json_may_be_indented_with_tabs():
    assert crd.load(json.dumps(a_manifest(), indent="\t")).name == "arcade"


def test_thousands_of_faults_are_a_hundred_lines():
    fields = {f"field{number}": 1 for number in range(5000)}
    document = a_manifest()
    document["spec"] |= fields

    assert len(judged(document)) == crd.MOST_FAULTS


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)


@given(st.sampled_from(sorted(crd.whole_schema()["properties"]["spec"]["properties"])), values)
def test_whatever_a_field_holds_the_answer_is_clear(field, value):
    lines = judged({**a_manifest(), "spec": {**a_manifest()["spec"], field: value}})

    assert all(line.startswith("spec.") or "not readable" in line for line in lines)


def nodes(node: dict[str, Any], path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    yield path, node
    for name, inner in node.get("properties", {}).items():
        yield from nodes(inner, f"{path}.{name}")
    for name in ("items", "additionalProperties"):
        if name in node:
            yield from nodes(node[name], f"{path}[]")


NODES = dict(nodes(crd.whole_schema()))


RULES = {
    path.lstrip("."): manifest_rules.judged_here(node)
    for path, node in NODES.items()
    if manifest_rules.judged_here(node)
}


def test_every_rule_between_fields_is_judged_here_too():
    assert {path: len(rules) for path, rules in RULES.items()} == {
        path: len(rules) for path, rules in manifest_rules.RULES.items()
    }


def test_every_rule_says_what_to_do():
    for path, node in NODES.items():
        for rule in node.get("x-kubernetes-validations", ()):
            assert rule["message"], path


def test_every_keyword_of_the_schema_is_understood():
    for path, node in NODES.items():
        assert not set(node) - JUDGED - SILENT, path


def test_every_field_says_what_it_is():
    assert [path for path, node in NODES.items() if "description" not in node] == [
        ".metadata",
        ".metadata.name",
    ]


def test_every_default_is_a_right_value():
    for path, node in NODES.items():
        if "default" in node:
            whole = schema.filled(node["default"], node)
            assert list(schema.faults(whole, node, path)) == []


def test_everything_has_a_bound():
    for path, node in NODES.items():
        kind = node.get("type")
        assert kind != "array" or "maxItems" in node, path
        assert "additionalProperties" not in node or "maxProperties" in node, path
        if path.startswith(".spec"):
            assert kind != "integer" or {"minimum", "maximum"} <= set(node), path
        if path.startswith((".spec", ".status")):
            assert kind != "string" or {"enum", "maxLength", "format"} & set(node), path


def test_a_status_that_nobody_has_written_is_of_no_generation():
    status = crd.whole_schema()["properties"]["status"]

    assert status["default"] == {"observedGeneration": -1}
    assert status["properties"]["observedGeneration"]["default"] == -1
