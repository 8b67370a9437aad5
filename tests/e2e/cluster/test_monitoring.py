"""A board on a real Prometheus: its rules load, its roles are scraped, every panel and runbook answers.

Needs prometheus-operator and a Prometheus that selects everything: `shared/onenode/addon monitoring`, or
SCOREBOARD_TEST_PROMETHEUS, as in http://127.0.0.1:9090.
"""

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pytest
from tests.e2e.cluster import runbooks
from tests.e2e.cluster.api import Api
from tests.e2e.cluster.boards import ROLES, SOON, Board
from tests.e2e.cluster.play import scored, signed_in, status_of, visiting, watching
from tests.e2e.cluster.prometheus import Prometheus
from tests.e2e.cluster.waiting import until

from scoreboard_operator import kinds
from scoreboard_operator.render import shipped
from scoreboard_runtime.local.player import Player

LOADED, SCRAPED = 120.0, 150.0  # what is recorded comes a scrape and an evaluation later
# Of the operator, which is no pod here: test_paging.py pastes them.
OF_OPERATOR = runbooks.of_operator()
PAGES = sorted(path for path in runbooks.BOOKS.glob("*.md") if path.stem not in OF_OPERATOR)
# Nothing of that kind happened: no series is there, or there is nothing to divide by.
QUIET = {
    "Failures by route", "Database errors", "Closed by the server", "Handshakes rejected",
    "Frames skipped", "Alerts", "Spans of traces",
}  # fmt: skip


@pytest.fixture
def monitored(prometheus: Prometheus, board: Board) -> Iterator[Board]:
    """Its rules are loaded, its roles are scraped."""
    board.patch(monitoring={"enabled": True, "runbookURL": "https://wiki.example.com/{alert}"})
    board.wait("MonitoringReady", "True", "Applied", 15)
    yield board
    board.patch(monitoring={"enabled": False, "runbookURL": None})
    until(lambda: board.get(kinds.PROMETHEUS_RULE) is None, SOON, "the rules are gone")
    assert board.get(kinds.CONFIG_MAP, "dashboard-overview") is None


async def play(ingress: str, host: str, star: tuple[str, str]) -> None:
    """Two actions that are scored, one that is rejected, and somebody who watches.

    `star` (name, password) is among the first and scores each time, so that there is something to push.
    """
    async with visiting(ingress, host) as http, watching(http) as watcher:
        await watcher.subscribe(channel="scoreboard", board="main")
        first = Player(http, "", *star)
        assert (await first.login()).status == 200
        await scored(first, "level")
        ann = await signed_in(http)
        await scored(ann, "level")
        await scored(ann, "quiz")
        assert (await ann.execute("quiz")).status == 409
        assert await status_of(http, "/api/scoreboard") == 200
        await watcher.alive()  # a board of ten may have no place for another 350 points


async def leading(ingress: str, host: str) -> tuple[str, str]:
    """The name and the password of a new player who is ahead of all others."""
    async with visiting(ingress, host) as http:
        player = await signed_in(http)
        while (await player.get("/api/scoreboard/me")).body["rank"] != 1:
            await scored(player, "level")
        return player.username, player.password


def panels(board: Board) -> Iterator[tuple[str, str, str]]:
    """(dashboard, panel, query), from the ConfigMaps, as Grafana would ask."""
    for name in shipped.DASHBOARDS:
        (text,) = board.there(kinds.CONFIG_MAP, f"dashboard-{name}")["data"].values()
        found = json.loads(text)
        values = {v["name"]: v["current"].get("value", "") for v in found["templating"]["list"]}
        for panel in found["panels"]:
            for target in panel.get("targets", []):
                query = target["expr"].replace("$__rate_interval", "1m").replace("$__range", "15m")
                for variable, value in values.items():
                    query = query.replace(f"${variable}", value)
                yield name, panel["title"], query


def silent(prometheus: Prometheus, board: Board) -> set[tuple[str, str]]:
    """Panels without data."""
    return {(name, title) for name, title, query in panels(board) if not prometheus.query(query)}


@pytest.mark.timeout(600)
def test_rules_load_roles_are_scraped_and_every_panel_answers(
    monitored: Board, prometheus: Prometheus, ingress: str, host: str
) -> None:
    wanted = shipped.rules()["groups"]
    names = [rule.get("alert") or rule["record"] for group in wanted for rule in group["rules"]]
    selected = f'namespace="{monitored.namespace}",board="{monitored.name}"'

    def up() -> set[str]:
        found = prometheus.query(f"up{{{selected}}} == 1")
        return {each["metric"]["component"] for each in found}

    until(lambda: up() == set(ROLES), LOADED, lambda: f"every role is scraped, not only {up()}")

    def loaded() -> list[Any]:
        found = prometheus.rules(monitored)
        return found if all(rule["health"] == "ok" for rule in found) else []

    rules = until(loaded, LOADED, lambda: f"rules are healthy: {prometheus.rules(monitored)}")
    assert sorted(rule["name"] for rule in rules) == sorted(names)
    links = {rule["annotations"]["runbook_url"] for rule in rules if rule["type"] == "alerting"}
    assert "https://wiki.example.com/ScoreboardQueueStuck" in links

    star = asyncio.run(leading(ingress, host))

    def speaks() -> bool:
        asyncio.run(play(ingress, host, star))
        return {title for _, title in silent(prometheus, monitored)} <= QUIET

    until(speaks, SCRAPED, lambda: f"panels have data: {silent(prometheus, monitored)}")
    firing = prometheus.query(f'ALERTS{{{selected},alertstate="firing"}}')
    assert firing == [], "a board that is well wakes nobody"


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.stem)
def test_the_commands_of_a_runbook_can_be_pasted(board: Board, api: Api, page: Any) -> None:
    commands = runbooks.diagnosis(page.stem)
    assert commands.startswith("NAMESPACE=games BOARD=arcade ")

    done = runbooks.paste(api, commands, NAMESPACE=board.namespace, BOARD=board.name)

    assert runbooks.complaints(done) == []
    assert len(done.stdout.splitlines()) >= 3
