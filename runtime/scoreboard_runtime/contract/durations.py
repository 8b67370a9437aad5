"""Durations as a manifest writes them (`10s`, `1m`, `30d`), in whole microseconds."""

import re

MICROSECONDS = {
    "ms": 1_000,
    "s": 1_000_000,
    "m": 60_000_000,
    "h": 3_600_000_000,
    "d": 86_400_000_000,
}
PATTERN = re.compile(r"([0-9]{1,9})(ms|s|m|h|d)")


def microseconds(text: str) -> int:
    """`"10s"` -> 10_000_000. Raises ValueError with what is allowed."""
    found = PATTERN.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is not a duration: write a number and ms, s, m, h or d")
    return int(found[1]) * MICROSECONDS[found[2]]
