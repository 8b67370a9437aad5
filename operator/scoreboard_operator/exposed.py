"""Whether the way in is open, and its address: what the controllers of the cluster say (pure)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from scoreboard_operator import facts as look
from scoreboard_operator import kinds, names
from scoreboard_operator.facts import Facts, Object
from scoreboard_operator.render.exposure import HTTP_ROUTE, INGRESS, LOAD_BALANCER
from scoreboard_operator.resource import Resource
from scoreboard_runtime.contract.endpoints import BROADCASTER, GATEWAY

TRUE, FALSE, UNKNOWN = "True", "False", "Unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """As a condition says it, and the address, empty while there is none."""

    status: str
    reason: str
    message: str = ""
    url: str = ""
    stalled: bool = False


def _scheme(resource: Resource) -> str:
    return "https" if "tls" in resource.spec["exposure"] else "http"


def _ingress(resource: Resource, facts: Facts) -> State:
    """Many controllers never write an address into an Ingress, so nothing waits for it."""
    host = resource.spec["exposure"]["host"]
    at = look.address(facts, kinds.INGRESS, resource.name)
    told = f"at {at}" if at else "no controller has written an address into the Ingress"
    return State(status=TRUE, reason="Applied", message=told, url=f"{_scheme(resource)}://{host}")


# They pass by themselves: the backends are our own Services.
_PASSING = frozenset({"Pending", "BackendNotFound"})


def _said_of(route: Object) -> list[Mapping[str, Any]]:
    """What the Gateways say of the route as it is now, not as it was."""
    generation = route.get("metadata", {}).get("generation", 0)
    return [
        condition
        for parent in route.get("status", {}).get("parents", [])
        for condition in parent.get("conditions", [])
        if condition.get("observedGeneration", generation) >= generation
    ]


def _refusal(said: list[Mapping[str, Any]]) -> str:
    for condition in said:
        no = condition["type"] in ("Accepted", "ResolvedRefs") and condition["status"] == FALSE
        if no and condition["reason"] not in _PASSING:
            return f"the Gateway says {condition['reason']}: {condition.get('message', '')}"
    return ""


def _route(resource: Resource, facts: Facts) -> State:
    if kinds.HTTP_ROUTE.kind not in facts.served:
        told = "the cluster has no Gateway API: install its CRDs, or use another exposure.type"
        return State(status=FALSE, reason="CRDMissing", message=told, stalled=True)
    found = facts.get(kinds.HTTP_ROUTE, resource.name) or {}
    said = _said_of(found)
    refused = _refusal(said)
    if refused:
        return State(status=FALSE, reason="RouteRefused", message=refused, stalled=True)
    url = f"{_scheme(resource)}://{resource.spec['exposure']['host']}"
    if not any(each["type"] == "Accepted" and each["status"] == TRUE for each in said):
        told = "no Gateway has accepted the HTTPRoute yet"
        return State(status=UNKNOWN, reason="WaitingForGateway", message=told, url=url)
    return State(status=TRUE, reason="Accepted", url=url)


def _load_balancer(resource: Resource, facts: Facts) -> State:
    entry = look.address(facts, kinds.SERVICE, names.entry(resource))
    socket = look.address(facts, kinds.SERVICE, names.role(resource, BROADCASTER))
    if not entry or not socket:
        told = "no load balancer has an address yet: does this cluster make them?"
        return State(status=FALSE, reason="AddressPending", message=told)
    return State(status=TRUE, reason="AddressAssigned", url=f"http://{entry}")


def state(resource: Resource, facts: Facts) -> State:
    """By `spec.exposure.type`."""
    kind = resource.spec["exposure"]["type"]
    if kind == INGRESS:
        return _ingress(resource, facts)
    if kind == HTTP_ROUTE:
        return _route(resource, facts)
    if kind == LOAD_BALANCER:
        return _load_balancer(resource, facts)
    inside = f"http://{names.role(resource, GATEWAY)}.{resource.namespace}.svc"
    return State(status=TRUE, reason="ClusterInternal", url=inside)
