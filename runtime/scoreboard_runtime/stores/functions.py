"""Valkey Function libraries: loaded from lua/, named by their content.

Names carry a hash of the text, so that an old and a new version of the runtime work beside each
other on one server while a rollout lasts.
"""

import hashlib
from dataclasses import dataclass
from importlib.resources import files
from typing import Any


@dataclass(frozen=True, slots=True)
class Library:
    """One file of lua/, ready for FUNCTION LOAD."""

    code: str
    version: str

    def function(self, name: str) -> str:
        """The name to FCALL for `name` in the file."""
        return f"{name}_{self.version}"


def library(name: str) -> Library:
    """`library("queue")` reads lua/queue.lua; in it, @VERSION@ stands for the hash."""
    text = (files("scoreboard_runtime.stores") / "lua" / f"{name}.lua").read_text(encoding="utf-8")
    version = hashlib.sha256(text.encode()).hexdigest()[:8]
    return Library(text.replace("@VERSION@", version), version)


async def load(client: Any, wanted: Library) -> None:
    """FUNCTION LOAD REPLACE through a redis-py client."""
    await client.execute_command("FUNCTION", "LOAD", "REPLACE", wanted.code)
