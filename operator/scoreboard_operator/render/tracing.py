"""What the roles are told of traces: OpenTelemetry's own variables."""

from typing import Any

from scoreboard_operator.resource import Resource
from scoreboard_runtime.contract import endpoints

ANNOTATION = "scoreboard.dev/traces"  # of the pods: another Secret of headers, other pods


def environment(resource: Resource, headers: str) -> dict[str, Any]:
    """`headers`: the plan's mark; without one none are sent, and no pod waits for a Secret."""
    asked = resource.spec["monitoring"].get("traces")
    if not asked:
        return {}
    told: dict[str, Any] = {
        endpoints.ENV_OTLP_ENDPOINT: asked["endpoint"],
        endpoints.ENV_OTEL_SAMPLER: "parentbased_traceidratio",
        endpoints.ENV_OTEL_SAMPLER_ARG: f"{asked['ratio']:g}",
        endpoints.ENV_OTEL_ATTRIBUTES: f"k8s.namespace.name={resource.namespace}",
    }
    ref = resource.traces_secret
    if headers and ref is not None:
        reference = {"name": ref["name"], "key": ref["key"], "optional": True}
        told[endpoints.ENV_OTLP_HEADERS] = {"secretKeyRef": reference}
    return told
