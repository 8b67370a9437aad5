"""contract/durations.py: what a manifest may write as a time."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoreboard_runtime.contract import crd, schema
from scoreboard_runtime.contract.durations import MICROSECONDS, microseconds

PATTERNS = {
    schema.form(node["x-kubernetes-validations"][0])
    for node in (
        crd.whole_schema()["properties"]["spec"]["properties"]["auth"]["properties"]["tokenTTL"],
        crd.whole_schema()["properties"]["spec"]["properties"]["cache"]["properties"]["l1TTL"],
    )
}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0s", 0),
        ("1ms", 1_000),
        ("10s", 10_000_000),
        ("007s", 7_000_000),
        ("1m", 60_000_000),
        ("2h", 7_200_000_000),
        ("30d", 2_592_000_000_000),
    ],
)
def test_a_number_and_a_unit_are_a_time(text, expected):
    assert microseconds(text) == expected


@pytest.mark.parametrize(
    "text",
    ["", "10", "s", "-1s", "+1s", "1.5s", "1 s", " 1s", "1s ", "1s\n", "1S", "1w", "1h30m", "1e3s",
     "١s", "1234567890s"],
)  # fmt: skip
def test_anything_else_is_refused_with_what_is_allowed(text):
    with pytest.raises(ValueError, match="ms, s, m, h or d"):
        microseconds(text)


@given(st.integers(0, 10**9 - 1), st.sampled_from(sorted(MICROSECONDS)))
def test_every_time_is_whole_microseconds(number, unit):
    assert microseconds(f"{number}{unit}") == number * MICROSECONDS[unit]


@pytest.mark.parametrize("pattern", sorted(PATTERNS))
@given(data=st.data())
def test_what_the_schema_accepts_is_a_time_that_no_clock_overflows(pattern, data):
    text = data.draw(st.from_regex(pattern.replace("$", r"\Z"), fullmatch=True))

    assert re.search(pattern, text)
    assert microseconds(text) < 275 * 365 * MICROSECONDS["d"]
