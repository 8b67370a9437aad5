"""What the benchmarks measure: a whole instance on stores of its own, and its ceilings."""

import asyncio
import os
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import asyncpg
from tests.bench.host import cpu_seconds, tree
from tests.bench.load import Session
from tests.e2e.instance import Instance, a_manifest, running, until

from scoreboard_runtime.local.stores import EmbeddedPostgres, EmbeddedValkey

PLAYERS = 64


@dataclass(slots=True)
class Rig:
    """An instance, its stores and some sessions."""

    folder: Path
    postgres: EmbeddedPostgres
    queue: EmbeddedValkey
    cache: EmbeddedValkey
    instance: Instance
    sessions: list[Session]
    accepted: int = 0

    @property
    def port(self) -> int:
        return int(self.instance.url.rpartition(":")[2])

    def role(self, name: str) -> list[int]:
        pid = self.instance.pid(name)
        assert pid, f"no {name}"
        return [pid]

    def servers(self) -> list[int]:
        return [
            pid
            for store in (self.postgres, self.queue, self.cache)
            if store.service is not None and store.service.pid
            for pid in tree(store.service.pid)
        ]

    def everything(self) -> list[int]:
        return tree(self.instance.process.pid) + self.servers()

    def cpu(self, *roles: str) -> float:
        """CPU seconds of some roles, or of everything that is ours."""
        pids = [pid for role in roles for pid in self.role(role)]
        return cpu_seconds(pids or self.everything())

    @contextmanager
    def held(self, role: str) -> Iterator[None]:
        """A role stands still (SIGSTOP): what it does is measured elsewhere."""
        (pid,) = self.role(role)
        os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(pid, signal.SIGCONT)

    async def settled(self, accepted: int) -> None:
        """Waits until so many jobs more are in the ledger (a gauge may be a moment old)."""
        self.accepted += accepted

        async def finished() -> bool:
            return (await self.ledger())[0] >= self.accepted

        await until(finished, f"{self.accepted} jobs are in the ledger", 120.0)

    async def ledger(self) -> tuple[int, bool]:
        """How many actions are in it, and whether points, history and scores agree."""
        connection = await asyncpg.connect(self.postgres.url)
        try:
            row = await connection.fetchrow(
                "SELECT (SELECT count(*) FROM actions) AS n,"
                " (SELECT coalesce(sum(points), 0) FROM actions WHERE status = 'completed') ="
                " (SELECT coalesce(sum(current_score), 0) FROM users) AS agree"
            )
        finally:
            await connection.close()
        return int(row["n"]), bool(row["agree"])


@asynccontextmanager
async def a_rig(
    players: int = PLAYERS, told: Mapping[str, str] | None = None, **spec: object
) -> AsyncIterator[Rig]:
    """Postgres, two Valkeys (the queue's with appendfsync always), and the three roles."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="sbench")))
        folder.chmod(0o755)  # Postgres runs as somebody else when we are root
        sockets = folder / "s"
        sockets.mkdir()
        postgres = await stack.enter_async_context(EmbeddedPostgres(folder / "postgres", sockets))
        queue = EmbeddedValkey(folder / "queue", sockets, durable=True)
        cache = EmbeddedValkey(folder / "cache", sockets, durable=False)
        for server in (queue, cache):
            await stack.enter_async_context(server)
        options = [
            "--database-url",
            postgres.url,
            "--redis-url",
            queue.url,
            "--cache-url",
            cache.url,
        ]
        manifest = a_manifest(**spec)
        instance = await stack.enter_async_context(running(folder, manifest, *options, told=told))
        sessions = []
        for _ in range(players):
            session = (await instance.player()).session
            sessions.append((session["token"], session["session"]["signingKey"]))
        yield Rig(folder, postgres, queue, cache, instance, sessions)


@asynccontextmanager
async def a_floor(kind: str, *arguments: str) -> AsyncIterator[tuple[int, int]]:
    """(pid, port) of a bare server of floors.py."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.bench.floors", kind, *arguments,
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    try:
        yield process.pid, int(await process.stdout.readline())
    finally:
        process.kill()  # it may stand still
        await process.wait()
