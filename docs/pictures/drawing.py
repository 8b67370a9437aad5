"""A dashboard as a page: Grafana's grid, and its panels as far as ours have kinds."""

import math
import time
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any

from docs.pictures.asking import Asked, Series, Window
from docs.pictures.charts import COLORS, PALETTE, Line, chart
from docs.pictures.units import written

WIDTH, MARGIN, GAP, CELL = 1240, 14, 8, 30
COLUMN = (WIDTH - 2 * MARGIN + GAP) / 24
HEAD = 92
STYLE = (Path(__file__).parent / "dashboard.css").read_text(encoding="utf-8")


def _box(place: dict[str, int]) -> tuple[float, float, float, float]:
    return (
        MARGIN + place["x"] * COLUMN, place["y"] * (CELL + GAP),
        place["w"] * COLUMN - GAP, place["h"] * (CELL + GAP) - GAP,
    )  # fmt: skip


def _style(box: tuple[float, float, float, float]) -> str:
    x, y, w, h = box
    return f"left:{x:.1f}px;top:{y:.1f}px;width:{w:.1f}px;height:{h:.1f}px"


def _edge_color(value: float, defaults: dict[str, Any]) -> str:
    found = COLORS["text"]
    for step in defaults.get("thresholds", {}).get("steps", []):
        if step["value"] is None or value >= step["value"]:
            found = COLORS[step["color"]]
    return found


def _stat(asked: Asked, width: float, height: float) -> str:
    defaults = asked.panel["fieldConfig"]["defaults"]
    named = asked.panel["options"].get("textMode") == "name"
    parts = []
    for each in asked.series:
        text = (
            each.name if named else written(each.last, defaults["unit"], defaults.get("decimals"))
        )
        size = min(38.0, height * 0.36, (width - 20) / max(3, len(text)) * 1.7)
        color = _edge_color(each.last, defaults)
        parts.append(f'<span style="color:{color};font-size:{size:.0f}px">{escape(text)}</span>')
    return f'<div class="stat">{"&nbsp;&nbsp;".join(parts)}</div>'


def _bars(asked: Asked) -> str:
    defaults = asked.panel["fieldConfig"]["defaults"]
    series = (
        sorted(asked.series, key=lambda each: -each.last)
        if len(asked.panel["targets"]) == 1
        else asked.series
    )
    known = [each.last for each in series if math.isfinite(each.last)]
    most = defaults.get("max", max(known, default=1) or 1)
    parts = []
    for each in series[:10]:
        color, part = _edge_color(each.last, defaults), max(0.0, min(1.0, each.last / most))
        text = written(each.last, defaults["unit"], defaults.get("decimals"))
        parts.append(
            f"<div><span>{escape(each.name)}</span>"
            f'<p><u style="width:{part:.2%};background:{color}33;border-color:{color}"></u></p>'
            f'<b style="color:{color}">{escape(text)}</b></div>'
        )
    return f'<div class="bars">{"".join(parts)}</div>'


def _table(asked: Asked) -> str:
    renamed: dict[str, str] = asked.panel["transformations"][1]["options"]["renameByName"]
    head = "".join(f"<th>{escape(title)}</th>" for title in renamed.values())
    rows = "".join(
        "<tr>"
        + "".join(f"<td>{escape(each.labels.get(label, ''))}</td>" for label in renamed)
        + "</tr>"
        for each in asked.series
    )
    return f"<table><tr>{head}</tr>{rows}</table>"


def _legend(lines: Sequence[Line], room: float) -> tuple[str, float]:
    """As many as two lines of it hold, and its height."""
    shown, row, used = [], 1, 0.0
    for line in lines:
        wide = len(line.name) * 6.4 + 34
        if used + wide > room:
            row, used = row + 1, 0.0
        if row > 2:
            shown.append("…")
            break
        used += wide
        shown.append(f'<span><i style="background:{line.color}"></i>{escape(line.name)}</span>')
    return f'<div class="legend">{"".join(shown)}</div>', min(row, 2) * 18.0 + 8


def _lines(
    asked: Asked, size: tuple[float, float], window: Window, alerts: Sequence[Series]
) -> str:
    fields, (width, height) = asked.panel["fieldConfig"], size
    named = [Line(each.name, PALETTE[0], []) for each in asked.series]
    _, deep = _legend(named, width - 20)
    svg, lines = chart(asked.series, fields, (width, height - deep), window, alerts)
    return svg + _legend(lines, width - 20)[0]


def _panel(asked: Asked, window: Window, alerts: Sequence[Series]) -> str:
    panel = asked.panel
    box = _box(panel["gridPos"])
    if panel["type"] == "row":
        return f'<h2 style="{_style(box)}">{escape(panel["title"])}</h2>'
    inner = (box[2] - 2, box[3] - 31)
    if not asked.series:
        none = panel["fieldConfig"]["defaults"].get("noValue", "No data")
        body = f'<div class="empty">{escape(none)}</div>'
    elif panel["type"] == "stat":
        body = _stat(asked, box[2], box[3])
    elif panel["type"] == "bargauge":
        body = _bars(asked)
    elif panel["type"] == "table":
        body = _table(asked)
    else:
        body = _lines(asked, inner, window, alerts)
    return f'<section style="{_style(box)}"><h3>{escape(panel["title"])}</h3>{body}</section>'


def _header(found: dict[str, Any], values: dict[str, str], window: Window) -> str:
    chips = []
    for each in found["templating"]["list"]:
        value = escape(values.get(each["name"], "prometheus"))
        chips.append(f'<span class="chip"><b>{escape(each["label"])}</b>{value}</span>')
    links = [f'<span class="chip">{escape(link["title"])}</span>' for link in found["links"]]
    span = "–".join(time.strftime("%H:%M:%S", time.gmtime(at)) for at in (window.start, window.end))
    return (
        f'<header><div><h1>{escape(found["title"])}</h1><span class="chip">{span} UTC</span></div>'
        f'<div>{"".join(chips)}<div class="nav">{"".join(links)}</div></div></header>'
    )


def page(
    found: dict[str, Any],
    asked: Sequence[Asked],
    alerts: Sequence[Series],
    values: dict[str, str],
    window: Window,
) -> tuple[str, int]:
    """The HTML, and how high it is."""  # fmt: skip
    high = max(p["gridPos"]["y"] + p["gridPos"]["h"] for p in found["panels"]) * (CELL + GAP)
    body = "".join(_panel(each, window, alerts) for each in asked)
    html = (
        f'<!doctype html><meta charset="utf-8"><title>{escape(found["title"])}</title>'
        f"<style>{STYLE}</style>{_header(found, values, window)}<main>{body}</main>"
    )
    return html, HEAD + high + 6
