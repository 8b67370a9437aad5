"""promtool of Debian's package prometheus, and the names that queries may use."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml
from tests.e2e.lacking import lacks

from scoreboard_operator import metrics as of_operator
from scoreboard_runtime.contract import metrics as of_runtime
from scoreboard_runtime.contract.metrics import HISTOGRAM, Metric

ROOT = Path(__file__).parents[3]
ALERTS, DASHBOARDS, RUNBOOKS = ROOT / "alerts", ROOT / "dashboards", ROOT / "docs" / "runbooks"
TESTS = sorted(ALERTS.glob("*.test.yaml"))
NO_PROMTOOL = "no promtool: install Debian's package prometheus"
RULES = {
    name: yaml.safe_load((ALERTS / f"{name}.yaml").read_text())
    for name in ("board", "watchdog", "operator")
}
# What Prometheus makes by itself.
GIVEN = {
    "up": {"component", "pod"},
    "alertmanager_notification_requests_failed_total": {"integration", "receiver_name"},
    "ALERTS": {"alertname", "alertstate", "severity", "component", "kind"},
    "process_cpu_seconds_total": {"component", "pod"},
    "process_resident_memory_bytes": {"component", "pod"},
}


def promtool(*arguments: str) -> str:
    """What it printed. Skips the test without one, fails if it fails."""
    return promtool_reads(b"", *arguments)


def promtool_reads(text: bytes, *arguments: str) -> str:
    """The same, with `text` on its standard input."""
    program = shutil.which("promtool")
    if program is None:
        lacks(NO_PROMTOOL)
    done = subprocess.run(
        [program, *arguments], input=text.decode(), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def parses(queries: Iterable[str], folder: Path) -> None:
    """Every one is PromQL: as the rules of a file."""
    rules = [{"record": f"query:{n}", "expr": query} for n, query in enumerate(queries)]
    path = folder / "queries.yaml"
    path.write_text(json.dumps({"groups": [{"name": "queries", "rules": rules}]}))
    assert f"{len(rules)} rules found" in promtool("check", "rules", "--lint=none", str(path))


def rules_of(name: str) -> list[dict[str, Any]]:
    return [rule for group in RULES[name]["groups"] for rule in group["rules"]]


ALL_ALERTS = [rule for name in RULES for rule in rules_of(name) if "alert" in rule]
ALL_RECORDS = [rule for name in RULES for rule in rules_of(name) if "record" in rule]


def _series(metric: Metric) -> Iterable[tuple[str, set[str]]]:
    labels = {*metric.labels, "component", "pod"}
    if metric.kind == HISTOGRAM:
        yield f"{metric.name}_bucket", labels | {"le"}
        yield f"{metric.name}_count", labels
        yield f"{metric.name}_sum", labels
    else:
        yield metric.name, labels


SERIES: dict[str, set[str]] = {
    **GIVEN,
    **{rule["record"]: set() for rule in ALL_RECORDS},
    **dict(pair for metric in of_runtime.METRICS for pair in _series(metric)),
    **{
        name: labels | {"service"}
        for metric in of_operator.METRICS
        for name, labels in _series(metric)
    },
}


def unknown(query: str) -> set[str]:
    """Series and labels in selectors that nobody exposes."""
    found = re.findall(r"([A-Za-z_][\w:]*)\{([^}]*)\}", query)
    assert found, f"a query without a selector shows every board: {query}"
    wrong = {name for name, _ in found if name not in SERIES}
    wrong |= set(
        re.findall(r"\b(?:scoreboard[\w:]*|process_\w+|up|ALERTS)\b", re.sub(r'"[^"]*"', "", query))
    ) - set(SERIES)
    for name, inside in found:
        labels = set(re.findall(r"(\w+)(?:=~|!=|!~|=)", re.sub(r'"[^"]*"', "", inside)))
        wrong |= {
            f"{name}.{label}" for label in labels - SERIES.get(name, set()) - {"namespace", "board"}
        }
    return wrong
