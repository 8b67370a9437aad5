"""Where the alerts of one Scoreboard go: an AlertmanagerConfig (flow 9).

A critical alert pages by PagerDuty's Events API v2, a warning notifies Grafana; an end of either is
told too. A watchdog outside hears every minute that all of this works. prometheus-operator puts
these routes before the cluster's own, for alerts of this namespace only (`OnNamespace`), which
alerts/board.yaml labels so; the others still see them.
"""

from collections.abc import Mapping
from typing import Any

from scoreboard_operator.render.parts import Manifest
from scoreboard_operator.resource import Resource

CRITICAL, WARNING, NONE = "critical", "warning", "none"
PAGERDUTY, GRAFANA, WATCHDOG, NOBODY = "pagerduty", "grafana", "watchdog", "nobody"
WATCHDOG_ALERT, MEMORY_ALERT = "ScoreboardWatchdog", "ScoreboardOutageRecent"
OBJECTIVES = {"name": "alertname", "value": "Scoreboard.+BudgetBurn", "matchType": "=~"}
# Whatever is the same for all that is told in one message.
GROUP_BY = ["namespace", "board", "alertname", "component"]
# A page waits only until its cause could silence it; nobody is told of news every minute twice.
PACE = {
    CRITICAL: {"groupWait": "10s", "groupInterval": "1m", "repeatInterval": "4h"},
    WARNING: {"groupWait": "30s", "groupInterval": "2m", "repeatInterval": "12h"},
}
# At every second look at the group: a repetition that is due just after a look waits for the next.
EVERY_MINUTE = {"groupWait": "1s", "groupInterval": "30s", "repeatInterval": "45s"}


def routed(resource: Resource) -> bool:
    """Whether the manifest says where alerts go."""
    asked = resource.spec["monitoring"]
    return bool(asked["enabled"] and asked.get("alerts"))


def watched(resource: Resource) -> bool:
    """Whether somebody outside wants to hear that alerts can be told at all."""
    return routed(resource) and WATCHDOG in resource.spec["monitoring"]["alerts"]


def needed(resource: Resource) -> list[Mapping[str, str]]:
    """Names and keys of the Secrets that Alertmanager has to read."""
    if not routed(resource):
        return []
    receivers: Mapping[str, Mapping[str, Any]] = resource.spec["monitoring"]["alerts"]
    return [
        receivers[to][ref]
        for to in ("pagerDuty", "grafana", WATCHDOG)
        for ref in ("secretRef", "urlSecretRef")
        if ref in receivers.get(to, {})
    ]


def _is(name: str, value: str) -> Manifest:
    return {"name": name, "value": value, "matchType": "="}


def _key(ref: Mapping[str, str]) -> Manifest:
    return {"name": ref["name"], "key": ref["key"]}


def _pagerduty(resource: Resource, asked: Mapping[str, Any]) -> Manifest:
    """One incident for one group: its fields are those by which PagerDuty's rules choose."""
    links = [{"href": "{{ .CommonAnnotations.runbook_url }}", "alt": "Runbook"}]
    grafana = resource.spec["monitoring"].get("grafanaURL", "").rstrip("/")
    if grafana:  # alerts of the chart about this board know of no Grafana
        begins = f'{{{{ if match "^/" .CommonAnnotations.dashboard_url }}}}{grafana}{{{{ end }}}}'
        href = f"{begins}{{{{ .CommonAnnotations.dashboard_url }}}}"
        links.append({"href": href, "alt": "Dashboard"})
    said = '{{ range .Alerts.Firing }}{{ .Annotations.description }}{{ "\\n" }}{{ end }}'
    found = {
        "routingKey": _key(asked["secretRef"]),
        "sendResolved": True,
        "severity": CRITICAL,
        "class": "{{ .GroupLabels.alertname }}",
        "component": "{{ .GroupLabels.component }}",
        "group": resource.name,
        "source": f"{resource.namespace}/{resource.name}",
        "client": f"Scoreboard {resource.name}",
        "description": f"{resource.name} ({resource.namespace}): "
        "{{ .CommonAnnotations.summary }} [{{ .GroupLabels.alertname }}]",
        "details": [{"key": "description", "value": said}],
        "pagerDutyLinkConfigs": links,
    }
    return found | ({"url": asked["url"]} if "url" in asked else {})


def _webhook(asked: Mapping[str, Any], *, resolved: bool) -> Manifest:
    found: Manifest = {"sendResolved": resolved}
    if "url" in asked:
        found["url"] = asked["url"]
    else:
        found["urlSecret"] = _key(asked["urlSecretRef"])
    if "secretRef" in asked:
        token = {"type": "Bearer", "credentials": _key(asked["secretRef"])}
        found["httpConfig"] = {"authorization": token}
    return found


def _inhibitions(resource: Resource) -> list[Manifest]:
    """What is explained by something else that is told does not wake anybody as well.

    A warning never silences a page.
    """
    ours, critical, warning = (
        _is("board", resource.name),
        _is("severity", CRITICAL),
        _is("severity", WARNING),
    )
    cause, symptom = _is("kind", "cause"), _is("kind", "symptom")
    board = ["namespace", "board"]
    return [
        # A store that is gone, a role without pods, a stuck queue: everything that follows of it.
        {"sourceMatch": [ours, critical, cause], "targetMatch": [ours, symptom], "equal": board},
        {
            "sourceMatch": [ours, critical, cause],
            "targetMatch": [ours, warning],
            "equal": [*board, "component"],
        },
        {
            "sourceMatch": [ours, critical],
            "targetMatch": [ours, warning],
            "equal": [*board, "alertname"],
        },
        # The windows of an objective hold an outage that is over: it was told.
        {
            "sourceMatch": [ours, _is("alertname", MEMORY_ALERT)],
            "targetMatch": [ours, OBJECTIVES],
            "equal": board,
        },
    ]


def alertmanager_config(resource: Resource, metadata: Manifest) -> Manifest:
    """Of a Scoreboard that says where alerts go."""
    asked = resource.spec["monitoring"]["alerts"]
    to: dict[str, str] = {}
    receivers: list[Manifest] = [{"name": NOBODY}]
    if "grafana" in asked:
        to |= {CRITICAL: GRAFANA, WARNING: GRAFANA}
        receivers.append(
            {"name": GRAFANA, "webhookConfigs": [_webhook(asked["grafana"], resolved=True)]}
        )
    if "pagerDuty" in asked:
        to[CRITICAL] = PAGERDUTY
        paging = _pagerduty(resource, asked["pagerDuty"])
        receivers.append({"name": PAGERDUTY, "pagerdutyConfigs": [paging]})
    routes = [
        {"matchers": [_is("severity", severity)], "receiver": receiver, **PACE[severity]}
        for severity, receiver in to.items()
    ]
    severities = list(to)
    if WATCHDOG in asked:
        hook = _webhook(asked[WATCHDOG], resolved=False)
        receivers.append({"name": WATCHDOG, "webhookConfigs": [hook]})
        only = [_is("alertname", WATCHDOG_ALERT)]
        routes.append({"matchers": only, "receiver": WATCHDOG, **EVERY_MINUTE})
        severities.append(NONE)
    of_these = {"name": "severity", "value": "|".join(severities), "matchType": "=~"}
    return {
        "apiVersion": "monitoring.coreos.com/v1alpha1",
        "kind": "AlertmanagerConfig",
        "metadata": metadata,
        "spec": {
            "route": {
                "receiver": NOBODY,
                "matchers": [_is("board", resource.name), of_these],
                "groupBy": GROUP_BY,
                "routes": routes,
            },
            "receivers": receivers,
            "inhibitRules": _inhibitions(resource),
        },
    }
