"""What tests of single servers share."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def folder() -> Iterator[Path]:
    """With a short name, for the paths of sockets; others may look into it."""
    made = Path(tempfile.mkdtemp(prefix="sbs"))
    made.chmod(0o755)
    yield made
    shutil.rmtree(made)
