"""The Python client against a whole instance: its contract test."""

import asyncio
import re
import sys
import time
from dataclasses import replace
from pathlib import Path

import aiohttp
import pytest
from tests.e2e.client.signing_in import PASSWORD, signed_in
from tests.e2e.instance import Instance

from scoreboard_client import (
    Accepted,
    Action,
    Scoreboard,
    ScoreboardError,
    Session,
    Unreachable,
)
from scoreboard_client.clock import Clock

ROOT = Path(__file__).parents[3]
pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_an_action_is_signed_promised_done_and_in_the_ledger(arcade: Instance):
    async with signed_in(arcade, "walker") as board:
        job = await board.wait(await board.execute("coins", data={"coins": 7}))

        assert (job.status, job.action) == ("completed", "coins")
        assert job.result is not None
        assert (job.result.points, job.result.score, job.result.previous_rank) == (14, 14, None)
        around = await board.around(rows=1)
        assert around.rank == job.result.rank
        assert (await board.history()).items[0].job_id == job.id
        shown = await board.standings(limit=100)
        assert board.me.id in {entry.user_id for entry in shown.entries}
        assert (await board.around(board.me.id)).rank == around.rank


async def test_tasks_batches_and_keys(arcade: Instance):
    async with signed_in(arcade, "batcher") as board:
        task = await board.issue_task("boss")
        entries = [Action("boss", task_id=task.id), Action("quiz"), Action("quiz")]

        boss, quiz, again = await board.execute_batch(entries)

        assert isinstance(boss, Accepted)
        assert isinstance(quiz, Accepted)
        assert isinstance(again, ScoreboardError)
        assert (again.code, again.layer) == ("ALREADY_COMPLETED", "zero_trust")
        first = await board.execute("level", key="one")
        second = await board.execute("level", key="one")
        assert second.job_id == first.job_id
        assert (first.replayed, second.replayed) == (False, True)
        with pytest.raises(ScoreboardError) as caught:
            await board.execute("level", data={"x": 1}, key="two")
        assert (caught.value.code, caught.value.status) == ("VALIDATION_ERROR", 400)
        assert caught.value.errors
        assert caught.value.request_id


async def test_an_error_says_when_to_come_back(arcade: Instance):
    async with signed_in(arcade, "hasty") as board:
        await board.execute("slow")
        with pytest.raises(ScoreboardError) as caught:
            await board.execute("slow")

        assert (caught.value.code, caught.value.status) == ("COOLDOWN", 409)
        assert caught.value.retry_after is not None
        assert 3500 < caught.value.retry_after <= 3600


async def test_a_clock_that_is_wrong_is_corrected_by_the_date(arcade: Instance):
    async with signed_in(arcade, "late") as board:
        board.clock = Clock(-300.0)
        assert (await board.execute("level")).job_id
        assert abs(board.clock.offset) < 5

        # The login corrects it too, else every token would look spent.
        board.clock = Clock(7200.0)
        await board.login("late", PASSWORD)
        assert abs(board.clock.offset) < 5


def generation(session: Session) -> int:
    """How often it was refreshed."""
    return int(session.refresh_token.split(".")[2])


async def test_a_spent_token_is_renewed_and_only_once_for_all_who_wait(arcade: Instance):
    async with signed_in(arcade, "keeper") as board:
        assert board.session is not None
        spoiled = replace(board.session, token=board.session.token[:-4] + "AAAA")
        board.session, board._credentials = spoiled, None

        await asyncio.gather(*(board.get("/api/users/me") for _ in range(5)))

        assert board.session.id == spoiled.id  # refreshed: another session would mean a login
        assert generation(board.session) == generation(spoiled) + 1
        due = replace(board.session, expires_at="2026-01-01T00:00:00.000Z")
        board.session = due
        await board.execute("level")
        assert board.session.refresh_token != due.refresh_token
        assert board.session.id == spoiled.id


async def test_a_session_that_is_over_is_logged_in_again_or_told(arcade: Instance):
    async with signed_in(arcade, "leaver") as board, Scoreboard(arcade.url) as other:
        other.session = board.session
        await other.logout()
        await board.execute("level")  # it knows the password
        other.session = board.session
        await Scoreboard(arcade.url, http=arcade.http, session=board.session).logout()

        with pytest.raises(ScoreboardError) as caught:
            await other.execute("level")

        assert (caught.value.code, caught.value.layer) == ("INVALID_TOKEN", "authentication")
        with pytest.raises(RuntimeError, match="log in first"):
            _ = Scoreboard(arcade.url).me


async def test_what_gets_no_answer_is_sent_again_and_counts_once(arcade: Instance):
    async with signed_in(arcade, "patient") as board:
        lost = 0
        nonces: list[bytes] = []

        async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            """Before the gateway: takes the first two requests to it, and the answers from it."""
            nonlocal lost
            lost += 1
            request = await reader.readuntil(b"\r\n\r\n")
            length = re.search(rb"content-length: *(\d+)", request, re.IGNORECASE)
            request += await reader.readexactly(int(length[1]) if length else 0)
            nonces.extend(re.findall(rb"x-nonce: *(\S+)", request, re.IGNORECASE))
            port = int(arcade.url.rpartition(":")[2])
            upstream, out = await asyncio.open_connection("127.0.0.1", port)
            out.write(request.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n", 1))
            answer = await upstream.read()
            if lost > 2:
                writer.write(answer)
                await writer.drain()
            writer.close()
            out.close()

        server = await asyncio.start_server(relay, "127.0.0.1", 0)
        board.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        accepted = await board.execute("coins", data={"coins": 1})
        server.close()

        assert lost == 3
        assert len(set(nonces)) == 3, "each is signed anew"
        assert accepted.replayed  # the first had been admitted
        board.url = arcade.url
        await board.wait(accepted)
        assert [item.points for item in (await board.history()).items] == [2]


async def test_nobody_there_is_told_when_patience_ends(unused_tcp_port: int):
    async with Scoreboard(f"http://127.0.0.1:{unused_tcp_port}", patience=0.5) as board:
        started = time.monotonic()
        with pytest.raises(Unreachable, match="/api/scoreboard"):
            await board.standings()

        assert time.monotonic() - started < 5


async def test_the_readmes_example_runs_as_printed(arcade: Instance, tmp_path: Path):
    text = (ROOT / "clients/python/README.md").read_text()
    (example,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    lines = [line for line in example.splitlines() if line and "import" not in line]
    assert len(lines) <= 10
    for action in ('"collect_coins"',):
        assert action in example
    script = tmp_path / "example.py"
    here = example.replace("http://127.0.0.1:8080", arcade.url).replace("collect_coins", "coins")
    script.write_text(here)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-W", "error", "-u", str(script), stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    job, shown = [(await process.stdout.readline()).decode() for _ in range(2)]
    process.kill()
    await process.wait()
    process._transport.close()  # type: ignore[attr-defined]

    assert job.startswith("Result(points=14, score=14")
    assert "Ada of the README" in shown


async def test_a_session_of_the_callers_own_is_used_and_left_open(arcade: Instance):
    async with aiohttp.ClientSession() as http:
        async with Scoreboard(arcade.url, http=http) as board:
            await board.standings()
        assert not http.closed
