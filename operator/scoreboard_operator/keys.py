"""The Secrets that the operator makes: once, then what time demands (pure; entropy is given)."""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass, field

from scoreboard_operator import names
from scoreboard_operator.facts import Object
from scoreboard_operator.ownership import belongs
from scoreboard_operator.release import digest
from scoreboard_operator.render import parts
from scoreboard_operator.render.role import KEYS_FILE
from scoreboard_operator.render.stores import PASSWORD, contents, given_secrets
from scoreboard_operator.resource import MANAGED, Resource
from scoreboard_runtime.contract.keyring import (
    Key,
    Keyring,
    KeyringError,
    encode,
    parse,
    rotate,
)

COMPONENT = "secrets"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entropy:
    """What nobody may guess, made at the edge. `password`: letters and digits."""

    key: Key = field(repr=False)
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Secrets:
    """`manifests` to apply; `fault`: why the keys cannot be used, and what to do."""

    manifests: tuple[parts.Manifest, ...] = field(repr=False)
    fault: str = ""
    rotated: str = ""  # kid of a key that is new beside older ones


def _decoded(secret: Object | None) -> dict[str, bytes]:
    found = {}
    for name, text in ((secret or {}).get("data") or {}).items():
        try:
            found[name] = base64.b64decode(text)
        except (binascii.Error, ValueError):
            continue
    return found


def _secret(resource: Resource, name: str, data: Mapping[str, bytes]) -> parts.Manifest:
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": parts.metadata(resource, name, COMPONENT),
        "type": "Opaque",
        "data": {key: base64.b64encode(value).decode() for key, value in data.items()},
    }


def secrets(
    resource: Resource, live: Mapping[str, Object | None], now_us: int, entropy: Entropy
) -> Secrets:
    """What must be there: keys that are young enough, addresses of the managed stores.

    A Secret with the keys' name that is not ours was brought: it is used and never written.
    """
    found: list[parts.Manifest] = []
    if MANAGED in (resource.database[0], resource.redis[0]):
        known = (
            _decoded(live.get(names.stores(resource))).get(PASSWORD, b"").decode("ascii", "replace")
        )
        good = len(known) >= 16 and known.isalnum()
        data = contents(resource, known if good else entropy.password)
        encoded = {key: value.encode() for key, value in data.items()}
        found.append(_secret(resource, names.stores(resource), encoded))
    name = names.keys(resource)
    secret = live.get(name)
    text = _decoded(secret).get(KEYS_FILE)
    try:
        keyring = None if secret is None else parse(text or b"")
    except KeyringError as error:
        why = (
            f"{KEYS_FILE} in Secret {name} is unusable ({error}): put the keys back, "
            "or delete the Secret to begin with new ones (every session ends)"
        )
        return Secrets(manifests=tuple(found), fault=why)
    if secret is not None and not belongs(resource, secret):
        return Secrets(manifests=tuple(found))
    wanted = rotate(keyring, entropy.key, resource.rotation_us, resource.keep_us)
    fresh = keyring is not None and wanted.active.kid != keyring.active.kid
    kept = text if text and wanted == keyring else encode(wanted)
    found.append(_secret(resource, name, {KEYS_FILE: kept}))
    return Secrets(manifests=tuple(found), rotated=wanted.active.kid if fresh else "")


def due_us(resource: Resource, live: Mapping[str, Object | None]) -> int | None:
    """When the active key is due to be succeeded, whoever made it; None without usable keys."""
    secret = live.get(names.keys(resource))
    try:
        keyring: Keyring = parse(_decoded(secret).get(KEYS_FILE, b""))
    except KeyringError:
        return None
    return keyring.active.created_us + resource.rotation_us


def rotation_due_us(resource: Resource, live: Mapping[str, Object | None]) -> int | None:
    """When the operator has to make a new key; None if that is not ours to do."""
    secret = live.get(names.keys(resource))
    ours = secret is not None and belongs(resource, secret)
    return due_us(resource, live) if ours else None


def stamp(resource: Resource, live: Mapping[str, Object | None]) -> str:
    """Changes when an address does: pods read theirs at start only.

    Of a Secret that others own it is the resourceVersion, never a digest of the content, which
    may be weak.
    """
    given = given_secrets(resource)
    seen = [(n, (live.get(n) or {}).get("metadata", {}).get("resourceVersion", "")) for n in given]
    password = _decoded(live.get(names.stores(resource))).get(PASSWORD, b"").hex()
    return digest(password, seen, resource.database[0], resource.redis[0])
