"""Deleting never hangs, with the operator gone too; the same name may be used again at once."""

from collections.abc import Callable

import pytest
from tests.e2e.cluster.api import NAMESPACE, Api
from tests.e2e.cluster.boards import Board, a_board
from tests.e2e.cluster.operator_process import OperatorProcess
from tests.e2e.cluster.waiting import until

from scoreboard_operator import kinds
from scoreboard_operator.kinds import Kind

GONE = 120.0  # a store has a minute to end
VOLUME_CLAIM = Kind("v1", "PersistentVolumeClaim", "persistentvolumeclaims")
SELECTOR = "app.kubernetes.io/managed-by=scoreboard-operator"
HELD = "test.scoreboard.dev/held"


@pytest.fixture
def place(
    api: Api, make_namespace: Callable[[], str], make_operator
) -> tuple[Board, OperatorProcess]:
    """A Scoreboard of which everything but the pods is there."""
    namespace = make_namespace()
    operator = make_operator(namespace)
    board = Board(api, namespace, "brief")
    board.apply(a_board("brief"))
    until(lambda: board.get(kinds.AUTOSCALER, "gateway"), 20, "its children are there")
    return board, operator


def left(board: Board) -> list[str]:
    """Objects of the operator's, whoever they belong to."""
    found = (board.api.list(kind, board.namespace, SELECTOR) for kind in kinds.OWNED)
    return [f"{each['kind']}/{each['metadata']['name']}" for some in found for each in some]


def test_all_children_go_with_it_while_no_operator_runs(
    place: tuple[Board, OperatorProcess],
) -> None:
    board, operator = place
    operator.kill()
    claims = [c["metadata"]["name"] for c in board.api.list(VOLUME_CLAIM, board.namespace)]

    board.api.kubectl("delete", "sb", board.name, "-n", board.namespace, "--timeout=20s")

    until(lambda: not left(board), GONE, lambda: f"nothing is left; there is {left(board)}")
    kept = [c["metadata"]["name"] for c in board.api.list(VOLUME_CLAIM, board.namespace)]
    assert kept == claims  # the scores stay
    board.api.delete(NAMESPACE, None, board.namespace)
    until(
        lambda: board.api.get(NAMESPACE, None, board.namespace) is None,
        GONE,
        lambda: f"the namespace is gone: {board.api.get(NAMESPACE, None, board.namespace)}",
    )


def test_the_same_name_waits_for_what_an_earlier_one_left(
    place: tuple[Board, OperatorProcess],
) -> None:
    board, operator = place
    first = board.now()["metadata"]["uid"]
    hold = [{"op": "add", "path": "/metadata/finalizers", "value": [HELD]}]
    board.api.patch(kinds.SERVICE, board.namespace, "brief-gateway", hold)
    operator.kill()

    board.api.kubectl("delete", "sb", board.name, "-n", board.namespace, "--timeout=20s")
    board.apply(a_board("brief"))
    operator.start()

    told = board.wait("Ready", "Unknown", "Leftovers", 30)
    assert "brief-gateway" in until(
        lambda: board.condition("Ready").get("message", "").endswith("Service/brief-gateway of an "
        "earlier brief is deleted") and board.condition("Ready")["message"],
        GONE,
        lambda: f"only the held one is left: {told}",
    )  # fmt: skip
    assert board.status["observedGeneration"] == board.now()["metadata"]["generation"]
    assert board.now()["metadata"]["uid"] != first
    assert board.children() == []

    board.api.patch(
        kinds.SERVICE,
        board.namespace,
        "brief-gateway",
        [{"op": "remove", "path": "/metadata/finalizers"}],
    )
    until(lambda: board.get(kinds.AUTOSCALER, "gateway"), 20, "it goes on")
    owners = {
        owner["uid"] for each in board.children() for owner in each["metadata"]["ownerReferences"]
    }
    assert owners == {board.now()["metadata"]["uid"]}
