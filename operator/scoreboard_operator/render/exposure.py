"""The way in: the socket and the stream to the broadcaster, everything else to the gateway."""

from scoreboard_operator import names
from scoreboard_operator.render import parts
from scoreboard_operator.render.parts import Manifest
from scoreboard_operator.resource import Resource
from scoreboard_runtime.contract.endpoints import (
    BROADCASTER,
    GATEWAY,
    STREAM_PATH,
    WEBSOCKET_PATH,
)

COMPONENT = "exposure"
INGRESS, HTTP_ROUTE, LOAD_BALANCER, NOTHING = "Ingress", "HTTPRoute", "LoadBalancer", "None"
PATHS = ((WEBSOCKET_PATH, BROADCASTER), (STREAM_PATH, BROADCASTER), ("/", GATEWAY))
SERVICE_PORT = 80


def _ingress(resource: Resource) -> Manifest:
    said = resource.spec["exposure"]
    backends = [
        {
            "path": path,
            "pathType": "Prefix",
            "backend": {
                "service": {
                    "name": names.role(resource, role),
                    "port": {"name": "ws" if role == BROADCASTER else "http"},
                }
            },
        }
        for path, role in PATHS
    ]
    spec: Manifest = {"rules": [{"host": said["host"], "http": {"paths": backends}}]}
    if "ingressClassName" in said:
        spec["ingressClassName"] = said["ingressClassName"]
    if "tls" in said:
        spec["tls"] = [{"hosts": [said["host"]], "secretName": said["tls"]["secretName"]}]
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": parts.metadata(resource, resource.name, COMPONENT),
        "spec": spec,
    }


def _route(resource: Resource) -> Manifest:
    said = resource.spec["exposure"]
    rules = [
        {
            "matches": [{"path": {"type": "PathPrefix", "value": path}}],
            "backendRefs": [{"name": names.role(resource, role), "port": SERVICE_PORT}],
            # No limit of the controller's may cut a socket or a stream.
            **({"timeouts": {"request": "0s"}} if role == BROADCASTER else {}),
        }
        for path, role in PATHS
    ]
    gateway = said.get("gatewayRef")
    return {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "HTTPRoute",
        "metadata": parts.metadata(resource, resource.name, COMPONENT),
        "spec": {
            "parentRefs": [dict(gateway)] if gateway else [],
            "hostnames": [said["host"]],
            "rules": rules,
        },
    }


def exposure(resource: Resource) -> list[Manifest]:
    """Nothing for LoadBalancer, whose Services are the roles' own, nor for None."""
    kind = resource.spec["exposure"]["type"]
    if kind == INGRESS:
        return [_ingress(resource)]
    return [_route(resource)] if kind == HTTP_ROUTE else []


def entry_service(resource: Resource, role: str, port_name: str, app_protocol: str) -> Manifest:
    """The role's Service, open to the outside for type LoadBalancer."""
    port = {
        "name": port_name,
        "port": SERVICE_PORT,
        "targetPort": port_name,
        "appProtocol": app_protocol,
    }
    kind = resource.spec["exposure"]["type"]
    more = {"type": "LoadBalancer" if kind == LOAD_BALANCER else "ClusterIP"}
    return parts.service(resource, names.role(resource, role), role, [port], **more)
