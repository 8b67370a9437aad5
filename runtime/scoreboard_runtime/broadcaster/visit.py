"""One socket's visit, from the handshake to the close: the edge that drives rules/connection.py."""

from dataclasses import dataclass

import aiohttp
import msgspec
import structlog
from aiohttp import web

from scoreboard_runtime.broadcaster.client import (
    Client,
    SocketClient,
    bound_kernel_buffer,
    now_us,
)
from scoreboard_runtime.broadcaster.feed import Feed
from scoreboard_runtime.broadcaster.hub import Hub
from scoreboard_runtime.broadcaster.websocket import Socket
from scoreboard_runtime.contract import endpoints, frames, metrics
from scoreboard_runtime.contract.board import DEFAULT_WINDOW
from scoreboard_runtime.contract.frames import ACTIVITY, SCOREBOARD, TOO_LARGE, TOO_MANY, TRY_AGAIN
from scoreboard_runtime.contract.rejections import REJECTIONS
from scoreboard_runtime.contract.snapshots import UserSnapshot
from scoreboard_runtime.process.problems import problem
from scoreboard_runtime.process.serving import id_of, request_id
from scoreboard_runtime.process.settings import Settings
from scoreboard_runtime.rules import origins
from scoreboard_runtime.rules.addresses import client_address
from scoreboard_runtime.rules.connection import Close, Connection, Effect, Join, Leave, Send, Verify
from scoreboard_runtime.rules.tokens import Claims, TokenCache
from scoreboard_runtime.stores.errors import StoreUnavailable
from scoreboard_runtime.stores.queue import Queue
from scoreboard_runtime.stores.sessions import Revocations, Sessions
from scoreboard_runtime.stores.standings import Standings

log = structlog.get_logger()
CHARGED = web.RequestKey("charged", dict[str, str])  # the RateLimit fields of the answer
MOST_BYTES = 16 * 1024
LARGE = Close(TOO_LARGE, "at most 16 KiB")
MOST_BUFFERED = 1024 * 1024  # a larger message is cut off while it arrives


def _header_fault(name: str, detail: str) -> dict[str, str]:
    return {"pointer": f"/headers/Sec-WebSocket-{name}", "detail": detail}


def _is_large(text: str) -> bool:
    """By its bytes, of which a character has up to four."""
    return len(text) > MOST_BYTES or (not text.isascii() and len(text.encode()) > MOST_BYTES)


@dataclass(slots=True, kw_only=True)
class Visits:
    """What a visit needs of the process."""

    settings: Settings
    hub: Hub
    feed: Feed
    queue: Queue
    standings: Standings
    tokens: TokenCache
    sessions: Sessions
    revocations: Revocations

    # --- the handshake -----------------------------------------------------------
    def refuse(self, ident: str, code: str, address: str, **more: object) -> web.Response:
        row = REJECTIONS[code]
        if row.layer is not None:
            self.hub.telemetry.count(metrics.REJECTIONS, row.layer, code)
            log.info("rejection", layer=row.layer, code=code, requestId=ident, address=address)
        return problem(code, ident, **more)  # type: ignore[arg-type]

    def address(self, request: web.Request) -> str:
        forwarded = ",".join(request.headers.getall("X-Forwarded-For", ())) or None
        return client_address(request.remote or "", forwarded, self.settings.trusted_proxies)

    async def refusal(self, request: web.Request) -> web.Response | None:
        """Why nobody is let in, or not from there; None for who is welcome."""
        ident = id_of(request)
        address = self.address(request)
        if self.hub.leaving:
            return self.refuse(ident, "UNAVAILABLE", address, retry_after=1)
        try:
            charged = await self.queue.charge(address)
        except StoreUnavailable:
            return self.refuse(ident, "UNAVAILABLE", address, retry_after=2)
        request[CHARGED] = charged.headers
        if charged.refused is not None:
            return self.refuse(
                ident,
                charged.refused,
                address,
                retry_after=charged.retry_after,
                headers=charged.headers,
            )
        if not origins.allowed(request.headers.get("Origin"), self.settings.board.allowed_origins):
            detail = "This origin is not among spec.exposure.allowedOrigins."
            return self.refuse(ident, "FORBIDDEN", address, detail=detail)
        return None

    @staticmethod
    def _unfit(request: web.Request) -> web.Response | None:
        offered = request.headers.get("Sec-WebSocket-Protocol")
        if offered and endpoints.SUBPROTOCOL not in [part.strip() for part in offered.split(",")]:
            errors = [_header_fault("Protocol", f"offer {endpoints.SUBPROTOCOL}, or none")]
            return problem("VALIDATION_ERROR", request_id(None), errors=errors)
        return None

    def connection(self) -> Connection:
        boards = {board.name: board.public for board in self.settings.board.boards}
        return Connection(boards, self.settings.board.board.name)

    @property
    def crowded(self) -> bool:
        """Whether there are as many connections as there may be."""
        return len(self.hub.clients) >= self.settings.board.max_connections

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """GET /ws."""
        refusal = await self.refusal(request)
        if refusal is None:
            refusal = self._unfit(request)
        if refusal is not None:
            return refusal
        ws = Socket(protocols=(endpoints.SUBPROTOCOL,), compress=False, max_msg_size=MOST_BUFFERED)
        if not ws.can_prepare(request).ok:
            errors = [_header_fault("Key", "only a WebSocket handshake is served here")]
            return problem("VALIDATION_ERROR", request_id(None), errors=errors)
        await ws.prepare(request)
        ws.request = request
        connection = self.connection()
        if self.crowded or request.transport is None:
            await ws.close(code=TOO_MANY, message=b"too many connections")
            return ws
        bound_kernel_buffer(request.transport)
        client = SocketClient(ws, request.transport, connection)
        connection.opened(now_us())
        self.hub.enter(client)
        self.hub.moved(None, connection.state)
        try:
            await self._converse(client)
        finally:
            self.hub.leave(client)
            self.hub.moved(connection.state, None)
        return ws

    # --- the conversation --------------------------------------------------------
    async def _converse(self, client: SocketClient) -> None:
        async for message in client.ws:
            if message.type is aiohttp.WSMsgType.ERROR:
                break
            if client.closing:
                continue
            before = client.connection.state
            if message.type is aiohttp.WSMsgType.TEXT and _is_large(message.data):
                effects: list[Effect] = [LARGE]
            elif message.type is aiohttp.WSMsgType.TEXT:
                effects = self._read(client.connection, message.data)
            else:
                effects = client.connection.garbled()
            await self._perform(client, effects)
            self.hub.moved(before, client.connection.state)
        if client.ws.broken:
            large = client.ws.broken == TOO_LARGE
            await self._perform(client, [LARGE] if large else client.connection.garbled())
            await client.gone()

    @staticmethod
    def _read(connection: Connection, text: str) -> list[Effect]:
        try:
            return connection.received(frames.decode(text), now_us())
        except (msgspec.DecodeError, ValueError, RecursionError):
            return connection.garbled()

    async def _perform(self, client: Client, effects: list[Effect]) -> bool:
        """Carries the effects out; whether the socket was closed."""
        for effect in effects:
            if isinstance(effect, Send):
                self.hub.send(client, client.frame(effect.payload))
            elif isinstance(effect, Close):
                self.hub.close(client, effect.code, effect.reason)
                return True
            elif isinstance(effect, Leave):
                self.hub.quit(client, effect.channel)
            else:
                try:
                    more = await self._ask(client, effect)
                except StoreUnavailable:
                    more = [Close(TRY_AGAIN, "try again")]
                if await self._perform(client, more):
                    return True
        return False

    async def _ask(self, client: Client, effect: Verify | Join) -> list[Effect]:
        if isinstance(effect, Verify):
            more = client.connection.verified(await self.claims(effect.token))
            self.hub.signed_in(client)
            return more
        if effect.channel == SCOREBOARD:
            await self.join_board(client, effect)
        elif effect.channel == ACTIVITY:
            self._join_activity(client, effect)
        else:
            await self._join_user(client, effect)
        return []

    async def claims(self, token: str) -> Claims | None:
        """Whose token it is; None for nobody's."""
        claims = self.tokens.authenticate(token, now_us())
        if claims is None or not await self.sessions.exists(claims.session_id):
            return None
        # After the wait: who ends a session from here on finds the socket among its own.
        return None if self.revocations.is_revoked(claims.session_id) else claims

    async def join_board(self, client: Client, effect: Join) -> None:
        """The snapshot, then every later version."""
        board = self.feed.board
        page = await self.standings.page(board, DEFAULT_WINDOW, 0, board.size)
        snapshot, since = page.snapshot, effect.since
        recovered = since is not None and (since.epoch, since.sequence) == (
            snapshot.epoch,
            snapshot.sequence,
        )
        client.welcome(snapshot, recovered=recovered, ident=effect.ident)
        self.hub.join(client, SCOREBOARD)
        shown, latest = self.feed.shown, self.hub.latest
        newer = shown is not None and shown.epoch == snapshot.epoch
        if newer and shown is not None and shown.sequence > snapshot.sequence and latest:
            client.write_board(latest)
        if shown is None:
            self.feed.changed.set()

    def _join_activity(self, client: Client, effect: Join) -> None:
        board, now = self.feed.board.name, now_us()
        client.write(client.frame(frames.subscribed_activity(board, effect.ident)))
        rate = self.feed.activity.rate(now)
        client.write(client.frame(frames.activity(board, rate, now)))
        self.hub.join(client, ACTIVITY)

    async def _join_user(self, client: Client, effect: Join) -> None:
        claims = client.connection.claims
        assert claims is not None
        client.ready, client.waiting, client.version = False, [], 0
        self.hub.join(client, effect.channel)  # what happens from here on waits for the snapshot
        standing = await self.standings.user(self.feed.board, DEFAULT_WINDOW, claims.user_id)
        snapshot = UserSnapshot(
            user_id=claims.user_id,
            username=claims.username,
            score=standing.score,
            rank=standing.rank,
            pending_jobs=await self.queue.pending_jobs(claims.user_id),
        )
        place, since = (standing.epoch, standing.version), effect.since
        recovered = since is not None and (since.epoch, since.sequence) == place
        said = frames.subscribed_user(snapshot, place, recovered=recovered, ident=effect.ident)
        client.write(client.frame(said))
        client.version, client.ready = standing.version, True
        for version, frame in client.waiting:
            if version == 0 or version > standing.version:
                client.version = max(client.version, version)
                self.hub.send(client, frame)
        client.waiting = []
