"""Whether the way in is open, and its address: what the controllers of the cluster say (pure)."""

from dataclasses import dataclass
from typing import Any

from scoreboard_operator import facts as look
from scoreboard_operator import kinds, names
from scoreboard_operator.facts import Facts
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


def _refusal(parents: list[Any]) -> tuple[str, str] | None:
    for parent in parents:
        for condition in parent.get("conditions", []):
            if condition["type"] in ("Accepted", "ResolvedRefs") and condition["status"] == FALSE:
                return condition["reason"], condition.get("message", "")
    return None


def _route(resource: Resource, facts: Facts) -> State:
    if kinds.HTTP_ROUTE.kind not in facts.served:
        told = "the cluster has no Gateway API: install its CRDs, or use another exposure.type"
        return State(status=FALSE, reason="CRDMissing", message=told, stalled=True)
    found = facts.get(kinds.HTTP_ROUTE, resource.name) or {}
    parents = found.get("status", {}).get("parents", [])
    refused = _refusal(parents)
    if refused is not None:
        reason, told = refused
        return State(status=FALSE, reason=reason, message=f"the Gateway says: {told}", stalled=True)
    url = f"{_scheme(resource)}://{resource.spec['exposure']['host']}"
    accepted = any(
        condition["type"] == "Accepted" and condition["status"] == TRUE
        for parent in parents
        for condition in parent.get("conditions", [])
    )
    if not accepted:
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
