"""How a change is shown: counted up, marked, glided to, told; measured from inside the page, as
between two looks from outside all of it may pass."""

import math
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from tests.e2e.instance import Instance, a_manifest, running, until
from tests.e2e.page.browser import Tab, a_tab
from tests.e2e.page.looks import (
    COINS,
    entries,
    faults,
    known,
    open_board,
    people,
    press,
    row_of,
    standings,
)

ARABIC = "محمد بن عبد الله"
FIVE = (("Ann", 450), ("Bob", 400), ("Cid", 350), ("Dee", 300), (ARABIC, 250))  # and their coins
WISHES = pytest.mark.parametrize(
    ("wish", "moves"), [("no-preference", True), ("reduce", False)], ids=["motion", "none"]
)
# `offsets` has where each glide of a row begins, in px from where it ends.
OFFSETS = r"""
  window.offsets = [];
  const animate = Element.prototype.animate;
  Element.prototype.animate = function (frames, ...given) {
    const way = /^translateY\((.*)px\)$/.exec(frames[0].transform);
    if (this.classList.contains('row') && way) window.offsets.push(Number(way[1]));
    return animate.call(this, frames, ...given);
  };
"""


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def five(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Instance]:
    """Five rows are shown; whose they are is told apart, and one of them is Arabic."""
    actions = [
        COINS,
        {"name": "level", "points": 100},
        {"name": "dust", "points": 1, "task": "Issued"},  # which no guest plays
    ]
    manifest = a_manifest(boards=[{"name": "main", "size": 5}], actions=actions)
    async with running(tmp_path_factory.mktemp("five"), manifest) as instance:
        await people(instance, FIVE)
        yield instance


async def open_five(tab: Tab, instance: Instance) -> None:
    await open_board(tab, instance)
    await tab.until("document.querySelectorAll('#board .row').length === 5")
    await tab.until("document.getAnimations().length === 0")


async def change_of_the_lead(instance: Instance) -> tuple[str, str]:
    """The second becomes the first; who rose and who fell."""
    first, second, *_ = await entries(instance)
    rising = await known(instance, second[1])
    for _ in range((first[2] - second[2]) // 100 + 1):
        assert (await rising.execute("level")).status == 202
    return second[1], first[1]


@WISHES
async def test_a_score_counts_up_or_jumps_for_who_wants_no_motion(
    browser: str, five: Instance, wish: str, moves: bool
):
    async with a_tab(browser, media={"prefers_reduced_motion": wish}) as tab:
        await open_five(tab, five)
        (_, name, before), *_ = await entries(five)
        await tab.run(f"""window.texts = []; new MutationObserver((records) => {{
          for (const {{ addedNodes: [text] }} of records) window.texts.push(text.textContent);
        }}).observe({row_of(name, ".score")}, {{childList: true}})""")

        await (await known(five, name)).execute("level")

        await tab.until(f"window.texts.at(-1) === '{before + 100:,}'")
        values = [int(text.replace(",", "")) for text in await tab.run("window.texts")]
        between = [value for value in values if before < value < before + 100]
        assert values == sorted(values)
        assert bool(between) is moves, values


@WISHES
async def test_a_change_moves_nothing_for_who_wants_no_motion(
    browser: str, five: Instance, wish: str, moves: bool
):
    async with a_tab(browser, media={"prefers_reduced_motion": wish}) as tab:
        await open_five(tab, five)
        await tab.run("""window.moving = 0; new MutationObserver(() => {
          window.moving = Math.max(window.moving, document.getAnimations().length);
        }).observe(document.querySelector('#board'), {childList: true, subtree: true,
          attributes: true, attributeFilter: ['class', 'style']})""")

        rose, _ = await change_of_the_lead(five)

        await tab.until(f"{row_of(rose)}.dataset.rank === '1'")
        await tab.until(f"{row_of(rose, '.move')}.classList.contains('old')")
        assert (await tab.run("window.moving") > 0) is moves


async def test_a_glide_begins_where_the_row_was_seen(browser: str, five: Instance):
    async with a_tab(browser, before=OFFSETS) as tab:
        await open_five(tab, five)
        apart = await tab.run("""(() => {
          const [one, other] = document.querySelectorAll('#board .row');
          return other.getBoundingClientRect().top - one.getBoundingClientRect().top;
        })()""")
        assert apart > 20
        await tab.run("window.offsets = []")

        await change_of_the_lead(five)

        await tab.until("window.offsets.length >= 2")
        fell, rose = sorted(await tab.run("window.offsets"))
        assert [fell, rose] == pytest.approx([-apart, apart], abs=1)


async def test_who_is_passed_is_marked_and_the_mark_is_gone_in_the_end(tab: Tab, five: Instance):
    await open_five(tab, five)
    (_, leader, _), *_ = await entries(five)
    mark = row_of(leader, ".move")
    await tab.run(f"""window.marks = []; new MutationObserver(([{{ target }}]) => {{
      window.marks.push([target.textContent, target.className, getComputedStyle(target).opacity]);
    }}).observe({mark}, {{childList: true}})""")

    await change_of_the_lead(five)

    assert await tab.until("window.marks[0]") == ["▼ 1", "move down", "1"]
    await tab.until(f"getComputedStyle({mark}).opacity === '0'")
    assert faults(tab) == []


async def test_three_places_have_a_medal_each_and_the_fourth_none(tab: Tab, five: Instance):
    await open_five(tab, five)

    *medals, fourth, _ = await tab.run("""[...document.querySelectorAll('#board .place')]
      .map((place) => getComputedStyle(place)).map((it) => [it.backgroundColor, it.backgroundImage])""")

    none = ["rgba(0, 0, 0, 0)", "none"]
    assert fourth == none
    assert none not in medals
    assert len(set(map(tuple, medals))) == 3


async def test_a_name_is_written_from_its_own_side(tab: Tab, five: Instance):
    await open_five(tab, five)

    sides = {name: await tab.run(f"getComputedStyle({row_of(name, '.player')}).direction")
             for name, _ in FIVE}  # fmt: skip

    assert sides == {name: "rtl" if name == ARABIC else "ltr" for name, _ in FIVE}


async def test_the_percentile_is_the_apis_and_a_change_of_rank_is_told(tab: Tab, five: Instance):
    last = await five.player()
    await last.execute("dust", taskId=(await last.issue_task("dust")).body["taskId"])
    await open_five(tab, five)
    await press(tab, "play")
    await tab.until("document.querySelector('#percentile').textContent.includes('of')")
    guest = await tab.run("document.querySelector('#near .mine').dataset.user")

    async def place() -> tuple[int, int, str]:
        """The guest's rank and score, and what the page says of the place."""
        own = (await last.get(f"/api/scoreboard/users/{guest}?around=0")).body
        (only,) = own["entries"]
        behind = math.floor(own["percentile"] * 10) / 10
        said = f"#{own['rank']} of {own['total']} · ahead of {behind:g} %"
        return own["rank"], only["score"], said

    rank, score, said = await place()
    await tab.until(f"document.querySelector('#percentile').textContent === {said!r}")

    for _ in range(score // 100 + 1):
        await last.execute("level")

    async def passed() -> bool:
        return (await place())[0] == rank + 1

    await until(passed, "the guest is passed")  # below the rows shown: the next change tells it
    await (await known(five, (await entries(five))[0][1])).execute("level")

    total = (await standings(five))["total"]
    told = f"You are number {rank + 1} of {total}"
    await tab.until(f"document.querySelector('#news[aria-live=polite]').textContent === {told!r}")
    answers = "document.querySelector('#log[aria-live=polite]').textContent"
    assert "Counted" in await tab.until(f"{answers}.includes('Counted') && {answers}")
