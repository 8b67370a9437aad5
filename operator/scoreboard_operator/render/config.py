"""The manifest as the runtime reads it: a ConfigMap named by its content, which never changes."""

import json
from typing import Any

from scoreboard_operator.release import digest
from scoreboard_operator.render import parts
from scoreboard_operator.render.parts import Manifest
from scoreboard_operator.render.role import CONFIG_FILE
from scoreboard_operator.resource import Resource
from scoreboard_runtime.contract import crd

COMPONENT = "config"
OBEYED = ("version", "boards", "actions", "limits", "auth", "security", "cache", "realtime")


def content(resource: Resource) -> dict[str, Any]:
    """What a role obeys: a change of replicas alone restarts nobody.

    Without defaults, for the runtime fills its own: a newer operator, whose schema has more of
    them, changes no content, restarts no pod, and tells an older runtime nothing that it refuses.
    """
    said = crd.concise(resource.spec)
    spec = {name: said[name] for name in OBEYED if name in said}
    origins = resource.spec["exposure"].get("allowedOrigins")
    if origins:
        spec["exposure"] = {"allowedOrigins": origins}
    return {
        "apiVersion": crd.API_VERSION,
        "kind": crd.KIND,
        "metadata": {"name": resource.name},
        "spec": spec,
    }


def name(resource: Resource) -> str:
    """arcade-config-1a2b3c4d."""
    return f"{resource.name}-config-{digest(content(resource))}"


def config(resource: Resource) -> Manifest:
    """Whoever runs an older one keeps it: plan.py says which are kept."""
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": parts.metadata(resource, name(resource), COMPONENT),
        "immutable": True,
        "data": {CONFIG_FILE: json.dumps(content(resource), indent=1, sort_keys=True)},
    }
