"""When the client sends again, what its clock is, what its errors say."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoreboard_client import errors, retrying
from scoreboard_client.clock import Clock, instant
from scoreboard_client.retrying import Failure, Policy
from scoreboard_runtime.contract.rejections import REJECTIONS

NO_ANSWER, REFUSED, GATEWAY_TIMEOUT = Failure(0), Failure(503, 3.0), Failure(504)


@given(failures=st.integers(1, 10_000), chance=st.floats(0, 1, exclude_max=True))
def test_backoff_grows_is_bounded_and_never_hurries(failures, chance):
    found = retrying.backoff(failures, chance)

    assert retrying.FIRST / 2 <= found <= retrying.LONGEST
    assert found <= retrying.backoff(failures + 1, chance)


def test_a_crowd_spreads_over_half_of_the_bound():
    assert retrying.backoff(3, 0.0) == 0.5
    assert retrying.backoff(3, 0.5) == 0.75


@pytest.mark.parametrize(
    ("failure", "repeatable", "waits"),
    [
        (NO_ANSWER, True, True),
        (NO_ANSWER, False, False),  # it may have been done
        (GATEWAY_TIMEOUT, True, True),
        (GATEWAY_TIMEOUT, False, False),
        (Failure(502), True, True),
        (REFUSED, True, True),
        (REFUSED, False, True),  # nothing was done
        (Failure(503), True, True),
        (Failure(429, 1.0), True, False),  # the caller's to decide
        (Failure(409), True, False),
        (Failure(500), True, False),
    ],
)
def test_what_is_sent_again(failure: Failure, repeatable: bool, waits: bool):
    pause = Policy(30.0, repeatable).pause(failure, 1, 0.0, 0.5)

    assert (pause is not None) is waits


def test_retry_after_is_the_least_and_patience_the_most():
    policy = Policy(10.0, repeatable=True)

    assert policy.pause(REFUSED, 1, 0.0, 0.0) == 3.0
    assert policy.pause(REFUSED, 1, 7.0, 0.0) == 3.0
    assert policy.pause(REFUSED, 1, 7.5, 0.0) is None
    assert Policy(0.0, repeatable=True).pause(NO_ANSWER, 1, 0.0, 0.0) is None


@given(offset=st.floats(-1e7, 1e7), local=st.floats(1.7e9, 1.9e9))
def test_the_clock_is_within_a_second_of_the_servers_date(offset: float, local: float):
    from email.utils import formatdate

    clock = Clock()

    assert clock.correct(formatdate(local + offset, usegmt=True), local)

    assert abs(clock.now(local) - (local + offset)) <= 1.0


def test_a_date_without_a_zone_is_utc_and_none_corrects_nothing():
    clock = Clock(2.0)

    assert not clock.correct(None, 0.0)
    assert not clock.correct("yesterday", 0.0)
    assert clock.now(1.0) == 3.0
    assert clock.correct("Mon, 23 Nov 2026 19:00:00 -0000", instant("2026-11-23T19:00:00.000Z"))
    assert clock.offset == 0.5


def test_the_layers_are_the_servers():
    assert {row.code: row.layer for row in REJECTIONS.values() if row.layer} == errors.LAYERS


def test_an_error_says_all_that_the_problem_says():
    problem = {
        "code": "COOLDOWN", "status": 409, "detail": "Too soon.", "requestId": "r1",
        "errors": [{"pointer": "/a", "detail": "b"}],
    }  # fmt: skip

    error = errors.of_answer(409, problem, {"Retry-After": "7"})

    assert (error.code, error.layer, error.status) == ("COOLDOWN", "zero_trust", 409)
    assert (error.request_id, error.retry_after) == ("r1", 7.0)
    assert error.errors[0]["pointer"] == "/a"
    assert str(error) == "409 COOLDOWN: Too soon. /a: b (request r1)"


def test_an_entry_of_a_batch_says_itself_when_to_try_again():
    problem = {"code": "COOLDOWN", "status": 409, "retryAfter": 4}

    assert errors.of_problem(problem, {}).retry_after == 4.0


def test_a_proxys_page_is_no_problem_document():
    error = errors.of_answer(502, b"<html>", {"Retry-After": "Mon, 23 Nov 2026 19:00:00 GMT"})

    assert (error.code, error.status, error.retry_after) == ("NOT_OF_THE_SCOREBOARD", 502, None)
    assert str(errors.ScoreboardError("X", 400, "y")) == "400 X: y"
