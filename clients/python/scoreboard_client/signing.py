"""How an action is signed (contract, section 1.2)."""

import base64
import hashlib
import hmac

EXECUTE, EXECUTE_BATCH = "/api/actions/execute", "/api/actions/execute-batch"


def canonical(method: str, target: str, timestamp_ms: int, nonce: str, body: bytes) -> bytes:
    """The signed bytes; `target` is the path with its query."""
    digest = hashlib.sha256(body).hexdigest()
    return f"v1\n{method}\n{target}\n{timestamp_ms}\n{nonce}\n{digest}".encode()


def sign(
    signing_key: str, method: str, target: str, body: bytes, *, timestamp_ms: int, nonce: str
) -> dict[str, str]:
    """The three headers; `signing_key` as the login answers it."""
    key = base64.urlsafe_b64decode(signing_key + "=" * (-len(signing_key) % 4))
    message = canonical(method, target, timestamp_ms, nonce, body)
    return {
        "X-Timestamp": str(timestamp_ms),
        "X-Nonce": nonce,
        "X-Signature": "v1=" + hmac.digest(key, message, hashlib.sha256).hex(),
    }
