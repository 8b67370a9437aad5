"""What Postgres holds, asked from inside a gateway's pod: works wherever kubectl does."""

import json
from dataclasses import dataclass
from typing import Any

from tests.e2e.cluster.boards import Board

PYTHON = "/opt/scoreboard/bin/python3"
_ASK = """
import asyncio, asyncpg, json, os, sys
async def ask():
    connection = await asyncpg.connect(os.environ["SCOREBOARD_DATABASE_URL"])
    return [[list(row) for row in await connection.fetch(sql)] for sql in sys.argv[1:]]
print(json.dumps(asyncio.run(ask())))
"""
_JOBS = "SELECT job_id::text, user_id::text, points FROM actions WHERE status = 'completed'"
_SCORES = "SELECT id::text, current_score FROM users"


@dataclass(frozen=True, slots=True)
class Ledger:
    """`jobs`: id, user, points. `scores` by user."""

    jobs: list[tuple[str, str, int]]
    scores: dict[str, int]


def sql(board: Board, *statements: str) -> list[list[list[Any]]]:
    """The rows of each statement."""
    pod = board.pods("gateway")[0]
    told = board.api.kubectl(
        "exec", "-n", board.namespace, pod, "-c", "gateway", "--", PYTHON, "-c", _ASK, *statements
    )
    return list(json.loads(told))


def ledger(board: Board) -> Ledger:
    jobs, scores = sql(board, _JOBS, _SCORES)
    return Ledger([(job, user, points) for job, user, points in jobs], dict(scores))
