"""A lane: one quick namespace, a proxy, an operator behind it. Several may run side by side."""

import asyncio
import json
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

from tests.e2e.cluster import ends
from tests.e2e.cluster.proxy import Cut, Proxy, Upstream, Write, proxied
from tests.e2e.cluster.quick import Pods, quick
from tests.e2e.cluster.replicas import Replica, replica
from tests.e2e.instance import until

from scoreboard_operator import kinds

CALM, SOON = 0.7, 120.0  # a busy machine takes long to start a process
Change = Callable[[], Awaitable[Any]]
At = Callable[[Write], bool]


async def _go_on(_: Write) -> None:
    return None


def doubled(writes: list[Write]) -> dict[str, int]:
    """What was created more than once; Events have names of chance."""
    made = Counter(write.what for write in writes if write.status == 201)
    return {what: count for what, count in made.items() if count > 1 and what != "events"}


@dataclass(slots=True)
class Lane:
    """Everything that one board under one operator needs."""

    server: Upstream
    pods: Pods
    proxy: Proxy
    replica: Replica

    @property
    def namespace(self) -> str:
        return self.pods.namespace

    async def create(self, manifest: Any) -> Any:
        return await self.server.call("POST", kinds.SCOREBOARD.path(self.namespace), manifest)

    async def patch(self, board: str, change: Any) -> Any:
        return await self.server.call("PATCH", kinds.SCOREBOARD.path(self.namespace, board), change)

    async def delete(self, board: str) -> None:
        await self.server.call("DELETE", kinds.SCOREBOARD.path(self.namespace, board))

    async def board(self, name: str) -> Any:
        return await self.server.find(kinds.SCOREBOARD, self.namespace, name)

    async def role(self) -> str:
        """leader, standby, or empty while the process does not answer."""
        return str((await self.replica.health()).get("role", ""))

    async def leads(self, seconds: float = SOON) -> None:
        async def so() -> bool:
            return await self.role() == "leader"

        await until(so, "it leads", seconds)

    async def condition(self, board: str, kind: str) -> Any:
        found = ((await self.board(board)) or {}).get("status", {}).get("conditions", [])
        return next((each for each in found if each["type"] == kind), {})

    async def is_ready(self, board: str) -> bool:
        found = await self.board(board)
        status = found.get("status", {})
        told = {each["type"]: each["status"] for each in status.get("conditions", [])}
        current = status.get("observedGeneration") == found["metadata"]["generation"]
        return current and told.get("Ready") == "True"

    async def settled(self, board: str, seconds: float = SOON) -> None:
        """Ready in the eyes of the operator that runs now, and nothing more is written."""
        seen, since = -1, 0.0

        async def calm() -> bool:
            nonlocal seen, since
            if seen != len(self.proxy.writes) or not await self.is_ready(board):
                seen, since = len(self.proxy.writes), time.monotonic()
            return time.monotonic() - since > CALM

        try:
            await until(lambda: self.replica.looked(board), f"{board} was looked at", seconds)
            await until(calm, f"{board} is ready", seconds)
        except AssertionError as error:
            found = (await self.board(board)).get("status", {})
            pods = await self.server.list(kinds.POD, self.namespace)
            told = {pod["metadata"]["name"]: pod["status"].get("phase") for pod in pods}
            error.add_note(json.dumps({"pods": told, **found}, indent=1))
            raise

    async def end(self, board: str, version: str = "0.1.0") -> list[str]:
        return await ends.end(self.server, self.namespace, board, version)

    async def ends_as(self, wanted: list[str], board: str, version: str = "0.1.0") -> None:
        """The same end, down to each field; controllers may need a moment after the operator."""
        told = ""

        async def same() -> bool:
            nonlocal told
            told = ends.difference(wanted, await self.end(board, version))
            return not told

        try:
            await until(same, "the same end", 30)
        except AssertionError:
            raise AssertionError(f"{board} ended differently:\n{told}") from None

    async def keys(self, board: str) -> Any:
        found = await self.server.find(kinds.SECRET, self.namespace, f"{board}-keys")
        return found and found["data"]

    def begin(self, board: str) -> None:
        """Counts anew, only what is about this board."""
        self.proxy.writes.clear()
        self.proxy.before = self.proxy.after = _go_on
        told = board.encode()
        self.proxy.counts = lambda path, body: board in path or told in body

    def doubled(self) -> dict[str, int]:
        """What was created more than once since `begin`."""
        return doubled(self.proxy.writes)

    def keys_written(self, board: str) -> set[str]:
        """Every content of the keys' Secret that reached the server since `begin`."""
        what = f"secrets/{board}-keys"
        written = [w for w in self.proxy.writes if w.what == what and 0 < w.status < 400]
        return {json.dumps(json.loads(write.body)["data"]) for write in written}

    async def crash(self, board: str, at: At, side: str, change: Change) -> Write | None:
        """Makes a change, kills the operator `before` the write that `at` picks is forwarded or
        `after` the server has answered it, starts it again, waits. The write; None if none was."""
        struck: list[Write] = []
        happened = asyncio.Event()

        async def strike(write: Write) -> None:
            if not struck and at(write):
                self.replica.kill()
                struck.append(write)
                happened.set()
                raise Cut

        self.begin(board)
        setattr(self.proxy, side, strike)
        await change()
        settling = asyncio.create_task(self.settled(board))
        waiting = asyncio.create_task(happened.wait())
        await asyncio.wait({settling, waiting}, return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        if struck:
            await self.replica.ended()
            self.proxy.before = self.proxy.after = _go_on
            await self.replica.start()
        await settling
        return struck[0] if struck else None


@asynccontextmanager
async def lane(
    server: Upstream, prefix: str = "crash", identity: str = "operator-0", **env: str
) -> AsyncIterator[Lane]:
    """With an operator that is not started yet."""
    async with (
        quick(server, prefix) as pods,
        proxied(server) as proxy,
        replica(proxy, pods.namespace, identity, **env) as process,
    ):
        yield Lane(server, pods, proxy, process)


@asynccontextmanager
async def pair(server: Upstream) -> AsyncIterator[tuple[Lane, Lane]]:
    """Two replicas for one namespace, each behind a proxy of its own; not started yet."""
    async with (
        lane(server, "pair", identity="operator-a") as first,
        proxied(server) as proxy,
        replica(proxy, first.namespace, "operator-b") as second,
    ):
        yield first, Lane(server, first.pods, proxy, second)


@asynccontextmanager
async def lanes(server: Upstream, count: int) -> AsyncIterator[list[Lane]]:
    """With operators that run."""
    async with AsyncExitStack() as stack:
        found = [await stack.enter_async_context(lane(server)) for _ in range(count)]
        for each in found:
            await each.replica.start()
        yield found
