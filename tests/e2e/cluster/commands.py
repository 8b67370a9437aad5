"""`scoreboard plan` and `scoreboard render` as a person types them, with this cluster's images."""

import io
import os
import tempfile
from collections.abc import Mapping
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

import yaml
from tests.e2e.cluster.api import Object

from scoreboard_operator.resource import RESTART_AT
from scoreboard_runtime.__main__ import main

KUBECONFIG = "kubernetes.aio.config.kube_config.KUBE_CONFIG_DEFAULT_LOCATION"


@dataclass(frozen=True, slots=True)
class Said:
    """What a command printed, and its exit code."""

    code: int
    out: str
    err: str


def merged(base: Object, change: Mapping[str, object]) -> Object:
    """As a merge patch does it: None takes away."""
    found = dict(base)
    for key, value in change.items():
        old = found.get(key)
        if value is None:
            found.pop(key, None)
        elif isinstance(value, Mapping) and isinstance(old, Mapping):
            found[key] = merged(dict(old), value)
        else:
            found[key] = value
    return found


def manifest(live: Object, change: Mapping[str, object] | None = None) -> Object:
    """The file that somebody would have of a Scoreboard, with the spec changed."""
    again = live["metadata"].get("annotations", {}).get(RESTART_AT)
    return {
        "apiVersion": live["apiVersion"],
        "kind": live["kind"],
        "metadata": {
            **{key: live["metadata"][key] for key in ("name", "namespace")},
            **({"annotations": {RESTART_AT: again}} if again else {}),
        },
        "spec": merged(live["spec"], change or {}),
    }


@dataclass(frozen=True, slots=True)
class Commands:
    """`env` has the cluster and the images."""

    env: Mapping[str, str]

    def run(self, command: str, given: Object, *arguments: str) -> Said:
        """One of them, on a manifest. In this process: a new one takes ten times as long."""
        out, err = io.StringIO(), io.StringIO()
        with (
            tempfile.TemporaryDirectory() as folder,
            patch.dict(os.environ, self.env),
            patch(KUBECONFIG, self.env["KUBECONFIG"]),  # the library reads it once, when imported
            redirect_stdout(out),
            redirect_stderr(err),
        ):
            path = Path(folder) / "manifest.yaml"
            path.write_text(yaml.safe_dump(given))
            code = main([command, str(path), *arguments])
        return Said(code, out.getvalue(), err.getvalue())
