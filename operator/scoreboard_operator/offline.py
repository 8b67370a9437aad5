"""A manifest file to manifests, without a cluster: what `scoreboard render` prints."""

from dataclasses import replace
from pathlib import Path

from scoreboard_operator import kinds
from scoreboard_operator.images import Images
from scoreboard_operator.plan import ORDER, Plan
from scoreboard_operator.render import render
from scoreboard_operator.render.parts import Manifest
from scoreboard_operator.resource import Resource, read
from scoreboard_operator.target import target
from scoreboard_runtime.contract import crd

OPTIONAL = frozenset(kind.kind for kind in kinds.OWNED if kind.optional)


class Unreadable(Exception):
    """The text names the file and every fault."""


def resource(path: Path, namespace: str | None) -> Resource:
    """Raises Unreadable."""
    try:
        found = crd.document(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise Unreadable(f"cannot read {path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise Unreadable(f"{path} is not UTF-8 text") from None
    except crd.ManifestError as error:
        raise Unreadable(f"{path} is not a valid Scoreboard:\n{error}") from None
    known = read(found)
    return replace(known, namespace=namespace) if namespace else known


def finished(wanted: Resource, images: Images, served: frozenset[str]) -> Plan:
    """The plan when everything has come up."""
    aim = target(wanted, {}, images).release
    return Plan(
        target=aim,
        stores=aim.version,
        releases=dict.fromkeys(ORDER, aim),
        migrate=aim,
        contract=aim,
        served=served,
        headers="0" if wanted.traces_secret else "",
    )


def manifests(wanted: Resource, images: Images, served: frozenset[str]) -> list[Manifest]:
    """Every object but Secrets."""
    return render(wanted, finished(wanted, images, served), images)
