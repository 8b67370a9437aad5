"""`scoreboard doctor` on this machine, and on one where things are wrong."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

from scoreboard_runtime.local.place import Place


def doctor(*arguments: str, **environment: str) -> tuple[int, dict[str, dict[str, Any]]]:
    done = subprocess.run(
        [sys.executable, "-m", "scoreboard_runtime", "doctor", "--json", *arguments],
        env={**os.environ, "KUBECONFIG": "", **environment}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    return done.returncode, {found["what"]: found for found in json.loads(done.stdout)}


def test_this_machine_would_run_a_board(tmp_path: Path):
    code, found = doctor("--port", "0", "--data-dir", str(tmp_path / "new" / "deep"))

    assert code == 0
    assert {name for name, each in found.items() if each["outcome"] == "fault"} == set()
    assert "PostgreSQL" in found["postgres"]["said"]
    assert list((tmp_path).iterdir()) == [], "it changes nothing"


def test_a_port_that_is_taken_keeps_a_board_from_starting_a_running_board_is_a_hint(tmp_path: Path):
    place = Place(tmp_path / "data", ephemeral=False)
    place.take()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        code, found = doctor("--port", str(port), "--data-dir", str(tmp_path / "data"))
    place.leave()

    assert code == 1
    assert found["ports"]["outcome"] == "fault"
    assert f"{port}: Address already in use" in found["ports"]["said"]
    assert found["data"]["outcome"] == "warning"
    assert found["data"]["said"].endswith(f"in use by process {os.getpid()}")


def test_what_keeps_a_board_from_starting_is_a_fault(tmp_path: Path):
    (tmp_path / "file").write_text("")
    config = tmp_path / "config"
    config.write_text("apiVersion: v1\nkind: Config\n")

    code, found = doctor(
        "--data-dir", str(tmp_path / "file" / "data"), "--url", "http://127.0.0.1:1",
        KUBECONFIG=str(config),
    )  # fmt: skip

    assert code == 1
    assert "is no folder" in found["data"]["said"]
    assert "does not answer" in found["board"]["said"]
    assert found["cluster"]["outcome"] in ("fault", "warning")  # a warning where no kubectl is
    assert all(each["do"] for each in found.values() if each["outcome"] != "ok")
