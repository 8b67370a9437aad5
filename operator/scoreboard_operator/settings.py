"""The operator's environment, read once: images, namespaces, identity."""

import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass

from scoreboard_operator.images import Images

# Name without its prefix: meaning (docs/reference/operator.md is made of this).
PREFIX = "SCOREBOARD_OPERATOR_"
VARIABLES: Mapping[str, str] = {
    "RUNTIME_IMAGE": "repository of the roles' image; spec.version is its tag",
    "STORES_IMAGE": "repository of the managed stores' image",
    "PULL_POLICY": "imagePullPolicy of every pod; IfNotPresent",
    "TRUSTED_PROXIES": "networks whose X-Forwarded-For the gateways believe; private ones",
    "NAMESPACES": "those to watch, by comma or space; all if empty",
    "NAMESPACE": "the operator's own, where its Lease is; default",
    "IDENTITY": "its name in the Lease and in Events; host name and process id",
    "HOST": "where health and metrics are served; 0.0.0.0",
    "PORT": "and at which port; 8090",
    "WORKERS": "Scoreboards looked at at once; 4",
    "RESYNC_SECONDS": "every Scoreboard is looked at so often, whatever happens; 600",
    "BLIND_SECONDS": "so long without its own heartbeat, and it is ended as blind; 60",
    "DISCOVER_SECONDS": "how often it looks for optional kinds that came or went; 30",
    "LEASE": "name of the Lease; scoreboard-operator",
    "LOG_LEVEL": "debug, info, warning or error; info",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """`namespaces`: those watched; empty means all."""

    images: Images
    namespaces: tuple[str, ...]
    own_namespace: str
    identity: str
    host: str
    blind_seconds: float
    port: int
    workers: int
    resync_seconds: float
    discover_seconds: float
    lease_name: str
    log_level: str


def load(env: Mapping[str, str] | None = None) -> Settings:
    """Every variable has a default that fits the chart."""
    env = os.environ if env is None else env
    given = Images()
    return Settings(
        images=Images(
            runtime=env.get("SCOREBOARD_OPERATOR_RUNTIME_IMAGE") or given.runtime,
            stores=env.get("SCOREBOARD_OPERATOR_STORES_IMAGE") or given.stores,
            pull_policy=env.get("SCOREBOARD_OPERATOR_PULL_POLICY") or given.pull_policy,
            trusted_proxies=env.get("SCOREBOARD_OPERATOR_TRUSTED_PROXIES", given.trusted_proxies),
        ),
        namespaces=tuple(env.get("SCOREBOARD_OPERATOR_NAMESPACES", "").replace(",", " ").split()),
        own_namespace=env.get("SCOREBOARD_OPERATOR_NAMESPACE") or "default",
        identity=env.get("SCOREBOARD_OPERATOR_IDENTITY") or f"{socket.gethostname()}-{os.getpid()}",
        blind_seconds=float(env.get("SCOREBOARD_OPERATOR_BLIND_SECONDS") or 60),
        host=env.get("SCOREBOARD_OPERATOR_HOST") or "0.0.0.0",
        port=int(env.get("SCOREBOARD_OPERATOR_PORT") or 8090),
        workers=int(env.get("SCOREBOARD_OPERATOR_WORKERS") or 4),
        resync_seconds=float(env.get("SCOREBOARD_OPERATOR_RESYNC_SECONDS") or 600),
        discover_seconds=float(env.get("SCOREBOARD_OPERATOR_DISCOVER_SECONDS") or 30),
        lease_name=env.get("SCOREBOARD_OPERATOR_LEASE") or "scoreboard-operator",
        log_level=env.get("SCOREBOARD_OPERATOR_LOG_LEVEL") or "info",
    )
