"""The console at /admin in a real browser: what an admin does there is done."""

from tests.e2e.instance import Instance, until
from tests.e2e.page.browser import Tab
from tests.e2e.page.desk import enter, opened, ordered, played

from scoreboard_runtime.local.player import Player


async def test_who_is_no_admin_is_told_so(tab: Tab, board: Instance, admin: Player) -> None:
    ann = await board.player()

    await enter(tab, board, ann.username, ann.password)

    await tab.until("document.querySelector('#stranger').hidden === false")
    assert "does not have the role admin" in await tab.text("#stranger")
    assert await tab.run("document.querySelector('#desk').hidden")
    await tab.click("#stranger-leave")
    await enter(tab, board, "grace", "a wrong long password")
    await tab.until("document.querySelector('#login-trouble').textContent.includes('wrong')")


async def test_a_player_is_disqualified_restored_and_adjusted_with_a_reason(
    tab: Tab, board: Instance, admin: Player
) -> None:
    player = await played(board, 2)
    await enter(tab, board)
    await tab.until("document.querySelector('#desk').hidden === false")
    await opened(tab, player.username)
    rank = "document.querySelector('#person-rank')?.textContent"
    assert (await tab.run(rank)).startswith("#")

    await ordered(tab, "disqualify", "")
    assert await tab.run("document.querySelector('#order').open"), "a reason is asked for"
    await tab.click("#order-cancel")
    await ordered(tab, "disqualify", "a bot")

    await tab.until(f"{rank}.includes('disqualified')")
    assert (await player.get("/api/scoreboard/me")).body["rank"] is None
    await ordered(tab, "restore", "no bot after all")
    await tab.until(f"{rank}?.startsWith('#')")
    await ordered(tab, "adjust", "too much", "-9999")
    await tab.until("document.querySelector('#order-trouble').textContent.includes('leave 0')")
    await tab.click("#order-cancel")
    await ordered(tab, "adjust", "<b>lost</b> on Monday", "50")
    await tab.until("document.querySelector('#said').textContent.includes('200 → 250')")
    await tab.until("document.querySelector('#person').innerText.includes('<b>lost</b> on Monday')")
    assert (await player.get("/api/scoreboard/me")).body["rank"] is not None
    await tab.click("#tab-audit")
    await tab.until("document.querySelector('#audit').innerText.includes('no bot after all')")
    assert "grace" in await tab.text("#audit")
    assert [line for line in tab.problems if "Security" in line] == []


async def test_the_board_is_frozen_by_keyboard_and_told_with_its_limits(
    tab: Tab, board: Instance, admin: Player
) -> None:
    player = await played(board)
    assert (await player.execute("nothing")).code == "TASK_NOT_FOUND"
    await enter(tab, board)
    await tab.until("document.querySelector('#desk').hidden === false")
    await tab.run("document.querySelector('#tab-players').focus()")
    for kind in ("keyDown", "keyUp"):
        await tab.send("Input.dispatchKeyEvent", type=kind, key="ArrowRight", code="ArrowRight")
    await tab.until("document.querySelector('#board-state')?.textContent === 'Running'")
    await tab.until("document.querySelector('#board').innerText.includes('TASK_NOT_FOUND')")
    assert "1,000,000 in 1 s" in await tab.text("#board")
    linked = await tab.run("""[...document.links].filter((link) => link.pathname === '/docs')
      .map((link) => link.hash.slice(1))""")
    async with board.http.get(f"{board.url}/docs") as answer:
        page = await answer.text()
    assert {"tag-admin", "task-not-found"} <= set(linked)
    assert [place for place in linked if f'id="{place}"' not in page] == []

    await ordered(tab, "freeze", "the final is over")

    await tab.until("document.querySelector('#board-state').textContent === 'Frozen'")
    assert (await player.execute("level")).code == "COOLDOWN"
    await ordered(tab, "freeze", "")
    await tab.until("document.querySelector('#board-state').textContent === 'Running'")

    async def admitted() -> bool:
        return (await player.execute("level")).status == 202

    await until(admitted, "the board runs again")


async def test_a_session_that_ended_is_told_and_nothing_is_wider_than_a_phone(
    tab: Tab, board: Instance, admin: Player
) -> None:
    await played(board)
    await tab.size(360, 740, phone=True)
    await enter(tab, board)
    await tab.until("document.querySelector('#found table') !== null")
    await tab.click("#found button")
    await tab.until("document.querySelector('#person').hidden === false")
    for view in ("players", "board", "letters", "audit"):
        await tab.click(f"#tab-{view}")
        await tab.until(f"document.querySelector('#{view}').childElementCount > 0")
        # Not by innerWidth: a phone that must scroll makes that wider too.
        assert await tab.run("document.documentElement.scrollWidth") <= 360, view
    await tab.until("document.querySelectorAll('#audit td').length > 0")
    silent = "[...document.querySelectorAll('#audit td')].filter((td) => !td.innerText.trim())"
    assert await tab.run(f"{silent}.every((td) => td.offsetHeight === 0)")
    # Each value says what it is, for no row of heads does.
    assert await tab.run("""document.querySelector('#audit thead').offsetHeight <= 1
      && [...document.querySelectorAll('#audit td[data-head]:not([data-head=""])')].every((td) =>
        getComputedStyle(td, '::before').content.includes(td.dataset.head))""")

    await tab.run(
        "fetch('/api/auth/logout', {method: 'POST', headers: {Authorization: 'Bearer ' + "
        "JSON.parse(sessionStorage['scoreboard-console']).token}}).then(() => 1)"
    )
    await tab.click("#tab-letters")
    await tab.until("document.querySelector('#login').hidden === false")
    assert "log in again" in await tab.text("#login-trouble")
