"""Keys derived from a master key: one for each purpose, so that none can stand in for another.

HKDF-SHA256 (RFC 5869) with an empty salt and one block, which is all that 32 bytes need.
"""

import hashlib
import hmac

TOKEN, SIGNING, REFRESH = b"access-token", b"action-signing", b"refresh-token"
_ZERO = bytes(32)


def derive(master: bytes, purpose: bytes, context: bytes = b"") -> bytes:
    """32 bytes for `purpose`, different for every `context`."""
    extracted = hmac.digest(_ZERO, master, hashlib.sha256)
    info = b"scoreboard/v1/" + purpose + b"/" + context
    return hmac.digest(extracted, info + b"\x01", hashlib.sha256)
