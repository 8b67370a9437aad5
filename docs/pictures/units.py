"""Numbers as Grafana writes them: value and unit."""

import math
from collections.abc import Sequence

Scale = tuple[tuple[float, str], ...]
SECONDS: Scale = (
    (86_400 * 2, "d"), (3_600 * 2, "h"), (120, "min"), (1, "s"), (1e-3, "ms"), (1e-6, "µs"),
)  # fmt: skip
DIVIDE = {"d": 86_400.0, "h": 3_600.0, "min": 60.0, "s": 1.0, "ms": 1e-3, "µs": 1e-6}
BYTES: Scale = ((2**40, "TiB"), (2**30, "GiB"), (2**20, "MiB"), (2**10, "KiB"), (1, "B"))
COUNTS: Scale = ((1e9, "B"), (1e6, "M"), (1e3, "K"), (1, ""))
SUFFIX = {"ops": " ops/s", "reqps": " req/s"}


def _fixed(value: float, decimals: int | None) -> str:
    if decimals is None:
        size = abs(value)
        decimals = 0 if value == int(value) or size >= 100 else 1 if size >= 10 else 2
    text = f"{value:.{decimals}f}"
    return text.rstrip("0").rstrip(".") if "." in text and decimals > 2 else text


def _scaled(value: float, scale: Scale, decimals: int | None, gap: str = " ") -> str:
    for edge, name in scale:
        if abs(value) >= edge or (edge, name) == scale[-1]:
            by = DIVIDE.get(name, edge) if scale is SECONDS else edge
            return f"{_fixed(value / by, decimals)}{gap if name else ''}{name}"
    return ""


def written(value: float, unit: str, decimals: int | None = None) -> str:
    """As on a panel."""
    if math.isnan(value):
        return "–"
    if math.isinf(value):
        return "∞" if value > 0 else "-∞"
    if unit == "percentunit":
        return f"{_fixed(value * 100, decimals)}%"
    if unit == "s":
        return "0 s" if value == 0 else _scaled(value, SECONDS, decimals)
    if unit == "bytes":
        return "0 B" if value == 0 else _scaled(value, BYTES, decimals)
    if unit == "bool_yes_no":
        return "Yes" if value else "No"
    return _scaled(value, COUNTS, decimals, gap=" ") + SUFFIX.get(unit, "")


def axis(marks: Sequence[float], unit: str) -> list[str]:
    """All of them in one unit, with as many digits as tell them apart."""
    if unit == "bool_yes_no":
        return [written(mark, unit) for mark in marks]
    most, step = max(map(abs, marks)), marks[1] - marks[0]
    scale: Scale = {"s": SECONDS, "bytes": BYTES, "percentunit": ((0.01, "%"),)}.get(unit, COUNTS)
    edge, name = next((each for each in scale if most >= each[0]), scale[-1])
    by = DIVIDE[name] if unit == "s" else edge
    decimals = next(
        (n for n in range(3) if abs(step / by * 10**n - round(step / by * 10**n)) < 1e-6), 2
    )
    gap = " " if name and name != "%" else ""
    return [f"{mark / by + 0.0:.{decimals}f}{gap}{name}{SUFFIX.get(unit, '')}" for mark in marks]


def ticks(least: float, most: float, unit: str, about: int, whole: bool) -> list[float]:
    """Round numbers from `least` to above `most`."""
    raw = max(most - least, 1e-12) / about
    if unit == "bytes" and raw >= 1:
        step = 2.0 ** math.ceil(math.log2(raw))
    elif unit == "s" and raw > 10:
        times = (15, 20, 30, 60, 120, 300, 600, 1200, 3600, 7200, 21_600, 43_200, 86_400)
        step = next((float(n) for n in times if n >= raw), math.ceil(raw / 86_400) * 86_400.0)
    else:
        power = 10.0 ** math.floor(math.log10(raw))
        step = next(power * n for n in (1, 2, 2.5, 5, 10) if power * n >= raw * 0.999)
    if whole:
        step = float(math.ceil(step - 1e-9))
    first, last = math.floor(least / step + 1e-9), math.ceil(most / step - 1e-9)
    return [n * step for n in range(first, max(last, first + 1) + 1)]
