"""The model of the standings that Postgres and Valkey are tested against.

Order: the higher score first; among equals who reached it first; then the smaller user id.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A player's sort key."""

    minus_score: int
    reached_us: int
    user: str


@dataclass(slots=True)
class Standings:
    """Who stands where. Applying a change that is not newer than what is known does nothing."""

    places: dict[str, Place] = field(default_factory=dict)
    versions: dict[str, int] = field(default_factory=dict)

    def apply(self, user: str, score: int, reached_us: int, version: int) -> bool:
        if version <= self.versions.get(user, 0):
            return False
        self.places[user] = Place(-score, reached_us, user)
        self.versions[user] = version
        return True

    def order(self) -> list[Place]:
        return sorted(self.places.values())

    def rank(self, user: str) -> int | None:
        place = self.places.get(user)
        return None if place is None else 1 + sum(other < place for other in self.places.values())

    def lower(self, user: str) -> int:
        """How many have a lower score."""
        mine = self.places[user].minus_score
        return sum(other.minus_score > mine for other in self.places.values())

    def top(self, count: int) -> Sequence[Place]:
        return self.order()[:count]
