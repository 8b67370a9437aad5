"""Real PostgreSQL and Valkey from the wheels, on unix sockets, under our own supervision.

Both outlive their own crashes: data in a folder, a service that starts them again. The servers'
Python managers are not used: they run `useradd`, widen permissions and trust every connection.
In a test: `async with EmbeddedPostgres(folder, sockets) as postgres: ... postgres.url`.
"""

import asyncio
import os
import secrets
import shutil
import signal
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import quote

import asyncpg
from redis.exceptions import RedisError

from scoreboard_runtime.local import binaries
from scoreboard_runtime.local.child import NOBODY, capability_for
from scoreboard_runtime.local.service import Program, Service, ServiceFailed, spawn
from scoreboard_runtime.stores import valkey

READY_WITHIN, READY_AFTER_RECOVERY = 30.0, 280.0
STOP_WITHIN, STOP_IN_POD = 10.0, 50.0
NETWORK_ROLE, NETWORK_DATABASE = "runtime", "scoreboard"
MOST_STARTS = 12  # within which a server comes up that its crashed predecessor is still leaving


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """How a server is reached from elsewhere, by password, besides its socket."""

    port: int
    password: str = field(repr=False)
    memory: int = 0  # bytes that Valkey may hold; 0 says nothing


class _Server:
    """What both have: a service, while it runs; in a pod it has more time."""

    service: Service | None = None
    _network: Network | None = None

    async def start(self) -> None:
        raise NotImplementedError

    async def _check(self) -> None:
        raise NotImplementedError

    async def __aenter__(self) -> Self:
        try:
            await self.start()
        except BaseException:
            await self.stop()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        await self.stop()

    async def stop(self) -> None:
        """Ends it in order; `start` brings it back with its data."""
        if self.service is not None:
            await self.service.stop(STOP_IN_POD if self._network else STOP_WITHIN)

    async def crash(self) -> None:
        """SIGKILL; it stays away until `start`."""
        if self.service is not None:
            await self.service.stop(number=signal.SIGKILL)

    def kill(self) -> None:
        """SIGKILL; it is started again at once."""
        if self.service is not None:
            self.service.kill()

    async def _run(self, program: Program) -> None:
        """Starts it and waits until `_check` no longer raises. Raises ServiceFailed."""
        self.service = service = Service(program)
        await service.start()
        within = READY_AFTER_RECOVERY if self._network else READY_WITHIN
        deadline = time.monotonic() + within
        while True:
            try:
                await self._check()
                return
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, RedisError) as error:
                if time.monotonic() > deadline or service.starts > MOST_STARTS:
                    raise ServiceFailed(
                        f"{program.name} does not answer ({type(error).__name__}); its log says:\n"
                        f"{service.tail()}"
                    ) from None
            await asyncio.sleep(0.02)


class EmbeddedPostgres(_Server):
    """One cluster in `folder`; its socket below `sockets`, whose path is short (see place.py)."""

    def __init__(
        self,
        folder: Path,
        sockets: Path,
        inherited: Sequence[int] = (),
        network: Network | None = None,
    ) -> None:
        self._network = network
        self._folder = folder.resolve()
        self._data = self._folder / "data"
        self._sockets = sockets / "postgres"
        self._bin = binaries.postgres_folder()
        self._inherited = tuple(inherited)
        self._user: tuple[int, int] | None = None
        self._password = ""

    @property
    def url(self) -> str:
        sockets = quote(str(self._sockets))
        port = f"&port={self._network.port}" if self._network else ""
        return f"postgresql://scoreboard:{self._password}@/postgres?host={sockets}{port}"

    def _prepare(self) -> None:
        """Folders and password for the user that the server runs as: never root."""
        if os.geteuid() == 0:
            self._user = self._owner() or (NOBODY, NOBODY)
        for path in (self._folder, self._sockets):
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._give(path)
        if self._network and self._data.exists():
            self._data.chmod(0o700)  # a volume's fsGroup opens it, and Postgres refuses it then
        password = self._folder / "password"
        if not password.exists() or not password.read_text():
            password.touch(mode=0o600)
            password.write_text(secrets.token_urlsafe(24))
        self._give(password)
        self._password = password.read_text()

    def _owner(self) -> tuple[int, int] | None:
        """Whose the data is: what somebody made without root stays theirs."""
        if not self._data.exists():
            return None
        found = self._data.stat()
        return (found.st_uid, found.st_gid) if found.st_uid else None

    def _give(self, path: Path) -> None:
        if self._user is not None:
            os.chown(path, *self._user)

    def _program(self, name: str, arguments: Sequence[str], death: signal.Signals) -> Program:
        binary, capability = self._bin / name, None
        if self._user is not None:
            capability = capability_for([self._folder, self._sockets], [binary])
        return Program(
            name=name,
            command=[str(binary), "-D", *arguments],
            log=None if self._network else self._folder / f"{name}.log",
            environment={"LC_ALL": "C", "PATH": "/usr/bin:/bin", "TZ": "UTC"},
            folder=Path("/"),
            user=self._user,
            capability=capability,
            stop_signal=signal.SIGINT,  # fast: sessions are ended, data is written out
            death_signal=death,
            inherited=self._inherited,
        )

    async def _initialise(self) -> None:
        """initdb into a draft that becomes the data folder when it is whole."""
        draft = self._folder / "draft"
        arguments = [
            str(draft), "-U", "scoreboard", "-E", "UTF8", "--locale=C", "--auth=scram-sha-256",
            f"--pwfile={self._folder / 'password'}", "--no-instructions",
            *([] if self._network else ["--no-sync"]),
        ]  # fmt: skip
        await asyncio.to_thread(shutil.rmtree, draft, ignore_errors=True)
        program = self._program("initdb", arguments, signal.SIGKILL)
        process = await spawn(program)
        try:
            status = await process.wait()
        finally:
            if process.returncode is None:
                os.killpg(process.pid, signal.SIGKILL)
                await process.wait()
        if status != 0:
            raise ServiceFailed(f"initdb failed; its log says:\n{Service(program).tail()}")
        draft.rename(self._data)

    async def start(self) -> None:
        """Raises ServiceFailed."""
        self._prepare()
        if not (self._data / "PG_VERSION").exists():
            await self._initialise()
        # A pid that somebody else has by now would keep it from starting. A postmaster that is
        # really there still does: its shared memory is in use.
        (self._data / "postmaster.pid").unlink(missing_ok=True)
        arguments = [
            str(self._data), "-k", str(self._sockets), *self._reachable(),
            "-c", "unix_socket_permissions=0700", "-c", "shared_buffers=64MB",
            "-c", "max_wal_size=512MB", "-c", "log_timezone=UTC",
        ]  # fmt: skip
        await self._run(self._program("postgres", arguments, signal.SIGINT))

    def _reachable(self) -> list[str]:
        if self._network is None:
            return ["-c", "listen_addresses=", "-c", "max_connections=100"]
        # One role, one database: whoever may do everything comes by the socket.
        (self._data / "pg_hba.conf").write_text(
            "local all all scram-sha-256\n"
            f"host {NETWORK_DATABASE} {NETWORK_ROLE} all scram-sha-256\n"
        )
        port = f"port={self._network.port}"
        return ["-c", "listen_addresses=*", "-c", port, "-c", "max_connections=200"]

    async def _check(self) -> None:
        connection = await asyncpg.connect(self.url, timeout=2.0)
        await connection.close()


class EmbeddedValkey(_Server):
    """`durable`: every write is on disk before its answer. Otherwise nothing is written at all."""

    def __init__(
        self,
        folder: Path,
        sockets: Path,
        *,
        durable: bool,
        inherited: Sequence[int] = (),
        network: Network | None = None,
    ) -> None:
        self._network = network
        self._folder = folder.resolve()
        self._socket = sockets / f"{folder.name}.sock"
        self._durable = durable
        self._inherited = tuple(inherited)
        self._server = binaries.valkey_server()

    @property
    def url(self) -> str:
        password = f":{quote(self._network.password)}@" if self._network else ""
        return f"unix://{password}{quote(str(self._socket))}"

    def _reachable(self) -> list[str]:
        """By a file that goes with the process, because arguments are for everybody to see."""
        if self._network is None:
            return ["--port", "0"]
        file = self._socket.with_suffix(".conf")
        file.touch(mode=0o600)
        file.write_text(
            f"bind * -::*\nport {self._network.port}\nrequirepass {self._network.password}\n"
            f"maxmemory {self._network.memory}\n"
        )
        return [str(file)]

    async def start(self) -> None:
        """Raises ServiceFailed."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        keep = ["--appendonly", "yes", "--appendfsync", "always"] if self._durable else []
        program = Program(
            name=self._folder.name,
            command=[
                str(self._server), *self._reachable(), "--unixsocket", str(self._socket),
                "--unixsocketperm", "700", "--dir", str(self._folder), "--save", "",
                "--maxmemory-policy", "noeviction", *keep,
            ],
            log=None if self._network else self._folder / "valkey.log",
            environment={"LC_ALL": "C", "TZ": "UTC"},
            folder=self._folder,
            inherited=self._inherited,
        )  # fmt: skip
        await self._run(program)

    async def _check(self) -> None:
        client = valkey.connect(self.url)
        try:
            await client.ping()
        finally:
            await client.aclose()
