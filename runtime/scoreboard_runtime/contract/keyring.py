"""The master keys that every token, signing key and refresh token is derived from.

A JSON file `{"keys": [{"kid", "secret", "createdAt"}, ...]}`: the newest signs, the others verify
for as long as what they signed may live.
"""

import base64
import binascii
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import msgspec

from scoreboard_runtime.contract.snapshots import rfc3339

SECRET_BYTES = 32
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class KeyringError(ValueError):
    """The key file can not be used; the text never holds a secret."""


@dataclass(frozen=True, slots=True)
class Key:
    """One master key."""

    kid: str
    secret: bytes = field(repr=False)
    created_us: int


class _Entry(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    kid: str
    secret: str
    created_at: str


class _File(msgspec.Struct, forbid_unknown_fields=True):
    keys: list[_Entry]


@dataclass(frozen=True, slots=True)
class Keyring:
    """Keys, oldest first."""

    keys: tuple[Key, ...]

    @property
    def active(self) -> Key:
        """The one that signs: the newest."""
        return self.keys[-1]

    def get(self, kid: str) -> Key | None:
        for key in self.keys:  # a few; every request asks
            if key.kid == kid:
                return key
        return None


def _key(entry: _Entry) -> Key:
    try:
        secret = base64.urlsafe_b64decode(entry.secret + "=" * (-len(entry.secret) % 4))
        created = datetime.fromisoformat(entry.created_at)
    except (binascii.Error, ValueError):
        raise KeyringError(f"key {entry.kid}: secret or createdAt can not be read") from None
    if len(secret) < SECRET_BYTES:
        raise KeyringError(f"key {entry.kid}: the secret must have {SECRET_BYTES} bytes or more")
    if created.tzinfo is None:
        created = created.replace(tzinfo=UTC)
    return Key(entry.kid, secret, (created - EPOCH) // timedelta(microseconds=1))


def parse(text: str | bytes) -> Keyring:
    """Raises KeyringError."""
    try:
        file = msgspec.json.decode(text, type=_File)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise KeyringError('not a key file: {"keys": [{"kid", "secret", "createdAt"}]}') from None
    if not file.keys:
        raise KeyringError("the key file has no key")
    keys = sorted(map(_key, file.keys), key=lambda key: key.created_us)
    if len({key.kid for key in keys}) != len(keys):
        raise KeyringError("two keys have the same kid")
    return Keyring(tuple(keys))


def encode(keyring: Keyring) -> bytes:
    """The file's text, secrets included: write it with mode 0600."""
    entries = [
        _Entry(
            key.kid,
            base64.urlsafe_b64encode(key.secret).decode().rstrip("="),
            rfc3339(key.created_us),
        )
        for key in keyring.keys
    ]
    return msgspec.json.format(msgspec.json.encode(_File(entries)), indent=2)


def rotate(keyring: Keyring | None, new: Key, rotation_us: int, keep_us: int) -> Keyring:
    """Adds `new` when there is no key or the active one is older than `rotation_us` (as of `new`).

    A key stays for `keep_us` after the next one took over: nothing that it signed lives longer.
    """
    if keyring is None:
        return Keyring((new,))
    keys = list(keyring.keys)
    if new.created_us - keyring.active.created_us >= rotation_us:
        keys.append(new)
    superseded = [later.created_us for later in keys[1:]] + [new.created_us]
    return Keyring(
        tuple(
            key
            for key, since in zip(keys, superseded, strict=True)
            if key is keys[-1] or new.created_us - since < keep_us
        )
    )
