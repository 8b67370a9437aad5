"""A manifest on one machine: parsed, filled and checked by the CRD's own schema, then `Scoreboard`.

What the API server does in a cluster, this does here, so that the same file means the same.
"""

import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from itertools import islice
from pathlib import Path
from typing import Any

import yaml

from scoreboard_runtime.contract import manifest_rules, schema
from scoreboard_runtime.contract.board import Scoreboard, parse

API_VERSION, KIND = "scoreboard.dev/v1alpha1", "Scoreboard"
MOST_CHARACTERS = 256 * 1024
MOST_FAULTS = 100
_TEXT, _NUMBER = {"type": "string"}, {"type": "integer"}
_TEXTS = {"type": "object", "additionalProperties": _TEXT}
_OBJECTS = {"type": "array", "items": {"type": "object"}}
# In a cluster the API server knows what belongs there, what `kubectl get -o yaml` shows included.
_HEAD: Mapping[str, Any] = {
    "apiVersion": {"type": "string", "enum": [API_VERSION]},
    "kind": {"type": "string", "enum": [KIND]},
    "metadata": {
        "type": "object",
        "required": ["name"],
        "properties": {
            **dict.fromkeys(("labels", "annotations"), _TEXTS),
            **dict.fromkeys(("name", "namespace", "generateName", "uid", "selfLink"), _TEXT),
            **dict.fromkeys(("resourceVersion", "creationTimestamp", "deletionTimestamp"), _TEXT),
            **dict.fromkeys(("generation", "deletionGracePeriodSeconds"), _NUMBER),
            **dict.fromkeys(("managedFields", "ownerReferences"), _OBJECTS),
            "finalizers": {"type": "array", "items": _TEXT},
        },
    },
}


class ManifestError(Exception):
    """The text names every fault, one a line, with its place and what to do."""


class _Loader(yaml.SafeLoader):
    """Plain data: no aliases (they can explode), no name given twice."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            raise yaml.YAMLError("aliases (*) are not allowed; write the value out")
        return super().compose_node(parent, index)

    def construct_mapping(self, node: Any, deep: bool = False) -> Any:
        seen: set[str] = set()
        for key, _ in node.value:
            name, line = self.construct_object(key, deep=True), key.start_mark.line + 1
            if not isinstance(name, str):
                raise yaml.YAMLError(f"line {line}: {schema.shown(name)} is no name of a field")
            if name in seen:
                raise yaml.YAMLError(f"line {line}: {name} is given twice")
            seen.add(name)
        return super().construct_mapping(node, deep=deep)


@cache
def whole_schema() -> Mapping[str, Any]:
    """The schema of v1alpha1: beside this file in a wheel, in crds/ in a checkout."""
    inside = files("scoreboard_runtime.contract") / "scoreboards.yaml"
    checkout = Path(__file__).parents[3] / "crds" / "scoreboards.yaml"
    text = (inside if inside.is_file() else checkout).read_text(encoding="utf-8")
    # With libyaml where there is one: every process reads this file at its start.
    crd = yaml.load(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    found: Mapping[str, Any] = crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    return found


def _spec_schema() -> Mapping[str, Any]:
    found: Mapping[str, Any] = whole_schema()["properties"]["spec"]
    return found


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name is given twice")
    return found


def _documents(text: str) -> list[Any]:
    try:
        # JSON may be indented with tabs, which YAML refuses. Its faults YAML says better.
        return [json.loads(text, object_pairs_hook=_once)]
    except ValueError:
        return [found for found in yaml.load_all(text, _Loader) if found is not None]


def _read(text: str) -> dict[str, Any]:
    if len(text) > MOST_CHARACTERS:
        raise ManifestError(f"a manifest may have {MOST_CHARACTERS} characters at most")
    try:
        documents = _documents(text)
        json.dumps(documents, ensure_ascii=False, default=str).encode()  # no half characters
    except RecursionError:
        raise ManifestError("nested too deeply") from None
    except (yaml.YAMLError, ValueError) as error:
        why = " ".join(str(error).split())
        raise ManifestError(f"not readable as YAML or JSON: {why[:300]}") from None
    if len(documents) != 1 or not isinstance(documents[0], dict):
        what = ", ".join(map(schema.shown, documents[:3])) or "nothing"
        raise ManifestError(f"must be one object of kind {KIND}; found {what}")
    return documents[0]


def defaults(spec: Any) -> Any:
    """The spec as the API server stores it."""
    return schema.filled(spec, _spec_schema())


def concise(spec: Any) -> Any:
    """The spec without defaults: what a newer schema adds by itself does not show in it."""
    return schema.concise(spec, _spec_schema())


def faults(manifest: Mapping[str, Any]) -> list[str]:
    """What is wrong with a manifest whose defaults are filled, each as `path: what to do`."""
    root = {
        "type": "object",
        "required": ["apiVersion", "kind", "metadata", "spec"],
        "properties": {**_HEAD, "spec": _spec_schema()},
    }
    found = list(islice(schema.faults(dict(manifest), root, ""), MOST_FAULTS))
    if not found:
        found = list(islice(manifest_rules.faults(manifest, whole_schema()), MOST_FAULTS))
    return [fault.removeprefix(".") for fault in found]


def document(text: str) -> dict[str, Any]:
    """The manifest with its defaults filled. Raises ManifestError with every fault."""
    manifest = _read(text)
    manifest.pop("status", None)
    if manifest.get("spec") is not None:
        manifest["spec"] = defaults(manifest["spec"])
    found = faults(manifest)
    if found:
        raise ManifestError("\n".join(found))
    return manifest


def load(text: str) -> Scoreboard:
    """What the runtime obeys. Raises ManifestError with every fault."""
    manifest = document(text)
    return parse(manifest["metadata"]["name"], manifest["spec"])
