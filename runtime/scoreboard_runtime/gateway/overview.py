"""The running board at a glance: what the stores know, and what one gateway has counted."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from scoreboard_runtime.contract import metrics
from scoreboard_runtime.contract.board import DEFAULT_WINDOW, Board, Limit, Scoreboard
from scoreboard_runtime.contract.keys import Keys
from scoreboard_runtime.contract.rejections import REJECTIONS
from scoreboard_runtime.contract.snapshots import rfc3339
from scoreboard_runtime.rules import budget
from scoreboard_runtime.stores import queue, valkey
from scoreboard_runtime.stores.errors import QUEUE
from scoreboard_runtime.stores.freezes import Freezes
from scoreboard_runtime.stores.letters import DeadLetters
from scoreboard_runtime.stores.standings import Standings

OUTCOMES = ("accepted", "rejected", "replayed")
# The value of a sample by its name and labels; None where it was not counted yet.
Sample = Callable[[str, dict[str, str]], float | None]


def _limit(limit: Limit) -> dict[str, Any]:
    return {"count": limit.count, "perSeconds": limit.per_us / 1e6}


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """Reads what every process would answer alike. `capacity`: jobs that the queue may hold."""

    board: Scoreboard
    capacity: int
    queue_client: valkey.Client
    standings: Standings
    freezes: Freezes
    letters: DeadLetters

    async def _left(self) -> int:
        limit, keys = self.board.global_limit, Keys(self.board.name)
        with valkey.available(QUEUE):
            pipe = self.queue_client.pipeline(transaction=False)
            pipe.get(keys.global_limit())
            pipe.time()
            stored, (seconds, micros) = await pipe.execute()
        now = int(seconds) * 1_000_000 + int(micros)
        return budget.left(int(float(stored or 0)), now, limit.count, limit.per_us)

    def _state(self, board: Board) -> dict[str, Any]:
        frozen = self.freezes.of(board.name)
        return {
            "board": board.name,
            "frozen": frozen is not None,
            "since": rfc3339(frozen.since_us) if frozen else None,
            "reason": frozen.reason if frozen else None,
        }

    async def _limits(self) -> dict[str, Any]:
        board = self.board
        return {
            "global": {**_limit(board.global_limit), "left": await self._left()},
            "address": _limit(board.address_limit),
            "user": _limit(board.user_limit),
            "actions": [
                {
                    "action": action.name,
                    "limit": _limit(action.limit) if action.limit else None,
                    "cooldownSeconds": action.cooldown_us / 1e6,
                }
                for action in board.actions.values()
            ],
        }

    async def look(self) -> dict[str, Any]:
        """All of GET /api/admin/overview but `gateway`. Raises StoreUnavailable.

        Which boards are frozen is what `freezes` saw last.
        """
        board = self.board
        page = (await self.standings.page(board.board, DEFAULT_WINDOW, 0, 1)).snapshot
        return {
            "name": board.name,
            "version": board.version,
            "players": page.total,
            "boards": [self._state(each) for each in board.boards],
            "queue": {
                "depth": await queue.depth(self.queue_client, Keys(board.name)),
                "capacity": self.capacity,
                "deadLetters": await self.letters.count(),
            },
            "limits": await self._limits(),
        }


def counted(board: Scoreboard, sample: Sample) -> dict[str, Any]:
    """What one gateway has counted: rejections of the four layers by code, actions by outcome."""

    def count(metric: metrics.Metric, **labels: str) -> int:
        return int(sample(metric.name, labels) or 0)

    return {
        "rejections": [
            {
                "code": row.code,
                "layer": row.layer,
                "count": count(metrics.REJECTIONS, layer=row.layer, code=row.code),
            }
            for row in REJECTIONS.values()
            if row.layer is not None
        ],
        "actions": [
            {
                "action": action,
                **{each: count(metrics.ACTIONS, action=action, outcome=each) for each in OUTCOMES},
            }
            for action in board.actions
        ],
    }
