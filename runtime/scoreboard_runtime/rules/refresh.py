"""Refresh tokens: `<kid>.<session id>.<generation>.<proof>`, proven by a derived key.

Nothing secret is stored. A genuine token of an older generation was spent before: somebody has
stolen it, and the session ends. A token that is not genuine proves nothing and ends nothing.
"""

import hashlib
import hmac
import re
from dataclasses import dataclass

from scoreboard_runtime.contract.keyring import Key, Keyring
from scoreboard_runtime.rules.derivation import REFRESH, derive

_SHAPE = re.compile(r"([A-Za-z0-9_-]{1,64})\.([0-9a-f]{32})\.(0|[1-9][0-9]{0,14})\.([0-9a-f]{64})")


@dataclass(frozen=True, slots=True)
class Refresh:
    """What a genuine refresh token says."""

    session_id: str
    generation: int


def _proof(key: Key, session_id: str, generation: int) -> str:
    message = f"{session_id}.{generation}".encode()
    return hmac.digest(derive(key.secret, REFRESH), message, hashlib.sha256).hex()


def make(key: Key, session_id: str, generation: int) -> str:
    return f"{key.kid}.{session_id}.{generation}.{_proof(key, session_id, generation)}"


def read(token: str, keyring: Keyring) -> Refresh | None:
    """None for what this board never issued, or issued under a key that is retired."""
    found = _SHAPE.fullmatch(token)
    key = keyring.get(found[1]) if found else None
    if found is None or key is None:
        return None
    session_id, generation = found[2], int(found[3])
    if not hmac.compare_digest(found[4], _proof(key, session_id, generation)):
        return None
    return Refresh(session_id, generation)
