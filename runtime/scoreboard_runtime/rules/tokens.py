"""Access tokens: HS256 JWTs under a key derived from the master key that `kid` names.

Every claim is checked here by an explicit time, without leeway: the start of a token is not looked
at and its end is the issuer's word. Nothing about the algorithm is taken from the token but the
refusal of any other than HS256 (RFC 8725, section 3.1).
"""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jwt

from scoreboard_runtime.contract.keyring import Keyring
from scoreboard_runtime.rules.derivation import TOKEN, derive

ALGORITHM = "HS256"
MAX_LENGTH = 4096
CACHED = 50_000
_SECOND = 1_000_000
_OPTIONS: Any = {
    "require": ["exp", "iat", "iss", "aud", "sub", "sid", "name", "roles", "skid"],
    "verify_exp": False,  # by the clock that is passed in, below
    "verify_iat": False,
    "verify_nbf": False,
    "strict_aud": True,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Claims:
    """Who a token speaks for."""

    user_id: str
    username: str
    session_id: str
    roles: frozenset[str]
    issued_us: int
    expires_us: int
    signing_kid: str  # the master key that the session's signing key is derived from


def issuer(instance: str) -> str:
    return f"scoreboard/{instance}"


def issue(claims: Claims, keyring: Keyring, instance: str) -> str:
    """A token signed with the active key. Times are cut to whole seconds, as JWT has them."""
    key = keyring.active
    payload = {
        "iss": issuer(instance),
        "aud": instance,
        "sub": claims.user_id,
        "sid": claims.session_id,
        "name": claims.username,
        "roles": sorted(claims.roles),
        "skid": claims.signing_kid,
        "iat": claims.issued_us // _SECOND,
        "exp": claims.expires_us // _SECOND,
    }
    secret = derive(key.secret, TOKEN)
    return jwt.encode(payload, secret, algorithm=ALGORITHM, headers={"kid": key.kid})


def _claims(payload: dict[str, Any]) -> Claims | None:
    texts = [payload[name] for name in ("sub", "name", "sid", "skid")]
    roles = payload["roles"]
    if not all(isinstance(text, str) for text in texts) or not isinstance(roles, list):
        return None
    if not all(isinstance(role, str) for role in roles):
        return None
    if type(payload["exp"]) is not int or type(payload["iat"]) is not int:
        return None
    return Claims(
        user_id=payload["sub"],
        username=payload["name"],
        session_id=payload["sid"],
        roles=frozenset(roles),
        issued_us=payload["iat"] * _SECOND,
        expires_us=payload["exp"] * _SECOND,
        signing_kid=payload["skid"],
    )


def verify(token: str, keyring: Keyring, instance: str, now_us: int) -> Claims | None:
    """The claims of a token that is good at `now_us`; None for every other text.

    A token whose session's signing key is retired is not good: it could sign nothing.
    """
    if len(token) > MAX_LENGTH:
        return None
    try:
        header = jwt.get_unverified_header(token)
        kid = header.get("kid")
        key = keyring.get(kid) if isinstance(kid, str) else None
        if key is None or header.get("alg") != ALGORITHM or "crit" in header:
            return None
        payload = jwt.decode(
            token,
            derive(key.secret, TOKEN),
            algorithms=[ALGORITHM],
            audience=instance,
            issuer=issuer(instance),
            options=_OPTIONS,
        )
    except (jwt.PyJWTError, ValueError, TypeError, RecursionError):
        return None
    claims = _claims(payload)
    if claims is None or now_us >= claims.expires_us or keyring.get(claims.signing_kid) is None:
        return None
    return claims


class TokenCache:
    """The fast path: tokens that were verified before, at most `CACHED`; the least used leave.

    A new keyring empties it, so a retired key's tokens are refused from then on.
    """

    def __init__(self, instance: str, keyring: Callable[[], Keyring]) -> None:
        self._instance = instance
        self._keyring = keyring
        self._known: OrderedDict[str, Claims] = OrderedDict()
        self._made_with: Keyring | None = None

    def authenticate(self, token: str, now_us: int) -> Claims | None:
        keyring = self._keyring()
        if keyring is not self._made_with:
            self._known.clear()
            self._made_with = keyring
        claims = self._known.get(token)
        if claims is not None:
            if now_us < claims.expires_us:
                self._known.move_to_end(token)
                return claims
            del self._known[token]
            return None
        claims = verify(token, keyring, self._instance, now_us)
        if claims is not None:
            self._known[token] = claims
            if len(self._known) > CACHED:
                self._known.popitem(last=False)
        return claims
