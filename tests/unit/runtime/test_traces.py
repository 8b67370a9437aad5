"""contract/traces.py, rules/sampling.py, the OTEL_ variables of process/settings.py."""

import random
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoreboard_runtime.contract.traces import Context, parse, trace_of
from scoreboard_runtime.process import settings
from scoreboard_runtime.rules.sampling import SAMPLERS, sampler

IDS = "0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331"
ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"


@given(st.integers(1, 2**128 - 1), st.integers(1, 2**64 - 1), st.booleans())
def test_what_is_written_is_read(trace_id: int, span_id: int, sampled: bool):
    context = Context(trace_id, span_id, sampled)

    assert parse(context.text) == context
    assert trace_of(context.text) == context.trace == context.text[3:35]


@pytest.mark.parametrize(
    "text",
    [
        None, "", "x", IDS, f"00-{IDS}", f"00-{IDS}-01-more", f"ff-{IDS}-01", f"00-{IDS.upper()}-01",
        f"00-{'0' * 32}-b7ad6b7169203331-01", f"00-{'1' * 32}-{'0' * 16}-01", f"00-{IDS}-1",
        f"00-{IDS}-01\n", f"0-{IDS}-01",
    ],
)  # fmt: skip
def test_what_is_no_traceparent_is_as_none(text):
    assert parse(text) is None
    assert trace_of(text) == ""


def test_a_later_version_may_say_more():
    assert parse(f"01-{IDS}-03-more") == parse(f"00-{IDS}-01")
    assert parse(f"00-{IDS}-02") == Context(
        0x0AF7651916CD43DD8448EB211C80319C, 0xB7AD6B7169203331, False
    )


def test_a_ratio_samples_that_part_of_the_traces_and_the_same_ones_everywhere():
    source = random.Random(7)
    ids = [source.getrandbits(128) for _ in range(20_000)]
    one, two = sampler("traceidratio", 0.1), sampler("parentbased_traceidratio", 0.1)
    decided = [one(None, each) for each in ids]

    assert 0.09 < sum(decided) / len(ids) < 0.11
    assert decided == [two(None, each) for each in ids]


@pytest.mark.parametrize("name", SAMPLERS)
@pytest.mark.parametrize("flag", [True, False])
def test_who_is_asked(name: str, flag: bool):
    """A caller's word holds where the name says so; nothing and everything are exact."""
    sampled = sampler(name, 0.0)
    caller = Context(1, 1, flag)

    assert sampled(None, 2**128 - 1) == name.endswith("always_on")
    assert sampled(caller, 1) == (flag if "parent" in name else name.endswith("always_on"))
    assert all(sampler("traceidratio", 1.0)(None, each) for each in (1, 2**64 - 1, 2**128 - 1))
    assert not any(sampler("traceidratio", 0.0)(None, each) for each in (0, 1, 2**128 - 1))


def test_nothing_is_traced_while_no_endpoint_is_named():
    assert settings.traces({}) is None
    assert settings.traces({"OTEL_TRACES_SAMPLER": "always_on"}) is None
    for name, value in (("OTEL_SDK_DISABLED", "true"), ("OTEL_TRACES_EXPORTER", "none")):
        assert settings.traces({ENDPOINT: "http://c:4318", name: value}) is None


def test_an_endpoint_alone_is_enough():
    found = settings.traces({ENDPOINT: "http://collector:4318/"})

    assert found is not None
    assert found.endpoint == "http://collector:4318/v1/traces"
    assert (found.sampler, found.ratio) == ("parentbased_always_on", 1.0)
    assert (found.timeout_seconds, found.queue_size) == (10.0, 2048)
    assert found.headers == found.attributes == {}


def test_what_is_said_of_traces_comes_before_what_is_said_of_all():
    found = settings.traces({
        ENDPOINT: "http://all:4318",
        "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "https://traces.example.com/otlp",
        "OTEL_EXPORTER_OTLP_HEADERS": "authorization=Basic%20all",
        "OTEL_EXPORTER_OTLP_TRACES_HEADERS": "authorization=Bearer%20a%2Cb, x-team = games",
        "OTEL_EXPORTER_OTLP_TIMEOUT": "500",
        "OTEL_EXPORTER_OTLP_COMPRESSION": "gzip",
        "OTEL_EXPORTER_OTLP_CERTIFICATE": "/ca.pem",
        "OTEL_TRACES_SAMPLER": "parentbased_traceidratio",
        "OTEL_TRACES_SAMPLER_ARG": "0.01",
        "OTEL_RESOURCE_ATTRIBUTES": "deployment.environment.name=test,service.name=other",
        "OTEL_SERVICE_NAME": "arcade",
    })  # fmt: skip

    assert found is not None
    assert found.endpoint == "https://traces.example.com/otlp", "as it is: no path is added"
    assert found.headers == {"authorization": "Bearer a,b", "x-team": "games"}
    assert (found.timeout_seconds, found.gzip, found.certificate) == (0.5, True, "/ca.pem")
    assert (found.sampler, found.ratio) == ("parentbased_traceidratio", 0.01)
    assert found.attributes == {
        "service.name": "arcade", "deployment.environment.name": "test"
    }  # fmt: skip
    assert "Bearer" not in repr(found)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        (ENDPOINT, "collector:4318"),
        (ENDPOINT, "http://user:hidden@collector:4318"),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"),
        ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "http/json"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "Bearer hidden"),
        ("OTEL_EXPORTER_OTLP_COMPRESSION", "zstd"),
        ("OTEL_EXPORTER_OTLP_TIMEOUT", "soon"),
        ("OTEL_TRACES_SAMPLER", "jaeger_remote"),
        ("OTEL_TRACES_SAMPLER_ARG", "2"),
        ("OTEL_TRACES_SAMPLER_ARG", "often"),
        ("OTEL_TRACES_EXPORTER", "zipkin"),
        ("OTEL_BSP_MAX_QUEUE_SIZE", "many"),
        ("OTEL_RESOURCE_ATTRIBUTES", "hidden"),
    ],
)
def test_what_is_wrong_is_named_and_not_repeated(name: str, value: str):
    with pytest.raises(settings.SettingsError, match=name) as raised:
        settings.traces({ENDPOINT: "http://c:4318", name: value})

    assert "hidden" not in str(raised.value)


def test_off_imports_no_exporter():
    """(redis-py imports OpenTelemetry's metrics by itself where they are installed.)"""
    code = (
        "import sys, scoreboard_runtime.gateway.app, scoreboard_runtime.worker.app, "
        "scoreboard_runtime.broadcaster.app; "
        "heavy = 'opentelemetry.exporter', 'opentelemetry.sdk.trace', 'google.protobuf', 'requests'; "
        "print([name for name in sys.modules if name.startswith(heavy)])"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert said.stdout.strip() == "[]"
