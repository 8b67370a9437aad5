"""What became of a job: from the ledger, else from the queue."""

import asyncio
import time
from collections.abc import Mapping
from typing import Any

import asyncpg
from aiohttp import web

from scoreboard_runtime.contract.actions import place_of
from scoreboard_runtime.contract.board import DEFAULT_WINDOW
from scoreboard_runtime.contract.changes import COMPLETED
from scoreboard_runtime.contract.rejections import REJECTIONS
from scoreboard_runtime.contract.snapshots import rfc3339
from scoreboard_runtime.gateway.boundary import CLAIMS
from scoreboard_runtime.gateway.parts import Gateway
from scoreboard_runtime.gateway.requests import json, whole
from scoreboard_runtime.process.problems import Rejected
from scoreboard_runtime.stores import valkey
from scoreboard_runtime.stores.errors import CACHE, StoreUnavailable

POLL = 0.5
RANK_GRACE = 0.3  # seconds after its commit in which a job's rank may still be on its way
UNKNOWN_REASON = "The job was set aside; the operator of this board can redrive it."


async def _ranks(gateway: Gateway, row: asyncpg.Record) -> tuple[int | None, int | None]:
    """The rank that the job led to and the one before; else the present rank."""
    key = gateway.keys.results(row["finished_us"] // 60_000_000)
    deadline = row["finished_us"] / 1e6 + RANK_GRACE
    try:
        while True:
            with valkey.available(CACHE):
                found = await gateway.cache_client.hget(key, row["job_id"])
            if found is not None:
                now, _, before = found.decode().partition(",")
                return int(now) if now else None, int(before) if before else None
            if time.time() > deadline:
                break
            await asyncio.sleep(0.02)
    except StoreUnavailable:
        pass
    standing = await gateway.standings.user(gateway.board.board, DEFAULT_WINDOW, row["user_id"])
    return standing.rank, None


async def _finished(gateway: Gateway, row: asyncpg.Record) -> Mapping[str, Any]:
    found = {
        "jobId": row["job_id"],
        "action": row["action"],
        "status": row["status"],
        "submittedAt": rfc3339(row["submitted_us"]),
        "finishedAt": rfc3339(row["finished_us"]),
    }
    if row["status"] != COMPLETED:
        code = REJECTIONS[row["error"]]
        return {**found, "error": {"code": code.code, "detail": code.detail}}
    rank, before = await _ranks(gateway, row)
    result = {"points": row["points"], "score": row["score"], "rank": rank, "previousRank": before}
    return {**found, "result": result}


async def look(gateway: Gateway, job_id: str) -> tuple[str, Mapping[str, Any]] | None:
    """The job's user and its document; None when there is no such job."""
    for _ in range(2):  # a job may move from the queue to the ledger between the two looks
        row = await gateway.database.fetchrow("job", job_id)
        if row is not None:
            return row["user_id"], await _finished(gateway, row)
        waiting = await gateway.queue.find(job_id)
        if waiting is not None:
            document: dict[str, Any] = {
                "jobId": job_id,
                "action": waiting.job.action,
                "status": waiting.status,
                "submittedAt": rfc3339(waiting.submitted_us),
            }
            if waiting.error is not None:
                document["error"] = {"code": "INTERNAL", "detail": UNKNOWN_REASON}
            return waiting.job.user, document
    return None


def _is_over(document: Mapping[str, Any]) -> bool:
    return document["status"] in ("completed", "failed")


async def get_job(gateway: Gateway, request: web.Request) -> web.StreamResponse:
    """GET /api/jobs/{jobId}?wait=5: long-polls until the job is finished or the time is up."""
    job_id = request.match_info["job_id"].lower()
    wait = whole(request, "wait", 0, 0, 30)
    claims = request[CLAIMS]
    if place_of(job_id) is None:
        raise Rejected("NOT_FOUND")
    deadline = time.monotonic() + wait
    async with gateway.finished.of(job_id) as event:
        while True:
            found = await look(gateway, job_id)
            if found is None or (found[0] != claims.user_id and "admin" not in claims.roles):
                raise Rejected("NOT_FOUND")
            left = deadline - time.monotonic()
            if _is_over(found[1]) or left <= 0 or gateway.health.draining:
                return json(found[1])
            try:
                await asyncio.wait_for(event.wait(), min(left, POLL))
            except TimeoutError:
                continue
