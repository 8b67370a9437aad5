"""contract/keyring.py: the newest key signs, the others verify as long as they may."""

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoreboard_runtime.contract.keyring import Key, Keyring, KeyringError, encode, parse, rotate

DAY = 86_400_000_000
SECRET = bytes(range(32))
TEXT = base64.urlsafe_b64encode(SECRET).decode()


def a_key(kid: str = "a", day: float = 0, secret: bytes = SECRET) -> Key:
    return Key(kid, secret, int(day * DAY))


def a_file(*entries: dict[str, object]) -> str:
    whole = {"kid": "a", "secret": TEXT, "createdAt": "2026-11-23T12:00:00.000Z"}
    return json.dumps({"keys": [{**whole, **entry} for entry in entries]})


def test_the_newest_signs_whatever_the_order_of_the_file():
    newer = {"kid": "b", "createdAt": "2026-11-24T12:00:00Z"}

    keyring = parse(a_file(newer, {}))

    assert keyring.active.kid == "b"
    assert keyring.get("a") == Key("a", SECRET, 1_795_435_200_000_000)
    assert keyring.get("c") is None


def test_padding_and_offsets_do_not_matter():
    entry = {"secret": TEXT.rstrip("="), "createdAt": "2026-11-23T13:00:00+01:00"}

    assert parse(a_file(entry)) == parse(a_file({}))


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="nothing"),
        pytest.param("[]", id="no object"),
        pytest.param('{"keys": []}', id="no key"),
        pytest.param('{"keys": [{}]}', id="an empty key"),
        pytest.param(b"\xff", id="no UTF-8"),
        pytest.param(a_file({"secret": TEXT[:-4]}), id="a short secret"),
        pytest.param(a_file({"secret": "?"}), id="a secret that is not base64"),
        pytest.param(a_file({"secret": "é" * 44}), id="a secret that is not ASCII"),
        pytest.param(a_file({"createdAt": "yesterday"}), id="no time"),
        pytest.param(a_file({"createdAt": 5}), id="a time that is a number"),
        pytest.param(a_file({"extra": 1}), id="an unknown field"),
        pytest.param(a_file({}, {}), id="one kid twice"),
    ],
)
def test_a_file_that_is_no_use_is_refused_and_its_secrets_are_not_shown(text):
    with pytest.raises(KeyringError) as caught:
        parse(text)

    assert TEXT[:20] not in str(caught.value)


def test_a_time_without_a_zone_is_utc():
    with_zone, without = (
        parse(a_file({"createdAt": at})) for at in ("2026-11-24T12:00:00Z", "2026-11-24T12:00:00")
    )

    assert with_zone.active.created_us == without.active.created_us


def test_secrets_are_in_no_repr():
    keyring = parse(a_file({}))

    assert repr(SECRET) not in repr(keyring)
    assert TEXT not in f"{keyring} {keyring!r} {keyring.active!r}"


@given(
    st.lists(
        st.tuples(st.binary(min_size=32, max_size=64), st.integers(0, 4 * 10**12)),
        min_size=1,
        max_size=4,
    )
)
def test_a_written_file_reads_as_the_same_keys(found):
    keys = sorted(
        (Key(f"k{n}", secret, ms * 1000) for n, (secret, ms) in enumerate(found)),
        key=lambda key: key.created_us,
    )

    assert parse(encode(Keyring(tuple(keys)))) == Keyring(tuple(keys))


def test_the_first_key_is_made_when_there_is_none():
    assert rotate(None, a_key(), DAY, DAY) == Keyring((a_key(),))


def test_a_young_key_goes_on_signing():
    keyring = Keyring((a_key(),))

    assert rotate(keyring, a_key("b", 29.99), 30 * DAY, DAY) == keyring


def test_an_old_key_is_succeeded_and_still_verifies():
    turned = rotate(Keyring((a_key(),)), a_key("b", 30), 30 * DAY, 30 * DAY)

    assert turned.active.kid == "b"
    assert turned.get("a") is not None


@pytest.mark.parametrize(
    ("day", "kept"),
    [
        pytest.param(59.99, ["a", "b"], id="a session of the old key may still live"),
        pytest.param(60, ["b", "c"], id="nothing that the oldest signed lives any more"),
        pytest.param(61, ["b", "c"], id="the one that was succeeded just now stays"),
    ],
)
def test_a_key_goes_when_nothing_that_it_signed_can_live(day, kept):
    keyring = Keyring((a_key("a"), a_key("b", 30)))

    turned = rotate(keyring, a_key("c", day), 30 * DAY, 30 * DAY)

    assert [key.kid for key in turned.keys] == kept


@given(st.lists(st.integers(1, 40), max_size=20), st.integers(1, 30), st.integers(1, 90))
def test_whenever_keys_turn_what_a_key_signed_is_verified_as_long_as_it_lives(
    steps, rotation, keep
):
    now, keyring = 0, rotate(None, a_key("k0"), rotation * DAY, keep * DAY)
    signed: dict[str, int] = {}
    for number, step in enumerate(steps, 1):
        signed[keyring.active.kid] = now
        now += step
        keyring = rotate(keyring, a_key(f"k{number}", now), rotation * DAY, keep * DAY)

        for kid, at in signed.items():
            assert now - at >= keep or keyring.get(kid) is not None
        assert now * DAY - keyring.active.created_us < rotation * DAY
