"""The cluster to facts: what belongs to one Scoreboard, as it is now (read, never from a cache)."""

import asyncio
from dataclasses import dataclass, field

from scoreboard_operator import kinds, names
from scoreboard_operator.certificates import certificate_secret
from scoreboard_operator.cluster import Cluster
from scoreboard_operator.facts import Facts, Object
from scoreboard_operator.kinds import Kind
from scoreboard_operator.ownership import belongs, left_over
from scoreboard_operator.render.routing import needed
from scoreboard_operator.render.stores import given_secrets
from scoreboard_operator.resource import Resource


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """`secrets`: keys, stores and given ones by name, None if missing. `leftovers`: objects that
    an earlier Scoreboard of this name left and the garbage collector has not taken yet."""

    facts: Facts
    secrets: dict[str, Object | None] = field(repr=False)
    leftovers: tuple[str, ...] = ()


async def _labelled(cluster: Cluster, resource: Resource, kind: Kind) -> list[Object]:
    selector = f"{names.OWNED},{names.INSTANCE}={resource.name}"
    return await cluster.list(kind, resource.namespace, selector)


async def observe(cluster: Cluster, resource: Resource, served: frozenset[str]) -> Observed:
    """Raises ApiError."""
    wanted = [k for k in kinds.OWNED if not k.optional or k.kind in served]
    asked = given_secrets(resource)
    own = [names.keys(resource), names.stores(resource)]
    alerting = sorted({ref["name"] for ref in needed(resource)})
    shown = [name] if (name := certificate_secret(resource)) else []
    traced = [ref["name"]] if (ref := resource.traces_secret) else []
    named = [*own, *asked, *alerting, *shown, *traced]
    lists = asyncio.gather(*(_labelled(cluster, resource, kind) for kind in wanted))
    pods = _labelled(cluster, resource, kinds.POD)
    gets = asyncio.gather(*(cluster.get(kinds.SECRET, resource.namespace, name) for name in named))
    listed, seen, found = await asyncio.gather(lists, pods, gets)
    objects: dict[tuple[str, str], Object] = {}
    leftovers: list[str] = []
    for kind, items in zip(wanted, listed, strict=True):
        for item in items:
            name = item["metadata"]["name"]
            if belongs(resource, item):
                objects[kind.kind, name] = item
            elif left_over(resource, item):
                leftovers.append(f"{kind.kind}/{name}")
    known = dict(zip(named, found, strict=True))
    secrets = {name: known[name] for name in own + asked}
    facts = Facts(
        objects=objects,
        secrets={name: known[name] for name in asked},
        alert_secrets={name: known[name] for name in alerting},
        traces_secret=known[traced[0]] if traced else None,
        certificate=known[shown[0]] if shown else None,
        pods=tuple(seen),
        served=served,
    )
    return Observed(facts=facts, secrets=secrets, leftovers=tuple(leftovers))
