"""Whose field is it: what of an object is still as the operator applied it (pure).

The API server keeps for each manager the set of fields that it applied (managedFields). Whoever
changes or removes one of them, takes it out of that set; fields of others never come into it. So an
object is as it was applied exactly while that set is, whatever defaults were filled in, and nothing
needs to be compared that means the same and reads differently (1000m and 1).
"""

import json
from collections.abc import Mapping
from typing import Any

from scoreboard_operator import kinds, names
from scoreboard_operator.facts import Object
from scoreboard_operator.release import digest
from scoreboard_operator.render.parts import Manifest
from scoreboard_operator.resource import Resource

Key = tuple[str, str, str]


def applied_fields(found: Object) -> str:
    """A digest of the fields that the operator's apply owns; empty if it owns none."""
    for entry in found["metadata"].get("managedFields", []):
        ours = entry.get("manager") == names.MANAGER and entry.get("operation") == "Apply"
        if ours and not entry.get("subresource"):
            return digest(json.dumps(entry.get("fieldsV1", {}), sort_keys=True))
    return ""


def belongs(resource: Resource, found: Object) -> bool:
    """Whether an object was made for this very Scoreboard.

    By its owner; one whose owner somebody took away is still known by who applied it.
    """
    owners = found["metadata"].get("ownerReferences") or []
    if owners:
        return any(owner.get("uid") == resource.uid for owner in owners)
    return bool(applied_fields(found))


def left_over(resource: Resource, found: Object) -> bool:
    """Whether it was made for an earlier Scoreboard, and will be collected."""
    owners = found["metadata"].get("ownerReferences") or []
    theirs = any(owner.get("kind") == kinds.SCOREBOARD.kind for owner in owners)
    return theirs and not belongs(resource, found)


def reclaimed(manifest: Manifest, live: Object) -> list[dict[str, Any]]:
    """managedFields with which applying the intent is possible again.

    Somebody's entry beside ours in one list can make the whole invalid (two ports with one name).
    So what others own below a part of the intent becomes ours, and goes when the intent is applied;
    everything else stays theirs. (client-go's csaupgrade moves fields the same way.)
    """
    ours: dict[str, Any] = {}
    others: list[dict[str, Any]] = []
    for entry in live["metadata"].get("managedFields", []):
        if entry.get("subresource"):
            others.append(entry)
        elif entry.get("manager") == names.MANAGER and entry.get("operation") == "Apply":
            ours = _joined(ours, entry.get("fieldsV1", {}))
        else:
            kept, taken = _split(entry.get("fieldsV1", {}), manifest)
            ours = _joined(ours, taken)
            others += [{**entry, "fieldsV1": kept}] if kept else []
    entry = {"manager": names.MANAGER, "operation": "Apply", "fieldsType": "FieldsV1"}
    return [{**entry, "apiVersion": manifest["apiVersion"], "fieldsV1": ours}, *others]


def _split(fields: Mapping[str, Any], manifest: Manifest) -> tuple[dict[str, Any], dict[str, Any]]:
    """What of a manager's fields stays with it, and what lies in a part that the intent has too.

    A part: a field of the first or second level, metadata left out.
    """
    kept, taken = dict(fields), {}
    for name in [name for name in fields if name.startswith("f:") and name != "f:metadata"]:
        wanted = manifest.get(name[2:])
        if not isinstance(wanted, dict):
            continue
        inside = {k: v for k, v in fields[name].items() if k.startswith("f:") and k[2:] in wanted}
        if inside:
            taken[name] = inside
            kept[name] = {k: v for k, v in fields[name].items() if k not in inside}
    return {name: found for name, found in kept.items() if found or name == "."}, taken


def _joined(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """The union of two sets of fields."""
    return {
        name: _joined(one.get(name, {}), other.get(name, {}))
        for name in sorted(one.keys() | other.keys())
    }


class Applied:
    """What was applied, object by object: the intent, and the fields that the server said are ours.

    In memory only. A new process applies everything once, which changes nothing that is as it
    should be.
    """

    def __init__(self) -> None:
        self._known: dict[Key, tuple[str, str, str]] = {}

    @staticmethod
    def _key(manifest: Manifest) -> Key:
        metadata = manifest["metadata"]
        return manifest["kind"], metadata["namespace"], metadata["name"]

    def holds(self, manifest: Manifest, live: Object | None) -> bool:
        """Whether applying would change nothing."""
        if live is None:
            return False
        now = (digest(manifest), live["metadata"]["uid"], applied_fields(live))
        return self._known.get(self._key(manifest)) == now

    def drifted(self, manifest: Manifest, live: Object | None) -> bool:
        """Whether somebody else changed or removed what was applied and is still wanted."""
        known = self._known.get(self._key(manifest))
        if known is None or known[0] != digest(manifest):
            return False
        return live is None or known[1:] != (live["metadata"]["uid"], applied_fields(live))

    def learn(self, manifest: Manifest, after: Object) -> None:
        """`after`: the server's answer to applying it."""
        known = (digest(manifest), after["metadata"]["uid"], applied_fields(after))
        self._known[self._key(manifest)] = known

    def lose(self, found: Object) -> None:
        """What is not wanted any more: if it is again, that it is not there is no drift."""
        self._known.pop(self._key(dict(found)), None)

    def forget(self, namespace: str, owner: str) -> None:
        """Of a Scoreboard that is gone."""
        gone = [key for key in self._known if key[1] == namespace and key[2].startswith(owner)]
        for key in gone:
            del self._known[key]
