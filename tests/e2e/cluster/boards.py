"""One Scoreboard on the cluster: applied, edited and looked at as its user would."""

import base64
import copy
import json
from dataclasses import dataclass
from typing import Any

from tests.e2e.cluster.api import Api, Object
from tests.e2e.cluster.waiting import until

from scoreboard_operator import kinds
from scoreboard_operator.kinds import Kind

INSTALL, ROLL, SOON = 120.0, 90.0, 5.0
ROLES = ("broadcaster", "worker", "gateway")  # in the order in which they roll
PLENTY = {"count": 1_000_000, "per": "1s"}
SMALL = {  # a start takes more than the CPU that it asks for: no autoscaler may be moved by it
    "autoscaling": {"minReplicas": 1, "maxReplicas": 1},
    "resources": {"requests": {"cpu": "20m", "memory": "64Mi"}},
}


def a_board(name: str, **spec: Any) -> Object:
    """A small one, without a way in unless the test gives it one."""
    known: dict[str, Any] = {
        "version": "0.1.0",
        "boards": [{"name": "main"}],
        "actions": [
            {"name": "level", "points": 100},
            {"name": "quiz", "points": 250, "repeat": "Once"},
        ],
        "limits": {"global": PLENTY, "address": PLENTY, "user": PLENTY},
        **{role: copy.deepcopy(SMALL) for role in ROLES},
        "database": {"managed": {"storage": "1Gi"}},
        "redis": {"managed": {"storage": "1Gi"}},
    }
    return {
        "apiVersion": kinds.SCOREBOARD.api_version,
        "kind": kinds.SCOREBOARD.kind,
        "metadata": {"name": name},
        "spec": {**known, **spec},
    }


@dataclass(slots=True)
class Board:
    """By name; it need not be there."""

    api: Api
    namespace: str
    name: str

    def apply(self, manifest: Object) -> None:
        self.api.kubectl("apply", "-n", self.namespace, "-f", "-", given=manifest)

    def patch(self, **spec: Any) -> Object:
        """Merges these parts of the spec into it."""
        return self.api.patch(kinds.SCOREBOARD, self.namespace, self.name, {"spec": spec})

    def annotate(self, **annotations: str | None) -> None:
        """`plan="true"` is scoreboard.dev/plan; None takes it away."""
        told = {
            f"scoreboard.dev/{key.replace('_', '-')}": value for key, value in annotations.items()
        }
        change = {"metadata": {"annotations": told}}
        self.api.patch(kinds.SCOREBOARD, self.namespace, self.name, change)

    def now(self) -> Object:
        found = self.api.get(kinds.SCOREBOARD, self.namespace, self.name)
        assert found is not None, f"there is no Scoreboard {self.name}"
        return found

    @property
    def status(self) -> Object:
        return self.now().get("status", {})

    def condition(self, kind: str) -> Object:
        """Empty if it does not say so."""
        told = self.status.get("conditions", [])
        return next((each for each in told if each["type"] == kind), {})

    def said(self) -> str:
        """Every condition, for people."""
        told = self.status.get("conditions", [])
        return "\n".join(f"{c['type']}={c['status']} {c['reason']} {c['message']}" for c in told)

    def wait(self, kind: str, status: str, reason: str = "", seconds: float = SOON) -> Object:
        """Until a condition is so."""

        def there() -> Object | None:
            found = self.condition(kind)
            same = found.get("status") == status and reason in ("", found["reason"])
            return found if same else None

        return until(there, seconds, lambda: f"{kind} {status} {reason}; it says\n{self.said()}")

    def is_ready(self) -> bool:
        """Of the newest generation, as kstatus decides it."""
        found = self.now()
        status = found.get("status", {})
        told = {each["type"]: each["status"] for each in status.get("conditions", [])}
        seen = status.get("observedGeneration") == found["metadata"]["generation"]
        return seen and told.get("Ready") == "True" and told.get("Reconciling") == "False"

    def wait_ready(self, seconds: float = INSTALL) -> None:
        until(self.is_ready, seconds, lambda: f"{self.name} is ready; it says\n{self.said()}")

    def get(self, kind: Kind, component: str = "") -> Object | None:
        """A child: `arcade-gateway` by its component, `arcade` without."""
        name = f"{self.name}-{component}" if component else self.name
        return self.api.get(kind, self.namespace, name)

    def there(self, kind: Kind, component: str = "") -> Object:
        found = self.get(kind, component)
        assert found is not None, f"there is no {kind.kind} {self.name}-{component}"
        return found

    def children(self, *of: Kind) -> list[Object]:
        """Everything that has this Scoreboard as its owner."""
        uid = self.now()["metadata"]["uid"]
        found = (each for kind in of or kinds.OWNED for each in self.api.list(kind, self.namespace))
        return [
            each
            for each in found
            if any(owner["uid"] == uid for owner in each["metadata"].get("ownerReferences", []))
        ]

    def versions(self, *of: Kind) -> dict[str, str]:
        """What every child is, as a digest: it is another one when somebody has written it."""
        return {
            id_of(each): json.dumps(declared(each), sort_keys=True) for each in self.children(*of)
        }

    def secret(self, component: str) -> dict[str, str]:
        data = self.there(kinds.SECRET, component)["data"]
        return {key: base64.b64decode(value).decode() for key, value in data.items()}

    def template(self, role: str) -> Object:
        return self.there(kinds.DEPLOYMENT, role)["spec"]["template"]

    def _pods(self, component: str) -> list[Object]:
        selector = f"app.kubernetes.io/instance={self.name},app.kubernetes.io/component={component}"
        return self.api.list(kinds.POD, self.namespace, selector)

    def pods(self, component: str) -> list[str]:
        """Names of the pods that are not on their way out."""
        found = (pod["metadata"] for pod in self._pods(component))
        return sorted(each["name"] for each in found if "deletionTimestamp" not in each)

    def leaving(self) -> list[str]:
        """Names of the roles' pods that drain, and are still asked by whoever has not heard."""
        found = (pod["metadata"] for role in ROLES for pod in self._pods(role))
        return sorted(each["name"] for each in found if "deletionTimestamp" in each)

    def all_pods(self) -> dict[str, list[str]]:
        return {each: self.pods(each) for each in (*ROLES, "postgres", "valkey")}

    def events(self) -> list[Object]:
        """Those about it, oldest first."""
        uid = self.now()["metadata"]["uid"]
        found = self.api.list(kinds.EVENT, self.namespace)
        ours = (each for each in found if each["involvedObject"].get("uid") == uid)
        return sorted(ours, key=lambda each: each["lastTimestamp"])

    def reasons(self) -> set[str]:
        return {each["reason"] for each in self.events()}


def declared(found: Object) -> Object:
    """What somebody wrote of an object, without what the cluster itself keeps in it."""
    metadata = found["metadata"]
    names = ("name", "uid", "labels", "annotations", "ownerReferences", "finalizers")
    kept = {key: metadata.get(key) for key in names}
    notes = (kept["annotations"] or {}).items()
    kept["annotations"] = {k: v for k, v in notes if not k.startswith("deployment.kubernetes.io/")}
    rest = {key: value for key, value in found.items() if key not in ("metadata", "status")}
    return {**rest, "metadata": kept}


def id_of(found: Object) -> str:
    return f"{found['kind']}/{found['metadata']['name']}"


def differing(before: dict[str, str], after: dict[str, str]) -> set[str]:
    """What is another one, new or gone."""
    return {key for key in before.keys() | after.keys() if before.get(key) != after.get(key)}
