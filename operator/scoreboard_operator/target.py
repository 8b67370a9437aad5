"""What a manifest asks for, as one release, and the Jobs that lead to it and away from what was."""

from collections.abc import Mapping
from dataclasses import dataclass

from scoreboard_operator.facts import Object
from scoreboard_operator.images import Images
from scoreboard_operator.keys import stamp
from scoreboard_operator.plan import CONTRACT, MIGRATE, Jobs
from scoreboard_operator.release import Release
from scoreboard_operator.render.config import name as config_name
from scoreboard_operator.render.migration import name as job_name
from scoreboard_operator.render.stores import addresses
from scoreboard_operator.resource import Resource


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """`jobs`: the names of the target's own."""

    release: Release
    jobs: Jobs


def target(resource: Resource, secrets: Mapping[str, Object | None], images: Images) -> Target:
    """`secrets`: those with addresses, as they are now."""
    release = Release(
        image=images.of_roles(resource),
        version=resource.version,
        config=config_name(resource),
        secrets=stamp(resource, secrets),
        addresses=addresses(resource),
        restart_at=resource.restart_at,
    )
    jobs = Jobs(
        migrate=job_name(resource, release, images, MIGRATE),
        contract=job_name(resource, release, images, CONTRACT),
    )
    return Target(release=release, jobs=jobs)
