"""A Scoreboard as the API server stores it, read once: what the operator obeys."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from scoreboard_runtime.contract import crd
from scoreboard_runtime.contract.durations import microseconds

PREFIX = "scoreboard.dev"
PAUSED, PLAN, RESTART_AT = f"{PREFIX}/paused", f"{PREFIX}/plan", f"{PREFIX}/restart-at"
# What a Scoreboard's annotations ask for (docs/reference/operator.md is made of this).
ANNOTATIONS: Mapping[str, str] = {
    PAUSED: "`true`: nothing is changed, whatever happens to the children",
    PLAN: "`true`: nothing is changed; status.plannedChanges says what would be",
    RESTART_AT: "any text; another one runs the migration again and rolls every role",
}
MANAGED, GIVEN, CLOUD_NATIVE_PG = "managed", "secretRef", "cloudNativePG"


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """One Scoreboard. `spec` has every default filled, by the API server or by `crd.defaults`."""

    name: str
    namespace: str
    uid: str
    generation: int
    spec: Mapping[str, Any]
    status: Mapping[str, Any]
    annotations: Mapping[str, str]
    deleting: bool = False

    @property
    def version(self) -> str:
        return str(self.spec["version"])

    @property
    def paused(self) -> bool:
        return self.annotations.get(PAUSED) == "true"

    @property
    def plan_only(self) -> bool:
        return self.annotations.get(PLAN) == "true"

    @property
    def restart_at(self) -> str:
        return self.annotations.get(RESTART_AT, "")

    @property
    def database(self) -> tuple[str, Mapping[str, Any]]:
        """The way to Postgres and what it says; managed if nothing is given."""
        return _choice(self.spec.get("database"), {"storage": "10Gi"})

    @property
    def redis(self) -> tuple[str, Mapping[str, Any]]:
        """The way to Valkey and what it says; managed if nothing is given."""
        return _choice(self.spec.get("redis"), {"storage": "2Gi"})

    @property
    def traces_secret(self) -> Mapping[str, str] | None:
        """Name and key of the headers for the collector of traces; None for no headers."""
        found: Mapping[str, str] | None = (self.spec["monitoring"].get("traces") or {}).get(
            "headersSecretRef"
        )
        return found

    @property
    def rotation_us(self) -> int:
        return microseconds(self.spec["auth"]["keyRotation"])

    @property
    def keep_us(self) -> int:
        """How long a superseded key must verify: nothing that it signed lives longer."""
        return microseconds(self.spec["auth"]["refreshTTL"])


def _choice(given: Any, default: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
    if not given:
        return MANAGED, default
    ((way, said),) = given.items()
    return way, {**default, **said} if way == MANAGED else said


def read(found: Mapping[str, Any]) -> Resource:
    """From an object of the API, or from a manifest that `crd.document` checked."""
    metadata = found["metadata"]
    return Resource(
        name=metadata["name"],
        namespace=metadata.get("namespace") or "default",
        uid=metadata.get("uid", ""),
        generation=metadata.get("generation", 0),
        spec=crd.defaults(found["spec"]),
        status=found.get("status", {}),
        annotations=metadata.get("annotations") or {},
        deleting="deletionTimestamp" in metadata,
    )
