"""What every admin route has in common: its shape is read, then the role is asked, then it acts.

Each handler gets a `Given`; nothing but `admin_route` calls one, so none can forget the role.
"""

import hashlib
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

import msgspec
from aiohttp import web

from scoreboard_runtime.gateway.attempts import idempotency_key
from scoreboard_runtime.gateway.boundary import CLAIMS, Handler
from scoreboard_runtime.gateway.parts import Gateway
from scoreboard_runtime.gateway.requests import decode, decoder_of, invalid, json, raw_body
from scoreboard_runtime.process.problems import Rejected
from scoreboard_runtime.rules.moderation import ADMIN, NOBODY, Refused, reason_fault
from scoreboard_runtime.stores.audit import Actor, Call
from scoreboard_runtime.stores.moderation import Done

T = TypeVar("T", bound=msgspec.Struct)


@dataclass(slots=True)
class Given:
    """What a request says: values of its query or body, its reason, its key."""

    values: dict[str, Any] = field(default_factory=dict)
    reason: str = ""
    key: str | None = None
    digest: str = ""

    def call(self, request: web.Request, verb: str, **about: Any) -> Call:
        """The call as it is audited."""
        actor = Actor(user_id=request[CLAIMS].user_id)
        known = {"reason": self.reason, "key": self.key, "digest": self.digest}
        return Call(actor=actor, verb=verb, **{**known, **about})


Read = Callable[[web.Request], Awaitable[Given]]
Act = Callable[[Gateway, web.Request, Given], Awaitable[web.StreamResponse]]


class Reason(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """Body of disable, enable, disqualify and restore."""

    reason: str


class MaybeReason(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """Body of freeze, unfreeze and redrive, which need none."""

    reason: str = ""


def admin_route(read: Read, act: Act) -> Handler:
    """Shape, role, act; what is refused becomes its problem."""

    async def call(gateway: Gateway, request: web.Request) -> web.StreamResponse:
        given = await read(request)
        if ADMIN not in request[CLAIMS].roles:
            raise Rejected("FORBIDDEN")
        try:
            return await act(gateway, request, given)
        except Refused as refused:
            raise Rejected(refused.code, detail=refused.detail) from None

    return call


Check = Callable[[dict[str, Any]], None]


def of_body(kind: type[T], *, needed: bool = True, check: Check | None = None) -> Read:
    """Reads a body with a reason, and the Idempotency-Key. `needed`: the body is.

    The reason is needed where `kind` has no default for it. `check` raises Rejected.
    """
    reasons = {found.name: found for found in msgspec.structs.fields(kind)}

    async def read(request: web.Request) -> Given:
        if not needed and not request.can_read_body:
            data, value = b"", kind()
        else:
            data = await raw_body(request)
            value = decode(data, decoder_of(kind))
        values = msgspec.structs.asdict(value)
        reason = values.pop("reason").strip()
        fault = reason_fault(reason) if reason or reasons["reason"].required else None
        if fault is not None:
            raise invalid("/reason", fault)
        if check is not None:
            check(values)
        asked = f"{request.method} {request.path}\n".encode() + data
        key = idempotency_key(request) or None
        return Given(values, reason, key, hashlib.sha256(asked).hexdigest())

    return read


def user_of(request: web.Request) -> str:
    """The user id of the path. Raises Rejected for what can be none."""
    try:
        return str(uuid.UUID(request.match_info["user_id"]))
    except ValueError:
        raise Rejected("NOT_FOUND", detail=NOBODY) from None


def answer(done: Done, **more: Any) -> web.StreamResponse:
    """200 with what the change answers; a replay says so."""
    headers = {"Idempotency-Replayed": "true"} if done.replayed else None
    return json({**done.answer, **more}, 200, headers)
