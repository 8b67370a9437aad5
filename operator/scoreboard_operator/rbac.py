"""What the operator may do, derived from what it does with each kind (pure).

The home of the chart's roles and of docs/reference/rbac.md, which `python -m charts.make` writes.
A test compares them with what an operator at work really asks of the API server.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from scoreboard_operator import kinds
from scoreboard_operator.kinds import Kind

LISTEN = ("list", "watch")
# Server-side apply is a patch, and a create where nothing is yet.
APPLY = ("create", "patch")
KEPT = frozenset({kinds.SECRET})  # never pruned: what they hold cannot be made again


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule of a role. `name`: of the only object that it is for; `why` is for people."""

    group: str
    resources: tuple[str, ...]
    verbs: tuple[str, ...]
    why: str
    name: str = ""


def _verbs(kind: Kind) -> tuple[str, ...]:
    """`get`: whether a name is taken by somebody else; of Secrets, those that a board names."""
    prune = () if kind in KEPT else ("delete",)
    return tuple(sorted(("get", *LISTEN, *APPLY, *prune)))


def boards() -> tuple[Rule, ...]:
    """Wherever Scoreboards are: in every namespace, or in each one that is watched."""
    own = kinds.SCOREBOARD
    owned = tuple(
        Rule(group=group, resources=plurals, verbs=verbs, why=why)
        for (group, verbs, why), plurals in _gathered(kinds.OWNED).items()
    )
    return (
        Rule(
            group=own.group,
            resources=(own.plural,),
            verbs=("get", *LISTEN),
            why="what is wanted; it is never written",
        ),
        Rule(
            group=own.group,
            resources=(f"{own.plural}/status",),
            verbs=("patch",),
            why="what is; nobody else writes it",
        ),
        *owned,
        Rule(
            group=kinds.POD.group,
            resources=(kinds.POD.plural,),
            verbs=("list",),
            why="why a pod does not start, for the conditions",
        ),
        Rule(
            group=kinds.EVENT.group,
            resources=(kinds.EVENT.plural,),
            verbs=("create",),
            why="what happened, for people",
        ),
    )


def _why(kind: Kind) -> str:
    if kind in KEPT:
        return "the keys and the stores' passwords, made once; addresses that a board names"
    if kind.optional:
        return "where this API is served and a board asks for it"
    return "made, kept as declared, pruned"


def _gathered(owned: Iterable[Kind]) -> dict[tuple[str, tuple[str, ...], str], tuple[str, ...]]:
    """Plurals by what their rules have in common."""
    found: dict[tuple[str, tuple[str, ...], str], tuple[str, ...]] = {}
    for kind in owned:
        key = (kind.group, _verbs(kind), _why(kind))
        found[key] = tuple(sorted((*found.get(key, ()), kind.plural)))
    return found


def everywhere(lease: str) -> tuple[Rule, ...]:
    """What watching every namespace needs besides, for the whole cluster."""
    return (
        Rule(
            group="apiextensions.k8s.io",
            resources=("customresourcedefinitions",),
            verbs=LISTEN,
            why="an optional API that appears later is used without a restart",
        ),
        *heartbeat(lease),
    )


def heartbeat(lease: str) -> tuple[Rule, ...]:
    """Wherever Scoreboards are watched: kopf opens every stream everywhere, also the Lease's."""
    return (
        Rule(
            group=kinds.LEASE.group,
            resources=(kinds.LEASE.plural,),
            verbs=LISTEN,
            name=lease,
            why="the heartbeat, heard through a watch like every other",
        ),
    )


def at_home(lease: str) -> tuple[Rule, ...]:
    """In the operator's own namespace: its Lease."""
    return (
        Rule(
            group=kinds.LEASE.group,
            resources=(kinds.LEASE.plural,),
            verbs=("create",),
            why="the Lease of who acts (create cannot be limited to a name)",
        ),
        Rule(
            group=kinds.LEASE.group,
            resources=(kinds.LEASE.plural,),
            verbs=("get", *LISTEN, "update"),
            name=lease,
            why="taking, renewing and giving it away; the heartbeat",
        ),
    )


def listening() -> tuple[Rule, ...]:
    """In the operator's own namespace if that is not watched: all streams are in all namespaces
    where one is, and the heartbeat's is there. Nothing is written."""
    listened = (kinds.SCOREBOARD, *kinds.OWNED)
    groups = sorted({kind.group for kind in listened})
    return tuple(
        Rule(
            group=group,
            resources=tuple(sorted(kind.plural for kind in listened if kind.group == group)),
            verbs=LISTEN,
            why="kopf opens every stream in every namespace where it opens one",
        )
        for group in groups
    )
