"""Real stores for tests that hold them down: they stay away until they are started again."""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.e2e.lacking import lacks

from scoreboard_runtime.local.binaries import postgres_folder, valkey_server

NOBODY = 65534  # Postgres does not run as root
DEADLINE = 20.0


def _folder(prefix: str) -> Path:
    folder = Path(tempfile.mkdtemp(prefix=prefix))
    if os.geteuid() == 0:
        os.chown(folder, NOBODY, NOBODY)
    return folder


def _demoted() -> dict[str, int]:
    return {"user": NOBODY, "group": NOBODY} if os.geteuid() == 0 else {}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def debian() -> tuple[Path, Path]:
    """Other versions than the wheels': (PostgreSQL's binaries, redis-server). Skips without them."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    redis = shutil.which("redis-server")
    if not folders or redis is None:
        lacks("no second versions here: apt-get install postgresql redis-server")
    return folders[-1], Path(redis)


class Postgres:
    """One server on a unix socket; `url` is its first database, for its superuser."""

    def __init__(self, binaries: Path | None = None) -> None:
        self._folder = _folder("sbpg")
        binaries = binaries or postgres_folder()
        data = self._folder / "data"
        subprocess.run(
            [binaries / "initdb", "-D", data, "-U", "sb", "-A", "trust", "-N", "-E", "UTF8"],
            check=True,
            stdout=subprocess.DEVNULL,
            **_demoted(),
        )
        options = ["-k", str(self._folder), "-h", "", "-F", "-c", "max_connections=60"]
        self._process = subprocess.Popen(
            [binaries / "postgres", "-D", data, *options],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            **_demoted(),
        )
        until = time.monotonic() + DEADLINE
        ready = data / "postmaster.pid"
        while time.monotonic() < until:
            if ready.exists() and "ready" in ready.read_text():
                break
            time.sleep(0.02)

    def url(self, database: str = "postgres", user: str = "sb") -> str:
        return f"postgresql://{user}@/{database}?host={self._folder}"

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(DEADLINE)
        shutil.rmtree(self._folder, ignore_errors=True)


class Valkey:
    """One server on a port that it keeps over restarts; nothing is saved."""

    def __init__(self, binary: Path | None = None) -> None:
        self._binary = binary or valkey_server()
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    def start(self) -> None:
        options = ["--save", "", "--appendonly", "no", "--bind", "127.0.0.1"]
        self._process = subprocess.Popen(
            [self._binary, "--port", str(self.port), *options],
            stdout=subprocess.DEVNULL,
            stderr=sys.stderr,
        )
        until = time.monotonic() + DEADLINE
        while time.monotonic() < until:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1.0).close()
                return
            except OSError:
                time.sleep(0.01)
        raise TimeoutError("valkey did not start")

    def kill(self) -> None:
        """As kill -9."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(DEADLINE)
            self._process = None
