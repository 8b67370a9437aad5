"""What happened elsewhere, to those who watch: the board conflated, a user's own in full."""

import asyncio
from dataclasses import dataclass, field
from typing import NamedTuple

import structlog

from scoreboard_runtime.broadcaster.client import Client, now_us
from scoreboard_runtime.broadcaster.hub import Hub
from scoreboard_runtime.contract import frames, metrics
from scoreboard_runtime.contract.board import DEFAULT_WINDOW, Board
from scoreboard_runtime.contract.changes import (
    Change,
    Header,
    Ranked,
    decode_changes,
    decode_header,
)
from scoreboard_runtime.contract.snapshots import Snapshot
from scoreboard_runtime.contract.traces import parse, trace_of
from scoreboard_runtime.process.tracing import CONSUMER, Span, Tracer
from scoreboard_runtime.rules.activity import Activity
from scoreboard_runtime.rules.conflation import Conflation
from scoreboard_runtime.stores import valkey
from scoreboard_runtime.stores.errors import StoreUnavailable
from scoreboard_runtime.stores.standings import Standings

log = structlog.get_logger()
STAGES = ("commit_to_push", "admit_to_push")  # of a job's way, those that end here
PROBE = 1.0  # seconds after which the board is read again though nothing was heard


class _Unshown(NamedTuple):
    """A change that a frame to come will show; `span`: where it is traced."""

    header: Header
    change: Change
    span: Span | None

    def is_in(self, snapshot: Snapshot) -> bool:
        header = self.header
        return header.epoch != snapshot.epoch or header.sequence <= snapshot.sequence


@dataclass(slots=True)
class Feed:
    """One board's news."""

    hub: Hub
    board: Board
    standings: Standings
    client: valkey.Client
    channel: str
    conflation: Conflation
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    shown: Snapshot | None = None
    heard: Header | None = None
    unshown: list[_Unshown] = field(default_factory=list)
    tracer: Tracer | None = None
    activity: Activity = field(default_factory=Activity)

    def __post_init__(self) -> None:
        # Exposed as 0 from the start: to Prometheus the first value of a series is no increase.
        for stage in STAGES:
            self.hub.telemetry.child(metrics.JOB_DURATION, stage)

    # --- the board ---------------------------------------------------------------
    async def show(self) -> None:
        """Sends every version of the board that matters: first at once, then at a rate."""
        while True:
            try:
                async with asyncio.timeout(PROBE):
                    await self.changed.wait()
            except TimeoutError:
                pass
            self.changed.clear()
            await asyncio.sleep(self.conflation.wait(now_us()) / 1e6)
            try:
                await self._show_once()
            except StoreUnavailable as error:
                log.debug("board_not_read", why=str(error))

    async def _show_once(self) -> None:
        page = await self.standings.page(self.board, DEFAULT_WINDOW, 0, self.board.size)
        snapshot, shown = page.snapshot, self.shown
        if shown is not None and shown.epoch == snapshot.epoch:
            if snapshot.sequence <= shown.sequence:
                return
        elif shown is not None and shown.entries == snapshot.entries:
            self.shown = snapshot  # another epoch of the same standings: nothing to show
            return
        self.shown = snapshot
        now = now_us()
        self.conflation.sent(now)
        ident = frames.event_id(snapshot.epoch, snapshot.sequence)
        await self.hub.broadcast(frames.scoreboard_updated(snapshot, now), ident)
        self._observe(now, snapshot)

    def _observe(self, now: int, snapshot: Snapshot) -> None:
        shown = [item for item in self.unshown if item.is_in(snapshot)]
        self.unshown = [item for item in self.unshown if not item.is_in(snapshot)]
        oldest = min((item.change for item in shown), key=lambda c: c.submitted_us, default=None)
        for _, change, span in shown:
            if span is not None:
                self._end(span, len(self.hub.watchers), sequence=snapshot.sequence)
            for stage, before in zip(
                STAGES, (change.committed_us, change.submitted_us), strict=True
            ):
                self.hub.telemetry.observe(
                    metrics.JOB_DURATION,
                    stage,
                    seconds=max(0, now - before) / 1e6,
                    # One exemplar of a frame is enough.
                    request=change.request if change is oldest else "",
                    trace=trace_of(change.trace) if change is oldest else "",
                )

    # --- traces ------------------------------------------------------------------
    def _frame(self, kind: str, change: Change) -> Span | None:
        """The span of a traced change's frame, from hearing of it until it is written."""
        parent = parse(change.trace) if self.tracer is not None and change.trace else None
        if parent is None or self.tracer is None:
            return None
        span = self.tracer.child(f"frame {kind}", parent, CONSUMER)
        span.attributes["scoreboard.request_id"] = change.request
        return span

    @staticmethod
    def _end(span: Span, sockets: int, **more: int) -> None:
        """The frame is written; to nobody is to be no frame."""
        if sockets:
            known = {"sockets": sockets, **more}
            span.attributes.update({f"scoreboard.{name}": n for name, n in known.items()})
            span.end()

    # --- how much is played ------------------------------------------------------
    async def murmur(self) -> None:
        """Once a second, to who asked for it."""
        while True:
            await asyncio.sleep(1.0)
            rate = self.activity.news(now_us())
            if rate is not None:
                self.hub.murmur(frames.activity(self.board.name, rate, now_us()))

    # --- users -------------------------------------------------------------------
    def _tell(self, ranked: Ranked, epoch: str) -> None:
        change = ranked.change
        clients = tuple(self.hub.users.get(change.user, ()))
        span = self._frame("job_finished", change) if clients else None
        for client in clients:
            self.tell_client(client, ranked, epoch)
        if span is not None:
            self._end(span, len(clients))

    def tell_client(self, client: Client, ranked: Ranked, epoch: str) -> None:
        """A change to its user's socket: the score if it is newer than what was sent, the job."""
        change = ranked.change
        parts = []
        if change.version > client.version:
            parts.append(client.frame(frames.user_score_updated(self.board.name, epoch, ranked)))
            self.hub.telemetry.count(metrics.FRAMES, "user_score_updated", "sent")
        if change.job:
            parts.append(client.frame(frames.job_finished(ranked)))
            self.hub.telemetry.count(metrics.FRAMES, "job_finished", "sent")
        if not client.ready:
            client.waiting.append((change.version, b"".join(parts)))
            return
        client.version = max(client.version, change.version)
        self.hub.send(client, b"".join(parts))

    async def heal(self) -> None:
        """After lost messages: each user's changes since the last that was sent."""
        for user, clients in tuple(self.hub.users.items()):
            standing = await self.standings.user(self.board, DEFAULT_WINDOW, user)
            for client in tuple(clients):
                if client.ready and standing.version > client.version:
                    missed = await self.standings.history_since(
                        user, self.board, DEFAULT_WINDOW, client.version
                    )
                    for ranked in missed:
                        last = ranked.change.version == standing.version
                        known = Ranked(ranked.change, standing.rank if last else None, None)
                        self.tell_client(client, known, standing.epoch)

    # --- hearing -----------------------------------------------------------------
    async def listen(self) -> None:
        """Hears of every published batch, for ever; what may have been missed is healed."""
        while True:
            try:
                async for message in valkey.listen(self.client, self.channel):
                    await self._hear(message)
            except valkey.LISTEN_ERRORS as error:
                log.warning("changes_not_heard", why=type(error).__name__)
            await asyncio.sleep(0.2)

    async def _hear(self, message: bytes | None) -> None:
        if message is None:
            self.heard = None
            await self._heal_safely()
            return
        header = decode_header(message)
        if header.board != self.board.name:
            return
        lost = self._lost(header)
        self.heard = header
        shown = self.shown
        news = shown is None or (header.epoch, header.sequence) != (shown.epoch, shown.sequence)
        if self.hub.users or self.hub.watchers:
            header, ranked = decode_changes(message)
            self.activity.heard(sum(bool(item.change.job) for item in ranked), now_us())
            for item in ranked:
                self._tell(item, header.epoch)
                if news and len(self.unshown) < 1000:
                    span = self._frame("scoreboard_updated", item.change)
                    self.unshown.append(_Unshown(header, item.change, span))
        if news:
            self.changed.set()
        if lost:
            await self._heal_safely()

    def _lost(self, header: Header) -> bool:
        heard = self.heard
        return heard is not None and (
            header.epoch != heard.epoch or header.revision != heard.revision + 1
        )

    async def _heal_safely(self) -> None:
        self.changed.set()
        try:
            await self.heal()
        except StoreUnavailable as error:
            log.warning("not_healed", why=str(error))
