"""Asks a Prometheus what a dashboard asks, with Grafana's variables filled in."""

import asyncio
import json
import math
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

DASHBOARDS = Path(__file__).parents[2] / "dashboards"
POINTS = 150  # of a line, as many as there are scrapes at most


@dataclass(slots=True)
class Series:
    """One line, or one number that has been there at the end."""

    name: str
    labels: Mapping[str, str]
    points: list[tuple[float, float]]

    @property
    def last(self) -> float:
        return self.points[-1][1] if self.points else math.nan


@dataclass(slots=True)
class Asked:
    """A panel, as its JSON has it, and what Prometheus answered."""

    panel: dict[str, Any]
    series: list[Series] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Window:
    """The range that is looked at, and how often its Prometheus scrapes."""

    start: float
    end: float
    scrape: float

    @property
    def step(self) -> float:
        return max(self.scrape, round((self.end - self.start) / POINTS))

    @property
    def rate_interval(self) -> float:
        return max(self.step + self.scrape, 4 * self.scrape)


def dashboard(name: str) -> dict[str, Any]:
    """Its JSON."""
    found: dict[str, Any] = json.loads((DASHBOARDS / f"{name}.json").read_text(encoding="utf-8"))
    return found


def _legend(form: str, labels: Mapping[str, str]) -> str:
    return re.sub(r"\{\{(\w+)\}\}", lambda label: labels.get(label[1], ""), form)


@dataclass(frozen=True, slots=True)
class Prometheus:
    """By its HTTP API; `values` fill a dashboard's variables."""

    http: aiohttp.ClientSession
    address: str
    values: Mapping[str, str]

    async def _get(self, path: str, **query: str) -> list[dict[str, Any]]:
        async with self.http.get(f"{self.address}/api/v1/{path}", params=query) as answer:
            found = await answer.json()
        if found["status"] != "success":
            raise SystemExit(f"{query['query']}: {found['error']}")
        result: list[dict[str, Any]] = found["data"]["result"]
        return result

    def _filled(self, query: str, window: Window) -> str:
        given = {
            "__rate_interval": f"{window.rate_interval:.0f}s",
            "__range": f"{window.end - window.start:.0f}s",
            **self.values,
        }
        for name, value in given.items():
            query = query.replace(f"${name}", value)
        return query

    async def now(self, query: str) -> float:
        """One number; nothing is none of it."""
        found = await self._get("query", query=query)
        return float(found[0]["value"][1]) if found else 0.0

    async def lines(self, query: str, legend: str, window: Window) -> list[Series]:
        """In the range."""
        found = await self._get(
            "query_range", query=self._filled(query, window), start=f"{window.start}",
            end=f"{window.end}", step=f"{window.step}",
        )  # fmt: skip
        return [
            Series(
                _legend(legend, each["metric"]),
                each["metric"],
                [(float(at), float(value)) for at, value in each["values"]],
            )
            for each in found
        ]

    async def numbers(self, query: str, legend: str, window: Window) -> list[Series]:
        """At its end."""
        found = await self._get("query", query=self._filled(query, window), time=f"{window.end}")
        return [
            Series(
                _legend(legend, each["metric"]),
                each["metric"],
                [(window.end, float(each["value"][1]))],
            )
            for each in found
        ]

    async def panel(self, panel: dict[str, Any], window: Window) -> Asked:
        """Every query of it."""
        asked = Asked(panel)
        for target in panel.get("targets", []):
            ask = self.numbers if target.get("instant") else self.lines
            asked.series += await ask(target["expr"], target["legendFormat"], window)
        return asked

    async def alerts(self, found: dict[str, Any], window: Window) -> list[Series]:
        """What the annotations are made of."""
        shown = []
        for each in found["annotations"]["list"]:
            shown += await self.lines(each["expr"], each["titleFormat"], window)
        return shown


def window_of(seconds: float, scrape: float) -> Window:
    """The last seconds, on a scrape."""
    end = math.floor(time.time() / scrape) * scrape
    return Window(end - seconds, end, scrape)


async def ask(prometheus: Prometheus, found: dict[str, Any], window: Window) -> list[Asked]:
    """Every panel; rows have nothing to ask."""
    return list(
        await asyncio.gather(*(prometheus.panel(panel, window) for panel in found["panels"]))
    )


def silent(asked: list[Asked]) -> list[str]:
    """Panels without data."""
    return [
        each.panel["title"] for each in asked if each.panel["type"] != "row" and not each.series
    ]
