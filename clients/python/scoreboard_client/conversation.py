"""The client's end of a socket (contract, section 1.4): frames in, events out; pure.

What was seen is kept from one connection to the next, so that it resumes by `since` and nothing
that comes out goes back in time.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from scoreboard_client.models import (
    Event,
    Job,
    JobFinished,
    SocketError,
    Standings,
    Subscribed,
    UserScore,
)

SCOREBOARD, USER = "scoreboard", "user"
SUBPROTOCOL = "scoreboard.v1"
BAD_TOKEN = 4401
NEEDS_A_FIX = frozenset({4400, 4403})  # the same again would end the same

DISCONNECTED, CONNECTING, CONNECTED = "Disconnected", "Connecting", "Connected"
AUTHENTICATING, AUTHENTICATED, SUBSCRIBED = "Authenticating", "Authenticated", "Subscribed"

Json = Mapping[str, Any]
Message = dict[str, Any]


def after(code: int | None) -> Literal["stop", "token", "again"]:
    """What a close asks for; None: the connection was lost without one."""
    if code in NEEDS_A_FIX:
        return "stop"
    return "token" if code == BAD_TOKEN else "again"


@dataclass(slots=True)
class Conversation:
    """One watcher over all its connections; `state` is one of the flow's six."""

    board: str | None
    channels: tuple[str, ...]
    state: str = DISCONNECTED
    since: dict[str, tuple[str, int]] = field(default_factory=dict)
    subscribed: set[str] = field(default_factory=set)

    def connecting(self) -> None:
        self.state, self.subscribed = CONNECTING, set()

    def opened(self, token: str | None) -> list[Message]:
        """What to say first."""
        self.state = CONNECTED
        if token is None:
            return [self._subscribe(channel) for channel in self.channels if channel != USER]
        self.state = AUTHENTICATING
        return [{"type": "authenticate", "token": token}]

    def lost(self) -> None:
        self.state = DISCONNECTED

    @property
    def whole(self) -> bool:
        """Every channel is watched."""
        return self.state == SUBSCRIBED and self.subscribed == set(self.channels)

    def _subscribe(self, channel: str) -> Message:
        message: Message = {"type": "subscribe", "channel": channel}
        if channel == SCOREBOARD and self.board is not None:
            message["board"] = self.board
        if channel in self.since:
            epoch, sequence = self.since[channel]
            message["since"] = {"epoch": epoch, "sequence": sequence}
        return message

    def received(self, frame: Json) -> tuple[list[Message], list[Event]]:
        """What to answer, and what to tell; a type that is not known is a newer server's."""
        kind = frame["type"]
        if kind == "authenticated":
            self.state = AUTHENTICATED
            return [self._subscribe(channel) for channel in self.channels], []
        return [], list(self._told(kind, frame))

    def _told(self, kind: str, frame: Json) -> Iterator[Event]:
        if kind == "subscribed":
            yield from self._joined(frame)
        elif kind == "scoreboard_updated":
            if self._advances(SCOREBOARD, frame):
                yield Standings.of(frame)
        elif kind == "user_score_updated":
            if self._advances(USER, frame):
                yield UserScore.of(frame)
        elif kind == "job_finished":
            yield JobFinished(Job.of(frame))
        elif kind == "error":
            yield SocketError(frame["code"], frame["detail"])

    def _joined(self, frame: Json) -> Iterator[Event]:
        """The snapshot heals a gap; one that was seen, or is older, tells nothing new."""
        self.state = SUBSCRIBED
        channel, snapshot = frame["channel"], frame["snapshot"]
        self.subscribed.add(channel)
        told = (channel, frame["epoch"], frame["sequence"], frame["recovered"])
        new = self._advances(channel, frame)
        if channel == USER:
            pending = tuple(snapshot["pendingJobs"])
            yield Subscribed(*told, snapshot["score"], snapshot["rank"], pending)
            return
        yield Subscribed(*told)
        if new:
            yield Standings.of(snapshot)

    def _advances(self, channel: str, frame: Json) -> bool:
        """Whether it is newer than what was seen, which it then is."""
        known, place = self.since.get(channel), (frame["epoch"], frame["sequence"])
        if known is not None and known[0] == place[0] and place[1] <= known[1]:
            return False
        self.since[channel] = place
        return True
