"""Fill defaults and find faults by a structural schema, as the API server does with the same file.

Only what crds/scoreboards.yaml uses is understood.
"""

import re
from collections.abc import Iterator, Mapping
from copy import deepcopy
from difflib import get_close_matches
from typing import Any

Schema = Mapping[str, Any]
_PRESERVE = "x-kubernetes-preserve-unknown-fields"
_KINDS: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "integer": (int,),
    "boolean": (bool,),
}
_ARTICLE = {
    "object": "an object",
    "array": "a list",
    "string": "a text",
    "integer": "a whole number",
    "boolean": "true or false",
}


def filled(value: Any, schema: Schema) -> Any:
    """A copy of `value` with the schema's defaults, from the outside in."""
    if isinstance(value, dict):
        result = dict(value)
        for name, inner in schema.get("properties", {}).items():
            if name not in result and "default" in inner:
                result[name] = deepcopy(inner["default"])
            if name in result:
                result[name] = filled(result[name], inner)
        return result
    if isinstance(value, list) and "items" in schema:
        return [filled(item, schema["items"]) for item in value]
    return value


def faults(value: Any, schema: Schema, path: str) -> Iterator[str]:
    """Every fault as `path: what to do`."""
    kind = schema.get("type")
    if kind is not None:
        fits = isinstance(value, _KINDS[kind])
        if not fits or (kind == "integer" and isinstance(value, bool)):
            yield f"{path}: must be {_ARTICLE[kind]}, not {_shown(value)}"
            return
    if isinstance(value, dict):
        yield from _object_faults(value, schema, path)
    elif isinstance(value, list):
        yield from _list_faults(value, schema, path)
    elif isinstance(value, str):
        yield from _text_faults(value, schema, path)
    elif isinstance(value, int):
        yield from _number_faults(value, schema, path)


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 40 else text[:37] + "..."


def _object_faults(value: Mapping[Any, Any], schema: Schema, path: str) -> Iterator[str]:
    known = schema.get("properties", {})
    for name in schema.get("required", ()):
        if name not in value:
            yield f"{path}.{name}: is required"
    if len(value) > schema.get("maxProperties", len(value)):
        yield f"{path}: choose one of {', '.join(known)}"
    for name, inner in value.items():
        if name in known:
            yield from faults(inner, known[name], f"{path}.{name}")
        elif "additionalProperties" in schema:
            yield from faults(inner, schema["additionalProperties"], f"{path}.{name}")
        elif known or not schema.get(_PRESERVE):
            near = get_close_matches(str(name), list(known), n=1)
            hint = f"; did you mean {near[0]}?" if near else ""
            yield f"{path}.{_shown(name)[1:-1]}: there is no such field{hint}"


def _list_faults(value: list[Any], schema: Schema, path: str) -> Iterator[str]:
    least, most = schema.get("minItems", 0), schema.get("maxItems", len(value))
    if not least <= len(value) <= most:
        yield f"{path}: must have {least} to {most} entries, not {len(value)}"
    for index, item in enumerate(value):
        yield from faults(item, schema.get("items", {}), f"{path}[{index}]")
    keys = schema.get("x-kubernetes-list-map-keys")
    seen: list[Any] = []
    for index, item in enumerate(value):
        mark = [item.get(key) for key in keys] if keys and isinstance(item, dict) else item
        if schema.get("x-kubernetes-list-type") in ("map", "set") and mark in seen:
            yield f"{path}[{index}]: appears twice; names must be different"
        seen.append(mark)


def _text_faults(value: str, schema: Schema, path: str) -> Iterator[str]:
    if "enum" in schema and value not in schema["enum"]:
        yield f"{path}: must be one of {', '.join(schema['enum'])}, not {_shown(value)}"
    if not schema.get("minLength", 0) <= len(value) <= schema.get("maxLength", len(value)):
        most = schema.get("maxLength", "any number of")
        yield f"{path}: must have {schema.get('minLength', 0)} to {most} characters"
    elif "pattern" in schema and re.search(schema["pattern"], value) is None:
        example = ", as in 10s" if "(ms|s|m|h|d)" in schema["pattern"] else ""
        yield f"{path}: {_shown(value)} does not fit {schema['pattern']}{example}"


def _number_faults(value: int, schema: Schema, path: str) -> Iterator[str]:
    least, most = schema.get("minimum", value), schema.get("maximum", value)
    if not least <= value <= most:
        yield f"{path}: must be from {least} to {most}, not {_shown(value)}"
