"""The standings in a real browser: they move by themselves, and nothing breaks them."""

from pathlib import Path

import pytest
from tests.e2e.instance import Instance, a_manifest, running, until
from tests.e2e.page.browser import Tab, a_tab
from tests.e2e.page.looks import ROWS, SUBSCRIBED, entries, faults, open_board, press

from scoreboard_runtime.local.player import Player

NAMES = ("WWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWW", "محمد بن عبد الله الطويل الاسم جد", "ﷺﷺﷺﷺﷺﷺ",
         "Ẑ̴̢̛a̷̡̛l̶̢͝g̸o̶͜", "名無し太郎名無し太郎名無し太郎")  # fmt: skip

# Counted from inside: between two looks from outside a whole glide may pass.
COUNTED = """
  window.glides = 0;
  const animate = Element.prototype.animate;
  Element.prototype.animate = function (...given) {
    window.glides += this.classList.contains('row') ? 1 : 0;
    return animate.apply(this, given);
  };
"""


async def test_an_empty_board_says_so_and_fills_without_a_reload(tab: Tab, tmp_path: Path):
    async with running(tmp_path, a_manifest()) as instance:
        await open_board(tab, instance)
        await tab.until("document.querySelector('#standings').dataset.shown === 'empty'")
        assert await tab.run("document.querySelector('.empty').offsetHeight") > 0

        ann = await instance.player("Ann Lee")
        await ann.execute("level")

        await tab.until("document.querySelectorAll('#board .row').length === 1")
        assert await tab.run(ROWS) == [[1, "Ann Lee", 100]]
        assert await tab.run("document.querySelector('.empty').offsetHeight") == 0
        assert faults(tab) == []


async def test_the_rows_end_as_the_standings_are(tab: Tab, board: Instance):
    await open_board(tab, board)
    players = [await board.player() for _ in range(12)]

    for step in (7, 5, 11):
        for index in range(12):
            action = {"data": {"coins": 1 + index * step % 12}}
            assert (await players[index].execute("coins", **action)).status == 202

    async def same() -> bool:
        return bool(await tab.run(ROWS) == await entries(board))

    await until(same, "the page shows what the API answers", 10)
    assert faults(tab) == []


async def plays(player: Player) -> None:
    """The longest name gets the largest score."""
    assert (await player.register()).status in (201, 409)
    assert (await player.login()).status == 200
    if player.username == NAMES[0]:
        await player.execute("huge")
    else:
        await player.execute("coins", data={"coins": 400})


@pytest.mark.parametrize("width", [320, 360, 768])
async def test_title_and_buttons_keep_to_their_places(tab: Tab, board: Instance, width: int):
    await tab.size(width, 800, phone=width < 500)
    await open_board(tab, board)

    lines, beyond = await tab.run("""[
      document.querySelector('h1').offsetHeight / parseFloat(getComputedStyle(document.querySelector('h1')).lineHeight),
      [...document.querySelectorAll('.you button')].filter((button) =>
        button.getBoundingClientRect().right > button.parentElement.getBoundingClientRect().right + 1
        || button.scrollWidth > button.clientWidth).map((button) => button.id)]""")

    assert lines < 1.5
    assert beyond == []


@pytest.mark.parametrize("width", [320, 390, 768, 1440])
async def test_names_of_every_kind_break_no_layout(tab: Tab, board: Instance, width: int):
    for name in NAMES:
        await plays(Player(board.http, board.url, name, "a good long password"))
    await tab.size(width, 800, phone=width < 500)
    await open_board(tab, board)
    await tab.until("document.querySelectorAll('#board .row').length >= 5")
    await tab.until("document.getAnimations().length === 0")

    wide, heights, outside = await tab.run("""[
      document.documentElement.scrollWidth,
      [...new Set([...document.querySelectorAll('.row')].map((row) => row.offsetHeight))],
      [...document.querySelectorAll('.row > *')].filter((part) => {
        const own = part.getBoundingClientRect(), row = part.parentElement.getBoundingClientRect();
        return own.width > 0 && (own.left < row.left - 1 || own.right > row.right + 1);
      }).map((part) => part.className)]""")

    assert wide <= width
    assert len(heights) == 1
    assert outside == []
    names = "[...document.querySelectorAll('.player')].map((name) => name.clientWidth)"
    assert min(await tab.run(names)) > 60


@pytest.mark.parametrize(
    ("wish", "glides"), [("no-preference", True), ("reduce", False)], ids=["glide", "jump"]
)
async def test_rows_glide_to_their_new_rank_or_jump_for_who_wants_no_motion(
    browser: str, tmp_path: Path, wish: str, glides: bool
):
    async with (
        running(tmp_path, a_manifest()) as instance,
        a_tab(browser, before=COUNTED, media={"prefers_reduced_motion": wish}) as tab,
    ):
        ann, bob = await instance.player("Ann Lee"), await instance.player("Bob Ray")
        await ann.execute("coins", data={"coins": 50})
        await bob.execute("coins", data={"coins": 40})
        await open_board(tab, instance)
        await tab.until(f"({ROWS}).length === 2")
        await tab.run("window.glides = 0")

        await bob.execute("level")

        await tab.until(f"({ROWS})[0][1] === 'Bob Ray'")
        assert await tab.run("window.glides") == (2 if glides else 0)
        await tab.until("document.querySelector('.row .score').textContent === '180'")


@pytest.mark.parametrize(("scheme", "dark"), [("light", False), ("dark", True)])
async def test_it_follows_the_readers_colours(
    browser: str, board: Instance, scheme: str, dark: bool
):
    async with a_tab(browser, media={"prefers_color_scheme": scheme}) as tab:
        await open_board(tab, board)

        ground = await tab.run("getComputedStyle(document.body).backgroundColor")

        red = int(ground.partition("(")[2].partition(",")[0])
        assert (red < 60) is dark


async def test_a_board_for_signed_in_players_opens_when_one_plays(tab: Tab, tmp_path: Path):
    private = a_manifest(boards=[{"name": "main", "visibility": "Authenticated"}])
    async with running(tmp_path, private) as instance:
        await tab.open(f"{instance.url}/")
        await tab.until("document.querySelector('#standings')?.dataset.shown === 'closed'")

        await press(tab, "play")

        await tab.until(SUBSCRIBED)
        await tab.until("document.querySelectorAll('#board .row.mine').length === 1")
        assert faults(tab) == []
