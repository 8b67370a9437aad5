"""Manifests that are right and wrong: local mode and the API server must judge them alike.

Each is a change to a small valid spec, written as in a manifest; `None` takes a field away.
"""

from typing import Any

import yaml

SMALL = """
version: "0.1.0"
boards: [{name: main}]
actions: [{name: go, points: 1}]
"""


def a_manifest(change: str = "", name: str = "arcade") -> dict[str, Any]:
    spec = {**yaml.safe_load(SMALL), **(yaml.safe_load(change) or {})}
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
    "a null is as not given": "boards: [{name: main, size: null}]\nauth: null",
    "empty objects": "auth: {}\nlimits: {}\ngateway: {autoscaling: {}}",
    "no points at all": "actions: [{name: go, points: 0}]",
    "the most points": "actions: [{name: go, points: 9007199254740991}]",
    "measured points": "actions: [{name: go, points: {field: coins, max: 5}}]",
    "measured points with each": "actions: [{name: go, points: {field: coins, each: 2, max: 5}}]",
    "an issued task": an_action("task: Issued, minDuration: 20s, maxDuration: 1d"),
    "an issued task just below an hour": an_action("task: Issued, minDuration: 3599999ms"),
    "the longest duration": an_action("cooldown: 99999d"),
    "no cooldown": an_action("cooldown: 0s"),
    "days and minutes": "auth: {tokenTTL: 1440m, refreshTTL: 1d}",
    "a provider on this machine": "auth: {oidc: {issuer: 'http://127.0.0.1:81/a', audience: b}}",
    "a provider elsewhere": "auth: {oidc: {issuer: 'https://id.example.com', audience: b}}",
    "a given database": "database: {secretRef: {name: dsn}}\nredis: {secretRef: {name: url}}",
    "managed stores": "database: {managed: {}}\nredis: {managed: {storage: 5Gi}}",
    "quantities": "worker: {resources: {requests: {cpu: 1, memory: 256Mi}, limits: {cpu: 250m}}}",
    "a way in": "exposure: {type: Ingress, host: a.example.com, tls: {secretName: a}}",
    "alerts": (
        "monitoring: {labels: {release: prometheus}, alerts: {pagerDuty: {secretRef: {name: a}}, "
        "grafana: {url: 'https://g.example.com', secretRef: {name: b}}}}"
    ),
}

# The change, and the place that the fault names.
WRONG = {
    "no version": ("version: null", "spec.version"),
    "a version that is no text": ("version: 0.1", "spec.version"),
    "a version that is no version": ("version: latest", "spec.version"),
    "an unknown field": ("acitons: 5", "spec.acitons"),
    "an unknown field, deep": ("auth: {oidc: {isuer: x, audience: y}}", "spec.auth.oidc.issuer"),
    "no board": ("boards: []", "spec.boards"),
    "two boards": ("boards: [{name: a}, {name: b}]", "spec.boards"),
    "a board of 101": ("boards: [{name: a, size: 101}]", "spec.boards[0].size"),
    "a board of none": ("boards: [{name: a, size: 0}]", "spec.boards[0].size"),
    "a size that is no whole number": ("boards: [{name: a, size: 1.5}]", "spec.boards[0].size"),
    "a size that is a boolean": ("boards: [{name: a, size: true}]", "spec.boards[0].size"),
    "a size that is a text": ("boards: [{name: a, size: '5'}]", "spec.boards[0].size"),
    "an order to come": ("boards: [{name: a, order: Ascending}]", "spec.boards[0].order"),
    "an aggregate to come": ("boards: [{name: a, aggregate: Max}]", "spec.boards[0].aggregate"),
    "ties to come": ("boards: [{name: a, ties: Shared}]", "spec.boards[0].ties"),
    "a window to come": (
        "boards: [{name: a, window: {type: Cron}}]",
        "spec.boards[0].window.type",
    ),
    "a hidden board": ("boards: [{name: a, visibility: No}]", "spec.boards[0].visibility"),
    "a board's name": ("boards: [{name: A_b}]", "spec.boards[0].name"),
    "no action": ("actions: []", "spec.actions"),
    "an action without a name": ("actions: [{points: 1}]", "spec.actions[0].name"),
    "an action without points": ("actions: [{name: go}]", "spec.actions[0].points"),
    "an action's name": ("actions: [{name: Go, points: 1}]", "spec.actions[0].name"),
    "two actions of one name": (
        "actions: [{name: go, points: 1}, {name: go, points: 2}]",
        "spec.actions[1].name",
    ),
    "negative points": ("actions: [{name: go, points: -1}]", "spec.actions[0].points"),
    "points beyond 53 bits": (
        "actions: [{name: go, points: 9007199254740992}]",
        "spec.actions[0].points",
    ),
    "half a point": ("actions: [{name: go, points: 1.5}]", "spec.actions[0].points"),
    "points as a text": ("actions: [{name: go, points: '5'}]", "spec.actions[0].points"),
    "points as an empty text": ("actions: [{name: go, points: ''}]", "spec.actions[0].points"),
    "points as a boolean": ("actions: [{name: go, points: true}]", "spec.actions[0].points"),
    "points as a list": ("actions: [{name: go, points: [1]}]", "spec.actions[0].points"),
    "points as an empty list": ("actions: [{name: go, points: []}]", "spec.actions[0].points"),
    "points of nothing": ("actions: [{name: go, points: {}}]", "spec.actions[0].points.field"),
    "measured points without a bound": (
        "actions: [{name: go, points: {field: coins}}]",
        "spec.actions[0].points.max",
    ),
    "measured points with an unknown field": (
        "actions: [{name: go, points: {field: coins, ecah: 2, max: 5}}]",
        "spec.actions[0].points.ecah",
    ),
    "measured points of nothing each": (
        "actions: [{name: go, points: {field: coins, each: 0, max: 5}}]",
        "spec.actions[0].points.each",
    ),
    "measured points by a number": (
        "actions: [{name: go, points: {field: 5, max: 5}}]",
        "spec.actions[0].points.field",
    ),
    "a duration without a unit": (an_action("cooldown: '10'"), "spec.actions[0].cooldown"),
    "a duration that is a number": (an_action("cooldown: 10"), "spec.actions[0].cooldown"),
    "a duration and a newline": (an_action('cooldown: "10s\\n"'), "spec.actions[0].cooldown"),
    "a duration too long": (an_action("cooldown: 100000d"), "spec.actions[0].cooldown"),
    "a limit without a span": (an_action("limit: {count: 1}"), "spec.actions[0].limit.per"),
    "a limit of none": (an_action("limit: {count: 0, per: 1s}"), "spec.actions[0].limit.count"),
    "a limit per nothing": (an_action("limit: {count: 1, per: 0s}"), "spec.actions[0].limit.per"),
    "a role twice": (an_action("roles: [a, a]"), "spec.actions[0].roles[1]"),
    "a role's name": (an_action("roles: [Admin]"), "spec.actions[0].roles[0]"),
    "a repeat": (an_action("repeat: Twice"), "spec.actions[0].repeat"),
    "a task": (an_action("task: issued"), "spec.actions[0].task"),
    "a least time without a task": (
        an_action("minDuration: 1s"),
        "spec.actions[0].minDuration",
    ),
    "a most time without a task": (an_action("maxDuration: 1s"), "spec.actions[0].maxDuration"),
    "a least time as long as the most": (
        an_action("task: Issued, minDuration: 24h, maxDuration: 1d"),
        "spec.actions[0].minDuration",
    ),
    "a least time longer than the usual most": (
        an_action("task: Issued, minDuration: 1h"),
        "spec.actions[0].minDuration",
    ),
    "an unlimited limit": ("limits: {user: {count: 5}}", "spec.limits.user.per"),
    "a token of no time": ("auth: {tokenTTL: 0s}", "spec.auth.tokenTTL"),
    "a token of milliseconds": ("auth: {tokenTTL: 500ms}", "spec.auth.tokenTTL"),
    "a token longer than its session": (
        "auth: {tokenTTL: 1d, refreshTTL: 23h}",
        "spec.auth.tokenTTL",
    ),
    "keys that never stay": ("auth: {keyRotation: 0d}", "spec.auth.keyRotation"),
    "a provider without TLS": (
        "auth: {oidc: {issuer: 'http://id.example.com', audience: b}}",
        "spec.auth.oidc.issuer",
    ),
    "a provider that looks like this machine": (
        "auth: {oidc: {issuer: 'http://localhost.example.com', audience: b}}",
        "spec.auth.oidc.issuer",
    ),
    "signing off without quotes": ("security: {signing: Off}", "spec.security.signing"),
    "too many messages": ("realtime: {maxRate: 61}", "spec.realtime.maxRate"),
    "fewer at most than at least": (
        "worker: {autoscaling: {minReplicas: 3, maxReplicas: 2}}",
        "spec.worker.autoscaling.minReplicas",
    ),
    "two databases": ("database: {managed: {}, secretRef: {name: a}}", "spec.database"),
    "no database": ("database: {}", "spec.database"),
    "two Valkeys": ("redis: {managed: {}, secretRef: {name: a}}", "spec.redis"),
    "a quantity with a fraction": (
        "worker: {resources: {requests: {cpu: 0.5}}}",
        "spec.worker.resources.requests.cpu",
    ),
    "a quantity of nothing known": (
        "worker: {resources: {requests: {cpu: lots}}}",
        "spec.worker.resources.requests.cpu",
    ),
    "a way in without a host": ("exposure: {type: HTTPRoute}", "spec.exposure.host"),
    "an origin with a path": (
        "exposure: {allowedOrigins: ['https://a.example.com/x']}",
        "spec.exposure.allowedOrigins[0]",
    ),
    "monitoring as a text": ("monitoring: {enabled: 'yes'}", "spec.monitoring.enabled"),
}
