"""Real PostgreSQL and Valkey from the wheels, on unix sockets, under our own supervision.

Both outlive their own crashes: data in a folder, a service that starts them again. The servers'
Python managers are not used: they run `useradd`, widen permissions and trust every connection.
"""

import asyncio
import os
import secrets
import shutil
import signal
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import asyncpg
from redis.exceptions import RedisError

from scoreboard_runtime.local import binaries
from scoreboard_runtime.local.child import NOBODY, hidden_from_others, preparation
from scoreboard_runtime.local.service import Program, Service, ServiceFailed
from scoreboard_runtime.stores import valkey

READY_WITHIN = 30.0


async def until_ready(service: Service, check: Callable[[], Awaitable[object]]) -> None:
    """Waits until `check` no longer raises. Raises ServiceFailed with the end of the log."""
    deadline = time.monotonic() + READY_WITHIN
    while True:
        try:
            await check()
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, RedisError) as error:
            if time.monotonic() > deadline:
                name = service.program.name
                raise ServiceFailed(
                    f"{name} does not answer ({type(error).__name__}); its log says:\n"
                    f"{service.tail()}"
                ) from None
            await asyncio.sleep(0.02)
        else:
            return


class EmbeddedPostgres:
    """One cluster in `folder`; sockets in `sockets`, a short path (107 characters at most)."""

    def __init__(self, folder: Path, sockets: Path, inherited: Sequence[int] = ()) -> None:
        self._folder = folder.resolve()
        self._data = self._folder / "data"
        self._sockets = sockets / "postgres"
        self._bin = binaries.postgres_folder()
        self._uid = NOBODY if os.geteuid() == 0 else None
        self._inherited = tuple(inherited)
        self._password = ""
        self.service: Service | None = None

    @property
    def url(self) -> str:
        return f"postgresql://scoreboard:{self._password}@/postgres?host={self._sockets}"

    def _own(self, path: Path) -> None:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self._uid is not None:
            os.chown(path, self._uid, self._uid)

    def _read_password(self) -> None:
        path = self._folder / "password"
        if not path.exists():
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT, 0o600)
            os.write(descriptor, secrets.token_urlsafe(24).encode())
            os.close(descriptor)
            if self._uid is not None:
                os.chown(path, self._uid, self._uid)
        self._password = path.read_text()

    def _program(self, name: str, command: Sequence[str]) -> Program:
        path = os.environ.get("PATH", "/usr/bin:/bin")
        return Program(
            name=name,
            command=command,
            log=self._folder / f"{name}.log",
            environment={"LC_ALL": "C", "PATH": path, "TZ": "UTC"},
            folder=Path("/"),
            uid=self._uid,
            keep_reading=self._uid is not None and hidden_from_others(self._folder, self._bin),
            stop_signal=signal.SIGINT,  # fast: sessions are ended, data is written out
            death_signal=signal.SIGINT,
            inherited=self._inherited,
        )

    async def _initialise(self) -> None:
        """initdb into a draft that becomes the data folder when it is whole."""
        draft = self._folder / "draft"
        program = self._program(
            "initdb",
            [
                str(self._bin / "initdb"), "-D", str(draft), "-U", "scoreboard", "-E", "UTF8",
                "--locale=C", "--auth=scram-sha-256", f"--pwfile={self._folder / 'password'}",
                "--no-sync", "--no-instructions",
            ],
        )  # fmt: skip
        await asyncio.to_thread(shutil.rmtree, draft, ignore_errors=True)
        with program.log.open("ab") as log:
            process = await asyncio.create_subprocess_exec(
                *program.command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=dict(program.environment),
                cwd="/",
                preexec_fn=preparation(
                    signal.SIGKILL, uid=program.uid, keep_reading=program.keep_reading
                ),
            )
            if await process.wait() != 0:
                raise ServiceFailed(f"initdb failed:\n{Service(program).tail()}")
        draft.rename(self._data)

    async def start(self) -> None:
        """Raises ServiceFailed, MissingBinary."""
        self._own(self._folder)
        self._own(self._sockets)
        self._read_password()
        if not (self._data / "PG_VERSION").exists():
            await self._initialise()
        # Whoever starts holds the data folder's lock: a pid file without its postmaster is stale.
        (self._data / "postmaster.pid").unlink(missing_ok=True)
        command = [
            str(self._bin / "postgres"), "-D", str(self._data), "-k", str(self._sockets),
            "-c", "listen_addresses=", "-c", "unix_socket_permissions=0700",
            "-c", "max_connections=100", "-c", "shared_buffers=64MB",
            "-c", "max_wal_size=512MB", "-c", "log_timezone=UTC",
        ]  # fmt: skip
        self.service = Service(self._program("postgres", command))
        await self.service.start()
        await until_ready(self.service, self._check)

    async def _check(self) -> None:
        connection = await asyncpg.connect(self.url, timeout=2.0)
        await connection.close()

    async def stop(self) -> None:
        if self.service is not None:
            await self.service.stop()

    def kill(self) -> None:
        """SIGKILL to the postmaster; its backends end with it, and it is started again."""
        if self.service is not None:
            self.service.kill()


class EmbeddedValkey:
    """`durable`: every write is on disk before its answer. Otherwise nothing is written at all."""

    def __init__(
        self, folder: Path, sockets: Path, *, durable: bool, inherited: Sequence[int] = ()
    ) -> None:
        self._folder = folder.resolve()
        self._socket = sockets / f"{folder.name}.sock"
        self._durable = durable
        self._inherited = tuple(inherited)
        self._server = binaries.valkey_server()
        self.service: Service | None = None

    @property
    def url(self) -> str:
        return f"unix://{self._socket}"

    async def start(self) -> None:
        """Raises ServiceFailed."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        keep = ["--appendonly", "yes", "--appendfsync", "always"] if self._durable else []
        program = Program(
            name=self._folder.name,
            command=[
                str(self._server), "--port", "0", "--unixsocket", str(self._socket),
                "--unixsocketperm", "700", "--dir", str(self._folder), "--save", "",
                "--maxmemory-policy", "noeviction", *keep,
            ],
            log=self._folder / "valkey.log",
            environment={"LC_ALL": "C", "TZ": "UTC"},
            folder=self._folder,
            inherited=self._inherited,
        )  # fmt: skip
        self.service = Service(program)
        await self.service.start()
        await until_ready(self.service, self._check)

    async def _check(self) -> None:
        client = valkey.connect(self.url)
        try:
            await client.ping()
        finally:
            await client.aclose()

    async def stop(self) -> None:
        if self.service is not None:
            await self.service.stop()

    def kill(self) -> None:
        """SIGKILL; it is started again."""
        if self.service is not None:
            self.service.kill()
