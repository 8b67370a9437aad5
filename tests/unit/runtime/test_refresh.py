"""rules/refresh.py: a refresh token proves what it says, and nothing else does."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoreboard_runtime.contract.keyring import Key, Keyring
from scoreboard_runtime.rules import refresh
from scoreboard_runtime.rules.derivation import SIGNING, TOKEN, derive

OLD, NEW = Key("k1", b"1" * 32, 1), Key("k2", b"2" * 32, 2)
RING, SESSION = Keyring((OLD, NEW)), "0123456789abcdef" * 2


@given(st.integers(0, 10**9))
def test_a_refresh_token_says_which_generation_it_is(generation):
    assert refresh.read(refresh.make(NEW, SESSION, generation), RING) == refresh.Refresh(
        SESSION, generation
    )


def test_a_refresh_token_lives_as_long_as_its_key():
    token = refresh.make(OLD, SESSION, 1)

    assert refresh.read(token, RING) is not None
    assert refresh.read(token, Keyring((NEW,))) is None


@pytest.mark.parametrize("place", [0, 1, 2, 3], ids=["kid", "session", "generation", "proof"])
def test_a_refresh_token_changed_in_any_part_is_not_genuine(place):
    parts = refresh.make(NEW, SESSION, 7).split(".")
    parts[place] = {0: "k1", 1: "f" * 32, 2: "8", 3: "0" * 64}[place]

    assert refresh.read(".".join(parts), RING) is None


@given(st.text(max_size=200))
def test_no_text_is_taken_for_a_refresh_token(text):
    assert refresh.read(text, RING) is None


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda token: token + "\n", id="a newline after"),
        pytest.param(lambda token: " " + token, id="a space before"),
        pytest.param(lambda token: token.upper(), id="another case"),
        pytest.param(lambda token: token.replace(".7.", ".07."), id="a zero before the generation"),
        pytest.param(
            lambda token: token.replace(".7.", ".\u0667."), id="a digit of another script"
        ),
        pytest.param(lambda token: token + ".x", id="a part too many"),
        pytest.param(lambda token: token * 1000, id="a long text"),
    ],
)
def test_a_refresh_token_has_one_spelling(change):
    assert refresh.read(change(refresh.make(NEW, SESSION, 7)), RING) is None


@pytest.mark.parametrize("purpose", [TOKEN, SIGNING], ids=["access tokens", "signatures"])
def test_a_key_of_another_purpose_makes_no_refresh_token(purpose):
    imposter = Key("k2", derive(NEW.secret, purpose), 2)

    assert refresh.read(refresh.make(imposter, SESSION, 7), RING) is None
