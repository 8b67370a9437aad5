"""Rotation of the master keys by hand; the roles read the file again within seconds."""

import os
import secrets
import time
from pathlib import Path

from scoreboard_runtime.contract.keyring import (
    Key,
    Keyring,
    KeyringError,
    encode,
    parse,
    rotate,
)


class RotationError(Exception):
    """The key file stays as it was; the text says what to do."""


def new_key(now_us: int) -> Key:
    """A key that nobody knows; its kid says when it was made."""
    return Key(f"k{now_us // 1_000_000:x}{secrets.token_hex(2)}", secrets.token_bytes(32), now_us)


def write(path: Path, keyring: Keyring) -> None:
    """Replaces the file at once, readable by its owner alone. Raises OSError."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(encode(keyring))
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except OSError:
        draft.unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def turn(path: Path, keep_us: int, *, drop_older: bool) -> str:
    """Adds a key to the file. Raises RotationError with what to do instead."""
    fresh = new_key(time.time_ns() // 1000)
    try:
        known = parse(path.read_bytes())
        turned = Keyring((fresh,)) if drop_older else rotate(known, fresh, 0, keep_us)
        if turned.active.kid != fresh.kid:
            raise RotationError(
                f"key {known.active.kid} says that it was made in the future; "
                "set the clock right, or correct its createdAt"
            )
        write(path, turned)
    except OSError as error:
        raise RotationError(
            f"cannot change {path}: {error.strerror}; in a cluster the operator rotates the Secret"
        ) from None
    except KeyringError as error:
        raise RotationError(f"{path}: {error}") from None
    if drop_older:
        return f"{fresh.kid} is the only key now: everybody must log in again"
    older = len(turned.keys) - 1
    return f"{fresh.kid} signs in two minutes, when every process knows it; {older} older verify"
