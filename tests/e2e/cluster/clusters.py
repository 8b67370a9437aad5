"""Which cluster the tests run on: that of KUBECONFIG, else one of kind's, else none.

On onenode (shared/onenode) an ingress controller is brought along; elsewhere SCOREBOARD_TEST_INGRESS
says where one listens, as in http://127.0.0.1:8000.
"""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[3]
ONENODE = Path(os.environ.get("SCOREBOARD_TEST_ONENODE") or ROOT.parent / "shared/onenode")
ONENODE_INGRESS = "http://10.254.0.1:8000"
KIND_NAME = "scoreboard-tests"


def docker_runs() -> bool:
    """Whether kind could make a cluster here."""
    if not (shutil.which("docker") and shutil.which("kind") and shutil.which("kubectl")):
        return False
    asked = subprocess.run(["docker", "info"], capture_output=True, check=False, timeout=30)
    return asked.returncode == 0


@contextmanager
def chosen() -> Iterator[Path | None]:
    """The kubeconfig of the cluster; None if there is none."""
    given = os.environ.get("KUBECONFIG")
    if given:
        yield Path(given)
    elif docker_runs():
        from pytest_kind.cluster import KindCluster

        # Programs that are here: pytest-kind would fetch old ones.
        cluster = KindCluster(
            KIND_NAME,
            kind_path=Path(shutil.which("kind") or ""),
            kubectl_path=Path(shutil.which("kubectl") or ""),
        )
        try:
            cluster.create()
            yield Path(cluster.kubeconfig_path)
        finally:
            cluster.delete()
    else:
        yield None


def is_onenode(kubeconfig: Path) -> bool:
    home = Path(os.environ.get("ONENODE_HOME") or Path.home() / ".onenode")
    return kubeconfig.resolve().is_relative_to(home.resolve())


def ingress(kubeconfig: Path) -> str | None:
    """Where an ingress controller listens; None if nobody said."""
    given = os.environ.get("SCOREBOARD_TEST_INGRESS")
    if given or not is_onenode(kubeconfig):
        return given
    subprocess.run([ONENODE / "addon", "ingress"], check=True, capture_output=True, timeout=120)
    return ONENODE_INGRESS
