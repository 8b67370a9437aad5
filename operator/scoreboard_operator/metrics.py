"""Every metric of the operator: name, kind, help, labels; built and counted here."""

from collections.abc import Callable
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.openmetrics.exposition import CONTENT_TYPE_LATEST, generate_latest

from scoreboard_operator.kinds import EVENT, LEASE, OWNED, SCOREBOARD
from scoreboard_runtime.contract.endpoints import ROLES
from scoreboard_runtime.contract.metrics import COUNTER, GAUGE, HISTOGRAM, Metric

CONTENT_TYPE = CONTENT_TYPE_LATEST
SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
KINDS = tuple(kind.kind for kind in OWNED)
WRITTEN = (*KINDS, *(kind.kind for kind in (SCOREBOARD, LEASE, EVENT)))
# "namespace" would be that of the operator's own pod.
BOARD = {"board_namespace": "those with a Scoreboard", "board": "the Scoreboards that are there"}

QUEUE_DEPTH = Metric(
    "scoreboard_operator_queue_depth", GAUGE, "Scoreboards that wait to be looked at."
)
QUEUE_LATENCY = Metric(
    "scoreboard_operator_queue_latency_seconds",
    HISTOGRAM,
    "Time from being due to being looked at.",
    buckets=SECONDS,
)
RECONCILES = Metric(
    "scoreboard_operator_reconciles_total",
    COUNTER,
    "Looks at a Scoreboard by outcome: settled, progressing, stalled, paused, planned, gone, "
    "error.",
    {"outcome": ("settled", "progressing", "stalled", "paused", "planned", "gone", "error")},
)
RECONCILE_DURATION = Metric(
    "scoreboard_operator_reconcile_duration_seconds",
    HISTOGRAM,
    "Time that one look at a Scoreboard took.",
    buckets=SECONDS,
)
API_WRITES = Metric(
    "scoreboard_operator_api_writes_total",
    COUNTER,
    "Writes to the Kubernetes API by kind and outcome: created, changed, unchanged, deleted, "
    "refused. After convergence it stands still.",
    {"kind": WRITTEN, "outcome": ("created", "changed", "unchanged", "deleted", "refused")},
)
DRIFT = Metric(
    "scoreboard_operator_drift_total",
    COUNTER,
    "Objects that somebody else had changed or deleted, and that were put right.",
    {"kind": KINDS},
)
SCOREBOARDS = Metric(
    "scoreboard_operator_scoreboards",
    GAUGE,
    "Scoreboards by their condition Ready.",
    {"ready": ("True", "False", "Unknown")},
)
READY = Metric(
    "scoreboard_operator_scoreboard_ready",
    GAUGE,
    "1 while a Scoreboard's condition Ready is True, 0 otherwise.",
    BOARD,
)
AT_MAXIMUM = Metric(
    "scoreboard_operator_autoscaler_at_maximum",
    GAUGE,
    "1 while a role's HorizontalPodAutoscaler would have more pods than maxReplicas allows.",
    {**BOARD, "role": ROLES},
)
KEY_DUE = Metric(
    "scoreboard_operator_key_due_timestamp_seconds",
    GAUGE,
    "When the key that signs is due to be succeeded (spec.auth.keyRotation), Unix time.",
    BOARD,
)
CERTIFICATE_EXPIRY = Metric(
    "scoreboard_operator_certificate_expiry_timestamp_seconds",
    GAUGE,
    "When the certificate of spec.exposure.tls.secretName expires, Unix time.",
    BOARD,
)
LEADER = Metric(
    "scoreboard_operator_leader", GAUGE, "1 in the process that acts, 0 in one that stands by."
)
HEARTBEAT_AGE = Metric(
    "scoreboard_operator_watch_age_seconds",
    GAUGE,
    "Time since the watch last showed this operator's own heartbeat; it grows when it is blind.",
)
BUILD_INFO = Metric(
    "scoreboard_operator_build_info",
    GAUGE,
    "Always 1; the label says what runs.",
    {"version": "one"},
)
METRICS: tuple[Metric, ...] = (
    QUEUE_DEPTH, QUEUE_LATENCY, RECONCILES, RECONCILE_DURATION, API_WRITES, DRIFT, SCOREBOARDS,
    READY, AT_MAXIMUM, KEY_DUE, CERTIFICATE_EXPIRY, LEADER, HEARTBEAT_AGE, BUILD_INFO,
)  # fmt: skip
_KINDS = {COUNTER: Counter, GAUGE: Gauge}


class Telemetry:
    """The operator's metrics in a registry of their own."""

    def __init__(self, version: str) -> None:
        self._registry = CollectorRegistry()
        self._metrics = {metric.name: self._build(metric) for metric in METRICS}
        self.child(BUILD_INFO, version).set(1)

    def _build(self, metric: Metric) -> Any:
        about = (metric.name, metric.help, tuple(metric.labels))
        if metric.kind == HISTOGRAM:
            return Histogram(
                *about, unit=metric.unit, buckets=metric.buckets, registry=self._registry
            )
        return _KINDS[metric.kind](*about, unit=metric.unit, registry=self._registry)

    def child(self, metric: Metric, *labels: str) -> Any:
        """The counter, gauge or histogram for these label values."""
        found = self._metrics[metric.name]
        return found.labels(*labels) if labels else found

    def forget(self, metric: Metric, *labels: str) -> None:
        """These label values are no more."""
        self._metrics[metric.name].remove(*labels)

    def measure(self, metric: Metric, value: Callable[[], float]) -> None:
        """A gauge that is asked when it is scraped."""
        self.child(metric).set_function(value)

    def exposition(self) -> bytes:
        """What Prometheus scrapes, as OpenMetrics text."""
        text: bytes = generate_latest(self._registry)  # type: ignore[no-untyped-call]
        return text
