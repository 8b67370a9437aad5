"""Signing of actions (contract, section 1.2): canonical bytes, HMAC, freshness."""

import base64
import hashlib
import hmac
from functools import lru_cache

from scoreboard_runtime.rules.derivation import SIGNING, derive

WINDOW_MS = 60_000
_SIGNATURE_LENGTH = 67  # "v1=" and 64 hex digits
_STAMP_LENGTH = 15


@lru_cache(maxsize=50_000)
def signing_key(master: bytes, session_id: str) -> bytes:
    """The key of one session: derived, never stored."""
    return derive(master, SIGNING, session_id.encode())


def shown(key: bytes) -> str:
    """`session.signingKey` as the login answers it: base64url without padding."""
    return base64.urlsafe_b64encode(key).decode().rstrip("=")


def canonical(method: str, target: str, timestamp: str, nonce: str, digest: str) -> bytes:
    """The signed bytes; `target` is the path with its query, `digest` the body's hex SHA-256."""
    return f"v1\n{method}\n{target}\n{timestamp}\n{nonce}\n{digest}".encode()


def sign(key: bytes, message: bytes) -> str:
    """`X-Signature`."""
    return "v1=" + hmac.digest(key, message, hashlib.sha256).hex()


def verify(given: str | None, key: bytes, message: bytes) -> bool:
    """In constant time for every text of a signature's length."""
    if given is None or len(given) != _SIGNATURE_LENGTH or not given.isascii():
        return False
    return hmac.compare_digest(given, sign(key, message))


def nonce_ok(nonce: str | None) -> bool:
    """16 to 64 of A-Z, a-z, 0-9, `-` and `_`."""
    if nonce is None or not 16 <= len(nonce) <= 64 or not nonce.isascii():
        return False
    rest = nonce.replace("-", "").replace("_", "")
    return not rest or rest.isalnum()


def fresh(timestamp: str | None, now_ms: int) -> bool:
    """Whether `X-Timestamp` lies less than 60 s from now, either way."""
    if timestamp is None or len(timestamp) > _STAMP_LENGTH:
        return False
    if not (timestamp.isascii() and timestamp.isdecimal()):
        return False
    return abs(int(timestamp) - now_ms) < WINDOW_MS
