"""settings.py: the environment of the operator, and what is said of a wrong one."""

import pytest

from scoreboard_operator.settings import VARIABLES, WrongSetting, load


def test_nothing_has_to_be_set():
    found = load({})

    assert (found.port, found.workers, found.resync_seconds) == (8090, 4, 600)
    assert found.namespaces == ()
    assert load({f"SCOREBOARD_OPERATOR_{name}": "" for name in VARIABLES if name != "IDENTITY"})


def test_namespaces_are_told_apart_by_comma_or_space():
    assert load({"SCOREBOARD_OPERATOR_NAMESPACES": "a, b c"}).namespaces == ("a", "b", "c")


@pytest.mark.parametrize("text", ["ten", "nan", "inf", "-1", "0", "1e999"])
def test_seconds_that_are_no_number_are_told(text: str):
    with pytest.raises(WrongSetting) as told:
        load({"SCOREBOARD_OPERATOR_RESYNC_SECONDS": text})
    said = f"SCOREBOARD_OPERATOR_RESYNC_SECONDS must be a number, 1 or more, not '{text}'"
    assert str(told.value) == said


@pytest.mark.parametrize("text", ["many", "0", "65", "2.5", "٣", "-4"])
def test_a_wrong_count_is_told(text: str):
    with pytest.raises(WrongSetting, match="SCOREBOARD_OPERATOR_WORKERS must be a whole number"):
        load({"SCOREBOARD_OPERATOR_WORKERS": text})
