"""The cluster's Prometheus and Alertmanager, by their HTTP APIs."""

import json
import os
from dataclasses import dataclass
from typing import Any

import pytest
import urllib3
from tests.e2e.cluster.api import Api
from tests.e2e.cluster.boards import Board

ONENODE_PROMETHEUS = "http://10.254.0.1:9090"
NO_PROMETHEUS = "no Prometheus at {}: shared/onenode/addon monitoring, or say where with SCOREBOARD_TEST_PROMETHEUS"


@dataclass(frozen=True, slots=True)
class Prometheus:
    """By its HTTP API."""

    address: str
    pool: urllib3.PoolManager

    def ask(self, path: str, **query: str) -> Any:
        answer = self.pool.request("GET", f"{self.address}/api/v1/{path}", fields=query)
        found = json.loads(answer.data)
        assert found["status"] == "success", f"{query}: {found}"
        return found["data"]

    def query(self, expression: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.ask("query", query=expression)["result"]
        return found

    def rules(self, board: Board) -> list[dict[str, Any]]:
        """Those of one board: its alerts and what they record."""
        named = {"namespace": board.namespace, "board": board.name}
        return [
            rule
            for group in self.ask("rules")["groups"]
            for rule in group["rules"]
            if named.items() <= rule.get("labels", {}).items()
        ]


@dataclass(frozen=True, slots=True)
class Alertmanager:
    """The one of namespace monitoring."""

    address: str
    pool: urllib3.PoolManager

    def _ask(self, path: str) -> Any:
        return json.loads(self.pool.request("GET", f"{self.address}/api/v2/{path}").data)

    def config(self) -> str:
        """What it runs, secrets left out."""
        return str(self._ask("status")["config"]["original"])

    def alerts(self, namespace: str) -> list[dict[str, Any]]:
        """Those of one namespace that it knows: active, or suppressed by another one."""
        found = self._ask("alerts")
        return [each for each in found if each["labels"].get("namespace") == namespace]


def _pool() -> urllib3.PoolManager:
    return urllib3.PoolManager(timeout=urllib3.Timeout(connect=2.0, read=20.0), retries=False)


def found() -> Prometheus:
    """Skips the test without one."""
    address, pool = os.environ.get("SCOREBOARD_TEST_PROMETHEUS") or ONENODE_PROMETHEUS, _pool()
    try:
        pool.request("GET", f"{address}/-/ready")
    except urllib3.exceptions.HTTPError:
        pytest.skip(NO_PROMETHEUS.format(address))
    return Prometheus(address, pool)


def alertmanager(api: Api) -> Alertmanager:
    """Beside a Prometheus that was found."""
    asked = ("-n", "monitoring", "get", "pod", "-l", "app.kubernetes.io/name=alertmanager")
    address = api.kubectl(*asked, "-o", "jsonpath={.items[0].status.podIP}")
    return Alertmanager(f"http://{address}:9093", _pool())
