"""stores/pipeline.py: whatever becomes of the server, every call has an answer."""

import asyncio

import pytest
from tests.e2e.broadcaster.servers import Valkey
from tests.e2e.instance import until

from scoreboard_runtime.stores.errors import StoreUnavailable
from scoreboard_runtime.stores.pipeline import Pipeline


async def test_a_call_in_the_moment_of_the_loss_fails_and_does_not_wait_for_ever():
    server = Valkey()
    pipeline = Pipeline(server.url, "queue")
    running = asyncio.ensure_future(pipeline.run())
    try:
        await pipeline.connected(10)
        connection, called = pipeline._connection, []
        assert connection is not None
        # Before the reconnecting loop can know of it: the connection is lost, and still the one.
        connection.closed.add_done_callback(lambda _: called.append(pipeline.call("PING")))
        server.kill()
        await until(lambda: called, "the connection is lost")

        with pytest.raises(StoreUnavailable):
            await asyncio.wait_for(called[0], 5)

        server.start()

        async def answers() -> bool:
            try:
                return await asyncio.wait_for(pipeline.call("PING"), 5) == b"PONG"
            except StoreUnavailable:
                return False

        await until(answers, "it is connected again")
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        server.kill()
