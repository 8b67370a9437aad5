"""What a person may do to a score by hand, and why a rank is what it is: pure."""

from collections.abc import Collection
from dataclasses import dataclass

from scoreboard_runtime.contract.board import MAX_SCORE
from scoreboard_runtime.rules.scoring import Player
from scoreboard_runtime.rules.standings import Place

ADMIN = "admin"
MOST_REASON = 500
ADJUST, DISQUALIFY, RESTORE = "adjust", "disqualify", "restore"
NOBODY = "There is no such user. Look for them by a part of the name."


class Refused(Exception):
    """It may not be done: a code of contract/rejections.py, and what to do instead."""

    def __init__(self, code: str, detail: str | None = None) -> None:
        super().__init__(detail or code)
        self.code = code
        self.detail = detail


@dataclass(frozen=True, slots=True)
class ByHand:
    """A row of the ledger that no job made; `player` is brought forward by it."""

    verb: str
    points: int
    before: int
    after: int
    version: int
    at_us: int


def reason_fault(reason: str) -> str | None:
    """What is wrong with a reason; None when it can be kept."""
    if not 1 <= len(reason) <= MOST_REASON:
        return f"say why, in 1 to {MOST_REASON} characters"
    if not all(character.isprintable() or character == "\n" for character in reason):
        return "must be plain text"
    return None


def _row(verb: str, points: int, player: Player, now_us: int) -> ByHand:
    before = player.score
    player.score += points
    player.version += 1
    return ByHand(verb, points, before, player.score, player.version, now_us)


def adjust(player: Player, points: int, now_us: int) -> ByHand:
    """Adds points, or takes them away. The new score was reached now. Raises Refused."""
    if not 0 <= player.score + points <= MAX_SCORE:
        raise Refused(
            "SCORE_OUT_OF_RANGE",
            f"The score is {player.score}; with {points:+d} it would leave 0 to {MAX_SCORE}.",
        )
    row = _row(ADJUST, points, player, now_us)
    player.reached_us = max(player.reached_us, now_us)
    return row


def move(player: Player, *, out: bool, now_us: int) -> ByHand | None:
    """Takes a player out of the ranks, or back in: score and its time stay, so the place does.

    None where the ledger has nothing to say: they are there already, or have no standing yet.
    """
    if player.out == out:
        return None
    player.out = out
    if player.version == 0:
        return None  # nothing of them was ever published
    return _row(DISQUALIFY if out else RESTORE, 0, player, now_us)


def keep_an_admin(user: str, admins: Collection[str], *, stays: bool) -> None:
    """Raises Refused when nobody would be left who may administer. `admins` are those of now."""
    if not stays and set(admins) == {user}:
        raise Refused(
            "FORBIDDEN", "This is the last admin; make somebody else an admin first, then try."
        )


def because(better: Place, worse: Place) -> str:
    """Why one stands above the other."""
    if better.minus_score != worse.minus_score:
        return "score"
    return "reachedAt" if better.reached_us != worse.reached_us else "userId"
