"""rules/usernames.py: which names can be taken, and which are the same name."""

import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoreboard_runtime.rules import usernames


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("ann", id="three characters"),
        pytest.param("Ω" * 32, id="32 characters"),
        pytest.param("Ann Lee", id="a space inside"),
        pytest.param("Jörg_7", id="letter, mark, digit"),
        pytest.param("e\u0301va", id="a combining mark"),
        pytest.param("名無し太郎", id="Japanese"),
        pytest.param("محمد علي", id="Arabic"),
        pytest.param("क्षत्रिय", id="Devanagari with its vowel signs"),
        pytest.param("a.b-c", id="dot and hyphen"),
        pytest.param("٣٤٥", id="digits of another script"),
        pytest.param("123", id="digits only"),
        pytest.param("_._", id="the three signs"),
    ],
)
def test_a_name_of_any_script_can_be_taken(name):
    assert usernames.fault(name) is None


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("", id="nothing"),
        pytest.param("ab", id="too short"),
        pytest.param("a" * 33, id="too long"),
        pytest.param(" ann", id="space in front"),
        pytest.param("ann ", id="space behind"),
        pytest.param("a  b", id="two spaces"),
        pytest.param("a\tb", id="a tab"),
        pytest.param("a\u00a0b", id="a space that does not break"),
        pytest.param("ann\n", id="a newline"),
        pytest.param("ann\u200b", id="an invisible character"),
        pytest.param("ann\u202e", id="a direction override"),
        pytest.param("\u3164\u3164\u3164", id="invisible letters only"),
        pytest.param("<b>x", id="markup"),
        pytest.param("a@b.c", id="an address of mail"),
        pytest.param("a😀b", id="an emoji"),
        pytest.param("a²b", id="a superscript is no digit"),
        pytest.param("a\x00b", id="a NUL"),
        pytest.param("ab\ud800", id="half of a surrogate pair"),
        pytest.param("\ufdfa" * 32, id="a name whose key is far too long"),
    ],
)
def test_other_names_are_refused_with_what_to_do(name):
    assert usernames.fault(name)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param("Ann", "ANN", id="case"),
        pytest.param("straße", "STRASSE", id="case that grows"),
        pytest.param("\u03a3\u0391\u03a3", "\u03c3\u03b1\u03c2", id="final sigma"),
        pytest.param("ﬁsh", "fish", id="a ligature"),
        pytest.param("\uff2a\uff4f\uff45", "joe", id="full width"),
        pytest.param("évé", "e\u0301ve\u0301", id="composed or not"),
        pytest.param("ann", "ann\ufe0f", id="a variation selector"),
        pytest.param("ann", "a\u034fnn", id="an invisible mark"),
        pytest.param("ann", "ann\u3164", id="an invisible letter"),
    ],
)
def test_names_that_look_the_same_are_the_same(one, other):
    assert usernames.key(one) == usernames.key(other)


@pytest.mark.parametrize(
    ("one", "other"), [("ann", "anna"), ("ann lee", "annlee"), ("a.b", "a-b"), ("eva", "éva")]
)
def test_other_names_stay_apart(one, other):
    assert usernames.key(one) != usernames.key(other)


@given(st.text(max_size=40))
def test_the_key_of_a_key_is_the_same_key(name):
    assert usernames.key(usernames.key(name)) == usernames.key(name)


def test_every_single_character_has_a_stable_key():
    for point in range(sys.maxunicode + 1):
        character = chr(point)
        if unicodedata.category(character)[0] in "LMN":
            once = usernames.key(character)
            assert usernames.key(once) == once, hex(point)


@given(st.text(alphabet=st.characters(whitelist_categories=["Lu", "Ll", "Nd"]), max_size=40))
def test_no_text_raises_and_length_is_counted_as_given(name):
    assert (usernames.fault(name) is None) <= (3 <= len(name) <= 32)
