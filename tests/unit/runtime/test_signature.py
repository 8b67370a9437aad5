"""rules/signature.py: the bytes that are signed, and what is no signature."""

import hashlib
import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoreboard_runtime.rules.signature import (
    canonical,
    fresh,
    nonce_ok,
    shown,
    sign,
    signing_key,
    verify,
)

KEY = b"k" * 32
DIGEST = hashlib.sha256(b'{"action":"a"}').hexdigest()


def test_the_signed_bytes_are_the_contracts_lines():
    message = canonical("POST", "/api/actions/execute?x=1", "1795000000000", "n" * 16, DIGEST)

    expected = f"v1\nPOST\n/api/actions/execute?x=1\n1795000000000\n{'n' * 16}\n{DIGEST}"
    assert message == expected.encode()
    assert sign(KEY, message) == "v1=" + hmac.new(KEY, message, "sha256").hexdigest()


@pytest.mark.parametrize(
    "given",
    [
        pytest.param(None, id="missing"),
        pytest.param("", id="empty"),
        pytest.param("v1=", id="no digits"),
        pytest.param("v2=" + "0" * 64, id="another version"),
        pytest.param("v1=" + "0" * 64, id="wrong"),
        pytest.param("v1=" + "0" * 63, id="short"),
        pytest.param("v1=" + "é" * 64, id="not hexadecimal"),
        pytest.param(sign(KEY, b"m").upper(), id="upper case"),
        pytest.param(sign(KEY, b"m") + "\n", id="a newline after"),
    ],
)
def test_every_other_signature_is_refused(given):
    assert not verify(given, KEY, b"m")


@given(st.binary(max_size=300), st.binary(max_size=300))
def test_a_signature_is_good_for_its_own_message_only(message, other):
    assert verify(sign(KEY, message), KEY, message)
    assert verify(sign(KEY, message), KEY, other) is (message == other)


@pytest.mark.parametrize(
    ("nonce", "good"),
    [
        ("a" * 15, False),
        ("a" * 16, True),
        ("aZ09-_" * 4, True),
        ("a" * 64, True),
        ("a" * 65, False),
        ("a" * 16 + "\n", False),
        ("a" * 15 + "+", False),
        ("é" * 16, False),
        (None, False),
    ],
)
def test_a_nonce_has_16_to_64_url_safe_characters(nonce, good):
    assert nonce_ok(nonce) is good


@pytest.mark.parametrize(
    ("stamp", "good"),
    [
        ("1000000", True),
        ("1059999", True),
        ("940001", True),
        ("1060000", False),
        ("940000", False),
        (None, False),
        ("", False),
        ("1e6", False),
        ("-1000000", False),
        ("1000000.0", False),
        (" 1000000", False),
        ("1" * 400, False),
        ("\uff11\uff10\uff10\uff10\uff10\uff10" + "0", False),
    ],
)
def test_a_timestamp_is_fresh_for_less_than_60_seconds_either_way(stamp, good):
    assert fresh(stamp, 1_000_000) is good


def test_every_session_and_every_master_key_has_a_signing_key_of_its_own():
    keys = {signing_key(master, session) for master in (b"1" * 32, b"2" * 32) for session in "ab"}

    assert len(keys) == 4
    assert "=" not in shown(next(iter(keys)))
