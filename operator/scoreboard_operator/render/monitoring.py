"""What Prometheus and Grafana are told of one Scoreboard: a ServiceMonitor, rules and dashboards.

The home of the labels that its series have: `namespace`, which Prometheus gives, `board` and
`component`. alerts/board.yaml and dashboards/panels select by them.
"""

import json
import re
from collections.abc import Mapping
from typing import Any

from scoreboard_operator import names
from scoreboard_operator.release import digest
from scoreboard_operator.render import parts, shipped
from scoreboard_operator.render.parts import Manifest
from scoreboard_operator.render.routing import alertmanager_config, routed, watched
from scoreboard_operator.resource import Resource

COMPONENT = "monitoring"
DASHBOARD_LABEL = {"grafana_dashboard": "1"}  # by which Grafana's sidecar finds them
SERIES = {"board": names.INSTANCE, "component": names.COMPONENT}
ALERT = "{alert}"
TO_DASHBOARD = re.compile(rf"/d/scoreboard-({'|'.join(shipped.DASHBOARDS)})\b")
TO_RUNBOOK = re.compile(r'https://[^"]*/docs/runbooks/([^"]+)\.md')


def _metadata(resource: Resource, name: str, labels: Mapping[str, str]) -> Manifest:
    found = parts.metadata(resource, name, COMPONENT)
    found["labels"] = {**found["labels"], **labels}
    return found


def _selected(resource: Resource) -> Mapping[str, str]:
    """Labels by which Prometheus selects what is made for it."""
    found: Mapping[str, str] = resource.spec["monitoring"].get("labels", {})
    return found


def service_monitor(resource: Resource) -> Manifest:
    """Every pod behind a metrics Service of this Scoreboard."""
    relabelings = [
        {
            "sourceLabels": [f"__meta_kubernetes_service_label_{re.sub('[./-]', '_', label)}"],
            "targetLabel": target,
        }
        for target, label in SERIES.items()
    ]
    endpoint = {"port": "metrics", "interval": "15s", "relabelings": relabelings}
    return {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "ServiceMonitor",
        "metadata": _metadata(resource, resource.name, _selected(resource)),
        "spec": {
            "selector": {"matchLabels": {names.METRICS: resource.name}},
            "endpoints": [{**endpoint, "honorLabels": False}],
        },
    }


def runbook(given: str, alert: str) -> str:
    """Where the runbook of an alert is: `{alert}` in the address, or a name after it."""
    if ALERT in given:
        return given.replace(ALERT, alert)
    return f"{given.rstrip('/')}/{alert}"


def uid(resource: Resource, dashboard: str) -> str:
    """Grafana knows a dashboard by it; two Scoreboards have their own."""
    return f"scoreboard-{dashboard}-{digest(resource.namespace, resource.name)}"


def _led(resource: Resource, text: str) -> str:
    """Links to dashboards lead to those of this Scoreboard."""
    return TO_DASHBOARD.sub(lambda found: f"/d/{uid(resource, found[1])}", text)


def _named(resource: Resource, text: str) -> str:
    """With the names of this Scoreboard and of its dashboards."""
    asked = resource.spec["monitoring"]
    if text.startswith("/d/"):
        text = f"{asked.get('grafanaURL', '').rstrip('/')}{text}"
    if asked["dashboards"]:
        text = _led(resource, text)
    return text.replace("$namespace", resource.namespace).replace("$board", resource.name)


def _of_this_board(resource: Resource, found: Any) -> Any:
    """A copy. Texts alone are touched: a Scoreboard may be called `on`, its namespace `1e3`."""
    if isinstance(found, Mapping):
        return {key: _of_this_board(resource, value) for key, value in found.items()}
    if isinstance(found, list):
        return [_of_this_board(resource, value) for value in found]
    return _named(resource, found) if isinstance(found, str) else found


def rules(resource: Resource) -> Manifest:
    """Recorded objectives and alerts."""
    files = ("board.yaml", "watchdog.yaml") if watched(resource) else ("board.yaml",)
    groups = [group for name in files for group in shipped.rules(name)["groups"]]
    found = _of_this_board(resource, {"groups": groups})
    given = resource.spec["monitoring"].get("runbookURL")
    for group in found["groups"]:
        for rule in group["rules"]:
            if given and "alert" in rule:
                rule["annotations"]["runbook_url"] = runbook(given, rule["alert"])
    return {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "PrometheusRule",
        "metadata": _metadata(resource, resource.name, _selected(resource)),
        "spec": found,
    }


def _dashboard(resource: Resource, name: str) -> Manifest:
    text, given = shipped.text(f"{name}.json"), resource.spec["monitoring"].get("runbookURL")
    if given:
        text = TO_RUNBOOK.sub(lambda link: json.dumps(runbook(given, link[1]))[1:-1], text)
    found: dict[str, Any] = json.loads(_led(resource, text))
    found["uid"] = uid(resource, name)
    part = found["title"].rpartition(" / ")[2]
    found["title"] = f"{resource.name} ({resource.namespace}) / {part}"
    own = {"namespace": resource.namespace, "board": resource.name}
    for variable in found["templating"]["list"]:
        if variable["name"] in own:
            value = own[variable["name"]]
            variable["current"] = {"selected": True, "text": value, "value": value}
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": _metadata(resource, f"{resource.name}-dashboard-{name}", DASHBOARD_LABEL),
        "data": {f"{found['uid']}.json": json.dumps(found, separators=(",", ":"))},
    }


def monitoring(resource: Resource) -> list[Manifest]:
    """Everything of it that the manifest asks for; what is served is decided elsewhere."""
    asked = resource.spec["monitoring"]
    if not asked["enabled"]:
        return []
    shown = shipped.DASHBOARDS if asked["dashboards"] else ()
    dashboards = [_dashboard(resource, name) for name in shown]
    found = [*dashboards, service_monitor(resource), rules(resource)]
    if routed(resource):
        metadata = _metadata(resource, resource.name, _selected(resource))
        found.append(alertmanager_config(resource, metadata))
    return found
