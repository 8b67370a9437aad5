"""Writes what the code already says: `python -m docs.reference.make [--check]`, from the root.

codes.md from contract/rejections.py and frames.py, metrics.md from contract/metrics.py, manifest.md
from crds/scoreboards.yaml, operator.md from the operator. With --check nothing is written and a
stale page is an error.
"""

import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import yaml

from scoreboard_operator import events, reasons, resource, settings
from scoreboard_operator.metrics import METRICS as OPERATOR_METRICS
from scoreboard_runtime.contract.endpoints import ROLES
from scoreboard_runtime.contract.frames import CLOSES
from scoreboard_runtime.contract.metrics import METRICS, Metric, Values
from scoreboard_runtime.contract.rejections import REJECTIONS
from scoreboard_runtime.contract.schema import form

HERE = Path(__file__).parent
CRD = HERE.parents[1] / "crds" / "scoreboards.yaml"
ORIGIN = "<!-- made from {} by `make docs`; do not edit -->"


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A Markdown table; pipes in cells are escaped."""
    lines = [list(head), ["---"] * len(list(head)), *map(list, rows)]
    return "".join(
        f"| {' | '.join(c.replace('|', chr(92) + '|') for c in row)} |\n" for row in lines
    )


def codes() -> str:
    """Every code of an error and of a socket's close."""
    rejections = table(
        ("code", "status", "layer", "what to do"),
        (
            (f"`{row.code}`", str(row.status), (row.layer or "").replace("_", " "), row.detail)
            for row in REJECTIONS.values()
        ),
    )
    closes = table(
        ("close", "why", "connect again"), ((str(code), *said) for code, said in CLOSES.items())
    )
    return (
        f"# Codes\n\n{ORIGIN.format('contract/rejections.py and frames.py')}\n\n"
        "Errors are `application/problem+json`; decide by `code`. When several apply, the first of "
        "this table is answered. A 429 and a 503 carry `Retry-After`. A code with a layer is "
        "logged once as `rejection`, and counted in `scoreboard_rejections_total{layer,code}`.\n\n"
        f"{rejections}\n## The socket's close codes\n\n{closes}"
    )


def _values(values: Values) -> str:
    return values if isinstance(values, str) else ", ".join(f"`{value}`" for value in values)


def _labels(found: Iterable[Metric]) -> str:
    return table(
        ("metric", "label", "values"),
        (
            (f"`{m.name}`", f"`{label}`", _values(values))
            for m in found
            for label, values in m.labels.items()
        ),
    )


def _buckets(found: Iterable[Metric]) -> str:
    return table(
        ("histogram", "unit", "buckets"),
        (
            (f"`{m.name}`", m.unit or "number", ", ".join(f"{edge:g}" for edge in m.buckets))
            for m in found
            if m.buckets
        ),
    )


def metrics() -> str:
    """Every metric of the runtime."""
    rows = table(
        ("metric", "kind", "labels", "of", "what"),
        (
            (
                f"`{m.name}`",
                m.kind,
                ", ".join(f"`{label}`" for label in m.labels),
                "all" if m.roles == ROLES else ", ".join(m.roles),
                m.help,
            )
            for m in METRICS
        ),
    )
    return (
        f"# Metrics\n\n{ORIGIN.format('contract/metrics.py')}\n\n"
        "Each role serves them as OpenMetrics at `/metrics` of its metrics port. Durations are "
        "seconds. Each process tells of itself besides: `process_cpu_seconds_total`, "
        "`process_resident_memory_bytes` and what else Prometheus's clients call `process_*`.\n\n"
        f"{rows}\n## Labels\n\nNone takes a value that a client could make up.\n\n"
        f"{_labels(METRICS)}\n## Buckets\n\n{_buckets(METRICS)}\n"
        "The objectives' bounds are edges: 0.1 s of an accepted action's request, 0.25 s from "
        "admission to push.\n\n## Exemplars\n\n"
        "`scoreboard_http_request_duration_seconds` has with each bucket the `request_id` of its "
        "last request, `scoreboard_job_duration_seconds` that of the oldest action of the last "
        "batch or frame: the `X-Request-Id` of an answer, and the `requestId` of the logs; and its "
        "`trace_id` where it is [traced](../traces.md). "
        "Prometheus keeps them with `--enable-feature=exemplar-storage`.\n"
    )


BOUNDS = (
    ("minimum", "at least {}"),
    ("maximum", "at most {}"),
    ("minItems", "{} or more"),
    ("maxItems", "at most {} items"),
    ("maxLength", "at most {} characters"),
)


def _bounds(schema: dict[str, Any]) -> str:
    keys = BOUNDS if "type" in schema else BOUNDS[:2]
    said = [text.format(schema[key]) for key, text in keys if key in schema]
    if "enum" in schema:
        said.append(", ".join(f"`{value}`" for value in schema["enum"]))
    if "pattern" in schema and len(schema["pattern"]) <= 40:
        said.append(f"`{schema['pattern']}`")
    rules = schema.get("x-kubernetes-validations", [])
    said += [rule["message"] for rule in rules if form(rule) is not None]
    return "; ".join(said)


def _type(schema: dict[str, Any]) -> str:
    union = "string" if schema.get("x-kubernetes-int-or-string") else "object"
    return str(schema.get("type", f"integer or {union}"))


def _fields(schema: dict[str, Any], path: str) -> Iterator[tuple[str, ...]]:
    required = schema.get("required", [])
    for name, field in schema.get("properties", {}).items():
        here = f"{path}.{name}" if path else name
        kind = _type(field)
        given = field.get("default")
        default = "required" if name in required else ""
        if given is not None and given != {}:
            default = f"`{json.dumps(given)}`"
        inner = field.get("items", field.get("additionalProperties", field))
        inner = inner if isinstance(inner, dict) else {}
        mark = "[]" if "items" in field else ".*" if "additionalProperties" in field else ""
        if not inner.get("properties") or field.get("description"):
            yield f"`{here}{mark}`", kind, default, _bounds(field), field.get("description", "")
        yield from _fields(inner, f"{here}{mark}")


def _rules(schema: Any, path: str = "") -> Iterator[tuple[str, str, str]]:
    for rule in schema.get("x-kubernetes-validations", []):
        if form(rule) is None:
            later = "oldSelf" in rule["rule"] and "optionalOldSelf" not in rule
            when = "when it is changed" if later else ""
            yield f"{path}{rule.get('fieldPath', '')}".lstrip("."), when, rule["message"]
    for name, field in schema.get("properties", {}).items():
        yield from _rules(field, f"{path}.{name}" if path else name)
    if isinstance(schema.get("items"), dict):
        yield from _rules(schema["items"], f"{path}[]")


def _columns(version: dict[str, Any]) -> str:
    rows = (
        (
            column["name"],
            "with `-o wide`" if column.get("priority") else "",
            column.get("description", ""),
        )
        for column in version["additionalPrinterColumns"]
    )
    return table(("column", "shown", "what"), rows)


def manifest() -> str:
    """Every field of the resource's spec and status, and the rules between them."""
    version = yaml.safe_load(CRD.read_text())["spec"]["versions"][0]
    schema = version["schema"]["openAPIV3Schema"]
    head = ("field", "type", "default", "bounds", "what")
    parts = [
        f"# The Scoreboard manifest\n\n{ORIGIN.format('crds/scoreboards.yaml')}\n\n"
        f"`scoreboard.dev/{version['name']}`, kind `Scoreboard`. An unknown field is refused.\n"
    ]
    for part in ("spec", "status"):
        fields = schema["properties"].get(part)
        if fields:
            parts.append(f"\n## {part}\n\n{table(head, _fields(fields, ''))}")
    rules = [(f"`{where}`", when, message) for where, when, message in _rules(schema)]
    parts.append(f"\n## Rules between fields\n\n{table(('of', 'asked', 'rule'), rules)}")
    parts.append(f"\n## `kubectl get scoreboards`\n\n{_columns(version)}")
    return "".join(parts)


def operator() -> str:
    """What the operator says and what it listens to."""
    origin = ORIGIN.format("operator/scoreboard_operator: reasons, events, metrics, settings")
    conditions = (
        (f"`{kind}`", f"`{reason}`", told)
        for kind, found in reasons.REASONS.items()
        for reason, told in found.items()
    )
    told = ((f"`{reason}`", kind, text) for reason, (kind, text) in events.REASONS.items())
    measured = (
        (f"`{m.name}`", m.kind, ", ".join(f"`{label}`" for label in m.labels), m.help)
        for m in OPERATOR_METRICS
    )
    variables = ((f"`{settings.PREFIX}{n}`", text) for n, text in settings.VARIABLES.items())
    annotations = ((f"`{name}`", text) for name, text in resource.ANNOTATIONS.items())
    return (
        f"# The operator\n\n{origin}\n\n## Annotations of a Scoreboard\n\n"
        f"{table(('annotation', 'what it asks for'), annotations)}\n## Conditions\n\n"
        "By the rules of kstatus: `Ready` is true when the wanted version serves as declared. "
        "While something is under way `Reconciling` is true, when nothing goes on without help "
        "`Stalled`; never both. The three repeat the reason of the first part that is not as it "
        "should be. `MonitoringReady` holds up nothing.\n\n"
        f"{table(('condition', 'reason', 'what'), conditions)}\n## Events\n\n"
        f"{table(('reason', 'type', 'what'), told)}\n## Metrics\n\n"
        f"{table(('metric', 'kind', 'labels', 'what'), measured)}\n{_labels(OPERATOR_METRICS)}\n"
        f"{_buckets(OPERATOR_METRICS)}\n## Settings\n\n"
        "From the environment; what comes if not set is at the end.\n\n"
        f"{table(('variable', 'meaning'), variables)}"
    )


PAGES = {"codes.md": codes, "metrics.md": metrics, "manifest.md": manifest, "operator.md": operator}


def main() -> int:
    """Writes the pages, or says which are stale."""
    stale = [name for name, page in PAGES.items() if not _is(HERE / name, page())]
    if "--check" in sys.argv:
        print(*(f"{name} is stale: run make docs" for name in stale), sep="\n", end="")
        return 1 if stale else 0
    for name in stale:
        (HERE / name).write_text(PAGES[name]())
        print(f"docs/reference/{name}")
    return 0


def _is(path: Path, text: str) -> bool:
    return path.exists() and path.read_text() == text


if __name__ == "__main__":
    sys.exit(main())
