"""The environment, read once into frozen Settings: addresses and secrets, nothing else.

What the board does is in the manifest (`SCOREBOARD_CONFIG`); this is the only reader of os.environ.
"""

import os
import re
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import ip_network
from math import isfinite, nan
from pathlib import Path

from scoreboard_runtime.contract import crd, endpoints
from scoreboard_runtime.contract.board import Scoreboard
from scoreboard_runtime.contract.traces import pairs
from scoreboard_runtime.rules.sampling import SAMPLERS


class SettingsError(Exception):
    """A variable is missing or wrong; the text says which and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Traces:
    """Where spans go, and of how many requests. `attributes`: what the environment says we are."""

    endpoint: str
    headers: Mapping[str, str] = field(repr=False)
    timeout_seconds: float
    certificate: str
    gzip: bool
    sampler: str
    ratio: float
    queue_size: int
    attributes: Mapping[str, str]


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
    traces: Traces | None


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


def _pairs(env: Mapping[str, str], name: str) -> dict[str, str]:
    found = pairs(env.get(name, ""))
    if found is None:
        # Never what was given: it may hold a token.
        raise SettingsError(f"{name} must be name=value pairs with commas between them")
    return found


def _otlp(env: Mapping[str, str], name: str) -> str:
    """The name of the variable that holds: the one for traces, if it is set."""
    own = f"{endpoints.ENV_OTLP_TRACES}{name}"
    return own if env.get(own) else f"{endpoints.ENV_OTLP}{name}"


def _one_of(env: Mapping[str, str], name: str, known: Sequence[str], default: str) -> str:
    found = env.get(name) or default
    if found not in known:
        raise SettingsError(f"{name} must be one of {', '.join(known)}")
    return found


def _endpoint(env: Mapping[str, str]) -> str:
    """The address that spans are sent to; empty where no traces are asked for."""
    own = f"{endpoints.ENV_OTLP_TRACES}ENDPOINT"
    name = _otlp(env, "ENDPOINT")
    given = env.get(name, "")
    if given and not re.fullmatch(r"https?://[^\s/?#@]+(/\S*)?", given):
        raise SettingsError(
            f"{name} must be an address, as in http://collector:4318, without a password in it"
        )
    return given if not given or name == own else f"{given.rstrip('/')}/v1/traces"


def traces(env: Mapping[str, str]) -> Traces | None:
    """By OpenTelemetry's own variables; None, the default, while no endpoint is named.

    Raises SettingsError.
    """
    exporter = _one_of(env, endpoints.ENV_OTEL_EXPORTER, ("otlp", "none"), "otlp")
    off = env.get(endpoints.ENV_OTEL_DISABLED, "").lower() == "true" or exporter == "none"
    endpoint = "" if off else _endpoint(env)
    if not endpoint:
        return None
    _one_of(env, _otlp(env, "PROTOCOL"), ("http/protobuf",), "http/protobuf")
    compression = _one_of(env, _otlp(env, "COMPRESSION"), ("none", "gzip"), "none")
    ratio = _number(env, endpoints.ENV_OTEL_SAMPLER_ARG, 1.0)
    if not 0 <= ratio <= 1:
        raise SettingsError(f"{endpoints.ENV_OTEL_SAMPLER_ARG} must be from 0 to 1")
    service = env.get(endpoints.ENV_OTEL_SERVICE, "")
    return Traces(
        endpoint=endpoint,
        headers=_pairs(env, _otlp(env, "HEADERS")),
        timeout_seconds=_number(env, _otlp(env, "TIMEOUT"), 10_000) / 1000,
        certificate=env.get(_otlp(env, "CERTIFICATE"), ""),
        gzip=compression == "gzip",
        sampler=_one_of(env, endpoints.ENV_OTEL_SAMPLER, SAMPLERS, SAMPLERS[0]),
        ratio=ratio,
        queue_size=max(1, int(_number(env, endpoints.ENV_OTEL_QUEUE, 2048))),
        attributes={
            **_pairs(env, endpoints.ENV_OTEL_ATTRIBUTES),
            **({"service.name": service} if service else {}),
        },
    )


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
        traces=traces(env),
    )
