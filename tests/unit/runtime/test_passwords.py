"""rules/passwords.py: length and the commonest, and nothing else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoreboard_runtime.rules import passwords


@pytest.mark.parametrize(
    "password",
    [
        pytest.param("x7$kQ9!z", id="eight characters"),
        pytest.param("correct horse battery", id="a long one"),
        pytest.param("w" * 128, id="128 characters"),
        pytest.param("zufallswort", id="lower case only"),
        pytest.param("пароль и соль", id="any script"),
        pytest.param("🐎🔋🐎🔋🐎🔋🐎🔋", id="emoji"),
        pytest.param("   mmm   ", id="spaces at the ends"),
    ],
)
def test_there_are_no_composition_rules(password):
    assert passwords.fault(password, "ann lee 77") is None


@pytest.mark.parametrize(
    "password",
    [
        pytest.param("", id="nothing"),
        pytest.param("x7$kQ9!", id="seven characters"),
        pytest.param("w" * 129, id="129 characters"),
        pytest.param("password123", id="a common one"),
        pytest.param("Qwertyuiop", id="a common one in another case"),
        pytest.param("12345678", id="digits in order"),
        pytest.param("00000000", id="one digit"),
        *(
            pytest.param(one, id=f"leaked: {one}")
            for one in ("abcd1234", "Maverick", "1q2w3e4r5t6y", "aa123456", "12341234", "zaq12wsx")
        ),
        pytest.param("Summer2026", id="a season and its year"),
        pytest.param("\uff50assword1", id="a common one in another form"),
        pytest.param("Ann Lee 77", id="the name itself"),
        pytest.param("\uff21\uff2e\uff2e lee 77", id="the name in another form"),
    ],
)
def test_the_commonest_and_the_name_are_refused(password):
    assert passwords.fault(password, "ann lee 77")


def test_the_list_holds_thousands_that_are_long_enough():
    reachable = [one for one in passwords.COMMONEST if len(one) >= passwords.LEAST]

    assert len(reachable) > 8000
    assert all(one == one.casefold() for one in reachable)


@given(st.text(max_size=60))
def test_a_password_is_the_same_however_its_characters_were_composed(password):
    prepared = passwords.prepared(password)

    assert passwords.prepared(prepared) == prepared


def test_composed_and_decomposed_keyboards_give_the_same_password():
    assert passwords.prepared("caf\u00e9 cr\u00e8me") == passwords.prepared(
        "cafe\u0301 cre\u0300me"
    )
