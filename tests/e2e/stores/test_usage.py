"""How full the stores are: asked of real servers, told by a worker, unknown while nobody answers."""

import math

from tests.e2e.stores.desk import Desk
from tests.e2e.stores.test_standings import committed

from scoreboard_runtime.contract import metrics
from scoreboard_runtime.process.telemetry import Telemetry
from scoreboard_runtime.stores import usage
from scoreboard_runtime.stores.errors import QUEUE, StoreUnavailable
from scoreboard_runtime.worker.measuring import measure


async def test_the_servers_say_how_full_they_are(desk: Desk):
    database = await usage.of_postgres(desk.database)
    queue = await usage.of_valkey(desk.client, QUEUE)

    assert 1 <= database.connections < database.connections_limit
    assert database.bytes > 1_000_000
    assert 1 <= queue.connections < queue.connections_limit
    assert queue.bytes > 100_000
    assert queue.bytes_limit == math.inf, "nothing limits this one"


async def test_a_server_with_a_limit_says_it_and_one_that_keeps_quiet_is_unknown(desk: Desk):
    await desk.client.config_set("maxmemory", 1 << 30)
    try:
        assert (await usage.of_valkey(desk.client, QUEUE)).bytes_limit == 1 << 30
    finally:
        await desk.client.config_set("maxmemory", 0)

    user = desk.keys.stream(0).partition(":")[0] + desk.board.name
    await desk.client.acl_setuser(user, enabled=True, nopass=True, categories=["-@all"])
    async with desk.client.client() as other:
        await other.execute_command("AUTH", user, "any")
        assert await usage.of_valkey(other, QUEUE) == usage.UNKNOWN
    await desk.client.connection_pool.disconnect()
    await desk.client.acl_deluser(user)


async def test_what_nobody_answers_is_no_number_rather_than_an_old_one():
    telemetry = Telemetry("worker", "test")

    async def full() -> usage.Usage:
        return usage.Usage(3, 10, 2048, math.inf)

    async def lost() -> usage.Usage:
        raise StoreUnavailable(QUEUE, "ConnectionError")

    await measure(telemetry, QUEUE, full)
    said = telemetry.exposition().decode()
    assert 'scoreboard_store_connections{dependency="queue"} 3.0' in said
    assert 'scoreboard_store_limit_bytes{dependency="queue"} +Inf' in said

    await measure(telemetry, QUEUE, lost)
    said = telemetry.exposition().decode()
    assert 'scoreboard_store_connections{dependency="queue"} NaN' in said
    assert 'scoreboard_store_bytes{dependency="queue"} NaN' in said


async def test_a_pool_is_counted_when_it_is_scraped(desk: Desk):
    telemetry = Telemetry("gateway", "test")
    desk.database.measured(telemetry)

    def connections(state: str) -> float:
        value: float = telemetry.child(metrics.DB_CONNECTIONS, state)._child_samples()[0].value
        return value

    async with desk.database.connection():
        assert connections("busy") == 1
    assert connections("busy") == 0
    assert connections("idle") >= 1
    assert telemetry.child(metrics.DB_CONNECTIONS_LIMIT)._value.get() == 4


async def test_players_are_those_with_a_standing(desk: Desk):
    assert await desk.ranks.players() is None, "there are no standings yet"

    await desk.ranks.rebuild("e1")
    assert await desk.ranks.players() == 0
    await committed(desk, await desk.user(), 5)
    assert await desk.ranks.players() == 1
