"""certificates.py and gauges.py: until when the way in can be trusted, and that it is shown."""

import base64
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from tests.unit.operator.scoreboards import a_resource

from scoreboard_operator import gauges
from scoreboard_operator.certificates import certificate_secret, expiry
from scoreboard_operator.facts import Facts
from scoreboard_operator.metrics import Telemetry

TODAY = datetime(2026, 1, 1, tzinfo=UTC)
TLS = "exposure: {type: Ingress, host: scores.example.com, tls: {secretName: way-in}}"


def a_certificate(days: int) -> bytes:
    """PEM of one that ends so many days after TODAY."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([])
    made = x509.CertificateBuilder(name, name, key.public_key(), 1)
    begins = made.not_valid_before(TODAY - timedelta(days=99))
    ends = begins.not_valid_after(TODAY + timedelta(days=days))
    return ends.sign(key, SHA256()).public_bytes(Encoding.PEM)


def in_secret(*days: int) -> dict[str, Any]:
    chain = b"".join(a_certificate(each) for each in days)
    return {"data": {"tls.crt": base64.b64encode(chain).decode()}}


def test_the_first_of_a_chain_that_ends_is_what_counts():
    ends = (TODAY + timedelta(days=5)).timestamp()

    assert expiry(in_secret(5)) == ends
    assert expiry(in_secret(90, 5)) == ends


@pytest.mark.parametrize(
    "secret",
    [
        None,
        {},
        {"data": None},
        {"data": {}},
        {"data": {"tls.crt": "%"}},
        {"data": {"tls.crt": "aGVsbG8="}},
    ],
)
def test_what_cannot_be_read_has_no_end(secret: Any):
    assert expiry(secret) is None


def test_a_certificate_is_looked_for_where_the_ingress_has_one():
    assert certificate_secret(a_resource(TLS)) == "way-in"
    assert certificate_secret(a_resource()) == ""


def test_what_is_known_is_shown_and_what_is_not_is_left_out():
    telemetry, resource = Telemetry("0.1.0"), a_resource(TLS)

    gauges.show_ready(telemetry, resource, ready=True)
    gauges.show(telemetry, resource, Facts(certificate=in_secret(5)), {})
    shown = telemetry.exposition().decode()
    gauges.show(telemetry, resource, Facts(), {})
    left_out = telemetry.exposition().decode()
    gauges.forget(telemetry, resource.namespace, resource.name)

    series = 'certificate_expiry_timestamp_seconds{board="arcade",board_namespace="games"}'
    assert series in shown
    assert "key_due_timestamp_seconds{" not in shown
    assert series not in left_out
    assert 'board="arcade"' in left_out
    assert 'board="arcade"' not in telemetry.exposition().decode()
