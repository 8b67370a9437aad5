"""The operator's environment, read once: images, namespaces, identity."""

import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass

from scoreboard_operator.images import Images


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
