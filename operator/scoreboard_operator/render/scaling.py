"""Replicas: a HorizontalPodAutoscaler, or KEDA's ScaledObject where it is there and asked for."""

from typing import Any

from scoreboard_operator import names
from scoreboard_operator.render import parts
from scoreboard_operator.render.parts import Manifest
from scoreboard_operator.render.role import CPU, Role
from scoreboard_operator.resource import Resource
from scoreboard_runtime.contract import endpoints

KEDA = "KEDA"
# What a role scales by under KEDA: the field with the target, the metric, how pods' values join.
MEASURES = {
    endpoints.WORKER: ("targetQueueLag", "scoreboard_queue_depth", "max"),
    endpoints.BROADCASTER: (
        "targetConnections",
        'scoreboard_connections{state="subscribed"}',
        "sum",
    ),
}


def by_keda(resource: Resource, role: Role) -> bool:
    """Whether the manifest asks for KEDA, and for something that KEDA measures."""
    return bool(resource.spec[role.name]["autoscaling"].get("engine") == KEDA)


def _behavior(role: Role) -> Manifest:
    """Up at once, doubling; down slowly, because whoever leaves takes connections with it."""
    return {
        "scaleUp": {
            "stabilizationWindowSeconds": 0,
            "selectPolicy": "Max",
            "policies": [
                {"type": "Percent", "value": 100, "periodSeconds": 15},
                {"type": "Pods", "value": 2, "periodSeconds": 15},
            ],
        },
        "scaleDown": {
            "stabilizationWindowSeconds": role.settle_seconds,
            "selectPolicy": "Max",
            "policies": [{"type": "Pods", "value": 1, "periodSeconds": role.leave_seconds}],
        },
    }


def _target(resource: Resource, role: Role) -> Manifest:
    name = names.role(resource, role.name)
    return {"apiVersion": "apps/v1", "kind": "Deployment", "name": name}


def autoscaler(resource: Resource, role: Role) -> Manifest:
    """By CPU of the request, which every cluster with metrics-server measures."""
    scaling = resource.spec[role.name]["autoscaling"]
    percent = scaling.get("targetCPU", CPU)
    utilization = {"type": "Utilization", "averageUtilization": percent}
    return {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": parts.metadata(resource, names.role(resource, role.name), role.name),
        "spec": {
            "scaleTargetRef": _target(resource, role),
            "minReplicas": scaling["minReplicas"],
            "maxReplicas": scaling["maxReplicas"],
            "metrics": [{"type": "Resource", "resource": {"name": "cpu", "target": utilization}}],
            "behavior": _behavior(role),
        },
    }


def _triggers(resource: Resource, role: Role) -> list[dict[str, Any]]:
    scaling = resource.spec[role.name]["autoscaling"]
    percent = str(scaling.get("targetCPU", CPU))
    found: list[dict[str, Any]] = [
        {"type": "cpu", "metricType": "Utilization", "metadata": {"value": percent}}
    ]
    if role.name in MEASURES:
        target, metric, joined = MEASURES[role.name]
        host = f"{names.metrics(resource, role.name)}.{resource.namespace}.svc"
        address = f"http://{host}:{endpoints.METRICS_PORT[role.name]}{endpoints.METRICS}"
        measured = {
            "url": address,
            "format": "prometheus",
            "valueLocation": metric,
            "targetValue": str(scaling[target]),
            "aggregateFromKubeServiceEndpoints": "true",
            "aggregationType": joined,
        }
        found.append({"type": "metrics-api", "metadata": measured})
    return found


def scaled_object(resource: Resource, role: Role) -> Manifest:
    """By the queue's depth, by the sockets; KEDA makes an autoscaler of its own."""
    scaling = resource.spec[role.name]["autoscaling"]
    name = names.role(resource, role.name)
    return {
        "apiVersion": "keda.sh/v1alpha1",
        "kind": "ScaledObject",
        "metadata": parts.metadata(resource, name, role.name),
        "spec": {
            "scaleTargetRef": _target(resource, role),
            "minReplicaCount": scaling["minReplicas"],
            "maxReplicaCount": scaling["maxReplicas"],
            "advanced": {"horizontalPodAutoscalerConfig": {"behavior": _behavior(role)}},
            "triggers": _triggers(resource, role),
        },
    }
