"""The client signs what the server verifies."""

import hashlib

from hypothesis import example, given
from hypothesis import strategies as st

from scoreboard_client import signing
from scoreboard_runtime.rules import signature


@given(
    master=st.binary(min_size=32, max_size=32),
    path=st.sampled_from([signing.EXECUTE, signing.EXECUTE_BATCH, "/api/x?y=%20z"]),
    body=st.binary(max_size=200),
    now_ms=st.integers(0, 10**14),
    nonce=st.text("abcXYZ019-_", min_size=16, max_size=64),
)
@example(master=b"k" * 32, path=signing.EXECUTE_BATCH, body=b"x" * 9000, now_ms=0, nonce="n" * 16)
def test_the_servers_rules_accept_what_the_client_signs(master, path, body, now_ms, nonce):
    key = signature.signing_key(master, "session")

    headers = signing.sign(
        signature.shown(key), "POST", path, body, timestamp_ms=now_ms, nonce=nonce
    )

    digest = hashlib.sha256(body).hexdigest()
    message = signature.canonical("POST", path, headers["X-Timestamp"], headers["X-Nonce"], digest)
    assert signature.verify(headers["X-Signature"], key, message)
    assert signature.fresh(headers["X-Timestamp"], now_ms)
    assert signature.nonce_ok(headers["X-Nonce"])
    assert not signature.verify(headers["X-Signature"], key, message + b"x")
