"""Paired comparison: what is measured and its ceiling, interleaved, told as ratios with a spread.

This machine's speed drifts threefold within minutes, so that a figure by itself says nothing;
what two blocks a few seconds apart did to each other does (facts-runtime.md, section 6).
"""

import statistics
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from scoreboard_runtime.process.progress import Progress

Block = Callable[[], Awaitable[float]]


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the report: the median of some ratios or costs, and their spread."""

    name: str
    values: tuple[float, ...]
    target: str = ""
    unit: str = ""
    note: str = ""

    @property
    def median(self) -> float:
        return statistics.median(self.values)

    def spread(self) -> str:
        """As `0.71 [0.66..0.74]`."""
        low, high = min(self.values), max(self.values)
        return f"{_short(self.median)} [{_short(low)}..{_short(high)}]{self.unit}"


def _short(value: float) -> str:
    return f"{value:.0f}" if value >= 20 else f"{value:.1f}" if value >= 5 else f"{value:.2f}"


def order(pairs: int) -> list[bool]:
    """ABBA ABBA ...: for each block whether it is the ceiling's, so that a drift hits both alike."""
    blocks: list[bool] = []
    for number in range(pairs):
        blocks += [True, False] if number % 2 == 0 else [False, True]
    return blocks


async def paired(ceiling: Block, product: Block, pairs: int) -> list[tuple[float, float]]:
    """(ceiling, product) of every pair; each block answers its figure."""
    values: list[float] = []
    blocks = order(pairs)
    with Progress("blocks", len(blocks)) as progress:
        for is_ceiling in blocks:
            values.append(await (ceiling if is_ceiling else product)())
            progress.more()
    found = []
    for first in range(0, len(blocks), 2):
        pair = values[first : first + 2]
        found.append((pair[0], pair[1]) if blocks[first] else (pair[1], pair[0]))
    return found


def ratios(found: Sequence[tuple[float, float]]) -> tuple[float, ...]:
    """The product's figure as a part of its ceiling's."""
    return tuple(product / ceiling for ceiling, product in found)


def table(figures: Sequence[Figure]) -> str:
    """A Markdown table."""
    rows = ["| what | median [min..max] | aim | |", "|---|---|---|---|"]
    rows += [f"| {f.name} | {f.spread()} | {f.target} | {f.note} |" for f in figures]
    return "\n".join(rows)
