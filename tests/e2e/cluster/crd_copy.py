"""The CRD under a group of its own: no operator sees what is made of it, and it may be changed."""

import copy
import re
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import yaml
from tests.e2e.cluster import clusters
from tests.e2e.cluster.api import CRD, Api, Object, Refused
from tests.e2e.cluster.waiting import until

from scoreboard_operator.kinds import Kind

ESTABLISHED_SECONDS = 30.0
# What the API server adds when it did not come as far as the rules.
_UNCHECKED = "some validation rules were not checked"
_WORDS = re.compile(r'(?<=: )(Invalid value: "[a-z]*"|Required value|Forbidden): (?=.)')


@dataclass(frozen=True, slots=True)
class Verdict:
    """The object as it would be stored, or what is wrong with it, in the server's words."""

    stored: Object | None
    faults: tuple[str, ...] = ()

    @property
    def plain(self) -> list[str]:
        """The faults without what the server puts before the message of a rule."""
        return [_WORDS.sub("", fault, count=1) for fault in self.faults]


@dataclass(frozen=True, slots=True)
class Copy:
    """One copy in one namespace."""

    api: Api
    kind: Kind
    namespace: str
    definition: Object

    def _of_this_group(self, manifest: Object) -> Object:
        return {**manifest, "apiVersion": self.kind.api_version}

    def create(self, manifest: Object, **query: str) -> Object:
        path = self.kind.path(self.namespace)
        return self.api.call("POST", path, self._of_this_group(manifest), **query)

    def judge(self, manifest: Object) -> Verdict:
        """As `kubectl apply --dry-run=server`, which is strict about unknown fields."""
        try:
            found = self.create(manifest, dryRun="All", fieldValidation="Strict")
        except Refused as error:
            faults = [cause for cause in error.causes if _UNCHECKED not in cause]
            return Verdict(None, tuple(faults or [error.message]))
        return Verdict(found)

    def change(self, name: str, spec: Object) -> Verdict:
        """As `kubectl patch --type=merge`."""
        try:
            return Verdict(self.api.patch(self.kind, self.namespace, name, {"spec": spec}))
        except Refused as error:
            return Verdict(None, tuple(error.causes or [error.message]))

    def redefine(self, edit: Callable[[Object], None]) -> None:
        """Changes the schema of the whole resource, and waits until it is obeyed."""
        definition = copy.deepcopy(self.definition)
        schema = definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
        edit(schema)
        # A field that says which schema is obeyed: a change is seen a moment after it is made.
        mark = f"m{secrets.token_hex(3)}"
        schema["properties"]["spec"]["properties"][mark] = {"type": "string", "default": mark}
        self.api.patch(CRD, None, definition["metadata"]["name"], {"spec": definition["spec"]})
        probe = {"kind": "Scoreboard", "metadata": {"name": "probe"}, "spec": SMALL}

        def obeyed() -> bool:
            found = self.judge(probe).stored
            return found is not None and found["spec"].get(mark) == mark

        until(obeyed, ESTABLISHED_SECONDS, f"the schema with {mark}")


SMALL: Any = {
    "version": "0.1.0",
    "boards": [{"name": "main"}],
    "actions": [{"name": "go", "points": 1}],
}


@contextmanager
def copied(api: Api, namespace: str) -> Iterator[Copy]:
    """Established; gone at the end with all that was made of it."""
    group = f"t{secrets.token_hex(3)}.scoreboard.dev"
    definition = yaml.safe_load((clusters.ROOT / "crds/scoreboards.yaml").read_text())
    definition["metadata"]["name"] = f"scoreboards.{group}"
    definition["spec"]["group"] = group
    kind = Kind(f"{group}/v1alpha1", "Scoreboard", "scoreboards")
    try:
        api.create(CRD, None, definition)
        found = Copy(api, kind, namespace, definition)
        probe = {"kind": "Scoreboard", "metadata": {"name": "probe"}, "spec": SMALL}
        until(
            lambda: found.judge(probe).stored, ESTABLISHED_SECONDS, lambda: str(found.judge(probe))
        )
        yield found
    finally:
        api.delete(CRD, None, f"scoreboards.{group}")
