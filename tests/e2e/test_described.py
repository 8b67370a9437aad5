"""The other way round: all that the description says was answered in this run, with its headers."""

import os
from pathlib import Path

import pytest
from tests.e2e.described import SEEN

HERE = Path(__file__).parent
NEEDED = {"auth", "outages", "path"}  # folders whose tests together see everything
# One function answers these for every route, so one route is enough.
SHARED = {"TOO_MANY_REQUESTS", "UNAVAILABLE", "PAYLOAD_TOO_LARGE", "UNSUPPORTED_MEDIA_TYPE",
          "INVALID_TOKEN", "VALIDATION_ERROR", "USER_RATE_LIMIT"}  # fmt: skip
NEVER = {"INTERNAL"}  # a fault of ours: nothing that a test could ask for
NEVER_HERE = {
    ("getLive", "503", ""),  # a process that is stuck
    ("loginWithProvider", "409", "USERNAME_TAKEN"),  # three random names, each taken
}
UNKNOWN_WHILE_AWAY = {"RateLimit", "RateLimit-Policy"}  # of a 503, where the budgets are away

pytestmark = pytest.mark.looks_back


@pytest.fixture(autouse=True)
def whole(request: pytest.FixtureRequest) -> None:
    if os.environ.get("SCOREBOARD_TEST_DESCRIBED") != "1":
        pytest.skip("set SCOREBOARD_TEST_DESCRIBED=1 to look back")
    ran = {item.path.relative_to(HERE).parts[0] for item in request.session.items
           if HERE in item.path.parents}  # fmt: skip
    if not ran >= NEEDED:
        pytest.skip(f"looks back at {', '.join(sorted(NEEDED))}, which are not all in this run")


def test_every_answer_that_is_described_was_seen():
    wanted = {place for place in SEEN.documented if place[2] not in NEVER | SHARED}

    missing = sorted(wanted - SEEN.answered - NEVER_HERE)
    assert not missing, "\n".join(map(str, missing))
    assert {code for _, _, code in SEEN.answered} >= SHARED


def test_every_header_that_is_described_was_seen():
    answers = {(name, status) for name, status, _ in SEEN.answered}
    wanted = {
        found
        for found in SEEN.headers_documented
        if found[:2] in answers and not (found[1] == "503" and found[2] in UNKNOWN_WHILE_AWAY)
    }

    missing = sorted(wanted - SEEN.headers)
    assert not missing, "\n".join(map(str, missing))
