"""A local Scoreboard with players who play, cheat and watch, and a Prometheus that looks at it."""

import asyncio
import json
import math
import os
import random
import re
import shutil
import signal
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import Any

import aiohttp
import yaml
from docs.pictures.asking import Prometheus
from tests.e2e.instance import Instance, a_manifest, children, running, until

from scoreboard_runtime.local.player import EXECUTE, Player

ROOT = Path(__file__).parents[2]
SCRAPE = 5.0
NAMESPACE, BOARD = "games", "arcade"
PLAYERS, WATCHERS, PACE = 48, 90, 0.9  # PACE: seconds between two turns of a player
ACTIONS = {"finish_level": 30, "collect_coins": 60, "daily_quiz": 3, "boss_fight": 2}
WAVE = 120.0  # seconds from one rush to the next


def manifest() -> dict[str, Any]:
    """That of examples/, without its budgets: all these players have one address."""
    found = yaml.safe_load((ROOT / "examples" / "arcade.yaml").read_text(encoding="utf-8"))
    found["spec"]["limits"] = a_manifest()["spec"]["limits"]
    for action in found["spec"]["actions"]:
        action.pop("cooldown", None)
        if "limit" in action:
            action["limit"] = {"count": 90, "per": "1m"}
    return dict(found)


async def _cheat(player: Player) -> None:
    """What layers 2 to 4 are for."""
    body = b'{"action":"finish_level"}'
    headers = player.signed("POST", EXECUTE, body)
    kind = random.choice(("replayed", "forged", "forged", "unknown", "stale"))
    if kind == "unknown":
        await player.execute("win_everything")
    elif kind == "replayed":
        await player.request("POST", EXECUTE, body, **headers)
        await player.request("POST", EXECUTE, body, **headers)
    elif kind == "forged":
        await player.request("POST", EXECUTE, b'{"action":"daily_quiz"}', **headers)
    else:
        headers["X-Timestamp"] = str(int(headers["X-Timestamp"]) - 3_600_000)
        await player.request("POST", EXECUTE, body, **headers)


async def _turn(player: Player) -> None:
    luck = random.random()
    if luck < 0.04:
        await _cheat(player)
    elif luck < 0.25:
        await player.get("/api/scoreboard")
    elif luck < 0.30:
        await player.get("/api/scoreboard/me")
    else:
        (action,) = random.choices(list(ACTIONS), list(ACTIONS.values()))
        more: dict[str, Any] = {}
        if action == "collect_coins":
            more["data"] = {"coins": random.randint(1, 120)}
        elif action == "boss_fight":
            task = await player.issue_task(action)
            more["taskId"] = task.body.get("taskId", "") if task.status == 201 else ""
        await player.execute(action, **more)


async def _play(instance: Instance, first: float) -> None:
    """One player for ever; now and then somebody new comes instead."""
    await asyncio.sleep(first)
    while True:
        with suppress(AssertionError, aiohttp.ClientError, TimeoutError):
            player = await instance.player()
            for _ in range(random.randint(60, 240)):
                await _turn(player)
                rush = 1 + 0.6 * math.sin(time.time() * math.tau / WAVE)
                await asyncio.sleep(random.expovariate(rush / PACE))


async def _watch(instance: Instance, first: float) -> None:
    """One socket for ever; it stays a while and comes again."""
    await asyncio.sleep(first)
    while True:
        with suppress(aiohttp.ClientError, TimeoutError):
            async with await instance.socket() as socket:
                await socket.send_json({"type": "subscribe", "channel": "scoreboard"})
                with suppress(TimeoutError):
                    async with asyncio.timeout(random.uniform(30, 400)):
                        async for _ in socket:
                            pass
        await asyncio.sleep(random.uniform(0, 10))


def _rules() -> dict[str, Any]:
    """alerts/board.yaml of this board, as its head says."""
    text = (ROOT / "alerts" / "board.yaml").read_text(encoding="utf-8")
    named = text.replace("$namespace", NAMESPACE).replace("$board", BOARD)
    found: dict[str, Any] = yaml.safe_load(named)
    return found


def _configuration(metrics: dict[str, str], rules: Path) -> dict[str, Any]:
    """Series have the labels that prometheus-operator and the ServiceMonitor give."""
    scrapes = []
    for role, url in metrics.items():
        address = url.removeprefix("http://").partition("/")[0]
        service = f"{BOARD}-{role}-metrics"
        labels = {
            "namespace": NAMESPACE, "board": BOARD, "component": role, "pod": f"{BOARD}-{role}-0",
            "service": service, "endpoint": "metrics", "container": role,
        }  # fmt: skip
        targets = [{"targets": [address], "labels": labels}]
        scrapes.append({"job_name": service, "static_configs": targets})
    every = f"{SCRAPE:.0f}s"
    return {
        "global": {"scrape_interval": every, "evaluation_interval": every},
        "rule_files": [str(rules)],
        "scrape_configs": scrapes,
    }


async def _listening(process: asyncio.subprocess.Process) -> str:
    """The address, of its log."""
    assert process.stderr is not None
    seen = b""
    async for line in process.stderr:
        seen += line
        if found := re.search(rb'msg="Listening on" address=(\S+)', line):
            return f"http://{found[1].decode()}"
    raise SystemExit(f"prometheus ended: {seen.decode()[-600:]}")


@asynccontextmanager
async def _prometheus(folder: Path, metrics: dict[str, str]) -> AsyncIterator[str]:
    program = shutil.which("prometheus")
    if program is None:
        raise SystemExit("no prometheus: install Debian's package of that name")
    rules, settings = folder / "rules.json", folder / "prometheus.json"
    rules.write_text(json.dumps(_rules()))
    settings.write_text(json.dumps(_configuration(metrics, rules)))
    process = await asyncio.create_subprocess_exec(
        program, f"--config.file={settings}", f"--storage.tsdb.path={folder / 'tsdb'}",
        "--web.listen-address=127.0.0.1:0",
        stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        address = await _listening(process)
        assert process.stderr is not None
        drained = asyncio.ensure_future(process.stderr.read())
        yield address
        drained.cancel()
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


async def _ready(instance: Instance, address: str) -> bool:
    async with instance.http.get(f"{address}/-/ready") as answer:
        return answer.status == 200


def _of_postgres(instance: Instance) -> list[int]:
    first = instance.pid("postgres")
    return [first, *children(first)]


@contextmanager
def without_postgres(instance: Instance) -> Iterator[None]:
    """It hangs, as a server does whose disk does."""
    stopped = _of_postgres(instance)
    for pid in stopped:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in stopped:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)


@asynccontextmanager
async def playing(folder: Path) -> AsyncIterator[tuple[Instance, Prometheus]]:
    """The board, under load, and who scrapes it."""
    async with AsyncExitStack() as stack:
        instance = await stack.enter_async_context(running(folder, manifest()))
        address = await stack.enter_async_context(_prometheus(folder, instance.ready["metrics"]))
        loops = [asyncio.ensure_future(_play(instance, n * 0.4)) for n in range(PLAYERS)]
        loops += [asyncio.ensure_future(_watch(instance, n * 0.3)) for n in range(WATCHERS)]
        try:
            values = {"namespace": NAMESPACE, "board": BOARD}
            await until(lambda: _ready(instance, address), "Prometheus is ready")
            yield instance, Prometheus(instance.http, address, values)
        finally:
            for loop in loops:
                loop.cancel()
            await asyncio.gather(*loops, return_exceptions=True)
