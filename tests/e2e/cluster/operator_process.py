"""The operator as a process of this machine, against the cluster: started, asked, killed."""

import json
import os
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import urllib3
from tests.e2e.cluster.waiting import until

START, STOP = 30.0, 20.0
FOREVER = 100_000  # seconds between resyncs: what is healed, is healed by a watch


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@dataclass(slots=True)
class OperatorProcess:
    """Watches one namespace only, so that others on the cluster are left in peace."""

    kubeconfig: Path
    namespace: str
    folder: Path
    images: dict[str, str] = field(default_factory=dict)  # runtime and stores: their repositories
    port: int = 0
    _process: subprocess.Popen[bytes] | None = None

    @property
    def log_path(self) -> Path:
        return self.folder / f"operator-{self.namespace}.log"

    def start(self, *, resync: float = FOREVER, **env: str) -> None:
        """Returns when it acts."""
        assert not self.runs
        self.port = free_port()
        told = {
            "KUBECONFIG": str(self.kubeconfig),
            "SCOREBOARD_OPERATOR_NAMESPACES": self.namespace,
            "SCOREBOARD_OPERATOR_NAMESPACE": self.namespace,
            "SCOREBOARD_OPERATOR_HOST": "127.0.0.1",
            "SCOREBOARD_OPERATOR_PORT": str(self.port),
            "SCOREBOARD_OPERATOR_RESYNC_SECONDS": str(resync),
            **{f"SCOREBOARD_OPERATOR_{of.upper()}_IMAGE": at for of, at in self.images.items()},
            **env,
        }
        with self.log_path.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "scoreboard_runtime", "operator"],
                env={**os.environ, **told},
                stdout=log,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
            )
        until(self._acts, START, lambda: f"the operator acts; it said:\n{self.log()[-2000:]}")

    def _acts(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, f"the operator ended:\n{self.log()[-2000:]}"
        try:
            found = urllib3.request("GET", f"http://127.0.0.1:{self.port}/health/ready", retries=0)
        except urllib3.exceptions.HTTPError:
            return False
        return bool(json.loads(found.data)["role"] == "leader")

    @property
    def runs(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def stop(self) -> int:
        """SIGTERM; its exit code."""
        assert self._process is not None
        self._process.terminate()
        code = self._process.wait(STOP)
        self._process = None
        return code

    def kill(self) -> None:
        """SIGKILL: it has no time to give the Lease away."""
        assert self._process is not None
        self._process.kill()
        self._process.wait(STOP)
        self._process = None

    def restart(self, *, resync: float = FOREVER, **env: str) -> None:
        """With nothing left in its memory. Returns when it has looked at what there is."""
        self.stop()
        self.start(resync=resync, **env)
        until(lambda: self.looks, START, "it has looked")
        if resync == FOREVER:
            self.settle()

    def log(self) -> str:
        return self.log_path.read_text()

    def lines(self) -> list[dict[str, Any]]:
        """The log's lines; each must be JSON."""
        return [json.loads(line) for line in self.log().splitlines()]

    def metric(self, name: str, **labels: str) -> float:
        """Sum of the samples of that name that have these labels."""
        found = urllib3.request("GET", f"http://127.0.0.1:{self.port}/metrics")
        total = 0.0
        for line in found.data.decode().splitlines():
            sample, _, value = line.partition(" # ")[0].rpartition(" ")
            head, _, told = sample.partition("{")
            if head == name and all(
                f'{label}="{wanted}"' in told for label, wanted in labels.items()
            ):
                total += float(value)
        return total

    @property
    def looks(self) -> float:
        """How often it has looked at a Scoreboard."""
        return self.metric("scoreboard_operator_reconciles_total")

    def settle(self, calm: float = 1.0, seconds: float = 30.0) -> None:
        """Waits until nothing was written for `calm` seconds and nothing waits for a look."""
        seen, since = -1.0, time.monotonic()

        def is_calm() -> bool:
            nonlocal seen, since
            now = self.metric("scoreboard_operator_api_writes_total")
            if now != seen or self.metric("scoreboard_operator_queue_depth"):
                seen, since = now, time.monotonic()
            return time.monotonic() - since >= calm

        until(is_calm, seconds, "the operator has nothing to write")
