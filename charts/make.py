"""Writes what the code says about the chart: `python -m charts.make [--check]`, from the root.

templates/_rules.tpl and docs/reference/rbac.md from operator/scoreboard_operator/rbac.py; the table
of values in the chart's README.md and docs/install.md from values.schema.json and values.yaml. With
--check nothing is written and a stale file is an error.
"""

import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import yaml

from scoreboard_operator import rbac
from scoreboard_operator.rbac import Rule

ROOT = Path(__file__).parents[1]
CHART = ROOT / "charts" / "scoreboard"
LEASE = '{{ include "scoreboard.fullname" . }}'
SETS = {
    "boards": rbac.boards(),
    "everywhere": rbac.everywhere(LEASE),
    "heartbeat": rbac.heartbeat(LEASE),
    "home": rbac.at_home(LEASE),
    "listening": rbac.listening(),
}
HEADINGS = {
    "boards": "Where Scoreboards are: a ClusterRole, or a Role in each of `watchNamespaces`",
    "everywhere": "For the whole cluster, without `watchNamespaces`",
    "heartbeat": "In each of `watchNamespaces` besides",
    "home": "In the operator's own namespace",
    "listening": "In the operator's own namespace, with `watchNamespaces` that do not contain it",
}
BEGIN, END = "<!-- values: made by `make chart`; do not edit -->", "<!-- /values -->"


def _rule(rule: Rule) -> str:
    group = rule.group or '""'
    names = f", resourceNames: ['{rule.name}']" if rule.name else ""
    return (
        f"- {{apiGroups: [{group}], resources: [{', '.join(rule.resources)}]{names}, "
        f"verbs: [{', '.join(rule.verbs)}]}} # {rule.why}\n"
    )


def rules() -> str:
    """The chart's rules, as named templates."""
    head = (
        "{{/* Made from operator/scoreboard_operator/rbac.py by `make chart`; do not edit. */}}\n"
    )
    parts = [
        f'{{{{- define "scoreboard.rules.{name}" -}}}}\n{"".join(map(_rule, found))}{{{{- end -}}}}'
        for name, found in SETS.items()
    ]
    return head + "\n".join(parts) + "\n"


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    lines = [list(head), ["---"] * len(list(head)), *map(list, rows)]
    return "".join(
        f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |\n" for row in lines
    )


def _rows(found: Iterable[Rule]) -> Iterator[tuple[str, ...]]:
    for rule in found:
        things = ", ".join(f"`{thing}`" for thing in rule.resources)
        only = " (its Lease only)" if rule.name else ""
        yield rule.group or "core", things + only, ", ".join(rule.verbs), rule.why


RIGHTS = """# What the operator may do

<!-- made from operator/scoreboard_operator/rbac.py by `make chart`; do not edit -->

No verb and no resource is a wildcard. `tests/e2e/cluster/test_rights.py` gives an operator
exactly these rights and compares them with what it asks of the API server: nothing is refused,
nothing is left over. Server-side apply needs `create` and `patch`; `get` tells whether somebody
else has a name already.
"""
SECRETS = """
## Secrets

The operator makes a board's keys and its stores' passwords, sees when somebody changes them, and
reads the addresses that `secretRef` names. RBAC cannot limit that to labels, or to names that are
not known before, so it may read the Secrets of every namespace where it looks after boards. It
asks only for those with its label and for those that a board names, deletes none, and shows none
in a log, an Event or a status. Whoever may start pods in a namespace can read its Secrets anyhow:
where that is too much, give `watchNamespaces`, and the operator's rights end with these
namespaces.
"""


def rights() -> str:
    """What the operator may do, and why."""
    head = ("group", "resources", "verbs", "why")
    parts = [
        f"\n## {HEADINGS[name]}\n\n{_table(head, _rows(found))}" for name, found in SETS.items()
    ]
    return RIGHTS + "".join(parts) + SECRETS


def _values(schema: dict[str, Any], given: Any, path: str) -> Iterator[tuple[str, str, str]]:
    for name, field in schema["properties"].items():
        if not path and name == "global":
            continue
        here = f"{path}.{name}" if path else name
        if (
            "properties" in field
            and isinstance(given[name], dict)
            and given[name]
            and name != "resources"
        ):
            yield from _values(field, given[name], here)
        else:
            yield f"`{here}`", f"`{json.dumps(given[name])}`", field["description"]


def values() -> str:
    """Every value, its default, and what it means."""
    schema = json.loads((CHART / "values.schema.json").read_text())
    given = yaml.safe_load((CHART / "values.yaml").read_text())
    return _table(("value", "default", "what"), _values(schema, given, ""))


def _with_values(path: Path) -> str:
    before, rest = path.read_text().split(BEGIN, 1)
    after = rest.split(END, 1)[1]
    return f"{before}{BEGIN}\n\n{values()}\n{END}{after}"


def pages() -> dict[Path, str]:
    """Every file that is made, and what should be in it."""
    described = (CHART / "README.md", ROOT / "docs" / "install.md")
    return {
        CHART / "templates" / "_rules.tpl": rules(),
        ROOT / "docs" / "reference" / "rbac.md": rights(),
        **{path: _with_values(path) for path in described},
    }


def main() -> int:
    """Writes them, or says which are stale."""
    stale = [
        (path, text)
        for path, text in pages().items()
        if not path.exists() or path.read_text() != text
    ]
    for path, text in stale:
        if "--check" in sys.argv:
            print(f"{path.relative_to(ROOT)} is stale: run make chart")
        else:
            path.write_text(text)
            print(path.relative_to(ROOT))
    return 1 if stale and "--check" in sys.argv else 0


if __name__ == "__main__":
    sys.exit(main())
