"""The spans of one batch: of each traced job in its action's trace, and of the batch in its own.

job        from its admission until it is published
  queue    until it was read
  commit   the batch's transaction, with whatever it had to wait for; linked to the batch
  publish  ranks and publication; what the broadcaster's span is a child of
batch      from reading to acknowledging, linked to its jobs
"""

import time
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field

from msgspec.structs import replace

from scoreboard_runtime.contract.changes import FAILED, Change
from scoreboard_runtime.contract.traces import Context, parse
from scoreboard_runtime.process.tracing import CLIENT, CONSUMER, PRODUCER, Span, Tracer
from scoreboard_runtime.rules.scoring import Work
from scoreboard_runtime.stores.jobs import Delivery

MOST_LINKS = 128  # what OpenTelemetry allows a span if nobody says otherwise
DEAD = "dead letter"


@dataclass(slots=True)
class _Job:
    span: Span
    commit: Span
    publish: Span | None = None


def _contexts(batch: Iterable[tuple[Delivery, Work]]) -> dict[str, Context]:
    """Of the traced jobs, by id."""
    parsed = ((work.job, parse(work.trace)) for _, work in batch if work.trace)
    return {job: context for job, context in parsed if context is not None}


@dataclass(slots=True)
class BatchSpans:
    """Made by `begin`; told of each step as it is done."""

    tracer: Tracer
    batch: Span
    jobs: dict[str, _Job] = field(default_factory=dict)

    def _enter(self, delivery: Delivery, work: Work, admitted: Context) -> None:
        span = self.tracer.child("job", admitted, CONSUMER)
        now, span.start_ns = span.start_ns, work.submitted_us * 1000
        span.attributes.update(
            {
                "scoreboard.job_id": work.job,
                "scoreboard.action": work.action,
                "scoreboard.request_id": work.request,
                "scoreboard.shard": delivery.shard,
                "scoreboard.deliveries": delivery.times,
            }
        )
        queue = self.tracer.child("queue", span.context)
        queue.start_ns = span.start_ns
        queue.end(now)
        commit = self.tracer.child("commit", span.context, CLIENT)
        commit.links = (self.batch.context,)
        commit.attributes["db.system.name"] = "postgresql"
        self.jobs[work.job] = _Job(span, commit)

    def committed(self, done: Collection[str], changes: Sequence[Change]) -> list[Change]:
        """The changes, with the context that the broadcaster goes on in. Whose job is not among
        those that were `done` was buried."""
        for job_id in [job_id for job_id in self.jobs if job_id not in done]:
            job = self.jobs.pop(job_id)
            job.commit.failed = job.span.failed = DEAD
            job.commit.end()
            job.span.end()
        now = time.time_ns()
        return [self._committed(change, now) for change in changes]

    def _committed(self, change: Change, now: int) -> Change:
        job = self.jobs.get(change.job)
        if job is None:
            return change
        job.span.attributes["scoreboard.outcome"] = change.status
        if change.status == FAILED and change.error:
            job.span.attributes["scoreboard.code"] = change.error
        job.commit.end(now)
        job.publish = self.tracer.child("publish", job.span.context, PRODUCER)
        job.publish.attributes["db.system.name"] = "valkey"
        return replace(change, trace=job.publish.context.text)

    def published(self, *, told: bool) -> None:
        """`told`: whether the others heard of it; else a rebuild of the standings tells them."""
        now = time.time_ns()
        for job in self.jobs.values():
            if job.publish is not None:
                job.publish.failed = "" if told else "not published"
                job.publish.end(now)
            job.span.end(now)

    def finished(self, size: int) -> None:
        """Every job of the batch is acknowledged."""
        links = [job.span.context for job in self.jobs.values()]
        self.batch.attributes.update({"scoreboard.jobs": size, "scoreboard.traced": len(links)})
        self.batch.links = links[:MOST_LINKS]
        self.batch.end()


def begin(tracer: Tracer | None, batch: Sequence[tuple[Delivery, Work]]) -> BatchSpans | None:
    """None where nothing of the batch is traced."""
    contexts = _contexts(batch) if tracer is not None else {}
    if tracer is None or not contexts:
        return None
    spans = BatchSpans(tracer, tracer.root("batch"))
    for delivery, work in batch:
        if work.job in contexts:
            spans._enter(delivery, work, contexts[work.job])
    return spans
