"""Where Postgres and Valkey are; the single instances that the operator runs for evaluation.

They run the runtime's own image with the embedded servers (`scoreboard store`). Their volumes stay
when the Scoreboard goes: a new one of the same name finds every score again.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from scoreboard_operator import names
from scoreboard_operator.images import Images
from scoreboard_operator.release import VERSION
from scoreboard_operator.render import parts
from scoreboard_operator.render.parts import Manifest
from scoreboard_operator.resource import CLOUD_NATIVE_PG, GIVEN, MANAGED, Resource
from scoreboard_runtime.contract import endpoints
from scoreboard_runtime.contract.endpoints import (
    STORE_CACHE,
    STORE_PORT,
    STORE_POSTGRES,
    STORE_QUEUE,
)

# The containers of a managed store.
STORES_OF = {names.POSTGRES: (STORE_POSTGRES,), names.VALKEY: (STORE_QUEUE, STORE_CACHE)}
DATABASE_URL, QUEUE_URL, CACHE_URL, PASSWORD = "database-url", "queue-url", "cache-url", "password"


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What the managed stores run. `secrets`: a stamp of the password."""

    version: str
    secrets: str


def addresses(resource: Resource) -> dict[str, Any]:
    """Names of variables, each with the Secret's name and key that holds the address."""
    way, said = resource.database
    made = names.stores(resource)
    database = {
        MANAGED: (made, DATABASE_URL),
        GIVEN: (said.get("name"), said.get("key")),
        CLOUD_NATIVE_PG: (names.cloud_native_pg(resource), "uri"),
    }[way]
    found: dict[str, Any] = {endpoints.ENV_DATABASE_URL: database}
    way, said = resource.redis
    if way == MANAGED:
        found[endpoints.ENV_REDIS_URL] = (made, QUEUE_URL)
        found[endpoints.ENV_CACHE_URL] = (made, CACHE_URL)
    else:
        found[endpoints.ENV_REDIS_URL] = (said["name"], said["key"])
    return found


def given_secrets(resource: Resource) -> list[str]:
    """Names of the Secrets with addresses that somebody else makes."""
    own = names.stores(resource)
    return sorted({name for name, _ in addresses(resource).values() if name != own})


def contents(resource: Resource, password: str) -> dict[str, str]:
    """What the Secret of the managed stores holds; the password is letters and digits."""

    def address(scheme: str, user: str, component: str, store: str, path: str) -> str:
        host = f"{names.role(resource, component)}.{resource.namespace}.svc"
        return f"{scheme}://{user}:{password}@{host}:{STORE_PORT[store]}/{path}"

    found = {PASSWORD: password}
    if resource.database[0] == MANAGED:
        database = address("postgresql", "runtime", names.POSTGRES, STORE_POSTGRES, "scoreboard")
        found[DATABASE_URL] = database
    if resource.redis[0] == MANAGED:
        found[QUEUE_URL] = address("redis", "", names.VALKEY, STORE_QUEUE, "0")
        found[CACHE_URL] = address("redis", "", names.VALKEY, STORE_CACHE, "0")
    return found


def _container(resource: Resource, store: str, image: str, policy: str, volume: str) -> Manifest:
    # A port is open before the database behind it is made.
    serves = {"exec": {"command": ["test", "-e", endpoints.STORE_SERVES[store]]}}
    probe: Mapping[str, Any] = {**serves, "timeoutSeconds": 5}
    return {
        "name": store,
        "image": image,
        "imagePullPolicy": policy,
        "args": ["store", store, "--folder", "/data"],
        "env": parts.env({endpoints.ENV_STORE_PASSWORD: (names.stores(resource), PASSWORD)}),
        "ports": [{"name": store, "containerPort": STORE_PORT[store]}],
        "startupProbe": {**probe, "periodSeconds": 2, "failureThreshold": 150},
        "readinessProbe": {**probe, "periodSeconds": 5},
        "livenessProbe": {
            "tcpSocket": {"port": store},
            "periodSeconds": 10,
            "failureThreshold": 6,
            "timeoutSeconds": 5,
        },
        "resources": parts.resources(
            None, {"cpu": "50m", "memory": "128Mi"}, {"cpu": "2", "memory": "1Gi"}
        ),
        "securityContext": parts.container_security(),
        "volumeMounts": [
            {"name": "tmp", "mountPath": "/tmp"},
            {"name": volume, "mountPath": "/data"},
        ],
    }


def _set(
    resource: Resource, component: str, run: Run, containers: list[Manifest], storage: str
) -> Manifest:
    name = names.role(resource, component)
    cache = {"name": "scratch", "emptyDir": {"sizeLimit": "64Mi"}}
    return {
        "apiVersion": "apps/v1",
        "kind": "StatefulSet",
        "metadata": parts.metadata(resource, name, component, {VERSION: run.version}),
        "spec": {
            "serviceName": name,
            "replicas": 1,
            # Otherwise a pod that never got ready is not replaced by a template that would be.
            "podManagementPolicy": "Parallel",
            "revisionHistoryLimit": 3,
            "selector": {"matchLabels": names.selector(resource, component)},
            "template": {
                "metadata": {
                    "labels": names.labels(resource, component),
                    # Servers take the password at their start.
                    "annotations": {"scoreboard.dev/secrets": run.secrets},
                },
                "spec": parts.pod(
                    resource, component, containers, [cache], terminationGracePeriodSeconds=60
                ),
            },
            "volumeClaimTemplates": [
                {
                    "metadata": {"name": "data", "labels": names.selector(resource, component)},
                    "spec": {
                        "accessModes": ["ReadWriteOnce"],
                        "resources": {"requests": {"storage": storage}},
                    },
                }
            ],
        },
    }


def _store(
    resource: Resource, component: str, run: Run, images: Images, storage: str
) -> list[Manifest]:
    of, image, policy = STORES_OF[component], images.of_stores(run.version), images.pull_policy
    volumes = {STORE_CACHE: "scratch"}
    ports = [{"name": store, "port": STORE_PORT[store], "targetPort": store} for store in of]
    containers = [_container(resource, s, image, policy, volumes.get(s, "data")) for s in of]
    ours = {"app.kubernetes.io/name": "scoreboard", names.INSTANCE: resource.name}
    allowed = {
        "from": [{"podSelector": {"matchLabels": ours}}],
        "ports": [{"port": store, "protocol": "TCP"} for store in of],
    }
    return [
        parts.service_account(resource, component),
        parts.network_policy(resource, component, [allowed]),
        parts.service(
            resource, names.role(resource, component), component, ports, clusterIP="None"
        ),
        _set(resource, component, run, containers, storage),
    ]


def cluster(resource: Resource, said: Mapping[str, Any]) -> Manifest:
    """A CloudNativePG Cluster; its operator makes the Secret <name>-app with the address."""
    return {
        "apiVersion": "postgresql.cnpg.io/v1",
        "kind": "Cluster",
        "metadata": parts.metadata(resource, resource.name, names.POSTGRES),
        "spec": {
            "instances": said["instances"],
            "bootstrap": {"initdb": {"database": "scoreboard", "owner": "scoreboard"}},
            "storage": {"size": "10Gi"},
        },
    }


def stores(resource: Resource, run: Run, images: Images) -> list[Manifest]:
    """Those that the manifest leaves to the operator."""
    found: list[Manifest] = []
    way, said = resource.database
    if way == MANAGED:
        found += _store(resource, names.POSTGRES, run, images, said["storage"])
    elif way == CLOUD_NATIVE_PG:
        found.append(cluster(resource, said))
    way, said = resource.redis
    if way == MANAGED:
        found += _store(resource, names.VALKEY, run, images, said["storage"])
    return found
