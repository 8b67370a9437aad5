"""docs/pictures: numbers as Grafana writes them, lines as their series are."""

import math
from typing import Any

import pytest
from docs.pictures.asking import Asked, Series, Window, dashboard, silent
from docs.pictures.charts import chart, lines_of
from docs.pictures.drawing import page
from docs.pictures.units import axis, ticks, written

WINDOW = Window(1_000_000.0, 1_000_300.0, 5.0)


@pytest.mark.parametrize(
    ("value", "unit", "decimals", "text"),
    [
        (0.9987, "percentunit", 3, "99.87%"),
        (1, "percentunit", 3, "100%"),
        (-7.58, "percentunit", None, "-758%"),
        (0.0605, "s", 1, "60.5 ms"),
        (0, "s", 1, "0 s"),
        (90_000, "s", None, "25 h"),
        (12, "reqps", 1, "12.0 req/s"),
        (1740, "short", None, "1.74 K"),
        (3 * 2**20, "bytes", None, "3 MiB"),
        (1, "bool_yes_no", None, "Yes"),
        (math.nan, "short", 0, "–"),
        (math.inf, "bytes", None, "∞"),
    ],
)
def test_numbers_are_written_as_on_a_panel(
    value: float, unit: str, decimals: int | None, text: str
):
    assert written(value, unit, decimals) == text


@pytest.mark.parametrize(
    ("least", "most", "unit", "whole", "labels"),
    [
        (0, 1, "percentunit", False, ["0%", "20%", "40%", "60%", "80%", "100%"]),
        (0, 1, "short", True, ["0", "1"]),
        (0, 0.23, "s", False, ["0 ms", "50 ms", "100 ms", "150 ms", "200 ms", "250 ms"]),
        (0, 0, "reqps", False, ["0 req/s", "1 req/s"]),
        (0, 75, "s", False, ["0 s", "15 s", "30 s", "45 s", "60 s", "75 s"]),
        (
            0,
            70 * 2**20,
            "bytes",
            False,
            ["0 MiB", "16 MiB", "32 MiB", "48 MiB", "64 MiB", "80 MiB"],
        ),
    ],
)
def test_an_axis_has_round_numbers_in_one_unit(
    least: float, most: float, unit: str, whole: bool, labels: list[str]
):
    marks = ticks(least, most or 1, unit, 5 if most else 1, whole)

    assert axis(marks, unit) == labels


def fields(**custom: Any) -> dict[str, Any]:
    return {
        "defaults": {"unit": "short", "min": 0, "custom": {"fillOpacity": 8, **custom}},
        "overrides": [],
    }


def series(name: str, *values: float) -> Series:
    return Series(name, {}, [(WINDOW.start + 5 * n, value) for n, value in enumerate(values)])


def test_stacked_lines_stand_on_each_other():
    two = [series("a", 1, 2), series("b", 10, 20)]

    assert [high for _, _, high in lines_of(two, fields())[1].points] == [10, 20]
    stacked = lines_of(two, fields(stacking={"mode": "normal"}))[1]
    assert [(low, high) for _, low, high in stacked.points] == [(1, 11), (2, 22)]


def test_where_nothing_was_measured_there_is_no_line():
    svg, (line,) = chart(
        [series("a", 1, 2, math.nan, math.nan, 3, 4)], fields(), (300, 200), WINDOW, []
    )

    assert len(line.points) == 4
    assert svg.count('class="line"') == 2, "one before the gap and one after it"


def test_an_alert_and_a_limit_are_drawn_and_names_are_escaped():
    found = dashboard("stores")
    asked = [Asked(panel) for panel in found["panels"]]
    (at,) = [each for each in asked if each.panel["title"] == "Connections"]
    at.series = [series("<b>", 5, 6), series("allowed", 97, 97)]
    html, high = page(
        found, asked, [series("ScoreboardPostgresDown", 1, 1)], {"board": "<i>"}, WINDOW
    )

    assert "<b>" not in html.partition("<main>")[2].replace("<b style", "")
    assert "&lt;i&gt;" in html
    assert html.count('class="edge"') == 2
    assert "none" in html
    assert high > 1000
    assert "Database errors" in silent(asked)
    assert "Connections" not in silent(asked)
