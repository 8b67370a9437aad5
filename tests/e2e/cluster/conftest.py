"""What the cluster's tests share: the cluster, namespaces, one operator, one installed Scoreboard."""

import os
import secrets
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest
from tests.e2e.cluster import clusters
from tests.e2e.cluster import prometheus as monitored
from tests.e2e.cluster.api import NAMESPACE, Api
from tests.e2e.cluster.boards import Board, a_board
from tests.e2e.cluster.commands import Commands
from tests.e2e.cluster.images import Images, NoImages, build
from tests.e2e.cluster.moving import install, wait_ready
from tests.e2e.cluster.operator_process import OperatorProcess
from tests.e2e.cluster.prometheus import Prometheus
from tests.e2e.cluster.proxy import Upstream, upstream

from scoreboard_operator import kinds

HERE = Path(__file__).parent
NO_CLUSTER = "no cluster: set KUBECONFIG, or have Docker, kind and kubectl"
NO_INGRESS = "no ingress controller: say where one listens with SCOREBOARD_TEST_INGRESS"
SECONDS = 240  # of one test, the session's installation included
RESTRICTED = {"pod-security.kubernetes.io/enforce": "restricted"}
MakeNamespace = Callable[[], str]
MakeOperator = Callable[[str], OperatorProcess]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.cluster)
            if item.get_closest_marker("timeout") is None:
                item.add_marker(pytest.mark.timeout(SECONDS))
    items.sort(key=lambda item: item.get_closest_marker("last") is not None)


@pytest.fixture(scope="session")
def kubeconfig() -> Iterator[Path]:
    with clusters.chosen() as found:
        if found is None:
            pytest.skip(NO_CLUSTER)
        yield found


@pytest.fixture(scope="session")
def bare_api(kubeconfig: Path) -> Api:
    """The cluster as it is found."""
    return Api(kubeconfig)


@pytest.fixture(scope="session")
def api(bare_api: Api) -> Api:
    """The cluster with this checkout's CRD."""
    path = clusters.ROOT / "crds/scoreboards.yaml"
    bare_api.kubectl("apply", "--server-side", "--force-conflicts", "-f", str(path))
    bare_api.kubectl("wait", "--for=condition=Established", "--timeout=30s", "-f", str(path))
    return bare_api


@pytest.fixture
async def server(api: Api, kubeconfig: Path) -> AsyncIterator[Upstream]:
    """The API server as a proxy of the tests reaches it."""
    async with upstream(kubeconfig) as found:
        yield found


@pytest.fixture(scope="session")
def prometheus(kubeconfig: Path) -> Prometheus:
    """What watches the cluster."""
    return monitored.found()


@pytest.fixture(scope="session")
def ingress(kubeconfig: Path) -> str:
    """The address of an ingress controller."""
    found = clusters.ingress(kubeconfig)
    if found is None:
        pytest.skip(NO_INGRESS)
    return found


@pytest.fixture(scope="session")
def images(kubeconfig: Path) -> dict[str, str]:
    """Repositories of the images that the cluster's nodes can get, built if they are not there."""
    try:
        made = build(kubeconfig, targets=("runtime", "stores"))
    except NoImages as why:
        pytest.skip(str(why))
    return {of: image.rpartition(":")[0] for of, image in made.items()}


@pytest.fixture(scope="session")
def built(kubeconfig: Path) -> Images:
    """All three images of this checkout, in the cluster."""
    try:
        return build(kubeconfig)
    except NoImages as why:
        pytest.skip(str(why))


@pytest.fixture(scope="session")
def make_namespace(bare_api: Api) -> Iterator[MakeNamespace]:
    """New namespaces where only restricted pods may run; they go at the end."""
    made: list[str] = []

    def make() -> str:
        name = f"scoreboard-test-{secrets.token_hex(3)}"
        bare_api.create(NAMESPACE, None, {"metadata": {"name": name, "labels": RESTRICTED}})
        made.append(name)
        return name

    yield make
    for name in made:
        bare_api.delete(NAMESPACE, None, name)


@pytest.fixture(scope="session")
def make_operator(
    api: Api, images: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[MakeOperator]:
    """Started operators, one for a namespace; they end at the end."""
    made: list[OperatorProcess] = []

    def make(namespace: str) -> OperatorProcess:
        folder = tmp_path_factory.mktemp("operator")
        made.append(OperatorProcess(api.kubeconfig, namespace, folder, images))
        made[-1].start()
        return made[-1]

    yield make
    for operator in made:
        if operator.runs:
            try:
                operator.stop()
            except subprocess.TimeoutExpired:
                operator.kill()


@pytest.fixture(scope="session")
def namespace(bare_api: Api, make_namespace: MakeNamespace) -> str:
    """Where the installed Scoreboard is. One that SCOREBOARD_TEST_NAMESPACE names is kept."""
    kept = os.environ.get("SCOREBOARD_TEST_NAMESPACE")
    if not kept:
        return make_namespace()
    if bare_api.get(NAMESPACE, None, kept) is None:
        bare_api.create(NAMESPACE, None, {"metadata": {"name": kept, "labels": RESTRICTED}})
    return kept


@pytest.fixture(scope="session")
def operator_process(make_operator: MakeOperator, namespace: str) -> OperatorProcess:
    return make_operator(namespace)


@pytest.fixture
def operator(operator_process: OperatorProcess) -> OperatorProcess:
    """The one that runs the installed Scoreboard; started again if a test ended it."""
    if not operator_process.runs:
        operator_process.start()
    return operator_process


@pytest.fixture(scope="session")
def installed(api: Api, namespace: str, operator_process: OperatorProcess, ingress: str) -> Board:
    """Applied once, and waited for."""
    board = Board(api, namespace, "arcade")
    if not api.list(kinds.SCOREBOARD, namespace):
        host = f"{namespace}.example.com"
        board.apply(a_board("arcade", exposure={"type": "Ingress", "host": host}))
    board.wait_ready()
    return board


@pytest.fixture
def board(installed: Board, operator: OperatorProcess) -> Board:
    """The installed Scoreboard, ready; a test leaves it so."""
    installed.wait_ready(60.0)
    return installed


@pytest.fixture(scope="session")
def commands(kubeconfig: Path, images: dict[str, str]) -> Commands:
    """`scoreboard plan` and its like, on this cluster."""
    told = {f"SCOREBOARD_OPERATOR_{of.upper()}_IMAGE": at for of, at in images.items()}
    return Commands({"KUBECONFIG": str(kubeconfig), **told})


@pytest.fixture
def host(board: Board) -> str:
    return str(board.now()["spec"]["exposure"]["host"])


@pytest.fixture(scope="session")
def moving_operator(make_operator: MakeOperator, make_namespace: MakeNamespace) -> OperatorProcess:
    return make_operator(make_namespace())


@pytest.fixture(scope="session")
def moving_installed(api: Api, moving_operator: OperatorProcess, ingress: str) -> Board:
    made = build(api.kubeconfig, targets=("runtime", "stores"))
    return install(api, moving_operator.namespace, made["stores"])


@pytest.fixture
def moving(moving_installed: Board, moving_operator: OperatorProcess) -> Board:
    """Two gateways and two broadcasters on stores that stay, ready; a test leaves it so."""
    if not moving_operator.runs:  # a test took away a kind that it watched
        moving_operator.start()
    wait_ready(moving_installed)
    return moving_installed
