"""Fill defaults and find faults by a structural schema, as the API server does with the same file.

Only what crds/scoreboards.yaml uses is understood; a test finds a keyword there that is unknown
here. Of the rules in CEL those about the form of one text are judged here, the others, between
fields, in contract/manifest_rules.py.
"""

import re
from collections.abc import Iterator, Mapping
from copy import deepcopy
from difflib import get_close_matches
from typing import Any

Schema = Mapping[str, Any]
_KINDS: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
}
_ARTICLE = {
    "object": "an object",
    "array": "a list",
    "string": "a text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
}
_FORM = re.compile(r"(?:self|string\(self\))\.matches\(r?'(.*)'\)")
_MANY = 50  # unknown fields from which on no similar name is looked for


def filled(value: Any, schema: Schema) -> Any:
    """A copy of `value` with the schema's defaults, from the outside in; null is as not given."""
    if isinstance(value, dict):
        known = schema.get("properties", {})
        free = "additionalProperties" in schema
        result = {
            name: inner
            for name, inner in value.items()
            if inner is not None or not (free or name in known)
        }
        for name, inner in known.items():
            if name not in result and "default" in inner:
                result[name] = deepcopy(inner["default"])
            if name in result:
                result[name] = filled(result[name], inner)
        return result
    if isinstance(value, list) and "items" in schema:
        return [filled(item, schema["items"]) for item in value]
    return value


def concise(value: Any, schema: Schema) -> Any:
    """A copy of `value` without what `filled` would put there: its inverse."""
    if isinstance(value, dict):
        known = schema.get("properties", {})
        return {
            name: concise(inner, known.get(name, {}))
            for name, inner in value.items()
            if not _is_default(inner, known.get(name, {}))
        }
    if isinstance(value, list) and "items" in schema:
        return [concise(item, schema["items"]) for item in value]
    return value


def _is_default(value: Any, schema: Schema) -> bool:
    return "default" in schema and filled(value, schema) == filled(schema["default"], schema)


def faults(value: Any, schema: Schema, path: str) -> Iterator[str]:
    """Every fault as `path: what to do`."""
    fault = _kind_fault(value, schema)
    if fault is not None:
        yield f"{path}: {fault}"
    elif isinstance(value, dict):
        yield from _object_faults(value, schema, path)
    elif isinstance(value, list):
        yield from _list_faults(value, schema, path)
    elif isinstance(value, str):
        yield from _text_faults(value, schema, path)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield from _number_faults(value, schema, path)
        yield from _form_faults(str(value), schema, path)


def _kind_fault(value: Any, schema: Schema) -> str | None:
    kind = schema.get("type")
    if kind is not None:
        wanted, kinds = _ARTICLE[kind], _KINDS[kind]
    elif schema.get("x-kubernetes-int-or-string"):
        wanted, kinds = "a whole number or a text", (int, str)
    else:  # the union of points
        wanted, kinds = f"a whole number or {{{', '.join(schema['properties'])}}}", (int, dict)
    if isinstance(value, kinds) and (not isinstance(value, bool) or kind == "boolean"):
        return None
    plain = value is not None and not isinstance(value, dict | list)
    quote = "; write it in quotes" if kind == "string" and plain else ""
    return f"must be {wanted}, not {shown(value)}{quote}"


def shown(value: Any) -> str:
    """A value as a message shows it."""
    if isinstance(value, dict | list):
        return "an object" if isinstance(value, dict) else "a list"
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, int) and value.bit_length() > 100:
        return "a number that long"
    text = repr(value) if isinstance(value, str) else str(value)
    return text if len(text) <= 40 else text[:37] + "..."


def _object_faults(value: Mapping[str, Any], schema: Schema, path: str) -> Iterator[str]:
    known = schema.get("properties", {})
    for name in schema.get("required", ()):
        if name not in value:
            yield f"{path}.{name}: is required"
    if not known and len(value) > schema.get("maxProperties", len(value)):
        yield f"{path}: must have {schema['maxProperties']} entries at most, not {len(value)}"
    for name, inner in value.items():
        if name in known:
            yield from faults(inner, known[name], f"{path}.{name}")
        elif "additionalProperties" in schema:
            yield from faults(inner, schema["additionalProperties"], f"{path}.{name}")
        elif known:
            near = get_close_matches(name, list(known), n=1) if len(value) < _MANY else []
            hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(known)}"
            yield f"{path}.{shown(name)[1:-1]}: there is no such field; {hint}"


def _list_faults(value: list[Any], schema: Schema, path: str) -> Iterator[str]:
    least, most = schema.get("minItems", 0), schema.get("maxItems", len(value))
    if not least <= len(value) <= most:
        wanted = f"{least}" if least == most else f"{least} to {most}"
        yield f"{path}: must have {wanted} {'entry' if most == 1 else 'entries'}, not {len(value)}"
    for index, item in enumerate(value[:most]):
        yield from faults(item, schema["items"], f"{path}[{index}]")
    if schema.get("x-kubernetes-list-type") in ("map", "set"):
        yield from _twice(value, schema.get("x-kubernetes-list-map-keys"), path)


def _twice(value: list[Any], keys: list[str] | None, path: str) -> Iterator[str]:
    seen: set[str] = set()
    for index, item in enumerate(value):
        mark = item.get(keys[0]) if keys and isinstance(item, dict) else item
        if isinstance(mark, str) and mark in seen:
            place = f"{path}[{index}].{keys[0]}" if keys else f"{path}[{index}]"
            yield f"{place}: {shown(mark)} is there already; take another name"
        elif isinstance(mark, str):
            seen.add(mark)


def _text_faults(value: str, schema: Schema, path: str) -> Iterator[str]:
    if "enum" in schema and value not in schema["enum"]:
        near = get_close_matches(value, schema["enum"], n=1)
        hint = f"; did you mean {near[0]}?" if near else ""
        yield f"{path}: must be {' or '.join(schema['enum'])}, not {shown(value)}{hint}"
    least, most = schema.get("minLength", 0), schema.get("maxLength", len(value))
    if not least <= len(value) <= most:
        yield f"{path}: must have {least} to {most} characters, not {len(value)}"
    elif "pattern" in schema and not _fits(value, schema["pattern"]):
        about = schema.get("description", "").rstrip(".")
        yield f"{path}: {shown(value)} does not fit {schema['pattern']} ({about})"
    else:
        yield from _form_faults(value, schema, path)


def form(rule: Mapping[str, Any]) -> str | None:
    """The pattern of a rule that is only about the form of a text; None for any other rule."""
    found = _FORM.fullmatch(rule["rule"])
    return found[1] if found else None


def _form_faults(value: str, schema: Schema, path: str) -> Iterator[str]:
    for rule in schema.get("x-kubernetes-validations", ()):
        pattern = form(rule)
        if pattern is not None and not _fits(value, pattern):
            yield f"{path}: {rule['message']}"


def _fits(value: str, pattern: str) -> bool:
    # In Python, unlike in the API server, $ also matches before a last newline.
    return re.search(re.sub(r"\$$", r"\\Z", pattern), value) is not None


def _number_faults(value: float, schema: Schema, path: str) -> Iterator[str]:
    least, most = schema.get("minimum", value), schema.get("maximum", value)
    if not least <= value <= most:
        yield f"{path}: must be from {least} to {most}, not {shown(value)}"
