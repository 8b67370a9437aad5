"""Every field of some manifests, changed in every way that a schema may or may not forbid."""

import copy
from collections.abc import Iterator, Sequence
from typing import Any

from scoreboard_runtime.contract import crd

Path = tuple[str | int, ...]
Change = tuple[str, Any]
ABSENT = object()
KINDS: list[Change] = [
    ("absent", ABSENT),
    ("null", None),
    ("a number", 5),
    ("-1", -1),
    ("true", True),
    ("an empty text", ""),
    ("a list", []),
    ("an object", {}),
]


def _nodes(value: Any, schema: Any, path: Path, where: str) -> Iterator[tuple[Path, str, Any, Any]]:
    """The path of every value, that of its node in the schema, the value and the node."""
    yield path, where, value, schema
    if isinstance(value, dict):
        for name, inner in value.items():
            known = schema.get("properties", {}).get(name) or schema.get("additionalProperties")
            if known is not None:
                yield from _nodes(inner, known, (*path, name), f"{where}.{name}")
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _nodes(item, schema["items"], (*path, index), f"{where}[]")


def _changes(value: Any, schema: Any) -> Iterator[Change]:
    yield from KINDS
    for bound in ("minimum", "maximum"):
        if bound in schema:
            yield from ((f"{bound} {by:+}", schema[bound] + by) for by in (-1, 0, 1))
    if isinstance(value, str):
        yield from ((f"and {end!r}", value + end) for end in ("\n", "."))
        yield "in capitals", value.upper()
        longest = schema.get("maxLength", 0)
        yield from ((f"{length} letters", "a" * length) for length in (longest, longest + 1))
        yield from (("one of them", each) for each in schema.get("enum", ()))
    if isinstance(value, dict):
        yield "an unknown field", {**value, "unknown": 1}
    if isinstance(value, list) and value:
        yield "twice", [*value, value[-1]]


def _with(manifest: Any, path: Path, value: Any) -> Any:
    found = copy.deepcopy(manifest)
    place = found["spec"]
    for step in path[:-1]:
        place = place[step]
    if value is not ABSENT:
        place[path[-1]] = value
    else:
        del place[path[-1]]
    return found


def variants(bases: Sequence[Any]) -> Iterator[tuple[str, Any]]:
    """What was changed and the manifest; each change of a kind of field once."""
    spec_schema = crd.whole_schema()["properties"]["spec"]
    done: set[tuple[str, str, str]] = set()
    for base in bases:
        filled = {**base, "spec": crd.defaults(base["spec"])}
        for path, where, value, schema in _nodes(filled["spec"], spec_schema, (), "spec"):
            for what, changed in _changes(value, schema) if path else ():
                # The three roles, the three budgets: what is the same in name and schema is asked once.
                mark = (f"{where.rpartition('.')[2]} {schema}", what, repr(changed))
                if mark not in done:
                    done.add(mark)
                    yield f"{where} {what}", _with(filled, path, changed)
