"""Who is connected: by board, by user, by session; the same bytes to all who watch."""

import asyncio
import contextlib
import heapq
import itertools
import time
from collections.abc import Iterable

from scoreboard_runtime.broadcaster.client import Client, now_us
from scoreboard_runtime.broadcaster.wire import Framed, framed
from scoreboard_runtime.contract import metrics
from scoreboard_runtime.contract.frames import ACTIVITY, RESTART, SCOREBOARD, SLOW, USER
from scoreboard_runtime.process.telemetry import Telemetry
from scoreboard_runtime.rules.connection import Close, Effect, Send

TICK = 0.1
YIELD_EVERY = 500  # writes after which others get the loop
PING_EVERY = 25
GOODBYES = 1.0  # seconds for the last clients' answers when all are closed


class Hub:
    """Every client of this process."""

    def __init__(self, telemetry: Telemetry) -> None:
        self.telemetry = telemetry
        self.clients: set[Client] = set()
        self.watchers: set[Client] = set()
        self.curious: set[Client] = set()  # who wants to know how much is played
        self.users: dict[str, set[Client]] = {}
        self.sessions: dict[str, set[Client]] = {}
        self.latest: Framed | None = None  # the newest version of the board
        self.leaving = False  # nobody new is let in
        self._behind: set[Client] = set()
        self._due: list[tuple[int, int, Client]] = []
        self._order = itertools.count()

    # --- who is there ------------------------------------------------------------
    def enter(self, client: Client) -> None:
        self.clients.add(client)
        self.schedule(client)

    def leave(self, client: Client) -> None:
        for group in (self.clients, self.watchers, self.curious, self._behind):
            group.discard(client)
        claims = client.connection.claims
        if claims is not None:
            self._drop(self.users, claims.user_id, client)
            self._drop(self.sessions, claims.session_id, client)

    @staticmethod
    def _drop(index: dict[str, set[Client]], key: str, client: Client) -> None:
        found = index.get(key)
        if found is not None:
            found.discard(client)
            if not found:
                del index[key]

    def join(self, client: Client, channel: str) -> None:
        claims = client.connection.claims
        if channel == SCOREBOARD:
            self.watchers.add(client)
        elif channel == ACTIVITY:
            self.curious.add(client)
        elif claims is not None:
            self.users.setdefault(claims.user_id, set()).add(client)

    def quit(self, client: Client, channel: str) -> None:
        claims = client.connection.claims
        if channel == SCOREBOARD:
            self.watchers.discard(client)
            client.outbox.board = False
        elif channel == ACTIVITY:
            self.curious.discard(client)
        elif channel == USER and claims is not None:
            self._drop(self.users, claims.user_id, client)
            client.ready = False
        self.schedule(client)  # who watches nothing any more has to authenticate in time again

    def signed_in(self, client: Client) -> None:
        claims = client.connection.claims
        if claims is not None:
            self.sessions.setdefault(claims.session_id, set()).add(client)
            self.schedule(client)

    def moved(self, before: str | None, after: str | None) -> None:
        """Keeps the gauge: each socket is in one state."""
        if before != after:
            if before is not None:
                self.telemetry.child(metrics.CONNECTIONS, before).dec()
            if after is not None:
                self.telemetry.child(metrics.CONNECTIONS, after).inc()

    # --- what is sent ------------------------------------------------------------
    async def broadcast(self, payload: bytes, ident: str) -> None:
        """One version of the board to everybody who watches; `ident` is where a stream resumes."""
        version = self.latest = framed(payload, ident)
        started, sent, skipped = time.perf_counter(), 0, 0
        for number, client in enumerate(tuple(self.watchers), 1):
            if client.write_board(version):
                sent += 1
            else:
                skipped += 1
                self._behind.add(client)
            if number % YIELD_EVERY == 0:
                await asyncio.sleep(0)
        self.telemetry.observe(metrics.FANOUT, seconds=time.perf_counter() - started)
        self.telemetry.count(metrics.FRAMES, "scoreboard_updated", "sent", by=sent)
        self.telemetry.count(metrics.FRAMES, "scoreboard_updated", "skipped", by=skipped)

    def murmur(self, payload: bytes) -> None:
        """To the curious, as far as they keep up."""
        message = framed(payload)
        for client in self.curious:
            client.offer(message)

    def send(self, client: Client, frames: bytes) -> None:
        """A client's own frames, in one write; one that is owed too much is closed."""
        if not client.write(frames):
            self.close(client, SLOW, "too slow")
        elif client.outbox.behind:
            self._behind.add(client)

    def close(self, client: Client, code: int, reason: str) -> None:
        """Closes; once."""
        if client.closing:
            return
        self.watchers.discard(client)
        self.curious.discard(client)
        self._behind.discard(client)
        self.telemetry.count(metrics.CLOSES, str(code))
        client.close(code, reason)

    def perform(self, client: Client, effects: Iterable[Effect]) -> None:
        """The effects that need nobody's answer."""
        for effect in effects:
            if isinstance(effect, Send):
                self.send(client, client.frame(effect.payload))
            elif isinstance(effect, Close):
                self.close(client, effect.code, effect.reason)

    def session_over(self, session_id: str, reason: str) -> None:
        """Called when a session ended anywhere."""
        for client in tuple(self.sessions.pop(session_id, ())):
            self.perform(client, client.connection.ended(reason))

    # --- time --------------------------------------------------------------------
    def schedule(self, client: Client) -> None:
        heapq.heappush(self._due, (client.connection.due_us(), next(self._order), client))

    def _expire(self, now: int) -> None:
        while self._due and self._due[0][0] <= now:
            _, _, client = heapq.heappop(self._due)
            if client in self.clients:
                effects = client.connection.tick(now)
                self.perform(client, effects)
                if not effects and client.connection.due_us() > now:
                    self.schedule(client)

    def _catch_up(self, now: int) -> None:
        for client in tuple(self._behind):
            if client.outbox.too_slow(now):
                self.close(client, SLOW, "too slow")
            elif client.catch_up(self.latest):
                self._behind.discard(client)

    async def tick(self) -> None:
        """Deadlines, expiries, slow clients and pings, for ever."""
        for number in itertools.count():
            now = now_us()
            self._expire(now)
            self._catch_up(now)
            if number % 10 == 0:
                self._ping(number // 10 % PING_EVERY)
            await asyncio.sleep(TICK)

    def _ping(self, slot: int) -> None:
        """A ping to a part of the clients each second: all of them within 25 s."""
        for client in tuple(self.clients):
            if id(client) // 64 % PING_EVERY == slot and not client.outbox.behind:
                client.write(client.heartbeat)

    async def drain(self, seconds: float) -> None:
        """Closes all with 1012, spread over the time, so that they do not all come back at once."""
        self.leaving = True
        clients = tuple(self.clients)
        for number, client in enumerate(clients, 1):
            self.close(client, RESTART, "restarting")
            if number % 50 == 0:
                await asyncio.sleep(seconds * 50 / len(clients))
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(GOODBYES):
                while self.clients:
                    await asyncio.sleep(0.02)
