"""What is there: every object that belongs to a Scoreboard, as the API server just told."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from scoreboard_operator import kinds
from scoreboard_operator.kinds import Kind

Object = Mapping[str, Any]
PENDING, DONE, FAILED = "pending", "done", "failed"
MOST_CHARACTERS = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """`objects` by kind and name. `secrets`: those with addresses that the manifest names, None if
    missing; `alert_secrets`: those that Alertmanager reads; `certificate`: that of the way in;
    `traces_secret`: headers for the collector of traces.

    `served`: the optional kinds that this cluster has.
    """

    objects: Mapping[tuple[str, str], Object] = field(default_factory=dict)
    secrets: Mapping[str, Object | None] = field(default_factory=dict)
    alert_secrets: Mapping[str, Object | None] = field(default_factory=dict)
    certificate: Object | None = None
    traces_secret: Object | None = None
    pods: tuple[Object, ...] = ()
    served: frozenset[str] = frozenset()

    def get(self, kind: Kind, name: str) -> Object | None:
        return self.objects.get((kind.kind, name))

    def of(self, kind: Kind) -> Iterator[Object]:
        """Every one of a kind."""
        return (found for (name, _), found in self.objects.items() if name == kind.kind)


def rolled_out(found: Object | None) -> bool:
    """Whether every pod of a Deployment or StatefulSet is of its newest template, and available.

    As `kubectl rollout status` decides it.
    """
    if found is None:
        return False
    status, wanted = found.get("status", {}), found["spec"].get("replicas", 1)
    if not _observed(found):
        return False
    updated = status.get("updatedReplicas", 0)
    available = status.get("availableReplicas", 0)
    return bool(updated >= wanted and available >= wanted and status.get("replicas", 0) <= updated)


def _observed(found: Object) -> bool:
    """Whether the status is of the newest spec."""
    seen, newest = found.get("status", {}).get("observedGeneration", 0), found["metadata"]
    return bool(seen >= newest.get("generation", 0))


def scaled_to_zero(found: Object | None) -> bool:
    """Whether somebody wants no pods, which also switches an autoscaler off."""
    return found is not None and bool(found["spec"].get("replicas", 1) == 0)


def available(found: Object | None) -> bool:
    """Whether at least one pod serves, of whichever template."""
    return found is not None and found.get("status", {}).get("availableReplicas", 0) > 0


def gave_up(found: Object | None) -> bool:
    """Whether a Deployment's rollout took longer than its deadline, as the controller says."""
    if found is None or not _observed(found):
        return False
    conditions = found.get("status", {}).get("conditions", [])
    return any(
        each["type"] == "Progressing" and each.get("reason") == "ProgressDeadlineExceeded"
        for each in conditions
    )


def at_maximum(found: Object | None) -> bool:
    """Whether a HorizontalPodAutoscaler would have more pods than it may, as it says itself."""
    conditions = (found or {}).get("status", {}).get("conditions", [])
    return any(
        each["type"] == "ScalingLimited"
        and each["status"] == "True"
        and each.get("reason") == "TooManyReplicas"
        for each in conditions
    )


def job_state(found: Object | None) -> str:
    """PENDING, DONE or FAILED."""
    for condition in (found or {}).get("status", {}).get("conditions", []):
        if condition["status"] == "True" and condition["type"] in ("Complete", "Failed"):
            return DONE if condition["type"] == "Complete" else FAILED
    return PENDING


def why_not(facts: Facts, component: str, job: str = "") -> str:
    """What keeps a component's pods from running, in the kubelet's words; empty if nothing does.

    `job`: only of this Job's pods. No pod is named: which one comes first changes by itself.
    """
    for pod in facts.pods:
        labels = pod["metadata"]["labels"]
        ours = labels.get("app.kubernetes.io/component") == component
        if ours and (not job or labels.get("batch.kubernetes.io/job-name") == job):
            found = _pod_trouble(pod)
            if found:
                return found
    return ""


def _pod_trouble(pod: Object) -> str:
    """The same while the kubelet tries again and again."""
    status = pod.get("status", {})
    for condition in status.get("conditions", []):
        if condition["type"] == "PodScheduled" and condition["status"] == "False":
            return f"not scheduled: {condition.get('message', '')}"[:MOST_CHARACTERS]
    for container in status.get("containerStatuses", []):
        found = "" if container.get("ready") else _container_trouble(container)
        if found:
            return found[:MOST_CHARACTERS]
    return ""


def _container_trouble(container: Object) -> str:
    """Waiting for the next try, trying, and having failed again are told alike: by how it ended."""
    state, last = container.get("state", {}), container.get("lastState", {})
    ended = state.get("terminated") or last.get("terminated") or {}
    waiting = state.get("waiting", {})
    reason = waiting.get("reason", "")
    if "Image" in reason:  # ErrImagePull and ImagePullBackOff by turns, and others
        return f"the image {container.get('image', '')} cannot be had: see the events of the pods"
    if ended.get("exitCode", 0):
        said = " ".join(ended.get("message", "").split())
        how = f"{container['name']} ended with {ended['exitCode']} ({ended.get('reason', 'Error')})"
        return f"{how}: {said}" if said else f"{how}: see its log"
    if reason in ("", "ContainerCreating", "PodInitializing"):
        return ""
    return f"{reason} {waiting.get('message', '')}".strip()


def address(facts: Facts, kind: Kind, name: str) -> str:
    """The first address that a load balancer gave to a Service or an Ingress; empty if none yet."""
    found = facts.get(kind, name) or {}
    for entry in found.get("status", {}).get("loadBalancer", {}).get("ingress", []):
        return str(entry.get("hostname") or entry.get("ip") or "")
    return ""


OPTIONAL = frozenset(kind.kind for kind in kinds.OWNED if kind.optional)
