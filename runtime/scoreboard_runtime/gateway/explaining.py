"""Why a rank is what it is: neighbours, the rows of the ledger, and whether all of it agrees."""

from dataclasses import dataclass
from typing import Any

from scoreboard_runtime.contract.board import DEFAULT_WINDOW, Board
from scoreboard_runtime.contract.snapshots import rfc3339
from scoreboard_runtime.gateway.users import history_page
from scoreboard_runtime.rules.moderation import NOBODY, Refused, because
from scoreboard_runtime.rules.standings import Place
from scoreboard_runtime.stores.moderation import person_document
from scoreboard_runtime.stores.postgres import Database
from scoreboard_runtime.stores.standings import Standings
from scoreboard_runtime.stores.users import Users


@dataclass(frozen=True, slots=True, kw_only=True)
class Explainer:
    """Reads what a rank follows from."""

    database: Database
    standings: Standings
    users: Users
    board: Board

    async def explain(self, user: str, before: int) -> dict[str, Any]:
        """The explanation, with the rows below version `before`. Raises Refused for nobody."""
        row = await self.database.fetchrow("person", user)
        if row is None:
            raise Refused("NOT_FOUND", NOBODY)
        around = await self.standings.around(self.board, DEFAULT_WINDOW, user, 1)
        exact = await self.database.fetchrow("standing_of", user)
        total = await self.database.fetchrow("ledger_sum", user, self.board.name, DEFAULT_WINDOW)
        above = exact["above"] if exact is not None else None
        assert total is not None
        return {
            "user": person_document(row),
            "board": self.board.name,
            "window": DEFAULT_WINDOW,
            "rank": around.rank,
            "total": around.total,
            "percentile": around.percentile,
            "exactRank": above + 1 if above is not None else None,
            "ledgerRows": total["rows"],
            "ledgerPoints": total["points"],
            "ledgerAgrees": total["points"] == row["current_score"],
            **await self._neighbours(user, [entry.user_id for entry in around.entries]),
            **await history_page(self.users, self.board.name, user, before),
        }

    async def _neighbours(self, user: str, ids: list[str]) -> dict[str, Any]:
        """Who stands right above and below, and what decides it."""
        rows = {row["user_id"]: row for row in await self.database.fetch("standings_of", ids)}
        places = [
            Place(-row["current_score"], row["reached_us"], row["user_id"])
            for row in (rows[ident] for ident in ids if ident in rows)
        ]
        mine = next((place for place in places if place.user == user), None)
        found: dict[str, Any] = {"above": None, "below": None}
        for place in places if mine is not None else ():
            if mine is not None and place != mine:
                found["above" if place < mine else "below"] = {
                    "userId": place.user,
                    "username": rows[place.user]["username"],
                    "score": -place.minus_score,
                    "reachedAt": rfc3339(place.reached_us),
                    "decidedBy": because(min(place, mine), max(place, mine)),
                }
        return found
