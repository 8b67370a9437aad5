"""render/routing.py: whom an alert of one Scoreboard reaches, and what silences it."""

import re
from collections.abc import Mapping
from typing import Any

import pytest
from tests.unit.observability.promtool import ALL_ALERTS
from tests.unit.operator.scoreboards import OPTIONAL, World, a_resource

from scoreboard_operator.render import monitoring
from scoreboard_operator.render.routing import needed

PAGER = "pagerDuty: {secretRef: {name: pager}}"
WATCHDOG = "watchdog: {urlSecretRef: {name: heartbeat}}"
WEBHOOK = "grafana: {url: 'https://grafana.example.com/hook', secretRef: {name: grafana}}"


def asked(*receivers: str, more: str = "") -> str:
    return f"monitoring: {{enabled: true, alerts: {{{', '.join(receivers)}}}{more}}}"


def config(change: str) -> dict[str, Any]:
    """The spec of the AlertmanagerConfig."""
    found = monitoring.monitoring(a_resource(change))
    (made,) = (each for each in found if each["kind"] == "AlertmanagerConfig")
    return dict(made["spec"])


def reached(spec: Mapping[str, Any], **labels: str) -> str | None:
    """As Alertmanager routes it: equal labels, alternatives in a =~."""

    def matches(route: Mapping[str, Any]) -> bool:
        return all(labels.get(m["name"]) in m["value"].split("|") for m in route["matchers"])

    if not matches(spec["route"]):
        return None
    inner = [route["receiver"] for route in spec["route"]["routes"] if matches(route)]
    return str(inner[0] if inner else spec["route"]["receiver"])


@pytest.mark.parametrize(
    ("receivers", "critical", "warning"),
    [
        ((PAGER, WEBHOOK), "pagerduty", "grafana"),
        ((PAGER,), "pagerduty", None),
        ((WEBHOOK,), "grafana", "grafana"),
    ],
)
def test_critical_pages_warning_notifies_and_the_rest_is_left_to_the_cluster(
    receivers: tuple[str, ...], critical: str, warning: str | None
):
    spec = config(asked(*receivers))

    assert reached(spec, board="arcade", severity="critical") == critical
    assert reached(spec, board="arcade", severity="warning") == warning
    assert reached(spec, board="arcade", severity="info") is None
    assert reached(spec, board="another", severity="critical") is None


def test_a_watchdog_hears_every_minute_and_hears_nothing_else():
    spec = config(asked(PAGER, WATCHDOG))
    barks = {"board": "arcade", "severity": "none", "alertname": "ScoreboardWatchdog"}
    (route,) = [r for r in spec["route"]["routes"] if r["receiver"] == "watchdog"]
    (receiver,) = [r for r in spec["receivers"] if r["name"] == "watchdog"]

    assert reached(spec, **barks) == "watchdog"
    assert reached(spec, board="arcade", severity="critical") == "pagerduty"
    assert (route["groupInterval"], route["repeatInterval"]) == ("30s", "45s")
    address = {"name": "heartbeat", "key": "url"}
    assert receiver["webhookConfigs"] == [{"sendResolved": False, "urlSecret": address}]
    assert reached(config(asked(WATCHDOG)), board="arcade", severity="critical") is None
    memory = {**barks, "alertname": "ScoreboardOutageRecent"}
    assert reached(spec, **memory) == "nobody", "what silences is told to nobody"
    assert reached(config(asked(WATCHDOG)), **barks) == "watchdog"


@pytest.mark.parametrize(("receivers", "barks"), [((PAGER,), False), ((PAGER, WATCHDOG), True)])
def test_nobody_is_told_of_a_watchdog_that_nobody_asked_for(
    receivers: tuple[str, ...], barks: bool
):
    made = monitoring.monitoring(a_resource(asked(*receivers)))
    (rules,) = (each for each in made if each["kind"] == "PrometheusRule")
    found = [rule.get("alert") for group in rules["spec"]["groups"] for rule in group["rules"]]

    assert ("ScoreboardWatchdog" in found) == barks
    assert "ScoreboardQueueStuck" in found


def test_a_message_is_of_alerts_that_say_the_same():
    named = {"namespace", "board", "alertname", "component"}
    assert set(config(asked(PAGER))["route"]["groupBy"]) == named


def test_a_page_says_where_what_and_what_to_do():
    spec = config(asked(PAGER, more=", grafanaURL: 'https://grafana.example.com/'"))
    _, receiver = spec["receivers"]
    (page,) = receiver["pagerdutyConfigs"]

    assert page["routingKey"] == {"name": "pager", "key": "routing-key"}
    assert (page["group"], page["source"]) == ("arcade", "games/arcade")
    assert "alertname" in page["class"]
    assert "component" in page["component"]
    runbook, dashboard = page["pagerDutyLinkConfigs"]
    assert (runbook["alt"], dashboard["alt"]) == ("Runbook", "Dashboard")
    url = ".CommonAnnotations.dashboard_url"
    begins = f'{{{{ if match "^/" {url} }}}}https://grafana.example.com{{{{ end }}}}'
    assert dashboard["href"] == f"{begins}{{{{ {url} }}}}", "whoever made the alert"
    assert page["sendResolved"]
    assert "url" not in page, "Alertmanager knows PagerDuty's own"


def test_a_link_that_leads_nowhere_is_left_out_of_a_page():
    _, receiver = config(asked(PAGER))["receivers"]
    (link,) = receiver["pagerdutyConfigs"][0]["pagerDutyLinkConfigs"]
    assert link["alt"] == "Runbook"


def test_a_region_of_pagerduty_is_reached_where_it_is():
    elsewhere = "https://events.eu.pagerduty.com/v2/enqueue"
    pager = f"pagerDuty: {{secretRef: {{name: pager}}, url: '{elsewhere}'}}"
    _, receiver = config(asked(pager))["receivers"]
    assert receiver["pagerdutyConfigs"][0]["url"] == elsewhere


def test_a_webhook_has_its_token_or_its_whole_address_from_a_secret():
    _, open_ = config(asked(WEBHOOK))["receivers"]
    _, secret = config(asked("grafana: {urlSecretRef: {name: hook}}"))["receivers"]

    assert open_["webhookConfigs"] == [
        {
            "sendResolved": True,
            "url": "https://grafana.example.com/hook",
            "httpConfig": {
                "authorization": {
                    "type": "Bearer",
                    "credentials": {"name": "grafana", "key": "token"},
                }
            },
        }
    ]
    address = {"name": "hook", "key": "url"}
    assert secret["webhookConfigs"] == [{"sendResolved": True, "urlSecret": address}]


def silenced(spec: Mapping[str, Any], by: Mapping[str, str], one: Mapping[str, str]) -> bool:
    """As Alertmanager inhibits."""

    def is_(matchers: list[dict[str, str]], labels: Mapping[str, str]) -> bool:
        return all(re.fullmatch(m["value"], labels.get(m["name"], "")) for m in matchers)

    return any(
        is_(rule["sourceMatch"], by)
        and is_(rule["targetMatch"], one)
        and all(by.get(name, "") == one.get(name, "") for name in rule["equal"])
        for rule in spec["inhibitRules"]
    )


def labels(name: str, component: str = "", severity: str = "") -> dict[str, str]:
    """Of an alert of alerts/board.yaml, on our board."""
    found = next(
        rule["labels"]
        for rule in ALL_ALERTS
        if rule["alert"] == name and severity in ("", rule["labels"]["severity"])
    )
    own = {"alertname": name, "namespace": "games", "board": "arcade"}
    return {**found, **own, **({"component": component} if component else {})}


@pytest.mark.parametrize(
    ("by", "one"),
    [
        (labels("ScoreboardPostgresDown"), labels("ScoreboardJobsDelayed")),
        (labels("ScoreboardQueueDown"), labels("ScoreboardAcceptErrorBudgetBurn")),
        (labels("ScoreboardRoleAbsent", "worker"), labels("ScoreboardDeadLetters")),
        (
            labels("ScoreboardRoleAbsent", "gateway"),
            labels("ScoreboardPodCrashLooping", "gateway"),
        ),
        (
            labels("ScoreboardAcceptErrorBudgetBurn", severity="critical"),
            labels("ScoreboardAcceptErrorBudgetBurn", severity="warning"),
        ),
        (labels("ScoreboardOutageRecent"), labels("ScoreboardAcceptErrorBudgetBurn")),
        (labels("ScoreboardOutageRecent"), labels("ScoreboardPushLatencyBudgetBurn")),
    ],
)
def test_a_cause_silences_what_follows_of_it(by: dict[str, str], one: dict[str, str]):
    spec = config(asked(PAGER, WEBHOOK))

    assert silenced(spec, by, one)
    assert not silenced(spec, one, by), "and is told itself"
    assert not silenced(spec, {**by, "board": "another"}, one), "on its own board"


@pytest.mark.parametrize(
    ("by", "one"),
    [
        (labels("ScoreboardQueueGrowing"), labels("ScoreboardJobsDelayed")),
        (labels("ScoreboardPostgresDown"), labels("ScoreboardQueueDown")),
        (labels("ScoreboardOutageRecent"), labels("ScoreboardJobsDelayed")),
        (labels("ScoreboardOutageRecent"), labels("ScoreboardQueueDown")),
        (
            labels("ScoreboardRoleAbsent", "gateway"),
            labels("ScoreboardPodCrashLooping", "worker"),
        ),
    ],
)
def test_a_warning_silences_no_page_and_two_causes_are_both_told(
    by: dict[str, str], one: dict[str, str]
):
    assert not silenced(config(asked(PAGER, WEBHOOK)), by, one)


def test_no_secret_is_asked_for_while_nothing_is_watched():
    off = a_resource(asked(PAGER, WEBHOOK).replace("true", "false"))
    assert needed(off) == []
    assert monitoring.monitoring(off) == []
    assert [ref["name"] for ref in needed(a_resource(asked(PAGER, WEBHOOK)))] == [
        "pager",
        "grafana",
    ]


def test_a_missing_secret_is_told_with_what_to_do_and_is_in_nobodys_way():
    world = World.of(asked(PAGER), served=OPTIONAL)
    found = world.converge()
    said = found.condition("MonitoringReady")

    assert (said["status"], said["reason"]) == ("False", "SecretMissing")
    assert "make the Secret pager with the key routing-key" in said["message"]
    assert found.condition("Ready")["status"] == "True"

    world.alert_secrets["pager"] = {"data": {"other": "YQ=="}}
    assert world.look().condition("MonitoringReady")["reason"] == "SecretMissing"
    world.alert_secrets["pager"] = {"data": {"routing-key": "YQ=="}}
    assert world.look().condition("MonitoringReady")["reason"] == "Applied"


def test_where_alertmanager_is_not_run_by_prometheus_operator_it_is_said():
    world = World.of(asked(PAGER), served=OPTIONAL)
    world.served -= {"AlertmanagerConfig"}

    said = world.converge().condition("MonitoringReady")

    assert said["reason"] == "CRDMissing"
    assert "AlertmanagerConfig" in said["message"]


def test_a_turned_routing_key_changes_no_pod():
    world = World.of(asked(PAGER), served=OPTIONAL)
    world.converge()
    before = world.target()

    world.alert_secrets["pager"] = {"data": {"routing-key": "Yg=="}}

    assert world.target() == before
