"""contract/metrics.py: the names that alerts and dashboards use, and who exposes them."""

import pytest

from scoreboard_runtime.contract.endpoints import BROADCASTER, GATEWAY, ROLES, WORKER
from scoreboard_runtime.contract.metrics import ACTIONS, HTTP_DURATION, METRICS, QUEUE_DEPTH
from scoreboard_runtime.process.telemetry import CONTENT_TYPE, Telemetry

# Contract, section 5.
NAMES = {
    "scoreboard_actions_total": {"action", "outcome"},
    "scoreboard_rejections_total": {"layer", "code"},
    "scoreboard_http_request_duration_seconds": {"route", "method", "status"},
    "scoreboard_jobs_total": {"outcome"},
    "scoreboard_job_duration_seconds": {"stage"},
    "scoreboard_queue_depth": set(),
    "scoreboard_queue_oldest_seconds": set(),
    "scoreboard_dead_letters": set(),
    "scoreboard_db_transaction_duration_seconds": set(),
    "scoreboard_db_errors_total": {"kind"},
    "scoreboard_cache_requests_total": {"level", "outcome"},
    "scoreboard_connections": {"state"},
    "scoreboard_frames_total": {"type", "outcome"},
    "scoreboard_fanout_seconds": set(),
    "scoreboard_dependency_up": {"dependency"},
    "scoreboard_rank_drift": set(),
    "scoreboard_build_info": {"version", "role"},
}


def test_the_contracts_metrics_have_its_names_and_labels():
    known = {metric.name: set(metric.labels) for metric in METRICS}

    assert {name: known.get(name) for name in NAMES} == NAMES
    assert all(name.startswith("scoreboard_") for name in known)


@pytest.mark.parametrize("role", ROLES)
def test_a_role_exposes_what_it_measures_and_nothing_else(role: str):
    telemetry = Telemetry(role, "test")

    text = telemetry.exposition().decode()

    assert text.endswith("# EOF\n")
    for metric in METRICS:
        family = metric.name.removesuffix("_total")
        assert (f"# TYPE {family} {metric.kind}\n" in text) == (role in metric.roles), metric.name


def test_the_queue_has_no_depth_where_no_worker_measures_it():
    assert QUEUE_DEPTH.roles == (WORKER,)
    for role in (GATEWAY, BROADCASTER):
        with pytest.raises(KeyError):
            Telemetry(role, "test").gauge(QUEUE_DEPTH, to=0)


@pytest.mark.parametrize("role", ROLES)
def test_a_process_says_how_much_it_uses(role: str):
    text = Telemetry(role, "test").exposition().decode()

    assert "process_cpu_seconds_total " in text
    assert "process_resident_memory_bytes " in text


def test_it_is_open_metrics():
    assert CONTENT_TYPE.startswith("application/openmetrics-text")


def test_a_listed_label_allows_its_values_and_an_open_one_any():
    assert ACTIONS.allows("outcome", "accepted")
    assert not ACTIONS.allows("outcome", "made-up")
    assert ACTIONS.allows("action", "level")


def test_a_measurement_without_a_request_has_no_exemplar():
    telemetry = Telemetry(GATEWAY, "test")
    labels = ("/api/actions/execute", "POST", "202")

    telemetry.observe(HTTP_DURATION, *labels, seconds=0.02)
    assert b" # {" not in telemetry.exposition()

    telemetry.observe(HTTP_DURATION, *labels, seconds=0.02, request="an-id")
    assert b'le="0.025"' in telemetry.exposition()
    assert b'} 2.0 # {request_id="an-id"} 0.02 ' in telemetry.exposition()
