"""Scoreboards as the API server stores them, and a small model of the controllers below the operator.

The model holds objects and does what the API server and the controllers of Kubernetes do with them,
as far as `facts` looks at it: generations, rollouts, ends of Jobs. Nothing of the operator is replaced.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import yaml
from tests.unit.runtime.manifests import a_manifest

from scoreboard_operator import conditions, exposed, kinds, names, status
from scoreboard_operator import keys as keyring
from scoreboard_operator.apply import rivals, unwanted
from scoreboard_operator.conditions import View
from scoreboard_operator.facts import Facts
from scoreboard_operator.images import Images
from scoreboard_operator.keys import Entropy
from scoreboard_operator.kinds import Kind
from scoreboard_operator.plan import Plan, plan
from scoreboard_operator.reconcile import _finished
from scoreboard_operator.render import render
from scoreboard_operator.render.stores import addresses
from scoreboard_operator.resource import Resource, read
from scoreboard_operator.target import Target, target
from scoreboard_runtime.contract import crd
from scoreboard_runtime.contract.keyring import Key

UID = "3f0f3b5a-0000-4000-8000-000000000001"
IMAGES = Images()
ENTROPY = Entropy(key=Key("kid-1", b"k" * 32, 1_000_000), password="p" * 32)
OPTIONAL = frozenset(kind.kind for kind in kinds.OWNED if kind.optional)


def a_resource(change: str | dict[str, Any] = "", **more: Any) -> Resource:
    """`change`: the spec, as in tests/unit/runtime/manifests.py; `more`: fields of the Resource."""
    found = a_manifest(change)
    checked = crd.document(json.dumps(found))
    checked["metadata"] |= {"namespace": "games", "uid": UID, "generation": 1}
    return replace(read(checked), **more)


@dataclass
class World:
    """A cluster with one Scoreboard in it, and the operator's pure half looking at it."""

    resource: Resource
    served: frozenset[str] = frozenset()
    objects: dict[tuple[str, str], Any] = field(default_factory=dict)
    secrets: dict[str, Any] = field(default_factory=dict)  # those that others make
    alert_secrets: dict[str, Any] = field(default_factory=dict)  # those that Alertmanager reads
    traces_secret: Any = None
    pods: list[Any] = field(default_factory=list)
    clock: int = 0

    @classmethod
    def of(cls, change: str = "", **more: Any) -> "World":
        return cls(a_resource(change), **more)

    # What people do.

    def edit(self, change: str, **annotations: str) -> None:
        """A new spec, given whole, and annotations."""
        wanted = a_resource(change)
        same = wanted.spec == self.resource.spec
        generation = self.resource.generation + (0 if same else 1)
        self.resource = replace(
            wanted, generation=generation, status=self.resource.status, annotations=annotations
        )

    def delete(self, kind: Kind, name: str) -> None:
        del self.objects[kind.kind, name]

    # What the operator does.

    def facts(self) -> Facts:
        asked = {name for name, _ in addresses(self.resource).values()}
        given = {name: self.secrets.get(name) for name in asked - {names.stores(self.resource)}}
        return Facts(
            objects=dict(self.objects),
            secrets=given,
            alert_secrets=self.alert_secrets,
            traces_secret=self.traces_secret,
            pods=tuple(self.pods),
            served=self.served,
        )

    def made(self) -> keyring.Secrets:
        live = {name: self.objects.get(("Secret", name)) for name in self._own()}
        return keyring.secrets(self.resource, live, 1_000_000, ENTROPY)

    def _own(self) -> list[str]:
        return [names.keys(self.resource), names.stores(self.resource)]

    def target(self) -> Target:
        made = {m["metadata"]["name"]: m for m in self.made().manifests}
        return target(self.resource, {**self.secrets, **made}, IMAGES)

    def plan(self) -> Plan:
        aim = self.target()
        return plan(self.resource, self.facts(), aim.release, aim.jobs)

    def look(self) -> "Look":
        """One look, as reconcile.py does it: plan, apply, prune, report."""
        planned = self.plan()
        wanted = [*self.made().manifests, *render(self.resource, planned, IMAGES)]
        gone = rivals(self.facts(), wanted)
        for each in gone:
            del self.objects[each["kind"], each["metadata"]["name"]]
        wrote = any([self._apply(manifest) for manifest in wanted]) or bool(gone)
        view = View(resource=self.resource, facts=self.facts(), plan=planned)
        if _finished(view):
            for gone in unwanted(self.facts(), wanted, planned):
                self.objects.pop((gone["kind"], gone["metadata"]["name"]))
                wrote = True
        view = replace(view, facts=self.facts())
        found = conditions.conditions(view)
        self.clock += 1
        now = f"2026-01-01T00:{self.clock // 60:02}:{self.clock % 60:02}Z"
        url = exposed.state(self.resource, view.facts).url
        written = status.status(view, found, url, now)
        wrote = wrote or status.differs(self.resource.status, written)
        self.resource = replace(self.resource, status=written)
        return Look(view=view, status=written, wrote=wrote)

    # What the API server does.

    def _apply(self, manifest: Mapping[str, Any]) -> bool:
        """Whether anything is different now."""
        key = manifest["kind"], manifest["metadata"]["name"]
        old = self.objects.get(key)
        new = json.loads(json.dumps(manifest))
        new["metadata"] |= {"uid": f"uid-of-{key}", "generation": 1, "resourceVersion": "1"}
        if old is not None:
            replicas = old["spec"].get("replicas") if "spec" in old else None
            if key[0] == "Deployment" and replicas is not None:
                new["spec"]["replicas"] = replicas  # the autoscaler's
            changed = old.get("spec") != new.get("spec")
            new["metadata"]["generation"] = old["metadata"]["generation"] + changed
            if "status" in old:
                new["status"] = old["status"]
        elif key[0] in ("Deployment", "StatefulSet"):
            new["spec"].setdefault("replicas", 1)
        self.objects[key] = new
        return bool(new != old)

    # What the controllers do.

    def role(self, component: str) -> dict[str, Any]:
        found: dict[str, Any] = self.objects["Deployment", names.role(self.resource, component)]
        return found

    def image(self, component: str) -> str:
        return str(self.role(component)["spec"]["template"]["spec"]["containers"][0]["image"])

    def serve(self, *components: str) -> None:
        """Every pod of these Deployments and StatefulSets is of the newest template, and ready."""
        for (kind, _), found in self.objects.items():
            ours = found["metadata"]["labels"]["app.kubernetes.io/component"]
            if kind in ("Deployment", "StatefulSet") and (not components or ours in components):
                count = found["spec"]["replicas"]
                found["status"] = {
                    "observedGeneration": found["metadata"]["generation"],
                    "replicas": count, "updatedReplicas": count, "availableReplicas": count,
                }  # fmt: skip

    def roll(self, component: str, available: int = 1) -> None:
        """The controller has seen the newest template; its pods are not there yet."""
        found = self.role(component)
        found["status"] = {
            "observedGeneration": found["metadata"]["generation"],
            "replicas": 2, "updatedReplicas": 1, "availableReplicas": available,
        }  # fmt: skip

    def jobs(self, phase: str = "") -> list[str]:
        names_ = [name for kind, name in self.objects if kind == "Job"]
        return [name for name in names_ if f"-{phase}" in name]

    def end(self, job: str, how: str = "Complete") -> None:
        self.objects["Job", job]["status"] = {"conditions": [{"type": how, "status": "True"}]}

    def end_all(self, how: str = "Complete") -> None:
        for job in self.jobs():
            if not self.objects["Job", job].get("status"):
                self.end(job, how)

    def converge(self, most: int = 30) -> "Look":
        """Everything goes well until nothing changes any more."""
        for _ in range(most):
            self.serve()
            self.end_all()
            found = self.look()
            if not found.wrote:
                return found
        raise AssertionError(f"it does not come to an end: {found.status}")


@dataclass(frozen=True)
class Look:
    """`wrote`: whether anything was changed in the cluster, the status included."""

    view: View
    status: dict[str, Any]
    wrote: bool

    def condition(self, kind: str) -> dict[str, Any]:
        return next(each for each in self.status["conditions"] if each["type"] == kind)

    @property
    def hold(self) -> str:
        """The reason of the plan's hold; empty if there is none."""
        return self.view.plan.hold.reason if self.view.plan.hold else ""


def as_yaml(change: str) -> Any:
    return yaml.safe_load(change)
