"""`scoreboard doctor`: what is wrong with this machine, and what to do. It changes nothing."""

import argparse
import dataclasses
import fcntl
import json
import os
import resource
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from email.utils import parsedate_to_datetime
from importlib.util import find_spec
from pathlib import Path

from scoreboard_runtime.local import checks
from scoreboard_runtime.local.binaries import MissingBinary, postgres_folder, valkey_server
from scoreboard_runtime.local.checks import Finding

PACKAGES = ("aiohttp", "argon2", "asyncpg", "jwt", "msgspec", "orjson", "prometheus_client",
            "redis", "structlog", "uvloop", "yaml")  # fmt: skip
PATIENCE = 10.0
HOST, PORTS = "127.0.0.1", 6
CRD = "scoreboards.scoreboard.dev"
MEMORY = Path("/proc/meminfo")


def _output(*command: str) -> tuple[int, str]:
    """Exit status and the first line that it said; 127 where it cannot run."""
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=PATIENCE, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return 127, str(error)
    said = (done.stdout or done.stderr).strip().splitlines()
    return done.returncode, said[0] if said else ""


def _python() -> Finding:
    inside = sys.prefix != sys.base_prefix
    return checks.python(sys.version_info[:3], sys.executable, in_environment=inside)


def _server(what: str, where: Callable[[], Path]) -> Finding:
    try:
        binary = where()
    except MissingBinary as error:
        return checks.server(what, None, str(error).partition(":")[0])
    code, said = _output(str(binary), "--version")
    if code:
        return checks.server(what, None, f"{binary} does not run: {said}")
    return checks.server(what, said)


def _servers() -> list[Finding]:
    return [
        _server("postgres", lambda: postgres_folder() / "postgres"),
        _server("valkey", valkey_server),
    ]


def _refused(number: int) -> str | None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, number))
        except OSError as error:
            return error.strerror or str(error)
        except OverflowError:
            return "there is no such port"
    return None


def _ports(first: int) -> Finding:
    """A board takes some in a row (local/roles.py)."""
    asked = range(first, first + PORTS) if first else ()
    found = {number: _refused(number) for number in asked}
    refused = {number: why for number, why in found.items() if why is not None}
    return checks.ports(first, first + PORTS - 1, refused)


def _existing(folder: Path) -> Path:
    """The folder, or the nearest above it that is there."""
    found = folder.absolute()
    while not found.exists():
        found = found.parent
    return found


def _memory() -> Finding:
    for line in MEMORY.read_text().splitlines():
        if line.startswith("MemAvailable:"):
            return checks.memory(int(line.split()[1]) * 1024)
    return checks.memory(0)


def _files() -> Finding:
    return checks.files(*resource.getrlimit(resource.RLIMIT_NOFILE))


def _clock(url: str | None) -> list[Finding]:
    """By the board's clock where it is told which, else by what the system says of NTP."""
    skew = None
    if url is not None:
        try:
            with urllib.request.urlopen(
                f"{url.rstrip('/')}/health/live", timeout=PATIENCE
            ) as answer:
                date = answer.headers["Date"]
        except (OSError, ValueError, urllib.error.URLError) as error:
            why = getattr(error, "reason", error)
            do = "check the address, and that the board runs"
            return [Finding("board", "fault", f"{url} does not answer: {why}", do)]
        skew = time.time() - parsedate_to_datetime(date).timestamp() - 0.5
    code, said = _output("timedatectl", "show", "-p", "NTPSynchronized", "--value")
    return [checks.clock(skew, said == "yes" if code == 0 else None)]


def _holder(lock: Path) -> str | None:
    """Who has an instance's lock; None where nobody has."""
    try:
        descriptor = os.open(lock, os.O_RDWR)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return os.pread(descriptor, 32, 0).decode().strip() or "?"
    finally:
        os.close(descriptor)
    return None


def _data(folder: Path) -> Finding:
    at = _existing(folder)
    if not at.is_dir():
        return checks.data(str(folder), f"{at} is no folder", None)
    refusal = None if os.access(at, os.W_OK | os.X_OK) else "it cannot be written"
    # The folder of one instance, or the one in which local mode has a folder for each.
    holders = map(_holder, (folder / "lock", *folder.glob("*/lock")))
    return checks.data(str(folder), refusal, next(filter(None, holders), None))


def _cluster() -> list[Finding]:
    if not os.environ.get("KUBECONFIG"):
        return []
    if shutil.which("kubectl") is None:
        do = "install kubectl, or unset KUBECONFIG where you need no cluster"
        return [Finding("cluster", "warning", "KUBECONFIG is set, kubectl is not here", do)]
    code, said = _output("kubectl", "get", "--raw", "/version", "--request-timeout=5s")
    if code:
        return [checks.cluster(False, said, False, False)]
    installed, _ = _output("kubectl", "get", "crd", CRD, "-o", "name", "--request-timeout=5s")
    may, _ = _output("kubectl", "auth", "can-i", "create", CRD, "--request-timeout=5s")
    return [checks.cluster(True, "the API server answers", may == 0, installed == 0)]


def examine(options: argparse.Namespace) -> list[Finding]:
    """Everything, in the order in which a start would stumble over it."""
    missing = [name for name in PACKAGES if find_spec(name) is None]
    at = _existing(options.data_dir)
    return [
        _python(),
        checks.platform(sys.platform),
        checks.packages(missing),
        *_servers(),
        _ports(options.port),
        _data(options.data_dir),
        checks.disk(str(at), shutil.disk_usage(at).free),
        _memory(),
        _files(),
        *_clock(options.url),
        *_cluster(),
    ]


def run(options: argparse.Namespace) -> int:
    """Exit status: 0 it would run (perhaps with hints), 1 it would not."""
    findings = examine(options)
    if options.json:
        print(json.dumps([dataclasses.asdict(finding) for finding in findings]))
    else:
        print("\n".join(checks.lines(findings)))
        ends = {
            "ok": "nothing is wrong",
            "warning": "it would run; see the hints",
            "fault": "a board would not start here: mend the faults, then ask again",
        }
        print(f"\n{ends[checks.worst(findings)]}")
    return int(checks.worst(findings) == "fault")
