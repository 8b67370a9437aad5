"""Lines of a panel as SVG, in Grafana's dark look."""

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from docs.pictures.asking import Series, Window
from docs.pictures.units import axis, ticks

COLORS = {
    "green": "#73BF69", "yellow": "#F2CC0C", "blue": "#5794F2", "orange": "#FF9830",
    "red": "#F2495C", "purple": "#B877D9", "dark-green": "#37872D", "text": "#CCCCDC",
}  # fmt: skip
PALETTE = (
    "#73BF69", "#F2CC0C", "#8AB8FF", "#FF780A", "#F2495C", "#5794F2", "#B877D9", "#705DA0",
    "#37872D", "#FADE2A", "#447EBC", "#C15C17",
)  # fmt: skip
GRID = "#26282E"
LEFT_OF_DIGIT, BOTTOM, TOP = 6.3, 20, 8


@dataclass(frozen=True, slots=True)
class Line:
    """What is drawn of a series: `low` is below its area where they are stacked."""

    name: str
    color: str
    points: list[tuple[float, float, float]]  # time, low, high
    limit: bool = False  # dashed, and nothing below it


def look_of(name: str, n: int, fields: dict[str, Any]) -> tuple[str, bool]:
    """Its colour, an override's or the next of the palette; whether it is a limit."""
    for each in fields["overrides"]:
        given = {found["id"]: found["value"] for found in each["properties"]}
        if each["matcher"]["options"] == name and "color" in given:
            return COLORS[given["color"]["fixedColor"]], "custom.lineStyle" in given
    return PALETTE[n % len(PALETTE)], False


def lines_of(series: Sequence[Series], fields: dict[str, Any]) -> list[Line]:
    """In the order of the queries; stacked ones on each other."""
    stacked = "stacking" in fields["defaults"]["custom"]
    floor: dict[float, float] = {}
    found = []
    for n, each in enumerate(series):
        points = []
        for at, value in each.points:
            if not math.isfinite(value):
                continue
            low = floor.get(at, 0.0) if stacked else 0.0
            points.append((at, low, low + value))
            floor[at] = low + value
        color, limit = look_of(each.name, n, fields)
        found.append(Line(each.name, color, points, limit))
    return found


@dataclass(frozen=True, slots=True)
class Place:
    """Where values lie in a picture."""

    window: Window
    width: float
    height: float
    left: float
    least: float
    most: float

    def x(self, at: float) -> float:
        part = (at - self.window.start) / (self.window.end - self.window.start)
        return self.left + part * (self.width - self.left - 8)

    def y(self, value: float) -> float:
        part = (value - self.least) / (self.most - self.least)
        return self.height - BOTTOM - part * (self.height - BOTTOM - TOP)


def _bounds(lines: Sequence[Line], defaults: dict[str, Any]) -> tuple[float, float]:
    values = [high for line in lines for _, _, high in line.points] or [0.0]
    least = defaults.get("min", min(values))
    most = defaults.get("max", max(values))
    edges = [step["value"] for step in _edges(defaults) if step["value"] <= 2.5 * most]
    most = max([most, *edges])
    return least, most if most > least else least + 1


def _edges(defaults: dict[str, Any]) -> list[dict[str, Any]]:
    if "thresholdsStyle" not in defaults.get("custom", {}):
        return []
    return list(defaults["thresholds"]["steps"][1:])


def _clock(window: Window) -> list[float]:
    span = window.end - window.start
    step = next(s for s in (30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 86_400) if span / s <= 7)
    first = math.ceil(window.start / step) * step
    return [first + n * step for n in range(int((window.end - first) / step) + 1)]


def _axes(place: Place, marks: Sequence[float], unit: str) -> str:
    parts = []
    for mark, text in zip(marks, axis(marks, unit), strict=True):
        y = place.y(mark)
        parts.append(f'<path d="M{place.left:.1f} {y:.1f}H{place.width - 8:.1f}" stroke="{GRID}"/>')
        parts.append(f'<text x="{place.left - 6:.1f}" y="{y + 3.5:.1f}" class="y">{text}</text>')
    for at in _clock(place.window):
        x, bottom = place.x(at), place.height - BOTTOM
        parts.append(f'<path d="M{x:.1f} {TOP}V{bottom:.1f}" stroke="{GRID}"/>')
        if x > place.width - 24:
            continue
        text = time.strftime("%H:%M" if at % 60 == 0 else "%H:%M:%S", time.gmtime(at))
        parts.append(f'<text x="{x:.1f}" y="{place.height - 5:.1f}" class="x">{text}</text>')
    return "".join(parts)


def _runs(line: Line, gap: float) -> list[list[tuple[float, float, float]]]:
    """Where points are missing there is no line."""
    runs: list[list[tuple[float, float, float]]] = []
    for point in line.points:
        if not runs or point[0] - runs[-1][-1][0] > gap:
            runs.append([])
        runs[-1].append(point)
    return runs


def _drawn(place: Place, line: Line, opacity: float) -> str:
    parts = []
    for run in _runs(line, 1.5 * place.window.step):
        top = [f"{place.x(at):.1f} {place.y(high):.1f}" for at, _, high in run]
        bottom = [f"{place.x(at):.1f} {place.y(low):.1f}" for at, low, _ in reversed(run)]
        if len(run) == 1:
            x, y = top[0].split()
            parts.append(f'<circle cx="{x}" cy="{y}" r="1.5" fill="{line.color}"/>')
            continue
        if not line.limit:
            area = "L".join([*top, *bottom])
            parts.append(f'<path d="M{area}Z" fill="{line.color}" opacity="{opacity}"/>')
        kind = "edge" if line.limit else "line"
        parts.append(f'<path d="M{"L".join(top)}" class="{kind}" stroke="{line.color}"/>')
    return "".join(parts)


def _alerts(place: Place, alerts: Sequence[Series]) -> str:
    parts = []
    for each in alerts:
        first, last = place.x(each.points[0][0]), place.x(each.points[-1][0])
        bottom = place.height - BOTTOM
        parts.append(
            f'<rect x="{first:.1f}" y="{TOP}" width="{max(1, last - first):.1f}" '
            f'height="{bottom - TOP:.1f}" fill="{COLORS["red"]}" opacity="0.05"/>'
            f'<path d="M{first:.1f} {TOP}V{bottom:.1f}" class="edge" stroke="{COLORS["red"]}"/>'
            f'<path d="M{first:.1f} {bottom:.1f}l-4 6h8z" fill="{COLORS["red"]}"/>'
        )
    return "".join(parts)


def chart(
    series: Sequence[Series],
    fields: dict[str, Any],
    size: tuple[float, float],
    window: Window,
    alerts: Sequence[Series],
) -> tuple[str, list[Line]]:
    """The SVG, and its lines for a legend."""  # fmt: skip
    lines, defaults = lines_of(series, fields), fields["defaults"]
    least, most = _bounds(lines, defaults)
    marks = ticks(least, most, defaults["unit"], 5, whole=defaults.get("decimals") == 0)
    wide = max(len(text) for text in axis(marks, defaults["unit"]))
    place = Place(window, *size, 14 + wide * LEFT_OF_DIGIT, marks[0], marks[-1])
    inside = [_axes(place, marks, defaults["unit"])]
    opacity = defaults["custom"]["fillOpacity"] / 100
    inside += [_drawn(place, line, opacity) for line in lines]
    for edge in _edges(defaults):
        if edge["value"] <= place.most:
            y, color = place.y(edge["value"]), COLORS[edge["color"]]
            across = f"M{place.left:.1f} {y:.1f}H{size[0] - 8:.1f}"
            inside.append(f'<path d="{across}" class="edge" stroke="{color}"/>')
    inside.append(_alerts(place, alerts))
    svg = f'<svg width="{size[0]:.0f}" height="{size[1]:.0f}">{"".join(inside)}</svg>'
    return svg, lines
