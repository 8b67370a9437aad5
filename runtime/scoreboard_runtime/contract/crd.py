"""A manifest on one machine: parsed, filled and checked by the CRD's own schema, then `Scoreboard`.

What the API server does in a cluster, this does here, so that the same file means the same.
"""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

from scoreboard_runtime.contract.board import MAX_SCORE, Scoreboard, parse
from scoreboard_runtime.contract.durations import microseconds
from scoreboard_runtime.contract.schema import faults, filled

API_VERSION, KIND = "scoreboard.dev/v1alpha1", "Scoreboard"
MOST_BYTES = 256 * 1024
LOOPBACK = ("localhost", "127.0.0.1", "::1")
_METADATA = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,51}[a-z0-9])?")
_FIELD = re.compile(r"[a-z][A-Za-z0-9_]{0,62}")


class ManifestError(Exception):
    """The text names every fault, one a line, with its place and what to do."""


class _Loader(yaml.SafeLoader):
    """Plain data: no aliases (they can explode), no name given twice."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            raise yaml.YAMLError("aliases (*) are not allowed; write the value out")
        return super().compose_node(parent, index)

    def construct_mapping(self, node: Any, deep: bool = False) -> Any:
        names = [self.construct_object(key, deep=True) for key, _ in node.value]
        for name in names:
            if not isinstance(name, str):
                raise yaml.YAMLError(f"{name!r} is no name of a field")
            if names.count(name) > 1:
                raise yaml.YAMLError(f"{name} is given twice")
        return super().construct_mapping(node, deep=deep)


@cache
def schema() -> Mapping[str, Any]:
    """The schema of v1alpha1: beside this file in a wheel, in crds/ in a checkout."""
    inside = files("scoreboard_runtime.contract") / "scoreboards.yaml"
    checkout = Path(__file__).parents[3] / "crds" / "scoreboards.yaml"
    text = inside.read_text() if inside.is_file() else checkout.read_text()
    crd = yaml.safe_load(text)
    found: Mapping[str, Any] = crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    return found


def _read(text: str) -> dict[str, Any]:
    if len(text) > MOST_BYTES:
        raise ManifestError(f"a manifest may have {MOST_BYTES} characters at most")
    try:
        documents = [found for found in yaml.load_all(text, _Loader) if found is not None]
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise ManifestError(f"not readable as YAML: {' '.join(str(error).split())}") from None
    if len(documents) != 1 or not isinstance(documents[0], dict):
        raise ManifestError(f"must be one object of kind {KIND}, not {len(documents)} documents")
    return documents[0]


def _points_faults(points: Any, path: str) -> Iterator[str]:
    if isinstance(points, dict):
        for name in points:
            if name not in ("field", "each", "max"):
                yield f"{path}.{name}: there is no such field; use field, each and max"
        field = points.get("field")
        if not isinstance(field, str) or _FIELD.fullmatch(field) is None:
            yield f"{path}.field: name the measured field, as in coins"
        for name in ("each", "max"):
            value = points.get(name, 1 if name == "each" else None)
            if type(value) is not int or not 1 <= value <= MAX_SCORE:
                yield f"{path}.{name}: must be a whole number from 1 to {MAX_SCORE}"
    elif type(points) is not int or not 0 <= points <= MAX_SCORE:
        yield f"{path}: must be a whole number from 0 to {MAX_SCORE}, or {{field, each, max}}"


def _action_faults(action: Mapping[str, Any], path: str) -> Iterator[str]:
    yield from _points_faults(action.get("points", 0), f"{path}.points")
    if action.get("task") != "Issued":
        for name in ("minDuration", "maxDuration"):
            if name in action:
                yield f"{path}.{name}: needs task: Issued"
        return
    least = microseconds(action.get("minDuration", "0s"))
    if least >= microseconds(action.get("maxDuration", "1h")):
        yield f"{path}.minDuration: must be shorter than maxDuration (1h if not given)"


def _more_than_nothing(spec: Mapping[str, Any]) -> Iterator[str]:
    """Times that may not be 0: a budget's, a token's, a session's."""
    times = {f"limits.{name}.per": spec["limits"][name]["per"] for name in spec["limits"]}
    times |= {f"auth.{name}": spec["auth"][name] for name in ("tokenTTL", "refreshTTL")}
    for index, action in enumerate(spec["actions"]):
        if "limit" in action:
            times[f"actions[{index}].limit.per"] = action["limit"]["per"]
    for name, value in times.items():
        if microseconds(value) < 1000:
            yield f"spec.{name}: must be 1ms or more"
    if microseconds(spec["auth"]["tokenTTL"]) < 1_000_000:
        yield "spec.auth.tokenTTL: must be 1s or more"


def _issuer_faults(auth: Mapping[str, Any]) -> Iterator[str]:
    issuer = urlsplit(auth["oidc"]["issuer"]) if "oidc" in auth else None
    if issuer and issuer.scheme != "https" and issuer.hostname not in LOOPBACK:
        yield "spec.auth.oidc.issuer: must be https (http is for this machine only)"


def _all_faults(manifest: Mapping[str, Any]) -> Iterator[str]:
    for field, expected in (("apiVersion", API_VERSION), ("kind", KIND)):
        if manifest.get(field) != expected:
            yield f"{field}: must be {expected}"
    metadata = manifest.get("metadata")
    name = metadata.get("name") if isinstance(metadata, dict) else None
    if not isinstance(name, str) or _NAME.fullmatch(name) is None:
        yield "metadata.name: must be 1 to 53 small letters, digits and -, as in arcade"
    known = {**schema()["properties"], "metadata": _METADATA}
    found = list(faults(dict(manifest), {**schema(), "properties": known}, ""))
    yield from (fault.removeprefix(".") for fault in found)
    if not found:
        spec = manifest["spec"]
        for index, action in enumerate(spec["actions"]):
            yield from _action_faults(action, f"spec.actions[{index}]")
        yield from _more_than_nothing(spec)
        yield from _issuer_faults(spec["auth"])


def document(text: str) -> dict[str, Any]:
    """The manifest with its defaults filled. Raises ManifestError with every fault."""
    manifest = _read(text)
    manifest.pop("status", None)
    spec = filled(manifest.get("spec"), schema()["properties"]["spec"])
    whole: dict[str, Any] = {**manifest, "spec": spec}
    found = sorted(set(_all_faults(whole)))
    if found:
        raise ManifestError("\n".join(found))
    return whole


def load(text: str) -> Scoreboard:
    """What the runtime obeys. Raises ManifestError with every fault."""
    manifest = document(text)
    return parse(manifest["metadata"]["name"], manifest["spec"])
