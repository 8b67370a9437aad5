"""What the operator's metrics say of one Scoreboard: set at each look, gone with it."""

from collections.abc import Mapping

from scoreboard_operator import certificates, kinds, names
from scoreboard_operator import keys as keyring
from scoreboard_operator.facts import Facts, Object, at_maximum
from scoreboard_operator.metrics import (
    AT_MAXIMUM,
    CERTIFICATE_EXPIRY,
    KEY_DUE,
    READY,
    Telemetry,
)
from scoreboard_operator.render import ROLES
from scoreboard_operator.resource import Resource
from scoreboard_runtime.contract.metrics import Metric


def show_ready(telemetry: Telemetry, resource: Resource, ready: bool) -> None:
    telemetry.child(READY, resource.namespace, resource.name).set(1 if ready else 0)


def show(
    telemetry: Telemetry, resource: Resource, facts: Facts, secrets: Mapping[str, Object | None]
) -> None:
    """Roles that are full, and until when keys and certificate are good."""
    board = (resource.namespace, resource.name)
    for role in ROLES:
        live = facts.get(kinds.AUTOSCALER, names.role(resource, role))
        telemetry.child(AT_MAXIMUM, *board, role).set(1 if at_maximum(live) else 0)
    due = keyring.due_us(resource, secrets)
    _set(telemetry, KEY_DUE, board, None if due is None else due / 1e6)
    _set(telemetry, CERTIFICATE_EXPIRY, board, certificates.expiry(facts.certificate))


def _set(telemetry: Telemetry, metric: Metric, board: tuple[str, str], value: float | None) -> None:
    """What is not known is not shown: a zero would be a time long ago."""
    if value is None:
        telemetry.forget(metric, *board)
    else:
        telemetry.child(metric, *board).set(value)


def forget(telemetry: Telemetry, namespace: str, name: str) -> None:
    """The Scoreboard is gone."""
    for metric in (READY, KEY_DUE, CERTIFICATE_EXPIRY):
        telemetry.forget(metric, namespace, name)
    for role in ROLES:
        telemetry.forget(AT_MAXIMUM, namespace, name, role)
