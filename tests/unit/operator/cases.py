"""The golden cases: whole Scoreboards and what they become. `make golden` writes manifests.yaml."""

import json
from copy import deepcopy
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from tests.unit.operator.scoreboards import IMAGES, OPTIONAL, UID, World

from scoreboard_operator.render import render
from scoreboard_operator.resource import Resource, read
from scoreboard_runtime.contract import crd

GOLDEN = Path(__file__).parent / "golden"
CASES = sorted(path.parent.name for path in GOLDEN.glob("*/scoreboard.yaml"))
CLUSTER_ADDRESS = {"status": {"loadBalancer": {"ingress": [{"ip": "192.0.2.7"}]}}}


def resource(path: Path) -> Resource:
    """As the API server stores it."""
    found = crd.document(path.read_text())
    found["metadata"] |= {"uid": UID, "generation": 1}
    return read(found)


def world(case: str) -> World:
    """Where everything has come up, but in `upgrade`, which is half way; for one test alone."""
    return deepcopy(_world(case))


@cache
def _world(case: str) -> World:
    first = GOLDEN / case / "before.yaml"
    upgrade = first.exists()
    found = World(resource(first if upgrade else GOLDEN / case / "scoreboard.yaml"), OPTIONAL)
    asked = {name for name, _ in found.target().release.addresses.values()}
    found.secrets = {name: {"metadata": {"resourceVersion": "1"}} for name in asked}
    found.converge()
    if found.resource.spec["exposure"]["type"] == "LoadBalancer":
        for role in ("gateway", "broadcaster"):
            found.objects["Service", f"{found.resource.name}-{role}"] |= CLUSTER_ADDRESS
        found.converge()
    if upgrade:
        newer = resource(GOLDEN / case / "scoreboard.yaml")
        found.resource = replace(newer, generation=2, status=found.resource.status)
        found.look()
        found.end_all()
        found.look()
        found.serve("broadcaster")
        found.look()
        found.roll("worker")
    return found


@cache
def manifests(case: str) -> list[dict[str, Any]]:
    """What is rendered. Nobody changes it."""
    found = world(case)
    return json.loads(json.dumps(render(found.resource, found.plan(), IMAGES)))


def text(case: str) -> str:
    """manifests.yaml, as it should be."""
    dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
    return yaml.dump_all(manifests(case), Dumper=dumper, sort_keys=False, width=120)


def main() -> None:
    for case in CASES:
        path = GOLDEN / case / "manifests.yaml"
        if not path.exists() or path.read_text() != text(case):
            path.write_text(text(case))
            print(path)


if __name__ == "__main__":
    main()
