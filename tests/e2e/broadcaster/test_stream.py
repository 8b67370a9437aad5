"""The board as server-sent events, on a running instance."""

import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import pytest
import pytest_asyncio
from tests.e2e.events import Events
from tests.e2e.instance import Instance, a_manifest, running, until

from scoreboard_runtime.contract.endpoints import STREAM_PATH

pytestmark = pytest.mark.asyncio(loop_scope="session")

LISTED = "https://game.example"
LIMITED = a_manifest(
    boards=[{"name": "main", "visibility": "Authenticated"}],
    exposure={"allowedOrigins": [LISTED]},
    realtime={"maxConnections": 2},
    auth={"tokenTTL": "3s"},
)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def arcade(tmp_path_factory) -> AsyncIterator[Instance]:
    async with running(tmp_path_factory.mktemp("streams"), a_manifest()) as instance:
        yield instance


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def closed_board(tmp_path_factory) -> AsyncIterator[Instance]:
    async with running(tmp_path_factory.mktemp("closed"), LIMITED) as instance:
        yield instance


def address(instance: Instance) -> str:
    return instance.ready["websocket"].replace("ws://", "http://").replace("/ws", STREAM_PATH)


@asynccontextmanager
async def stream(
    instance: Instance, query: str = "", origin: str | None = LISTED, **headers: str
) -> AsyncIterator[Events]:
    """As a page of that origin asks, which may read whatever is answered; None is no page."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    if origin is not None:
        named["Origin"] = origin
    timeout = aiohttp.ClientTimeout(total=None)
    async with instance.http.get(address(instance) + query, headers=named, timeout=timeout) as got:
        assert got.headers.get("Access-Control-Allow-Origin") == origin
        yield Events(got)


async def watching(instance: Instance, wanted: int) -> None:
    """Until so many connections are counted."""

    async def there() -> bool:
        return await instance.metric("broadcaster", "scoreboard_connections{") == wanted

    await until(there, f"{wanted} connections")


async def test_it_begins_with_the_snapshot_and_pushes_what_a_socket_is_pushed(arcade: Instance):
    ann = await arcade.player()
    async with stream(arcade, "?board=main", origin=None) as events:
        assert events.answer.status == 200
        assert events.answer.content_type == "text/event-stream"
        assert events.answer.headers["Cache-Control"] == "no-store"
        first = await events.next()
        assert first["event"] == first["data"]["type"] == "snapshot"
        assert first["data"]["recovered"] is False

        await ann.execute("level")

        pushed = await events.next()
        data = pushed["data"]
        assert pushed["event"] == "scoreboard_updated"
        assert pushed["id"] == f"{data['epoch']}:{data['sequence']}"
        assert data["sequence"] > first["data"]["sequence"]
        assert [entry["score"] for entry in data["entries"]] == [100]
        board = (await ann.get("/api/scoreboard")).body
        assert {name: data[name] for name in board} == board


async def test_it_resumes_by_the_last_event_id(arcade: Instance):
    async with stream(arcade) as events:
        last = (await events.next())["id"]
    epoch, _, sequence = last.rpartition(":")

    for given, recovered in (
        (last, True),
        (f"{epoch}:{int(sequence) - 1}", False),
        (f"other:{sequence}", False),
        ("rubbish", False),
    ):
        async with stream(arcade, Last_Event_ID=given) as events:
            assert (await events.next())["data"]["recovered"] is recovered, given


async def test_connections_are_counted_and_who_leaves_is_not(arcade: Instance):
    await watching(arcade, 0)
    async with stream(arcade), stream(arcade) as events:
        await events.next()
        await watching(arcade, 2)
        states = "scoreboard_connections{"
        assert await arcade.metric("broadcaster", f'{states}state="subscribed"}}') == 2

    await watching(arcade, 0)


async def test_how_much_is_played_is_told_to_who_asks(arcade: Instance):
    ann = await arcade.player()
    async with stream(arcade, "?activity=true") as events:
        for _ in range(10):
            await ann.execute("coins", data={"coins": 1})

        async def busy() -> bool:
            said = await events.next()
            return said["event"] == "activity" and said["data"]["actionsPerSecond"] >= 2

        await until(busy, "ten actions in five seconds are two a second")


async def test_an_unknown_board_is_not_found(arcade: Instance):
    async with stream(arcade, "?board=other") as events:
        body = await events.answer.json()
        assert (events.answer.status, body["code"]) == (404, "NOT_FOUND")
        assert body["requestId"] == events.answer.headers["X-Request-Id"]


async def test_a_page_of_any_origin_may_read_a_board_without_a_list(arcade: Instance):
    async with stream(arcade, origin="https://else.example") as events:
        assert events.answer.status == 200
    async with arcade.http.options(
        address(arcade), headers={"Origin": "https://else.example"}
    ) as allowed:
        assert allowed.status == 204
        assert allowed.headers["Access-Control-Allow-Origin"] == "https://else.example"
        assert "Authorization" in allowed.headers["Access-Control-Allow-Headers"]


async def test_an_origin_that_is_not_on_the_list_is_refused(closed_board: Instance):
    ann = await closed_board.player()
    token = {"Authorization": f"Bearer {ann.session['token']}"}
    for origin, status in (("https://evil.example", 403), (LISTED, 200)):
        async with stream(closed_board, origin=origin, **token) as events:
            assert events.answer.status == status, origin


@pytest.mark.parametrize("given", [None, "Bearer x", "Basic x"])
async def test_a_board_for_signed_in_players_wants_a_token(
    closed_board: Instance, given: str | None
):
    headers = {"Authorization": given} if given else {}
    async with stream(closed_board, **headers) as events:
        assert events.answer.status == 401
        assert (await events.answer.json())["code"] == "INVALID_TOKEN"


async def test_it_ends_with_its_session_and_says_so(closed_board: Instance):
    ann = await closed_board.player()
    async with stream(closed_board, Authorization=f"Bearer {ann.session['token']}") as events:
        assert (await events.next())["event"] == "snapshot"
        await ann.post("/api/auth/logout", {})

        said = [await events.next(), await events.next(), await events.next()]
        assert [event.get("event") for event in said] == ["session_ended", "closed", None]
        assert said[0]["data"]["reason"] == "logged_out"
        assert said[1]["data"]["code"] == 4401


async def test_it_ends_when_its_token_does(closed_board: Instance):
    ann = await closed_board.player()
    async with stream(closed_board, Authorization=f"Bearer {ann.session['token']}") as events:
        await events.next()
        assert (await events.next())["data"] == {"type": "session_ended", "reason": "expired"}


async def test_sockets_and_streams_are_bounded_together(closed_board: Instance):
    ann = await closed_board.player()
    token = {"Authorization": f"Bearer {ann.session['token']}"}
    await watching(closed_board, 0)
    socket = await closed_board.socket()
    async with stream(closed_board, **token) as events:
        await events.next()
        async with stream(closed_board, **token) as one_more:
            assert one_more.answer.status == 503
            assert one_more.answer.headers["Retry-After"] == "5"
    await socket.close()


async def test_a_draining_broadcaster_says_to_come_back(arcade: Instance):
    async with stream(arcade) as events:
        await events.next()
        pid = arcade.pid("broadcaster")
        assert pid, "it is there"
        os.kill(pid, signal.SIGTERM)
        while (said := await events.next()).get("event") not in ("closed", None):
            pass
        assert said["data"] == {"type": "closed", "code": 1012, "reason": "restarting"}
        assert await events.next() == {}
