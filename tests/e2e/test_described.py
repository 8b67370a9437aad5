"""The other way round: all that OpenAPI says was answered in this run, with its headers.

The socket's description is driven both ways in broadcaster/test_described.py.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.e2e.described import SEEN

HERE = Path(__file__).parent
NEEDED = ("admin", "auth", "broadcaster", "outages", "path")  # whose tests together see everything

# What is described and need not be seen, each with its reason. Nothing else is left out.
ANYWHERE = {"INTERNAL"}  # a fault of ours, which one boundary answers: seen once is enough
# These need no store but that of the budgets: when it is away, nobody knows what is left of them.
NO_BUDGETS = {"refresh", "logout", "issueTask", "executeBatch"}
BUDGETS = {"RateLimit", "RateLimit-Policy"}

pytestmark = pytest.mark.looks_back


def _lacking(session: pytest.Session) -> Iterator[str]:
    """The tests that see what is described and have no part in this run, or failed in it."""
    ran = {item.path for item in session.items}
    folders = [HERE / name for name in NEEDED]
    yield from (
        str(path.relative_to(HERE))
        for folder in folders
        for path in sorted(folder.glob("test_*.py"))
        if path not in ran
    )
    own = tuple(f"tests/e2e/{name}/" for name in NEEDED)
    yield from sorted(name for name in SEEN.left_out | SEEN.failed if name.startswith(own))


@pytest.fixture(autouse=True)
def whole(request: pytest.FixtureRequest) -> None:
    lacking = list(_lacking(request.session))
    if lacking:
        pytest.skip(
            f"only a whole run sees everything; this one lacks {len(lacking)}: {lacking[0]}"
        )


def test_every_answer_that_is_described_was_seen():
    wanted = {place for place in SEEN.documented if place[2] not in ANYWHERE}

    missing = sorted(wanted - SEEN.answered)
    assert not missing, "\n".join(map(str, missing))
    assert {code for _, _, code in SEEN.answered} >= ANYWHERE


def test_every_header_that_is_described_was_seen():
    wanted = {
        (name, status, header)
        for name, status, header in SEEN.headers_documented
        if not (status == "503" and name in NO_BUDGETS and header in BUDGETS)
        and status != "500"  # of which one is enough
    }

    missing = sorted(wanted - SEEN.headers)
    assert not missing, "\n".join(map(str, missing))
