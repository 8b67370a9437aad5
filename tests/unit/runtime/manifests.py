"""Manifests that are right and wrong: local mode and the API server must judge them alike.

A change to a small valid spec is written as in a manifest; `None` takes a field away.
"""

from pathlib import Path
from typing import Any

import msgspec
import yaml

EXAMPLES = sorted(
    path
    for path in (Path(__file__).parents[3] / "examples").glob("*.yaml")
    if "\nkind: Scoreboard\n" in path.read_text(encoding="utf-8")
)

SMALL = """
version: "0.1.0"
boards: [{name: main}]
actions: [{name: go, points: 1}]
"""


def _read(text: str) -> Any:
    return yaml.load(text, yaml.CSafeLoader)  # read thousands of times


def a_manifest(change: str | dict[str, Any] = "", name: Any = "arcade") -> dict[str, Any]:
    changed = _read(change) if isinstance(change, str) else change
    spec = {**_read(SMALL), **(changed or {})}
    return {
        "apiVersion": "scoreboard.dev/v1alpha1",
        "kind": "Scoreboard",
        "metadata": {"name": name},
        "spec": {key: value for key, value in spec.items() if value is not None},
    }


def an_action(fields: str) -> str:
    return f"actions: [{{name: go, points: 1, {fields}}}]"


RIGHT = {
    "nothing but what is needed": "",
    "a null is as not given": "boards: [{name: main, size: null}]\nauth: null\nimage: null",
    "a null is as not given, deep": "database: {managed: null, secretRef: {name: a}}",
    "a label of null is none": "monitoring: {labels: {a: null, b: c}}",
    "empty objects": "auth: {}\nlimits: {}\ngateway: {autoscaling: {}, resources: {limits: {}}}",
    "no points at all": "actions: [{name: go, points: 0}]",
    "the most points": "actions: [{name: go, points: 9007199254740991}]",
    "measured points": "actions: [{name: go, points: {field: coins, max: 5}}]",
    "measured points with each": "actions: [{name: go, points: {field: coins, each: 2, max: 5}}]",
    "an issued task": an_action("task: Issued, minDuration: 20s, maxDuration: 1d"),
    "an issued task just below an hour": an_action("task: Issued, minDuration: 3599999ms"),
    "the longest duration": an_action("cooldown: 99999d"),
    "no cooldown": an_action("cooldown: 0s"),
    "days and minutes": "auth: {tokenTTL: 1440m, refreshTTL: 1d}",
    "the most keys": "auth: {keyRotation: 1h, refreshTTL: 100h}",
    "a provider on this machine": "auth: {oidc: {issuer: 'http://127.0.0.1:81/a', audience: b}}",
    "a provider elsewhere": "auth: {oidc: {issuer: 'https://id.example.com', audience: b}}",
    "a version before a release": "version: 0.2.0-rc.1",
    "an image by its digest": f"image: 'localhost:5000/a/b_c@sha256:{'0a' * 32}'",
    "a given database": "database: {secretRef: {name: dsn}}\nredis: {secretRef: {name: a.b, key: .c}}",
    "managed stores": "database: {managed: {}}\nredis: {managed: {storage: 256Mi}}",
    "a Cluster": "database: {cloudNativePG: {}}",
    "a pager": "monitoring: {alerts: {pagerDuty: {secretRef: {name: pager}}}}",
    "a webhook at a secret address": "monitoring: {alerts: {grafana: {urlSecretRef: {name: a}}}}",
    "quantities": "worker: {resources: {requests: {cpu: 1, memory: 256Mi}, limits: {cpu: '1.5'}}}",
    "as much asked for as allowed": "worker: {resources: {requests: {cpu: 2000m, memory: 0.5Gi}}}",
    "full and scaled at once": (
        "realtime: {maxConnections: 50}\n"
        "broadcaster: {autoscaling: {engine: KEDA, targetConnections: 50}}"
    ),
    "fewer sockets than a target that is not used": "realtime: {maxConnections: 50}",
    "an Ingress": "exposure: {type: Ingress, host: a.example.com}",
    "an Ingress with TLS": (
        "exposure: {type: Ingress, host: a, ingressClassName: traefik, tls: {secretName: a}}"
    ),
    "a route": (
        "exposure: {type: HTTPRoute, host: a.example.com, tls: {}, "
        "gatewayRef: {name: web, namespace: edge, sectionName: https}}"
    ),
    "a load balancer": "exposure: {type: LoadBalancer, allowedOrigins: ['https://a.example.com']}",
    "runbooks": "monitoring: {enabled: true, runbookURL: 'https://a.example.com/{alert}.html'}",
    "traces": "monitoring: {traces: {endpoint: 'http://collector.monitoring:4318'}}",
    "every trace, with headers": "monitoring: {traces: {endpoint: 'https://a.example.com/otlp', ratio: 1, headersSecretRef: {name: a}}}",
    "runbooks in a folder": "monitoring: {dashboards: false, runbookURL: https://a.example.com/b}",
    "labels": "monitoring: {enabled: true, labels: {release: prometheus, example.com/team: ''}}",
}


class Wrong(msgspec.Struct, forbid_unknown_fields=True):
    """One row of wrong.yaml."""

    what: str
    says: str | list[str]
    server: str | list[str] = []
    spec: dict[str, Any] = {}
    name: Any = "arcade"

    def manifest(self) -> dict[str, Any]:
        return a_manifest(self.spec, self.name)


WRONG = {
    row.what: row
    for row in msgspec.convert(
        yaml.safe_load((Path(__file__).parent / "wrong.yaml").read_text()), list[Wrong]
    )
}


def lines(said: str | list[str]) -> list[str]:
    return [said] if isinstance(said, str) else said
