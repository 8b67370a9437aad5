"""A whole Scoreboard as its user starts it: `scoreboard local ... --json` in a process."""

import asyncio
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import orjson
from tests.e2e.described import Described

from scoreboard_runtime.contract import crd
from scoreboard_runtime.local.player import Player

DEADLINE = 30.0
ADMIN_PASSWORD = "a good long password"
PLENTY = {"count": 1_000_000, "per": "1s"}


def a_manifest(name: str = "arcade", **spec: Any) -> dict[str, Any]:
    """A Scoreboard whose budgets are no hindrance, unless a test says so."""
    known: dict[str, Any] = {
        "version": "0.1.0",
        "boards": [{"name": "main"}],
        "actions": [
            {"name": "level", "points": 100},
            {"name": "slow", "points": 10, "cooldown": "1h"},
            {"name": "coins", "points": {"field": "coins", "each": 2, "max": 500}},
            {"name": "quiz", "points": 250, "repeat": "Once"},
            {"name": "boss", "points": 1000, "task": "Issued", "maxDuration": "30m"},
            {"name": "siege", "points": 5, "task": "Issued", "minDuration": "20m"},
            {"name": "rare", "points": 1, "limit": {"count": 2, "per": "1h"}},
            {"name": "secret", "points": 1, "roles": ["staff"]},
            {"name": "huge", "points": 9007199254740991},
        ],
        "limits": {"global": PLENTY, "address": PLENTY, "user": PLENTY},
    }
    return {
        "apiVersion": "scoreboard.dev/v1alpha1",
        "kind": "Scoreboard",
        "metadata": {"name": name},
        "spec": {**known, **spec},
    }


async def until(condition: Callable[[], Any], what: str, seconds: float = DEADLINE) -> Any:
    """Waits for a true answer of `condition`, which may be a coroutine function."""
    deadline = time.monotonic() + seconds
    while True:
        found = condition()
        if asyncio.iscoroutine(found):
            found = await found
        if found:
            return found
        if time.monotonic() > deadline:
            raise AssertionError(f"in {seconds} s it never came true: {what}")
        await asyncio.sleep(0.02)


@dataclass(slots=True)
class Instance:
    """One running instance."""

    process: asyncio.subprocess.Process
    ready: dict[str, Any]
    http: aiohttp.ClientSession

    @property
    def url(self) -> str:
        return str(self.ready["url"])

    @property
    def folder(self) -> Path:
        return Path(self.ready["dataDir"])

    async def player(self, name: str = "") -> Player:
        """A new user with a session."""
        player = Player(self.http, self.url, name)
        registered = await player.register()
        assert registered.status == 201, registered.body
        assert (await player.login()).status == 200
        return player

    async def admin(self, name: str = "grace") -> Player:
        """A new admin with a session, made as the docs say."""
        player = Player(self.http, self.url, name, ADMIN_PASSWORD)
        command = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "scoreboard_runtime", "admin", "--data-dir", str(self.folder)),
            *("create-user", name, "--role", "admin", "--password-stdin"),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.DEVNULL,
        )
        await command.communicate(player.password.encode())
        assert command.returncode == 0
        assert (await player.login()).status == 200
        return player

    def pid(self, name: str) -> int:
        """Process id of a role or store; 0 while it is not there."""
        for pid in children(self.process.pid):
            command = command_of(pid)
            if command[-1:] == [name]:
                return pid
            if name in ("queue", "cache") and f"{name}.sock" in " ".join(command):
                return pid
            if name == "postgres" and command and command[0].endswith("/postgres"):
                return pid
        return 0

    def kill(self, name: str) -> int:
        """kill -9; the pid that it was."""
        pid = self.pid(name)
        if pid:
            os.kill(pid, signal.SIGKILL)
        return pid

    async def metric(self, role: str, name: str) -> float:
        """Sum of the samples whose name and labels start with `name`."""
        async with self.http.get(self.ready["metrics"][role]) as answer:
            lines = (await answer.text()).splitlines()
        values = [line.partition("} ")[2] or line.partition(" ")[2] for line in lines
                  if line.startswith(name)]  # fmt: skip
        return sum(float(value.split()[0]) for value in values)

    def log(self, role: str) -> list[dict[str, Any]]:
        """The role's JSON log lines."""
        lines = (self.folder / "logs" / f"{role}.log").read_bytes().splitlines()
        return [orjson.loads(line) for line in lines if line.startswith(b"{")]

    async def socket(self) -> aiohttp.ClientWebSocketResponse:
        return await self.http.ws_connect(self.ready["websocket"], protocols=["scoreboard.v1"])


def broadcaster_of(ready: Mapping[str, Any]) -> str:
    """Where the broadcaster answers HTTP."""
    place = urlsplit(ready["websocket"])
    return f"http://{place.netloc}"


def children(pid: int) -> list[int]:
    """Direct children."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                stat = (entry / "stat").read_text()
            except OSError:
                continue
            after = stat.rpartition(")")[2].split()
            if int(after[1]) == pid and after[0] != "Z":
                found.append(int(entry.name))
    return found


def command_of(pid: int) -> list[str]:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text().rstrip("\0").split("\0")
    except OSError:
        return []


def exists(pid: int) -> bool:
    """Whether a process is there and no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


async def start(
    folder: Path,
    manifest: dict[str, Any],
    *arguments: str,
    told: Mapping[str, str] | None = None,
) -> tuple[asyncio.subprocess.Process, dict[str, Any]]:
    """Starts local mode; its process and its ready line. `told`: variables of its environment."""
    path = folder / "manifest.yaml"
    path.write_bytes(orjson.dumps(manifest))
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "scoreboard_runtime", "local", str(path), "--port", "0", "--json",
        *arguments,
        stdout=asyncio.subprocess.PIPE,
        stdin=asyncio.subprocess.DEVNULL,
        env={**os.environ, **(told or {})},
    )  # fmt: skip
    assert process.stdout is not None
    try:
        line = await asyncio.wait_for(process.stdout.readline(), DEADLINE)
    except TimeoutError:
        process.terminate()
        raise
    assert line, f"local mode ended with {await process.wait()}"
    return process, orjson.loads(line)


@asynccontextmanager
async def running(
    folder: Path,
    manifest: dict[str, Any],
    *arguments: str,
    told: Mapping[str, str] | None = None,
) -> AsyncIterator[Instance]:
    """An instance for the time of the block; ephemeral unless a data dir is given."""
    keep = () if "--data-dir" in arguments else ("--ephemeral",)
    process, ready = await start(folder, manifest, *keep, *arguments, told=told)
    timeout = aiohttp.ClientTimeout(total=30)
    connector = aiohttp.TCPConnector(limit=0)
    board = crd.load(orjson.dumps(manifest).decode())
    described = Described(board, ready["url"], broadcaster_of(ready))
    async with aiohttp.ClientSession(
        timeout=timeout, connector=connector, trace_configs=[described.trace()]
    ) as http:
        try:
            yield Instance(process, ready, http)
            assert not described.faults, "\n".join(described.faults[:5])
        finally:
            if process.returncode is None:
                process.terminate()
            await asyncio.wait_for(process.wait(), DEADLINE)
            process._transport.close()  # type: ignore[attr-defined]  # asyncio leaves it open
