"""Where an instance lives: its folder, its lock, its sockets, its secrets."""

import fcntl
import hashlib
import os
import shutil
import tempfile
import time
from pathlib import Path
from typing import Any

import msgspec

from scoreboard_runtime.admin.commands import ENVIRONMENT_FILE
from scoreboard_runtime.admin.keys import new_key, write
from scoreboard_runtime.contract.board import Scoreboard
from scoreboard_runtime.contract.keyring import KeyringError, parse, rotate

MOST_PARENT = 60  # characters; what follows needs 40
PREDECESSOR = 15.0  # seconds that the processes of an instance that was killed may take to end


class LocalError(Exception):
    """Local mode can not start; the text says what to do."""


class Place:
    """A data folder, held by a lock that every child inherits: it is free when all are gone."""

    def __init__(self, folder: Path, *, ephemeral: bool) -> None:
        self.folder = folder.resolve()
        self.ephemeral = ephemeral
        self.lock = -1
        # Nothing until `take` made it: what `leave` removes must never be anybody else's.
        self._sockets: Path | None = None

    @property
    def sockets(self) -> Path:
        """A folder for sockets, ours alone, with a short path; from `take` on."""
        assert self._sockets is not None
        return self._sockets

    @property
    def logs(self) -> Path:
        return self.folder / "logs"

    @property
    def manifest(self) -> Path:
        return self.folder / "manifest.yaml"

    @property
    def keys(self) -> Path:
        return self.folder / "keys.json"

    def take(self) -> None:
        """Makes the folder and takes its lock. Raises LocalError when another instance runs."""
        try:
            self.logs.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise LocalError(
                f"cannot write {self.folder}: {error.strerror}; use --data-dir"
            ) from None
        self.lock = os.open(self.folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        deadline = time.monotonic() + PREDECESSOR
        while True:
            try:
                fcntl.flock(self.lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                owner = os.pread(self.lock, 32, 0).decode().strip()
                alive = owner.isdigit() and Path(f"/proc/{owner}").exists()
                if alive or time.monotonic() > deadline:
                    raise LocalError(
                        f"{self.folder} is in use by process {owner or '?'}; stop that one, "
                        "or use another --data-dir"
                    ) from None
                time.sleep(0.05)  # children of an instance that was killed are ending
        os.ftruncate(self.lock, 0)
        os.pwrite(self.lock, str(os.getpid()).encode(), 0)
        self._sockets = self._short_folder()

    def _short_folder(self) -> Path:
        """The same at every start. A socket's path may have 107 characters."""
        mark = hashlib.sha256(str(self.folder).encode()).hexdigest()[:12]
        parent = tempfile.gettempdir()
        found = Path(parent if len(parent) < MOST_PARENT else "/tmp") / f"sb-{os.geteuid()}-{mark}"
        found.mkdir(mode=0o711, exist_ok=True)
        owner = found.lstat()
        if owner.st_uid != os.geteuid() or not found.is_dir() or found.is_symlink():
            raise LocalError(f"{found} belongs to somebody else; remove it")
        return found

    def rotate_keys(self, board: Scoreboard) -> None:
        """Makes the master keys once, and their successor when it is time. Raises LocalError."""
        try:
            known = parse(self.keys.read_bytes()) if self.keys.exists() else None
        except KeyringError as error:
            raise LocalError(
                f"{self.keys}: {error}; put it back, or remove it: everybody must log in again"
            ) from None
        fresh = new_key(time.time_ns() // 1000)
        turned = rotate(known, fresh, board.key_rotation_us, board.refresh_ttl_us)
        if turned is not known:
            write(self.keys, turned)

    def write_manifest(self, document: dict[str, Any], origins: list[str]) -> None:
        """The manifest as the roles read it; a list of origins is joined by the local page's."""
        allowed = document["spec"]["exposure"].get("allowedOrigins")
        if allowed:
            document["spec"]["exposure"]["allowedOrigins"] = sorted({*allowed, *origins})
        self.manifest.write_bytes(msgspec.json.encode(document))

    def write_environment(self, environment: dict[str, str]) -> None:
        """For `scoreboard admin --data-dir`; the port of metrics in it is the gateway's."""
        path = self.folder / ENVIRONMENT_FILE
        path.touch(mode=0o600)
        path.write_bytes(msgspec.json.encode(environment))

    def leave(self) -> None:
        """Gives the lock back; an ephemeral folder goes."""
        if self._sockets is not None:
            shutil.rmtree(self._sockets, ignore_errors=True)
        if self.lock >= 0:
            os.close(self.lock)
        if self.ephemeral and self._sockets is not None:
            shutil.rmtree(self.folder, ignore_errors=True)
