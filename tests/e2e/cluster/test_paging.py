"""Things break for real: the right people hear of it, nobody else does, and it ends by itself.

Needs what test_monitoring.py needs, an Alertmanager of prometheus-operator, and Helm: one operator runs
in the cluster for all boards, another one is there to go. Everything breaks at once, for the seconds are
those of the rules (`for`) and of Alertmanager's grouping; docs/paging.md has what was measured.
SCOREBOARD_TEST_SCENARIOS="valkey slow" runs some of them.
"""

import os
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
import yaml
from tests.e2e.cluster import clusters, helm, images, runbooks, scenarios
from tests.e2e.cluster.api import Api
from tests.e2e.cluster.boards import Board
from tests.e2e.cluster.crashing import crashing
from tests.e2e.cluster.helm import CHART, Values
from tests.e2e.cluster.prometheus import Prometheus, alertmanager
from tests.e2e.cluster.receivers import ROUTING_KEY, Receivers, receiving
from tests.e2e.cluster.scenarios import Scenario
from tests.e2e.cluster.watched import Watched, secret

MONITORED = {
    "service": {"enabled": True},
    "serviceMonitor": {"enabled": True, "interval": "15s"},
    "prometheusRule": {"enabled": True},
}
# kube-prometheus has it; without it nobody knows of pages that cannot be delivered.
OF_ALERTMANAGER = {
    "apiVersion": "monitoring.coreos.com/v1",
    "kind": "ServiceMonitor",
    "metadata": {"name": "alertmanager", "namespace": "monitoring"},
    "spec": {
        "selector": {"matchLabels": {"operated-alertmanager": "true"}},
        "endpoints": [{"port": "web", "interval": "15s"}],
    },
}
OPERATOR = "operator"
BOARDS = ("attacked", "valkey", "rights", "misled", "slow", "crashing", "postgres")
CHOSEN = os.environ.get("SCOREBOARD_TEST_SCENARIOS", " ".join((OPERATOR, *BOARDS))).split()


@pytest.fixture(scope="module")
def receivers() -> Iterator[Receivers]:
    with receiving() as found:
        yield found


@dataclass(frozen=True, slots=True)
class House:
    """Where things break: `boards`, twice as many as are broken at first, are not there yet; `home`
    is an operator of its own without a board."""

    api: Api
    boards: list[Watched]
    home: Watched


@pytest.fixture(scope="module")
def house(
    api: Api,
    prometheus: Prometheus,
    receivers: Receivers,
    ingress: str,
    built: images.Images,
    make_namespace: Callable[[], str],
) -> Iterator[House]:
    program = helm.program("helm", api)
    installed: list[tuple[str, str]] = []

    def watched(name: str) -> Watched:
        board = Board(api, make_namespace(), name)
        return Watched(board, prometheus, alertmanager(api), receivers, ingress)

    def operate(release: str, namespace: str, of: Sequence[str]) -> None:
        values: Values = {**helm.small(built, list(of)), "metrics": MONITORED}
        asked = ("install", release, str(CHART), "-n", namespace, "--wait", "--timeout", "2m")
        installed.append((release, namespace))
        program.run(*asked, values=values)

    home = watched("scoreboard-operator")
    boards = [watched("arcade") for _ in range(2 * len(BOARDS))]
    api.kubectl("apply", "-f", "-", given=OF_ALERTMANAGER)
    try:
        secret(api, home.board.namespace, "pager", routing_key=ROUTING_KEY)
        api.kubectl("apply", "-n", home.board.namespace, "-f", "-", given=told(home))
        operate("home", home.board.namespace, [home.board.namespace])
        operate("sb", make_namespace(), [each.board.namespace for each in boards])
        pastes(home)
        yield House(api, boards, home)
    finally:
        api.kubectl("delete", "-f", "-", given=OF_ALERTMANAGER)
        for each in boards:
            each.go()
        for release, namespace in installed:
            program.run("uninstall", release, "-n", namespace, "--wait")


def told(home: Watched) -> dict[str, Any]:
    """The example of the operator's own routes, with our receivers for theirs."""
    text = (clusters.ROOT / "examples/operator-alerts.yaml").read_text()
    found: dict[str, Any] = yaml.safe_load(text)
    grafana, pager = found["spec"]["receivers"]
    space, to = home.board.namespace, home.receivers
    grafana["webhookConfigs"][0]["url"] = to.url(f"/{space}/grafana")
    pager["pagerdutyConfigs"][0]["url"] = to.url(f"/{space}/v2/enqueue")
    return found


def pastes(home: Watched) -> None:
    """What OF_OPERATOR's runbooks ask is answered where the operator runs."""
    for alert in sorted(runbooks.of_operator()):
        commands = runbooks.diagnosis(alert)
        done = runbooks.paste(home.board.api, commands, NAMESPACE=home.board.namespace)
        assert runbooks.complaints(done) == [], alert
        assert len(done.stdout.splitlines()) >= 3, f"{alert}: {done.stdout}"


@dataclass(slots=True)
class Breaking:
    """All of them at once. One that failed begins anew, alone, when its test is tried again."""

    house: House
    of_boards: dict[str, Scenario]
    pool: ThreadPoolExecutor
    running: dict[str, Future[Watched]] = field(default_factory=dict)

    def begin(self, name: str) -> None:
        if name == OPERATOR:
            found = replace(self.house.home, rows=[], since=time.monotonic())
            self.running[name] = self.pool.submit(self._do, scenarios.operator_gone, found)
        else:
            found = self.house.boards.pop()
            self.running[name] = self.pool.submit(self._do, self.of_boards[name], found)

    def _do(self, do: Scenario, found: Watched) -> Watched:
        try:
            do(found)
        finally:
            if found.board.namespace != self.house.home.board.namespace:
                found.go()  # the others have more of the machine
        return found

    def outcome(self, name: str) -> Watched:
        """Raises what the scenario raised."""
        if name not in self.running:
            self.begin(name)
        try:
            return self.running[name].result()
        except BaseException:
            del self.running[name]
            raise


@pytest.fixture(scope="module")
def breaking(
    house: House, built: images.Images, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Breaking]:
    folder = tmp_path_factory.mktemp("paging")
    image = crashing(folder, house.api.kubeconfig, built["runtime"])
    of_boards: dict[str, Scenario] = {
        "attacked": scenarios.attacked(folder),
        "valkey": scenarios.valkey_gone,
        "rights": scenarios.rights_taken,
        "misled": scenarios.pager_misled(house.home),
        "slow": scenarios.database_slow(built["stores"]),
        "crashing": scenarios.worker_crashes(image),
        "postgres": scenarios.postgres_gone,
    }
    with ThreadPoolExecutor(len(CHOSEN)) as pool:
        made = Breaking(house, of_boards, pool)
        for name in CHOSEN:
            made.begin(name)
        yield made


@pytest.mark.timeout(3000)
@pytest.mark.parametrize("name", CHOSEN)
def test_what_breaks_pages_or_notifies_once_silences_what_follows_and_resolves_by_itself(
    breaking: Breaking, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    try:
        found = breaking.outcome(name)
    except BaseException as why:  # a second try that passes would hide it
        with capsys.disabled():
            print("", f"{name}: {why}", sep="\n")
        raise
    with capsys.disabled():
        print("", *found.rows, sep="\n")


@pytest.mark.timeout(3000)
def test_the_operators_own_place_is_paged_only_for_pages_that_cannot_be_delivered(
    breaking: Breaking,
) -> None:
    home = breaking.house.home
    wait(breaking.running.values())
    assert {each.body["payload"]["class"] for each in home.pages()} <= {
        "ScoreboardPagesUndeliverable"
    }
