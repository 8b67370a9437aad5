"""A Scoreboard on stores of its own that stay where they are, and what makes its pods move."""

import time

from tests.e2e.cluster.api import Api, Object, Refused
from tests.e2e.cluster.boards import INSTALL, ROLES, Board, a_board
from tests.e2e.cluster.given import SPEC, give
from tests.e2e.cluster.load import COINS
from tests.e2e.cluster.waiting import until

from scoreboard_operator import facts as look
from scoreboard_operator import kinds

NAME = "moving"
EVICTION = "policy/v1"
LONG = 180.0  # on two cores that others use, too
SMALL = {"requests": {"cpu": "20m", "memory": "64Mi"}}


def pinned(replicas: int) -> Object:
    """Exactly so many: the autoscaler has no choice."""
    scaling = {"minReplicas": replicas, "maxReplicas": replicas}
    return {"autoscaling": scaling, "resources": SMALL}


def install(api: Api, namespace: str, stores: str) -> Board:
    """Two gateways and two broadcasters, as everybody has who asks for nothing else.

    `stores`: the image of the stores.
    """
    give(api, namespace, stores)
    board = Board(api, namespace, NAME)
    manifest = a_board(
        NAME,
        actions=[COINS],
        exposure={"type": "Ingress", "host": f"{namespace}.example.com"},
        gateway=pinned(2),
        broadcaster=pinned(2),
        worker=pinned(1),
        **SPEC,
    )
    board.apply(manifest)
    board.wait_ready(INSTALL)
    wait_for_replicas(board, gateway=2, broadcaster=2, worker=1)
    return board


def now() -> str:
    """A value for the annotation restart-at that was not there before."""
    return str(time.time_ns())


def all_pods(board: Board) -> dict[str, tuple[str, int]]:
    """Every pod of the roles that stays: by name its uid and how often it was restarted."""
    selector = f"app.kubernetes.io/instance={board.name}"
    return {
        each["metadata"]["name"]: (
            each["metadata"]["uid"],
            sum(c["restartCount"] for c in each["status"].get("containerStatuses", [])),
        )
        for each in board.api.list(kinds.POD, board.namespace, selector)
        if "deletionTimestamp" not in each["metadata"]
        and each["metadata"]["labels"]["app.kubernetes.io/component"] in ROLES
    }


def wait_ready(board: Board) -> None:
    """Until it is, and nothing is on its way out any more."""
    board.wait_ready(LONG)
    until(
        lambda: all(pods(board, role) == set(board.pods(role)) for role in ROLES),
        LONG,
        "what left is gone",
    )


# --- what moves pods -------------------------------------------------------------------
def rolled_out(board: Board, role: str) -> bool:
    return look.rolled_out(board.get(kinds.DEPLOYMENT, role))


def pods(board: Board, role: str) -> set[str]:
    """Those on their way out, too."""
    selector = f"app.kubernetes.io/instance={board.name},app.kubernetes.io/component={role}"
    found = board.api.list(kinds.POD, board.namespace, selector)
    return {each["metadata"]["name"] for each in found}


def wait_for_replicas(board: Board, seconds: float = LONG, **replicas: int) -> None:
    """Until each role has that many pods, all of them available, and those that left are gone."""

    def there() -> bool:
        return all(
            len(pods(board, role)) == count and rolled_out(board, role)
            for role, count in replicas.items()
        )

    until(there, seconds, lambda: f"{replicas}; there are {board.all_pods()}")


def scaled(board: Board, seconds: float = LONG, **replicas: int) -> None:
    """By the autoscaler, which has no choice."""
    board.patch(**{role: pinned(count) for role, count in replicas.items()})
    wait_for_replicas(board, seconds, **replicas)


def evict(board: Board, pod: str) -> bool:
    """Asks as `kubectl drain` does; False when the disruption budget says not now."""
    path = f"{kinds.POD.path(board.namespace, pod)}/eviction"
    body = {"apiVersion": EVICTION, "kind": "Eviction", "metadata": {"name": pod}}
    try:
        board.api.call("POST", path, body)
    except Refused as error:
        if error.status == 429:
            return False
        raise
    return True


def drain(board: Board, seconds: float = LONG) -> int:
    """Evicts every pod of the roles, as far as the budgets allow at a time, until all have gone.

    How often a budget said no. The node stays open: it is the only one.
    """
    left = {pod for role in ROLES for pod in board.pods(role)}
    waiting, refused = set(left), 0

    def gone() -> bool:
        nonlocal refused
        for pod in sorted(waiting):
            if evict(board, pod):
                waiting.discard(pod)
            else:
                refused += 1
        return not waiting and all(
            board.api.get(kinds.POD, board.namespace, pod) is None for pod in left
        )

    until(gone, seconds, lambda: f"all are evicted; {sorted(waiting)} wait")
    return refused
