"""contract/schema.py and manifest_rules.py: what no whole manifest of the other tests shows."""

import pytest

from scoreboard_runtime.contract.manifest_rules import quantity
from scoreboard_runtime.contract.schema import faults


def test_an_object_without_properties_takes_any():
    assert list(faults({"a": 1}, {"type": "object"}, ".x")) == []


@pytest.mark.parametrize(
    ("value", "said"), [(True, "true"), ([], "a list"), ({}, "an object"), (None, "null")]
)
def test_what_is_there_instead_is_shown(value, said):
    (fault,) = faults(value, {"type": "integer"}, ".x")

    assert said in fault


def test_a_number_without_end_is_not_shown_in_full():
    (fault,) = faults(2**4000, {"type": "string"}, ".x")

    assert len(fault) < 200


def test_what_is_no_quantity_is_refused():
    with pytest.raises(ValueError, match="not a quantity"):
        quantity("1 apple")
    assert quantity("250m") * 4 == 1
