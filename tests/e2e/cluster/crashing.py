"""An image that migrates and then cannot start: what a broken release looks like."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from tests.e2e.cluster import clusters

TAG = "localhost/scoreboard:crashes"
SAYS = "this release was made to crash"
_DOCKERFILE = """FROM {image}
ENTRYPOINT ["/bin/sh", "-c", "[ \\"$1\\" != migrate ] && echo '{says}' >&2 && exit 7; exec scoreboard \\"$@\\"", "sh"]
"""


def crashing(folder: Path, kubeconfig: Path, image: str) -> str:
    """Made from the image that runs; its tag. On an unknown cluster it is given, or the test is skipped."""
    given = os.environ.get("SCOREBOARD_TEST_IMAGE_CRASHING")
    if given:
        return given
    (folder / "Dockerfile").write_text(_DOCKERFILE.format(image=image, says=SAYS))
    engine = next(filter(shutil.which, ("docker", "podman")), None)
    if clusters.is_onenode(kubeconfig):
        commands = [[str(clusters.ONENODE / "image"), "build", str(folder), TAG]]
    elif engine is not None and shutil.which("kind"):
        kind = os.environ.get("KIND_CLUSTER", clusters.KIND_NAME)
        commands = [
            [engine, "build", "-q", "-t", TAG, str(folder)],
            ["kind", "load", "docker-image", TAG, "--name", kind],
        ]
    else:
        pytest.skip("no way to bring an image that crashes: set SCOREBOARD_TEST_IMAGE_CRASHING")
    for command in commands:
        subprocess.run(command, check=True, capture_output=True, timeout=120)
    return TAG
