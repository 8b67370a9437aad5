"""What every process knows of sessions that ended, whatever happens to Valkey in between."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tests.e2e.auth.site import SECOND, now_us
from tests.e2e.broadcaster.servers import Valkey
from tests.e2e.instance import until

from scoreboard_runtime.contract.keys import Keys
from scoreboard_runtime.stores import valkey
from scoreboard_runtime.stores.sessions import LOGGED_OUT, REVOKED, Revocations, Session, Sessions


def a_session(session_id: str, user_id: str = "u1") -> Session:
    return Session(
        session_id=session_id,
        user_id=user_id,
        username="Ann",
        roles=frozenset({"player"}),
        kid="k1",
        generation=0,
    )


class World:
    """One instance's sessions on one server, and a process that watches them."""

    def __init__(self, url: str, token_ttl_us: int = 900 * SECOND) -> None:
        self.keys = Keys(f"t{uuid.uuid4().hex[:12]}")
        self.client = valkey.connect(url)
        self.sessions = Sessions(self.client, self.keys, 3600 * SECOND)
        self.watcher = Revocations(valkey.connect(url), self.keys, token_ttl_us)
        self.heard: list[tuple[str, str]] = []
        self.watcher.on_revoked(lambda session, reason: self.heard.append((session, reason)))

    async def end(self, session_id: str, reason: str = LOGGED_OUT) -> None:
        await self.sessions.open(a_session(session_id))
        assert await self.sessions.end(session_id, reason)

    async def times(self) -> list[float]:
        found = await self.client.zrange(self.keys.revoked(), 0, -1, withscores=True)
        return [at for _, at in found]

    async def close(self) -> None:
        await self.client.aclose()
        await self.watcher._client.aclose()


@asynccontextmanager
async def watched(server: Valkey, token_ttl_us: int = 900 * SECOND) -> AsyncIterator[World]:
    world = World(server.url, token_ttl_us)
    task = asyncio.ensure_future(world.watcher.watch())
    try:
        yield world
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await world.close()


async def is_down(world: World) -> bool:
    try:
        await world.client.ping()
    except valkey.LISTEN_ERRORS:
        return True
    return False


async def test_an_outage_is_waited_out_and_what_ended_after_it_is_heard() -> None:
    server = Valkey()
    try:
        async with watched(server) as world:
            await world.end("before")
            await until(lambda: world.watcher.is_revoked("before"), "heard before", 1.0)
            server.kill()
            await until(lambda: is_down(world), "it is down")
            server.start()

            await world.end("after", REVOKED)

            await until(lambda: world.watcher.is_revoked("after"), "heard after")
            assert world.watcher.is_revoked("before"), "what was known stays known"
            assert world.heard == [("before", LOGGED_OUT), ("after", REVOKED)]
    finally:
        server.kill()


async def test_a_clock_that_goes_back_hides_nothing(valkey_server: Valkey) -> None:
    async with watched(valkey_server) as world:
        ahead = now_us() + 60 * SECOND
        await world.client.zadd(world.keys.revoked(), {"early|logged_out": ahead})
        await until(lambda: world.watcher.is_revoked("early"), "the first is heard", 1.0)

        await world.end("late")

        await until(lambda: world.watcher.is_revoked("late"), "the second is heard", 1.0)
        assert min(await world.times()) == ahead


async def test_what_no_token_can_outlive_is_forgotten(valkey_server: Valkey) -> None:
    async with watched(valkey_server, token_ttl_us=SECOND) as world:
        old = now_us() - 120 * SECOND
        await world.client.zadd(world.keys.revoked(), {"old|logged_out": old})
        await until(lambda: world.watcher.is_revoked("old"), "the old one is known", 1.0)

        await world.end("new")

        await until(lambda: not world.watcher.is_revoked("old"), "the old one is forgotten", 1.0)
        assert world.watcher.is_revoked("new")
        assert len(await world.times()) == 1
        assert world.heard == [("old", LOGGED_OUT), ("new", LOGGED_OUT)]


async def test_a_process_that_starts_later_knows_them_all(valkey_server: Valkey) -> None:
    world = World(valkey_server.url)
    for name in ("a", "b", "c"):
        await world.end(name)

    await world.watcher.poll()

    assert [name for name, _ in world.heard] == ["a", "b", "c"]
    await world.close()


async def test_sessions_that_ran_out_are_forgotten_with_their_user(valkey_server: Valkey) -> None:
    world = World(valkey_server.url)
    for name in ("a", "b"):
        await world.sessions.open(a_session(name))
    await world.client.delete(world.keys.session("a"))  # as its time to live would

    assert await world.sessions.end_all("u1", REVOKED) == 1
    assert not await world.client.exists(world.keys.user_sessions("u1"))
    assert len(await world.times()) == 1
    assert not await world.sessions.end("b", REVOKED)
    assert await world.sessions.rotate("b", 0) is None
    await world.close()
