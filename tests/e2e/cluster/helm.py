"""Helm 3 and Helm 4 as people use them: render, install, upgrade, test, uninstall."""

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.e2e.cluster.api import Api
from tests.e2e.cluster.clusters import ONENODE, ROOT

CHART = ROOT / "charts" / "scoreboard"
PROGRAMS = ("helm", "helm4")
NO_HELM = "no {}: put it on PATH, or have shared/onenode"
# A Helm that was not built by its makers takes the cluster for 1.20 when it has none to ask.
KUBERNETES = "1.34.0"
Object = dict[str, Any]
Values = Mapping[str, Any]


def found(program: str) -> Path | None:
    """Where it is; None if there is none. `helm` is Helm 3, `helm4` is Helm 4."""
    known = shutil.which(program)
    if known:
        return Path(known)
    if not (ONENODE / "bin" / f"{program}.xz").exists():
        return None
    asked = [str(ONENODE / "addon"), "program", program]
    return Path(subprocess.check_output(asked, text=True, timeout=60).strip())


class Failed(AssertionError):
    """Helm said no."""


@dataclass(frozen=True, slots=True)
class Helm:
    """One of the two, on one cluster or on none."""

    program: Path
    kubeconfig: Path | None = None

    def run(self, *arguments: str, values: Values | None = None, seconds: float = 150) -> str:
        """What it printed; `values` are its standard input. Raises Failed."""
        given = [] if values is None else ["--values", "-"]
        where = {"KUBECONFIG": str(self.kubeconfig or "/dev/null")}
        done = subprocess.run(
            [self.program, *arguments, *given],
            input=None if values is None else json.dumps(values),
            env={**os.environ, **where},
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )
        if done.returncode != 0:
            raise Failed(f"helm {' '.join(arguments)}: {done.stderr}\n{done.stdout}")
        return done.stdout

    def rendered(self, values: Values, *more: str, namespace: str = "home") -> list[Object]:
        """What installing release `sb` would apply, hooks included."""
        asked = ("template", "sb", str(CHART), "-n", namespace, "--kube-version", KUBERNETES)
        text = self.run(*asked, *more, values=values)
        return [each for each in yaml.safe_load_all(text) if each]


def of(objects: list[Object], kind: str, name: str = "") -> list[Object]:
    return [
        each
        for each in objects
        if each["kind"] == kind and name in ("", each["metadata"].get("name"))
    ]


def is_hook(found: Object) -> bool:
    return "helm.sh/hook" in found["metadata"].get("annotations", {})


def program(of: str, api: Api) -> Helm:
    """One of PROGRAMS, on this cluster; skips the test without it."""
    known = found(of)
    if known is None:
        pytest.skip(NO_HELM.format(of))
    return Helm(known, api.kubeconfig)


def small(built: Mapping[str, str], watched: list[str], **operator: Any) -> dict[str, Any]:
    """Values: one replica, of this checkout's images; the CRD is the tests' own."""
    repository, _, tag = built["operator"].rpartition(":")
    return {
        "watchNamespaces": watched,
        "imageRegistry": "",
        "crds": {"enabled": False},
        "operator": {"replicas": 1, "image": {"repository": repository, "tag": tag}, **operator},
        "runtime": {
            "image": {"repository": built["runtime"].rpartition(":")[0]},
            "stores": {"repository": built["stores"].rpartition(":")[0]},
        },
    }
