"""The latency gauge: what it counts, and that a wrong clock of the reader's does not count."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from tests.e2e.instance import Instance, a_manifest, running
from tests.e2e.page.browser import Tab, a_tab
from tests.e2e.page.looks import open_board

GAUGE = "document.querySelector('#gauge').style.getPropertyValue"


def milliseconds(said: str) -> float:
    value, unit = said.split()
    return float(value) * {"ms": 1, "s": 1000}[unit]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def empty(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Instance]:
    """Whoever plays there is seen: on a full board nothing need be pushed."""
    async with running(tmp_path_factory.mktemp("empty"), a_manifest()) as instance:
        yield instance


@pytest.mark.parametrize("off", [300_000, -300_000], ids=["fast", "slow"])
async def test_a_clock_that_is_wrong_by_five_minutes_measures_the_same(
    browser: str, empty: Instance, off: int
):
    wrong = f"const native = Date.now; Date.now = () => native() + {off};"
    async with a_tab(browser, before=wrong) as tab:
        ann = await empty.player()
        await open_board(tab, empty)

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
