"""Secrets: made once, rotated with overlap, brought by others, and never to be read anywhere else."""

import asyncio
import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
import yaml
from tests.e2e.cluster.api import Api, Object
from tests.e2e.cluster.boards import ROLES, ROLL, SOON, Board, a_board
from tests.e2e.cluster.operator_process import OperatorProcess
from tests.e2e.cluster.play import scored, signed_in, visiting, watching
from tests.e2e.cluster.waiting import until

from scoreboard_operator import kinds
from scoreboard_runtime.local.player import Player

RELOADED = 90.0  # a kubelet may take that long to bring a changed Secret to a pod
KEYS = "keys.json"


def keys_of(board: Board) -> list[dict[str, str]]:
    return list(json.loads(board.secret("keys")[KEYS])["keys"])


def write_keys(board: Board, keys: list[dict[str, str]]) -> None:
    data = {KEYS: encoded(json.dumps({"keys": keys}))}
    board.api.patch(kinds.SECRET, board.namespace, f"{board.name}-keys", {"data": data})


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def ago(**time: float) -> str:
    return (datetime.now(UTC) - timedelta(**time)).isoformat(timespec="milliseconds")


def kid_of(player: Player) -> str:
    return str(jwt.get_unverified_header(player.session["token"])["kid"])


def hurry_kubelets(board: Board) -> None:
    """A pod that changes is looked at by its kubelet at once, its Secrets too."""
    for role in ROLES:
        for name in board.pods(role):
            told = {"metadata": {"annotations": {"example.com/looked-at": ago()}}}
            board.api.patch(kinds.POD, board.namespace, name, told)


def test_secrets_are_made_once_and_outlive_the_operators_memory(
    board: Board, operator: OperatorProcess
) -> None:
    def found() -> list[Any]:
        secrets = (board.there(kinds.SECRET, component) for component in ("keys", "stores"))
        return [(each["data"], each["metadata"]["resourceVersion"]) for each in secrets]

    before = found()
    operator.restart()

    assert found() == before


async def test_keys_rotate_while_a_session_and_a_socket_go_on(
    board: Board, operator: OperatorProcess, ingress: str, host: str
) -> None:
    templates = {role: board.template(role) for role in ROLES}
    pods = board.all_pods()
    async with visiting(ingress, host) as http, watching(http) as watcher:
        ann = await signed_in(http)
        await watcher.authenticate(ann)
        active = next(each for each in keys_of(board) if each["kid"] == kid_of(ann))

        # As if it were 31 days later: a key is due.
        write_keys(board, [{**active, "createdAt": ago(days=31)}])
        until(lambda: keys_of(board)[-1]["kid"] != active["kid"], 10, "a new key is there")
        *_, kept, new = keys_of(board)
        assert (kept["kid"], kept["secret"]) == (active["kid"], active["secret"])
        until(
            lambda: f"key {new['kid']}" in told(board, "KeyRotated"), SOON, "an Event tells of it"
        )

        # As if every pod had had the time to read it: it signs from now on.
        write_keys(board, [kept, {**new, "createdAt": ago(minutes=5)}])
        hurry_kubelets(board)
        fresh = await signed_in(http)  # another user, for a user has so many sessions at most

        async def signed_by_the_new_one() -> bool:
            assert (await fresh.login()).status == 200
            assert (await ann.get("/api/users/me")).status == 200
            assert (await ann.execute("level")).status == 202
            await watcher.alive()
            return kid_of(fresh) == new["kid"]

        deadline = datetime.now(UTC) + timedelta(seconds=RELOADED)
        while not await signed_by_the_new_one():
            await asyncio.sleep(0.2)
            assert datetime.now(UTC) < deadline, "the new key never signed"

        for player in (ann, fresh):
            assert (await player.execute("level")).status == 202
        assert (await ann.refresh()).status == 200
        await watcher.alive()
    assert {role: board.template(role) for role in ROLES} == templates
    assert board.all_pods() == pods


def told(board: Board, reason: str) -> list[str]:
    return [each["message"] for each in board.events() if each["reason"] == reason]


def test_unusable_keys_are_said_and_left_as_they_are(board: Board) -> None:
    good = board.secret("keys")[KEYS]
    change = {"data": {KEYS: encoded('{"keys": []}')}}
    board.api.patch(kinds.SECRET, board.namespace, f"{board.name}-keys", change)
    try:
        said = board.wait("SecretsReady", "False", "KeysUnusable")
        assert "put the keys back" in said["message"]
        assert board.secret("keys")[KEYS] == '{"keys": []}'
        assert board.condition("GatewayReady")["status"] == "True"
    finally:
        back = {"data": {KEYS: encoded(good)}}
        board.api.patch(kinds.SECRET, board.namespace, f"{board.name}-keys", back)
    board.wait_ready(15)


async def test_a_deleted_password_is_replaced_and_everything_serves_with_the_new_one(
    board: Board, operator: OperatorProcess, ingress: str, host: str
) -> None:
    before = board.secret("stores")["password"]
    operator.stop()  # a look that has just read it would put it back as it was
    board.api.delete(kinds.SECRET, board.namespace, f"{board.name}-stores")
    operator.start()

    until(lambda: board.get(kinds.SECRET, "stores"), 15, "the Secret is there again")
    assert board.secret("stores")["password"] != before
    until(lambda: not board.is_ready(), 15, "it is on its way")
    board.wait_ready(2 * ROLL)

    async with visiting(ingress, host) as http:
        assert (await scored(await signed_in(http), "level"))["score"] == 100


@pytest.fixture
def place(
    api: Api, make_namespace: Callable[[], str], make_operator
) -> tuple[str, OperatorProcess]:
    namespace = make_namespace()
    return namespace, make_operator(namespace)


PASSWORD = "given0password0that0nobody0may0read"
MASTER = base64.urlsafe_b64encode(b"brought key that nobody may read").decode().rstrip("=")


def given_stores(image: str) -> list[Object]:
    """Postgres and Valkey as somebody else would run them."""
    labels = {"app": "given-stores"}
    security = {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "runAsNonRoot": True,
        "runAsUser": 10001,
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    ports = {"postgres": 5432, "queue": 6379}
    containers = [
        {
            "name": store,
            "image": image,
            "imagePullPolicy": "IfNotPresent",
            "args": ["store", store, "--folder", "/tmp/data"],
            "env": [{"name": "SCOREBOARD_STORE_PASSWORD", "value": PASSWORD}],
            "securityContext": security,
        }
        for store in ports
    ]
    return [
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": "given-stores", "labels": labels},
            "spec": {"containers": containers, "automountServiceAccountToken": False},
        },
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": "given-stores"},
            "spec": {
                "selector": labels,
                "ports": [{"name": k, "port": v} for k, v in ports.items()],
            },
        },
    ]


def secret(name: str, **data: str) -> Object:
    data = {key.replace("_", "."): encoded(value) for key, value in data.items()}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "data": data}


async def test_a_board_on_given_stores_and_keys_waits_for_them_and_never_writes_them(
    place: tuple[str, OperatorProcess], api: Api, images: dict[str, str], ingress: str
) -> None:
    namespace, operator = place
    board, host = Board(api, namespace, "given"), f"given-{namespace}.example.com"
    ring = json.dumps({"keys": [{"kid": "brought", "secret": MASTER, "createdAt": ago(days=99)}]})
    everything = [*given_stores(f"{images['stores']}:0.1.0"), secret("given-keys", keys_json=ring)]
    for each in everything:
        api.kubectl("apply", "-n", namespace, "-f", "-", given=each)

    board.apply(
        a_board(
            "given",
            database={"secretRef": {"name": "given-db"}},
            redis={"secretRef": {"name": "given-redis"}},
            exposure={"type": "Ingress", "host": host},
        )
    )
    said = board.wait("SecretsReady", "False", "SecretMissing", 15)
    assert "Secret given-db is missing: create it" in said["message"]
    assert board.condition("Stalled")["status"] == "True"
    assert board.children(kinds.DEPLOYMENT, kinds.STATEFUL_SET, kinds.JOB, kinds.SECRET) == []

    at = f"given-stores.{namespace}.svc"
    dsn = f"postgresql://runtime:{PASSWORD}@{at}:5432/scoreboard"
    brought = {"given-db": {"dsn": dsn}, "given-redis": {"url": f"redis://:{PASSWORD}@{at}:6379/0"}}
    for name, data in brought.items():
        api.kubectl("apply", "-n", namespace, "-f", "-", given=secret(name, **data))
    seen = {name: api.get(kinds.SECRET, namespace, name) for name in (*brought, "given-keys")}
    board.wait_ready()

    async with visiting(ingress, host) as http:
        ann = await signed_in(http)
        assert kid_of(ann) == "brought"
        assert (await scored(ann, "level"))["score"] == 100
    assert {name: api.get(kinds.SECRET, namespace, name) for name in seen} == seen
    assert board.children(kinds.SECRET, kinds.STATEFUL_SET) == []
    assert_not_to_be_read(board, operator, [PASSWORD, MASTER, encoded(PASSWORD)])


def assert_not_to_be_read(board: Board, operator: OperatorProcess, what: list[str]) -> None:
    """Neither in the status, an Event, a log, nor in any child that is no Secret."""
    children = [each for each in board.children() if each["kind"] != "Secret"]
    places = {
        "the Scoreboard": yaml.safe_dump(board.now()),
        "its Events": yaml.safe_dump(board.events()),
        "the operator's log": operator.log(),
        "its children": yaml.safe_dump(children),
        "the logs of the roles": "".join(
            board.api.kubectl("logs", "-n", board.namespace, name)
            for role in ROLES
            for name in board.pods(role)
        ),
    }
    for place, text in places.items():
        for each in what:
            assert each not in text, f"a secret is in {place}"


def test_no_secret_is_anywhere_but_in_a_secret(board: Board, operator: OperatorProcess) -> None:
    stores = board.secret("stores")
    keys = [each["secret"] for each in keys_of(board)]

    assert_not_to_be_read(board, operator, [stores["password"], stores["database-url"], *keys])
