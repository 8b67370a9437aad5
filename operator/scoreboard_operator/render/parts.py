"""Shapes that the roles and the stores share: metadata, pods, services, policies."""

from collections.abc import Mapping, Sequence
from typing import Any

from scoreboard_operator import names
from scoreboard_operator.resource import Resource

Manifest = dict[str, Any]
USER = 10001
# A leaving pod is still sent requests and sockets until every balancer has heard that it goes: on
# a busy node that took more than 5 s in one of a dozen drains.
LEAVE_SECONDS, DRAIN_SECONDS, MARGIN_SECONDS = 10, 25, 10
GRACE_SECONDS = LEAVE_SECONDS + DRAIN_SECONDS + MARGIN_SECONDS


def metadata(
    resource: Resource, name: str, component: str, annotations: Mapping[str, str] | None = None
) -> Manifest:
    """Name, labels and owner: with the Scoreboard, its children go. One that is not there yet has
    no uid, and cannot own.
    """
    owner = {
        "apiVersion": "scoreboard.dev/v1alpha1",
        "kind": "Scoreboard",
        "name": resource.name,
        "uid": resource.uid,
        "controller": True,
        "blockOwnerDeletion": False,
    }
    found: Manifest = {
        "name": name,
        "namespace": resource.namespace,
        "labels": names.labels(resource, component),
        **({"ownerReferences": [owner]} if resource.uid else {}),
    }
    if annotations:
        found["annotations"] = dict(annotations)
    return found


def pod_security() -> Manifest:
    """What the restricted Pod Security Standard asks of a pod."""
    return {
        "runAsNonRoot": True,
        "runAsUser": USER,
        "runAsGroup": USER,
        "fsGroup": USER,
        "fsGroupChangePolicy": "OnRootMismatch",
        "seccompProfile": {"type": "RuntimeDefault"},
    }


def container_security() -> Manifest:
    """And of a container."""
    return {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }


def spread(resource: Resource, component: str) -> list[Manifest]:
    """Over nodes and zones as well as it goes."""
    return [
        {
            "maxSkew": 1,
            "topologyKey": key,
            "whenUnsatisfiable": "ScheduleAnyway",
            "labelSelector": {"matchLabels": names.selector(resource, component)},
        }
        for key in ("kubernetes.io/hostname", "topology.kubernetes.io/zone")
    ]


def pod(
    resource: Resource,
    component: str,
    containers: Sequence[Manifest],
    volumes: Sequence[Manifest],
    **more: Any,
) -> Manifest:
    """A pod's spec: no token, no service links, writable /tmp only."""
    return {
        "serviceAccountName": names.role(resource, component),
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "securityContext": pod_security(),
        "containers": list(containers),
        "volumes": [{"name": "tmp", "emptyDir": {"sizeLimit": "64Mi"}}, *volumes],
        **more,
    }


def env(values: Mapping[str, Any]) -> list[Manifest]:
    """A text is a value, a pair a Secret's name and key, a mapping any other source."""
    found: list[Manifest] = []
    for name, value in values.items():
        if isinstance(value, tuple):
            reference = {"name": value[0], "key": value[1]}
            found.append({"name": name, "valueFrom": {"secretKeyRef": reference}})
        elif isinstance(value, Mapping):
            found.append({"name": name, "valueFrom": dict(value)})
        else:
            found.append({"name": name, "value": str(value)})
    return found


def http_probe(port: str, path: str, **more: int) -> Manifest:
    """A probe by GET."""
    return {"httpGet": {"path": path, "port": port}, **more}


def service_account(resource: Resource, component: str) -> Manifest:
    """An identity of its own, with no rights and no token."""
    return {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": metadata(resource, names.role(resource, component), component),
        "automountServiceAccountToken": False,
    }


def service(
    resource: Resource, name: str, component: str, ports: Sequence[Manifest], **more: Any
) -> Manifest:
    """A Service in front of a component's pods."""
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": metadata(resource, name, component),
        "spec": {"selector": names.selector(resource, component), "ports": list(ports), **more},
    }


def network_policy(resource: Resource, component: str, ingress: Sequence[Manifest]) -> Manifest:
    """Who may come to a component's pods. Where they go stays open: stores may be anywhere."""
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": metadata(resource, names.role(resource, component), component),
        "spec": {
            "podSelector": {"matchLabels": names.selector(resource, component)},
            "policyTypes": ["Ingress"],
            "ingress": list(ingress),
        },
    }


def resources(given: Mapping[str, Any] | None, requests: Manifest, limits: Manifest) -> Manifest:
    """What the manifest says of requests and limits, over what fits most."""
    given = given or {}
    return {
        "requests": {**requests, **given.get("requests", {})},
        "limits": {**limits, **given.get("limits", {})},
    }
