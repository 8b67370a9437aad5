"""An operator's process whose way to the cluster leads through a proxy in this very event loop.

Unlike operator_process.py it never blocks while it waits.
"""

import asyncio
import os
import signal
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import yaml
from tests.e2e.cluster.operator_process import free_port
from tests.e2e.cluster.proxy import Proxy


def kubeconfig(folder: Path, url: str) -> Path:
    """Without a user: the proxy is one."""
    path = folder / "kubeconfig"
    told = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "proxy",
        "contexts": [{"name": "proxy", "context": {"cluster": "proxy", "user": "nobody"}}],
        "clusters": [{"name": "proxy", "cluster": {"server": url}}],
        "users": [{"name": "nobody", "user": {}}],
    }
    path.write_text(yaml.safe_dump(told))
    return path


@dataclass(slots=True)
class Replica:
    """One replica. Its identity stays the same over restarts, as that of a container in its pod."""

    env: dict[str, str]
    log: Path
    port: int
    process: asyncio.subprocess.Process | None = None
    starts: int = 0
    _begun: int = 0  # where in the log
    _keeper: asyncio.Task[None] | None = field(default=None, repr=False)

    @property
    def runs(self) -> bool:
        return self.process is not None and self.process.returncode is None

    async def start(self) -> None:
        self.starts += 1
        self._begun = self.log.stat().st_size if self.log.exists() else 0
        with self.log.open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "scoreboard_runtime", "operator",
                env={**os.environ, **self.env}, stdout=log, stderr=log,
            )  # fmt: skip

    def send(self, number: int) -> None:
        assert self.process is not None
        self.process.send_signal(number)

    def kill(self) -> None:
        """At once, with whatever it was doing."""
        self.send(signal.SIGKILL)

    async def ended(self, seconds: float = 30) -> int:
        assert self.process is not None
        async with asyncio.timeout(seconds):
            return await self.process.wait()

    async def stop(self) -> None:
        if self._keeper is not None:
            self._keeper.cancel()
        if self.runs:
            self.kill()
            await self.ended()

    def keep(self) -> None:
        """From now on it is started again whenever it ends, as the kubelet does."""

        async def keeper() -> None:
            while True:
                await self.ended(3600)
                await self.start()

        self._keeper = asyncio.create_task(keeper())

    async def health(self) -> dict[str, Any]:
        """Of /health/live, with its HTTP status as `code`; empty while nobody listens."""
        try:
            async with (
                aiohttp.ClientSession() as http,
                http.get(f"http://127.0.0.1:{self.port}/health/live") as found,
            ):
                return {**await found.json(), "code": found.status}
        except aiohttp.ClientError:
            return {}

    def told(self) -> str:
        """The end of its log."""
        return self.log.read_text()[-6000:]

    def looked(self, board: str) -> bool:
        """Whether it has looked at a board since it was started."""
        with self.log.open("rb") as log:
            log.seek(self._begun)
            lines = log.read().decode().splitlines()
        return any('"looked"' in line and f'"{board}"' in line for line in lines)


@asynccontextmanager
async def replica(
    proxy: Proxy, namespace: str, identity: str = "operator-0", **env: str
) -> AsyncIterator[Replica]:
    """Of one namespace, not started yet; gone after the block."""
    with tempfile.TemporaryDirectory(prefix="operator-") as made:
        folder, port = Path(made), free_port()
        known = {
            "KUBECONFIG": str(kubeconfig(folder, proxy.url)),
            "SCOREBOARD_OPERATOR_NAMESPACES": namespace,
            "SCOREBOARD_OPERATOR_NAMESPACE": namespace,
            "SCOREBOARD_OPERATOR_IDENTITY": identity,
            "SCOREBOARD_OPERATOR_HOST": "127.0.0.1",
            "SCOREBOARD_OPERATOR_PORT": str(port),
            "SCOREBOARD_OPERATOR_RUNTIME_IMAGE": "localhost/scoreboard",
            "SCOREBOARD_OPERATOR_STORES_IMAGE": "localhost/scoreboard-stores",
        }
        found = Replica({**known, **env}, folder / "log", port)
        try:
            yield found
        finally:
            await found.stop()
            if found.log.exists():
                print(f"{identity} said:\n{found.told()}")  # pytest shows it when a test fails
