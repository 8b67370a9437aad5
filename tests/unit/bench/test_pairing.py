"""The benchmark's arithmetic."""

from tests.bench.pairing import Figure, order, paired, ratios, table


def test_blocks_are_interleaved_so_that_a_drift_hits_both() -> None:
    assert order(2) == [True, False, False, True]
    assert order(3) == [True, False, False, True, True, False]


async def test_a_pair_is_the_ceiling_and_the_product_in_either_order() -> None:
    clock = iter(range(100))

    async def ceiling() -> float:
        return 1000 + next(clock)

    async def product() -> float:
        return 500 + next(clock)

    found = await paired(ceiling, product, 2)
    assert found == [(1000, 501), (1003, 502)]
    assert ratios([(1000.0, 500.0), (400.0, 300.0)]) == (0.5, 0.75)


def test_a_figure_shows_its_median_and_its_spread() -> None:
    figure = Figure("a", (0.5, 0.75, 0.61), "≥ 0.6", note="n")
    assert figure.spread() == "0.61 [0.50..0.75]"
    assert Figure("b", (140.4, 120.0), unit=" µs").spread() == "130 [120..140] µs"
    assert table([figure]).splitlines()[2] == "| a | 0.61 [0.50..0.75] | ≥ 0.6 | n |"
