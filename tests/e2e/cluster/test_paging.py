"""A thing breaks for real: the right people hear of it, nobody else does, and it ends by itself.

Needs what test_monitoring.py needs, and an Alertmanager of prometheus-operator. Seconds are those of
the rules (`for`) and of Alertmanager's grouping; docs/paging.md has what was measured.
"""

import asyncio
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from tests.e2e.cluster.api import Api
from tests.e2e.cluster.boards import SOON, Board
from tests.e2e.cluster.play import signed_in, visiting
from tests.e2e.cluster.prometheus import Alertmanager, Prometheus, alertmanager
from tests.e2e.cluster.receivers import ROUTING_KEY, TOKEN, Received, Receivers, faults, receiving
from tests.e2e.cluster.waiting import until

from scoreboard_operator import kinds

LOADED, TOLD, ENDED = 180.0, 300.0, 300.0
PAGER, HOOK = "pager", "hook"


@dataclass(frozen=True, slots=True)
class Watched:
    """A board whose alerts come to this machine."""

    board: Board
    prometheus: Prometheus
    alertmanager: Alertmanager
    receivers: Receivers

    def firing(self) -> set[str]:
        named = f'namespace="{self.board.namespace}",board="{self.board.name}"'
        found = self.prometheus.query(f'ALERTS{{{named},alertstate="firing"}}')
        return {each["metric"]["alertname"] for each in found}

    def scale(self, kind: str, component: str, count: int) -> None:
        """By hand; the operator, told to stand aside, lets it be."""
        name = f"{self.board.name}-{component}"
        scaled = ("scale", kind, name, f"--replicas={count}")
        self.board.api.kubectl("-n", self.board.namespace, *scaled)

    def said(self) -> str:
        known = [
            (a["labels"]["alertname"], a["status"]["state"], a["status"]["inhibitedBy"])
            for a in self.alertmanager.alerts(self.board)
        ]
        came = [
            (each.path, each.body.get("event_action") or each.body.get("status"))
            for each in self.receivers.events("trigger", 0) + self.receivers.events("resolve", 0)
        ]
        return f"firing {self.firing()}; Alertmanager knows {known}; there came {came}"


@pytest.fixture(scope="module")
def receivers() -> Iterator[Receivers]:
    with receiving() as found:
        yield found


@pytest.fixture
def watched(
    board: Board, api: Api, prometheus: Prometheus, receivers: Receivers
) -> Iterator[Watched]:
    """Rules and routes are loaded."""
    for name, data in ((PAGER, {"routing-key": ROUTING_KEY}), (HOOK, {"token": TOKEN})):
        metadata = {"name": name, "namespace": board.namespace}
        manifest = {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": data}
        api.kubectl("apply", "-f", "-", given=manifest)
    grafana = {"url": receivers.url("/grafana"), "secretRef": {"name": HOOK}}
    pager = {"secretRef": {"name": PAGER}, "url": receivers.url("/v2/enqueue")}
    alerts = {"pagerDuty": pager, "grafana": grafana}
    board.patch(
        monitoring={
            "enabled": True,
            "alerts": alerts,
            "grafanaURL": "https://grafana.example.com",
        }
    )
    board.wait("MonitoringReady", "True", "Applied", 15)
    found = Watched(board, prometheus, alertmanager(api), receivers)
    name = f"{board.namespace}/{board.name}/pagerduty"
    until(lambda: name in found.alertmanager.config(), LOADED, "Alertmanager has the routes")
    until(lambda: prometheus.rules(board), LOADED, "Prometheus has the rules")
    scraped = f'up{{namespace="{board.namespace}",board="{board.name}"}} == 1'
    until(lambda: len(prometheus.query(scraped)) >= 3, LOADED, "every role is scraped")
    yield found
    board.annotate(paused=None)
    board.patch(monitoring={"enabled": False, "alerts": None, "grafanaURL": None})
    until(lambda: board.get(kinds.ALERTMANAGER_CONFIG) is None, SOON, "the routes are gone")


def page_of(event: Received, alert: str, component: str, board: Board) -> None:
    """An on-call engineer reads where, what and what to do."""
    assert faults(event.body) == []
    payload = event.body["payload"]
    assert (payload["class"], payload["component"]) == (alert, component)
    assert (payload["group"], payload["severity"]) == (board.name, "critical")
    assert payload["source"] == f"{board.namespace}/{board.name}"
    assert board.name in payload["summary"]
    links = {link["text"]: link["href"] for link in event.body["links"]}
    assert links["Runbook"].endswith(f"/{alert}.md")
    assert links["Dashboard"].startswith("https://grafana.example.com/d/scoreboard-")


@dataclass(frozen=True, slots=True)
class Break:
    """`kind` and `component`: what is scaled to nothing."""

    kind: str
    component: str
    alert: str
    of: str  # the alert's component


BREAKS = (
    Break("statefulset", "valkey", "ScoreboardQueueDown", "queue"),
    Break("deployment", "worker", "ScoreboardRoleAbsent", "worker"),
)


@pytest.mark.timeout(900)
@pytest.mark.parametrize("broken", BREAKS, ids=lambda each: f"{each.component}-gone")
def test_what_is_gone_pages_once_and_its_return_resolves(
    watched: Watched, broken: Break, capsys: pytest.CaptureFixture[str]
) -> None:
    board, began = watched.board, time.monotonic()
    board.annotate(paused="true")
    board.wait("Paused", "True")
    watched.scale(broken.kind, broken.component, 0)

    def paged() -> list[Received]:
        return watched.receivers.events("trigger", began)

    first = until(paged, TOLD, watched.said)[0]
    page_of(first, broken.alert, broken.of, board)

    board.annotate(paused=None)  # the operator makes it as declared again
    mended = time.monotonic()
    ends = until(lambda: watched.receivers.events("resolve", began), ENDED, watched.said)
    assert {end.body["dedup_key"] for end in ends} == {first.body["dedup_key"]}
    assert {each.body["dedup_key"] for each in paged()} == {first.body["dedup_key"]}, "no other"
    board.wait_ready()
    tell(capsys, broken.alert, first.at - began, ends[0].at - mended)


@pytest.mark.timeout(900)
def test_postgres_gone_pages_and_silences_what_follows_of_it(
    watched: Watched, ingress: str, host: str, capsys: pytest.CaptureFixture[str]
) -> None:
    board = watched.board
    board.annotate(paused="true")
    board.wait("Paused", "True")
    asyncio.run(waiting(watched, ingress, host))
    began = time.monotonic()

    def suppressed() -> list[dict[str, Any]]:
        return [
            each
            for each in watched.alertmanager.alerts(board)
            if each["labels"]["alertname"] == "ScoreboardJobsDelayed"
            and each["status"]["inhibitedBy"]
        ]

    first = until(lambda: watched.receivers.events("trigger", began), TOLD, watched.said)[0]
    page_of(first, "ScoreboardPostgresDown", "postgres", board)
    until(suppressed, TOLD, watched.said)

    board.annotate(paused=None)
    mended = time.monotonic()
    ends = until(lambda: watched.receivers.events("resolve", began), ENDED, watched.said)
    pages = {each.body["payload"]["class"] for each in watched.receivers.events("trigger", began)}
    assert pages == {"ScoreboardPostgresDown"}
    board.wait_ready()
    tell(capsys, "ScoreboardPostgresDown", first.at - began, ends[0].at - mended)


async def waiting(watched: Watched, ingress: str, host: str) -> None:
    """Somebody is logged in, Postgres goes, and an action is accepted that cannot be scored."""
    async with visiting(ingress, host) as http:
        ann = await signed_in(http)
        await asyncio.to_thread(watched.scale, "statefulset", "postgres", 0)
        gone = f"{watched.board.name}-postgres-0"
        asked = ("-n", watched.board.namespace, "wait", "--for=delete", f"pod/{gone}")
        await asyncio.to_thread(watched.board.api.kubectl, *asked, "--timeout=60s")
        assert (await ann.execute("level")).status == 202


def tell(capsys: pytest.CaptureFixture[str], alert: str, told: float, ended: float) -> None:
    """For the table of docs/paging.md."""
    with capsys.disabled():
        print(f"\n{alert}: paged {told:.0f} s after the break, resolved {ended:.0f} s after")
