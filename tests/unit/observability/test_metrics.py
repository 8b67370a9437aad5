"""Every metric, of the runtime and of the operator: help, unit, bounded labels, fitting buckets."""

import re

import pytest
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from tests.unit.observability.promtool import ROOT, promtool_reads, rules_of

from scoreboard_operator import metrics as of_operator
from scoreboard_runtime.contract import metrics as of_runtime
from scoreboard_runtime.contract.metrics import COUNTER, GAUGE, HISTOGRAM, LATENCY, Metric

ALL = (*of_runtime.METRICS, *of_operator.METRICS)
OF_RUNTIME = {metric.name: metric for metric in of_runtime.METRICS}
KINDS = {COUNTER: Counter, GAUGE: Gauge, HISTOGRAM: Histogram}
# Words with which a help tells of time, or a name of a unit that is not the base unit.
TIME = re.compile(r"\b(?:time|age|seconds)\b", re.IGNORECASE)
WRONG_UNITS = re.compile(
    r"_(?:ms|us|millis|milliseconds|microseconds|minutes|kb|mb|percent)(?:_|$)"
)
names = pytest.mark.parametrize("metric", ALL, ids=lambda metric: metric.name)


@names
def test_a_name_says_whose_it_is_and_in_which_unit(metric: Metric):
    prefix = "scoreboard_operator_" if metric in of_operator.METRICS else "scoreboard_"

    assert re.fullmatch(rf"{prefix}[a-z0-9]+(?:_[a-z0-9]+)*", metric.name)
    assert metric.name.endswith("_total") == (metric.kind == COUNTER)
    assert not WRONG_UNITS.search(metric.name)
    if TIME.search(metric.help) and metric.kind != COUNTER:
        assert metric.unit == "seconds"


@names
def test_a_help_is_a_sentence(metric: Metric):
    assert re.fullmatch(r"[A-Z0-9].{10,}\.", metric.help)


@names
def test_labels_are_bounded(metric: Metric):
    for label, values in metric.labels.items():
        assert re.fullmatch(r"[a-z]+(?:_[a-z]+)*", label)
        assert label not in ("le", "quantile", "namespace", "pod", "component", "instance", "job")
        if isinstance(values, str):
            assert len(values) > 2, "in words what bounds them"
        else:
            assert 1 < len(set(values)) == len(values) <= 40


def test_every_label_value_that_is_listed_multiplies_to_few_series():
    """What a scrape may bring at most of one metric, where the lists say it."""
    for metric in ALL:
        series = 1
        for values in metric.labels.values():
            series *= 1 if isinstance(values, str) else len(values)
        assert series <= 150, metric.name


@names
def test_buckets_are_rising_edges_of_histograms_only(metric: Metric):
    assert bool(metric.buckets) == (metric.kind == HISTOGRAM)
    assert list(metric.buckets) == sorted(set(metric.buckets))
    if metric.kind == HISTOGRAM and metric.unit:
        ratios = [b / a for a, b in zip(metric.buckets, metric.buckets[1:], strict=False)]
        assert max(ratios) <= 3.0, "an estimate between two edges would be a guess"


def _asked() -> set[tuple[str, float]]:
    """(metric, edge) of every objective."""
    found = set()
    for rule in rules_of("board"):
        for name, selector in re.findall(r"(scoreboard_\w+)_bucket\{([^}]*)\}", rule["expr"]):
            found |= {(name, float(le)) for le in re.findall(r'le="([\d.]+)"', selector)}
    return found


def test_an_objectives_bound_is_an_edge_with_others_near_it_on_either_side():
    """So that the alert is exact, and the panel shows how near to the bound one lives."""
    asked = _asked()

    assert asked == {
        ("scoreboard_http_request_duration_seconds", 0.1),
        ("scoreboard_job_duration_seconds", 0.25),
    }
    for name, edge in asked:
        buckets = OF_RUNTIME[name].buckets
        at = buckets.index(edge)
        assert buckets[at - 1] >= edge / 2.5
        assert buckets[at + 1] <= edge * 2.5


def test_prometheus_own_linter_finds_no_fault():
    registry = CollectorRegistry()
    for metric in ALL:
        more = {"buckets": metric.buckets} if metric.kind == HISTOGRAM else {}
        built = KINDS[metric.kind](
            metric.name, metric.help, tuple(metric.labels), registry=registry, **more
        )
        if metric.labels:
            built.labels(*("x" for _ in metric.labels))

    promtool_reads(generate_latest(registry), "check", "metrics")


def test_latency_reaches_from_a_cache_hit_to_an_outage():
    assert LATENCY[0] <= 0.001
    assert LATENCY[-1] >= 10


def test_the_reference_says_what_bounds_each_label():
    page = (ROOT / "docs" / "reference" / "metrics.md").read_text()

    for metric in of_runtime.METRICS:
        assert f"`{metric.name}`" in page
    assert "`accepted`, `rejected`, `replayed`" in page
