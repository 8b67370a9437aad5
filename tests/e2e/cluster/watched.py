"""A board whose alerts come to this machine, broken and mended by hand: who was told, when, of what."""

import time
from dataclasses import dataclass, field
from typing import Any

from tests.e2e.cluster import runbooks
from tests.e2e.cluster.api import Api
from tests.e2e.cluster.boards import Board, a_board
from tests.e2e.cluster.prometheus import Alertmanager, Prometheus
from tests.e2e.cluster.receivers import ROUTING_KEY, TOKEN, Received, Receivers, faults
from tests.e2e.cluster.waiting import until

from scoreboard_operator import kinds

INSTALLED, LOADED, TOLD = 600.0, 240.0, 600.0
ENDED = 1200.0  # an objective forgets by what comes after, which a busy machine serves late
PAGER, HOOK, GRAFANA = "pager", "hook", "https://grafana.example.com"


@dataclass(slots=True)
class Row:
    """Of the table in docs/paging.md."""

    broken: str
    told: str
    after: float
    ended: float

    def __str__(self) -> str:
        return f"| {self.broken} | {self.told} | {self.after:.0f} | {self.ended:.0f} |"


@dataclass(slots=True)
class Watched:
    """`ingress`: where its players come in; what came before `since` was somebody else's."""

    board: Board
    prometheus: Prometheus
    alertmanager: Alertmanager
    receivers: Receivers
    ingress: str
    rows: list[Row] = field(default_factory=list)
    broken_at: float = 0.0
    mended_at: float = 0.0
    since: float = 0.0

    @property
    def names(self) -> dict[str, str]:
        """As the first line of a runbook has them."""
        return {"NAMESPACE": self.board.namespace, "BOARD": self.board.name}

    # --- what came -------------------------------------------------------------------
    def pages(self, alert: str = "") -> list[Received]:
        found = self.receivers.events(self.board.namespace, "trigger")
        own = [each for each in found if each.at >= self.since]
        return [each for each in own if alert in ("", each.body["payload"]["class"])]

    def ends(self) -> list[Received]:
        return self.receivers.events(self.board.namespace, "resolve")

    def notified(self, status: str, alert: str) -> list[Received]:
        """Grafana, of one alert."""
        found = self.receivers.notifications(self.board.namespace, status)
        own = [each for each in found if each.at >= self.since]
        return [each for each in own if each.body["groupLabels"]["alertname"] == alert]

    def silenced(self, alert: str) -> bool:
        """Whether it fires, and nobody is told because something else is."""
        return any(
            each["labels"]["alertname"] == alert and each["status"]["inhibitedBy"]
            for each in self.alertmanager.alerts(self.board.namespace)
        )

    def said(self) -> str:
        known = [
            (a["labels"]["alertname"], a["status"]["state"], a["status"]["inhibitedBy"])
            for a in self.alertmanager.alerts(self.board.namespace)
        ]
        came = [each.body["payload"]["class"] for each in self.pages()]
        refused = len(self.receivers.refused(self.board.namespace))
        return (
            f"{self.board.said()}\nAlertmanager knows {known}; there came {came}, {refused} refused"
        )

    # --- what is done ----------------------------------------------------------------
    def pause(self) -> None:
        """The operator stands aside and lets be what is broken by hand."""
        self.board.annotate(paused="true")
        self.board.wait("Paused", "True", seconds=60)

    def broken(self) -> None:
        self.broken_at = time.monotonic()

    def diagnosed(self, alert: str, **more: str) -> str:
        """What the runbook's commands print now."""
        return runbooks.diagnosed(self.board.api, alert, **{**self.names, **more})

    def follow(self, alert: str, holding: str, folder: Any = None, **more: str) -> str:
        """Mends by what the runbook says."""
        done = runbooks.follow(self.board.api, alert, holding, folder, **{**self.names, **more})
        self.mended()
        return done

    def mended(self) -> None:
        self.mended_at = time.monotonic()

    def scale(self, kind: str, component: str, count: int) -> None:
        name = f"{self.board.name}-{component}"
        self.board.api.kubectl(
            "-n", self.board.namespace, "scale", kind, name, f"--replicas={count}"
        )

    def go(self) -> None:
        """Its pods are somebody else's then."""
        self.board.api.delete(kinds.SCOREBOARD, self.board.namespace, self.board.name)

    def first_page(self, alert: str) -> Received:
        return until(lambda: self.pages(alert), TOLD, lambda: f"{alert} pages; {self.said()}")[0]

    # --- what must have come ---------------------------------------------------------
    def paged(self, alert: str, component: str) -> Received:
        """An on-call engineer reads where, what and what to do."""
        first = self.first_page(alert)
        assert faults(first.body) == []
        payload = first.body["payload"]
        assert (payload["component"], payload["severity"]) == (component, "critical")
        assert payload["group"] == self.board.name
        assert payload["source"] == f"{self.board.namespace}/{self.board.name}"
        assert self.board.name in payload["summary"]
        links = {link["text"]: link["href"] for link in first.body["links"]}
        assert links["Runbook"].endswith(f"/{alert}.md")
        assert links["Dashboard"].startswith(f"{GRAFANA}/d/scoreboard-")
        return first

    def noted(self, alert: str) -> Received:
        """Grafana is told."""
        what = f"{alert} notifies"
        note = until(
            lambda: self.notified("firing", alert), TOLD, lambda: f"{what}; {self.said()}"
        )[0]
        assert note.body["commonLabels"]["namespace"] == self.board.namespace
        return note

    def page_ended(self, broken: str, alert: str, first: Received) -> None:
        """It resolves by itself; nothing else of the board paged."""
        key = first.body["dedup_key"]
        end = until(
            lambda: [each for each in self.ends() if each.body["dedup_key"] == key],
            ENDED,
            lambda: f"the page of {alert} ends; {self.said()}",
        )[0]
        self._tell(broken, f"page: {alert}", first, end)

    def note_ended(self, broken: str, alert: str, note: Received) -> None:
        end = until(
            lambda: self.notified("resolved", alert),
            ENDED,
            lambda: f"the note of {alert} ends; {self.said()}",
        )[0]
        self._tell(broken, f"Grafana: {alert}", note, end)

    def _tell(self, broken: str, told: str, first: Received, end: Received) -> None:
        after, ended = first.at - self.broken_at, end.at - self.mended_at
        self.rows.append(Row(broken, told, after, ended))

    def is_over(self, *paged: str) -> None:
        """Nothing fires any more, and of all that paged each did once, and was wanted."""
        until(lambda: not self.firing(), ENDED, lambda: f"all is over; {self.said()}")
        classes = {each.body["payload"]["class"] for each in self.pages()}
        assert classes == set(paged), self.said()
        assert len({each.body["dedup_key"] for each in self.pages()}) == len(paged)

    def firing(self) -> list[str]:
        """What somebody is told of and what is silenced, but for objectives that remember."""
        return [
            each["labels"]["alertname"]
            for each in self.alertmanager.alerts(self.board.namespace)
            if each["labels"]["severity"] != "none"
            and not (
                each["labels"]["alertname"].endswith("BudgetBurn") and each["status"]["inhibitedBy"]
            )
        ]


def secret(api: Api, namespace: str, name: str, kind: str = "Opaque", **data: str) -> None:
    """Made, or as it is now; `routing_key` is routing-key."""
    manifest = {
        "apiVersion": "v1",
        "kind": "Secret",
        "type": kind,
        "metadata": {"name": name, "namespace": namespace},
        "stringData": {key.replace("_", "-"): value for key, value in data.items()},
    }
    api.kubectl("apply", "-f", "-", given=manifest)


def install(found: Watched, *, routing_key: str = ROUTING_KEY, **spec: Any) -> None:
    """It is ready, its rules and routes are loaded, its roles are scraped."""
    board, to = found.board, found.receivers
    secret(board.api, board.namespace, PAGER, routing_key=routing_key)
    secret(board.api, board.namespace, HOOK, token=TOKEN)
    hook = {"url": to.url(f"/{board.namespace}/grafana"), "secretRef": {"name": HOOK}}
    pager = {"secretRef": {"name": PAGER}, "url": to.url(f"/{board.namespace}/v2/enqueue")}
    watchdog = {"url": to.url(f"/{board.namespace}/watchdog")}
    alerts = {"pagerDuty": pager, "grafana": hook, "watchdog": watchdog}
    monitoring = {"enabled": True, "dashboards": False, "grafanaURL": GRAFANA, "alerts": alerts}
    exposure = {"type": "Ingress", "host": f"{board.namespace}.example.com"}
    asked = {"exposure": exposure, "monitoring": monitoring, **spec}
    board.apply(a_board(board.name, **asked))
    board.wait_ready(INSTALLED)
    board.wait("MonitoringReady", "True", "Applied", 30)
    route = f"{board.namespace}/{board.name}/pagerduty"
    until(lambda: route in found.alertmanager.config(), LOADED, "Alertmanager has the routes")
    until(lambda: found.prometheus.rules(board), LOADED, "Prometheus has the rules")
    scraped = f'up{{namespace="{board.namespace}",board="{board.name}"}} == 1'
    until(lambda: len(found.prometheus.query(scraped)) >= 3, LOADED, "every role is scraped")
    until(lambda: to.barks(board.namespace), LOADED, "the watchdog hears of it")
