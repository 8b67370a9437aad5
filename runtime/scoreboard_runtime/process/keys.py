"""The master key file, read again whenever it changes: rotation needs no restart."""

import asyncio
from pathlib import Path

import structlog

from scoreboard_runtime.contract.keyring import Keyring, KeyringError, parse
from scoreboard_runtime.process.settings import SettingsError

log = structlog.get_logger()
INTERVAL = 1.0
# A mounted Secret reaches every node within about a minute and a half.
SETTLE_US = 120_000_000

Stamp = tuple[int, ...]


class KeyFile:
    """`keyring` is what the file held when it was last good: by that everything is verified."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen = self._stamp()
        try:
            self.keyring: Keyring = parse(path.read_bytes())
        except OSError as error:
            raise SettingsError(f"cannot read the key file {path}: {error.strerror}") from None
        except KeyringError as error:
            raise SettingsError(f"{path}: {error}") from None

    def _stamp(self) -> Stamp:
        try:
            found = self._path.stat()  # follows the links by which Kubernetes swaps a Secret
        except OSError:
            return ()
        return (found.st_ino, found.st_mtime_ns, found.st_ctime_ns, found.st_size)

    def signing(self, now_us: int) -> Keyring:
        """The keyring whose active key signs now.

        A new key only verifies until every other process has had the time to read it too, so that
        nobody refuses what it signed.
        """
        keys = self.keyring.keys
        settled = tuple(key for key in keys if key.created_us + SETTLE_US <= now_us)
        return Keyring(settled or keys[:1])

    def reload(self) -> None:
        """Takes what the file holds now, if it has changed and is good; says once what is wrong."""
        stamp = self._stamp()
        if stamp == self._seen:
            return
        self._seen = stamp
        try:
            keyring = parse(self._path.read_bytes())
        except (OSError, KeyringError) as error:
            log.error("keys_not_reloaded", why=str(error))
            return
        self.keyring = keyring
        log.info("keys_reloaded", newest=keyring.active.kid, keys=len(keyring.keys))

    async def watch(self) -> None:
        """Reloads for ever."""
        while True:
            await asyncio.sleep(INTERVAL)
            self.reload()
