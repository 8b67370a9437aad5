"""Who may take the Lease: by this process's clock alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoreboard_operator.lease import LEASE_SECONDS, Seen, free, seen


def a_lease(version: str = "1", holder: str | None = "a", **spec: object) -> dict:
    return {
        "metadata": {"resourceVersion": version},
        "spec": {"holderIdentity": holder, "leaseDurationSeconds": 15, **spec},
    }


def test_a_lease_that_stands_still_expires_by_our_clock():
    first = seen(a_lease(), None, 100.0)

    again = seen(a_lease(), first, 114.9)

    assert again is first
    assert not free(again, "b", 114.9)
    assert free(again, "b", 115.0)


def test_every_renewal_starts_the_time_again():
    known = seen(a_lease("2"), seen(a_lease("1"), None, 100.0), 114.0)

    assert not free(known, "b", 120.0)
    assert free(known, "b", 129.0)


@given(st.text(max_size=30), st.floats(-1e9, 1e9))
def test_the_holders_clock_does_not_matter(renewed: str, now: float):
    known = seen(a_lease(renewTime=renewed), None, now)

    assert not free(known, "b", now + 14.0)
    assert free(known, "b", now + 16.0)


@pytest.mark.parametrize("holder", ["", None, "b"])
def test_one_given_away_or_our_own_is_free_at_once(holder: str | None):
    assert free(seen(a_lease(holder=holder), None, 0.0), "b", 0.0)


@pytest.mark.parametrize("spec", [{}, {"holderIdentity": "a"}, {"leaseDurationSeconds": None}])
def test_a_lease_that_says_little_is_read_as_ours_would_be(spec: dict):
    known = seen({"metadata": {"resourceVersion": "1"}, "spec": spec}, None, 0.0)

    assert known == Seen("1", spec.get("holderIdentity", ""), float(LEASE_SECONDS), 0.0)


def test_a_lease_without_a_spec_is_free():
    assert free(seen({"metadata": {"resourceVersion": "1"}}, None, 0.0), "b", 0.0)
