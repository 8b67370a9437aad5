"""JSON logs, and the metrics that contract/metrics.py lists."""

import logging
import sys
import time
from collections.abc import Callable, MutableMapping
from typing import Any

import orjson
import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector
from prometheus_client.openmetrics.exposition import CONTENT_TYPE_LATEST, generate_latest

from scoreboard_runtime.contract import metrics as names

CONTENT_TYPE = CONTENT_TYPE_LATEST


class Telemetry:
    """The metrics of one process, in a registry of its own; `child` is cached on the hot path."""

    def __init__(self, role: str, version: str) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)  # process_*: CPU, memory, files
        self._metrics = {
            metric.name: self._build(metric) for metric in names.METRICS if role in metric.roles
        }
        self._children: dict[tuple[str, ...], Any] = {}
        self.child(names.BUILD_INFO, version, role).set(1)

    def _build(self, metric: names.Metric) -> Counter | Gauge | Histogram:
        about = (metric.name, metric.help, tuple(metric.labels))
        more: dict[str, Any] = {"unit": metric.unit, "registry": self.registry}
        if metric.kind == names.COUNTER:
            return Counter(*about, **more)
        if metric.kind == names.GAUGE:
            return Gauge(*about, **more)
        return Histogram(*about, buckets=metric.buckets, **more)

    def child(self, metric: names.Metric, *labels: str) -> Any:
        """The counter, gauge or histogram for these label values."""
        key = (metric.name, *labels)
        found = self._children.get(key)
        if found is None:
            parent = self._metrics[metric.name]
            found = self._children[key] = parent.labels(*labels) if labels else parent
        return found

    def count(self, metric: names.Metric, *labels: str, by: float = 1) -> None:
        self.child(metric, *labels).inc(by)

    def gauge(self, metric: names.Metric, *labels: str, to: float) -> None:
        self.child(metric, *labels).set(to)

    def observe(
        self,
        metric: names.Metric,
        *labels: str,
        seconds: float,
        request: str = "",
        trace: str = "",
    ) -> None:
        """`request` is the id of a request that it was measured on, `trace` that of its trace: the
        exemplar of its bucket. An id has 64 characters at most, so both fit into the 128 that
        OpenMetrics allows."""
        exemplar = {"request_id": request} if request else None
        if trace and exemplar is not None:
            exemplar["trace_id"] = trace
        self.child(metric, *labels).observe(seconds, exemplar)

    def measure(self, metric: names.Metric, *labels: str, by: Callable[[], float]) -> None:
        """A gauge that is asked when it is scraped."""
        self.child(metric, *labels).set_function(by)

    def exposition(self) -> bytes:
        """What Prometheus scrapes, as OpenMetrics text."""
        text: bytes = generate_latest(self.registry)  # type: ignore[no-untyped-call]
        return text


def _stamp(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    now = time.time_ns() // 1_000_000
    event["at"] = (
        time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now // 1000)) + f".{now % 1000:03d}Z"
    )
    return event


def _line(value: Any, **_: Any) -> str:
    return orjson.dumps(value, default=str).decode()


def configure_logs(role: str, level: str) -> None:
    """One JSON object a line on standard error; standard library records too."""
    number = logging.getLevelNamesMapping().get(level.upper(), logging.INFO)
    processors: list[Callable[..., Any]] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        _stamp,
        structlog.processors.format_exc_info,
        structlog.processors.JSONRenderer(serializer=_line),
    ]
    structlog.configure(
        processors=processors,
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.bind_contextvars(role=role)
    formatter = structlog.stdlib.ProcessorFormatter(
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(serializer=_line),
        ],
        foreign_pre_chain=[structlog.processors.add_log_level, _stamp],
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    logging.basicConfig(handlers=[handler], level=max(number, logging.WARNING), force=True)
