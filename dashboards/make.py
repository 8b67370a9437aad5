"""Writes dashboards/*.json of panels.py: `python -m dashboards.make [--check]`, from the root.

Grafana's linter has its rules kept: a templated data source, titles, descriptions, units, legends
and $__rate_interval everywhere. .lint says what it is asked to leave out, and why.
"""

import json
import sys
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

from dashboards.panels import DASHBOARDS, Dashboard, Panel

HERE = Path(__file__).parent
SOURCE = {"type": "prometheus", "uid": "${datasource}"}
COLUMNS = 24


def _variable(name: str, query: str) -> dict[str, Any]:
    return {
        "name": name,
        "label": name.capitalize(),
        "type": "query",
        "datasource": SOURCE,
        "definition": query,
        "query": {"query": query, "refId": name},
        "refresh": 2,  # when the range changes
        "sort": 1,
        "includeAll": False,
        "multi": False,
        "current": {},
    }


def _variables(found: Dashboard) -> list[dict[str, Any]]:
    source = {
        "name": "datasource",
        "label": "Data source",
        "type": "datasource",
        "query": "prometheus",
        "current": {},
    }
    namespace = _variable("namespace", f"label_values({found.selects}, namespace)")
    inner = f'label_values({found.selects}{{namespace="$namespace"}}, board)'
    return [source, namespace, *([_variable("board", inner)] if found.board else [])]


def _steps(panel: Panel) -> list[dict[str, Any]]:
    first, then = ("red", "green") if panel.least else ("green", "red")
    return [{"color": first, "value": None}, {"color": then, "value": panel.bad}]


def _panel(panel: Panel, ident: int, place: dict[str, int]) -> dict[str, Any]:
    defaults: dict[str, Any] = {"unit": panel.unit}
    if panel.stat:
        defaults |= {"thresholds": {"mode": "absolute", "steps": _steps(panel)}}
        options: dict[str, Any] = {
            "reduceOptions": {"calcs": ["lastNotNull"]},
            "colorMode": "value",
        }
    else:
        defaults |= {"min": 0, "custom": {"fillOpacity": 8, "showPoints": "never"}}
        options = {"tooltip": {"mode": "multi"}, "legend": {"displayMode": "list"}}
    if panel.stat and panel.unit == "percentunit":
        defaults |= {"decimals": 3}
    return {
        "id": ident,
        "type": "stat" if panel.stat else "timeseries",
        "title": panel.title,
        "description": panel.about,
        "datasource": SOURCE,
        "gridPos": place,
        "fieldConfig": {"defaults": defaults, "overrides": []},
        "options": options,
        "targets": [
            {
                "refId": chr(ord("A") + n),
                "datasource": SOURCE,
                "expr": query,
                "legendFormat": legend or panel.title,
                **({"instant": True, "range": False} if panel.stat else {}),
            }
            for n, (query, legend) in enumerate(panel.queries)
        ],
    }


def _panels(found: Dashboard) -> Iterator[dict[str, Any]]:
    """Rows from top to bottom, their panels from left to right."""
    idents, y = count(1), 0
    for title, row in found.rows:
        head = {"x": 0, "y": y, "w": COLUMNS, "h": 1}
        yield {
            "id": next(idents), "type": "row", "title": title, "collapsed": False,
            "gridPos": head, "panels": [],
        }  # fmt: skip
        y += 1
        stats = all(panel.stat for panel in row)
        width, height = (COLUMNS // len(row), 4) if stats else (12 if len(row) % 3 else 8, 8)
        for n, panel in enumerate(row):
            x = n * width % COLUMNS
            place = {"x": x, "y": y + n * width // COLUMNS * height, "w": width, "h": height}
            yield _panel(panel, next(idents), place)
        y += -(-len(row) * width // COLUMNS) * height


def dashboard(found: Dashboard) -> dict[str, Any]:
    """As Grafana imports it."""
    links = {
        "type": "dashboards", "title": "Scoreboard", "tags": ["scoreboard"], "asDropdown": True,
        "includeVars": True, "keepTime": True,
    }  # fmt: skip
    return {
        "uid": f"scoreboard-{found.name}",
        "title": f"Scoreboard / {found.title}",
        "description": found.about,
        "tags": ["scoreboard"],
        "schemaVersion": 39,
        "editable": False,
        "graphTooltip": 1,
        "refresh": "30s",
        "time": {"from": "now-1h", "to": "now"},
        "links": [links],
        "templating": {"list": _variables(found)},
        "panels": list(_panels(found)),
    }


def pages() -> dict[Path, str]:
    """Every file that is made, and what should be in it."""
    return {
        HERE / f"{found.name}.json": json.dumps(dashboard(found), indent=1) + "\n"
        for found in DASHBOARDS
    }


def main() -> int:
    """Writes them, or says which are stale."""
    stale = [(p, text) for p, text in pages().items() if not p.exists() or p.read_text() != text]
    for path, text in stale:
        if "--check" in sys.argv:
            print(f"{path.relative_to(HERE.parent)} is stale: run make docs")
        else:
            path.write_text(text)
            print(path.relative_to(HERE.parent))
    return 1 if stale and "--check" in sys.argv else 0


if __name__ == "__main__":
    sys.exit(main())
