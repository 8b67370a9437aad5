"""What is made from the code is as the code says, and the two agree on names and versions."""

import json
import re
import tomllib
from pathlib import Path

import pytest
import yaml
from charts import make

from scoreboard_operator import kinds, rbac, settings
from scoreboard_operator.images import Images

ROOT = Path(__file__).parents[3]
CHART = ROOT / "charts" / "scoreboard"
ABOUT = yaml.safe_load((CHART / "Chart.yaml").read_text())
VALUES = yaml.safe_load((CHART / "values.yaml").read_text())
VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
ALL_RULES = [rule for rules in make.SETS.values() for rule in rules]


@pytest.mark.parametrize("path", make.pages(), ids=lambda path: path.name)
def test_what_make_chart_writes_is_up_to_date(path: Path):
    assert path.read_text() == make.pages()[path], "run make chart"


def test_the_charts_crd_is_the_one_of_the_repository():
    assert (CHART / "files" / "scoreboards.yaml").resolve() == ROOT / "crds" / "scoreboards.yaml"


def test_chart_operator_and_examples_are_of_one_version():
    notes = ABOUT["annotations"]
    named = re.findall(r'image: "([^"]+)"', notes["artifacthub.io/images"])
    (example,) = yaml.safe_load(notes["artifacthub.io/crdsExamples"])

    assert ABOUT["version"] == ABOUT["appVersion"] == example["spec"]["version"] == VERSION
    assert all(image.endswith(f":{VERSION}") for image in named)
    assert len(named) == 3


def test_the_operators_defaults_and_the_charts_are_the_same():
    runtime, known = VALUES["runtime"], Images()

    assert f"{VALUES['imageRegistry']}/{runtime['image']['repository']}" == known.runtime
    assert f"{VALUES['imageRegistry']}/{runtime['stores']['repository']}" == known.stores
    assert runtime["image"]["pullPolicy"] == known.pull_policy
    assert " ".join(runtime["trustedProxies"]) == known.trusted_proxies


def test_the_chart_sets_what_the_operator_reads_and_nothing_else():
    read = {f"{settings.PREFIX}{name}" for name in settings.VARIABLES}
    template = (CHART / "templates" / "deployment.yaml").read_text()
    told = set(re.findall(r"SCOREBOARD_OPERATOR_\w+", template))

    guards = (CHART / "templates" / "_guards.tpl").read_text()
    taken = set(re.findall(r'"(SCOREBOARD_OPERATOR_\w+)"', guards))

    # Times that hardly anybody changes are left to operator.extraEnv.
    assert {name for name in read - told if not name.endswith("_SECONDS")} == {
        "SCOREBOARD_OPERATOR_HOST"
    }
    assert told <= read
    assert taken == told | {"SCOREBOARD_OPERATOR_HOST"}  # the probes ask at the pod's address


def test_no_right_is_a_wildcard():
    for rule in ALL_RULES:
        assert "*" not in (rule.group, *rule.resources, *rule.verbs)
        assert rule.why


def test_every_owned_kind_can_be_made_kept_and_pruned_but_no_secret_deleted():
    can = {
        (rule.group, plural): set(rule.verbs) for rule in rbac.boards() for plural in rule.resources
    }
    for kind in kinds.OWNED:
        verbs = {"get", "list", "watch", "create", "patch", "delete"}
        wanted = verbs - {"delete"} if kind is kinds.SECRET else verbs
        assert can.pop((kind.group, kind.plural)) == wanted
    assert {plural for _, plural in can} == {
        "scoreboards", "scoreboards/status", "pods", "events",
    }  # fmt: skip


def test_a_lease_is_limited_to_its_name_wherever_a_verb_can_be():
    for rule in ALL_RULES:
        if rule.resources == (kinds.LEASE.plural,):
            assert rule.name or rule.verbs == ("create",)


def test_listening_at_home_writes_nothing():
    assert {verb for rule in rbac.listening() for verb in rule.verbs} == {"list", "watch"}


def test_the_values_table_has_every_value_of_the_schema():
    schema = json.loads((CHART / "values.schema.json").read_text())

    def leaves(part: dict, path: str):
        for name, field in part.get("properties", {}).items():
            here = f"{path}.{name}" if path else name
            yield here
            yield from leaves(field, here)

    table = make.values()
    for path in leaves(schema, ""):
        inner = path in ("global", "operator.resources.requests", "operator.resources.limits")
        assert inner or "affinity." in path or f"`{path}" in table, path
