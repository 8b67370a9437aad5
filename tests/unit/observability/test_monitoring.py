"""render/monitoring.py: what one Scoreboard's rules and dashboards become on a cluster."""

import json
import re
import tomllib
from typing import Any

import pytest
import yaml
from tests.unit.observability.promtool import ALERTS, ROOT, promtool
from tests.unit.operator.scoreboards import OPTIONAL, World, a_resource

from scoreboard_operator import kinds
from scoreboard_operator.metrics import READY, Telemetry
from scoreboard_operator.render import monitoring, shipped

MONITORED = "monitoring: {enabled: true, labels: {release: prometheus}}"


def made(change: str = MONITORED, **more: Any) -> dict[str, list[dict[str, Any]]]:
    """By kind."""
    found: dict[str, list[dict[str, Any]]] = {}
    for manifest in monitoring.monitoring(a_resource(change, **more)):
        found.setdefault(manifest["kind"], []).append(manifest)
    return found


def alerts(found: dict[str, list[dict[str, Any]]]) -> list[dict[str, Any]]:
    (manifest,) = found["PrometheusRule"]
    return [
        rule for group in manifest["spec"]["groups"] for rule in group["rules"] if "alert" in rule
    ]


def test_nothing_is_made_unless_it_is_asked_for():
    assert made("") == {}
    assert "ConfigMap" not in made("monitoring: {enabled: true, dashboards: false}")


def test_the_rules_are_of_this_board_and_selected_like_the_monitor(tmp_path: Any):
    found = made()
    (rules,), (monitor,) = found["PrometheusRule"], found["ServiceMonitor"]
    text = json.dumps(rules)

    assert rules["metadata"]["labels"]["release"] == "prometheus"
    assert monitor["metadata"]["labels"]["release"] == "prometheus"
    assert "$namespace" not in text
    assert "$board" not in text
    assert {(a["labels"]["namespace"], a["labels"]["board"]) for a in alerts(found)} == {
        ("games", "arcade")
    }
    (tmp_path / "rules.yaml").write_text(json.dumps(rules["spec"]))
    promtool("check", "rules", str(tmp_path / "rules.yaml"))


def test_the_rules_of_one_board_leave_those_of_the_next_as_they_are():
    made()
    assert shipped.rules() == yaml.safe_load((ALERTS / "board.yaml").read_text())


@pytest.mark.parametrize(("name", "namespace"), [("on", "1e3"), ("true", "123"), ("null", "no")])
def test_names_that_yaml_takes_for_something_else_stay_names(name: str, namespace: str):
    for alert in alerts(made(name=name, namespace=namespace)):
        assert (alert["labels"]["board"], alert["labels"]["namespace"]) == (name, namespace)


@pytest.mark.parametrize(
    ("given", "url"),
    [
        (
            "https://wiki.example.com/{alert}.html",
            "https://wiki.example.com/ScoreboardQueueStuck.html",
        ),
        (
            "https://wiki.example.com/runbooks/",
            "https://wiki.example.com/runbooks/ScoreboardQueueStuck",
        ),
    ],
)
def test_runbooks_are_where_the_manifest_says(given: str, url: str):
    found = alerts(made(f"monitoring: {{enabled: true, runbookURL: '{given}'}}"))

    (stuck,) = [alert for alert in found if alert["alert"] == "ScoreboardQueueStuck"]
    assert stuck["annotations"]["runbook_url"] == url


def test_an_alert_leads_to_a_dashboard_that_is_there():
    found = made()
    uids = {
        json.loads(text)["uid"] for each in found["ConfigMap"] for text in each["data"].values()
    }
    led = [
        re.match(r"/d/([\w-]+)\?", alert["annotations"]["dashboard_url"]) for alert in alerts(found)
    ]

    assert {match[1] for match in led if match} <= uids
    assert all(led)
    bare = alerts(made("monitoring: {enabled: true, dashboards: false}"))
    assert bare[0]["annotations"]["dashboard_url"].startswith("/d/scoreboard-gateway?")


def test_two_boards_have_dashboards_of_their_own_that_show_them_first():
    here, there = made()["ConfigMap"], made(namespace="elsewhere")["ConfigMap"]
    keys = [key for each in (*here, *there) for key in each["data"]]

    assert len(set(keys)) == len(keys) == 2 * len(shipped.DASHBOARDS)
    for config_map in here:
        ((key, text),) = config_map["data"].items()
        found = json.loads(text)
        assert config_map["metadata"]["labels"]["grafana_dashboard"] == "1"
        assert key == f"{found['uid']}.json"
        assert len(found["uid"]) <= 40
        assert found["title"].startswith("arcade (games) / ")
        chosen = {v["name"]: v["current"].get("value") for v in found["templating"]["list"]}
        assert chosen == {"datasource": None, "namespace": "games", "board": "arcade"}


def test_a_dashboard_leads_to_those_of_its_board_and_to_the_runbooks_of_the_manifest():
    given = "monitoring: {enabled: true, runbookURL: 'https://wiki.example.com/{alert}?a=1&b=2'}"
    found = [
        (json.loads(text)["uid"], text)
        for each in made(given)["ConfigMap"]
        for text in each["data"].values()
    ]
    uids = {uid for uid, _ in found}
    text = " ".join(text for _, text in found)

    assert set(re.findall(r"/d/([\w-]+)", text)) == uids
    assert "https://wiki.example.com/ScoreboardQueueDown?a=1&b=2" in text
    assert "https://wiki.example.com/${__value.raw}?a=1&b=2" in text
    assert "github.com" not in text


def test_the_monitor_names_what_the_rules_select_by():
    (monitor,) = made()["ServiceMonitor"]
    (endpoint,) = monitor["spec"]["endpoints"]

    assert {each["targetLabel"]: each["sourceLabels"] for each in endpoint["relabelings"]} == {
        "board": ["__meta_kubernetes_service_label_app_kubernetes_io_instance"],
        "component": ["__meta_kubernetes_service_label_app_kubernetes_io_component"],
    }


def condition(served: frozenset[str]) -> dict[str, Any]:
    world = World.of(MONITORED)
    world.served = served
    return world.converge().condition("MonitoringReady")


def test_only_what_is_missing_is_told_as_missing_and_its_coming_heals():
    monitor, rule = kinds.SERVICE_MONITOR.kind, kinds.PROMETHEUS_RULE.kind
    both, one = condition(OPTIONAL - {monitor, rule}), condition(OPTIONAL - {rule})

    assert both["message"].startswith(
        "the cluster has no ServiceMonitor and no PrometheusRule: install"
    )
    assert one["message"].startswith("the cluster has no PrometheusRule: install")
    assert both["reason"] == one["reason"] == "CRDMissing"
    assert condition(OPTIONAL)["reason"] == "Applied"


def test_a_kind_that_is_not_served_is_not_made_and_is_made_once_it_is():
    world = World.of(MONITORED)
    world.served = OPTIONAL - {"PrometheusRule"}
    world.converge()
    assert ("ServiceMonitor", "arcade") in world.objects
    assert ("PrometheusRule", "arcade") not in world.objects

    world.served = OPTIONAL
    world.converge()
    assert ("PrometheusRule", "arcade") in world.objects


def test_dashboards_that_are_not_wanted_any_more_go():
    world = World.of(MONITORED)
    world.served = OPTIONAL
    world.converge()
    assert ("ConfigMap", "arcade-dashboard-gateway") in world.objects

    world.edit("monitoring: {enabled: true, dashboards: false}")
    world.converge()
    assert ("ConfigMap", "arcade-dashboard-gateway") not in world.objects


def test_the_wheel_and_the_build_context_have_what_the_operator_reads():
    about = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]
    shipped_as = about["targets"]["wheel"]["force-include"]
    wanted = {f"{name}.json" for name in shipped.DASHBOARDS} | {"board.yaml", "watchdog.yaml"}
    inside = {
        to.rpartition("/")[2]: source for source, to in shipped_as.items() if "/shipped/" in to
    }

    assert set(inside) == wanted
    for source in inside.values():
        assert (ROOT / source).is_file()
        folder = source.partition("/")[0]
        assert f"!{folder}\n" in (ROOT / ".containerignore").read_text()
        assert f"COPY {folder} {folder}\n" in (ROOT / "Containerfile").read_text()


def test_a_scoreboard_that_is_gone_is_not_told_as_ready_or_not():
    telemetry = Telemetry("test")
    series = 'scoreboard_operator_scoreboard_ready{board="arcade",board_namespace="games"}'
    telemetry.child(READY, "games", "arcade").set(0)
    assert f"{series} 0.0" in telemetry.exposition().decode()

    telemetry.forget(READY, "games", "arcade")
    telemetry.forget(READY, "games", "never-seen")
    assert series not in telemetry.exposition().decode()
