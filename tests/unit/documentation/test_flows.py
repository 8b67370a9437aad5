"""docs/flows.md is true: its paths and tests exist, its diagram is what the code does."""

import copy
import re
from pathlib import Path

import pytest

from scoreboard_runtime.contract import frames
from scoreboard_runtime.rules.connection import AUTHENTICATING, DISCONNECTED, Close, Connection
from scoreboard_runtime.rules.tokens import Claims

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "flows.md").read_text()
NAMED = sorted(set(re.findall(r"`((?:rt|tests)/[^`]+)`", PAGE)))

CLAIMS = Claims(
    user_id="u",
    username="ann",
    session_id="s",
    roles=frozenset({"player"}),
    issued_us=0,
    expires_us=10**15,
    signing_kid="k",
)
SAID = [
    frames.decode(text)
    for text in (
        '{"type":"authenticate","token":"t"}',
        '{"type":"subscribe","channel":"scoreboard"}',
        '{"type":"subscribe","channel":"user"}',
        '{"type":"unsubscribe","channel":"scoreboard"}',
        '{"type":"unsubscribe","channel":"user"}',
        '{"type":"ping"}',
    )
]


@pytest.mark.parametrize("named", NAMED)
def test_what_it_names_exists(named: str):
    path, _, test = named.replace("rt/", "runtime/scoreboard_runtime/", 1).partition("::")
    assert (ROOT / path).is_file()
    if test:
        assert re.search(rf"def {test}\(", (ROOT / path).read_text()), test


def test_it_has_the_ten_flows_and_a_test_for_each_of_the_first_eight():
    flows = re.split(r"^## (\d+)\. ", PAGE, flags=re.MULTILINE)[1:]
    assert flows[::2] == [str(number) for number in range(1, 11)]
    for number, text in zip(flows[::2][:8], flows[1::2], strict=False):
        assert text.count("`tests/") >= 3, number


def reached() -> set[tuple[str, str]]:
    """Every pair of states that a message or a verdict joins, from a walk through all of them."""
    first = Connection({"main": True}, "main")
    first.opened(0)
    arrows, seen, ahead = set(), set(), [first]
    while ahead:
        start = ahead.pop()
        # While a token is verified, broadcaster/visit.py reads no message.
        for event in (None, CLAIMS) if start.state == AUTHENTICATING else SAID:
            after = copy.deepcopy(start)
            answers = isinstance(event, Claims | None)
            effects = after.verified(event) if answers else after.received(event, 0)
            closed = any(isinstance(effect, Close) for effect in effects)
            if closed and not answers:
                continue  # against the rules: from every state, so not drawn
            end = DISCONNECTED if closed else after.state
            if end != start.state:
                arrows.add((start.state, end))
            found = (end, after.claims, frozenset(after.channels))
            if not closed and found not in seen:
                seen.add(found)
                ahead.append(after)
    return arrows


def test_the_diagram_is_what_the_connection_does():
    drawn = {
        (a.lower(), b.lower())
        for a, b in re.findall(r"^    (\S+) --> (\w+):", PAGE, re.MULTILINE)
        if a != "[*]" and a != b
    }
    lost = {(state, "disconnected") for state in ("connected", "authenticated", "subscribed")}

    assert reached() | lost | {("connecting", "connected")} == drawn
