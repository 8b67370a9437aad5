"""One lane of the worker: read, apply, publish, acknowledge, for some of its shards, in order.

A worker runs a few lanes side by side, so that one batch is read while another is committed; a
shard belongs to one lane, so a user's jobs keep their order.
"""

import asyncio
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import msgspec
import structlog

from scoreboard_runtime.contract import metrics
from scoreboard_runtime.contract.changes import FAILED, Change
from scoreboard_runtime.contract.traces import trace_of
from scoreboard_runtime.process.telemetry import Telemetry
from scoreboard_runtime.process.tracing import Tracer
from scoreboard_runtime.rules import retry
from scoreboard_runtime.rules.scoring import Work
from scoreboard_runtime.stores.errors import DATABASE, StoreUnavailable
from scoreboard_runtime.stores.freezes import BoardFrozen
from scoreboard_runtime.stores.jobs import Delivery, Jobs
from scoreboard_runtime.stores.postgres import Database, is_transient
from scoreboard_runtime.stores.ranks import Ranks
from scoreboard_runtime.worker.apply import Applied, apply
from scoreboard_runtime.worker.ownership import Ownership
from scoreboard_runtime.worker.spans import begin

log = structlog.get_logger()
BATCH = 100  # of each shard: more gains little, and makes a retry dearer
SUSPECT = 3  # deliveries after which a job is tried alone: it may be what kills the worker
HELD = 0.2  # seconds between two looks whether the board is still frozen
HOPELESS = 25  # deliveries after which a job goes to the dead letters

Pair = tuple[Delivery, Work]


def _read(delivery: Delivery) -> Work | tuple[str, str]:
    """The job, or (id, reason) of what can not be done."""
    try:
        job = delivery.job()
        job_id = delivery.job_id(job)
        admitted_us = delivery.admitted_us
    except (msgspec.DecodeError, msgspec.ValidationError, KeyError, ValueError) as error:
        return f"unreadable-{delivery.shard}-{delivery.entry}", repr(error)
    if delivery.times > HOPELESS:
        return job_id, f"delivered {delivery.times} times, never finished"
    return Work(
        job=job_id,
        user=job.user,
        action=job.action,
        points=job.points,
        submitted_us=admitted_us,
        task=job.task,
        once=job.once,
        request=job.request,
        trace=job.trace,
    )


@dataclass(slots=True)
class Lane:
    """A loop over the shards whose number leaves `index` when divided by `lanes`."""

    index: int
    lanes: int
    place: tuple[str, str]
    jobs: Jobs
    database: Database
    ranks: Ranks
    ownership: Ownership
    telemetry: Telemetry
    tracer: Tracer | None
    unpublished: asyncio.Event  # set when a commit could not be told to the cache server
    beat: float = field(default_factory=time.monotonic)

    def _shards(self) -> set[int]:
        return {shard for shard in self.ownership.mine if shard % self.lanes == self.index}

    async def run(self) -> None:
        """For ever. What fails is tried again from the queue, where nothing was acknowledged."""
        failures = 0
        while True:
            self.beat = time.monotonic()
            try:
                await self._round()
                failures = 0
            except StoreUnavailable as error:
                failures += 1
                self.ownership.recover |= self._shards()
                log.warning("lane_waits", lane=self.index, why=str(error), failures=failures)
                await asyncio.sleep(retry.delay(failures, random.random()))

    async def _round(self) -> None:
        shards = self._shards()
        if shards & self.ownership.leaving:
            await self.ownership.hand_over(shards)
            shards = self._shards()
        for shard in shards & self.ownership.recover:
            await self._recover(shard)
        if not shards:
            await asyncio.sleep(0.05)
            return
        deliveries = await self.jobs.read(sorted(shards), BATCH)
        if deliveries:
            await self.process(deliveries, careful=False)

    async def _recover(self, shard: int) -> None:
        """Finishes what was read before and not acknowledged, by this worker or a dead one."""
        while deliveries := await self.jobs.recover(shard):
            log.info("recovering", shard=shard, jobs=len(deliveries))
            if max(delivery.times for delivery in deliveries) >= SUSPECT:
                for delivery in deliveries:
                    await self.process([delivery], careful=True)
            else:
                await self.process(deliveries, careful=True)
        self.ownership.recover.discard(shard)

    async def process(self, deliveries: Sequence[Delivery], *, careful: bool) -> None:
        """Decode, commit, publish, acknowledge. Raises StoreUnavailable, nothing acknowledged."""
        batch: list[Pair] = []
        for delivery in deliveries:
            read = _read(delivery)
            if isinstance(read, Work):
                batch.append((delivery, read))
            else:
                await self._bury(delivery, *read)
        if not batch:
            return
        spans = begin(self.tracer, batch)
        done, changes = await self._persist(batch, careful=careful)
        if spans is not None:
            changes = spans.committed({work.job for _, work in done}, changes)
        told = bool(changes) and await self._publish(changes)
        if spans is not None:
            spans.published(told=told)
        await self.jobs.finish([delivery for delivery, _ in done])
        if spans is not None:
            spans.finished(len(done))

    async def _persist(
        self, batch: Sequence[Pair], *, careful: bool
    ) -> tuple[list[Pair], list[Change]]:
        """Commits, however long Postgres is away or the board frozen, while the shards are ours.

        The jobs are not given back meanwhile: each delivery counts against a job, and an outage
        of the database is no fault of theirs. Raises StoreUnavailable when a lease was lost.
        """
        failures = 0
        while True:
            try:
                return await self._commit(batch, careful=careful or failures > 0)
            except BoardFrozen as error:
                shards = {delivery.shard for delivery, _ in batch}
                if not shards <= self._shards() - self.ownership.leaving:
                    raise StoreUnavailable(DATABASE, str(error)) from None
                await asyncio.sleep(HELD)
                self.beat = time.monotonic()
            except StoreUnavailable as error:
                failures += 1
                if not {delivery.shard for delivery, _ in batch} <= self._shards():
                    raise
                log.warning("commit_waits", lane=self.index, why=str(error), failures=failures)
                await asyncio.sleep(retry.delay(failures, random.random()))
                self.beat = time.monotonic()

    async def _commit(
        self, batch: Sequence[Pair], *, careful: bool
    ) -> tuple[list[Pair], list[Change]]:
        """Commits; a batch that can not be committed is halved until the poison is alone."""
        try:
            works = [work for _, work in batch]
            applied = await apply(self.database, works, self.place, careful=careful)
        except BoardFrozen:
            raise
        except StoreUnavailable:
            self.telemetry.count(metrics.DB_ERRORS, "transient")
            self.telemetry.count(metrics.JOB_RETRIES)
            raise
        except Exception as error:
            if is_transient(error):
                raise StoreUnavailable(DATABASE, type(error).__name__) from error
            self.telemetry.count(metrics.DB_ERRORS, "permanent")
            if len(batch) == 1:
                delivery, work = batch[0]
                await self._bury(delivery, work.job, f"{type(error).__name__}: {error}")
                return [], []
            middle = len(batch) // 2
            first = await self._commit(batch[:middle], careful=True)
            second = await self._commit(batch[middle:], careful=True)
            return first[0] + second[0], first[1] + second[1]
        self._observe(applied)
        return list(batch), applied.changes

    def _observe(self, applied: Applied) -> None:
        failed = sum(change.status == FAILED for change in applied.changes)
        fresh = len(applied.changes) - failed - applied.repeated
        self.telemetry.count(metrics.JOBS, "completed", by=max(0, fresh))
        self.telemetry.count(metrics.JOBS, "failed", by=failed)
        self.telemetry.count(metrics.JOBS, "repeated", by=applied.repeated)
        self.telemetry.observe(metrics.DB_TRANSACTION, seconds=applied.seconds)
        self.telemetry.observe(metrics.BATCH_SIZE, seconds=len(applied.changes))
        oldest = min(applied.changes, key=lambda change: change.submitted_us)
        for change in applied.changes:
            self.telemetry.observe(
                metrics.JOB_DURATION,
                "admit_to_commit",
                seconds=max(0, change.committed_us - change.submitted_us) / 1e6,
                # One exemplar of a batch is enough.
                request=change.request if change is oldest else "",
                trace=trace_of(change.trace) if change is oldest else "",
            )

    async def _publish(self, changes: list[Change]) -> bool:
        """Best effort: what is not told now, the rebuild of the standings makes good."""
        try:
            told = await self.ranks.publish(changes)
        except StoreUnavailable as error:
            log.warning("not_published", why=str(error), jobs=len(changes))
            told = False
        if not told:
            self.unpublished.set()
        return told

    async def _bury(self, delivery: Delivery, job_id: str, reason: str) -> None:
        log.error("dead_letter", jobId=job_id, shard=delivery.shard, reason=reason)
        await self.jobs.bury(delivery, job_id, reason)
        self.telemetry.count(metrics.JOBS, "dead")
