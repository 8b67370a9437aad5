"""The Python client's sockets against a whole instance."""

import asyncio
import itertools
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import TypeVar

import pytest
from tests.e2e.client.signing_in import signed_in
from tests.e2e.instance import Instance, until

from scoreboard_client import (
    Event,
    JobFinished,
    Lost,
    Scoreboard,
    ScoreboardError,
    SocketError,
    Standings,
    Subscribed,
    UserScore,
)

Found = TypeVar("Found")
pytestmark = pytest.mark.asyncio(loop_scope="session")


class Heard:
    """Events of a watcher, collected beside the test."""

    def __init__(self, events: AsyncIterator[Event]) -> None:
        self.events: list[Event] = []
        self._task = asyncio.ensure_future(self._run(events))

    async def _run(self, events: AsyncIterator[Event]) -> None:
        async for event in events:
            self.events.append(event)

    def of(self, kind: type[Found]) -> list[Found]:
        return [event for event in self.events if isinstance(event, kind)]

    async def leave(self) -> BaseException | None:
        self._task.cancel()
        (found,) = await asyncio.gather(self._task, return_exceptions=True)
        return None if isinstance(found, asyncio.CancelledError) else found

    async def over(self) -> BaseException | None:
        await until(self._task.done, "it ends by itself")
        return self._task.exception()


async def test_a_watcher_resumes_over_a_broadcaster_that_dies_and_misses_nothing(arcade: Instance):
    async with signed_in(arcade, "watcher") as board:
        heard = Heard(board.events())
        await until(lambda: len(heard.of(Subscribed)) == 2, "both channels are watched")
        job = await board.execute("coins", data={"coins": 1})
        await until(lambda: heard.of(JobFinished) and heard.of(UserScore), "my job is told")
        assert heard.of(JobFinished)[0].job.id == job.job_id

        arcade.kill("broadcaster")
        await until(lambda: heard.of(Lost), "the loss is told")
        await board.wait(await board.execute("coins", data={"coins": 2}))
        await until(lambda: len(heard.of(Subscribed)) == 4, "it is back")

        scores = [event.score for event in heard.of(Subscribed) if event.channel == "user"]
        assert scores == [0, 6]
        wanted = 6

        def mine() -> bool:
            return any(
                entry.score == wanted
                for entry in heard.of(Standings)[-1].entries
                if entry.user_id == board.me.id
            )

        await until(mine, "the standings show it")
        shown = heard.of(Standings)
        for before, later in itertools.pairwise(shown):
            assert before.epoch != later.epoch or before.sequence < later.sequence
        assert await heard.leave() is None


async def test_a_watcher_whose_session_is_ended_elsewhere_ends_with_an_error(arcade: Instance):
    async with signed_in(arcade, "ousted") as board, Scoreboard(arcade.url) as other:
        heard = Heard(board.events(channels=["user"]))
        await until(lambda: heard.of(Subscribed), "it is there")
        other.session = board.session

        await other.logout()

        error = await heard.over()
        assert isinstance(error, ScoreboardError)
        assert (error.code, "logged_out" in error.detail) == ("INVALID_TOKEN", True)


async def test_a_watcher_with_a_spoiled_token_gets_another_and_goes_on(arcade: Instance):
    async with signed_in(arcade, "spoiled") as board:
        assert board.session is not None
        board.session = replace(board.session, token=board.session.token[:-4] + "AAAA")
        heard = Heard(board.events())

        await until(lambda: len(heard.of(Subscribed)) == 2, "both channels are watched")

        assert [event.code for event in heard.of(Lost)] == [4401]
        assert await heard.leave() is None


async def test_a_guest_watches_a_public_board_and_an_unknown_one_is_told(arcade: Instance):
    async with Scoreboard(arcade.url) as guest:
        async for shown in guest.watch("main"):
            assert (shown.board, shown.window) == ("main", "current")
            break
        heard = Heard(guest.events("nowhere"))
        await until(lambda: heard.events, "an error is told")
        assert isinstance(heard.events[0], SocketError)
        assert heard.events[0].code == "NOT_FOUND"
        assert await heard.leave() is None
