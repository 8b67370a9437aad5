"""What is there in the end, in words that do not depend on chance: names, ids and digests replaced."""

import difflib
import json
import re
from typing import Any

from tests.e2e.cluster.proxy import Upstream

from scoreboard_operator import kinds, names

CHANCE = ("resourceVersion", "creationTimestamp", "generation", "uid", "selfLink")
REVISION = "deployment.kubernetes.io/revision"


def _managed(found: Any) -> Any:
    """The fields that each manager's apply owns; of others (controllers) what they are not asked."""
    return [
        {"manager": entry["manager"], "fields": entry["fieldsV1"]}
        for entry in found["metadata"].pop("managedFields", [])
        if entry["operation"] == "Apply" and not entry.get("subresource")
    ]


def _plain(kind: str, found: Any) -> Any:
    metadata = found["metadata"]
    fields = _managed(found)
    for name in CHANCE:
        metadata.pop(name, None)
    metadata.get("annotations", {}).pop(REVISION, None)
    found.pop("status", None)
    if kind == kinds.SECRET.kind:
        found["data"] = sorted(found["data"])
    if kind == kinds.SERVICE.kind and found["spec"].get("clusterIP") != "None":
        found["spec"].pop("clusterIP"), found["spec"].pop("clusterIPs")
    return {"kind": kind, **found, "fields": fields}


def _judged(found: Any) -> Any:
    """A Scoreboard's status, without times and numbers of generations."""
    status = found["status"]
    told = [
        (each["type"], each["status"], each["reason"], each["message"])
        for each in status["conditions"]
    ]
    kept = {name: status.get(name) for name in ("version", "url", "inventory")}
    current = status["observedGeneration"] == found["metadata"]["generation"]
    return {"kind": "Status", "current": current, "conditions": told, **kept}


async def children(server: Upstream, namespace: str, board: str) -> list[Any]:
    """Everything of one Scoreboard, with kinds."""
    found = []
    for kind in kinds.OWNED:
        for item in await server.list(kind, namespace):
            if item["metadata"].get("labels", {}).get(names.INSTANCE) == board:
                found.append({**item, "kind": kind.kind})
    return found


async def end(server: Upstream, namespace: str, board: str, version: str = "") -> list[str]:
    """Lines of text: two ends are the same if these are."""
    found = await children(server, namespace, board)
    scoreboard = await server.find(kinds.SCOREBOARD, namespace, board)
    plain = [_plain(item["kind"], item) for item in found] + [_judged(scoreboard)]
    text = json.dumps(plain, indent=1, sort_keys=True)
    text = re.sub(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "UID", text)
    for word, stands in ((namespace, "NAMESPACE"), (board, "BOARD"), (version, "VERSION")):
        text = text.replace(word, stands) if word else text
    digests: dict[str, str] = {}
    text = re.sub(
        r"(?<![0-9a-f])[0-9a-f]{8}(?![0-9a-f])",
        lambda match: digests.setdefault(match[0], f"DIGEST-{len(digests)}"),
        text,
    )
    return text.splitlines()


def difference(wanted: list[str], found: list[str]) -> str:
    """Empty if they are the same."""
    return "\n".join(difflib.unified_diff(wanted, found, "wanted", "found", lineterm="", n=2))


async def revisions(server: Upstream, namespace: str, board: str) -> dict[str, int]:
    """How often each Deployment's pods were rolled."""
    found = await children(server, namespace, board)
    deployments = [item for item in found if item["kind"] == kinds.DEPLOYMENT.kind]
    return {
        item["metadata"]["name"].removeprefix(f"{board}-"): int(
            item["metadata"]["annotations"][REVISION]
        )
        for item in deployments
    }
