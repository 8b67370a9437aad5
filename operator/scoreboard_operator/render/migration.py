"""The Jobs around a rollout: expand the database before it, contract it after. Named by content."""

from scoreboard_operator import names
from scoreboard_operator.images import Images
from scoreboard_operator.plan import CONTRACT, MIGRATE
from scoreboard_operator.release import Release, digest
from scoreboard_operator.render import parts
from scoreboard_operator.render.parts import Manifest
from scoreboard_operator.resource import RESTART_AT, Resource
from scoreboard_runtime.contract import endpoints

DEADLINE_SECONDS, WAIT_SECONDS = 900, 120
ATTEMPTS = 3
ARGUMENTS = {MIGRATE: ["migrate"], CONTRACT: ["migrate", "--contract"]}


def _spec(resource: Resource, release: Release, images: Images, phase: str) -> Manifest:
    database = {endpoints.ENV_DATABASE_URL: release.addresses[endpoints.ENV_DATABASE_URL]}
    container = {
        "name": phase,
        "image": release.image,
        "imagePullPolicy": images.pull_policy,
        "args": [*ARGUMENTS[phase], "--wait", str(WAIT_SECONDS)],
        "env": parts.env(database),
        "resources": parts.resources(
            None, {"cpu": "50m", "memory": "64Mi"}, {"cpu": "1", "memory": "256Mi"}
        ),
        "securityContext": parts.container_security(),
        "volumeMounts": [{"name": "tmp", "mountPath": "/tmp"}],
        "terminationMessagePolicy": "FallbackToLogsOnError",
    }
    pod = parts.pod(resource, names.MIGRATION, [container], [], restartPolicy="Never")
    stamps = {"scoreboard.dev/secrets": release.secrets, RESTART_AT: release.restart_at}
    hopeless = [endpoints.EXIT_SETTINGS, endpoints.EXIT_FINAL]
    on_exit = {"containerName": phase, "operator": "In", "values": hopeless}
    return {
        "backoffLimit": ATTEMPTS - 1,
        "podFailurePolicy": {"rules": [{"action": "FailJob", "onExitCodes": on_exit}]},
        "activeDeadlineSeconds": DEADLINE_SECONDS,
        "template": {
            "metadata": {"labels": names.labels(resource, names.MIGRATION), "annotations": stamps},
            "spec": pod,
        },
    }


def name(resource: Resource, release: Release, images: Images, phase: str) -> str:
    """By the whole content, because a Job's template cannot be changed."""
    return f"{resource.name}-{phase}-{digest(_spec(resource, release, images, phase))}"


def migration(resource: Resource, release: Release, images: Images, phase: str) -> list[Manifest]:
    """`scoreboard migrate`: safe to run twice, by an advisory lock in Postgres."""
    job = name(resource, release, images, phase)
    return [
        {
            "apiVersion": "batch/v1",
            "kind": "Job",
            "metadata": parts.metadata(resource, job, names.MIGRATION),
            "spec": _spec(resource, release, images, phase),
        },
    ]
