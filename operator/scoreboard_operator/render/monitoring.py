"""What Prometheus is told: a ServiceMonitor for the three roles' metrics."""

from scoreboard_operator import names
from scoreboard_operator.render import parts
from scoreboard_operator.render.parts import Manifest
from scoreboard_operator.resource import Resource

COMPONENT = "monitoring"


def service_monitor(resource: Resource) -> Manifest:
    """Every pod behind a metrics Service of this Scoreboard."""
    found = parts.metadata(resource, resource.name, COMPONENT)
    found["labels"] = {**found["labels"], **resource.spec["monitoring"].get("labels", {})}
    return {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "ServiceMonitor",
        "metadata": found,
        "spec": {
            "selector": {"matchLabels": {names.METRICS: resource.name}},
            "endpoints": [{"port": "metrics", "interval": "15s", "honorLabels": False}],
            "targetLabels": ["app.kubernetes.io/instance", "app.kubernetes.io/component"],
        },
    }
