"""What a role's pods run: changed as a whole, after the gate; all else is applied at once."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

ANNOTATION = "scoreboard.dev/release"


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """`config`: name of the ConfigMap. `addresses`: by variable, the Secret's name and its key.

    `secrets`: a stamp of what these Secrets hold.
    """

    image: str
    version: str
    config: str
    secrets: str
    addresses: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    restart_at: str = ""

    def text(self) -> str:
        """As the annotation of a Deployment."""
        return json.dumps(asdict(self), sort_keys=True, separators=(",", ":"))


def of(deployment: Mapping[str, Any] | None) -> Release | None:
    """What a live Deployment runs, by its annotation; None if nobody can tell."""
    if deployment is None:
        return None
    try:
        found = json.loads(deployment["metadata"]["annotations"][ANNOTATION])
        pairs = {name: (secret, key) for name, (secret, key) in found["addresses"].items()}
        release = Release(**{**found, "addresses": pairs})
        core(release.version)
    except (AttributeError, KeyError, TypeError, ValueError):
        return None
    return release


def digest(*parts: Any) -> str:
    """Eight characters that stand for the content."""
    text = json.dumps(parts, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:8]


def core(version: str) -> tuple[int, ...]:
    """1.2.3-rc.1+build as (1, 2, 3), for comparing. Raises ValueError."""
    return tuple(int(part) for part in version.split("+")[0].split("-")[0].split("."))
