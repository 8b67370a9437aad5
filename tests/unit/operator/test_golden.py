"""What a Scoreboard becomes, whole: read a change of these files as what it does to a cluster."""

import pytest
from tests.unit.operator.cases import CASES, GOLDEN, text


def test_there_are_six_cases():
    assert len(CASES) == 6


@pytest.mark.parametrize("case", CASES)
def test_the_manifests_are_those_that_were_reviewed(case: str):
    assert (GOLDEN / case / "manifests.yaml").read_text() == text(case), "run: make golden"
