"""dashboards/: made from panels.py, by the rules of Grafana's linter, of series that exist."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from dashboards import make
from tests.unit.observability.promtool import DASHBOARDS, parses, unknown

FILES = sorted(DASHBOARDS.glob("*.json"))
SOURCE = {"type": "prometheus", "uid": "${datasource}"}


def panels(path: Path) -> list[dict[str, Any]]:
    found = json.loads(path.read_text())["panels"]
    return [panel for panel in found if panel["type"] != "row"]


def queries(path: Path) -> list[str]:
    return [target["expr"] for panel in panels(path) for target in panel["targets"]]


every_file = pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)


def test_the_files_are_those_that_panels_py_makes():
    assert {path: path.read_text() for path in FILES} == make.pages(), "run make docs"


@every_file
def test_a_dashboard_keeps_the_linters_rules(path: Path):
    found = json.loads(path.read_text())
    variables = {each["name"]: each for each in found["templating"]["list"]}

    assert found["uid"] == f"scoreboard-{path.stem}"
    assert found["description"]
    assert variables["datasource"]["type"] == "datasource"
    assert set(variables) == {"datasource", "namespace", "board"} - (
        {"board"} if path.stem == "operator" else set()
    )
    assert all(
        each["datasource"] == SOURCE for each in variables.values() if each["type"] == "query"
    )
    for panel in panels(path):
        assert panel["title"]
        assert panel["description"].endswith(".")
        assert panel["fieldConfig"]["defaults"]["unit"]
        assert panel["datasource"] == SOURCE
        for target in panel["targets"]:
            assert target["datasource"] == SOURCE
            assert target["legendFormat"]


@every_file
def test_panels_do_not_lie_on_each_other(path: Path):
    taken: set[tuple[int, int]] = set()
    for panel in json.loads(path.read_text())["panels"]:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert max(x for x, _ in cells) < make.COLUMNS
        assert not taken & cells, panel["title"]
        taken |= cells


@every_file
def test_queries_are_of_what_is_chosen_and_of_series_that_exist(path: Path):
    for query in queries(path):
        assert unknown(query) == set()
        selectors = re.findall(r"[\w:]+\{([^}]*)\}", query)
        wanted = 'namespace="$namespace"' + ("" if path.stem == "operator" else ',board="$board"')
        assert all(each.startswith(wanted) for each in selectors)
        assert set(re.findall(r"\[([^]]+)\]", query)) <= {"$__rate_interval", "$__range"}


@every_file
def test_every_query_parses(path: Path, tmp_path: Path):
    concrete = [
        query.replace("$__rate_interval", "1m").replace("$__range", "1h") for query in queries(path)
    ]
    parses(concrete, tmp_path)


def test_what_the_linter_leaves_out_has_its_reason():
    left_out = yaml.safe_load((DASHBOARDS / ".lint").read_text())["exclusions"]

    assert all(each["reason"] for each in left_out.values())
