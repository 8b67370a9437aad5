"""local/checks.py: every finding that is not good says what to do."""

import pytest

from scoreboard_runtime.local import checks
from scoreboard_runtime.local.checks import GIB, MIB, Finding

GOOD = [
    checks.python((3, 12, 1), "/x/python", in_environment=True),
    checks.platform("linux"),
    checks.packages([]),
    checks.server("postgres", "postgres 18"),
    checks.ports(8080, 8085, {}),
    checks.ports(0, 5, {}),
    checks.disk("/x", 9 * GIB),
    checks.memory(4 * GIB),
    checks.files(20000, 20000),
    checks.clock(0.4, None),
    checks.clock(None, True),
    checks.clock(None, None),
    checks.data("/x", None, None),
    checks.cluster(True, "it answers", True, True),
]
HINTS = [
    checks.python((3, 11, 0), "/x/python", in_environment=False),
    checks.disk("/x", GIB),
    checks.memory(500 * MIB),
    checks.files(1024, 4096),
    checks.clock(-9.0, True),
    checks.clock(None, False),
    checks.data("/x", None, "77"),
    checks.cluster(True, "it answers", False, True),
    checks.cluster(True, "it answers", True, False),
]
FAULTS = [
    checks.python((3, 10, 9), "/x/python", in_environment=True),
    checks.platform("darwin"),
    checks.packages(["asyncpg"]),
    checks.server("valkey", None, "no Valkey"),
    checks.ports(8080, 8085, {8080: "Address already in use"}),
    checks.disk("/x", MIB),
    checks.memory(MIB),
    checks.files(256, 256),
    checks.clock(120.0, True),
    checks.data("/x", "it cannot be written", None),
    checks.cluster(False, "", False, False),
]


@pytest.mark.parametrize("finding", GOOD, ids=lambda finding: finding.what)
def test_what_is_good_asks_for_nothing(finding: Finding):
    assert (finding.outcome, finding.do) == ("ok", "")
    assert finding.said


@pytest.mark.parametrize("finding", HINTS, ids=lambda finding: finding.said)
def test_what_might_be_better_says_how(finding: Finding):
    assert finding.outcome == "warning"
    assert len(finding.do) > 10


@pytest.mark.parametrize("finding", FAULTS, ids=lambda finding: finding.said)
def test_what_is_wrong_says_what_to_do(finding: Finding):
    assert finding.outcome == "fault"
    assert len(finding.do) > 10


def test_the_worst_counts_and_people_see_what_to_do_below():
    assert checks.worst(GOOD) == "ok"
    assert checks.worst([*GOOD, *HINTS]) == "warning"
    assert checks.worst([*HINTS, *FAULTS]) == "fault"
    shown = checks.lines([GOOD[1], FAULTS[1]])
    assert shown[0] == "ok     platform  Linux"
    assert shown[1].startswith("FAULT  platform")
    assert shown[2].strip().startswith("-> use Linux")
