"""One request until it is answered: sent again, signed again, with a new token, as it needs."""

import asyncio
import json
import random
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

import aiohttp

from scoreboard_client import errors
from scoreboard_client.clock import Clock, instant
from scoreboard_client.errors import ScoreboardError, Unreachable
from scoreboard_client.models import Session
from scoreboard_client.retrying import Failure, Policy
from scoreboard_client.signing import sign

NO_ANSWER = (aiohttp.ClientError, TimeoutError, OSError)
MARGIN = 30.0  # seconds before its end a token is renewed; of a short life, a quarter
CLOCK_IS_WRONG = 5.0


@dataclass(frozen=True, slots=True)
class Answer:
    """Status, headers and the parsed body."""

    status: int
    headers: Mapping[str, str]
    body: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """What is asked, however often it is sent."""

    method: str
    path: str
    value: object = None
    headers: Mapping[str, str] = field(default_factory=dict)
    repeatable: bool = True  # two of them do what one does
    session: bool = True
    signed: bool = False
    wait: float = 0.0  # how long the server was asked to think


class Caller:
    """HTTP with a session. `patience`: seconds for which what got no answer is sent again."""

    def __init__(
        self,
        url: str,
        *,
        http: aiohttp.ClientSession | None = None,
        session: Session | None = None,
        patience: float = 30.0,
        timeout: float = 15.0,
    ) -> None:
        self.url = url.rstrip("/")
        self.session = session
        self.clock = Clock()
        self.timeout = timeout
        self._patience = patience
        self._given = http
        self._own: aiohttp.ClientSession | None = None
        self._credentials: dict[str, str] | None = None
        self._renewing = asyncio.Lock()
        self._margin = MARGIN

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._own is not None:
            await self._own.close()
            self._own = None

    @property
    def http(self) -> aiohttp.ClientSession:
        """What was given, or one of its own, closed with this client."""
        if self._given is not None:
            return self._given
        if self._own is None:
            self._own = aiohttp.ClientSession()
        return self._own

    # --- one request ----------------------------------------------------------------------------
    async def call(self, call: Call) -> Answer:
        """The answer. Raises ScoreboardError for an error, Unreachable where there was none."""
        policy, started = Policy(self._patience, call.repeatable), time.monotonic()
        failures, mended = 0, set[str]()
        while True:
            token = await self.token() if call.session else None
            answer, error = await self._once(call, token)
            if error is None:
                assert answer is not None
                return answer
            if isinstance(error, ScoreboardError) and error.code not in mended:
                mended.add(error.code)
                if await self._mended(error, answer, token):
                    continue
            failures += 1
            failure = Failure(0)
            if isinstance(error, ScoreboardError):
                failure = Failure(error.status, error.retry_after)
            elapsed = time.monotonic() - started
            pause = policy.pause(failure, failures, elapsed, random.random())
            if pause is None:
                raise error
            await asyncio.sleep(pause)

    async def _once(
        self, call: Call, token: str | None
    ) -> tuple[Answer | None, ScoreboardError | Unreachable | None]:
        body = None if call.value is None else json.dumps(call.value).encode()
        headers = dict(call.headers)
        if body is not None:
            headers["Content-Type"] = "application/json"
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        if call.signed and self.session is not None and body is not None:
            headers |= self._signature(call, body, self.session)
        limit = aiohttp.ClientTimeout(total=self.timeout + call.wait)
        try:
            async with self.http.request(
                call.method, self.url + call.path, data=body, headers=headers,
                allow_redirects=False, timeout=limit,
            ) as response:  # fmt: skip
                read = await response.read()
        except NO_ANSWER as error:
            said = f"{call.method} {self.url}{call.path}: {type(error).__name__} {error}".rstrip()
            return None, Unreachable(said)
        kind = response.headers.get("Content-Type", "")
        parsed = json.loads(read) if read and "json" in kind else read
        answer = Answer(response.status, response.headers, parsed)
        if answer.status < 400:
            return answer, None
        return answer, errors.of_answer(answer.status, parsed, answer.headers)

    def _signature(self, call: Call, body: bytes, session: Session) -> dict[str, str]:
        return sign(
            session.signing_key, call.method, call.path, body,
            timestamp_ms=int(self.clock.now(time.time()) * 1000), nonce=secrets.token_urlsafe(18),
        )  # fmt: skip

    async def _mended(
        self, error: ScoreboardError, answer: Answer | None, token: str | None
    ) -> bool:
        """Whether what was wrong is right now: our clock, or our token."""
        if error.code == "STALE_REQUEST" and answer is not None:
            return self.clock.correct(answer.headers.get("Date"), time.time())
        if error.code == "INVALID_TOKEN" and token is not None:
            await self.renew(token)
            return True
        return False

    # --- the session ----------------------------------------------------------------------------
    async def token(self) -> str | None:
        """A token that is good for a while yet; None without a session."""
        session = self.session
        if session is None:
            return None
        if self.clock.now(time.time()) >= instant(session.expires_at) - self._margin:
            await self.renew(session.token)
        return self.session.token if self.session is not None else None

    async def renew(self, spent: str) -> None:
        """A session with another token than `spent`: by refresh, else by logging in again.

        A refresh is never sent twice: the second would end the session. Raises ScoreboardError.
        """
        async with self._renewing:
            if self.session is None or self.session.token != spent:
                return
            value = {"refreshToken": self.session.refresh_token}
            path = "/api/auth/refresh"
            call = Call(method="POST", path=path, value=value, session=False)
            answer, error = await self._once(call, None)
            if error is not None:
                await self._log_in_again(error)
            elif answer is not None:
                self._begin(answer)

    async def _log_in_again(self, error: ScoreboardError | Unreachable) -> None:
        if self._credentials is None:
            raise error
        await self._log_in(self._credentials)

    async def _log_in(self, credentials: dict[str, str]) -> None:
        call = Call(method="POST", path="/api/auth/login", value=credentials, session=False)
        self._begin(await self.call(call))
        self._credentials = credentials

    def _begin(self, answer: Answer) -> None:
        """A login's answer. A clock that is plainly wrong is corrected at once."""
        self.session = Session.of(answer.body)
        local = time.time()
        told = Clock()
        if told.correct(answer.headers.get("Date"), local):
            wrong = abs(told.offset - self.clock.offset) > CLOCK_IS_WRONG
            self.clock = told if wrong else self.clock
        life = instant(self.session.expires_at) - self.clock.now(local)
        self._margin = min(MARGIN, life / 4)
