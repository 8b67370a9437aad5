"""The latency gauge: what it counts, and that a wrong clock of the reader's does not count."""

import pytest
from tests.e2e.instance import Instance
from tests.e2e.page.browser import Tab, a_tab
from tests.e2e.page.looks import open_board

GAUGE = "document.querySelector('#gauge').style.getPropertyValue"


def milliseconds(said: str) -> float:
    value, unit = said.split()
    return float(value) * {"ms": 1, "s": 1000}[unit]


@pytest.mark.parametrize("off", [300_000, -300_000], ids=["fast", "slow"])
async def test_a_clock_that_is_wrong_by_five_minutes_measures_the_same(
    browser: str, board: Instance, off: int
):
    wrong = f"const native = Date.now; Date.now = () => native() + {off};"
    async with a_tab(browser, before=wrong) as tab:
        ann = await board.player()
        await open_board(tab, board)

        for _ in range(10):
            await ann.execute("level")

        said = await tab.until(
            "document.querySelector('#gauge').dataset.level && "
            "document.querySelector('#latency').textContent"
        )
        p50, p99 = (milliseconds(part) for part in said.split(" · "))
        assert 0 <= p50 <= p99 < 5000
        assert p99 > 0, "what is pushed was under way"
        places = [float(await tab.run(f"{GAUGE}('--{name}')")) for name in ("p50", "p99")]
        assert 0 <= places[0] <= places[1] <= 1
        assert places[1] > 0


async def test_a_percentile_is_the_value_that_so_many_do_not_pass(tab: Tab, board: Instance):
    await tab.open(f"{board.url}/docs")

    found = await tab.until("""import('/page/status.js').then(({percentile}) => {
      const hundred = Array.from({length: 100}, (_, index) => 100 - index);
      return [[hundred, 0], [hundred, .5], [hundred, .99], [hundred, 1], [[9, 11, 10], .5], [[9, 10], .99],
        [[], .5]].map((given) => percentile(...given));
    })""")

    assert found == [1, 50, 99, 100, 10, 10, None]
