"""What one signed request is, gathered before the one call to shared state."""

import hashlib
import os
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import msgspec
from aiohttp import web

from scoreboard_runtime.contract.actions import ActionRequest, BatchRequest, Job, encode_job
from scoreboard_runtime.contract.board import DEFAULT_WINDOW
from scoreboard_runtime.contract.keys import shard_of
from scoreboard_runtime.gateway.boundary import address_of, claims_of, is_halved
from scoreboard_runtime.gateway.parts import Gateway
from scoreboard_runtime.gateway.requests import decode, decoder_of, invalid, raw_body
from scoreboard_runtime.process.problems import Rejected
from scoreboard_runtime.rules import signature
from scoreboard_runtime.rules.admission import Fault, Finding, judge, judge_all
from scoreboard_runtime.rules.tokens import Claims
from scoreboard_runtime.stores.queue import Attempt, Entry

FROZEN_WAIT_US = 29_999_999  # while the board is frozen; no cooldown is as odd
NONCE_MS = 180_000  # longer than the 120 s in which one timestamp can be fresh
_KEY = re.compile(r'"?([\x21\x23-\x7e]{1,255}?)"?')


class Signing(msgspec.Struct, gc=False):
    """What lua/queue.lua is told of the signature: see `Attempt`."""

    keep_ms: int | None = None
    well_formed: bool | None = None
    fault: str | None = None


NOT_ASKED = Signing()


class Nonces:
    """Random parts of job ids, 48 bits each; the system is asked once for many."""

    def __init__(self) -> None:
        self._left: list[str] = []

    def next(self) -> str:
        if not self._left:
            text = os.urandom(6 * 512).hex()
            self._left = [text[start : start + 12] for start in range(0, len(text), 12)]
        return self._left.pop()


NONCES = Nonces()


class Origin(NamedTuple):
    """What its jobs remember of a request; `trace`: the span that admits it, where it is traced."""

    request_id: str
    trace: str | None = None


@dataclass(slots=True)
class Gathered:
    """A request as far as this process can judge it."""

    address: str
    claims: Claims | None
    body: bytes = b""
    digest: str = ""
    findings: Sequence[Finding] = ()
    shape: Rejected | None = None
    key: str = ""
    nonce: str = "-"
    signing: Signing = NOT_ASKED


async def gather(gateway: Gateway, request: web.Request, *, batch: bool) -> Gathered:
    """Who it is, what it asks for, whether it is signed: nothing is charged or refused yet."""
    gathered = Gathered(address_of(gateway, request), claims_of(gateway, request))
    try:
        gathered.body = await raw_body(request)
        gathered.digest = hashlib.sha256(gathered.body).hexdigest()
        gathered.key = idempotency_key(request)
        roles = gathered.claims.roles if gathered.claims else frozenset()
        gathered.findings = _findings(gateway, gathered.body, roles, batch=batch)
    except Rejected as rejected:
        gathered.shape = rejected
    if gathered.claims is not None and gathered.shape is None:
        _check_signature(gateway, request, gathered, gathered.claims)
    return gathered


def _findings(
    gateway: Gateway, body: bytes, roles: frozenset[str], *, batch: bool
) -> Sequence[Finding]:
    catalogue = gateway.board.actions
    if batch:
        requests = decode(body, decoder_of(BatchRequest)).actions
        findings, faults = judge_all(requests, catalogue, roles)
        if faults:
            raise Rejected(
                "VALIDATION_ERROR",
                errors=[{"pointer": fault.pointer, "detail": fault.detail} for fault in faults],
            )
        return findings
    found = judge(decode(body, decoder_of(ActionRequest)), catalogue, roles)
    if isinstance(found, Fault):
        raise invalid(found.pointer, found.detail)
    return (found,)


def idempotency_key(request: web.Request) -> str:
    """The key of a request that has one, else empty. Raises Rejected."""
    text = request.headers.get("Idempotency-Key")
    if text is None:
        return ""
    found = _KEY.fullmatch(text)
    if found is None:
        raise invalid("/headers/Idempotency-Key", "must be 1 to 255 visible ASCII characters")
    return found[1]


def _check_signature(
    gateway: Gateway, request: web.Request, gathered: Gathered, claims: Claims
) -> None:
    mode, headers = gateway.board.signing, request.headers
    stamp, nonce = headers.get("X-Timestamp"), headers.get("X-Nonce")
    given = headers.get("X-Signature")
    if mode == "Off" or (mode == "Optional" and stamp is None and nonce is None and given is None):
        return
    well_formed = signature.nonce_ok(nonce)
    gathered.nonce = nonce if well_formed and nonce is not None else "-"
    gathered.signing = signing = Signing(NONCE_MS, well_formed or None)
    if not signature.fresh(stamp, time.time_ns() // 1_000_000):
        signing.fault = "STALE_REQUEST"
        return
    master = gateway.key_file.keyring.get(claims.signing_kid)
    signed = (
        well_formed
        and master is not None
        and signature.verify(
            given,
            signature.signing_key(master.secret, claims.session_id),
            signature.canonical(
                request.method, request.raw_path, stamp or "", gathered.nonce, gathered.digest
            ),
        )
    )
    if not signed:
        signing.fault = "INVALID_SIGNATURE"


def _entry(gateway: Gateway, finding: Finding, nonce: str) -> Entry:
    action = finding.action
    if action is None:
        return Entry(a=finding.request.action, n=nonce, x="TASK_NOT_FOUND")
    task = finding.request.task_id if action.issued else None
    return Entry(
        a=action.name,
        n=nonce,
        l=gateway.queue.budgets.of_action(action.name),
        c=action.cooldown_us or None,
        o=action.once or None,
        t=gateway.keys.task(task) if task else None,
        f=finding.forbidden or None,
        w=FROZEN_WAIT_US if gateway.freezes.of(gateway.board.board.name) else None,
    )


def _job(gateway: Gateway, finding: Finding, user: str, nonce: str, origin: Origin) -> bytes:
    action = finding.action
    if action is None:
        return b""
    return encode_job(
        Job(
            user=user,
            action=action.name,
            points=finding.points,
            nonce=nonce,
            request=origin.request_id,
            task=finding.request.task_id,
            once=action.once,
            board=gateway.board.board.name,
            window=DEFAULT_WINDOW,
            trace=origin.trace,
        )
    )


def attempt_of(
    gateway: Gateway, gathered: Gathered, origin: Origin, *, batch: bool
) -> tuple[Attempt, list[bytes]]:
    """The attempt as lua/queue.lua reads it, and the job of each entry."""
    budgets, signing = gateway.queue.budgets, gathered.signing
    attempt = Attempt(
        G=budgets.of_all(halved=is_halved(gateway)),
        A=budgets.address.pair,
        U=budgets.user.pair,
        q=gateway.queue.per_shard,
        b=batch or None,
        s=gathered.shape.code.code if gathered.shape else None,
        h=("b" if batch else "a") + gathered.digest if gathered.key else None,
        i=origin.request_id if gathered.key else None,
        g=signing.keep_ms,
        m=signing.well_formed,
        y=signing.fault,
    )
    if gathered.claims is None:
        attempt.z = "INVALID_TOKEN"
        return attempt, []
    attempt.u = user = gathered.claims.user_id
    attempt.S = shard_of(user)
    jobs = []
    entries = []
    for finding in gathered.findings:
        nonce = NONCES.next()
        entries.append(_entry(gateway, finding, nonce))
        jobs.append(_job(gateway, finding, user, nonce, origin))
    attempt.e = entries
    return attempt, jobs
