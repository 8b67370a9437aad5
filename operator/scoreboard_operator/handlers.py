"""kopf is the ear: every event of a Scoreboard or of a child puts its name into the queue.

No handler does more. kopf keeps no state in the objects and sets no finalizer, because there are
only low-level handlers; who acts is decided by the Lease, not by kopf's peering.
"""

import ssl
from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import Any

import kopf

from scoreboard_operator import kinds, names
from scoreboard_operator.kinds import Kind
from scoreboard_operator.workqueue import Key

Add = Callable[[Key], None]
CRD_GROUPS = frozenset(kind.group for kind in kinds.OWNED if kind.optional)


def owner(meta: Mapping[str, Any]) -> Key | None:
    """The Scoreboard that an object belongs to; None if there is none.

    By its owner; if somebody took that away, by its labels.
    """
    references = meta.get("ownerReferences") or []
    for reference in references:
        if reference.get("kind") == kinds.SCOREBOARD.kind and reference.get("controller"):
            return meta["namespace"], reference["name"]
    labels = meta.get("labels") or {}
    ours = labels.get(names.MANAGED_BY) == names.MANAGER and names.INSTANCE in labels
    return (meta["namespace"], labels[names.INSTANCE]) if ours and not references else None


class Told:
    """What was last seen of each Scoreboard, so that writing its status is not news."""

    def __init__(self) -> None:
        self._known: dict[Key, tuple[Any, ...]] = {}

    def news(self, key: Key, meta: Mapping[str, Any], event: str | None) -> bool:
        """Whether anything that matters is different. `event`: ADDED, ...; None when listed."""
        if event == "DELETED":
            self._known.pop(key, None)
            return True
        annotations = tuple(sorted((meta.get("annotations") or {}).items()))
        now = (meta["uid"], meta.get("generation"), annotations, meta.get("deletionTimestamp"))
        new = self._known.get(key) != now
        self._known[key] = now
        return new or event is None


def _resource(kind: Kind) -> tuple[str, str, str]:
    return kind.group, kind.version, kind.plural


def _key(kind: Kind) -> str:
    """As kopf's selectors name it."""
    return f"{kind.plural}.{kind.group}".rstrip(".")


def configure(settings: kopf.OperatorSettings, *, lease: str) -> None:
    """Streams that heal themselves, selected by the server.

    `lease`: the only Lease that is listened to, so that a role can be limited to its name.
    """
    settings.watching.server_timeout = 600
    settings.watching.connect_timeout = 10
    settings.watching.inactivity_timeout = 70
    settings.watching.chunk_size = 500
    settings.networking.request_timeout = 60
    settings.posting.enabled = False
    settings.scanning.disabled = True  # who listens asks what there is, and begins anew
    settings.peering.standalone = True
    # It would kill the process; the kubelet's grace ends us.
    settings.process.ultimate_exiting_timeout = None
    for kind in (*kinds.OWNED, kinds.LEASE):
        settings.watching.label_selectors[_key(kind)] = names.OWNED
    settings.watching.field_selectors[_key(kinds.LEASE)] = f"metadata.name={lease}"


class Connection(kopf.ConnectionInfo):
    """kopf's, without what Python 3.13 wants of an authority's certificate: see cluster.py."""

    def as_ssl_context(self) -> ssl.SSLContext:
        context = super().as_ssl_context()
        context.verify_flags &= ~ssl.VERIFY_X509_STRICT
        return context


def login(**arguments: Any) -> Connection | None:
    """The pod's service account, else KUBECONFIG."""
    found = kopf.login_with_service_account(**arguments)
    found = found or kopf.login_with_kubeconfig(**arguments)
    if found is None:
        return None
    return Connection(**{each.name: getattr(found, each.name) for each in fields(found)})


def registry(
    add: Add, beat: Callable[[Mapping[str, Any]], None], crds: Callable[[], None] | None
) -> kopf.OperatorRegistry:
    """`beat` hears of Leases, `crds` that an optional API comes or goes; None: CRDs, which are the
    whole cluster's, may not be listened to."""
    found = kopf.OperatorRegistry()
    told = Told()
    kopf.on.login(registry=found)(login)

    async def on_scoreboard(meta: Mapping[str, Any], name: str, type: str | None, **_: Any) -> None:
        key = (str(meta["namespace"]), name)
        if told.news(key, meta, type):
            add(key)

    async def on_child(meta: Mapping[str, Any], **_: Any) -> None:
        key = owner(meta)
        if key is not None:
            add(key)

    async def on_lease(meta: Mapping[str, Any], **_: Any) -> None:
        beat(meta)

    async def on_crd(spec: Mapping[str, Any], **_: Any) -> None:
        if crds is not None and spec["group"] in CRD_GROUPS:
            crds()

    kopf.on.event(*_resource(kinds.SCOREBOARD), registry=found)(on_scoreboard)
    kopf.on.event(*_resource(kinds.LEASE), registry=found)(on_lease)
    for kind in kinds.OWNED:
        kopf.on.event(*_resource(kind), registry=found, id=f"child/{kind.plural}")(on_child)
    if crds is not None:
        of = ("apiextensions.k8s.io", "v1", "customresourcedefinitions")
        kopf.on.event(*of, registry=found)(on_crd)
    return found
