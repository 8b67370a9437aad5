"""rules/tokens.py: what a token must be, and everything that is none."""

import base64
import hmac
import json

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from hypothesis import given
from hypothesis import strategies as st

from scoreboard_runtime.contract.keyring import Key, Keyring
from scoreboard_runtime.rules import tokens
from scoreboard_runtime.rules.derivation import SIGNING, TOKEN, derive
from scoreboard_runtime.rules.tokens import Claims, TokenCache, issue, verify

NOW = 1_795_000_000_000_000
OLD, NEW = Key("k1", b"1" * 32, 1), Key("k2", b"2" * 32, 2)
RING = Keyring((OLD, NEW))


def some_claims(**changes) -> Claims:
    known = {
        "user_id": "u1",
        "username": "Ann",
        "session_id": "s1",
        "roles": frozenset({"player"}),
        "issued_us": NOW,
        "expires_us": NOW + 900_000_000,
        "signing_kid": "k1",
    }
    return Claims(**{**known, **changes})


def forged(key: bytes = derive(NEW.secret, TOKEN), kid: str = "k2", **changes) -> str:
    payload = {
        "iss": "scoreboard/arcade",
        "aud": "arcade",
        "sub": "u1",
        "sid": "s1",
        "name": "Ann",
        "roles": ["player"],
        "skid": "k1",
        "iat": NOW // 1_000_000,
        "exp": NOW // 1_000_000 + 900,
    }
    payload = {name: value for name, value in {**payload, **changes}.items() if value is not None}
    return jwt.encode(payload, key, algorithm="HS256", headers={"kid": kid})


def part(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def unsigned(algorithm: str) -> str:
    header = part(json.dumps({"alg": algorithm, "typ": "JWT", "kid": "k2"}).encode())
    return f"{header}.{forged().split('.')[1]}."


def signed(header: dict[str, object], payload: dict[str, object]) -> str:
    """With the right key, whatever it says."""
    text = part(json.dumps(header).encode()) + "." + part(json.dumps(payload).encode())
    key = derive(NEW.secret, TOKEN)
    return f"{text}.{part(hmac.digest(key, text.encode(), 'sha256'))}"


def with_header(**fields: object) -> str:
    header = {"alg": "HS256", "typ": "JWT", "kid": "k2", **fields}
    kept = {name: value for name, value in header.items() if value is not None}
    return signed(kept, jwt.decode(forged(), options={"verify_signature": False}))


def with_claim(claim: str, value: object) -> str:
    payload = jwt.decode(forged(), options={"verify_signature": False})
    return signed({"alg": "HS256", "kid": "k2"}, {**payload, claim: value})


def test_a_header_of_our_own_making_is_what_the_tables_forgeries_change():
    assert verify(with_header(), RING, "arcade", NOW) is not None


def test_what_is_issued_verifies_to_the_same_claims():
    claims = some_claims()

    assert verify(issue(claims, RING, "arcade"), RING, "arcade", NOW) == claims


def test_an_older_key_verifies_for_as_long_as_it_is_kept():
    token = issue(some_claims(), Keyring((OLD,)), "arcade")

    assert verify(token, RING, "arcade", NOW) is not None
    assert verify(token, Keyring((NEW,)), "arcade", NOW) is None


def test_a_token_ends_with_its_second():
    token = issue(some_claims(), RING, "arcade")

    assert verify(token, RING, "arcade", NOW + 899_999_999) is not None
    assert verify(token, RING, "arcade", NOW + 900_000_000) is None


RSA = rsa.generate_private_key(65537, 2048)

BAD = [
    pytest.param("", id="nothing"),
    pytest.param("a.b.c", id="nonsense"),
    pytest.param("é.ü.ö", id="not ASCII"),
    pytest.param("x" * 5000, id="huge"),
    pytest.param("[" * 4000, id="brackets"),
    pytest.param(forged()[:-2], id="cut short"),
    pytest.param(forged() + ".", id="four parts"),
    pytest.param(forged() + "\n", id="a newline after"),
    pytest.param(forged().replace(".", " .", 1), id="a space inside"),
    pytest.param(unsigned("none"), id="alg none"),
    pytest.param(unsigned("None"), id="alg None"),
    pytest.param(unsigned("HS256"), id="no signature"),
    pytest.param(forged(NEW.secret), id="signed with the master key itself"),
    pytest.param(forged(derive(NEW.secret, SIGNING)), id="signed with a key of another purpose"),
    pytest.param(forged(derive(OLD.secret, TOKEN)), id="signed with the key of another kid"),
    pytest.param(forged(kid="k9"), id="a kid that is not there"),
    pytest.param(with_header(kid=None), id="no kid"),
    pytest.param(with_header(kid=["k2"]), id="a kid that is no text"),
    pytest.param(with_header(crit=["exp"]), id="a critical extension"),
    pytest.param(with_header(crit=["b64"], b64=False), id="an unencoded payload"),
    pytest.param(forged(iss="scoreboard/other"), id="another issuer"),
    pytest.param(forged(aud="other"), id="another audience"),
    pytest.param(forged(aud=["arcade"]), id="an audience that is a list"),
    pytest.param(forged(aud=["arcade", "other"]), id="two audiences"),
    pytest.param(forged(iss="arcade", aud="scoreboard/arcade"), id="issuer and audience swapped"),
    pytest.param(forged(exp=None), id="no end"),
    pytest.param(forged(iat=None), id="no start"),
    pytest.param(forged(sid=None), id="no session"),
    pytest.param(forged(sub=None), id="no subject"),
    pytest.param(forged(name=None), id="no name"),
    pytest.param(forged(skid="k9"), id="a session whose signing key is retired"),
    pytest.param(forged(sub="u1", sid=5), id="a session that is no text"),
    pytest.param(forged(roles="admin"), id="roles that are no list"),
    pytest.param(forged(roles=[1]), id="roles that are no texts"),
    pytest.param(forged(exp=1e12), id="an end that is no whole number"),
    pytest.param(forged(exp="9999999999"), id="an end that is a text"),
    pytest.param(forged(exp=True), id="an end that is a truth"),
    pytest.param(forged(exp=NOW // 1_000_000), id="an end that is now"),
    pytest.param(jwt.encode({"sub": "u1"}, RSA, "RS256", {"kid": "k2"}), id="RS256"),
    pytest.param(
        jwt.encode({"sub": "u1"}, derive(NEW.secret, TOKEN) * 2, "HS512", {"kid": "k2"}), id="HS512"
    ),
]


@pytest.mark.parametrize("token", BAD)
def test_everything_else_is_refused(token):
    assert verify(token, RING, "arcade", NOW) is None
    assert TokenCache("arcade", lambda: RING).authenticate(token, NOW) is None


@given(st.text(max_size=200))
def test_no_text_raises(token):
    assert verify(token, RING, "arcade", NOW) is None


@given(st.integers(0, len(forged()) - 1), st.characters(max_codepoint=0x2FF))
def test_a_token_changed_in_any_character_is_another_tokens_or_nobodys(place, character):
    token = forged()
    changed = token[:place] + character + token[place + 1 :]

    found = verify(changed, RING, "arcade", NOW)

    # base64url's last character has bits that are not looked at.
    assert found is None or found == verify(token, RING, "arcade", NOW)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=4,
)


@given(st.sampled_from(["iss", "aud", "sub", "sid", "name", "roles", "skid", "iat", "exp"]), JSON)
def test_a_claim_of_any_other_kind_never_raises(claim, value):
    found = verify(with_claim(claim, value), RING, "arcade", NOW)

    assert found is None or isinstance(found, Claims)


def test_the_cache_never_returns_what_has_expired():
    cache, token = TokenCache("arcade", lambda: RING), issue(some_claims(), RING, "arcade")

    assert cache.authenticate(token, NOW) is not None
    assert cache.authenticate(token, NOW + 900_000_000) is None


def test_the_cache_is_bounded_and_keeps_what_is_used(monkeypatch):
    monkeypatch.setattr(tokens, "CACHED", 2)
    cache = TokenCache("arcade", lambda: RING)
    first, *others = [issue(some_claims(session_id=name), RING, "arcade") for name in "abc"]

    for token in (first, others[0], first, others[1]):
        assert cache.authenticate(token, NOW) is not None

    assert list(cache._known) == [first, others[1]]


def test_a_retired_key_empties_the_cache():
    rings = [Keyring((OLD,))]
    cache = TokenCache("arcade", lambda: rings[0])
    token = issue(some_claims(), rings[0], "arcade")
    assert cache.authenticate(token, NOW) is not None

    rings[0] = Keyring((NEW,))

    assert cache.authenticate(token, NOW) is None
