"""The console's lists in a real browser: dead letters, an account, why a rank is what it is."""

import orjson
from tests.e2e.admin.office import bury, dead
from tests.e2e.instance import Instance, until
from tests.e2e.page.browser import Tab
from tests.e2e.page.desk import enter, opened, ordered, overview, played, rows, said

from scoreboard_runtime.contract import endpoints
from scoreboard_runtime.contract.keys import Keys
from scoreboard_runtime.local.player import Player
from scoreboard_runtime.stores import valkey

DESK = "document.querySelector('#desk').hidden === false"
REJECTED = '#board table[aria-label="Rejections by code"]'
LEDGER = '#person table[aria-label="Rows of the ledger"]'


async def test_a_dead_letter_is_counted_driven_back_and_scored(
    tab: Tab, board: Instance, admin: Player
) -> None:
    player = await played(board)
    known = orjson.loads((board.folder / "environment.json").read_bytes())
    await enter(tab, board)
    await tab.until(DESK)
    await tab.click("#tab-letters")
    await tab.until("document.querySelector('#letters').innerText.includes('No dead letters')")
    assert await tab.run("document.querySelector('#dead').hidden")

    async with valkey.connect(known[endpoints.ENV_REDIS_URL]) as client:
        await bury(client, Keys("arcade"), player.user_id, 1)

    await tab.until("document.querySelector('#dead').hidden === false")
    assert await tab.text("#dead") == "1"
    await tab.click("#tab-letters")
    await tab.until("document.querySelector('#letters tbody tr') !== null")
    (letter,) = await rows(tab, "#letters")
    assert letter[1:5] == ["level", "poison 0", "3", dead(0)]
    await tab.click(f'[aria-label="Redrive {dead(0)}"]')
    await tab.until("document.querySelector('#order').open")
    await tab.run("document.querySelector('#order-reason').value = 'it is mended'")
    await tab.click("#order-go")
    await said(tab, f"{dead(0)} is queued again")
    await tab.until("document.querySelector('#dead').hidden")
    await tab.until("document.querySelector('#letters').innerText.includes('No dead letters')")

    async def scored() -> bool:
        around = (await player.get("/api/scoreboard/me")).body["entries"]
        return 101 in [row["score"] for row in around if row["userId"] == player.user_id]

    await until(scored, "the job that was dead counts")
    await tab.click("#tab-audit")
    await tab.until(f"document.querySelector('#audit').innerText.includes({dead(0)!r})")
    found = [row[1:6] for row in await rows(tab, "#audit") if row[2] == "redrive"]
    assert found == [["grace", "redrive", dead(0), "done", "it is mended"]]


async def test_roles_and_an_account_that_is_disabled_and_enabled_are_in_its_log(
    tab: Tab, board: Instance, admin: Player
) -> None:
    player, other = await played(board), await played(board)
    chips = "document.querySelector('#person .chips').innerText"
    await enter(tab, board)
    await tab.until(DESK)
    await opened(tab, other.username)
    await opened(tab, player.username)

    await ordered(tab, "roles", "she helps", "staff, player")
    await said(tab, "has roles player, staff; 1 sessions ended")
    await tab.until(f"{chips}.includes('staff')")
    assert (await player.login()).body["user"]["roles"] == ["player", "staff"]
    await ordered(tab, "disable", "the device is stolen")
    await said(tab, f"{player.username} is disabled; 1 sessions ended")
    await tab.until(f"{chips}.includes('disabled')")
    assert (await player.login()).code == "INVALID_CREDENTIALS"
    await ordered(tab, "enable", "it is found")
    await said(tab, f"{player.username} may log in again")
    await tab.until(f"!{chips}.includes('disabled')")
    assert (await player.login()).status == 200

    await tab.run(
        "[...document.querySelectorAll('#person .deeds button')]"
        ".find((each) => each.textContent === 'In the audit log').click()"
    )
    await tab.until("document.querySelectorAll('#audit tbody tr').length > 0")
    assert player.username in await tab.text("#audit .line")
    found = await rows(tab, "#audit")
    assert {row[3] for row in found} == {player.username}, "the other's rows are not among them"
    assert [row[1:6] for row in reversed(found) if row[2] != "explain"] == [
        ["grace", "roles", player.username, "done", "she helps"],
        ["grace", "disable", player.username, "done", "the device is stolen"],
        ["grace", "enable", player.username, "done", "it is found"],
    ]
    await tab.click("#audit .line button")
    await tab.until(f"document.querySelector('#audit').innerText.includes({other.username!r})")


async def scores(player: Player) -> set[int]:
    """All that anybody has."""
    found: list[int] = []
    while entries := (await player.get(f"/api/scoreboard?limit=100&offset={len(found)}")).body[
        "entries"
    ]:
        found += [entry["score"] for entry in entries]
    return set(found)


async def test_a_rank_is_explained_by_its_neighbours_and_the_rows_of_the_ledger(
    tab: Tab, board: Instance, admin: Player
) -> None:
    top, ann, low = await played(board), await played(board), await played(board)
    taken = await scores(ann)
    free = next(score for score in range(1, 98) if not taken & {score, score + 1, score + 2})
    for player, score in ((top, free + 2), (ann, free), (low, free)):
        path = f"/api/admin/users/{player.user_id}/adjust"
        value = {"points": score - 100, "reason": "<i>counted</i> twice"}
        assert (await admin.post(path, value)).status == 200

    async def ranked() -> bool:
        around = (await ann.get("/api/scoreboard/me")).body["entries"]
        names = [entry["username"] for entry in around]
        first = names.index(ann.username) - 1
        return names[first : first + 3] == [top.username, ann.username, low.username]

    await until(ranked, "they stand together")
    await enter(tab, board)
    await tab.until(DESK)
    await opened(tab, ann.username)
    await tab.until(f"document.querySelectorAll({LEDGER!r} + ' tbody tr').length > 0")

    why = (await tab.text("#person .why")).split("\n\n")
    assert why[0].startswith("#")
    assert why[1:] == [
        f"Above: {top.username} with {free + 2}, decided by the score",
        f"Below: {low.username} with {free}, decided by who reached it first",
        f"2 rows of the ledger make {free}: score and rank agree.",
    ]
    ledger = await rows(tab, LEDGER)
    assert [row[1:] for row in ledger] == [
        ["adjust", str(free - 100), str(free), "<i>counted</i> twice"],
        ["level", "+100", "100", ""],
    ]


async def test_a_rejection_is_seen_while_one_looks_and_in_a_terminal(
    tab: Tab, board: Instance, admin: Player
) -> None:
    player = await played(board)
    await enter(tab, board)
    await tab.until(DESK)
    await tab.click("#tab-board")
    await tab.until("document.querySelector('#board-state') !== null")
    before = [int(row[3]) for row in await rows(tab, REJECTED) if row[0] == "FORBIDDEN"]

    assert (await player.execute("secret")).code == "FORBIDDEN"

    async def seen() -> list[list[str]]:
        found = await rows(tab, REJECTED)
        return [row for row in found if row[0] == "FORBIDDEN" and row[2] == "1"]

    (row,) = await until(seen, "the console shows it, and nobody pressed anything")
    assert row == ["FORBIDDEN", "authentication", "1", str(sum(before) + 1)]
    counts = {row["code"]: row["count"] for row in (await overview(board))["gateway"]["rejections"]}
    shown = {row[0]: int(row[3].replace(",", "")) for row in await rows(tab, REJECTED)}
    assert {code: count for code, count in counts.items() if count} == shown
