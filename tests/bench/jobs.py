"""Jobs through the worker against pgbench on the same server: one by one, and in batches of 100.

The rows are the same, in tables made like the product's. pgbench knows its players by number,
computes nothing, and tells nobody: it is the ceiling of what Postgres does with such rows.
"""

import asyncio
import re
import secrets
import time

import asyncpg
from tests.bench.pairing import Figure
from tests.bench.rig import Rig, a_rig

from scoreboard_runtime.contract.actions import Job, encode_job
from scoreboard_runtime.contract.keys import Keys, shard_of
from scoreboard_runtime.local.binaries import postgres_folder
from scoreboard_runtime.stores import valkey

NAME = "arcade"  # of the manifest
PLAYERS = 5_000
JOBS = 40_000  # of a block, all of them waiting when the worker goes on
CLIENTS = {"one": 32, "batch": 2}
_TPS = re.compile(r"tps = ([0-9.]+)")

_TABLES = """
CREATE SCHEMA bench;
CREATE TABLE bench.users (LIKE public.users INCLUDING ALL) WITH (fillfactor = 70);
CREATE TABLE bench.actions (LIKE public.actions INCLUDING ALL);
CREATE TABLE bench.score_history (LIKE public.score_history INCLUDING ALL);
"""
_USER = "lpad(to_hex(({n})::int), 32, '0')::uuid"
_FILL = f"""
INSERT INTO {{schema}}.users (id, username, username_key)
SELECT {_USER.format(n="n")}, 'b' || n, 'b' || n FROM generate_series(1, {PLAYERS}) n
"""
_ONE = f"""
\\set n random(1, {PLAYERS})
BEGIN;
SELECT current_score, score_version FROM bench.users WHERE id = {_USER.format(n=":n")} FOR UPDATE;
UPDATE bench.users SET current_score = current_score + 100, score_version = score_version + 1,
  reached_us = 1 WHERE id = {_USER.format(n=":n")} RETURNING current_score, score_version \\gset
INSERT INTO bench.actions VALUES (uuidv7(), {_USER.format(n=":n")}, 'level', NULL, false,
  'completed', NULL, 100, :current_score, :score_version, 1, 1);
INSERT INTO bench.score_history VALUES ({_USER.format(n=":n")}, 'main', 'current', :score_version,
  uuidv7(), 'level', 100, :current_score - 100, :current_score, 'action', 1);
END;
"""
# A hundred players by chance, as an array: known to the planner as few.
_BATCH = f"""
WITH batch AS MATERIALIZED (
  SELECT id, current_score AS before, score_version AS version, uuidv7() AS job
  FROM bench.users WHERE id = ANY(ARRAY(
    SELECT {_USER.format(n=f"1 + random() * {PLAYERS - 1}")} FROM generate_series(1, 100)))
  ORDER BY id FOR UPDATE),
history AS (INSERT INTO bench.score_history
  SELECT id, 'main', 'current', version + 1, job, 'level', 100, before, before + 100, 'action', 1
  FROM batch),
scores AS (UPDATE bench.users u SET current_score = before + 100, score_version = version + 1,
  reached_us = 1 FROM batch WHERE u.id = batch.id)
INSERT INTO bench.actions SELECT job, id, 'level', NULL, false, 'completed', NULL, 100,
  before + 100, version + 1, 1, 1 FROM batch;
"""


async def _prepare(rig: Rig) -> None:
    connection = await asyncpg.connect(rig.postgres.url)
    try:
        await connection.execute(_TABLES)
        for schema in ("public", "bench"):
            await connection.execute(_FILL.format(schema=schema))
    finally:
        await connection.close()
    for name, script in (("one", _ONE), ("batch", _BATCH)):
        (rig.folder / f"{name}.sql").write_text(script)


async def _pgbench(rig: Rig, kind: str, seconds: float) -> float:
    """Jobs a second."""
    process = await asyncio.create_subprocess_exec(
        str(postgres_folder() / "pgbench"), "-n", "-M", "prepared", "-c", str(CLIENTS[kind]),
        "-j", "1", "-T", str(max(1, round(seconds))), "-f", str(rig.folder / f"{kind}.sql"),
        rig.postgres.url,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    output, errors = await process.communicate()
    found = _TPS.search(output.decode())
    if process.returncode or found is None:
        raise AssertionError(f"pgbench {kind}: {errors.decode()[-500:]}")
    return float(found[1]) * (100 if kind == "batch" else 1)


def _job(number: int) -> tuple[int, bytes]:
    user = f"{number % PLAYERS + 1:032x}"
    user = f"{user[:8]}-{user[8:12]}-{user[12:16]}-{user[16:20]}-{user[20:]}"
    job = Job(user=user, action="level", points=100, nonce=secrets.token_hex(6), request="bench")
    return shard_of(user), encode_job(job)


async def _fill(client: valkey.Client) -> None:
    """Puts jobs into the streams as admission does, without its checks."""
    keys = Keys(NAME)
    for first in range(0, JOBS, 1000):
        pipe = client.pipeline(transaction=False)
        for number in range(first, first + 1000):
            shard, data = _job(number)
            pipe.xadd(keys.stream(shard), {"d": data, "t": time.time_ns() // 1000})
        await pipe.execute()


async def _worker(rig: Rig) -> float:
    """Jobs a second, from the first that leaves the queue to the last."""
    streams = Keys(NAME).streams()
    async with valkey.connect(rig.queue.url) as client:

        async def left() -> int:
            pipe = client.pipeline(transaction=False)
            for stream in streams:
                pipe.xlen(stream)
            return sum(await pipe.execute())

        with rig.held("worker"):
            await _fill(client)
        while (seen := await left()) == JOBS:
            await asyncio.sleep(0.005)
        first = time.monotonic()
        while await left():
            await asyncio.sleep(0.01)
        return seen / (time.monotonic() - first)


async def worker(pairs: int, seconds: float) -> list[Figure]:
    """The worker's rate as a part of pgbench's."""
    one: list[float] = []
    batch: list[float] = []
    async with a_rig(players=0) as rig:
        await _prepare(rig)
        for number in range(pairs):
            rates: dict[str, float] = {}
            kinds = ["one", "product", "batch"]
            for kind in kinds if number % 2 == 0 else reversed(kinds):
                rates[kind] = await (
                    _worker(rig) if kind == "product" else _pgbench(rig, kind, seconds)
                )
            one.append(rates["product"] / rates["one"])
            batch.append(rates["product"] / rates["batch"])
        rows, agree = await rig.ledger()
    if rows != pairs * JOBS or not agree:
        raise AssertionError("void: the ledger does not agree with the scores")
    return [
        Figure("worker's jobs / pgbench, one job a transaction", tuple(one), "≥ 10"),
        Figure("worker's jobs / pgbench, a statement of 100", tuple(batch), "≥ 0.9",
               note="whole worker: read, decode, commit, rank, publish, acknowledge"),
    ]  # fmt: skip
