"""Register, log in, refresh, log out (flow 3)."""

import time
import uuid
from typing import Any

import msgspec
import structlog
from aiohttp import web

from scoreboard_runtime.contract.keyring import Key
from scoreboard_runtime.contract.snapshots import rfc3339
from scoreboard_runtime.gateway.boundary import CLAIMS, REQUEST_ID, address_of
from scoreboard_runtime.gateway.parts import Gateway
from scoreboard_runtime.gateway.requests import body, json
from scoreboard_runtime.process.problems import Rejected
from scoreboard_runtime.rules import passwords, signature, tokens, usernames
from scoreboard_runtime.rules import refresh as refreshing
from scoreboard_runtime.stores.errors import StoreUnavailable
from scoreboard_runtime.stores.sessions import DISABLED, LOGGED_OUT, REVOKED, Session
from scoreboard_runtime.stores.users import User

log = structlog.get_logger()


class Credentials(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """Body of register and login."""

    username: str
    password: str


class RefreshRequest(msgspec.Struct, forbid_unknown_fields=True, frozen=True, rename="camel"):
    """Body of refresh."""

    refresh_token: str


def _now_us() -> int:
    return time.time_ns() // 1000


def user_document(user: User) -> dict[str, Any]:
    return {
        "id": user.id,
        "username": user.username,
        "roles": sorted(user.roles),
        "createdAt": rfc3339(user.created_us),
    }


def _check_new(given: Credentials) -> None:
    faults = {
        "/username": usernames.fault(given.username),
        "/password": passwords.fault(given.password, given.username),
    }
    errors = [{"pointer": place, "detail": what} for place, what in faults.items() if what]
    if errors:
        raise Rejected("VALIDATION_ERROR", errors=errors)


async def register(gateway: Gateway, request: web.Request) -> web.StreamResponse:
    """POST /api/auth/register: 201 user."""
    given = await body(request, Credentials)
    _check_new(given)  # its shape comes before what may not be done
    if not gateway.board.registration_open:
        raise Rejected(
            "FORBIDDEN", detail="Registration is closed; ask the operator of this board."
        )
    if await gateway.users.by_name(given.username) is not None:
        raise Rejected("USERNAME_TAKEN")
    user = await gateway.users.create(given.username, await gateway.hasher.hash(given.password))
    if user is None:
        raise Rejected("USERNAME_TAKEN")
    return json(user_document(user), 201)


def _answer(gateway: Gateway, session: Session, master: Key) -> web.StreamResponse:
    """What a login and a refresh answer: a new token, the next refresh token, the signing key."""
    now_us = _now_us()
    signing = gateway.key_file.signing(now_us)
    claims = tokens.Claims(
        user_id=session.user_id,
        username=session.username,
        session_id=session.session_id,
        roles=session.roles,
        issued_us=now_us,
        expires_us=now_us + gateway.board.token_ttl_us,
        signing_kid=session.kid,
    )
    signing_key = signature.signing_key(master.secret, session.session_id)
    return json(
        {
            "token": tokens.issue(claims, signing, gateway.board.name),
            "tokenType": "Bearer",
            "expiresAt": rfc3339(claims.expires_us // 1_000_000 * 1_000_000),
            "refreshToken": refreshing.make(signing.active, session.session_id, session.generation),
            "session": {"id": session.session_id, "signingKey": signature.shown(signing_key)},
            "user": {
                "id": session.user_id,
                "username": session.username,
                "roles": sorted(session.roles),
            },
        }
    )


async def open_session(gateway: Gateway, user: User) -> web.StreamResponse:
    """A new session for a user who has proven who they are. Raises Rejected, StoreUnavailable."""
    master = gateway.key_file.signing(_now_us()).active
    session = Session(
        session_id=uuid.uuid4().hex,
        user_id=user.id,
        username=user.username,
        roles=user.roles,
        kid=master.kid,
        generation=0,
    )
    await gateway.sessions.open(session)
    # Who disables a user or takes a role away does so first and ends the sessions then: one that
    # was opened in between, by what was read before, ends here.
    current = await gateway.users.by_id(user.id)
    if current is None or current.disabled:
        await gateway.sessions.end(session.session_id, DISABLED)
        raise Rejected("INVALID_CREDENTIALS")
    if current.roles != user.roles:
        await gateway.sessions.end(session.session_id, REVOKED)
        return await open_session(gateway, current)
    return _answer(gateway, session, master)


async def _renew_hash(gateway: Gateway, user: User, hashed: str, password: str) -> None:
    """Hashes again when today's parameters are others; a login does not fail for that."""
    if gateway.hasher.outdated(hashed):
        try:
            renewed = await gateway.hasher.hash(password)
            await gateway.users.renew_password_hash(user.id, hashed, renewed)
        except (Rejected, StoreUnavailable) as error:
            log.info("password_hash_not_renewed", why=type(error).__name__)


async def login(gateway: Gateway, request: web.Request) -> web.StreamResponse:
    """POST /api/auth/login: the same text and time for an unknown name and a wrong password."""
    given = await body(request, Credentials)
    # What no user can be named needs no look; a name that can be is short and good for Postgres.
    named = usernames.fault(given.username) is None
    account = usernames.key(given.username) if named else ""
    address = address_of(gateway, request)
    wait = await gateway.sessions.charge_login(account, address)
    if wait:
        raise Rejected("TOO_MANY_REQUESTS", retry_after=wait)
    user = await gateway.users.by_name(given.username) if named else None
    hashed = user.password_hash if user is not None else None
    # Longer than any password can be, so still a wrong one when it is cut.
    right = await gateway.hasher.verify(hashed, given.password[: passwords.MOST * 2])
    if user is None or hashed is None or not right or user.disabled:
        # Never the name as given: people type their password there.
        who = {"user": user.id} if user is not None else {}
        log.info("login_failed", requestId=request[REQUEST_ID], address=address, **who)
        raise Rejected("INVALID_CREDENTIALS")
    await gateway.sessions.login_passed(account, address)
    await _renew_hash(gateway, user, hashed, given.password)
    return await open_session(gateway, user)


async def refresh(gateway: Gateway, request: web.Request) -> web.StreamResponse:
    """POST /api/auth/refresh: spends the refresh token; spent twice it ends the session."""
    given = await body(request, RefreshRequest)
    keyring = gateway.key_file.keyring
    found = refreshing.read(given.refresh_token, keyring)
    if found is None:
        raise Rejected("INVALID_TOKEN")
    session = await gateway.sessions.rotate(found.session_id, found.generation)
    master = keyring.get(session.kid) if session is not None else None
    if session is not None and master is not None:
        return _answer(gateway, session, master)
    if session is not None:
        # Refreshed for so long that the key of its signatures is retired: log in for a new one.
        await gateway.sessions.end(session.session_id, REVOKED)
    gateway.revocations.add(found.session_id, REVOKED, _now_us())
    raise Rejected("INVALID_TOKEN")


async def logout(gateway: Gateway, request: web.Request) -> web.StreamResponse:
    """POST /api/auth/logout: 204; refused here at once, elsewhere within a second."""
    session_id = request[CLAIMS].session_id
    await gateway.sessions.end(session_id, LOGGED_OUT)
    gateway.revocations.add(session_id, LOGGED_OUT, _now_us())
    return web.Response(status=204)
