"""What a person may do to a score by hand."""

from importlib.resources import files

import pytest

from scoreboard_runtime.contract.board import MAX_SCORE
from scoreboard_runtime.contract.changes import Change
from scoreboard_runtime.rules import budget, moderation
from scoreboard_runtime.rules.moderation import ByHand, Refused
from scoreboard_runtime.rules.scoring import Player
from scoreboard_runtime.rules.standings import Place


def a_player(score: int = 100, version: int = 3, *, out: bool = False) -> Player:
    return Player("Ann", score, version, 50, out)


def test_an_adjustment_is_a_version_of_its_own_reached_now():
    player = a_player()

    row = moderation.adjust(player, -30, 70)

    assert row == ByHand("adjust", -30, 100, 70, 4, 70)
    assert player == Player("Ann", 70, 4, 70)


def test_the_time_of_a_score_never_goes_back():
    player = a_player()

    moderation.adjust(player, 1, 20)

    assert player.reached_us == 50


@pytest.mark.parametrize("points", [-101, MAX_SCORE - 99])
def test_a_score_stays_within_its_bounds(points: int):
    player = a_player()

    with pytest.raises(Refused) as refused:
        moderation.adjust(player, points, 70)

    assert refused.value.code == "SCORE_OUT_OF_RANGE"
    assert "100" in str(refused.value)
    assert player == a_player()


def test_a_move_keeps_score_and_time_and_is_a_row_of_no_points():
    player = a_player()

    gone = moderation.move(player, out=True, now_us=70)
    back = moderation.move(player, out=False, now_us=80)

    assert gone == ByHand("disqualify", 0, 100, 100, 4, 70)
    assert back == ByHand("restore", 0, 100, 100, 5, 80)
    assert player == a_player(version=5)


@pytest.mark.parametrize(
    ("player", "out"),
    [
        pytest.param(a_player(out=True), True, id="out already"),
        pytest.param(a_player(), False, id="in already"),
        pytest.param(a_player(0, 0), True, id="without a standing"),
    ],
)
def test_a_move_that_changes_no_standing_is_no_row(player: Player, out: bool):
    version = player.version

    assert moderation.move(player, out=out, now_us=70) is None
    assert (player.out, player.version) == (out, version)


@pytest.mark.parametrize(
    ("admins", "stays", "allowed"),
    [
        ({"ann"}, False, False),
        ({"ann"}, True, True),
        ({"ann", "bob"}, False, True),
        ({"bob"}, False, True),
        (set(), False, True),
    ],
)
def test_the_last_admin_stays_one(admins: set[str], stays: bool, allowed: bool):
    if allowed:
        moderation.keep_an_admin("ann", admins, stays=stays)
    else:
        with pytest.raises(Refused, match="last admin"):
            moderation.keep_an_admin("ann", admins, stays=stays)


@pytest.mark.parametrize(
    ("reason", "fine"),
    [("spam", True), ("two\nlines", True), ("", False), ("x" * 501, False), ("a\0b", False),
     ("\ud800", False), ("x" * 500, True)],
)  # fmt: skip
def test_a_reason_is_some_plain_text(reason: str, fine: bool):
    assert (moderation.reason_fault(reason) is None) is fine


@pytest.mark.parametrize(
    ("better", "worse", "why"),
    [
        (Place(-5, 9, "z"), Place(-4, 1, "a"), "score"),
        (Place(-5, 1, "z"), Place(-5, 2, "a"), "reachedAt"),
        (Place(-5, 1, "a"), Place(-5, 1, "z"), "userId"),
    ],
)
def test_it_says_what_decides_between_two(better: Place, worse: Place, why: str):
    assert better < worse
    assert moderation.because(better, worse) == why


def test_a_refusal_without_words_says_its_code():
    assert str(Refused("FORBIDDEN")) == "FORBIDDEN"


@pytest.mark.parametrize(
    ("arrival", "left"),
    [
        pytest.param(0, 10, id="never asked"),
        pytest.param(1_000_000, 10, id="long ago"),
        pytest.param(5_100_000, 9, id="one just now"),
        pytest.param(5_950_000, 0, id="not a whole one is left"),
        pytest.param(6_000_000, 0, id="spent"),
        pytest.param(9_000_000, 0, id="beyond"),
    ],
)
def test_what_is_left_of_a_budget(arrival: int, left: int):
    assert budget.left(arrival, 5_000_000, 10, 1_000_000) == left


def test_lua_reads_the_member_of_a_change_that_says_who_is_out():
    source = (files("scoreboard_runtime.stores") / "lua" / "standings.lua").read_text()

    place = Change.__struct_fields__.index("out") + 1  # Lua counts from 1

    assert source.count(f"change[{place}])") == 2
