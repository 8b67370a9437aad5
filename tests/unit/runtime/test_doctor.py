"""local/doctor.py: what it measures of a sick machine is what it tells."""

import argparse
import functools
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from types import SimpleNamespace

import pytest

from scoreboard_runtime.local import doctor
from scoreboard_runtime.local.binaries import MissingBinary
from scoreboard_runtime.local.checks import Finding

Patch = pytest.MonkeyPatch
OLD = SimpleNamespace(
    version_info=(3, 10, 0), platform="darwin", executable="/x/python", prefix="/x", base_prefix="/"
)


class Late(BaseHTTPRequestHandler):
    """A board whose clock is two minutes behind."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()

    def date_time_string(self, timestamp: float | None = None) -> str:
        return super().date_time_string((timestamp or doctor.time.time()) - 120)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def late() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), Late) as server:
        thread = threading.Thread(target=functools.partial(server.serve_forever, 0.01))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture
def program(tmp_path: Path, monkeypatch: Patch) -> Callable[[str, str], Path]:
    """Makes programs of the PATH, on which there are no others."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))

    def make(name: str, body: str) -> Path:
        (folder / name).write_text(f"#!/bin/sh\n{body}\n")
        (folder / name).chmod(0o755)
        return folder / name

    return make


def found(folder: Path, port: int = 0, url: str | None = None) -> dict[str, Finding]:
    options = argparse.Namespace(port=port, data_dir=folder, url=url)
    return {finding.what: finding for finding in doctor.examine(options)}


def outcome(found: dict[str, Finding]) -> dict[str, str]:
    return {what: finding.outcome for what, finding in found.items()}


def none_there() -> Path:
    raise MissingBinary("PostgreSQL is not here: get it")


def test_a_machine_on_which_nothing_is_right(
    tmp_path: Path, monkeypatch: Patch, program: Callable[[str, str], Path], late: str
):
    (tmp_path / "memory").write_text("MemTotal: 9 kB\nMemAvailable: 9 kB\n")
    valkey = program("valkey-server", "echo no library; exit 1")
    program("kubectl", "echo refused; exit 1")
    monkeypatch.setenv("KUBECONFIG", "/x/config")
    monkeypatch.setattr(doctor, "sys", OLD)
    monkeypatch.setattr(doctor, "find_spec", lambda name: None)
    monkeypatch.setattr(doctor, "postgres_folder", none_there)
    monkeypatch.setattr(doctor, "valkey_server", lambda: valkey)
    monkeypatch.setattr(doctor, "MEMORY", tmp_path / "memory")
    may = doctor.os.access
    monkeypatch.setattr(doctor.os, "access", lambda at, how: at != tmp_path and may(at, how))
    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda _: SimpleNamespace(free=1))
    monkeypatch.setattr(doctor.resource, "getrlimit", lambda _: (100, 100))

    seen = found(tmp_path, 65535, late)

    assert outcome(seen) == dict.fromkeys(
        ["python", "platform", "packages", "postgres", "valkey", "ports", "data", "disk",
         "memory", "files", "clock", "cluster"], "fault",
    )  # fmt: skip
    assert "does not run: no library" in seen["valkey"].said
    assert "65536: there is no such port" in seen["ports"].said
    assert "aiohttp" in seen["packages"].said
    assert seen["clock"].said.startswith("+1")


def test_what_would_do_but_might_be_better(
    tmp_path: Path, monkeypatch: Patch, program: Callable[[str, str], Path]
):
    monkeypatch.setenv("KUBECONFIG", "/x/config")
    monkeypatch.setattr(sys, "prefix", sys.base_prefix)
    program("timedatectl", "echo no")

    seen = found(tmp_path)

    assert {seen[what].outcome for what in ("python", "clock", "cluster")} == {"warning"}
    assert seen["ports"].outcome == "ok"
    assert "kubectl is not here" in seen["cluster"].said
    program("kubectl", '[ "$1" != auth ]')
    assert "may not create" in found(tmp_path)["cluster"].said
    program("kubectl", '[ "$2" != crd ]')
    assert "without the Scoreboard resource" in found(tmp_path)["cluster"].said
    program("kubectl", "true")
    program("timedatectl", "echo yes")
    assert {found(tmp_path)[what].outcome for what in ("clock", "cluster")} == {"ok"}


def test_a_board_that_does_not_answer_is_a_fault(tmp_path: Path, unused_tcp_port: int):
    url = f"http://127.0.0.1:{unused_tcp_port}"

    board = found(tmp_path, url=url)["board"]

    assert (board.outcome, board.said.startswith(f"{url} does not answer")) == ("fault", True)
