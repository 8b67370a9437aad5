"""The operator's environment, read once: images, namespaces, identity."""

import math
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


class WrongSetting(Exception):
    """Says which variable, and what it must be."""


def _number(env: Mapping[str, str], name: str, default: float, least: float = 0) -> float:
    """`least` or more. Raises WrongSetting."""
    text = env.get(f"{PREFIX}{name}") or str(default)
    try:
        found = float(text)
    except ValueError:
        found = math.nan
    if not least <= found < math.inf:
        raise WrongSetting(f"{PREFIX}{name} must be a number, {least:g} or more, not {text!r}")
    return found


def _whole(env: Mapping[str, str], name: str, default: int, least: int, most: int) -> int:
    """Raises WrongSetting."""
    text = env.get(f"{PREFIX}{name}") or str(default)
    if not (text.isascii() and text.isdigit() and least <= int(text) <= most):
        told = f"a whole number from {least} to {most}"
        raise WrongSetting(f"{PREFIX}{name} must be {told}, not {text!r}")
    return int(text)


def load(env: Mapping[str, str] | None = None) -> Settings:
    """Every variable has a default that fits the chart. Raises WrongSetting."""
    env = os.environ if env is None else env
    given = Images()

    def text(name: str, default: str) -> str:
        return env.get(f"{PREFIX}{name}") or default

    return Settings(
        images=Images(
            runtime=text("RUNTIME_IMAGE", given.runtime),
            stores=text("STORES_IMAGE", given.stores),
            pull_policy=text("PULL_POLICY", given.pull_policy),
            trusted_proxies=env.get(f"{PREFIX}TRUSTED_PROXIES", given.trusted_proxies),
        ),
        namespaces=tuple(text("NAMESPACES", "").replace(",", " ").split()),
        own_namespace=text("NAMESPACE", "default"),
        identity=text("IDENTITY", f"{socket.gethostname()}-{os.getpid()}"),
        host=text("HOST", "0.0.0.0"),
        port=_whole(env, "PORT", 8090, 0, 65535),
        workers=_whole(env, "WORKERS", 4, 1, 64),
        resync_seconds=_number(env, "RESYNC_SECONDS", 600, 1),
        blind_seconds=_number(env, "BLIND_SECONDS", 60, 1),
        discover_seconds=_number(env, "DISCOVER_SECONDS", 30, 1),
        lease_name=text("LEASE", "scoreboard-operator"),
        log_level=text("LOG_LEVEL", "info"),
    )
