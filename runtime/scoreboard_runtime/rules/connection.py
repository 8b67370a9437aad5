"""The connection's state machine (flow 5): events in, effects out. Sockets live elsewhere.

Besides the flow's arrows: whoever watches a public board without a token goes from Connected to
Subscribed and back, may authenticate later, and a socket may be closed from every state.
"""

from dataclasses import dataclass, field
from typing import Any

from scoreboard_runtime.contract import frames
from scoreboard_runtime.contract.frames import (
    BAD_MESSAGE,
    BAD_TOKEN,
    SILENT,
    TOO_MANY,
    USER,
    Authenticate,
    Message,
    Ping,
    Since,
    Subscribe,
    Unsubscribe,
)
from scoreboard_runtime.contract.openapi.shapes import UserName
from scoreboard_runtime.rules.tokens import Claims

DISCONNECTED, CONNECTING, CONNECTED = "disconnected", "connecting", "connected"
AUTHENTICATING, AUTHENTICATED, SUBSCRIBED = "authenticating", "authenticated", "subscribed"
STATES = (CONNECTING, CONNECTED, AUTHENTICATING, AUTHENTICATED, SUBSCRIBED)

PATIENCE_US = 10_000_000  # to authenticate
MESSAGES, MESSAGES_PER_US = 50, 5_000_000


@dataclass(frozen=True, slots=True)
class Send:
    """A message to the client."""

    payload: bytes


@dataclass(frozen=True, slots=True)
class Close:
    """The end, with the contract's code."""

    code: int
    reason: str


@dataclass(frozen=True, slots=True)
class Verify:
    """Ask whose token it is, then call `verified`."""

    token: str


@dataclass(frozen=True, slots=True)
class Join:
    """Send the snapshot of the channel, then its updates."""

    channel: str
    board: str
    since: Since | None
    ident: Any


@dataclass(frozen=True, slots=True)
class Leave:
    """No more updates of the channel."""

    channel: str


Effect = Send | Close | Verify | Join | Leave


@dataclass(slots=True)
class Connection:
    """One socket. `boards` says of each board whether it is public."""

    boards: dict[str, bool]
    default_board: str
    state: str = CONNECTING
    claims: Claims | None = None
    channels: set[str] = field(default_factory=set)
    deadline_us: int = 0
    arrival_us: int = 0  # of the message budget (GCRA)

    def opened(self, now_us: int) -> None:
        self.state = CONNECTED
        self.deadline_us = now_us + PATIENCE_US

    def received(self, message: Message, now_us: int) -> list[Effect]:
        """What a client's message leads to."""
        if not self._within_budget(now_us):
            return [Close(TOO_MANY, "too many messages")]
        if isinstance(message, Authenticate):
            return self._authenticate(message)
        if isinstance(message, Subscribe):
            return self._subscribe(message)
        if isinstance(message, Unsubscribe):
            return self._unsubscribe(message, now_us)
        return self._pong(message, now_us)

    def _within_budget(self, now_us: int) -> bool:
        after = max(self.arrival_us, now_us) + MESSAGES_PER_US // MESSAGES
        if after > now_us + MESSAGES_PER_US:
            return False
        self.arrival_us = after
        return True

    def _authenticate(self, message: Authenticate) -> list[Effect]:
        if self.claims is not None or self.state == AUTHENTICATING:
            return [Close(BAD_MESSAGE, "authenticate once")]
        self.state = AUTHENTICATING
        return [Verify(message.token)]

    def verified(self, claims: Claims | None) -> list[Effect]:
        """The answer to `Verify`."""
        if claims is None:
            return [Close(BAD_TOKEN, "invalid token")]
        self.claims = claims
        self.state = SUBSCRIBED if self.channels else AUTHENTICATED
        user = UserName(id=claims.user_id, username=claims.username, roles=sorted(claims.roles))
        return [Send(frames.authenticated(user, claims.expires_us))]

    def _subscribe(self, message: Subscribe) -> list[Effect]:
        board = message.board or self.default_board
        if message.channel not in frames.CHANNELS or message.window not in (None, "current"):
            detail = f"there is no channel {message.channel!r} with that window"
            return [Send(frames.error("NOT_FOUND", detail, message.id))]
        if message.channel != USER and board not in self.boards:
            return [Send(frames.error("NOT_FOUND", f"there is no board {board!r}", message.id))]
        if self.claims is None and (message.channel == USER or not self.boards[board]):
            return [Close(BAD_TOKEN, "authenticate first")]
        self.channels.add(message.channel)
        self.state = SUBSCRIBED
        return [Join(message.channel, board, message.since, message.id)]

    def _unsubscribe(self, message: Unsubscribe, now_us: int) -> list[Effect]:
        if message.channel not in frames.CHANNELS:
            detail = f"there is no channel {message.channel!r}"
            return [Send(frames.error("NOT_FOUND", detail, message.id))]
        self.channels.discard(message.channel)
        if not self.channels and self.state == SUBSCRIBED:
            self.state = AUTHENTICATED if self.claims is not None else CONNECTED
            self.deadline_us = now_us + PATIENCE_US
        return [Leave(message.channel), Send(frames.unsubscribed(message.channel, message.id))]

    def _pong(self, message: Ping, now_us: int) -> list[Effect]:
        return [Send(frames.pong(now_us, message.id))]

    def garbled(self) -> list[Effect]:
        """Bad JSON, an unknown type, binary."""
        return [Close(BAD_MESSAGE, "bad message")]

    def ended(self, reason: str) -> list[Effect]:
        """The session is over: logged_out, expired, disabled or revoked."""
        return [Send(frames.session_ended(reason)), Close(BAD_TOKEN, reason)]

    def due_us(self) -> int:
        """When `tick` should be asked next."""
        return self.claims.expires_us if self.claims is not None else self.deadline_us

    def tick(self, now_us: int) -> list[Effect]:
        """What time alone leads to. Pings do not extend the time to authenticate."""
        if self.claims is not None:
            return self.ended("expired") if now_us >= self.claims.expires_us else []
        if self.state == CONNECTED and now_us >= self.deadline_us:
            return [Close(SILENT, "authenticate within 10 s")]
        return []
