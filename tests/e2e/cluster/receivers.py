"""PagerDuty's and Grafana's ends, on this machine: what Alertmanager sends is kept, and judged.

The rules of an event: https://developer.pagerduty.com/docs/events-api-v2/trigger-events/.
"""

import json
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

ONENODE_HOST = "10.254.0.1"
NO_HOST = "pods cannot reach this machine at {}: say where they can with SCOREBOARD_TEST_RECEIVER"
ROUTING_KEY, TOKEN = "0123456789abcdef0123456789abcdef", "glsa_of_the_tests"
TAKEN = {"status": "success", "message": "Event processed"}
REFUSAL = {
    "status": "invalid event",
    "message": "Event object is invalid",
    "errors": ["Invalid routing key"],
}
ACTIONS, SEVERITIES = (
    {"trigger", "acknowledge", "resolve"},
    {"critical", "error", "warning", "info"},
)


@dataclass(frozen=True, slots=True)
class Received:
    """`at`: of the monotonic clock."""

    path: str
    at: float
    headers: dict[str, str]
    body: dict[str, Any]


@dataclass(slots=True)
class Receivers:
    """Everything that came, in order."""

    host: str
    port: int = 0
    _all: list[Received] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def url(self, path: str) -> str:
        return f"http://{self.host}:{self.port}{path}"

    def take(self, one: Received) -> None:
        with self._lock:
            self._all.append(one)

    def events(self, of: str, action: str) -> list[Received]:
        """Of PagerDuty, about one namespace."""
        come = self._at(f"/{of}/v2/enqueue")
        known = [e for e in come if e.body.get("routing_key") == ROUTING_KEY]
        return [e for e in known if e.body.get("event_action") == action]

    def notifications(self, of: str, status: str) -> list[Received]:
        """Of Grafana, about one namespace. `status`: firing or resolved."""
        return [each for each in self._at(f"/{of}/grafana") if each.body.get("status") == status]

    def barks(self, of: str) -> list[Received]:
        """Of the watchdog of one namespace."""
        return self._at(f"/{of}/watchdog")

    def refused(self, of: str) -> list[Received]:
        """Events with a key that PagerDuty does not know."""
        return [e for e in self._at(f"/{of}/v2/enqueue") if "routing_key" in faults(e.body)]

    def _at(self, path: str) -> list[Received]:
        with self._lock:
            return [each for each in self._all if each.path == path]


def faults(event: dict[str, Any]) -> list[str]:
    """What PagerDuty would refuse, or quietly cut."""
    found = []
    if event.get("routing_key") != ROUTING_KEY:
        found.append("routing_key")
    if event.get("event_action") not in ACTIONS:
        found.append("event_action")
    if not 0 < len(event.get("dedup_key", "")) <= 255:
        found.append("dedup_key")
    if event.get("event_action") == "trigger":
        payload = event.get("payload", {})
        found += [name for name in ("summary", "source") if not payload.get(name)]
        if len(payload.get("summary", "")) > 1024:
            found.append("summary is too long")
        if payload.get("severity") not in SEVERITIES:
            found.append("severity")
        found += [name for name in ("component", "group", "class") if not payload.get(name)]
        links = [link.get("href", "") for link in event.get("links", [])]
        found += [f"link {link}" for link in links if not link.startswith("https://")]
    return found


def _handler(receivers: Receivers) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            at = time.monotonic()
            receivers.take(Received(self.path, at, dict(self.headers.items()), body))
            strange = self.path.endswith("/v2/enqueue") and body.get("routing_key") != ROUTING_KEY
            status, answer = (400, REFUSAL) if strange else (202, TAKEN)
            said = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)

        def log_message(self, *_: Any) -> None:
            """Nothing: what came is kept."""

    return Handler


@contextmanager
def receiving() -> Iterator[Receivers]:
    """Skips the test where pods cannot reach this machine."""
    made = Receivers(os.environ.get("SCOREBOARD_TEST_RECEIVER") or ONENODE_HOST)
    try:
        server = ThreadingHTTPServer((made.host, 0), _handler(made))
    except OSError:
        pytest.skip(NO_HOST.format(made.host))
    made.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield made
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
