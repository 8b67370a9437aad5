"""Things break for real: the right people hear of it, nobody else does, and it ends by itself.

Needs what test_monitoring.py needs, and an Alertmanager of prometheus-operator. Three boards break at
once, for the seconds are those of the rules (`for`) and of Alertmanager's grouping; docs/paging.md has
what was measured.
"""

import asyncio
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import pytest
from tests.e2e.cluster.api import Api
from tests.e2e.cluster.boards import Board, a_board
from tests.e2e.cluster.operator_process import OperatorProcess
from tests.e2e.cluster.play import signed_in, visiting
from tests.e2e.cluster.prometheus import Alertmanager, Prometheus, alertmanager
from tests.e2e.cluster.receivers import ROUTING_KEY, TOKEN, Received, Receivers, faults, receiving
from tests.e2e.cluster.waiting import until

LOADED, TOLD, ENDED = 180.0, 420.0, 420.0
PAGER, HOOK, GRAFANA = "pager", "hook", "https://grafana.example.com"


@dataclass(slots=True)
class Watched:
    """A board whose alerts come to this machine. `report`: rows for docs/paging.md."""

    board: Board
    prometheus: Prometheus
    alertmanager: Alertmanager
    receivers: Receivers
    ingress: str
    report: list[str] = field(default_factory=list)
    broken_at: float = 0.0
    mended_at: float = 0.0

    def pages(self) -> list[Received]:
        return self.receivers.events(self.board.namespace, "trigger")

    def ends(self) -> list[Received]:
        return self.receivers.events(self.board.namespace, "resolve")

    def notified(self, status: str, alert: str) -> list[Received]:
        """Grafana, of one alert."""
        found = self.receivers.notifications(self.board.namespace, status)
        return [each for each in found if each.body["groupLabels"]["alertname"] == alert]

    def silenced(self, alert: str) -> bool:
        """Whether it fires, and nobody is told because something else is."""
        return any(
            each["labels"]["alertname"] == alert and each["status"]["inhibitedBy"]
            for each in self.alertmanager.alerts(self.board)
        )

    def break_(self, kind: str, component: str) -> None:
        """By hand; the operator, told to stand aside, lets it be."""
        self.board.annotate(paused="true")
        self.board.wait("Paused", "True", seconds=30)
        self.broken_at = time.monotonic()
        self.scale(kind, component, 0)

    def mend(self) -> None:
        """The operator makes it as declared again, but for the replicas of a role."""
        self.board.annotate(paused=None)
        self.mended_at = time.monotonic()

    def scale(self, kind: str, component: str, count: int) -> None:
        name = f"{self.board.name}-{component}"
        scaled = ("scale", kind, name, f"--replicas={count}")
        self.board.api.kubectl("-n", self.board.namespace, *scaled)

    def said(self) -> str:
        known = [
            (a["labels"]["alertname"], a["status"]["state"], a["status"]["inhibitedBy"])
            for a in self.alertmanager.alerts(self.board)
        ]
        came = [(each.body["event_action"], each.body["payload"]) for each in self.pages()]
        return f"{self.board.said()}\nAlertmanager knows {known}; there came {came}"

    def tell(self, alert: str, first: Received, end: Received) -> None:
        told, ended = first.at - self.broken_at, end.at - self.mended_at
        self.report.append(f"{alert}: told after {told:.0f} s, ended {ended:.0f} s after mending")


@pytest.fixture(scope="module")
def receivers() -> Iterator[Receivers]:
    with receiving() as found:
        yield found


@pytest.fixture
def watch(
    api: Api,
    prometheus: Prometheus,
    receivers: Receivers,
    ingress: str,
    make_namespace: Callable[[], str],
    make_operator: Callable[[str], OperatorProcess],
) -> Iterator[Callable[[], Watched]]:
    """Makes a board; it is ready, its rules and routes are loaded."""
    made: list[Board] = []

    def make() -> Watched:
        board = Board(api, make_namespace(), "arcade")
        make_operator(board.namespace)
        found = Watched(board, prometheus, alertmanager(api), receivers, ingress)
        secrets(board)
        host = f"{board.namespace}.example.com"
        exposure = {"type": "Ingress", "host": host}
        board.apply(a_board("arcade", exposure=exposure, monitoring=routed(board, receivers)))
        made.append(board)
        board.wait_ready(240)
        board.wait("MonitoringReady", "True", "Applied", 15)
        loaded(found)
        return found

    yield make
    for board in made:
        board.patch(monitoring={"enabled": False})


def secrets(board: Board) -> None:
    for name, data in ((PAGER, {"routing-key": ROUTING_KEY}), (HOOK, {"token": TOKEN})):
        metadata = {"name": name, "namespace": board.namespace}
        manifest = {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": data}
        board.api.kubectl("apply", "-f", "-", given=manifest)


def routed(board: Board, receivers: Receivers) -> dict[str, Any]:
    grafana = receivers.url(f"/{board.namespace}/grafana")
    pager = receivers.url(f"/{board.namespace}/v2/enqueue")
    return {
        "enabled": True,
        "dashboards": False,
        "grafanaURL": GRAFANA,
        "alerts": {
            "pagerDuty": {"secretRef": {"name": PAGER}, "url": pager},
            "grafana": {"url": grafana, "secretRef": {"name": HOOK}},
        },
    }


def loaded(found: Watched) -> None:
    board = found.board
    name = f"{board.namespace}/{board.name}/pagerduty"
    until(lambda: name in found.alertmanager.config(), LOADED, "Alertmanager has the routes")
    until(lambda: found.prometheus.rules(board), LOADED, "Prometheus has the rules")
    scraped = f'up{{namespace="{board.namespace}",board="{board.name}"}} == 1'
    until(lambda: len(found.prometheus.query(scraped)) >= 3, LOADED, "every role is scraped")


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
    assert links["Dashboard"].startswith(f"{GRAFANA}/d/scoreboard-")


def paged_once(found: Watched, alert: str, component: str) -> Received:
    """The first page, and it is the right one."""
    first = until(found.pages, TOLD, found.said)[0]
    page_of(first, alert, component, found.board)
    return first


def ended(found: Watched, alert: str, first: Received) -> None:
    """It resolves by itself, and nothing else paged, not even when everything was over."""
    end = until(found.ends, ENDED, found.said)[0]
    until(lambda: not found.alertmanager.alerts(found.board), ENDED, found.said)
    (key,) = {each.body["dedup_key"] for each in (*found.pages(), *found.ends())}
    assert key == first.body["dedup_key"]
    found.tell(alert, first, end)


def valkey_gone(found: Watched) -> None:
    """The queue pages; the cache, in the same pod, is worth a notification only."""
    found.break_("statefulset", "valkey")
    first = paged_once(found, "ScoreboardQueueDown", "queue")
    note = until(lambda: found.notified("firing", "ScoreboardCacheDown"), TOLD, found.said)[0]
    assert note.headers["Authorization"] == f"Bearer {TOKEN}"
    assert note.body["commonLabels"]["board"] == found.board.name
    found.mend()
    ended(found, "ScoreboardQueueDown", first)
    end = until(lambda: found.notified("resolved", "ScoreboardCacheDown"), ENDED, found.said)[0]
    found.tell("ScoreboardCacheDown", note, end)


def worker_gone(found: Watched) -> None:
    """Zero workers are somebody's wish: the operator says so, and who set them sets them back."""
    found.break_("deployment", "worker")
    first = paged_once(found, "ScoreboardRoleAbsent", "worker")
    found.mend()
    found.scale("deployment", "worker", 1)
    ended(found, "ScoreboardRoleAbsent", first)


async def _play(found: Watched) -> None:
    """Postgres goes from under a player, whose action is accepted and waits."""
    host = f"{found.board.namespace}.example.com"
    async with visiting(found.ingress, host) as http:
        ann = await signed_in(http)
        await asyncio.to_thread(found.break_, "statefulset", "postgres")
        gone = f"pod/{found.board.name}-postgres-0"
        asked = ("-n", found.board.namespace, "wait", "--for=delete", gone, "--timeout=60s")
        await asyncio.to_thread(found.board.api.kubectl, *asked)
        assert (await ann.execute("level")).status == 202


def postgres_gone(found: Watched) -> None:
    """What follows of it fires and wakes nobody."""
    asyncio.run(_play(found))
    first = paged_once(found, "ScoreboardPostgresDown", "postgres")
    until(lambda: found.silenced("ScoreboardJobsDelayed"), TOLD, found.said)
    found.mend()
    ended(found, "ScoreboardPostgresDown", first)


@pytest.mark.timeout(1500)
def test_what_breaks_pages_or_notifies_once_silences_what_follows_and_resolves_by_itself(
    watch: Callable[[], Watched], capsys: pytest.CaptureFixture[str]
) -> None:
    scenarios = (valkey_gone, worker_gone, postgres_gone)
    boards = [watch() for _ in scenarios]
    with ThreadPoolExecutor(len(scenarios)) as pool:
        running = [pool.submit(do, found) for do, found in zip(scenarios, boards, strict=True)]
        for each in running:
            each.result()
    for found in boards:
        found.board.wait_ready()
    with capsys.disabled():
        print("", *(row for found in boards for row in found.report), sep="\n")
