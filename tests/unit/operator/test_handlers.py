"""Which Scoreboard an event of a child is about."""

from typing import Any

import pytest

from scoreboard_operator.handlers import owner

OURS = {"kind": "Scoreboard", "name": "arcade", "uid": "1", "controller": True}
LABELS = {
    "app.kubernetes.io/managed-by": "scoreboard-operator",
    "app.kubernetes.io/instance": "arcade",
}
BOARD = ("games", "arcade")


@pytest.mark.parametrize(
    ("meta", "found"),
    [
        pytest.param({"ownerReferences": [OURS]}, BOARD, id="its owner"),
        pytest.param({"labels": LABELS}, BOARD, id="its labels, when somebody took the owner away"),
        pytest.param({"labels": {"app.kubernetes.io/instance": "arcade"}}, None, id="not ours"),
        pytest.param(
            {"labels": LABELS, "ownerReferences": [{**OURS, "kind": "Other"}]}, None, id="another's"
        ),
        pytest.param({}, None, id="nobody's"),
    ],
)
def test_a_child_is_known_by_its_owner_else_by_its_labels(meta: dict[str, Any], found: object):
    assert owner({"namespace": "games", **meta}) == found
