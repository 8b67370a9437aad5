"""The managed stores as the operator renders them, without the operator: pods of our own image.

What they are asked is asked from within their pods, by the names that the roles use.
"""

import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.e2e.cluster import images
from tests.e2e.cluster.api import Api, Object
from tests.e2e.cluster.boards import a_board
from tests.e2e.cluster.waiting import until

from scoreboard_operator import kinds, names, resource
from scoreboard_operator.images import Images
from scoreboard_operator.render.stores import Run, contents, stores

pytestmark = pytest.mark.timeout(900)  # images may have to be built
POSTGRES, VALKEY = "arcade-postgres-0", "arcade-valkey-0"
CONTAINERS = {POSTGRES: ["postgres"], VALKEY: ["queue", "cache"]}
READY = 90.0
ASK_POSTGRES = """
import asyncio, asyncpg, sys
async def ask():
    connection = await asyncpg.connect(sys.argv[1], timeout=5)
    print(await connection.fetchval(sys.argv[2]))
asyncio.run(ask())
"""
ASK_VALKEY = "import redis, sys; print(redis.from_url(sys.argv[1], decode_responses=True).execute_command(*sys.argv[2:]))"
DELIVER_SIGKILL = """
import os, pathlib, signal
for path in pathlib.Path("/proc").iterdir():
    if path.name.isdigit() and b"postgres\\0-D" in (path / "cmdline").read_bytes():
        os.kill(int(path.name), signal.SIGKILL)
"""


@dataclass(frozen=True, slots=True)
class Stores:
    """Those of one Scoreboard, in a namespace of their own."""

    api: Api
    namespace: str
    repository: str

    def kubectl(self, *arguments: str, **more: object) -> str:
        return self.api.kubectl("-n", self.namespace, *arguments, **more)  # type: ignore[arg-type]

    def apply(self, password: str) -> None:
        """Everything for `password`."""
        wanted = resource.read(
            {**a_board("arcade"), "metadata": {"name": "arcade", "namespace": self.namespace}}
        )
        made = stores(
            wanted, Run(version=images.VERSION, secrets=""), Images(stores=self.repository)
        )
        data = contents(wanted, password)
        secret = {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": names.stores(wanted)},
            "stringData": data,
        }
        self.kubectl(
            "apply", "-f", "-", given={"apiVersion": "v1", "kind": "List", "items": [secret, *made]}
        )

    def url(self, key: str, password: str) -> str:
        wanted = resource.read(
            {**a_board("arcade"), "metadata": {"name": "arcade", "namespace": self.namespace}}
        )
        return contents(wanted, password)[key]

    def pod(self, name: str) -> Object:
        return self.api.get(kinds.POD, self.namespace, name) or {}

    def ready(self, name: str, other_than: str = "") -> str:
        """Waits for a pod that is ready; its uid."""

        def uid() -> str:
            found = self.pod(name)
            states = {
                each["type"]: each["status"]
                for each in found.get("status", {}).get("conditions", ())
            }
            known: str = found.get("metadata", {}).get("uid", "")
            return known if states.get("Ready") == "True" and known != other_than else ""

        return until(
            uid,
            READY,
            lambda: f"{name} is ready: {json.dumps(self.pod(name).get('status'))[:2000]}",
        )

    def ask(self, password: str, key: str, *question: str, fails: bool = False) -> str:
        """What the store behind an address of the Secret answers."""
        pod, code = (POSTGRES, ASK_POSTGRES) if key == "database-url" else (VALKEY, ASK_VALKEY)
        return self.kubectl(
            "exec", pod, "-c", CONTAINERS[pod][0], "--",
            "/opt/scoreboard/bin/python", "-c", code, self.url(key, password), *question, fails=fails,
        ).strip()  # fmt: skip

    def answers(self, password: str, key: str, *question: str) -> str:
        """Waits for an answer: for some seconds the name leads to the pod that was before."""

        def asked() -> str:
            try:
                return self.ask(password, key, *question)
            except AssertionError:
                return ""

        return until(asked, READY, f"an answer to {question[0]}")

    def logs(self, name: str) -> str:
        return "".join(self.kubectl("logs", name, "-c", each) for each in CONTAINERS[name])


def a_password() -> str:
    return secrets.token_hex(16)


@pytest.fixture(scope="module")
def password() -> str:
    return a_password()


@pytest.fixture(scope="module")
def running(
    bare_api: Api, kubeconfig: Path, make_namespace: Callable[[], str], password: str
) -> Stores:
    try:
        repository = images.build(kubeconfig, targets=["stores"])["stores"].rpartition(":")[0]
    except images.NoImages as reason:
        pytest.skip(str(reason))
    made = Stores(bare_api, make_namespace(), repository)
    made.apply(password)
    return made


def test_the_stores_get_ready_where_only_restricted_pods_may_run(running: Stores):
    for name, containers in CONTAINERS.items():
        running.ready(name)
        said = running.logs(name)
        for each in containers:
            assert f"scoreboard store: {each} serves on port" in said


def test_postgres_finds_its_data_after_its_pod_was_deleted_by_force(running: Stores, password: str):
    before = running.ready(POSTGRES)
    running.answers(password, "database-url", "CREATE TABLE IF NOT EXISTS notes (note text)")
    running.ask(password, "database-url", "INSERT INTO notes VALUES ('kept')")

    running.kubectl("delete", "pod", POSTGRES, "--grace-period=0", "--force")

    running.ready(POSTGRES, other_than=before)
    assert running.answers(password, "database-url", "SELECT note FROM notes") == "kept"


def test_postgres_comes_back_in_its_pod_after_it_was_killed(running: Stores, password: str):
    pod = running.ready(POSTGRES)
    running.answers(password, "database-url", "CREATE TABLE IF NOT EXISTS killed (note text)")
    running.kubectl("exec", POSTGRES, "--", "/opt/scoreboard/bin/python", "-c", DELIVER_SIGKILL)

    assert running.answers(password, "database-url", "SELECT count(*) FROM killed") == "0"
    assert running.ready(POSTGRES) == pod


def test_the_queue_finds_its_data_after_its_pod_was_deleted_by_force_and_the_cache_does_not(
    running: Stores, password: str
):
    before = running.ready(VALKEY)
    for key in ("queue-url", "cache-url"):
        assert running.answers(password, key, "SET", "note", "kept") == "True"
        assert "noeviction" in running.ask(password, key, "CONFIG", "GET", "maxmemory-policy")
    assert "always" in running.ask(password, "queue-url", "CONFIG", "GET", "appendfsync")
    assert str(int(2**30 * 0.6)) in running.ask(password, "queue-url", "CONFIG", "GET", "maxmemory")

    running.kubectl("delete", "pod", VALKEY, "--grace-period=0", "--force")

    running.ready(VALKEY, other_than=before)
    assert running.answers(password, "queue-url", "GET", "note") == "kept"
    assert running.ask(password, "cache-url", "GET", "note") == "None"


def test_a_store_that_is_told_to_stop_stops_in_order(running: Stores):
    before = running.ready(POSTGRES)
    running.kubectl("delete", "pod", POSTGRES, "--wait=false")
    said = running.kubectl("logs", "-f", POSTGRES)
    assert said.rstrip().endswith("scoreboard store: postgres has stopped")
    assert "database system is shut down" in said
    running.ready(POSTGRES, other_than=before)
    assert "was not properly shut down" not in running.logs(POSTGRES)


def test_the_password_of_the_secret_is_the_one_that_opens_and_is_in_no_log(
    running: Stores, password: str
):
    following = a_password()
    before = {name: running.ready(name) for name in CONTAINERS}
    running.apply(following)
    running.kubectl("delete", "pod", *CONTAINERS)
    for name, uid in before.items():
        running.ready(name, other_than=uid)

    assert running.answers(following, "database-url", "SELECT 1") == "1"
    assert running.answers(following, "queue-url", "PING") == "True"
    assert "InvalidPasswordError" in running.ask(password, "database-url", "SELECT 1", fails=True)
    assert "AuthenticationError" in running.ask(password, "queue-url", "PING", fails=True)

    for name in CONTAINERS:
        said = running.logs(name)
        assert password not in said
        assert following not in said
    running.apply(password)
    running.kubectl("delete", "pod", *CONTAINERS)
