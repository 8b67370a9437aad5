"""The part of a Scoreboard manifest that the runtime obeys, parsed once into frozen values.

In: the manifest's `metadata.name` and its `spec` with the CRD's defaults already filled
(`contract/crd.py` on one machine, the API server in a cluster). Out: `Scoreboard`.
Durations become whole microseconds, the unit of every clock in the rules and in Valkey.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from scoreboard_runtime.contract.durations import microseconds

MAX_SCORE = 2**53 - 1  # what a sorted set's double holds exactly
DEFAULT_WINDOW = "current"  # the only window until windows come


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """`count` attempts in any span of `per_us` microseconds."""

    count: int
    per_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Points:
    """What an action is worth: `fixed`, or `each` per unit of the measured `field` up to `max`."""

    fixed: int = 0
    field: str | None = None
    each: int = 1
    max: int = MAX_SCORE


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """One entry of `spec.actions`, the only source of points."""

    name: str
    points: Points
    cooldown_us: int = 0
    limit: Limit | None = None
    roles: frozenset[str] = frozenset()  # empty: every signed-in user
    once: bool = False
    issued: bool = False
    min_us: int = 0  # an issued task cannot be completed before
    max_us: int = 3_600_000_000  # nor after


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """One entry of `spec.boards`; `size` is the N of its top N."""

    name: str
    size: int
    public: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Oidc:
    """The identity provider whose tokens may be exchanged for a session."""

    issuer: str
    audience: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Scoreboard:
    """Everything the three roles obey."""

    name: str
    version: str
    boards: tuple[Board, ...]
    actions: Mapping[str, Action]
    global_limit: Limit
    address_limit: Limit
    user_limit: Limit
    registration_open: bool
    token_ttl_us: int
    refresh_ttl_us: int
    key_rotation_us: int
    oidc: Oidc | None
    signing: str  # Required | Optional | Off
    l1_ttl_us: int
    l2_ttl_us: int
    eager: bool
    max_rate: int  # scoreboard_updated frames a second and board
    max_connections: int  # sockets of one broadcaster
    allowed_origins: tuple[str, ...]

    @property
    def board(self) -> Board:
        """The default board: the first."""
        return self.boards[0]


def _limit(value: Mapping[str, Any]) -> Limit:
    return Limit(count=value["count"], per_us=microseconds(value["per"]))


def _points(value: int | Mapping[str, Any]) -> Points:
    if isinstance(value, int):
        return Points(fixed=value)
    return Points(field=value["field"], each=value.get("each", 1), max=value["max"])


def _action(value: Mapping[str, Any]) -> Action:
    return Action(
        name=value["name"],
        points=_points(value["points"]),
        cooldown_us=microseconds(value.get("cooldown", "0s")),
        limit=_limit(value["limit"]) if "limit" in value else None,
        roles=frozenset(value.get("roles", ())),
        once=value["repeat"] == "Once",
        issued=value["task"] == "Issued",
        min_us=microseconds(value.get("minDuration", "0s")),
        max_us=microseconds(value.get("maxDuration", "1h")),
    )


def _oidc(auth: Mapping[str, Any]) -> Oidc | None:
    value = auth.get("oidc")
    return Oidc(issuer=value["issuer"].rstrip("/"), audience=value["audience"]) if value else None


def parse(name: str, spec: Mapping[str, Any]) -> Scoreboard:
    """The manifest's spec, defaults filled -> what the runtime obeys."""
    limits, auth, cache = spec["limits"], spec["auth"], spec["cache"]
    return Scoreboard(
        name=name,
        version=spec["version"],
        boards=tuple(
            Board(name=b["name"], size=b["size"], public=b["visibility"] == "Public")
            for b in spec["boards"]
        ),
        actions={a["name"]: _action(a) for a in spec["actions"]},
        global_limit=_limit(limits["global"]),
        address_limit=_limit(limits["address"]),
        user_limit=_limit(limits["user"]),
        registration_open=auth["registration"] == "Open",
        token_ttl_us=microseconds(auth["tokenTTL"]),
        refresh_ttl_us=microseconds(auth["refreshTTL"]),
        key_rotation_us=microseconds(auth["keyRotation"]),
        oidc=_oidc(auth),
        signing=spec["security"]["signing"],
        l1_ttl_us=microseconds(cache["l1TTL"]),
        l2_ttl_us=microseconds(cache["l2TTL"]),
        eager=cache["refresh"] == "Eager",
        max_rate=spec["realtime"]["maxRate"],
        max_connections=spec["realtime"]["maxConnections"],
        allowed_origins=tuple(spec.get("exposure", {}).get("allowedOrigins", ())),
    )
