"""Secrets: made once, rotated with overlap, never written when they are brought, never told."""

import base64
import json
from dataclasses import replace
from typing import Any

import pytest
from tests.unit.operator.scoreboards import ENTROPY, UID, a_resource

from scoreboard_operator.keys import Entropy, Secrets, due_us, rotation_due_us, secrets, stamp
from scoreboard_runtime.contract.keyring import Key, parse

DAY = 86_400_000_000
GIVEN = "database: {secretRef: {name: dsn}}\nredis: {secretRef: {name: cache}}"
KEYS, STORES = "arcade-keys", "arcade-stores"


def live(found: Secrets, uid: str = UID) -> dict[str, Any]:
    """What was made, as the API server has it."""
    made = {}
    for manifest in found.manifests:
        stored = json.loads(json.dumps(manifest))
        stored["metadata"]["resourceVersion"] = "7"
        stored["metadata"]["ownerReferences"][0]["uid"] = uid
        made[stored["metadata"]["name"]] = stored
    return made


def at(us: int, kid: str = "kid-2") -> Entropy:
    return replace(ENTROPY, key=Key(kid, b"n" * 32, us), password="q" * 32)


def text(found: Secrets) -> bytes:
    (secret,) = [m for m in found.manifests if m["metadata"]["name"] == KEYS]
    return base64.b64decode(secret["data"]["keys.json"])


def test_keys_and_the_password_are_made_once():
    resource = a_resource()
    first = secrets(resource, {}, 0, ENTROPY)

    again = secrets(resource, live(first), DAY, at(DAY))

    assert again.manifests == first.manifests
    assert (first.fault, first.rotated, again.rotated) == ("", "", "")


def test_the_text_of_keys_that_somebody_wrote_is_left_to_the_letter():
    resource = a_resource()
    written = live(secrets(resource, {}, 0, ENTROPY))
    spaced = base64.b64decode(written[KEYS]["data"]["keys.json"]).replace(b",", b" ,\n")
    written[KEYS]["data"]["keys.json"] = base64.b64encode(spaced).decode()

    assert text(secrets(resource, written, DAY, at(DAY))) == spaced


def test_a_new_key_signs_when_the_old_one_is_due_and_the_old_one_still_verifies():
    resource = a_resource("auth: {keyRotation: 30d, refreshTTL: 30d}")
    first = live(secrets(resource, {}, 0, ENTROPY))
    due = rotation_due_us(resource, first)
    assert due == ENTROPY.key.created_us + 30 * DAY

    early, later = (secrets(resource, first, us, at(us)) for us in (due - 1, due))

    assert [key.kid for key in parse(text(early)).keys] == ["kid-1"]
    assert [key.kid for key in parse(text(later)).keys] == ["kid-1", "kid-2"]
    assert (early.rotated, later.rotated) == ("", "kid-2")


def test_an_old_key_goes_when_nothing_that_it_signed_can_live():
    resource = a_resource("auth: {keyRotation: 30d, refreshTTL: 30d}")
    first = live(secrets(resource, {}, 0, ENTROPY))
    rotated = live(secrets(resource, first, 31 * DAY, at(31 * DAY)))

    kept = secrets(resource, rotated, 60 * DAY, at(60 * DAY, "kid-3"))
    gone = secrets(resource, rotated, 62 * DAY, at(62 * DAY, "kid-3"))

    assert [key.kid for key in parse(text(kept)).keys] == ["kid-1", "kid-2"]
    assert [key.kid for key in parse(text(gone)).keys] == ["kid-2", "kid-3"]


def test_keys_that_were_brought_are_used_and_never_written():
    resource = a_resource()
    brought = live(secrets(resource, {}, 0, ENTROPY), uid="somebody else's")

    found = secrets(resource, brought, 900 * DAY, at(900 * DAY))

    assert [m["metadata"]["name"] for m in found.manifests] == [STORES]
    assert (found.fault, rotation_due_us(resource, brought)) == ("", None)
    assert due_us(resource, brought) == 1_000_000 + resource.rotation_us, (
        "their age is told all the same"
    )


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"other": "aGVsbG8="},
        {"keys.json": ""},
        {"keys.json": "c2VjcmV0LWFzLWNhbi1iZQ=="},
        {"keys.json": "!!!"},
        {"keys.json": "A"},
        None,
    ],
)
@pytest.mark.parametrize("uid", [UID, "somebody else's"])
def test_keys_that_cannot_be_read_are_a_fault_and_nothing_is_made_anew(data: Any, uid: str):
    resource = a_resource()
    broken = live(secrets(resource, {}, 0, ENTROPY), uid=uid)
    broken[KEYS]["data"] = data

    found = secrets(resource, broken, DAY, at(DAY))

    assert "put the keys back" in found.fault
    assert "secret-as-can-be" not in found.fault
    assert [m["metadata"]["name"] for m in found.manifests] == [STORES]
    assert rotation_due_us(resource, broken) is None
    assert due_us(resource, broken) is None


def test_without_keys_there_is_no_time_of_rotation():
    assert rotation_due_us(a_resource(), {}) is None


def test_given_stores_need_no_secret_of_ours():
    found = secrets(a_resource(GIVEN), {}, 0, ENTROPY)

    assert [m["metadata"]["name"] for m in found.manifests] == [KEYS]


@pytest.mark.parametrize("one", ["database", "redis"])
def test_half_given_stores_have_only_the_other_address(one: str):
    found = secrets(a_resource(f"{one}: {{secretRef: {{name: mine}}}}"), {}, 0, ENTROPY)

    data = live(found)[STORES]["data"]
    assert ("database-url" in data) == (one == "redis")
    assert ("queue-url" in data) == (one == "database")


@pytest.mark.parametrize("bad", ["short", "", "has spaces and more of them", "ä" * 20])
def test_a_password_that_servers_would_not_take_is_made_anew(bad: str):
    resource = a_resource()
    made = live(secrets(resource, {}, 0, ENTROPY))
    made[STORES]["data"]["password"] = base64.b64encode(bad.encode()).decode()

    data = live(secrets(resource, made, 0, at(0)))[STORES]["data"]

    assert base64.b64decode(data["password"]) == b"q" * 32
    assert b"q" * 32 in base64.b64decode(data["database-url"])


def test_nothing_shows_a_secret_when_it_is_printed():
    found = secrets(a_resource(), {}, 0, ENTROPY)

    for shown in (repr(found), repr(ENTROPY)):
        assert "p" * 32 not in shown
        assert "kkkk" not in shown
        assert base64.b64encode(b"p" * 32).decode() not in shown


def test_the_stamp_changes_with_an_address_and_with_nothing_else():
    managed, given = a_resource(), a_resource(GIVEN)
    made = live(secrets(managed, {}, 0, ENTROPY))
    others = {"dsn": {"metadata": {"resourceVersion": "1"}}, "cache": None}

    assert stamp(managed, made) == stamp(managed, {**made, "dsn": None})
    assert stamp(managed, made) != stamp(managed, live(secrets(managed, {}, 0, at(0))))
    assert stamp(given, others) != stamp(given, {**others, "dsn": None})
    touched = {"dsn": {"metadata": {"resourceVersion": "2"}}, "cache": None}
    assert stamp(given, others) != stamp(given, touched)
    assert stamp(given, others) != stamp(managed, others)
