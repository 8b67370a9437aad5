"""The files of alerts/ and dashboards/ that are made into objects of a Scoreboard."""

from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml

# The operator's own is the chart's.
DASHBOARDS = ("overview", "gateway", "worker", "broadcaster", "stores")
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@cache
def text(name: str) -> str:
    """Beside this module in a wheel, at the root of a checkout."""
    inside = files("scoreboard_operator.render") / "shipped" / name
    folder = "dashboards" if name.endswith(".json") else "alerts"
    checkout = Path(__file__).parents[3] / folder / name
    return (inside if inside.is_file() else checkout).read_text(encoding="utf-8")


@cache
def rules(name: str = "board.yaml") -> dict[str, Any]:
    """Of alerts/, which nobody changes: every look renders it, and YAML is slow to read."""
    found: dict[str, Any] = yaml.load(text(name), _LOADER)
    return found
