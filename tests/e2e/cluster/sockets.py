"""A player's socket by the Python client: it comes back by itself and resumes; all of it recorded."""

import time
from dataclasses import dataclass, field

from tests.e2e.instance import until

from scoreboard_client import (
    Event,
    Lost,
    Scoreboard,
    ScoreboardError,
    SocketError,
    Standings,
    Subscribed,
    UserScore,
)
from scoreboard_runtime.contract.frames import RESTART

CHANNELS = ("scoreboard", "user")
Place = tuple[str, int]  # epoch, sequence


@dataclass(slots=True)
class Visit:
    """From the first subscription to the close."""

    away: float = 0.0  # seconds without a subscription before it
    refused: list[str] = field(default_factory=list)  # handshakes before it that came to nothing
    code: int | None = None
    subscribed: set[str] = field(default_factory=set)
    recovered: bool = True  # nothing was missed on either channel, said the server

    @property
    def there(self) -> bool:
        return self.subscribed == set(CHANNELS)


@dataclass(slots=True)
class Resuming:
    """One player's socket on both channels."""

    player: Scoreboard
    visits: list[Visit] = field(default_factory=list)
    last: dict[str, Place] = field(default_factory=dict)  # by channel
    score: int = 0
    faults: list[str] = field(default_factory=list)
    _left: float = field(default_factory=time.monotonic)
    _here: bool = False
    _refused: list[str] = field(default_factory=list)

    @property
    def there(self) -> bool:
        return bool(self.visits) and self._here and self.visits[-1].there

    async def run(self) -> None:
        """For ever."""
        try:
            async for event in self.player.events():
                self._hear(event)
        except ScoreboardError as error:
            self.faults.append(str(error))

    # --- what is told ------------------------------------------------------------------
    def _hear(self, event: Event) -> None:
        if isinstance(event, Lost):
            self._lost(event)
        elif isinstance(event, Subscribed):
            self._joined(event)
        elif isinstance(event, Standings):
            self.last["scoreboard"] = (event.epoch, event.sequence)
        elif isinstance(event, UserScore):
            self._scored(event)
        elif isinstance(event, SocketError):
            self.faults.append(str(event))

    def _lost(self, event: Lost) -> None:
        """The end of a visit; without one, and with a code, it is a visit that came to nothing."""
        if event.code is None:
            self._refused.append(f"{time.strftime('%X')} {event.why}")
            return
        if not self._here:
            self.visits.append(Visit())
        self.visits[-1].code = event.code
        self._here, self._left = False, time.monotonic()

    def _joined(self, event: Subscribed) -> None:
        if not self._here:
            self.visits.append(Visit(refused=self._refused))
            self._here, self._refused = True, []
        visit, known = self.visits[-1], self.last.get(event.channel)
        visit.subscribed.add(event.channel)
        visit.recovered = visit.recovered and event.recovered
        if visit.there:
            visit.away = time.monotonic() - self._left
        place = (event.epoch, event.sequence)
        if known is not None and event.recovered != (known == place):
            self.faults.append(f"recovered is wrong: since {known}, {event}")
        if known is not None and known[0] == place[0] and place[1] < known[1]:
            self.faults.append(f"a snapshot older than what was seen: {known}, {event}")
        if event.channel == "user":
            self.score = event.score or 0
        self.last[event.channel] = place

    def _scored(self, event: UserScore) -> None:
        """Each change of a score is told, one after the other."""
        expected = self.last["user"][1] + 1, self.score + event.delta
        if (event.sequence, event.score) != expected:
            self.faults.append(f"missed: {expected} was due, came {event}")
        self.score = event.score
        self.last["user"] = (event.epoch, event.sequence)

    # --- what must be true in the end -----------------------------------------------------
    async def reaches(self, score: int) -> None:
        await until(lambda: self.there and self.score == score, f"it is told of {score}", 15.0)

    def check(self) -> None:
        """It was only ever closed by the contract's 1012, was never refused, and missed nothing."""
        assert not self.faults, self.faults[0]
        assert {visit.code for visit in self.visits[:-1]} <= {RESTART}, str(self.visits)
        assert all(visit.there and not visit.refused for visit in self.visits), str(self.visits)
