"""What a role's pods run: changed as a whole, after the gate; all else is applied at once."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

ANNOTATION = "scoreboard.dev/release"
VERSION = "scoreboard.dev/version"  # of a managed store, on its StatefulSet


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
        """As the annotation of a Deployment, with a mark by which an edited one is seen."""
        content = asdict(self)
        marked = {**content, "mark": digest(content)}
        return json.dumps(marked, separators=(",", ":"))


def of(deployment: Mapping[str, Any] | None) -> Release | None:
    """What a live Deployment runs, by its annotation; None if nobody can tell."""
    if deployment is None:
        return None
    try:
        found = json.loads(deployment["metadata"]["annotations"][ANNOTATION])
        mark = found.pop("mark")
        if mark != digest(found):
            return None
        pairs = {name: (secret, key) for name, (secret, key) in found["addresses"].items()}
        release = Release(**{**found, "addresses": pairs})
        order(release.version)
    except (AttributeError, KeyError, TypeError, ValueError):
        return None
    return release


def digest(*parts: Any) -> str:
    """Eight characters that stand for the content."""
    text = json.dumps(parts, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:8]


def order(version: str) -> tuple[Any, ...]:
    """For comparing versions as semver does: 1.2.3-rc.1 is before 1.2.3, + says nothing.

    Raises ValueError.
    """
    numbers, _, before = version.partition("+")[0].partition("-")
    marks = [(0, int(m), "") if m.isdigit() else (1, 0, m) for m in before.split(".")]
    return tuple(map(int, numbers.split("."))), not before, marks
