"""`scoreboard store`: one of the embedded servers for the network, in the pod of a managed store.

The same supervised binaries as on one machine. What they say goes to standard output. The roles'
password comes from a Secret and may change: it is set anew at each start.
"""

import argparse
import asyncio
import contextlib
import fcntl
import os
import pwd
import signal
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack
from pathlib import Path

import asyncpg

from scoreboard_runtime.contract.endpoints import (
    STORE_PORT,
    STORE_POSTGRES,
    STORE_QUEUE,
    STORE_SERVES,
)
from scoreboard_runtime.local.binaries import MissingBinary
from scoreboard_runtime.local.service import ServiceFailed
from scoreboard_runtime.local.stores import (
    NETWORK_DATABASE,
    NETWORK_ROLE,
    EmbeddedPostgres,
    EmbeddedValkey,
    Network,
)
from scoreboard_runtime.process.settings import store_password

# Of cgroup v2 and v1, where no limit is "max" and a number beyond every machine.
MEMORY_LIMITS = (
    Path("/sys/fs/cgroup/memory.max"),
    Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"),
)
NO_LIMIT = 1 << 60
VALKEY_SHARE = 0.6  # of the container's memory; a fork that rewrites the AOF needs some too
PREDECESSOR = 120.0  # seconds that a pod which was deleted by force may take to end


class FolderInUse(Exception):
    """Another server has the data."""


def _say(text: str) -> None:
    print(f"scoreboard store: {text}", flush=True)


def valkey_memory(limits: Sequence[Path] = MEMORY_LIMITS) -> int:
    """Bytes that Valkey may hold, so that it refuses writes before the kernel ends it; 0: any."""
    for path in limits:
        with contextlib.suppress(OSError, ValueError):
            limit = int(path.read_text())
            return int(limit * VALKEY_SHARE) if limit < NO_LIMIT else 0
    return 0


async def _hold(folder: Path, store: str) -> int:
    """A lock on the data that the server inherits: held until the last of its processes is gone.

    A pod that was deleted by force may still run when its successor starts on the same volume, and
    neither Postgres nor Valkey sees into another pod. Raises FolderInUse.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock = os.open(folder / f"{store}.lock", os.O_RDWR | os.O_CREAT, 0o600)
    deadline = asyncio.get_running_loop().time() + PREDECESSOR
    waiting = False
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return lock
        except BlockingIOError:
            if asyncio.get_running_loop().time() > deadline:
                os.close(lock)
                raise FolderInUse(f"{folder} is in use by another {store}; stop that one") from None
        if not waiting:
            _say(f"waits: another {store} still has {folder}")
            waiting = True
        await asyncio.sleep(0.1)


@contextlib.contextmanager
def _known_to_serve(store: str) -> Iterator[None]:
    marker = Path(STORE_SERVES[store])
    marker.touch(mode=0o600)
    try:
        yield
    finally:
        marker.unlink(missing_ok=True)


async def _grant(url: str, password: str) -> None:
    """The role and the database of the roles, with the password of today."""
    connection = await asyncpg.connect(url, timeout=10.0)
    try:
        # A statement that fails is logged, with the password that is in it.
        await connection.execute("SET log_min_error_statement = panic")
        with contextlib.suppress(asyncpg.DuplicateObjectError):
            await connection.execute(f"CREATE ROLE {NETWORK_ROLE} LOGIN")
        await connection.execute(f"ALTER ROLE {NETWORK_ROLE} PASSWORD '{password}'")
        with contextlib.suppress(asyncpg.DuplicateDatabaseError):
            await connection.execute(f"CREATE DATABASE {NETWORK_DATABASE} OWNER {NETWORK_ROLE}")
    finally:
        await connection.close()


async def _bring_up(
    store: str, folder: Path, network: Network, sockets: Path, stack: AsyncExitStack
) -> None:
    lock = await _hold(folder, store)
    stack.callback(os.close, lock)
    if store == STORE_POSTGRES:
        postgres = EmbeddedPostgres(folder / "postgres", sockets, [lock], network)
        await stack.enter_async_context(postgres)
        await _grant(postgres.url, network.password)
    else:
        durable = store == STORE_QUEUE
        valkey = EmbeddedValkey(
            folder / store, sockets, durable=durable, inherited=[lock], network=network
        )
        await stack.enter_async_context(valkey)
    stack.enter_context(_known_to_serve(store))
    _say(f"{store} serves on port {network.port}")


async def _serve(store: str, folder: Path, network: Network) -> None:
    """Until SIGTERM, which may come before it is up."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    Path(STORE_SERVES[store]).unlink(missing_ok=True)
    async with AsyncExitStack() as stack:
        # A socket's path is short (107 bytes).
        sockets = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="sb")))
        starting = asyncio.ensure_future(_bring_up(store, folder, network, sockets, stack))
        stopped = asyncio.ensure_future(stop.wait())
        await asyncio.wait((starting, stopped), return_when=asyncio.FIRST_COMPLETED)
        if starting.done():
            starting.result()
            await stopped
        starting.cancel()
        await asyncio.gather(starting, return_exceptions=True)
        _say(f"{store} stops")
    _say(f"{store} has stopped")


def _refusal(options: argparse.Namespace) -> str | None:
    """What would fail with a text that nobody understands."""
    if options.port is not None and not 1 <= options.port <= 65_535:
        return "--port must be from 1 to 65535"
    if options.store == STORE_POSTGRES and not (options.folder / "postgres" / "data").exists():
        try:
            pwd.getpwuid(os.geteuid())
        except KeyError:
            return (
                f"user {os.geteuid()} has no name here, which PostgreSQL wants to make a database: "
                "run it as 10001, or add a line to /etc/passwd"
            )
    return None


def run(options: argparse.Namespace) -> int:
    """Exit status 1 when the server does not start. Raises SettingsError."""
    port = options.port or STORE_PORT[options.store]
    network = Network(port=port, password=store_password(), memory=valkey_memory())
    refusal = _refusal(options)
    try:
        if refusal is None:
            asyncio.run(_serve(options.store, options.folder, network))
            return 0
    except (ServiceFailed, MissingBinary, FolderInUse, OSError, asyncpg.PostgresError) as error:
        refusal = str(error)
    print(f"scoreboard store: {refusal}", file=sys.stderr)
    return 1
