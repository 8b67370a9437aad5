"""The chart on a real cluster, with Helm 3 and Helm 4: installed, tested, upgraded, uninstalled."""

import asyncio
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from tests.e2e.cluster import helm, images
from tests.e2e.cluster.api import CRD, Api
from tests.e2e.cluster.boards import Board, a_board
from tests.e2e.cluster.conftest import MakeNamespace
from tests.e2e.cluster.helm import CHART, Failed, Helm, Values, is_hook, program, small
from tests.e2e.cluster.proxy import upstream
from tests.e2e.cluster.quick import board, quick
from tests.e2e.cluster.waiting import until

from scoreboard_operator import kinds

RELEASE, OPERATOR = "sb", "sb-scoreboard-operator"
REFUSALS = ("Forbidden", "403", "forbidden")


@dataclass(frozen=True, slots=True)
class Release:
    """The operator, installed in the namespace that it watches, and its Scoreboard."""

    helm: Helm
    api: Api
    board: Board
    values: Values

    @property
    def namespace(self) -> str:
        return self.board.namespace

    def operators(self) -> list[str]:
        selector = "app.kubernetes.io/component=operator"
        pods = self.api.list(kinds.POD, self.namespace, selector)
        return [p["metadata"]["name"] for p in pods if "deletionTimestamp" not in p["metadata"]]

    def log(self) -> str:
        return "".join(
            self.api.kubectl("logs", "-n", self.namespace, pod) for pod in self.operators()
        )


@pytest.fixture(scope="module")
def release(api: Api, make_namespace: MakeNamespace, built: images.Images) -> Release:
    """With Helm 3; `--wait` returns when the operator serves."""
    space = make_namespace()
    values = small(built, [space])
    three = program("helm", api)
    three.run(
        "install", RELEASE, str(CHART), "-n", space, "--wait", "--timeout", "2m", values=values
    )
    made = Board(api, space, "arcade")
    made.apply(a_board("arcade"))
    return Release(three, api, made, values)


def test_a_board_becomes_ready_where_only_restricted_pods_may_run(release: Release) -> None:
    release.board.wait_ready(180.0)

    assert release.api.get(kinds.LEASE, release.namespace, OPERATOR) is not None
    assert not any(word in release.log() for word in REFUSALS)


def test_helm_test_passes_and_leaves_nothing_behind(release: Release) -> None:
    told = release.helm.run("test", RELEASE, "-n", release.namespace)

    assert "Failed" not in told
    selector = "app.kubernetes.io/component=test"
    for kind in (kinds.POD, kinds.CONFIG_MAP, kinds.SERVICE_ACCOUNT):
        until(
            lambda kind=kind: not release.api.list(kind, release.namespace, selector),
            20,
            f"no {kind.plural} of the test is left",
        )


def test_upgrading_restarts_the_operator_and_no_pod_of_a_board(release: Release) -> None:
    release.board.wait_ready(180.0)
    before, operators = release.board.all_pods(), release.operators()
    changed = {**release.values, "operator": {**release.values["operator"], "logLevel": "debug"}}

    release.helm.run(
        "upgrade", RELEASE, str(CHART), "-n", release.namespace, "--wait", "--timeout", "2m",
        values=changed,
    )  # fmt: skip

    until(lambda: len(release.operators()) == 1, 30, "one operator is left")
    assert release.operators() != operators
    lease = release.api.get(kinds.LEASE, release.namespace, OPERATOR)
    assert lease is not None
    until(
        lambda: (
            release.api.get(kinds.LEASE, release.namespace, OPERATOR)["spec"]["holderIdentity"]
            == release.operators()[0]
        ),
        20,
        "the new one acts",
    )
    assert release.board.all_pods() == before
    assert release.board.is_ready()


def test_uninstalling_leaves_boards_and_what_they_run(release: Release) -> None:
    before = release.board.all_pods()

    release.helm.run("uninstall", RELEASE, "-n", release.namespace, "--wait", "--timeout", "1m")

    assert release.operators() == []
    assert release.board.all_pods() == before
    assert release.board.is_ready()


async def test_helm_4_installs_two_replicas_elsewhere_and_waits_for_a_scoreboard_of_a_release(
    api: Api, built: images.Images, make_namespace: MakeNamespace, tmp_path: Path
) -> None:
    four, home = program("helm4", api), make_namespace()
    async with upstream(api.kubeconfig) as server, quick(server, "chart") as pods:
        values = small(built, [pods.namespace], replicas=2)
        await asyncio.to_thread(
            four.run, "install", RELEASE, str(CHART), "-n", home, "--wait", "--timeout", "2m",
            values=values,
        )  # fmt: skip
        pods.held.add("gateway")
        asked = asyncio.create_task(
            asyncio.to_thread(
                four.run, "install", "board", str(_chart_of_a_board(tmp_path)),
                "-n", pods.namespace, "--wait", "--timeout", "2m",
            )
        )  # fmt: skip
        arcade = Board(api, pods.namespace, "arcade")

        def waits() -> bool:
            assert not asked.done(), f"it did not wait: {arcade.said()}"
            found = arcade.api.get(kinds.SCOREBOARD, pods.namespace, "arcade")
            return found is not None and arcade.condition("WorkersReady").get("status") == "True"

        await asyncio.to_thread(until, waits, 90.0, "all but the gateway is ready")
        assert not asked.done()
        await pods.release()
        await asked

        assert arcade.is_ready()
        await asyncio.to_thread(four.run, "test", RELEASE, "-n", home)
        deployment = api.get(kinds.DEPLOYMENT, home, OPERATOR)
        assert deployment is not None
        assert deployment["status"]["readyReplicas"] == 2
        await asyncio.to_thread(four.run, "uninstall", RELEASE, "-n", home, "--wait")


def _chart_of_a_board(folder: Path) -> Path:
    chart = folder / "board"
    (chart / "templates").mkdir(parents=True)
    about = {"apiVersion": "v2", "name": "board", "version": "0.1.0"}
    (chart / "Chart.yaml").write_text(yaml.safe_dump(about))
    (chart / "templates" / "board.yaml").write_text(yaml.safe_dump(board("arcade")))
    return chart


@pytest.mark.parametrize("of", helm.PROGRAMS)
@pytest.mark.parametrize("case", ["everywhere", "namespaces"])
def test_the_api_server_takes_everything_that_is_rendered(
    of: str, case: str, api: Api, make_namespace: MakeNamespace
) -> None:
    four, space = program(of, api), make_namespace()
    values = {"watchNamespaces": [space] if case == "namespaces" else [],
              "networkPolicy": {"metricsFrom": [{"namespaceSelector": {}}], "egress": {"enabled": True}}}  # fmt: skip

    objects = four.rendered(values, namespace=space)
    # A dry run makes none, and a pod is not taken without its account.
    for account in helm.of(objects, "ServiceAccount"):
        api.create(kinds.SERVICE_ACCOUNT, space, account)

    given = {"apiVersion": "v1", "kind": "List", "items": objects}
    told = api.kubectl(
        "apply", "--server-side", "--force-conflicts", "--dry-run=server", "--validate=strict",
        "-f", "-", given=given,
    )  # fmt: skip
    assert told.count("serverside-applied") == len(objects)
    assert [each for each in objects if is_hook(each)]


@pytest.mark.parametrize("of", helm.PROGRAMS)
def test_the_crd_stays_with_its_boards_and_one_that_was_there_is_taken_over(
    of: str, api: Api, make_namespace: MakeNamespace, tmp_path: Path
) -> None:
    """With a copy of the chart whose resource is of another group: nobody else's is touched."""
    some, space = program(of, api), make_namespace()
    group = f"{space}.example.com"
    chart = _of_group(tmp_path, group)
    crd = chart / "files" / "scoreboards.yaml"
    values = {"watchNamespaces": [space], "operator": {"replicas": 0}}
    api.kubectl("apply", "--server-side", "-f", str(crd))
    try:
        api.kubectl("wait", "--for=condition=Established", "--timeout=30s", "-f", str(crd))
        made = {**a_board("kept"), "apiVersion": f"{group}/v1alpha1"}
        api.kubectl("apply", "-n", space, "-f", "-", given=made)
        with pytest.raises(Failed, match=r"invalid ownership metadata|cannot be imported"):
            some.run("install", RELEASE, str(chart), "-n", space, values=values)
        taken = ["--take-ownership", *(["--force-conflicts"] if of == "helm4" else [])]
        some.run("install", RELEASE, str(chart), "-n", space, *taken, values=values)
        some.run("upgrade", RELEASE, str(chart), "-n", space, values=values)
        some.run("uninstall", RELEASE, "-n", space)

        found = api.get(CRD, None, f"scoreboards.{group}")
        assert found is not None
        assert found["metadata"]["annotations"]["helm.sh/resource-policy"] == "keep"
        assert api.kubectl("get", f"scoreboards.{group}", "kept", "-n", space, "-o", "name")
    finally:
        api.delete(CRD, None, f"scoreboards.{group}")


def _of_group(folder: Path, group: str) -> Path:
    chart = folder / "scoreboard"
    subprocess.run(["cp", "-rL", str(CHART), str(chart)], check=True)
    for name in ("files/scoreboards.yaml", "templates/crds.yaml"):
        text = (chart / name).read_text()
        for word in ("scoreboards.scoreboard.dev", "group: scoreboard.dev"):
            text = text.replace(word, word.replace("scoreboard.dev", group))
        (chart / name).write_text(
            text.replace("shortNames: [sb], categories: [all]", "shortNames: []")
        )
    return chart


@pytest.mark.parametrize("of", helm.PROGRAMS)
def test_notes_say_what_to_do_next_and_what_to_know(of: str, api: Api) -> None:
    some = program(of, api)

    def notes(values: Values) -> str:
        asked = (
            "install",
            RELEASE,
            str(CHART),
            "-n",
            "default",
            "--dry-run=client",
            "--take-ownership",
        )
        return some.run(*asked, values=values).rpartition("NOTES:")[2]

    assert "kubectl get sb -A" in notes({})
    some_only = notes({"watchNamespaces": ["team"], "crds": {"enabled": False}})
    assert "kubectl get sb -n team" in some_only
    assert "apply crds/scoreboards.yaml of this version yourself" in some_only
    assert "deletes the CRD" in notes({"crds": {"keep": False}})
    assert "no change to them is carried out" in notes({"operator": {"replicas": 0}})
