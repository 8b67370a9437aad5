"""dashboards/: made from panels.py, by the rules of Grafana's linter, of series that exist."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from dashboards import make
from dashboards.panels import parts
from tests.unit.observability.promtool import (
    ALL_ALERTS,
    ALL_RECORDS,
    DASHBOARDS,
    RUNBOOKS,
    SERIES,
    parses,
    unknown,
)

from scoreboard_operator import metrics as of_operator
from scoreboard_runtime.contract import metrics as of_runtime

FILES = sorted(DASHBOARDS.glob("*.json"))
SOURCE = {"type": "prometheus", "uid": "${datasource}"}
ON_TIME_CHANGE = 2
# Those of the linter's list that are in use here.
UNITS = {"none", "short", "s", "bytes", "ops", "reqps", "percentunit", "bool_yes_no"}


def panels(path: Path) -> list[dict[str, Any]]:
    found = json.loads(path.read_text())["panels"]
    return [panel for panel in found if panel["type"] != "row"]


def annotations(path: Path) -> list[str]:
    return [each["expr"] for each in json.loads(path.read_text())["annotations"]["list"]]


def unknown_selects(definition: str) -> set[str]:
    """Series in a variable's query that nobody exposes."""
    return set(re.findall(r"scoreboard\w+", definition)) - set(SERIES)


def queries(path: Path) -> list[str]:
    return [target["expr"] for panel in panels(path) for target in panel["targets"]]


every_file = pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)


def test_the_files_are_those_that_panels_py_makes():
    assert {path: path.read_text() for path in FILES} == make.pages(), "run make docs"


def labels(query: str) -> set[str]:
    """Those by which a query leaves its series apart."""
    return {
        each.strip()
        for inside in re.findall(r"by \(([^)]*)\)", query)
        for each in inside.split(",")
    }


@every_file
def test_a_dashboard_keeps_the_linters_rules(path: Path):
    """github.com/grafana/dashboard-linter: template-*, panel-* and uneditable rules."""
    found = json.loads(path.read_text())
    variables = {each["name"]: each for each in found["templating"]["list"]}

    assert found["uid"] == f"scoreboard-{path.stem}"
    assert found["description"]
    assert found["editable"] is False
    source = variables["datasource"]
    assert (source["type"], source["query"], source["label"]) == (
        "datasource",
        "prometheus",
        "Data source",
    )
    assert set(variables) == {"datasource", "namespace", "board"} - (
        {"board"} if path.stem == "operator" else set()
    )
    for each in variables.values():
        if each["type"] == "query":
            assert each["datasource"] == SOURCE
            assert each["refresh"] == ON_TIME_CHANGE
            assert unknown_selects(each["definition"]) == set()
    titles = [panel["title"] for panel in panels(path)]
    assert len(set(titles)) == len(titles), "a title says which panel is meant"
    for panel in panels(path):
        assert panel["title"]
        assert panel["description"].endswith(".")
        assert panel["fieldConfig"]["defaults"]["unit"] in UNITS
        assert panel["datasource"] == SOURCE
        assert panel["targets"]


@every_file
def test_a_query_keeps_the_linters_rules(path: Path):
    """target-* rules: $__rate_interval in rates, counters only inside of them, a legend that says
    which line it is."""
    for panel in panels(path):
        legends = [target["legendFormat"] for target in panel["targets"]]
        assert len(set(legends)) == len(legends), panel["title"]
        for target in panel["targets"]:
            query = target["expr"]
            assert target["datasource"] == SOURCE
            if panel["type"] != "table":
                apart = labels(query) - {"le"}
                assert set(re.findall(r"\{\{(\w+)\}\}", target["legendFormat"])) == apart, query
            for window in re.findall(r"\b(?:rate|irate|deriv)\([^[]*\[([^]]+)\]", query):
                assert window == "$__rate_interval", query
            for counter in re.findall(r"(\w*)\((\w+_(?:total|count|sum|bucket))\{", query):
                assert counter[0] in ("rate", "increase"), query


@every_file
def test_panels_fill_their_lines_and_do_not_lie_on_each_other(path: Path):
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
    deep = max(y for _, y in taken) + 1
    assert len(taken) == make.COLUMNS * deep, "there is a hole in a line"


@every_file
def test_queries_are_of_what_is_chosen_and_of_series_that_exist(path: Path):
    for query in [*queries(path), *annotations(path)]:
        assert unknown(query) == set()
        selectors = re.findall(r"[\w:]+\{([^}]*)\}", query)
        wanted = 'namespace="$namespace"' + ("" if path.stem == "operator" else ',board="$board"')
        assert all(each.startswith(wanted) for each in selectors)
        windows = re.findall(r"([\w:]+)\{[^}]*\}\[([^]]+)\]", query)
        for name, window in windows:
            of_an_objective = name.startswith("scoreboard:") and window in ("1h", "30d")
            assert of_an_objective or window in ("$__rate_interval", "$__range"), query


@every_file
def test_every_query_parses(path: Path, tmp_path: Path):
    concrete = [
        query.replace("$__rate_interval", "1m").replace("$__range", "1h")
        for query in [*queries(path), *annotations(path)]
    ]
    parses(concrete, tmp_path)


@every_file
def test_links_lead_to_dashboards_and_runbooks_that_are_there(path: Path):
    text = path.read_text()
    assert set(re.findall(r"/d/scoreboard-(\w+)", text)) <= {each.stem for each in FILES}
    runbooks = set(re.findall(r"/docs/runbooks/(\w+)\.md", text))
    assert runbooks <= {book.stem for book in RUNBOOKS.glob("*.md")}
    assert runbooks, "somebody who is paged comes from here to what to do"
    others = {found.stem for found in FILES} - {path.stem, "operator"}
    beside = {link["url"].rpartition("-")[2] for link in json.loads(text)["links"] if "url" in link}
    assert beside == (others if path.stem != "operator" else set())


def test_every_alert_leads_from_a_panel_to_its_runbook():
    linked = {
        alert for path in FILES for alert in re.findall(r"/runbooks/(\w+)\.md", path.read_text())
    }
    assert {rule["alert"] for rule in ALL_ALERTS} - linked == {
        "ScoreboardDeadLettersGrowing",  # on the panel of its smaller sibling
        "ScoreboardPagesUndeliverable", "ScoreboardWatchdog", "ScoreboardOutageRecent",  # of no board's series
    }  # fmt: skip


def test_every_metric_is_on_a_dashboard():
    shown = " ".join(query for path in FILES for query in queries(path))
    shown += " ".join(rule["expr"] for rule in ALL_RECORDS)
    names = [metric.name for metric in (*of_runtime.METRICS, *of_operator.METRICS)]
    assert [name for name in names if name not in shown] == ["scoreboard_operator_build_info"]


def test_objectives_are_those_of_the_alerts():
    of_alerts = " ".join(rule["expr"] for rule in ALL_ALERTS)
    for edge, alert in (
        (parts.AVAILABLE, "AcceptErrorBudgetBurn"),
        (parts.IN_TIME, "PushLatencyBudgetBurn"),
    ):
        (page, _) = [r["expr"] for r in ALL_ALERTS if r["alert"] == f"Scoreboard{alert}"]
        assert f"> 14.4 * {1 - edge:.3g}\n" in page
    assert f"> {parts.WAIT_AT_MOST:.0f}\n" in of_alerts
    assert f'le="{parts.ACCEPT_WITHIN}"' in of_alerts
    assert f'le="{parts.PUSH_WITHIN}"' in of_alerts


def test_what_the_linter_leaves_out_has_its_reason():
    left_out = yaml.safe_load((DASHBOARDS / ".lint").read_text())["exclusions"]

    assert all(each["reason"] for each in left_out.values())
