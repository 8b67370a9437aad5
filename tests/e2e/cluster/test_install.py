"""kubectl apply, and it runs: reached, played and watched through the ingress; told to people."""

import json

import aiohttp
import pytest
from tests.e2e.cluster.api import Api
from tests.e2e.cluster.boards import ROLES, Board
from tests.e2e.cluster.operator_process import OperatorProcess
from tests.e2e.cluster.play import scored, signed_in, status_of, visiting, watching
from tests.e2e.cluster.waiting import until
from tests.e2e.events import Events

from scoreboard_operator import kinds
from scoreboard_operator.events import REASONS
from scoreboard_runtime.contract.endpoints import STREAM_PATH

CONDITIONS = [
    "Ready", "Reconciling", "Stalled", "SecretsReady", "DatabaseMigrated", "BroadcasterReady",
    "WorkersReady", "GatewayReady", "ExposureReady", "MonitoringReady", "Paused",
]  # fmt: skip


async def test_a_player_signs_plays_and_is_seen_through_the_ingress(
    board: Board, ingress: str, host: str
) -> None:
    async with visiting(ingress, host) as http, watching(http) as watcher:
        snapshot = await watcher.subscribe(channel="scoreboard", board="main")
        ann = await signed_in(http)

        result = await scored(ann, "level")

        frame = await watcher.until(
            lambda frame: (
                frame["type"] == "scoreboard_updated"
                and any(entry["userId"] == ann.user_id for entry in frame["entries"])
            ),
            "with the player's score",
        )
        standings = (await ann.get("/api/scoreboard")).body
        mine = [entry for entry in frame["entries"] if entry["userId"] == ann.user_id]
        assert result["score"] == 100
        assert [(entry["score"], entry["username"]) for entry in mine] == [(100, ann.username)]
        assert frame["epoch"] == snapshot["epoch"]
        assert frame["sequence"] > snapshot["sequence"]
        assert standings["entries"] == frame["entries"]


async def test_a_stream_is_pushed_through_the_ingress_too(
    board: Board, ingress: str, host: str
) -> None:
    forever = aiohttp.ClientTimeout(total=None)
    async with (
        visiting(ingress, host) as http,
        http.get(STREAM_PATH, timeout=forever) as answer,
    ):
        events = Events(answer)
        snapshot = await events.next()
        ann = await signed_in(http)

        await scored(ann, "level")

        pushed = await events.next()
    assert (answer.status, answer.content_type) == (200, "text/event-stream")
    assert (snapshot["event"], pushed["event"]) == ("snapshot", "scoreboard_updated")
    assert ann.user_id in {entry["userId"] for entry in pushed["data"]["entries"]}


async def test_an_unsigned_action_is_refused_through_the_ingress_too(
    board: Board, ingress: str, host: str
) -> None:
    async with visiting(ingress, host) as http:
        ann = await signed_in(http)

        answer = await ann.post("/api/actions/execute", {"action": "level"})

    assert (answer.status, answer.code) == (401, "STALE_REQUEST")
    until(lambda: refused(board, "STALE_REQUEST"), 60, "an admin in a pod sees what is refused")


def refused(board: Board, code: str) -> int:
    """As often as one of the gateways has, by the command of docs/admin.md."""
    command = ("exec", f"deploy/{board.name}-worker", "--", "scoreboard", "admin", "overview")
    gateway = ("--metrics", f"http://{board.name}-gateway-metrics:9100/metrics")
    said = board.api.kubectl("-n", board.namespace, *command, "--json", *gateway)
    counts = json.loads(said)["gateway"]["rejections"]
    return next(int(row["count"]) for row in counts if row["code"] == code)


async def test_the_page_and_its_docs_are_there(board: Board, ingress: str, host: str) -> None:
    async with visiting(ingress, host) as http:
        for path in ("/", "/docs", "/openapi.json"):
            assert await status_of(http, path) == 200, path


def test_status_has_every_condition_of_this_generation_and_where_it_is(
    board: Board, host: str
) -> None:
    found = board.now()
    status, generation = found["status"], found["metadata"]["generation"]

    assert [each["type"] for each in status["conditions"]] == CONDITIONS
    assert {each["observedGeneration"] for each in status["conditions"]} == {generation}
    assert status["observedGeneration"] == generation
    assert (status["url"], status["version"]) == (f"http://{host}", found["spec"]["version"])


def test_the_inventory_is_what_is_there_and_what_is_there_is_owned(board: Board) -> None:
    listed = {f"{each['kind']}/{each['name']}" for each in board.status["inventory"]}
    children = board.children()

    assert listed == {f"{each['kind']}/{each['metadata']['name']}" for each in children}
    for each in children:
        assert each["metadata"].get("finalizers", []) == []
        assert "blockOwnerDeletion" not in str(each["metadata"]["ownerReferences"]) or not any(
            owner["blockOwnerDeletion"] for owner in each["metadata"]["ownerReferences"]
        )


def test_kubectl_get_sb_shows_what_people_ask_for(board: Board, api: Api, host: str) -> None:
    head, row, *_ = api.kubectl("get", "sb", "-n", board.namespace).splitlines()

    assert head.split() == ["NAME", "READY", "URL", "VERSION", "AGE"]
    assert row.split()[:4] == [board.name, "True", f"http://{host}", "0.1.0"]


def test_kubectl_explain_is_the_reference(api: Api) -> None:
    for field, told in (
        ("scoreboard.spec.auth.keyRotation", "Age at which the master key is succeeded"),
        ("sb.spec.exposure.type", "The kind of the way in"),
        ("scoreboard.status.plannedChanges", "What the operator would change"),
    ):
        assert told in " ".join(api.kubectl("explain", field).split())


def test_events_tell_of_the_installation_with_documented_reasons(board: Board) -> None:
    events = board.events()

    assert {"Progressing", "Ready"} <= {each["reason"] for each in events}
    for each in events:
        assert each["reason"] in REASONS
        assert each["type"] == REASONS[each["reason"]][0]
        assert each["message"]


def test_pods_run_restricted_with_no_token_and_keep_within_what_they_asked_for(
    board: Board,
) -> None:
    for role in ROLES:
        spec = board.template(role)["spec"]
        (container,) = spec["containers"]
        assert spec["automountServiceAccountToken"] is False
        assert spec["securityContext"]["runAsNonRoot"] is True
        assert container["securityContext"]["readOnlyRootFilesystem"] is True
        assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
        assert container["resources"] == board.now()["spec"][role]["resources"]


def test_a_healthy_operator_says_so_and_its_log_is_json(
    board: Board, operator: OperatorProcess
) -> None:
    assert all("event" in line and "level" in line for line in operator.lines())
    assert operator.metric("scoreboard_operator_leader") == 1
    assert operator.metric("scoreboard_operator_scoreboards", ready="True") >= 1
    assert operator.metric("scoreboard_operator_watch_age_seconds") < 10
    assert operator.metric("scoreboard_operator_api_writes_total", outcome="refused") == 0


@pytest.mark.parametrize("role", ROLES)
def test_each_role_has_what_it_needs_beside_its_pods(board: Board, role: str) -> None:
    for kind in (
        kinds.DEPLOYMENT, kinds.SERVICE_ACCOUNT, kinds.NETWORK_POLICY, kinds.DISRUPTION_BUDGET,
        kinds.AUTOSCALER,
    ):  # fmt: skip
        board.there(kind, role)
    board.there(kinds.SERVICE, f"{role}-metrics")
