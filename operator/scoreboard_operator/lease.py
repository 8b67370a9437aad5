"""Who acts: one process at a time, by a Lease (as client-go's leader election, with its timings).

Expiry is judged by this process's monotonic clock since it last saw the Lease change, so clocks of
other machines do not matter. A holder that cannot renew in time ends: it never steps back into the
crowd with work half done. On a proper end it gives the Lease away, and the next takes over at once.
"""

import asyncio
import random
import time
from dataclasses import dataclass

import structlog

from scoreboard_operator import kinds, names
from scoreboard_operator.cluster import ApiError, Cluster
from scoreboard_operator.facts import Object

log = structlog.get_logger()
LEASE_SECONDS, RENEW_SECONDS, RETRY_SECONDS = 15, 10.0, 2.0


class LeaseLost(Exception):
    """Somebody else holds it, or it could not be renewed in time."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A Lease as it was when it last changed. `at`: monotonic seconds."""

    version: str
    holder: str
    seconds: float
    at: float


def seen(found: Object, before: Seen | None, now: float) -> Seen:
    """What is known after one more look."""
    version = found["metadata"]["resourceVersion"]
    if before is not None and before.version == version:
        return before
    spec = found.get("spec", {})
    lasts = float(spec.get("leaseDurationSeconds") or LEASE_SECONDS)
    return Seen(version, spec.get("holderIdentity") or "", lasts, now)


def free(lease: Seen, identity: str, now: float) -> bool:
    """Whether `identity` may take it."""
    return lease.holder in ("", identity) or now >= lease.at + lease.seconds


class Lease:
    """One candidate. `identity` is unique to the process."""

    def __init__(self, cluster: Cluster, namespace: str, name: str, identity: str) -> None:
        self._cluster, self._namespace, self._name = cluster, namespace, name
        self._identity = identity
        self._seen: Seen | None = None
        self.tried_at = time.monotonic()
        self.answered_at: float | None = None  # when the API server last said what it is
        self._renewed: float | None = None

    def holds(self) -> bool:
        """Whether nobody else can hold it yet, by the clock alone: asked before every write."""
        return self._left() > 0

    def _left(self) -> float:
        """Seconds until somebody else may take it, less a margin."""
        return 0.0 if self._renewed is None else self._renewed + RENEW_SECONDS - time.monotonic()

    def _body(self, found: Object | None, holder: str, stamp: str) -> dict[str, object]:
        spec = dict((found or {}).get("spec", {}))
        taken = spec.get("holderIdentity") != holder
        spec["leaseTransitions"] = int(spec.get("leaseTransitions") or 0) + (1 if taken else 0)
        if taken:
            spec["acquireTime"] = stamp
        spec |= {
            "holderIdentity": holder,
            "leaseDurationSeconds": LEASE_SECONDS if holder else 1,
            "renewTime": stamp,
        }
        metadata: dict[str, object] = {"name": self._name, "namespace": self._namespace}
        known = (found or {}).get("metadata", {})
        if found is not None:
            metadata |= {
                "resourceVersion": known["resourceVersion"],
                "annotations": known.get("annotations") or {},
            }
        labels = {**(known.get("labels") or {}), names.MANAGED_BY: names.MANAGER}
        head = {"apiVersion": kinds.LEASE.api_version, "kind": kinds.LEASE.kind}
        return {**head, "metadata": {**metadata, "labels": labels}, "spec": spec}

    async def _write(self, found: Object | None, holder: str) -> None:
        """Fails with 409 when somebody else was faster. Raises ApiError."""
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S.000000Z", time.gmtime())
        body = self._body(found, holder, stamp)
        if found is None:
            await self._cluster.call("POST", kinds.LEASE.path(self._namespace), body)
        else:
            path = kinds.LEASE.path(self._namespace, self._name)
            await self._cluster.call("PUT", path, body)

    async def _try(self) -> bool:
        """One attempt to take or renew it. Raises ApiError."""
        self.tried_at = now = time.monotonic()
        found = await self._cluster.get(kinds.LEASE, self._namespace, self._name)
        self.answered_at = time.monotonic()
        if found is not None:
            self._seen = seen(found, self._seen, now)
            if not free(self._seen, self._identity, now):
                return False
        try:
            await self._write(found, self._identity)
        except ApiError as error:
            if error.status == 409:
                return False
            raise
        return True

    async def acquire(self) -> None:
        """Returns when this process holds it."""
        told = ""
        while True:
            try:
                async with asyncio.timeout(RENEW_SECONDS):
                    if await self._try():
                        self._renewed = self.tried_at
                        log.info("lease_acquired", identity=self._identity)
                        return
                holder = self._seen.holder if self._seen else ""
                if holder != told:
                    told = holder
                    log.info("standing_by", holder=holder)
            except (ApiError, TimeoutError) as error:
                log.warning("lease_not_read", why=str(error) or type(error).__name__)
            await asyncio.sleep(self._pause())

    def _pause(self) -> float:
        """Until the next attempt: no later than when it expires, if nobody renews it."""
        usual = RETRY_SECONDS * random.uniform(0.8, 1.2)
        if self._seen is None:
            return usual
        left = self._seen.at + self._seen.seconds - time.monotonic()
        return min(usual, left + 0.01) if left > 0 else usual

    async def keep(self) -> None:
        """Renews it for ever. Raises LeaseLost."""
        while True:
            # Never past its end: who wakes up late, or waited in vain, ends at once.
            await asyncio.sleep(max(0.0, min(RETRY_SECONDS, self._left())))
            left = self._left()
            if left <= 0:
                raise LeaseLost(f"not renewed within {RENEW_SECONDS:g} s")
            try:
                async with asyncio.timeout(left):
                    if await self._try():
                        self._renewed = self.tried_at
                    elif self._seen is not None and self._seen.holder != self._identity:
                        raise LeaseLost(f"{self._seen.holder} holds it")
                    # else somebody edited it while we wrote: it is still ours
            except (ApiError, TimeoutError) as error:
                log.warning("lease_not_renewed", why=str(error) or type(error).__name__)

    async def release(self) -> None:
        """Gives it away, so that nobody waits for it to expire; if that fails, they wait."""
        try:
            async with asyncio.timeout(RETRY_SECONDS):
                found = await self._cluster.get(kinds.LEASE, self._namespace, self._name)
                if found and found.get("spec", {}).get("holderIdentity") == self._identity:
                    await self._write(found, "")
                    log.info("lease_released")
        except (ApiError, TimeoutError) as error:
            log.warning("lease_not_released", why=str(error) or type(error).__name__)
