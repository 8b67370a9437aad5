"""The order of a run, and what of it is told to who looks back at it."""

from collections.abc import Sequence

import pytest
from tests.e2e.described import SEEN


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What looks back at the whole run comes last."""
    items.sort(key=lambda item: item.get_closest_marker("looks_back") is not None)


def pytest_deselected(items: Sequence[pytest.Item]) -> None:
    SEEN.left_out |= {item.nodeid for item in items}


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """What is tried again is reported as another outcome until the last try."""
    if report.failed:
        SEEN.failed.add(report.nodeid)
