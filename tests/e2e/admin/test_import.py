"""`scoreboard admin import` on a board that runs: frozen, and while the cache server is away."""

import os
import sys
from asyncio import create_subprocess_exec
from asyncio.subprocess import PIPE

import pytest
from tests.e2e.admin.office import Office
from tests.e2e.admin.test_adjust import no_marks
from tests.e2e.auth.test_admin import admin
from tests.e2e.instance import until

from scoreboard_runtime.contract.board import DEFAULT_WINDOW
from scoreboard_runtime.contract.changes import Change
from scoreboard_runtime.contract.endpoints import ENV_CACHE_URL
from scoreboard_runtime.rules.imports import job_id
from scoreboard_runtime.rules.scoring import Work
from scoreboard_runtime.stores.freezes import BoardFrozen
from scoreboard_runtime.worker.apply import apply

PLACE = ("main", DEFAULT_WINDOW)


def a_file(office: Office) -> str:
    path = office.place.folder / "players.csv"
    path.write_text("username,score\nAda,900\nBob,800\n")
    return str(path)


async def test_a_frozen_board_takes_no_players_until_it_is_not(office: Office) -> None:
    path = a_file(office)
    assert (await office.freeze()).status == 200

    for more in ((), ("--dry-run",)):
        status, out, err = await admin(office.place, "import", path, *more)

        assert (status, out) == (1, "")
        assert "the board main is frozen" in err
        assert "nothing was imported; first scoreboard admin unfreeze" in err
    assert await office.rows("SELECT username FROM users WHERE username <> 'root'") == []
    await office.freeze("unfreeze")
    assert (await admin(office.place, "import", path))[0] == 0
    await office.shows("Ada", "Bob")
    assert ("import", "done") in await office.audit()


async def test_a_board_that_freezes_meanwhile_leaves_nothing_behind(
    office: Office,
) -> None:
    """The freeze comes after the look at it: what the transaction finds decides."""
    moderator = office.site.gateway.moderator
    ann = await office.player("ann", "level")
    await office.freeze()

    async def commit() -> list[Change]:
        work = Work(
            job=job_id("x", "ann"), user=ann.user_id, action="import", points=5, submitted_us=1
        )
        return (await apply(moderator.database, [work], PLACE, careful=True)).changes

    with pytest.raises(BoardFrozen):
        await moderator.publishing([ann.user_id], commit)
    assert await no_marks(office)
    await office.freeze("unfreeze")
    await moderator.publishing([ann.user_id], commit)
    assert [score for _, score, _ in await office.board()] == [105]
    assert await no_marks(office)


async def test_players_that_the_cache_server_could_not_be_told_of_are_by_a_worker(
    office: Office,
) -> None:
    process = await create_subprocess_exec(
        *(sys.executable, "-m", "scoreboard_runtime", "admin", "import", a_file(office)),
        env={**os.environ, **office.place.environment, ENV_CACHE_URL: "redis://127.0.0.1:1/0"},
        stdout=PIPE, stderr=PIPE,
    )  # fmt: skip
    out, err = await process.communicate()

    assert (process.returncode, b"2 new players" in out) == (0, True), err
    await office.shows("Ada", "Bob")
    await until(lambda: no_marks(office), "no mark is left")
