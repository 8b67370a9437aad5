"""What breaks, under players: each breaks its own board, is told, mends it by the runbook, and sees the end.

A scenario installs its board, so that those that are ready first wait for nobody.
"""

import base64
import json
import subprocess
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from tests.e2e.cluster.crashing import SAYS
from tests.e2e.cluster.delays import road
from tests.e2e.cluster.given import DATABASE_URL, SECRET, SPEC, give
from tests.e2e.cluster.ledger import sql
from tests.e2e.cluster.playing import attacking, playing
from tests.e2e.cluster.receivers import ROUTING_KEY, TOKEN
from tests.e2e.cluster.waiting import until
from tests.e2e.cluster.watched import TOLD, Watched, install, secret

from scoreboard_runtime.contract.endpoints import STORE_PORT, STORE_POSTGRES

Scenario = Callable[[Watched], None]
UNPAUSE = "scoreboard.dev/paused-"
SLOW, HARDLY, SURGE = 0.12, 0.3, 20.0  # seconds of each answer; actions a second
ENOUGH = 14  # dead letters, more than ten
WAY_IN = "way-in"


def valkey_gone(found: Watched) -> None:
    """The queue pages; the cache, in the same pod, is worth a notification only."""
    install(found)
    with playing(found.ingress, found.board):
        found.pause()
        found.broken()
        found.scale("statefulset", "valkey", 0)
        first = found.paged("ScoreboardQueueDown", "queue")
        assert "Paused=True" in found.diagnosed("ScoreboardQueueDown")
        note = found.noted("ScoreboardCacheDown")
        assert note.headers["Authorization"] == f"Bearer {TOKEN}"
        found.follow("ScoreboardQueueDown", UNPAUSE)
        found.page_ended("the Valkey pod is gone", "ScoreboardQueueDown", first)
        found.note_ended("the same", "ScoreboardCacheDown", note)
        found.is_over("ScoreboardQueueDown")


def postgres_gone(found: Watched) -> None:
    """Players go on, their actions wait; that they wait fires as well and wakes nobody."""
    install(found)
    with playing(found.ingress, found.board) as players:
        found.pause()
        found.broken()
        found.scale("statefulset", "postgres", 0)
        before = len(players.accepted)
        first = found.paged("ScoreboardPostgresDown", "postgres")
        assert len(players.accepted) > before, "actions are accepted without Postgres"
        until(lambda: found.silenced("ScoreboardJobsDelayed"), TOLD, found.said)
        assert "Paused=True" in found.diagnosed("ScoreboardPostgresDown")
        found.follow("ScoreboardPostgresDown", UNPAUSE)
        broken = "the Postgres pod is gone; `ScoreboardJobsDelayed` is silenced"
        found.page_ended(broken, "ScoreboardPostgresDown", first)
        found.is_over("ScoreboardPostgresDown")


def worker_crashes(image: str) -> Scenario:
    """Somebody put an image by hand that ends at once, all pods together."""

    def scenario(found: Watched) -> None:
        install(found)
        with playing(found.ingress, found.board):
            found.pause()
            container = {"name": "worker", "image": image}
            template = {"spec": {"containers": [container]}}
            strategy = {"type": "Recreate", "rollingUpdate": None}
            change = {"spec": {"strategy": strategy, "template": template}}
            found.broken()
            _patch(found, "worker", change)
            first = found.paged("ScoreboardRoleAbsent", "worker")
            assert SAYS in found.diagnosed("ScoreboardRoleAbsent", ROLE="worker")
            found.follow("ScoreboardRoleAbsent", UNPAUSE)
            found.page_ended("the worker's image crashes", "ScoreboardRoleAbsent", first)
            found.is_over("ScoreboardRoleAbsent")

    return scenario


def database_slow(stores: str) -> Scenario:
    """Its own Postgres, at the end of a road that becomes long: players see the board late."""

    def scenario(found: Watched) -> None:
        board = found.board
        give(board.api, board.namespace, stores)
        ready = ("wait", "--for=condition=Ready", "pod", "--all", "--timeout=50s")
        board.api.kubectl("-n", board.namespace, *ready)
        pod = f"given-{STORE_POSTGRES}"
        where = ("-n", board.namespace, "get", "pod", pod, "-o", "jsonpath={.status.podIP}")
        to = (board.api.kubectl(*where), STORE_PORT[STORE_POSTGRES])
        with road(found.receivers.host, to) as way:
            _by(found, way.port)
            install(found, **SPEC)
            with playing(found.ingress, board, watched=True) as players:
                players.rate = HARDLY  # what a few minutes had of it, is soon forgotten
                found.broken()
                way.seconds = SLOW
                first = found.paged("ScoreboardPushLatencyBudgetBurn", "broadcaster")
                told = found.diagnosed("ScoreboardPushLatencyBudgetBurn")
                assert "scoreboard_db_transaction_duration_seconds_sum" in told
                way.seconds = 0.0
                found.mended()
                players.rate = SURGE
                broken = "120 ms of latency on each answer of PostgreSQL"
                found.page_ended(broken, "ScoreboardPushLatencyBudgetBurn", first)
                found.is_over("ScoreboardPushLatencyBudgetBurn")

    return scenario


def _by(found: Watched, port: int) -> None:
    """The given database's address leads by the road."""
    board, host = found.board, f"given-{STORE_POSTGRES}:{STORE_PORT[STORE_POSTGRES]}"
    data = ("-n", board.namespace, "get", "secret", SECRET, "-o")
    text = board.api.kubectl(*data, f"jsonpath={{.data.{DATABASE_URL}}}")
    address = base64.b64decode(text).decode().replace(host, f"{found.receivers.host}:{port}")
    change = f'{{"stringData": {{"{DATABASE_URL}": "{address}"}}}}'
    board.api.kubectl("-n", board.namespace, "patch", "secret", SECRET, "-p", change)


def rights_taken(found: Watched) -> None:
    """Every accepted action becomes a dead letter; given back and redriven, each counts once."""
    install(found)
    board = found.board
    with playing(found.ingress, board) as players:
        found.broken()
        sql(board, "REVOKE INSERT ON score_history FROM CURRENT_USER")
        first = found.paged("ScoreboardDeadLettersGrowing", "worker")
        assert "InsufficientPrivilege" in found.diagnosed("ScoreboardDeadLettersGrowing")
        sql(board, "GRANT INSERT ON score_history TO CURRENT_USER")
        told = found.follow("ScoreboardDeadLetters", "redrive --all")
        assert "jobs are back in the queue" in told
        assert len(players.accepted) >= ENOUGH
        broken = "a right of the database is taken away, actions become dead letters"
        found.page_ended(broken, "ScoreboardDeadLettersGrowing", first)
        found.is_over("ScoreboardDeadLettersGrowing")


def attacked(folder: Path) -> Scenario:
    """A bot replays while the certificate nears its end: one notification, one page."""

    def scenario(found: Watched) -> None:
        space, alert = found.board.namespace, "ScoreboardCertificateExpiring"
        _certificate(found, folder, days=90)
        host = {"type": "Ingress", "host": f"{space}.example.com", "tls": {"secretName": WAY_IN}}
        install(found, exposure=host)
        with playing(found.ingress, found.board), attacking(found.ingress, found.board) as answers:
            bot = replace(found)  # the same board, broken by something else
            bot.broken()
            _certificate(found, folder, days=1)
            found.broken()
            page = found.paged(alert, "gateway")
            assert "notAfter" in found.diagnosed(alert)
            assert found.silenced(alert), "the week is silenced by the day"
            _self_signed(folder, space, days=90)
            renewed = found.follow(alert, "create secret tls", folder, SECRET=WAY_IN)
            assert WAY_IN in renewed
            _attacked(bot, answers)
            found.page_ended("the certificate ends within a day", alert, page)
            found.is_over(alert)

    return scenario


def _self_signed(folder: Path, host: str, *, days: int) -> None:
    """tls.crt and tls.key for so many days."""
    asked = ("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256")
    names = ("-nodes", "-subj", f"/CN={host}.example.com", "-keyout", "tls.key", "-out", "tls.crt")
    command = [*asked, *names, "-days", str(days)]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)


def _certificate(found: Watched, folder: Path, *, days: int) -> None:
    """The way in shows one that ends in so many days."""
    _self_signed(folder, found.board.namespace, days=days)
    kept = {name: (folder / name).read_text() for name in ("tls.crt", "tls.key")}
    secret(found.board.api, found.board.namespace, WAY_IN, kind="kubernetes.io/tls", **kept)


def _attacked(found: Watched, answers: Counter[str]) -> None:
    """Mallory repeats what was accepted; the runbook finds the account and ends it."""
    note = found.noted("ScoreboardRejectionWave")
    assert note.body["commonLabels"]["code"] == "REPLAY_ATTACK"
    told = found.diagnosed("ScoreboardRejectionWave", CODE="REPLAY_ATTACK")
    (bot,) = {line.split('"')[-2] for line in told.splitlines() if '"user":"' in line}
    assert "Mallory" in found.follow("ScoreboardRejectionWave", "admin disable", BOT=bot)
    until(lambda: answers["INVALID_TOKEN"], TOLD, lambda: f"the bot is refused: {answers}")
    found.note_ended("a bot replays signed requests", "ScoreboardRejectionWave", note)


def pager_misled(home: Watched) -> Scenario:
    """No worker runs, and PagerDuty does not know the key: that is told elsewhere."""

    def scenario(found: Watched) -> None:
        elsewhere = replace(home, rows=found.rows, since=time.monotonic())
        install(found, routing_key="0" * 32)
        with playing(found.ingress, found.board):
            space, alert = found.board.namespace, "ScoreboardPagesUndeliverable"
            found.broken()
            found.scale("deployment", "worker", 0)
            until(lambda: found.receivers.refused(space), TOLD, "a page is refused")
            elsewhere.broken()
            assert "ScaledToZero" in found.diagnosed("ScoreboardRoleAbsent", ROLE="worker")
            told = elsewhere.first_page(alert)
            assert "Invalid routing key" in elsewhere.diagnosed(alert)
            elsewhere.follow(alert, "create secret generic", NAMESPACE=space, KEY=ROUTING_KEY)
            first = found.paged("ScoreboardRoleAbsent", "worker")
            found.follow("ScoreboardRoleAbsent", "--replicas=1", ROLE="worker")
            broken = "no worker runs; until the key below is mended nobody hears"
            found.page_ended(broken, "ScoreboardRoleAbsent", first)
            elsewhere.page_ended("PagerDuty does not know the routing key", alert, told)
            found.is_over("ScoreboardRoleAbsent")

    return scenario


def operator_gone(found: Watched) -> None:
    """Scaled to 0. Boards go on; who hears of it is written in examples/operator-alerts.yaml."""
    deployment = ("scale", "deploy", "-l", "app.kubernetes.io/component=operator", "--replicas=0")
    found.broken()
    found.board.api.kubectl("-n", found.board.namespace, *deployment)
    note = found.noted("ScoreboardOperatorAbsent")
    assert "0/0" in found.diagnosed("ScoreboardOperatorAbsent")
    found.follow("ScoreboardOperatorAbsent", "--replicas=2")
    found.note_ended("the operator is scaled to 0", "ScoreboardOperatorAbsent", note)


def _patch(found: Watched, component: str, change: object) -> None:
    name = f"{found.board.name}-{component}"
    command = ("-n", found.board.namespace, "patch", "deployment", name, "-p", json.dumps(change))
    found.board.api.kubectl(*command)
