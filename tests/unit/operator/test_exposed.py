"""Whether the way in is open, by what the cluster's controllers say."""

from typing import Any

import pytest
from tests.unit.operator.scoreboards import a_resource

from scoreboard_operator import kinds
from scoreboard_operator.exposed import State, state
from scoreboard_operator.facts import Facts

HOST = "scores.example.com"
ROUTE = f"exposure: {{type: HTTPRoute, host: {HOST}, gatewayRef: {{name: web}}}}"
SERVED = frozenset({kinds.HTTP_ROUTE.kind})


def ask(change: str, served: frozenset[str] = SERVED, **objects: Any) -> State:
    """`objects`: by `Kind__name`, underscores for hyphens."""
    found = {}
    for name, value in objects.items():
        kind, _, of = name.partition("__")
        found[kind, of.replace("_", "-")] = value
    return state(a_resource(change), Facts(objects=found, served=served))


def address(**entry: str) -> dict[str, Any]:
    return {"status": {"loadBalancer": {"ingress": [entry]}}}


def a_route(*conditions: dict[str, Any], generation: int = 1) -> dict[str, Any]:
    parents = [{"conditions": list(conditions)}] if conditions else []
    return {"metadata": {"generation": generation}, "status": {"parents": parents}}


def says(kind: str, status: str, reason: str, **more: Any) -> dict[str, Any]:
    return {"type": kind, "status": status, "reason": reason, **more}


def test_inside_the_cluster_is_always_open():
    assert ask("") == State(
        status="True", reason="ClusterInternal", url="http://arcade-gateway.games.svc"
    )


@pytest.mark.parametrize(
    ("tls", "url"), [("", f"http://{HOST}"), (", tls: {secretName: a}", f"https://{HOST}")]
)
def test_an_ingress_is_open_once_it_is_applied(tls: str, url: str):
    change = f"exposure: {{type: Ingress, host: {HOST}{tls}}}"

    found = ask(change)

    assert (found.status, found.reason, found.url) == ("True", "Applied", url)
    assert "no controller" in found.message
    assert ask(change, Ingress__arcade=address(ip="192.0.2.1")).message == "at 192.0.2.1"


def test_a_route_without_gateway_api_needs_somebody():
    found = ask(ROUTE, frozenset())

    assert (found.status, found.reason, found.stalled) == ("False", "CRDMissing", True)
    assert found.url == ""


@pytest.mark.parametrize("route", [None, a_route(), a_route(says("Accepted", "Unknown", "Wait"))])
def test_a_route_waits_for_its_gateway(route: Any):
    found = ask(ROUTE, HTTPRoute__arcade=route) if route else ask(ROUTE)

    assert (found.status, found.reason, found.stalled) == ("Unknown", "WaitingForGateway", False)


def test_a_route_that_is_accepted_is_open():
    said = says("Accepted", "True", "Accepted", observedGeneration=1)

    found = ask(ROUTE, HTTPRoute__arcade=a_route(said))

    assert found == State(status="True", reason="Accepted", url=f"http://{HOST}")


@pytest.mark.parametrize(
    "said",
    [
        says("Accepted", "False", "NotAllowedByListeners", message="not from here"),
        says("ResolvedRefs", "False", "RefNotPermitted", message="not from here"),
    ],
)
def test_a_route_that_is_refused_says_why_under_a_reason_of_ours(said: dict):
    found = ask(ROUTE, HTTPRoute__arcade=a_route(says("Accepted", "True", "Accepted"), said))

    assert (found.status, found.reason, found.stalled) == ("False", "RouteRefused", True)
    assert found.message == f"the Gateway says {said['reason']}: not from here"


@pytest.mark.parametrize("reason", ["Pending", "BackendNotFound"])
def test_a_refusal_that_passes_by_itself_is_waited_for(reason: str):
    found = ask(ROUTE, HTTPRoute__arcade=a_route(says("ResolvedRefs", "False", reason)))

    assert (found.reason, found.stalled) == ("WaitingForGateway", False)


@pytest.mark.parametrize("status", ["True", "False"])
def test_what_a_gateway_said_of_an_earlier_route_does_not_count(status: str):
    said = says("Accepted", status, "NoMatchingParent", observedGeneration=1)

    found = ask(ROUTE, HTTPRoute__arcade=a_route(said, generation=2))

    assert found.reason == "WaitingForGateway"


@pytest.mark.parametrize("one", ["Service__arcade_gateway", "Service__arcade_broadcaster"])
def test_a_load_balancer_is_open_when_both_services_have_an_address(one: str):
    change = "exposure: {type: LoadBalancer}"
    both = {
        "Service__arcade_gateway": address(hostname="lb.example.com"),
        "Service__arcade_broadcaster": address(ip="192.0.2.2"),
    }

    found = ask(change, **{one: both[one]})

    assert (found.status, found.reason, found.stalled) == ("False", "AddressPending", False)
    assert ask(change, **both) == State(
        status="True", reason="AddressAssigned", url="http://lb.example.com"
    )


def test_an_entry_without_an_address_is_none():
    pending = {"Service__arcade_gateway": address(), "Service__arcade_broadcaster": address()}

    assert ask("exposure: {type: LoadBalancer}", **pending).reason == "AddressPending"
