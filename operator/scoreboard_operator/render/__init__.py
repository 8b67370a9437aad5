"""(Scoreboard, plan) to manifests: pure, one flat list in the order in which it is applied."""

from scoreboard_operator import kinds, names
from scoreboard_operator.images import Images
from scoreboard_operator.plan import CONTRACT, MIGRATE, Plan
from scoreboard_operator.render import exposure, monitoring, parts
from scoreboard_operator.render.config import config
from scoreboard_operator.render.migration import migration
from scoreboard_operator.render.parts import Manifest
from scoreboard_operator.render.role import (
    Role,
    deployment,
    disruption_budget,
    metrics_service,
    policy,
)
from scoreboard_operator.render.scaling import autoscaler, by_keda, scaled_object
from scoreboard_operator.render.stores import Run, stores
from scoreboard_operator.resource import Resource
from scoreboard_runtime.contract.endpoints import BROADCASTER, GATEWAY, WORKER

ROLES = {
    BROADCASTER: Role(
        name=BROADCASTER,
        port_name="ws",
        app_protocol="kubernetes.io/ws",
        settle_seconds=600,
        leave_seconds=300,
    ),
    WORKER: Role(name=WORKER),
    # Who leaves takes no connection with it, and a new one serves within seconds.
    GATEWAY: Role(name=GATEWAY, settle_seconds=120),
}


def _beside(resource: Resource, role: Role, plan: Plan) -> list[Manifest]:
    """What a role has besides its Deployment."""
    entered = role.name != WORKER
    found = [
        parts.service_account(resource, role.name),
        policy(resource, role, open_to_all=entered),
        metrics_service(resource, role),
        disruption_budget(resource, role),
    ]
    if entered:
        service = exposure.entry_service(resource, role.name, role.port_name, role.app_protocol)
        found.append(service)
    keda = by_keda(resource, role) and kinds.SCALED_OBJECT.kind in plan.served
    found.append((scaled_object if keda else autoscaler)(resource, role))
    return found


def render(resource: Resource, plan: Plan, images: Images) -> list[Manifest]:
    """Every object that should be there now, but for Secrets (keys.py makes those)."""
    run = Run(version=plan.stores, secrets=plan.target.secrets)
    found = [config(resource), *stores(resource, run, images)]
    found.append(parts.service_account(resource, names.MIGRATION))
    for phase, release in ((MIGRATE, plan.migrate), (CONTRACT, plan.contract)):
        if release is not None:
            found += migration(resource, release, images, phase)
    for name, role in ROLES.items():
        found += _beside(resource, role, plan)
        release = plan.releases.get(name)
        if release is not None:
            found.append(deployment(resource, role, release, images, plan))
    found += exposure.exposure(resource)
    found += monitoring.monitoring(resource)
    served = [each for each in found if _is_served(each, plan)]
    return sorted(served, key=lambda each: kinds.OWNED.index(kinds.of(each)))


def _is_served(manifest: Manifest, plan: Plan) -> bool:
    kind = kinds.of(manifest)
    return not kind.optional or kind.kind in plan.served
