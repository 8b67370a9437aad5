"""The limits of layer 1 and 2 as lua/queue.lua and the RateLimit fields have them, made once."""

from scoreboard_runtime.contract.board import Limit, Scoreboard

Pair = tuple[int, int]  # count, per us


def pair(limit: Limit) -> Pair:
    return limit.count, limit.per_us


class Budget:
    """One limit that a client is told of."""

    __slots__ = ("_field", "_policy", "pair")

    def __init__(self, name: str, limit: Limit) -> None:
        self.pair = pair(limit)
        window = max(1, limit.per_us // 1_000_000)
        self._policy = f'"{name}";q={limit.count};w={window}'
        self._field = f'"{name}";r='

    def headers(self, remaining: int, reset: int) -> dict[str, str]:
        """RateLimit fields of draft-ietf-httpapi-ratelimit-headers-11; `reset` in seconds."""
        return {
            "RateLimit-Policy": self._policy,
            "RateLimit": f"{self._field}{remaining};t={reset}",
        }


class Budgets:
    """Those of a board; every one but the global is told. `actions` holds those with a limit."""

    def __init__(self, board: Scoreboard) -> None:
        count, per = pair(board.global_limit)
        self._global = (count, per)
        self._halved = (max(1, count // 2), per)
        self.address = Budget("address", board.address_limit)
        self.user = Budget("user", board.user_limit)
        self.actions = {
            name: Budget("action", action.limit)
            for name, action in board.actions.items()
            if action.limit
        }

    def of_action(self, name: str) -> Pair | None:
        """A user's budget for an action; None when it has none."""
        budget = self.actions.get(name)
        return budget.pair if budget is not None else None

    def of_all(self, *, halved: bool) -> Pair:
        """The global budget; half of it while only an external dependency is down."""
        return self._halved if halved else self._global
