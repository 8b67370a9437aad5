"""(Scoreboard, facts) to plan: what each role may run now. The gate of every change of a release.

A new release waits for the stores, then for the migration's Job, then rolls broadcaster, worker,
gateway, each after the one before. Until its turn comes a role keeps the release that it runs. When
all of them run it, a second Job takes away what only the release before needed.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from scoreboard_operator import facts as look
from scoreboard_operator import kinds, names
from scoreboard_operator.facts import Facts
from scoreboard_operator.release import Release, core, of
from scoreboard_operator.resource import CLOUD_NATIVE_PG, MANAGED, RESTART_AT, Resource
from scoreboard_runtime.contract.endpoints import BROADCASTER, GATEWAY, WORKER

ORDER = (BROADCASTER, WORKER, GATEWAY)
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
    """`releases` by role, those that have none yet left out. `keep`: ConfigMaps still in use."""

    target: Release
    releases: Releases = field(default_factory=dict)
    migrate: Release | None = None
    contract: Release | None = None
    hold: Hold | None = None
    served: frozenset[str] = frozenset()
    websocket_url: str = ""
    keep: frozenset[str] = frozenset()


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
    managed = [names.POSTGRES] if resource.database[0] == MANAGED else []
    managed += [names.VALKEY] if resource.redis[0] == MANAGED else []
    for component in managed:
        found = facts.get(kinds.STATEFUL_SET, names.role(resource, component))
        if not look.available(found) and not look.rolled_out(found):
            why = look.why_not(facts, component)
            told = f"{component} is starting{'; ' if why else ''}{why}"
            return Hold(part=DATABASE_MIGRATED, reason="StoresStarting", message=told)
    return None


def _downgrade(running: Mapping[str, Release], target: Release) -> Hold | None:
    newest = max((core(release.version) for release in running.values()), default=())
    if core(target.version) >= newest:
        return None
    shown = ".".join(map(str, newest))
    told = (
        f"version {target.version} is older than {shown}, which runs: "
        f"the database cannot go back; set {shown} or newer"
    )
    return Hold(part=DATABASE_MIGRATED, reason="DowngradeRefused", message=told, stalled=True)


def _migration_hold(facts: Facts, job: str, phase: str = "Migration") -> Hold | None:
    state = look.job_state(facts.get(kinds.JOB, job))
    if state == look.DONE:
        return None
    why = look.why_not(facts, names.MIGRATION, job)
    if state == look.FAILED:
        told = (
            f"Job {job} failed; what runs goes on. {why} "
            f"Set another version, or the annotation {RESTART_AT} to try again"
        )
        return Hold(part=DATABASE_MIGRATED, reason=f"{phase}Failed", message=told, stalled=True)
    told = f"Job {job} runs{'; ' if why else ''}{why}"
    return Hold(part=DATABASE_MIGRATED, reason=f"{phase}Running", message=told)


def _kept(running: Releases) -> dict[str, Release]:
    """What runs; a role whose Deployment somebody deleted gets the oldest that others run."""
    if not running:
        return {}
    oldest = min(running.values(), key=lambda release: core(release.version))
    return {role: running.get(role, oldest) for role in ORDER}


def _roll(resource: Resource, facts: Facts, running: Releases, target: Release) -> Releases:
    """The target for each role whose forerunners are done with it; for the others what runs."""
    found = {role: running.get(role, target) for role in ORDER}
    for role in ORDER:
        found[role] = target
        if running.get(role) != target or not _rolled_out(resource, facts, role):
            break
    return found


def _rolled_out(resource: Resource, facts: Facts, role: str) -> bool:
    return look.rolled_out(facts.get(kinds.DEPLOYMENT, names.role(resource, role)))


def plan(resource: Resource, facts: Facts, target: Release, jobs: Jobs) -> Plan:
    """What may run now."""
    deployments = {r: facts.get(kinds.DEPLOYMENT, names.role(resource, r)) for r in ORDER}
    running = {role: found for role, live in deployments.items() if (found := of(live))}
    there = all(running.get(role) == target for role in ORDER)
    hold = _downgrade(running, target)
    migrate, contract = None, None
    if hold is None and not there:
        hold = _store_hold(resource, facts)
        if hold is None:
            migrate = target
            hold = _migration_hold(facts, jobs.migrate)
    elif hold is None:
        # They stay as the proof. The old release is gone: nothing needs what it needed.
        migrate = target if facts.get(kinds.JOB, jobs.migrate) is not None else None
        done = all(_rolled_out(resource, facts, role) for role in ORDER)
        contract = target if done or facts.get(kinds.JOB, jobs.contract) is not None else None
        hold = _migration_hold(facts, jobs.contract, "Contraction") if contract else None
    releases = _roll(resource, facts, running, target) if hold is None or there else _kept(running)
    used = (*releases.values(), *running.values())
    return Plan(
        target=target,
        releases=releases,
        migrate=migrate,
        contract=contract,
        hold=hold,
        served=facts.served,
        websocket_url=_websocket_url(resource, facts),
        keep=frozenset(release.config for release in used),
    )


def _websocket_url(resource: Resource, facts: Facts) -> str:
    """A load balancer of its own leads to the broadcaster; an ingress has it at /ws."""
    if resource.spec["exposure"]["type"] != "LoadBalancer":
        return ""
    host = look.address(facts, kinds.SERVICE, names.role(resource, BROADCASTER))
    return f"ws://{host}/ws" if host else ""
