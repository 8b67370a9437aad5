"""Sessions on the queue's server, and the news of those that ended."""

import asyncio
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import structlog

from scoreboard_runtime.contract.board import Limit
from scoreboard_runtime.contract.keys import Keys
from scoreboard_runtime.stores import functions, valkey
from scoreboard_runtime.stores.errors import QUEUE, StoreUnavailable

log = structlog.get_logger()
LIBRARY = functions.library("sessions")
LOGGED_OUT, DISABLED, REVOKED = "logged_out", "disabled", "revoked"
MOST_SESSIONS = 256  # of one user
# Wrong passwords for one account from one address: slow enough to guess nothing, and nobody can
# lock another out from elsewhere.
LOGINS = Limit(count=100, per_us=300_000_000)
POLL = 0.25
OVERLAP_US = 2_000_000  # read again what ended just before the last look
MARGIN_US = 60_000_000  # a token may be issued a little after its session has ended


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """Who is signed in. `kid` names the master key of the session's signing key."""

    session_id: str
    user_id: str
    username: str
    roles: frozenset[str]
    kid: str
    generation: int


class Sessions:
    """Opens, refreshes and ends sessions. Every method raises StoreUnavailable."""

    def __init__(self, client: valkey.Client, keys: Keys, ttl_us: int) -> None:
        self._client = client
        self._keys = keys
        self._ttl_ms = ttl_us // 1000

    async def _call(self, name: str, keys: list[str], args: list[Any]) -> Any:
        return await valkey.call(self._client, QUEUE, LIBRARY, name, keys, args)

    async def open(self, session: Session) -> None:
        """Stores it; a user who has too many loses the oldest."""
        keys = [self._keys.session(session.session_id), self._keys.user_sessions(session.user_id)]
        fields = {
            "user": session.user_id,
            "username": session.username,
            "roles": ",".join(sorted(session.roles)),
            "kid": session.kid,
            "generation": session.generation,
        }
        flat = [part for pair in fields.items() for part in pair]
        args = [session.session_id, self._ttl_ms, *flat]
        if await self._call("session_open", keys, args) > MOST_SESSIONS:
            await self._prune(session.user_id)

    async def _prune(self, user_id: str) -> None:
        """Forgets what has run out and ends what is too much, the oldest first."""
        ids = await self._of(user_id)  # first: one that is opened now is not among the gone
        opened = await self.opened(user_id)
        gone = set(ids) - {ident for ident, _ in opened}
        if gone:
            with valkey.available(QUEUE):
                await self._client.srem(self._keys.user_sessions(user_id), *gone)
        oldest = [ident for ident, _ in opened[: max(0, len(opened) - MOST_SESSIONS)]]
        await self._close(user_id, oldest, REVOKED)

    async def rotate(self, session_id: str, generation: int) -> Session | None:
        """Spends a refresh token; None when the session is over, or is ended by this as stolen."""
        user = await self._user_of(session_id)
        keys = [
            self._keys.session(session_id),
            self._keys.user_sessions(user),
            self._keys.revoked(),
        ]
        args = [session_id, generation, self._ttl_ms]
        reply = await self._call("session_rotate", keys, args)
        if reply[0] != b"OK":
            if reply[0] == b"STOLEN":
                log.warning("refresh_token_reused", session=session_id, user=user)
            return None
        fields = {
            name.decode(): value.decode()
            for name, value in zip(reply[1::2], reply[2::2], strict=True)
        }
        return Session(
            session_id=session_id,
            user_id=fields["user"],
            username=fields["username"],
            roles=frozenset(filter(None, fields["roles"].split(","))),
            kid=fields["kid"],
            generation=int(fields["generation"]),
        )

    async def _user_of(self, session_id: str) -> str:
        with valkey.available(QUEUE):
            user = await self._client.hget(self._keys.session(session_id), "user")
        return user.decode() if user is not None else "nobody"

    async def _of(self, user_id: str) -> list[str]:
        with valkey.available(QUEUE):
            found = await self._client.smembers(self._keys.user_sessions(user_id))
        return [session_id.decode() for session_id in found]

    async def _close(self, user_id: str, session_ids: list[str], reason: str) -> int:
        if not session_ids:
            return 0
        keys = [self._keys.user_sessions(user_id), self._keys.revoked()]
        keys += [self._keys.session(session_id) for session_id in session_ids]
        return int(await self._call("session_close", keys, [reason, *session_ids]))

    async def end(self, session_id: str, reason: str) -> bool:
        """Ends one session. False when it was over already."""
        return bool(await self._close(await self._user_of(session_id), [session_id], reason))

    async def end_all(self, user_id: str, reason: str) -> int:
        """Ends every session of a user at once; how many there were."""
        return await self._close(user_id, await self._of(user_id), reason)

    async def opened(self, user_id: str) -> list[tuple[str, int]]:
        """The user's living sessions and when each was opened, us; the oldest first."""
        ids = await self._of(user_id)
        with valkey.available(QUEUE):
            pipe = self._client.pipeline(transaction=False)
            for session_id in ids:
                pipe.hget(self._keys.session(session_id), "opened")
            times = await pipe.execute()
        found = zip(ids, times, strict=True)
        return sorted(((ident, int(at)) for ident, at in found if at), key=lambda one: one[1])

    async def exists(self, session_id: str) -> bool:
        with valkey.available(QUEUE):
            return bool(await self._client.exists(self._keys.session(session_id)))

    def _logins(self, account: str, address: str) -> str:
        digest = hashlib.sha256(f"{account}|{address}".encode()).hexdigest()[:32]
        return self._keys.login_limit(digest)

    async def charge_login(self, account: str, address: str) -> float:
        """Counts an attempt, whether or not there is such an account; seconds to wait, or 0."""
        args = [LOGINS.count, LOGINS.per_us]
        wait_us = await self._call("charge_login", [self._logins(account, address)], args)
        return int(wait_us) / 1_000_000

    async def login_passed(self, account: str, address: str) -> None:
        """Who has the password may forget their mistakes."""
        with valkey.available(QUEUE):
            await self._client.delete(self._logins(account, address))


class Revocations:
    """Sessions that ended while a token of theirs may still live; polled, so no message is lost."""

    def __init__(self, client: valkey.Client, keys: Keys, token_ttl_us: int) -> None:
        self._client = client
        self._key = keys.revoked()
        self._ttl_us = token_ttl_us
        self._ended: dict[str, int] = {}
        self._since = 0
        self._callbacks: list[Callable[[str, str], None]] = []

    def is_revoked(self, session_id: str) -> bool:
        return session_id in self._ended

    def on_revoked(self, callback: Callable[[str, str], None]) -> None:
        """Calls back with session id and reason, once for each."""
        self._callbacks.append(callback)

    def add(self, session_id: str, reason: str, at_us: int) -> None:
        """Known at once to this process; the others hear of it by polling."""
        if session_id in self._ended:
            return
        self._ended[session_id] = at_us
        for callback in self._callbacks:
            callback(session_id, reason)

    async def poll(self) -> None:
        """Reads what ended since the last look. Raises StoreUnavailable."""
        with valkey.available(QUEUE):
            found = await self._client.zrange(
                self._key, self._since, "+inf", byscore=True, withscores=True
            )
        for member, at in found:
            session_id, _, reason = member.decode().partition("|")
            self.add(session_id, reason, int(at))
            self._since = max(self._since, int(at) - OVERLAP_US)
        await self._forget()

    async def _forget(self) -> None:
        """What ended longer ago than a token lives needs no remembering."""
        horizon = self._since - self._ttl_us - MARGIN_US
        old = [session_id for session_id, at in self._ended.items() if at < horizon]
        if not old:
            return
        for session_id in old:
            del self._ended[session_id]
        with valkey.available(QUEUE):
            await self._client.zremrangebyscore(self._key, "-inf", horizon)

    async def watch(self) -> None:
        """Polls for ever; an outage is waited out, and nothing that ended in it is missed."""
        while True:
            try:
                await self.poll()
            except StoreUnavailable as error:
                log.debug("revocations_not_read", why=str(error))
            await asyncio.sleep(POLL)
