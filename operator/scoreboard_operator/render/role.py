"""What the three roles have in common: a Deployment with its account, Services and budget."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from scoreboard_operator import names
from scoreboard_operator.images import Images
from scoreboard_operator.plan import Plan
from scoreboard_operator.release import ANNOTATION, Release
from scoreboard_operator.render import parts, tracing
from scoreboard_operator.render.parts import Manifest
from scoreboard_operator.resource import RESTART_AT, Resource
from scoreboard_runtime.contract import endpoints

CONFIG_FOLDER, KEYS_FOLDER = "/etc/scoreboard/config", "/etc/scoreboard/keys"
CONFIG_FILE, KEYS_FILE = "scoreboard.json", "keys.json"
CPU = 70  # percent of the request, for roles whose own measure needs KEDA


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """One role as the renderer sees it."""

    name: str
    port_name: str = "http"
    app_protocol: str = "http"
    settle_seconds: int = 300  # of calm before it scales down
    leave_seconds: int = 60  # between two that leave


def environment(release: Release, images: Images) -> dict[str, Any]:
    """The settings that every process of the runtime reads (docs/reference/settings.md)."""
    return {
        **dict(sorted(release.addresses.items())),
        endpoints.ENV_CONFIG: f"{CONFIG_FOLDER}/{CONFIG_FILE}",
        endpoints.ENV_KEYS_FILE: f"{KEYS_FOLDER}/{KEYS_FILE}",
        endpoints.ENV_DRAIN_SECONDS: parts.DRAIN_SECONDS,
        endpoints.ENV_TRUSTED_PROXIES: images.trusted_proxies,
    }


def mounts() -> list[Manifest]:
    """Where a container finds config, keys and room for files."""
    return [
        {"name": "tmp", "mountPath": "/tmp"},
        {"name": "config", "mountPath": CONFIG_FOLDER, "readOnly": True},
        {"name": "keys", "mountPath": KEYS_FOLDER, "readOnly": True},
    ]


def volumes(resource: Resource, config: str) -> list[Manifest]:
    """Of a ConfigMap that never changes and of the keys, which rotate in place."""
    keys = {"secretName": names.keys(resource), "items": [{"key": KEYS_FILE, "path": KEYS_FILE}]}
    return [
        {"name": "config", "configMap": {"name": config}},
        {"name": "keys", "secret": {**keys, "defaultMode": 0o440}},
    ]


def _container(
    resource: Resource, role: Role, image: str, policy: str, told: Mapping[str, Any]
) -> Manifest:
    given = resource.spec[role.name].get("resources")

    def probe(path: str, period: int, failures: int) -> Manifest:
        timing = {"periodSeconds": period, "failureThreshold": failures, "timeoutSeconds": 5}
        return parts.http_probe(role.port_name, path, **timing)

    return {
        "name": role.name,
        "image": image,
        "imagePullPolicy": policy,
        "args": [role.name],
        "env": parts.env(told),
        "ports": [
            {"name": role.port_name, "containerPort": endpoints.PORT[role.name]},
            {"name": "metrics", "containerPort": endpoints.METRICS_PORT[role.name]},
        ],
        "startupProbe": probe(endpoints.LIVE, 2, 60),
        "livenessProbe": probe(endpoints.LIVE, 10, 6),
        "readinessProbe": probe(endpoints.READY_PROBE, 3, 2),
        "lifecycle": {"preStop": {"sleep": {"seconds": parts.LEAVE_SECONDS}}},
        "resources": parts.resources(
            given, {"cpu": "100m", "memory": "128Mi"}, {"cpu": "2", "memory": "512Mi"}
        ),
        "securityContext": parts.container_security(),
        "terminationMessagePolicy": "FallbackToLogsOnError",  # so that status says why it ended
        "volumeMounts": mounts(),
    }


def deployment(
    resource: Resource, role: Role, release: Release, images: Images, plan: Plan
) -> Manifest:
    """No replicas: they are the autoscaler's."""
    name = names.role(resource, role.name)
    told = environment(release, images)
    told[endpoints.ENV_WORKER_ID] = {"fieldRef": {"fieldPath": "metadata.name"}}
    if plan.websocket_url and role.name == endpoints.GATEWAY:
        told[endpoints.ENV_WEBSOCKET_URL] = plan.websocket_url
    told |= tracing.environment(resource, plan.headers)
    stamps = {"scoreboard.dev/config": release.config, "scoreboard.dev/secrets": release.secrets}
    if release.restart_at:
        stamps[RESTART_AT] = release.restart_at
    if plan.headers:
        stamps[tracing.ANNOTATION] = plan.headers
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": parts.metadata(resource, name, role.name, {ANNOTATION: release.text()}),
        "spec": {
            "selector": {"matchLabels": names.selector(resource, role.name)},
            "revisionHistoryLimit": 3,
            "progressDeadlineSeconds": 600,
            "strategy": {
                "type": "RollingUpdate",
                "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0},
            },
            "template": {
                "metadata": {"labels": names.labels(resource, role.name), "annotations": stamps},
                "spec": parts.pod(
                    resource,
                    role.name,
                    [_container(resource, role, release.image, images.pull_policy, told)],
                    volumes(resource, release.config),
                    terminationGracePeriodSeconds=parts.GRACE_SECONDS,
                    topologySpreadConstraints=parts.spread(resource, role.name),
                ),
            },
        },
    }


def disruption_budget(resource: Resource, role: Role) -> Manifest:
    """One at a time; a pod that is not ready holds nobody up."""
    return {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": parts.metadata(resource, names.role(resource, role.name), role.name),
        "spec": {
            "maxUnavailable": 1,
            "unhealthyPodEvictionPolicy": "AlwaysAllow",
            "selector": {"matchLabels": names.selector(resource, role.name)},
        },
    }


def metrics_service(resource: Resource, role: Role) -> Manifest:
    """Headless: every pod is scraped, ready or not."""
    port = {"name": "metrics", "port": endpoints.METRICS_PORT[role.name], "targetPort": "metrics"}
    name = names.metrics(resource, role.name)
    found = parts.service(
        resource, name, role.name, [port], clusterIP="None", publishNotReadyAddresses=True
    )
    found["metadata"]["labels"][names.METRICS] = resource.name
    return found


def policy(resource: Resource, role: Role, *, open_to_all: bool) -> Manifest:
    """Clients come to the role's port, Prometheus to its metrics."""
    ports = [{"port": "metrics", "protocol": "TCP"}]
    if open_to_all:
        ports.append({"port": role.port_name, "protocol": "TCP"})
    return parts.network_policy(resource, role.name, [{"ports": ports}])
