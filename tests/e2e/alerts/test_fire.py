"""alerts/: each fires when it must and is silent in the near miss, by Prometheus's own evaluation."""

from pathlib import Path

import pytest
from tests.unit.observability.promtool import TESTS, promtool


@pytest.mark.parametrize("path", TESTS, ids=lambda path: path.name)
@pytest.mark.timeout(300)
def test_alerts_fire_when_they_must_and_are_silent_in_the_near_miss(path: Path):
    promtool("test", "rules", str(path))
