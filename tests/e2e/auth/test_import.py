"""`scoreboard admin import`: another leaderboard's players, through the ledger, once."""

import re
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from tests.e2e.auth.site import PASSWORD, Place, Site
from tests.e2e.auth.test_commands import on_a_terminal, scoreboard

PAGE = Path(__file__).parents[3] / "docs/how-to/import.md"
HEAD = "username,score,reachedAt,passwordHash"


def a_file(place: Place, *rows: str) -> str:
    path = place.folder / "players.csv"
    path.write_text("\n".join([HEAD, *rows]) + "\n")
    return str(path)


async def ledger(site: Site) -> list[tuple[str, int, str]]:
    async with site.gateway.database.connection() as connection:
        rows = await connection.fetch(
            "SELECT u.username, h.points, h.action FROM score_history h JOIN users u "
            "ON u.id = h.user_id ORDER BY h.points DESC, u.username"
        )
    return [(row["username"], row["points"], row["action"]) for row in rows]


async def test_players_come_with_scores_times_and_passwords_and_only_once(place: Place, site: Site):
    hashed = PasswordHasher(time_cost=1, memory_cost=8192).hash(PASSWORD)
    path = a_file(
        place,
        f'Ada,900,2026-01-02T00:00:00Z,"{hashed}"',
        "Bob,900,2026-01-01T00:00:00Z,",
        "Cyd,0,,",
    )

    code, out, err = await scoreboard(place, "admin", "import", path, "--dry-run")
    assert (code, err) == (0, "")
    assert "3 new players" in out
    assert "nothing was written" in out
    assert await ledger(site) == []
    assert (await scoreboard(place, "admin", "import", path))[0] == 0
    again = await scoreboard(place, "admin", "import", path)

    assert again[1] == "imported: 0 new players, 0 who are there already, 3 imported before\n"
    assert await ledger(site) == [("Ada", 900, "import"), ("Bob", 900, "import")]
    shown = (await site.player("nobody").get("/api/scoreboard")).body["entries"]
    assert [(entry["username"], entry["score"]) for entry in shown] == [("Bob", 900), ("Ada", 900)]
    assert shown[0]["reachedAt"] == "2026-01-01T00:00:00.000Z"
    assert (await site.player("ada").login()).status == 200
    assert (await site.player("bob").login()).status == 401


async def test_a_terminal_sees_how_far_it_is(place: Place, site: Site):
    path = a_file(place, "Ada,900,,", "Bob,900,,")

    new = await on_a_terminal(place, "admin", "import", path)
    added = await on_a_terminal(
        place, "admin", "import", path, "--source", "two", "--add-to-existing"
    )

    assert "players: 2 of 2" in new
    assert "players: 2 of 2" in added


async def test_the_file_of_the_page_is_imported_by_its_commands(place: Place, site: Site):
    page = PAGE.read_text()
    (file,) = re.findall(r"^```csv\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    (place.folder / "players.csv").write_text(file)
    orders = re.findall(r"^scoreboard (admin .* import) players.csv(.*)$", page, re.MULTILINE)
    said = []
    for order, more in orders:
        words = order.replace(".scoreboard/arcade", str(place.folder)).split()
        code, out, err = await scoreboard(
            place, *words, str(place.folder / "players.csv"), *more.split()
        )
        assert (code, err) == (0, "")
        said.append(out)

    assert ["nothing was written" in each for each in said] == [True, False]
    assert await ledger(site) == [
        ("Ada Lovelace", 4200, "import"),
        ("Grace Hopper", 4100, "import"),
    ]
    shown = (await site.player("nobody").get("/api/scoreboard")).body["entries"]
    assert shown[0]["reachedAt"] == "2026-01-02T03:04:05.000Z"


async def test_a_file_with_faults_is_not_imported_at_all(place: Place, site: Site):
    path = a_file(place, "Ada,900,,", "x,1,,", "Bob,many,,")
    text = Path(path).read_text()
    Path(path).write_text(text, encoding="utf-8-sig")  # as spreadsheets save it

    code, out, err = await scoreboard(place, "admin", "import", path)

    assert (code, out) == (1, "")
    assert "line 3: username 'x'" in err
    assert "line 4: score 'many'" in err
    assert "nothing was imported" in err
    assert (await site.player("nobody").get("/api/scoreboard")).body["total"] == 0


async def test_a_name_that_somebody_has_is_not_given_points_unasked(place: Place, site: Site):
    ada = await site.signed_in("ada")
    path = a_file(place, "Ada,900,,")

    code, _, err = await scoreboard(place, "admin", "import", path)
    assert code == 1
    assert "'Ada' is a user here already; --add-to-existing" in err
    code, out, _ = await scoreboard(place, "admin", "import", path, "--add-to-existing")

    assert (code, "1 who are there already" in out) == (0, True)
    history = (await ada.get("/api/users/me/history")).body["items"]
    assert [(item["action"], item["points"]) for item in history] == [("import", 900)]


async def test_an_import_that_was_cut_short_is_finished_by_the_next(place: Place, site: Site):
    """A user was made, and the process died before the ledger heard of it."""
    from scoreboard_runtime.rules.imports import read
    from scoreboard_runtime.stores.imports import ImportedUsers

    path = Path(a_file(place, "Ada,900,,"))
    rows, _ = read(path.read_text().splitlines(), 10**15)
    await ImportedUsers(site.gateway.database, "import").make(rows)

    code, out, _ = await scoreboard(place, "admin", "import", str(path))

    assert (code, "1 new players" in out) == (0, True)
    assert await ledger(site) == [("Ada", 900, "import")]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["missing.csv"], "cannot read missing.csv"),
        (["missing.csv", "--source", "a b"], "--source takes"),
    ],
)
async def test_mistakes_say_what_to_do(place: Place, arguments: list[str], said: str):
    code, _, err = await scoreboard(place, "admin", "import", *arguments)

    assert code == 1
    assert said in err


async def test_a_changed_score_under_the_same_name_is_told(place: Place, site: Site):
    await scoreboard(place, "admin", "import", a_file(place, "Ada,900,,"))

    code, _, err = await scoreboard(place, "admin", "import", a_file(place, "Ada,901,,"))

    assert code == 1
    assert "line 2: 'Ada' was imported with 900 points, not 901" in err
