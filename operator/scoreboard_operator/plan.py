"""(Scoreboard, facts) to plan: what each role may run now. The gate of every change of a release.

A new release waits for the stores, then for the migration's Job, then rolls broadcaster, worker,
gateway, each after the one before. Until its turn comes a role keeps the release that it runs. When
all of them run it, a second Job takes away what only the release before needed, and the managed
stores come last: a version that does not come up leaves them alone. Until then it may be gone back.
"""

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from scoreboard_operator import facts as look
from scoreboard_operator import kinds, names
from scoreboard_operator.facts import Facts
from scoreboard_operator.release import VERSION, Release, of, order
from scoreboard_operator.resource import CLOUD_NATIVE_PG, MANAGED, RESTART_AT, Resource
from scoreboard_runtime.contract.endpoints import BROADCASTER, GATEWAY, WORKER
from scoreboard_runtime.contract.traces import pairs

ORDER = (BROADCASTER, WORKER, GATEWAY)
MIGRATE, CONTRACT = "migrate", "contract"  # phases of a Job, and in its name
# The conditions that a hold can belong to.
DATABASE_MIGRATED, SECRETS_READY = "DatabaseMigrated", "SecretsReady"


Releases = Mapping[str, Release]


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """Why the target does not run yet. `stalled`: not without somebody's help."""

    part: str  # the condition that it belongs to
    reason: str
    message: str
    stalled: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Jobs:
    """Names of a release's Jobs: what must be before it, what may be after it."""

    migrate: str
    contract: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """`releases` by role, those that have none yet left out. `stores`: the managed ones' version.

    `keep`: ConfigMaps still in use. `headers`: a mark of the Secret with the headers of traces;
    empty where none is used, also because it is missing or unreadable: no role waits for that.
    """

    target: Release
    stores: str
    releases: Releases = field(default_factory=dict)
    migrate: Release | None = None
    contract: Release | None = None
    hold: Hold | None = None
    served: frozenset[str] = frozenset()
    websocket_url: str = ""
    keep: frozenset[str] = frozenset()
    headers: str = ""


def _managed(resource: Resource) -> list[str]:
    """The stores that the operator runs."""
    ways = ((names.POSTGRES, resource.database), (names.VALKEY, resource.redis))
    return [component for component, (way, _) in ways if way == MANAGED]


def _store_hold(resource: Resource, facts: Facts) -> Hold | None:
    """The stores that the operator runs must be up, the Secrets of given ones must be there."""
    by_cnpg = resource.database[0] == CLOUD_NATIVE_PG
    if by_cnpg and kinds.CLUSTER.kind not in facts.served:
        told = "CloudNativePG is not installed in this cluster: install it or use another database"
        return Hold(part=DATABASE_MIGRATED, reason="CRDMissing", message=told, stalled=True)
    for name, secret in facts.secrets.items():
        if secret is None and by_cnpg and name == names.cloud_native_pg(resource):
            told = f"CloudNativePG has not made Secret {name} yet: its Cluster is starting"
            return Hold(part=DATABASE_MIGRATED, reason="StoresStarting", message=told)
        if secret is None:
            told = f"Secret {name} is missing: create it with the address of the server"
            return Hold(part=SECRETS_READY, reason="SecretMissing", message=told, stalled=True)
    for component in _managed(resource):
        if not look.rolled_out(facts.get(kinds.STATEFUL_SET, names.role(resource, component))):
            return _starting(component, look.why_not(facts, component))
    return None


def _starting(component: str, why: str) -> Hold:
    told = f"{component} is starting{'; ' if why else ''}{why}"
    return Hold(part=DATABASE_MIGRATED, reason="StoresStarting", message=told)


def _downgrade(
    resource: Resource, facts: Facts, running: Releases, target: Release, jobs: Jobs
) -> Hold | None:
    """What ran before may come back while the newer one is on its way, but not after that."""
    runs = sorted((release.version for release in running.values()), key=order)
    if not runs or order(target.version) >= order(runs[-1]):
        return None
    oldest = min(runs[0], str(resource.status.get("version") or runs[0]), key=order)
    done_with = f"{resource.name}-{CONTRACT}-"
    contracted = [
        name
        for name in (job["metadata"]["name"] for job in facts.of(kinds.JOB))
        if name.startswith(done_with) and name != jobs.contract
    ]
    if order(target.version) >= order(oldest) and not contracted:
        return None
    told = (
        f"version {target.version} is older than {runs[-1]}, which runs: "
        f"the database cannot go back; set {runs[-1]} or newer"
    )
    return Hold(part=DATABASE_MIGRATED, reason="DowngradeRefused", message=told, stalled=True)


def _job_hold(facts: Facts, job: str, phase: str) -> Hold | None:
    """`phase`: Migration or Contraction."""
    state = look.job_state(facts.get(kinds.JOB, job))
    if state == look.DONE:
        return None
    why = look.why_not(facts, names.MIGRATION, job)
    said = f"; {why}" if why else ""
    if state == look.FAILED:
        told = (
            f"Job {job} failed{said}. What runs goes on. "
            f"Set another version, or the annotation {RESTART_AT} to try again"
        )
        return Hold(part=DATABASE_MIGRATED, reason=f"{phase}Failed", message=told, stalled=True)
    told = f"Job {job} runs{said}"
    return Hold(part=DATABASE_MIGRATED, reason=f"{phase}Running", message=told)


def _kept(running: Releases) -> dict[str, Release]:
    """What runs; a role of which nobody can tell gets what the last in order runs, the oldest."""
    if not running:
        return {}
    oldest = next(running[role] for role in reversed(ORDER) if role in running)
    return {role: running.get(role, oldest) for role in ORDER}


def _roll(resource: Resource, facts: Facts, running: Releases, target: Release) -> Releases:
    """The target for each role whose forerunners are done with it; for the others what runs."""
    found = _kept(running) or dict.fromkeys(ORDER, target)
    for role in ORDER:
        found[role] = target
        if running.get(role) != target or not _rolled_out(resource, facts, role):
            break
    return found


def _rolled_out(resource: Resource, facts: Facts, role: str) -> bool:
    return look.rolled_out(facts.get(kinds.DEPLOYMENT, names.role(resource, role)))


def _stores(resource: Resource, facts: Facts, running: Releases, target: Release) -> str:
    """The version that the managed stores keep while another one is on its way."""
    if not running:
        return target.version
    found = [facts.get(kinds.STATEFUL_SET, names.role(resource, c)) for c in _managed(resource)]
    marks = (each["metadata"].get("annotations") or {} for each in found if each)
    versions = [str(mark[VERSION]) for mark in marks if _readable(mark.get(VERSION))]
    return min(versions or [release.version for release in running.values()], key=order)


def _readable(version: str | None) -> bool:
    try:
        return version is not None and bool(order(version))
    except ValueError:
        return False


def plan(resource: Resource, facts: Facts, target: Release, jobs: Jobs) -> Plan:
    """What may run now."""
    deployments = {r: facts.get(kinds.DEPLOYMENT, names.role(resource, r)) for r in ORDER}
    running = {role: found for role, live in deployments.items() if (found := of(live))}
    there = all(running.get(role) == target for role in ORDER)
    # A Job stays as the proof; so is a role that runs it. Config alone migrates nothing.
    proven = any(replace(found, config=target.config) == target for found in running.values())
    hold = _downgrade(resource, facts, running, target, jobs)
    hold = hold or _store_hold(resource, facts)
    asked = hold is None and not proven
    if asked:
        hold = _job_hold(facts, jobs.migrate, "Migration")
    done = there and hold is None and all(_rolled_out(resource, facts, role) for role in ORDER)
    contracts = done or (there and facts.get(kinds.JOB, jobs.contract) is not None)
    if contracts:
        hold = hold or _job_hold(facts, jobs.contract, "Contraction")
    stores = _stores(resource, facts, running, target)
    if done and hold is None and stores != target.version:
        stores = target.version
        hold = _starting("a newer version of the stores", "")
    releases = _roll(resource, facts, running, target) if hold is None or there else _kept(running)
    used = (*releases.values(), *running.values())
    return Plan(
        target=target,
        stores=stores,
        releases=releases,
        migrate=target if asked or facts.get(kinds.JOB, jobs.migrate) is not None else None,
        contract=target if contracts else None,
        hold=hold,
        served=facts.served,
        websocket_url=_websocket_url(resource, facts),
        keep=frozenset(release.config for release in used),
        headers=_headers(resource, facts),
    )


def _headers(resource: Resource, facts: Facts) -> str:
    """The Secret's resourceVersion: pods read theirs at start only."""
    ref, secret = resource.traces_secret, facts.traces_secret
    if ref is None or secret is None:
        return ""
    given = (secret.get("data") or {}).get(ref["key"], "")
    try:
        text = base64.b64decode(given, validate=True).decode()
    except ValueError:
        return ""
    mark: str = secret.get("metadata", {}).get("resourceVersion", "0")
    return mark if pairs(text) else ""


def _websocket_url(resource: Resource, facts: Facts) -> str:
    """A load balancer of its own leads to the broadcaster; an ingress has it at /ws."""
    if resource.spec["exposure"]["type"] != "LoadBalancer":
        return ""
    host = look.address(facts, kinds.SERVICE, names.role(resource, BROADCASTER))
    return f"ws://{host}/ws" if host else ""
