"""The three images of this checkout, built once for each content, where the cluster's kubelet finds them.

    images.build(kubeconfig)                  {"runtime": "localhost/scoreboard:0.1.0", "stores": ..., ...}
    images.build(kubeconfig, "0.2.0-test")    the same as another version, for upgrades

On onenode by its own tool; on kind by docker or podman; elsewhere the images are given: the variables
SCOREBOARD_TEST_RUNTIME_IMAGE, _STORES_ and _OPERATOR_ are repositories that have the tags.
`python -m tests.e2e.cluster.images [TAG ...]` does it for KUBECONFIG, before a first test runs out of time.
"""

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from tests.e2e.cluster.clusters import ONENODE, ROOT, is_onenode

ONENODE_HOME = Path(os.environ.get("ONENODE_HOME") or Path.home() / ".onenode")
REPOSITORIES = {
    "runtime": "localhost/scoreboard",
    "stores": "localhost/scoreboard-stores",
    "operator": "localhost/scoreboard-operator",
}
# What an image of the runtime runs; the operator's runs its own package besides.
RUN_BY_ALL = ("Containerfile", ".containerignore", "pyproject.toml", "crds", "runtime")
OPERATORS = ("operator", "alerts", "dashboards")
CONTENT_LABEL = "scoreboard.content"
VERSION: str = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
NEXT_VERSION = "0.2.0-test"
Images = dict[str, str]


class NoImages(Exception):
    """There is no way to bring images to this cluster; the text says what is missing."""


def content(target: str) -> str:
    """What a target runs, as a short text: equal when it is the same."""
    digest = hashlib.sha256()
    for name in (*RUN_BY_ALL, *(OPERATORS if target == "operator" else ())):
        for path in sorted([ROOT / name, *(ROOT / name).rglob("*")]):
            if path.is_file() and "__pycache__" not in path.parts:
                digest.update(f"{path.relative_to(ROOT)}\0".encode() + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def build(kubeconfig: Path, tag: str = VERSION, targets: Iterable[str] = REPOSITORIES) -> Images:
    """The image of each target, in the cluster. Raises NoImages."""
    found = {}
    for target in targets:
        given = os.environ.get(f"SCOREBOARD_TEST_{target.upper()}_IMAGE")
        found[target] = f"{given or REPOSITORIES[target]}:{tag}"
        if not given:
            bring = _way(kubeconfig)
            with _alone():
                bring(target, found[target], tag, content(target))
    return found


def config(image: str) -> dict[str, Any]:
    """User, labels, environment and entry point of an image that was built here. Raises NoImages."""
    if shutil.which("buildah"):
        said = json.loads(_run("buildah", "inspect", "--type", "image", image))
        found: dict[str, Any] = said["OCIv1"]["config"]
        return found
    engine = next(filter(shutil.which, ("docker", "podman")), None)
    if engine is None:
        raise NoImages("neither buildah nor docker nor podman is here to ask about an image")
    inspected: dict[str, Any] = json.loads(_run(engine, "image", "inspect", image))[0]["Config"]
    return inspected


def _way(kubeconfig: Path) -> Callable[[str, str, str, str], None]:
    if is_onenode(kubeconfig):
        return _by_onenode
    context = _run("kubectl", "--kubeconfig", str(kubeconfig), "config", "current-context")
    if context.startswith("kind-"):
        return partial(_by_kind, context.removeprefix("kind-"))
    raise NoImages(
        f"no way to bring images to the cluster {context}: set SCOREBOARD_TEST_RUNTIME_IMAGE, "
        f"_STORES_ and _OPERATOR_ to repositories with the tags {VERSION} and {NEXT_VERSION}"
    )


def _by_onenode(target: str, image: str, tag: str, wanted: str) -> None:
    node = ("ctr", "-a", str(ONENODE_HOME / "run/containerd.sock"), "-n", "k8s.io", "images")
    if image in _run(*node, "ls", f'name=="{image}",labels."{CONTENT_LABEL}"=="{wanted}"'):
        return
    tool = str(ONENODE / "image")
    base = _run(tool, "base")
    _run(tool, "build", str(ROOT), image, *_arguments(target, tag, base))
    _run(*node, "label", image, f"{CONTENT_LABEL}={wanted}")


def _by_kind(cluster: str, target: str, image: str, tag: str, wanted: str) -> None:
    engine = next(filter(shutil.which, ("docker", "podman")), None)
    if engine is None:
        raise NoImages("a kind cluster needs docker or podman to build images; neither is on PATH")
    label = ("--label", f"{CONTENT_LABEL}={wanted}")  # kind loads what a node does not have yet
    base = os.environ.get("SCOREBOARD_TEST_BASE", "")
    _run(engine, "build", "-q", "-t", image, *_arguments(target, tag, base), *label, str(ROOT))
    _run("kind", "load", "docker-image", image, "--name", cluster)


def _arguments(target: str, tag: str, base: str) -> list[str]:
    revision = _run("git", "-C", str(ROOT), "rev-parse", "HEAD")
    given = {"VERSION": tag, "REVISION": revision, **({"BASE": base} if base else {})}
    arguments = [each for name in given for each in ("--build-arg", f"{name}={given[name]}")]
    return ["-f", str(ROOT / "Containerfile"), "--target", target, *arguments]


def _run(*command: str) -> str:
    """What it printed. Raises NoImages with the end of what it said."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=900)
    except FileNotFoundError:
        raise NoImages(f"{command[0]} is not installed") from None
    if done.returncode != 0:
        raise NoImages(f"{' '.join(command[:3])}: {done.stderr.strip()[-2000:]}")
    return done.stdout.strip()


@contextmanager
def _alone() -> Iterator[None]:
    """Two test runs build after another: the second finds what the first has made."""
    where = ROOT / _run("git", "-C", str(ROOT), "rev-parse", "--git-path", "images.lock")
    with where.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


if __name__ == "__main__":
    for version in sys.argv[1:] or [VERSION]:
        print(*build(Path(os.environ["KUBECONFIG"]), version).values(), sep="\n")
