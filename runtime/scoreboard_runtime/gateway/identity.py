"""Sign-in through an identity provider: its token is exchanged once for a session of ours."""

import hashlib
import re
import secrets

import msgspec
from aiohttp import web

from scoreboard_runtime.gateway.auth import open_session
from scoreboard_runtime.gateway.parts import Gateway
from scoreboard_runtime.gateway.requests import body
from scoreboard_runtime.process.problems import Rejected
from scoreboard_runtime.rules import usernames
from scoreboard_runtime.stores.users import User

TRIES = 20


class TokenRequest(msgspec.Struct, forbid_unknown_fields=True, frozen=True, rename="camel"):
    """Body of POST /api/auth/oidc."""

    id_token: str


def _wished(name: str, subject: str) -> str:
    """A name to show: never an address of mail, which is nobody else's business."""
    cleaned = " ".join(re.sub(r"[^\w.\- ]", " ", name.partition("@")[0]).split())[:24].strip()
    if usernames.fault(cleaned) is None:
        return cleaned
    return f"player-{hashlib.sha256(subject.encode()).hexdigest()[:8]}"


async def _provision(gateway: Gateway, identity: str, wished: str) -> User:
    """The user of an identity, made at its first sign-in; a taken name gets an ending."""
    taken = wished
    for _ in range(TRIES):
        user = await gateway.users.by_identity(identity)
        if user is None:
            user = await gateway.users.create(taken, None, identity=identity)
        if user is not None:
            return user
        taken = f"{wished}-{secrets.token_hex(3)}"
    raise Rejected("USERNAME_TAKEN")


async def exchange(gateway: Gateway, request: web.Request) -> web.StreamResponse:
    """POST /api/auth/oidc: 200 as login; 404 where no provider is configured."""
    given = await body(request, TokenRequest)
    if gateway.identity is None or gateway.board.oidc is None:
        raise Rejected(
            "NOT_FOUND",
            detail="This board has no identity provider. Log in with a name and a password.",
        )
    found = await gateway.identity.subject(given.id_token)
    if found is None:
        raise Rejected(
            "INVALID_CREDENTIALS",
            detail="The identity provider's token is not valid. Sign in there again.",
        )
    subject, name = found
    identity = f"{gateway.board.oidc.issuer}|{subject}"
    user = await _provision(gateway, identity, _wished(name, subject))
    if user.disabled:
        raise Rejected("INVALID_CREDENTIALS")
    return await open_session(gateway, user)
