"""What applying would change: the live object against a dry run's answer, as short lines (pure)."""

from collections.abc import Iterator
from typing import Any

from scoreboard_operator.facts import Object
from scoreboard_operator.render.parts import Manifest

# The server's own bookkeeping.
_NOT_OURS = frozenset(
    {"managedFields", "resourceVersion", "generation", "uid", "creationTimestamp", "status"}
)
_MOST_CHARACTERS = 60
_SECRET = "(secret)"


def _shown(value: Any) -> str:
    text = repr(value) if isinstance(value, str) else str(value)
    return text if len(text) <= _MOST_CHARACTERS else f"{text[: _MOST_CHARACTERS - 3]}..."


def _name(item: Any, index: int) -> str:
    """Lists of named things are told by name."""
    return str(item["name"]) if isinstance(item, dict) and "name" in item else str(index)


def _walk(before: Any, after: Any, path: str) -> Iterator[str]:
    if before == after:
        return
    if isinstance(before, dict) and isinstance(after, dict):
        for key in sorted(before.keys() | after.keys()):
            if key not in _NOT_OURS:
                yield from _walk(before.get(key), after.get(key), f"{path}.{key}" if path else key)
    elif isinstance(before, list) and isinstance(after, list):
        old = {_name(item, at): item for at, item in enumerate(before)}
        new = {_name(item, at): item for at, item in enumerate(after)}
        for key in [*old, *(key for key in new if key not in old)]:
            yield from _walk(old.get(key), new.get(key), f"{path}[{key}]")
    elif before is None:
        yield f"{path}: + {_shown(after)}"
    elif after is None:
        yield f"{path}: - {_shown(before)}"
    else:
        yield f"{path}: {_shown(before)} -> {_shown(after)}"


def difference(before: Object | None, after: Object) -> list[str]:
    """Lines such as `Deployment/arcade-gateway spec.replicas: 2 -> 3`; a Secret's are not shown."""
    head = f"{after['kind']}/{after['metadata']['name']}"
    if before is None:
        return [f"{head}: create"]
    if after["kind"] == "Secret":
        hidden = {**before, "data": _SECRET}, {**after, "data": _SECRET}
        lines = list(_walk(*hidden, ""))
        if before.get("data") != after.get("data"):
            lines.append("data: changed")
    else:
        lines = list(_walk(before, after, ""))
    return [f"{head} {line}" for line in lines]


def removal(manifest: Manifest | Object) -> str:
    """The line of what would be deleted."""
    return f"{manifest['kind']}/{manifest['metadata']['name']}: delete"
