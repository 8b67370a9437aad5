"""What actions are worth, and what a batch of them does to the scores: pure, before any write."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from scoreboard_runtime.contract.board import MAX_SCORE, Action


class BadData(Exception):
    """`data` is not what the catalogue asks for; `pointer` is its place in the body (RFC 6901)."""

    def __init__(self, pointer: str, detail: str) -> None:
        super().__init__(detail)
        self.pointer = pointer
        self.detail = detail


def _escaped(name: str) -> str:
    """A name as a part of a JSON pointer."""
    return name.replace("~", "~0").replace("/", "~1")


def points(action: Action, data: Mapping[str, Any] | None) -> int:
    """The points of an action from the catalogue and its one measured field. Raises BadData."""
    field = action.points.field
    for name in data or ():
        if name != field:
            raise BadData(f"/data/{_escaped(name)}", f"{action.name} takes no such field")
    if field is None:
        return action.points.fixed
    value = (data or {}).get(field)
    if value is None:
        raise BadData(f"/data/{field}", f"{action.name} needs {field}, a whole number from 0 on")
    if type(value) is not int or not 0 <= value <= MAX_SCORE:
        raise BadData(f"/data/{field}", f"must be a whole number from 0 to {MAX_SCORE}")
    return min(value * action.points.each, action.points.max)


@dataclass(slots=True)
class Player:
    """A user's standing while a batch is being worked out."""

    username: str
    score: int
    version: int
    reached_us: int
    out: bool = False  # disqualified: scores on, ranked nowhere


class Work(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One job as the worker took it from the queue."""

    job: str
    user: str
    action: str
    points: int
    submitted_us: int
    task: str | None = None
    once: bool = False
    request: str = ""  # the id of the request that brought it
    trace: str | None = None  # of a traced one: the span that admitted it


class Effect(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What one job does. `version` is 0 where the score does not change."""

    work: Work
    error: str | None
    points: int
    before: int
    after: int
    version: int
    reached_us: int


def _refusal(work: Work, player: Player | None, done: Collection[tuple[str, str]]) -> str | None:
    if player is None:
        return "NOT_FOUND"
    if work.task is not None and ("task", work.task) in done:
        return "ALREADY_COMPLETED"
    if work.once and (work.user, work.action) in done:
        return "ALREADY_COMPLETED"
    if not 0 <= work.points <= MAX_SCORE or player.score + work.points > MAX_SCORE:
        return "SCORE_OUT_OF_RANGE"
    return None


def settle(
    batch: Sequence[Work], players: Mapping[str, Player], done: Collection[tuple[str, str]] = ()
) -> list[Effect]:
    """The effect of each job in order. `players` are the locked rows, and are brought forward.

    `done` holds ("task", id) and (user, action) of what counts once and is completed already.
    A score's time is the admission of the job that made it, never before the score it replaces.
    """
    finished = set(done)
    effects = []
    for work in batch:
        player = players.get(work.user)
        error = _refusal(work, player, finished)
        before = player.score if player else 0
        gained = 0 if error else work.points
        version, reached = 0, work.submitted_us
        if player is not None and gained:
            player.score += gained
            player.version += 1
            player.reached_us = max(player.reached_us, work.submitted_us)
            version, reached = player.version, player.reached_us
        if error is None:
            finished |= {("task", work.task)} if work.task else set()
            finished |= {(work.user, work.action)} if work.once else set()
        effects.append(
            Effect(
                work=work,
                error=error,
                points=gained,
                before=before,
                after=before + gained,
                version=version,
                reached_us=reached,
            )
        )
    return effects
