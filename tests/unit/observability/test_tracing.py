"""spec.monitoring.traces: what the roles are told, and that nobody waits for a Secret."""

import base64
from typing import Any

import pytest
from tests.unit.operator.scoreboards import IMAGES, World, a_resource

from scoreboard_operator.offline import OPTIONAL, manifests
from scoreboard_runtime.contract.endpoints import ROLES
from scoreboard_runtime.process import settings

PLAIN = "monitoring: {traces: {endpoint: 'http://collector:4318'}}"
SECRET = (
    "monitoring: {traces: {endpoint: 'http://collector:4318', ratio: 1.0e-5, "
    "headersSecretRef: {name: otlp}}}"
)


def pods(world: World) -> dict[str, Any]:
    """The pod template of each role."""
    found = {
        name.removeprefix(f"{world.resource.name}-"): one["spec"]["template"]
        for (kind, name), one in world.objects.items()
        if kind == "Deployment"
    }
    return {role: found[role] for role in ROLES}


def told(template: Any) -> dict[str, Any]:
    """The OTEL_ variables of a role's container."""
    (container,) = template["spec"]["containers"]
    return {
        each["name"]: each.get("value", each.get("valueFrom"))
        for each in container["env"]
        if each["name"].startswith("OTEL_")
    }


def a_secret(text: str | None, version: str = "7", key: str = "headers") -> Any:
    data = {} if text is None else {key: base64.b64encode(text.encode()).decode()}
    return {"metadata": {"resourceVersion": version}, "data": data}


def test_nothing_is_told_where_no_traces_are_asked_for():
    world = World.of()
    world.converge()

    assert [told(template) for template in pods(world).values()] == [{}, {}, {}]


def test_every_role_is_told_alike_and_understands_it():
    world = World.of(PLAIN)
    found = world.converge()

    for template in pods(world).values():
        env = told(template)
        assert env == {
            "OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318",
            "OTEL_TRACES_SAMPLER": "parentbased_traceidratio",
            "OTEL_TRACES_SAMPLER_ARG": "0.01",
            "OTEL_RESOURCE_ATTRIBUTES": "k8s.namespace.name=games",
        }
        read = settings.traces(env)
        assert read is not None
        assert (read.endpoint, read.ratio) == ("http://collector:4318/v1/traces", 0.01)
    assert found.condition("MonitoringReady")["reason"] == "NotRequested"


def test_the_headers_are_a_secrets_and_no_pod_waits_for_it():
    world = World.of(SECRET)
    world.traces_secret = a_secret("authorization=Bearer%20x")
    world.converge()

    for template in pods(world).values():
        assert told(template)["OTEL_EXPORTER_OTLP_HEADERS"] == {
            "secretKeyRef": {"name": "otlp", "key": "headers", "optional": True}
        }
        assert template["metadata"]["annotations"]["scoreboard.dev/traces"] == "7"
        assert settings.traces({**told(template), "OTEL_EXPORTER_OTLP_HEADERS": ""}) is not None
    assert "Bearer" not in str(world.objects)


@pytest.mark.parametrize(
    "secret",
    [
        None,
        a_secret(None),
        a_secret("authorization=x", key="other"),
        a_secret("Bearer x"),
        a_secret(""),
        {"metadata": {"resourceVersion": "7"}, "data": {"headers": "not base64"}},
        {"metadata": {"resourceVersion": "7"}, "data": {"headers": "/w=="}},
        {"metadata": {"resourceVersion": "7"}},
    ],
)
def test_without_usable_headers_it_serves_traces_without_them_and_says_what_to_do(secret: Any):
    """A role would not start with headers that cannot be read."""
    world = World.of(SECRET)
    world.traces_secret = secret
    found = world.converge()
    said = found.condition("MonitoringReady")

    assert found.condition("Ready")["status"] == "True"
    assert (said["status"], said["reason"]) == ("False", "SecretMissing")
    assert "make the Secret otlp with the key headers" in said["message"]
    for template in pods(world).values():
        assert "OTEL_EXPORTER_OTLP_HEADERS" not in told(template)


def test_a_secret_that_comes_or_changes_rolls_the_pods():
    world = World.of(SECRET)
    world.converge()
    without = pods(world)
    world.traces_secret = a_secret("authorization=x")
    found = world.converge()
    first = pods(world)
    world.traces_secret = a_secret("authorization=y", "8")
    world.converge()

    assert found.condition("MonitoringReady")["status"] == "True"
    assert without["gateway"] != first["gateway"] != pods(world)["gateway"]


def test_alerts_and_traces_are_told_one_after_the_other():
    change = SECRET.replace("monitoring: {", "monitoring: {enabled: true, ")
    world = World.of(change, served=OPTIONAL)

    assert world.converge().condition("MonitoringReady")["reason"] == "SecretMissing"
    world.traces_secret = a_secret("authorization=x")
    assert world.converge().condition("MonitoringReady")["reason"] == "Applied"


def test_without_a_cluster_the_secret_is_taken_to_be_there():
    found = manifests(a_resource(SECRET), IMAGES, OPTIONAL)
    deployments = [each for each in found if each["kind"] == "Deployment"]

    assert len(deployments) == 3
    for each in deployments:
        assert "OTEL_EXPORTER_OTLP_HEADERS" in told(each["spec"]["template"])
