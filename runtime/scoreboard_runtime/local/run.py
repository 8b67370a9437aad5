"""`scoreboard local`: one manifest, real stores, all three roles, on this machine."""

import argparse
import asyncio
import signal
import sys
import tempfile
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import asyncpg
import orjson

from scoreboard_runtime.contract import crd
from scoreboard_runtime.contract.board import Scoreboard
from scoreboard_runtime.local import banner, guest
from scoreboard_runtime.local.binaries import MissingBinary
from scoreboard_runtime.local.instance import Local
from scoreboard_runtime.local.place import LocalError, Place
from scoreboard_runtime.local.service import ServiceFailed
from scoreboard_runtime.process.settings import SettingsError, load_board
from scoreboard_runtime.stores.errors import StoreUnavailable
from scoreboard_runtime.stores.migrations import MigrationError

EXPECTED = (LocalError, SettingsError, ServiceFailed, MissingBinary, MigrationError)


def _prepare(options: argparse.Namespace) -> tuple[dict[str, Any], Scoreboard, Place]:
    if options.ephemeral and options.data_dir is not None:
        raise LocalError("--ephemeral keeps nothing: leave --data-dir out")
    if options.cache_url and not options.redis_url:
        raise LocalError("--cache-url goes with --redis-url")
    if not 0 <= options.port <= 65_000:
        raise LocalError("--port must be from 0 to 65000")
    board = load_board(options.manifest)
    document = crd.document(options.manifest.read_text(encoding="utf-8"))
    if options.ephemeral:
        folder = Path(tempfile.mkdtemp(prefix="scoreboard-"))
    else:
        folder = options.data_dir or Path(".scoreboard") / board.name
    return document, board, Place(folder, ephemeral=options.ephemeral)


async def _until_signal() -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, stop.set)
    await stop.wait()


async def _run(options: argparse.Namespace) -> None:
    document, board, place = _prepare(options)
    stopped = asyncio.ensure_future(_until_signal())
    try:
        place.take()
        async with AsyncExitStack() as stack:
            local = Local(options, document, board, place, stack)
            starting = asyncio.ensure_future(_bring_up(local))
            await asyncio.wait((starting, stopped), return_when=asyncio.FIRST_COMPLETED)
            if starting.done():
                starting.result()
                await stopped
            starting.cancel()
            await asyncio.gather(starting, return_exceptions=True)
            local.say("\nstopping")
        local.say("stopped; nothing is left running")
    finally:
        place.leave()


async def _bring_up(local: Local) -> None:
    await local.start()
    if local.options.json:
        print(orjson.dumps(local.ready).decode(), flush=True)
    else:
        request = await guest.signed_request(local.url, local.board, local.place.folder)
        local.say(banner.lines(local.ready, request, local.board.token_ttl_us // 60_000_000))
    if local.options.demo:
        await local.start_demo()


def _refused(why: object) -> int:
    print(f"scoreboard local: {why}", file=sys.stderr)
    return 2


def run(options: argparse.Namespace) -> int:
    """Runs until Ctrl-C or SIGTERM. Exit status 2 when it could not start."""
    try:
        asyncio.run(_run(options))
    except EXPECTED as error:
        return _refused(error)
    except (StoreUnavailable, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        return _refused(f"the database refuses ({type(error).__name__}): {error}")
    except OSError as error:
        where = f" {error.filename}" if error.filename else ""
        return _refused(f"{error.strerror or error}{where}; use another --data-dir, or its owner")
    return 0
