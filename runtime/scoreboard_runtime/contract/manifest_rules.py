"""The rules between fields of a manifest: what the CRD says in CEL, on one machine (pure).

The messages and their places are the CRD's. Each function here is one rule of its node, in the
order of `x-kubernetes-validations`; it is true when the rule holds. Rules that compare with what
was stored before are the API server's alone.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import Any

from scoreboard_runtime.contract.durations import microseconds
from scoreboard_runtime.contract.schema import form

Rule = Callable[[Any], bool]
Schema = Mapping[str, Any]

_QUANTITY = re.compile(r"([0-9]+(?:\.[0-9]+)?)([A-Za-z]*)")
_UNITS = {
    "": Decimal(1),
    "m": Decimal("0.001"),
    **{unit: Decimal(1000) ** power for power, unit in enumerate("kMGT", 1)},
    **{f"{unit}i": Decimal(1024) ** power for power, unit in enumerate("KMGT", 1)},
}
_PART = "[a-z0-9]([a-z0-9-]*[a-z0-9])?"
_LABEL = re.compile(rf"({_PART}([.]{_PART})*/)?[A-Za-z0-9]([A-Za-z0-9._-]{{0,61}}[A-Za-z0-9])?")
_NAME = re.compile("[a-z]([a-z0-9-]{0,38}[a-z0-9])?")
_RESERVED = ("app.kubernetes.io/", "scoreboard.dev/")
_KEYS_AT_MOST = 100


def quantity(value: int | str) -> Decimal:
    """`250m` -> 0.25. Raises ValueError."""
    found = _QUANTITY.fullmatch(str(value))
    if found is None or found[2] not in _UNITS:
        raise ValueError(f"{value!r} is not a quantity")
    return Decimal(found[1]) * _UNITS[found[2]]


def _within(name: str) -> Rule:
    return lambda given: quantity(given["requests"][name]) <= quantity(given["limits"][name])


def _connections(spec: Any) -> bool:
    scaling, realtime = spec["broadcaster"]["autoscaling"], spec["realtime"]
    full: bool = scaling["targetConnections"] > realtime["maxConnections"]
    return scaling["engine"] != "KEDA" or not full


def _shorter(action: Any) -> bool:
    if "minDuration" not in action:
        return True
    return microseconds(action["minDuration"]) < microseconds(action.get("maxDuration", "1h"))


def _keys(auth: Any) -> bool:
    kept, turned = microseconds(auth["refreshTTL"]), microseconds(auth["keyRotation"])
    return kept <= _KEYS_AT_MOST * turned


def _needs(name: str, *types: str) -> Rule:
    return lambda exposure: exposure["type"] not in types or name in exposure


def _only(name: str, *types: str) -> Rule:
    return lambda exposure: exposure["type"] in types or name not in exposure


def _one_address(webhook: Any) -> bool:
    return len({"url", "urlSecretRef"} & webhook.keys()) == 1


def _certificate(exposure: Any) -> bool:
    tls = exposure.get("tls")
    return tls is None or exposure["type"] != "Ingress" or "secretName" in tls


def _no_certificate(exposure: Any) -> bool:
    return exposure["type"] != "HTTPRoute" or "secretName" not in exposure.get("tls", {})


def _least_storage(text: Any) -> bool:
    return quantity(text) >= quantity("256Mi")


_ROLES = ("spec.gateway", "spec.worker", "spec.broadcaster")
RULES: Mapping[str, tuple[Rule, ...]] = {
    "": (lambda manifest: _NAME.fullmatch(manifest["metadata"]["name"]) is not None,),
    "spec": (_connections,),
    "spec.actions[]": (
        lambda action: action["task"] == "Issued" or "minDuration" not in action,
        lambda action: action["task"] == "Issued" or "maxDuration" not in action,
        _shorter,
    ),
    "spec.auth": (
        lambda auth: microseconds(auth["tokenTTL"]) <= microseconds(auth["refreshTTL"]),
        _keys,
    ),
    **{
        f"{role}.autoscaling": (lambda scaling: scaling["minReplicas"] <= scaling["maxReplicas"],)
        for role in _ROLES
    },
    **{f"{role}.resources": (_within("cpu"), _within("memory")) for role in _ROLES},
    "spec.database": (lambda database: len(database) == 1,),
    "spec.database.managed.storage": (_least_storage,),
    "spec.redis": (lambda redis: len(redis) == 1,),
    "spec.redis.managed.storage": (_least_storage,),
    "spec.exposure": (
        _needs("host", "Ingress", "HTTPRoute"),
        _only("host", "Ingress", "HTTPRoute"),
        _only("ingressClassName", "Ingress"),
        _needs("gatewayRef", "HTTPRoute"),
        _only("gatewayRef", "HTTPRoute"),
        _only("tls", "Ingress", "HTTPRoute"),
        _certificate,
        _no_certificate,
    ),
    "spec.monitoring.labels": (
        lambda labels: all(_LABEL.fullmatch(n) and n.find("/") <= 253 for n in labels),
        lambda labels: not any(name.startswith(_RESERVED) for name in labels),
    ),
    "spec.monitoring.alerts": (
        lambda alerts: bool({"pagerDuty", "grafana", "watchdog"} & alerts.keys()),
    ),
    "spec.monitoring.alerts.grafana": (_one_address,),
    "spec.monitoring.alerts.watchdog": (_one_address,),
}


def judged_here(node: Schema) -> list[Mapping[str, Any]]:
    """The rules of a node that need no older object and that schema.py does not judge."""
    rules = node.get("x-kubernetes-validations", ())
    found = [rule for rule in rules if "oldSelf" not in rule["rule"] or "optionalOldSelf" in rule]
    return [rule for rule in found if form(rule) is None]


def faults(value: Any, node: Schema, place: str = "", where: str = "") -> Iterator[str]:
    """Broken rules of a value that the schema has no fault with, each as `path: what to do`.

    `place` is the value's path, `where` that of its node in the schema.
    """
    for rule, holds in zip(judged_here(node), RULES.get(where, ()), strict=True):
        if not holds(value):
            yield f"{place}{rule.get('fieldPath', '')}: {rule['message']}"
    if isinstance(value, dict):
        for name, inner in node.get("properties", {}).items():
            if name in value:
                yield from faults(
                    value[name], inner, f"{place}.{name}", f"{where}.{name}".lstrip(".")
                )
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from faults(item, node["items"], f"{place}[{index}]", f"{where}[]")
