"""alerts/: each has its tests (run in tests/e2e/alerts), and says to whom, what and what to do."""

import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.unit.observability.promtool import (
    ALERTS,
    ALL_ALERTS,
    RULES,
    TESTS,
    promtool,
    rules_of,
    unknown,
)

from scoreboard_runtime.contract.endpoints import ROLES
from scoreboard_runtime.contract.metrics import LATENCY

COMPONENTS = {*ROLES, "postgres", "queue", "cache", "operator", "alertmanager"}
NAMES = sorted({rule["alert"] for rule in ALL_ALERTS})


def name(rule: dict[str, Any]) -> str:
    return f"{rule['alert']}-{rule['labels']['severity']}"


@pytest.mark.parametrize("rules", RULES)
def test_the_rules_are_rules(rules: str):
    assert "SUCCESS" in promtool("check", "rules", "--lint-fatal", str(ALERTS / f"{rules}.yaml"))


@cache
def expectations(path: Path) -> list[tuple[Any, Any]]:
    """(query or name, what is expected), of a file."""
    found = []
    for test in yaml.safe_load(path.read_text())["tests"]:
        found += [(each["expr"], each["exp_samples"]) for each in test.get("promql_expr_test", [])]
        found += [(e["alertname"], e["exp_alerts"]) for e in test.get("alert_rule_test", [])]
    return found


@pytest.mark.parametrize("rule", ALL_ALERTS, ids=name)
def test_an_alert_is_seen_to_fire_in_its_severity(rule: dict[str, Any]):
    told = [str(wanted) for path in TESTS for _, wanted in expectations(path)]
    severity, alert = rule["labels"]["severity"], rule["alert"]

    assert any(f'alertname="{alert}"' in text and f'severity="{severity}"' in text for text in told)


def test_every_test_file_has_near_misses_as_well():
    for path in (each for each in TESTS if each.stem != "watchdog.test"):
        silent = [query for query, wanted in expectations(path) if wanted == []]
        assert len(silent) >= len([q for q, wanted in expectations(path) if wanted]) // 2
        assert all("ALERTS" in query for query in silent)


@pytest.mark.parametrize("rule", ALL_ALERTS, ids=name)
def test_an_alert_says_to_whom_what_and_what_to_do(rule: dict[str, Any]):
    labels, notes = rule["labels"], rule["annotations"]

    assert re.fullmatch(r"Scoreboard([A-Z][a-z]+)+", rule["alert"])
    assert labels["severity"] in ("critical", "warning", "none")
    assert labels["kind"] in ("cause", "symptom", "risk", "watchdog", "memory")
    assert labels.get("component", "gateway") in COMPONENTS
    assert set(notes) == {"summary", "description", "runbook_url", "dashboard_url"}
    assert notes["summary"].endswith(".")
    assert "$" not in notes["summary"], "a summary is the same for every board"
    assert "$" in notes["description"]
    assert notes["runbook_url"].endswith(f"/docs/runbooks/{rule['alert']}.md")
    assert re.match(r"/d/scoreboard-\w+\?var-namespace=\$namespace", notes["dashboard_url"])
    assert "$value" not in str(labels), "it would start the alert anew with every value"
    assert rule.get("for") or labels["severity"] == "none"


@pytest.mark.parametrize("rule", [r for r in ALL_ALERTS if r in rules_of("board")], ids=name)
def test_an_alert_of_a_board_is_labelled_with_it_and_looks_at_nothing_else(rule: dict[str, Any]):
    assert rule["labels"]["namespace"] == "$namespace"
    assert rule["labels"]["board"] == "$board"
    selectors = re.findall(r"[\w:]+\{([^}]*)\}", rule["expr"])
    assert all(each.startswith('namespace="$namespace",board="$board"') for each in selectors)


@pytest.mark.parametrize("rules", [name for name in RULES if name != "watchdog"])
def test_rules_name_series_and_labels_that_exist(rules: str):
    assert {
        rule["expr"]: found for rule in rules_of(rules) if (found := unknown(rule["expr"]))
    } == {}


def test_a_made_up_series_or_label_is_noticed():
    assert unknown('sum(scoreboard_made_up{namespace="$namespace"})') == {"scoreboard_made_up"}
    assert unknown('scoreboard_queue_depth{shard="1"}') == {"scoreboard_queue_depth.shard"}


def test_the_objectives_are_edges_of_the_buckets():
    edges = {
        float(edge)
        for rule in rules_of("board")
        for edge in re.findall(r'le="([\d.]+)"', rule["expr"])
    }

    assert edges == {0.1, 0.25}
    assert edges <= set(LATENCY)


def test_a_cause_that_pages_outlasts_what_follows_of_it():
    """Or the end of the cause would be the page of its symptom, seconds before that ends as well."""
    causes = [r for r in rules_of("board") if r.get("labels", {}).get("kind") == "cause"]
    kept = {rule["alert"]: rule.get("keep_firing_for") for rule in causes}
    pages = {rule["alert"] for rule in causes if rule["labels"]["severity"] == "critical"}

    assert {name for name, seconds in kept.items() if seconds} == pages
