"""Things break for real: the right people hear of it, nobody else does, and it ends by itself.

Needs what test_monitoring.py needs, an Alertmanager of prometheus-operator, and Helm: one operator runs
in the cluster for all boards, another one is there to go. Everything breaks at once, for the seconds are
those of the rules (`for`) and of Alertmanager's grouping; docs/paging.md has what was measured.
SCOREBOARD_TEST_SCENARIOS="valkey slow" runs some of them.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, replace
from pathlib import Path
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

from scoreboard_operator import kinds

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


@pytest.fixture(scope="module")
def receivers() -> Iterator[Receivers]:
    with receiving() as found:
        yield found


@dataclass(frozen=True, slots=True)
class House:
    """Makes what scenarios need; `home` is an operator of its own without a board."""

    api: Api
    boards: list[Watched]
    home: Watched


@pytest.fixture
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

    home, boards = watched("scoreboard-operator"), [watched("arcade") for _ in range(7)]
    api.kubectl("apply", "-f", "-", given=OF_ALERTMANAGER)
    try:
        secret(api, home.board.namespace, "pager", routing_key=ROUTING_KEY)
        api.kubectl("apply", "-n", home.board.namespace, "-f", "-", given=told(home))
        operate("home", home.board.namespace, [home.board.namespace])
        operate("sb", make_namespace(), [each.board.namespace for each in boards])
        yield House(api, boards, home)
    finally:  # a second try finds an idle machine
        api.kubectl("delete", "-f", "-", given=OF_ALERTMANAGER)
        for each in boards:
            api.delete(kinds.SCOREBOARD, each.board.namespace, each.board.name)
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


@pytest.mark.timeout(3000)
def test_what_breaks_pages_or_notifies_once_silences_what_follows_and_resolves_by_itself(
    house: House, built: images.Images, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pages = replace(house.home, rows=[])  # the same place, broken by something else
    image = crashing(tmp_path, house.api.kubeconfig, built["runtime"])
    of_boards: dict[str, Scenario] = {
        "attacked": scenarios.attacked(tmp_path),
        "valkey": scenarios.valkey_gone,
        "rights": scenarios.rights_taken,
        "misled": scenarios.pager_misled(pages),
        "slow": scenarios.database_slow(built["stores"]),
        "crashing": scenarios.worker_crashes(image),
        "postgres": scenarios.postgres_gone,
    }
    chosen = os.environ.get("SCOREBOARD_TEST_SCENARIOS", " ".join(of_boards)).split()
    pastes(house.home)
    todo = [
        (scenarios.operator_gone, house.home),
        *((of_boards[name], found) for name, found in zip(chosen, house.boards, strict=False)),
    ]
    with ThreadPoolExecutor(len(todo)) as pool:
        running = {pool.submit(do, found): found for do, found in todo}
        for each in as_completed(running):
            with capsys.disabled():
                print("", *running[each].rows, each.exception() or "", sep="\n")
    with capsys.disabled():
        print(*pages.rows, sep="\n")
    broken = [error for each in running if (error := each.exception()) is not None]
    if broken:
        raise ExceptionGroup("scenarios", broken)  # type: ignore[type-var]
    assert {each.body["payload"]["class"] for each in house.home.pages()} == {
        "ScoreboardPagesUndeliverable"
    }
