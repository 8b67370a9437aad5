"""The three roles as processes, with sockets that outlive them: a death loses no caller."""

import os
import socket
import sys
from dataclasses import dataclass

from scoreboard_runtime.contract import endpoints
from scoreboard_runtime.local.place import LocalError, Place
from scoreboard_runtime.local.service import Program, Service

HOST = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Listening:
    """Sockets of one role, bound by the parent and inherited by every child."""

    main: socket.socket
    metrics: socket.socket

    @property
    def port(self) -> int:
        return int(self.main.getsockname()[1])

    @property
    def metrics_port(self) -> int:
        return int(self.metrics.getsockname()[1])


def _bind(port: int, option: str) -> socket.socket:
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((HOST, port))
        sock.listen(4096)  # a caller that comes while a role starts again waits here
    except OSError as error:
        raise LocalError(
            f"port {port} cannot be used ({error.strerror}); choose another with {option}"
        ) from None
    return sock


def bind(port: int) -> dict[str, Listening]:
    """Gateway on `port`, the others on the ports after it; 0 takes any that are free."""

    def number(offset: int) -> int:
        return port + offset if port else 0

    places = {endpoints.GATEWAY: (0, 2), endpoints.BROADCASTER: (1, 3), endpoints.WORKER: (5, 4)}
    return {
        role: Listening(_bind(number(main), "--port"), _bind(number(metrics), "--port"))
        for role, (main, metrics) in places.items()
    }


def environment(
    place: Place, database_url: str, queue_url: str, cache_url: str, websocket_url: str
) -> dict[str, str]:
    """What every role is told; no address of it is a network's."""
    return {
        endpoints.ENV_CONFIG: str(place.manifest),
        endpoints.ENV_DATABASE_URL: database_url,
        endpoints.ENV_REDIS_URL: queue_url,
        endpoints.ENV_CACHE_URL: cache_url,
        endpoints.ENV_KEYS_FILE: str(place.keys),
        endpoints.ENV_HOST: HOST,
        endpoints.ENV_DRAIN_SECONDS: "1",
        endpoints.ENV_WEBSOCKET_URL: websocket_url,
        endpoints.ENV_WORKER_ID: "local-0",
    }


def inherited_environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("SCOREBOARD_")}


def service(role: str, place: Place, listening: Listening, told: dict[str, str]) -> Service:
    """A role, ready to start."""
    main, metrics = listening.main.fileno(), listening.metrics.fileno()
    return Service(
        Program(
            name=role,
            command=[sys.executable, "-m", "scoreboard_runtime", role],
            log=place.logs / f"{role}.log",
            environment={
                **inherited_environment(),
                **told,
                endpoints.ENV_LISTEN_FD: str(main),
                endpoints.ENV_METRICS_FD: str(metrics),
                endpoints.ENV_PORT: str(listening.port),
                endpoints.ENV_METRICS_PORT: str(listening.metrics_port),
                endpoints.ENV_PARENT_PID: str(os.getpid()),
            },
            inherited=(main, metrics, place.lock),
        )
    )
