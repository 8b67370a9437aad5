"""Postgres and Valkey as somebody else runs them: pods that no Scoreboard knows, and a Secret."""

from typing import Any

from tests.e2e.cluster.api import Api, Object

from scoreboard_runtime.contract.endpoints import (
    ENV_STORE_PASSWORD,
    STORE_PORT,
    STORE_POSTGRES,
    STORE_QUEUE,
)

SECRET, DATABASE_URL, REDIS_URL = "given", "database", "redis"
PASSWORD = "keptForAnHour0123"
ADDRESS = {STORE_POSTGRES: "postgresql://runtime:{}@{}/scoreboard", STORE_QUEUE: "redis://:{}@{}/0"}
SPEC: dict[str, Any] = {
    "database": {"secretRef": {"name": SECRET, "key": DATABASE_URL}},
    "redis": {"secretRef": {"name": SECRET, "key": REDIS_URL}},
}


def _url(store: str) -> str:
    return ADDRESS[store].format(PASSWORD, f"given-{store}:{STORE_PORT[store]}")


def _server(store: str, image: str) -> list[Object]:
    labels, port = {"given": store}, STORE_PORT[store]
    container = {
        "name": store,
        "image": image,
        "args": ["store", store, "--folder", "/data"],
        "env": [{"name": ENV_STORE_PASSWORD, "value": PASSWORD}],
        "readinessProbe": {"tcpSocket": {"port": port}, "periodSeconds": 1},
        "resources": {"requests": {"cpu": "20m", "memory": "64Mi"}},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
        },
        "volumeMounts": [{"name": "data", "mountPath": "/data"}],
    }
    pod = {
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": 10001,
            "fsGroup": 10001,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "automountServiceAccountToken": False,
        "containers": [container],
        "volumes": [{"name": "data", "emptyDir": {}}],
    }
    named = {"metadata": {"name": f"given-{store}", "labels": labels}}
    service = {"selector": labels, "ports": [{"port": port}]}
    return [
        {"apiVersion": "v1", "kind": "Pod", **named, "spec": pod},
        {"apiVersion": "v1", "kind": "Service", **named, "spec": service},
    ]


def give(api: Api, namespace: str, image: str) -> None:
    """`image`: of the stores. No upgrade of a Scoreboard moves them."""
    data = {DATABASE_URL: _url(STORE_POSTGRES), REDIS_URL: _url(STORE_QUEUE)}
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": SECRET}}
    made = [
        {**secret, "stringData": data},
        *_server(STORE_POSTGRES, image),
        *_server(STORE_QUEUE, image),
    ]
    items = {"apiVersion": "v1", "kind": "List", "items": made}
    api.kubectl("apply", "-n", namespace, "-f", "-", given=items)
