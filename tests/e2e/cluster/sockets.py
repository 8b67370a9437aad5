"""A socket as the page has it: it comes back by itself and resumes by `since`; all of it recorded."""

import asyncio
import random
import time
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from tests.e2e.instance import until

from scoreboard_runtime.contract.endpoints import SUBPROTOCOL
from scoreboard_runtime.contract.frames import RESTART
from scoreboard_runtime.local.player import Player

JITTER = (0.02, 0.2)  # seconds until it comes back
CHANNELS = ("scoreboard", "user")
Frame = dict[str, Any]


@dataclass(slots=True)
class Visit:
    """From a handshake to its close."""

    away: float = 0.0  # seconds without a subscription before it
    refused: list[str] = field(default_factory=list)  # handshakes before it that came to nothing
    code: int | None = None
    subscribed: set[str] = field(default_factory=set)
    recovered: bool = False  # nothing was missed on either channel, said the server

    @property
    def there(self) -> bool:
        return self.subscribed == set(CHANNELS)


@dataclass(slots=True)
class Resuming:
    """One player's socket on both channels."""

    http: aiohttp.ClientSession
    player: Player
    visits: list[Visit] = field(default_factory=list)
    last: dict[str, Frame] = field(default_factory=dict)  # by channel: epoch, sequence
    score: int = 0
    faults: list[str] = field(default_factory=list)
    _left: float = field(default_factory=time.monotonic)

    @property
    def there(self) -> bool:
        return bool(self.visits) and self.visits[-1].there

    async def run(self) -> None:
        """For ever."""
        refused: list[str] = []
        while True:
            try:
                async with self.http.ws_connect("/ws", protocols=[SUBPROTOCOL]) as socket:
                    self.visits.append(Visit(refused=refused))
                    refused = []
                    await self._watch(socket, self.visits[-1])
                    self.visits[-1].code = socket.close_code
            except (aiohttp.ClientError, TimeoutError, OSError) as error:
                refused.append(f"{time.strftime('%X')} {type(error).__name__} {error}")
            await asyncio.sleep(random.uniform(*JITTER))

    async def _watch(self, socket: aiohttp.ClientWebSocketResponse, visit: Visit) -> None:
        await socket.send_json({"type": "authenticate", "token": self.player.session["token"]})
        for channel in CHANNELS:
            since = self.last.get(channel)
            await socket.send_json({"type": "subscribe", "channel": channel, "since": since})
        async for message in socket:
            if message.type is aiohttp.WSMsgType.TEXT:
                self._hear(message.json(), visit)
        self._left = time.monotonic()

    # --- what is told ------------------------------------------------------------------
    def _hear(self, frame: Frame, visit: Visit) -> None:
        kind = frame["type"]
        if kind == "subscribed":
            self._joined(frame, visit)
        elif kind == "scoreboard_updated":
            self._advance("scoreboard", frame)
        elif kind == "user_score_updated":
            self._scored(frame)
        elif kind in ("error", "session_ended"):
            self.faults.append(str(frame))

    def _joined(self, frame: Frame, visit: Visit) -> None:
        channel, known = frame["channel"], self.last.get(frame["channel"])
        visit.subscribed.add(channel)
        if channel == "user":
            self.score = frame["snapshot"]["score"]
        if visit.there:
            visit.away = time.monotonic() - self._left
        same = known == {"epoch": frame["epoch"], "sequence": frame["sequence"]}
        if known is not None and frame["recovered"] != same:
            self.faults.append(f"recovered is wrong: since {known}, {frame}")
        kept = known is not None and known["epoch"] == frame["epoch"]
        if known is not None and kept and frame["sequence"] < known["sequence"]:
            self.faults.append(f"a snapshot older than what was seen: {known}, {frame}")
        visit.recovered = bool(frame["recovered"]) and (
            visit.recovered or len(visit.subscribed) == 1
        )
        self._advance(channel, frame)

    def _scored(self, frame: Frame) -> None:
        """Each change of a score is told, one after the other."""
        expected = self.last["user"]["sequence"] + 1, self.score + frame["delta"]
        if (frame["sequence"], frame["score"]) != expected:
            self.faults.append(f"missed: {expected} was due, came {frame}")
        self.score = frame["score"]
        self._advance("user", frame)

    def _advance(self, channel: str, frame: Frame) -> None:
        """What has a sequence that was seen already is ignored, as the contract lets a client."""
        known = self.last.get(channel)
        same = known is not None and known["epoch"] == frame["epoch"]
        if known is None or not same or frame["sequence"] > known["sequence"]:
            self.last[channel] = {"epoch": frame["epoch"], "sequence": frame["sequence"]}

    # --- what must be true in the end -----------------------------------------------------
    async def reaches(self, score: int) -> None:
        await until(lambda: self.there and self.score == score, f"it is told of {score}", 15.0)

    def check(self) -> None:
        """It was only ever closed by the contract's 1012, was never refused, and missed nothing."""
        assert not self.faults, self.faults[0]
        assert {visit.code for visit in self.visits[:-1]} <= {RESTART}, str(self.visits)
        assert all(visit.there and not visit.refused for visit in self.visits), str(self.visits)
