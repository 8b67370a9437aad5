"""A socket that comes back by itself, as long as coming back can help."""

import asyncio
import json
import random
from collections.abc import AsyncIterator, Mapping

import aiohttp

from scoreboard_client.calls import NO_ANSWER, Caller
from scoreboard_client.conversation import SUBPROTOCOL, Conversation, after
from scoreboard_client.errors import ScoreboardError, Unreachable, seconds
from scoreboard_client.models import Event, Lost
from scoreboard_client.retrying import backoff

HEARTBEAT = 20.0  # a silent connection is found dead within two of these
REFUSALS = {400: "VALIDATION_ERROR", 401: "INVALID_TOKEN", 403: "FORBIDDEN"}
OVER = ("logged_out", "disabled", "revoked")  # why a session ended that no refresh brings back


class _Listener:
    def __init__(self, caller: Caller, url: str, conversation: Conversation) -> None:
        self.caller = caller
        self.url = url
        self.conversation = conversation
        self.failures = 0
        self.token: str | None = None
        self.ended = ""  # why the session ended, as the last frame said
        self.renewed = False  # since something was last watched

    async def _connect(self) -> aiohttp.ClientWebSocketResponse:
        self.ended = ""
        self.conversation.connecting()
        self.token = await self.caller.token()
        async with asyncio.timeout(self.caller.timeout):
            return await self.caller.http.ws_connect(
                self.url, protocols=[SUBPROTOCOL], heartbeat=HEARTBEAT
            )

    async def visit(self) -> AsyncIterator[Event]:
        """One connection, to its end; the last event is its loss."""
        try:
            socket = await self._connect()
        except aiohttp.WSServerHandshakeError as error:
            yield self._refused(error)
            return
        except (*NO_ANSWER, Unreachable) as error:
            yield self._lost(None, f"{type(error).__name__}: {error}")
            return
        except ScoreboardError as error:
            yield self._put_off(None, error)
            return
        try:
            async for event in self._heard(socket):
                yield event
        except (aiohttp.ClientError, ConnectionError) as error:
            yield self._lost(None, f"{type(error).__name__}: {error}")
            return
        finally:
            self.conversation.lost()
            await socket.close()
        async for event in self._closed(socket.close_code):
            yield event

    async def _heard(self, socket: aiohttp.ClientWebSocketResponse) -> AsyncIterator[Event]:
        for message in self.conversation.opened(self.token):
            await socket.send_json(message)
        async for came in socket:
            if came.type is not aiohttp.WSMsgType.TEXT:
                continue
            frame = json.loads(came.data)
            if frame["type"] == "session_ended":
                self.ended = frame["reason"]
            replies, events = self.conversation.received(frame)
            for message in replies:
                await socket.send_json(message)
            if self.conversation.whole:
                self.failures, self.renewed = 0, False
            for event in events:
                yield event

    def _lost(self, code: int | None, why: str, at_least: float = 0.0) -> Lost:
        self.failures += 1
        return Lost(code, why, max(at_least, backoff(self.failures, random.random())))

    def _put_off(self, code: int | None, error: ScoreboardError) -> Lost:
        """No token, for a while; raises the error when waiting does not help."""
        if error.status not in (429, 503):
            raise error
        return self._lost(code, str(error), error.retry_after or 0.0)

    def _refused(self, error: aiohttp.WSServerHandshakeError) -> Lost:
        """A handshake that was answered with a status. Raises ScoreboardError."""
        headers: Mapping[str, str] = error.headers or {}
        if error.status in REFUSALS:
            ident = headers.get("X-Request-Id", "")
            said = f"{self.url} refuses the handshake"
            raise ScoreboardError(REFUSALS[error.status], error.status, said, request_id=ident)
        wanted = seconds(headers.get("Retry-After")) or 0.0
        return self._lost(None, f"the handshake was answered with {error.status}", wanted)

    async def _closed(self, code: int | None) -> AsyncIterator[Event]:
        what = after(code)
        if what == "stop":
            raise ScoreboardError("FORBIDDEN", 403, f"the server closed the socket with {code}")
        if what == "again":
            yield self._lost(code, f"closed with {code}")
            return
        if self.token is None or self.renewed or self.ended in OVER:
            said = f"The session has ended: {self.ended or 'its token is not valid'}."
            raise ScoreboardError("INVALID_TOKEN", 401, said)
        self.renewed = True
        try:
            await self.caller.renew(self.token)
        except Unreachable as error:
            yield self._lost(code, str(error))
        except ScoreboardError as error:
            yield self._put_off(code, error)
        else:
            yield Lost(code, self.ended or "the token is not valid", 0.0)


async def listen(caller: Caller, url: str, conversation: Conversation) -> AsyncIterator[Event]:
    """Events over all connections. Raises ScoreboardError when only something new helps."""
    listener = _Listener(caller, url, conversation)
    while True:
        pause = 0.0
        async for event in listener.visit():
            yield event
            if isinstance(event, Lost):
                pause = event.retry_in
        await asyncio.sleep(pause)
