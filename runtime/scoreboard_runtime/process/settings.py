"""The environment, read once into frozen Settings: addresses and secrets, nothing else.

What the board does is in the manifest (`SCOREBOARD_CONFIG`); this is the only reader of os.environ.
"""

import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_network
from math import isfinite, nan
from pathlib import Path

from scoreboard_runtime.contract import crd, endpoints
from scoreboard_runtime.contract.board import Scoreboard


class SettingsError(Exception):
    """A variable is missing or wrong; the text says which and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Where a process finds its stores, its keys and its ports."""

    role: str
    board: Scoreboard
    database_url: str = field(repr=False)
    redis_url: str = field(repr=False)
    cache_url: str = field(repr=False)
    keys_file: Path
    host: str
    port: int
    metrics_port: int
    listen_fd: int | None
    metrics_fd: int | None
    trusted_proxies: tuple[str, ...]
    drain_seconds: float
    websocket_url: str
    queue_capacity: int
    worker_id: str
    log_level: str
    parent_pid: int | None


def _required(env: Mapping[str, str], name: str) -> str:
    value = env.get(name, "")
    if not value:
        raise SettingsError(f"{name} is not set; see docs/reference/settings.md")
    return value


def _number(env: Mapping[str, str], name: str, default: float) -> float:
    text = env.get(name, "")
    try:
        found = float(text) if text else default
    except ValueError:
        found = nan
    if not isfinite(found):
        raise SettingsError(f"{name} must be a number")
    return found


def _networks(env: Mapping[str, str], name: str) -> tuple[str, ...]:
    entries = tuple(env.get(name, "").replace(",", " ").split())
    for entry in entries:
        try:
            ip_network(entry, strict=False)
        except ValueError:
            raise SettingsError(
                f"{name}: {entry} is no network; write addresses or networks such as 10.0.0.0/8"
            ) from None
    return entries


def _optional(env: Mapping[str, str], name: str) -> int | None:
    return int(_number(env, name, 0)) if env.get(name) else None


def load_board(path: Path) -> Scoreboard:
    """Reads a manifest. Raises SettingsError with every fault that it has."""
    try:
        return crd.load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(f"cannot read the manifest {path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise SettingsError(f"{path} is not UTF-8 text") from None
    except crd.ManifestError as error:
        raise SettingsError(f"{path} is not a valid Scoreboard:\n{error}") from None


def database_url(env: Mapping[str, str] | None = None) -> str:
    """All that a migration needs. Raises SettingsError."""
    return _required(os.environ if env is None else env, endpoints.ENV_DATABASE_URL)


def store_password(env: Mapping[str, str] | None = None) -> str:
    """Fit for a URL, a configuration file and a statement as it is. Raises SettingsError."""
    found = _required(os.environ if env is None else env, endpoints.ENV_STORE_PASSWORD)
    if len(found) < 16 or not (found.isascii() and found.isalnum()):
        raise SettingsError(
            f"{endpoints.ENV_STORE_PASSWORD} must have 16 or more letters and digits, nothing else"
        )
    return found


def load(role: str, env: Mapping[str, str] | None = None) -> Settings:
    """The process's settings. Raises SettingsError."""
    env = os.environ if env is None else env
    redis_url = _required(env, endpoints.ENV_REDIS_URL)
    port, metrics_port = endpoints.PORT.get(role, 0), endpoints.METRICS_PORT.get(role, 0)
    return Settings(
        role=role,
        board=load_board(Path(_required(env, endpoints.ENV_CONFIG))),
        database_url=_required(env, endpoints.ENV_DATABASE_URL),
        redis_url=redis_url,
        cache_url=env.get(endpoints.ENV_CACHE_URL) or redis_url,
        keys_file=Path(_required(env, endpoints.ENV_KEYS_FILE)),
        host=env.get(endpoints.ENV_HOST) or "0.0.0.0",
        port=int(_number(env, endpoints.ENV_PORT, port)),
        metrics_port=int(_number(env, endpoints.ENV_METRICS_PORT, metrics_port)),
        listen_fd=_optional(env, endpoints.ENV_LISTEN_FD),
        metrics_fd=_optional(env, endpoints.ENV_METRICS_FD),
        trusted_proxies=_networks(env, endpoints.ENV_TRUSTED_PROXIES),
        drain_seconds=_number(env, endpoints.ENV_DRAIN_SECONDS, 20.0),
        websocket_url=env.get(endpoints.ENV_WEBSOCKET_URL, ""),
        queue_capacity=int(_number(env, endpoints.ENV_QUEUE_CAPACITY, 100_000)),
        worker_id=env.get(endpoints.ENV_WORKER_ID) or f"{socket.gethostname()}-{os.getpid()}",
        log_level=env.get(endpoints.ENV_LOG_LEVEL, "info"),
        parent_pid=_optional(env, endpoints.ENV_PARENT_PID),
    )
