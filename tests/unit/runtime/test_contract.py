"""contract/: jobs and their places, changes, times, codes, durations, keyring, manifest."""

import re
import uuid
from importlib.resources import files
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoreboard_runtime.contract import crd, keyring
from scoreboard_runtime.contract.actions import (
    ActionRequest,
    BatchRequest,
    Job,
    Place,
    decode_job,
    encode_job,
    job_id,
    place_of,
)
from scoreboard_runtime.contract.changes import Change, Header, decode_changes, encode_changes
from scoreboard_runtime.contract.durations import microseconds
from scoreboard_runtime.contract.rejections import LAYERS, REJECTIONS, TWELVE
from scoreboard_runtime.contract.snapshots import rfc3339
from scoreboard_runtime.gateway.app import ACTION_ROUTES, ROUTES
from scoreboard_runtime.process.problems import document, problem, seconds

places = st.builds(Place, st.integers(0, 15), st.integers(0, 2**48 - 1), st.integers(0, 4095))


@given(places, st.text("0123456789abcdef", min_size=12, max_size=12))
def test_a_job_id_is_a_uuid7_that_names_the_jobs_place(place, nonce):
    text = job_id(place, nonce)

    assert uuid.UUID(text).version == 7
    assert place_of(text) == place
    assert place.entry == f"{place.ms}-{place.sequence}", "as Valkey names it"


@pytest.mark.parametrize(
    "text",
    [
        "", "x", "0" * 36, str(uuid.UUID(int=0)), "-" * 4,
        "0000_000-0000-7000-8000-000000000000", "+0000000-0000-7000-8000-000000000000",
        "\u0663\u0663\u0663\u0663\u0663\u0663\u0663\u0663-0000-7000-8000-000000000000",
        "00000000-0000-7000-c000-000000000000", "00000000-0000-7000-8000-00000000000g",
    ],
)  # fmt: skip
def test_what_is_no_job_id_names_no_place(text):
    assert place_of(text) is None


def test_the_bytes_of_a_job_are_what_older_workers_expect():
    golden = b"\x99\xa1u\xa1a\x07\xac000000000000\xa1r\xc0\xc2\xa4main\xa7current"
    job = Job("u", "a", 7, "0" * 12, "r")

    assert encode_job(job) == golden
    assert decode_job(golden) == job


def test_a_traced_job_has_one_field_more_that_older_workers_pass_over():
    traced = Job("u", "a", 7, "0" * 12, "r", trace="00-x")

    class Older(msgspec.Struct, array_like=True):
        user: str
        action: str
        points: int
        nonce: str
        request: str

    data = encode_job(traced)

    assert data[:1] == b"\x9a"
    assert decode_job(data) == traced
    assert msgspec.msgpack.decode(data, type=Older).request == "r"


@pytest.mark.parametrize(
    "body",
    [b'{"action":"a","points":5}', b'{"action":5}', b'{"action":""}', b'{"taskId":"t"}',
     b'{"action":"a","data":[]}', b'{"action":"\xff"}', b"[]", b""],
)  # fmt: skip
def test_a_request_of_another_shape_is_refused(body):
    with pytest.raises((msgspec.DecodeError, UnicodeDecodeError)):
        msgspec.json.decode(body, type=ActionRequest)


@pytest.mark.parametrize("count", [0, 101])
def test_a_batch_has_one_to_a_hundred_actions(count):
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"actions": [{"action": "a"}] * count}, BatchRequest)


def test_a_message_carries_header_ranks_and_changes():
    change = Change("j", "user", "a\nb", "act", "completed", 5, 10, 2, 100, 90, 10)
    message = b"main current e1 7 9 100\n3,5;1,\n" + encode_changes([change, change])

    header, ranked = decode_changes(message)

    assert header == Header("main", "current", "e1", 7, 9, 100)
    assert [(r.change, r.rank, r.previous_rank) for r in ranked] == [
        (change, 3, 5),
        (change, 1, None),
    ]
    assert decode_changes(b"main current e2 1 1 5\n\n\x90")[1] == []


@pytest.mark.parametrize(
    ("us", "text"),
    [(0, "1970-01-01T00:00:00.000Z"), (1_795_461_234_567_890, "2026-11-23T19:13:54.567Z")],
)
def test_times_are_rfc3339_in_utc_with_milliseconds(us, text):
    assert rfc3339(us) == text


def test_there_are_twelve_codes_in_the_contracts_order():
    order = (
        "TOO_MANY_REQUESTS INVALID_TOKEN USER_RATE_LIMIT ACTION_LIMIT FORBIDDEN STALE_REQUEST "
        "REPLAY_ATTACK INVALID_SIGNATURE TASK_NOT_FOUND UNAUTHORIZED ALREADY_COMPLETED COOLDOWN"
    )
    assert " ".join(TWELVE) == order
    assert {REJECTIONS[code].layer for code in TWELVE} == set(LAYERS)


def test_the_functions_in_valkey_answer_with_these_codes_only():
    text = (files("scoreboard_runtime.stores") / "lua" / "queue.lua").read_text()
    said = set(re.findall(r"'([A-Z]+_[A-Z_]+|COOLDOWN|UNAUTHORIZED|FORBIDDEN)'", text))

    assert said <= set(REJECTIONS)
    assert said >= set(TWELVE) - {"INVALID_SIGNATURE"}, "the gateway finds a wrong signature"


# What somebody can be told to do; an instruction begins with one of them.
STEPS = "Ask|Check|Choose|Compare|Correct|Do not|Give|Refresh|Send|Sign|Use|Wait"


def test_every_code_says_what_to_do_next():
    steps = {
        code: re.findall(rf"(?:^|[.;] )({STEPS})\b", row.detail, re.IGNORECASE)
        for code, row in REJECTIONS.items()
    }

    assert [code for code, found in steps.items() if not found] == []
    said = {verb.capitalize() for found in steps.values() for verb in found}
    assert said == set(STEPS.split("|")), "no verb is listed that nobody is told"
    for code, row in REJECTIONS.items():
        # The header is there (below), so the text names it.
        assert ("Wait for Retry-After seconds" in row.detail) == (
            row.status in (429, 503) or code == "COOLDOWN"
        )


def test_what_a_code_sends_one_to_is_there():
    served = {(method, path) for method, path, *_ in (*ROUTES, *ACTION_ROUTES)}
    named = {
        found
        for row in REJECTIONS.values()
        for found in re.findall(r"([A-Z]+) (/api/[a-z/-]+)", row.detail)
    }

    assert named == {("POST", "/api/tasks")}
    assert named <= served


def test_a_wrong_login_is_not_told_what_was_wrong():
    detail = REJECTIONS["INVALID_CREDENTIALS"].detail

    assert "name or the password" in detail
    assert not re.search(r"exist|unknown|no such|disabled|regist", detail, re.IGNORECASE)


def test_429_and_503_always_say_when_to_come_back():
    for code, row in REJECTIONS.items():
        answer = problem(code, "r1")
        assert ("Retry-After" in answer.headers) == (row.status in (429, 503))
        assert row.detail.endswith(".")
    assert [seconds(value) for value in (0.0, 0.001, 1.0, 1.2)] == ["1", "1", "1", "2"]
    found = document(REJECTIONS["COOLDOWN"], "r1", errors=None)
    assert set(found) == {"type", "title", "status", "detail", "code", "requestId"}


@pytest.mark.parametrize(
    ("text", "us"),
    [("10s", 10_000_000), ("1m", 60_000_000), ("15ms", 15_000), ("30d", 2592 * 10**9)],
)
def test_durations_are_whole_microseconds(text, us):
    assert microseconds(text) == us


@pytest.mark.parametrize("text", ["", "10", "s", "1.5s", "-1s", "10 s", "１s", "10s\n"])
def test_what_is_no_duration_is_refused(text):
    with pytest.raises(ValueError, match="not a duration"):
        microseconds(text)


def a_key(kid: str, created_us: int) -> keyring.Key:
    return keyring.Key(kid, kid.encode() * 16, created_us)


def test_a_key_stays_as_long_as_what_it_signed():
    day = 86_400_000_000
    one = keyring.rotate(None, a_key("k1", day), 30 * day, 30 * day)
    assert keyring.rotate(one, a_key("k2", 2 * day), 30 * day, 30 * day) == one, "too young"
    two = keyring.rotate(one, a_key("k2", 31 * day), 30 * day, 30 * day)
    assert [key.kid for key in two.keys] == ["k1", "k2"]
    three = keyring.rotate(two, a_key("k3", 62 * day), 30 * day, 30 * day)
    assert [key.kid for key in three.keys] == ["k2", "k3"]
    assert keyring.parse(keyring.encode(two)) == two
    assert "k1k1" not in repr(two)


@pytest.mark.parametrize("text", ["", "{}", '{"keys":[]}', '{"keys":[{"kid":"a","secret":"eA","createdAt":"x"}]}'])  # fmt: skip
def test_a_key_file_that_is_none_is_refused_without_its_secret(text):
    with pytest.raises(keyring.KeyringError):
        keyring.parse(text)


EXAMPLE = (Path(__file__).parents[3] / "examples" / "arcade.yaml").read_text()


def test_the_example_is_a_scoreboard():
    board = crd.load(EXAMPLE)

    assert board.board.name == "main"
    assert board.actions["boss_fight"].issued
    assert board.actions["collect_coins"].points.max == 500


def test_a_minimal_manifest_has_the_contracts_defaults():
    board = crd.load(
        "apiVersion: scoreboard.dev/v1alpha1\nkind: Scoreboard\nmetadata: {name: m}\n"
        'spec: {version: "0.1.0", boards: [{name: main}], actions: [{name: a, points: 1}]}'
    )

    assert (board.board.size, board.signing, board.max_rate) == (10, "Required", 10)
    assert board.user_limit.count == 60


@given(st.text(max_size=300))
def test_no_text_ends_in_anything_but_a_manifest_error(text):
    with pytest.raises(crd.ManifestError):
        crd.load(text)
