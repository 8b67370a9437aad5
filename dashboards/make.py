"""Writes dashboards/*.json of panels/: `python -m dashboards.make [--check]`, from the root.

Grafana's linter has its rules kept: a templated data source, titles, descriptions, units, legends
and $__rate_interval everywhere. .lint says what it is asked to leave out, and why.
"""

import json
import sys
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

from dashboards.panels import DASHBOARDS
from dashboards.panels.parts import BARS, LINES, RUNBOOKS, STAT, TABLE, Dashboard, Panel

HERE = Path(__file__).parent
SOURCE = {"type": "prometheus", "uid": "${datasource}"}
COLUMNS = 24
TITLES = {found.name: found.title for found in DASHBOARDS}
KEPT = "${datasource:queryparam}&${namespace:queryparam}&${board:queryparam}&${__url_time_range}"


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


def _link(title: str, url: str) -> dict[str, Any]:
    return {"title": title, "url": url, "targetBlank": True}


def _links(panel: Panel, found: Dashboard) -> list[dict[str, Any]]:
    """To the dashboard that has more of it, and to the runbook of its alert."""
    links = []
    if panel.board and panel.board != found.name:
        links.append({"title": f"More: {TITLES[panel.board]}", "url": f"{_at(panel.board)}?{KEPT}"})
    if panel.alert:
        links.append(_link("Runbook", f"{RUNBOOKS}{panel.alert}.md"))
    return links


def _at(name: str) -> str:
    """The operator puts a Scoreboard's own in its place."""
    return f"/d/scoreboard-{name}"


def _override(name: str, **properties: Any) -> dict[str, Any]:
    given = [{"id": ident.replace("_", "."), "value": v} for ident, v in properties.items()]
    return {"matcher": {"id": "byName", "options": name}, "properties": given}


def _overrides(panel: Panel) -> Iterator[dict[str, Any]]:
    for name, color in panel.colors:
        yield _override(name, color={"mode": "fixed", "fixedColor": color})
    if panel.limit:
        dashed = {"fill": "dash", "dash": [8, 6]}
        yield _override(
            panel.limit, color={"mode": "fixed", "fixedColor": "red"},
            custom_fillOpacity=0, custom_lineStyle=dashed,
        )  # fmt: skip
    if panel.columns and panel.columns[0][0] == "alertname":
        runbook = _link("Runbook", f"{RUNBOOKS}${{__value.raw}}.md")
        yield _override(panel.columns[0][1], links=[runbook])


def _fields(panel: Panel) -> dict[str, Any]:
    """fieldConfig: units, edges, colours."""
    defaults: dict[str, Any] = {"unit": panel.unit}
    if panel.below:
        first: tuple[tuple[str, float | None], ...] = ((panel.below, None),)
        steps = [{"color": color, "value": edge} for color, edge in (*first, *panel.steps)]
        defaults |= {"color": {"mode": "thresholds"}} if panel.kind != LINES else {}
        defaults |= {"thresholds": {"mode": "absolute", "steps": steps}}
    if panel.kind in (LINES, BARS):
        defaults |= {"min": panel.least} if panel.least is not None else {}
    if panel.kind == LINES:
        custom: dict[str, Any] = {"fillOpacity": 25 if panel.stacked else 8, "showPoints": "never"}
        custom |= {"stacking": {"mode": "normal"}} if panel.stacked else {}
        custom |= {"thresholdsStyle": {"mode": "dashed"}} if panel.steps else {}
        defaults |= {"custom": custom}
    given = {"max": panel.most, "decimals": panel.decimals, "noValue": panel.none or None}
    defaults |= {key: value for key, value in given.items() if value is not None}
    return {"defaults": defaults, "overrides": list(_overrides(panel))}


def _options(panel: Panel) -> dict[str, Any]:
    last = {"reduceOptions": {"calcs": ["lastNotNull"]}}
    if panel.kind == STAT:
        text = {"textMode": "name"} if panel.named else {}
        return {**last, "colorMode": "value", "graphMode": "none", **text}
    if panel.kind == BARS:
        return {**last, "orientation": "horizontal", "displayMode": "basic"}
    if panel.kind == TABLE:
        return {"showHeader": True, "cellHeight": "sm"}
    return {"tooltip": {"mode": "multi", "sort": "desc"}, "legend": {"displayMode": "list"}}


def _columns(panel: Panel) -> dict[str, Any]:
    """A table shows these labels, in this order."""
    if not panel.columns:
        return {}
    only = {"include": {"names": [label for label, _ in panel.columns]}}
    named = {
        "renameByName": dict(panel.columns),
        "indexByName": {label: n for n, (label, _) in enumerate(panel.columns)},
    }
    return {
        "transformations": [
            {"id": "filterFieldsByName", "options": only},
            {"id": "organize", "options": named},
        ]
    }


def _targets(panel: Panel) -> list[dict[str, Any]]:
    now = {} if panel.kind == LINES else {"instant": True, "range": False}
    shape = {"format": "table"} if panel.kind == TABLE else {}
    return [
        {
            "refId": chr(ord("A") + n),
            "datasource": SOURCE,
            "expr": query,
            "legendFormat": legend or panel.title,
            **now,
            **shape,
        }
        for n, (query, legend) in enumerate(panel.queries)
    ]


def _panel(panel: Panel, found: Dashboard) -> dict[str, Any]:
    return {
        "type": panel.kind,
        "title": panel.title,
        "description": panel.about,
        "datasource": SOURCE,
        "fieldConfig": _fields(panel),
        "options": _options(panel),
        "links": _links(panel, found),
        "targets": _targets(panel),
        **_columns(panel),
    }


def _panels(found: Dashboard) -> Iterator[dict[str, Any]]:
    """Rows from top to bottom, their panels from left to right, on the next line if one is full."""
    idents, y = count(1), 0
    for title, row in found.rows:
        head = {"x": 0, "y": y, "w": COLUMNS, "h": 1}
        yield {
            "id": next(idents), "type": "row", "title": title, "collapsed": False,
            "gridPos": head, "panels": [],
        }  # fmt: skip
        y, x, deep = y + 1, 0, 0
        for panel in row:
            if x + panel.width > COLUMNS:
                y, x, deep = y + deep, 0, 0
            place = {"x": x, "y": y, "w": panel.width, "h": panel.height}
            yield {"id": next(idents), "gridPos": place, **_panel(panel, found)}
            x, deep = x + panel.width, max(deep, panel.height)
        y += deep


def _navigation(found: Dashboard) -> list[dict[str, Any]]:
    """The others of the same Scoreboard, then all that there are."""
    beside = [each for each in DASHBOARDS if each.board and found.board and each is not found]
    kept = {"includeVars": True, "keepTime": True}
    return [
        *({"type": "link", "title": e.title, "url": _at(e.name), **kept} for e in beside),
        {"type": "dashboards", "title": "All", "tags": ["scoreboard"], "asDropdown": True, **kept},
    ]


def _alerts(found: Dashboard) -> dict[str, Any]:
    """Where an alert fired, over all lines."""
    return {
        "name": "Alerts",
        "datasource": SOURCE,
        "enable": True,
        "iconColor": "red",
        "expr": f'ALERTS{{{found.alerts},alertstate="firing"}}',
        "titleFormat": "{{alertname}}",
        "textFormat": "{{severity}}",
        "tagKeys": "component",
    }


def dashboard(found: Dashboard) -> dict[str, Any]:
    """As Grafana imports it."""
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
        "links": _navigation(found),
        "annotations": {"list": [_alerts(found)]},
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
