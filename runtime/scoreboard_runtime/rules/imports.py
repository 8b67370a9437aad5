"""A CSV of another leaderboard, line by line: who, how many points, since when. Pure.

Every fault is told with its line; a file with one is not imported at all. A row's job id is made of
the import's name and the user's, so that the same import twice is one.
"""

import csv
import re
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

from scoreboard_runtime.contract.board import MAX_SCORE
from scoreboard_runtime.rules import usernames

ACTION = "import"
REQUIRED, OPTIONAL = ("username", "score"), ("reachedAt", "passwordHash")
MOST_FAULTS = 50  # told; the rest is counted
_HASH = re.compile(r"\$argon2id\$v=19\$m=\d+,t=\d+,p=\d+\$[A-Za-z0-9+/]+\$[A-Za-z0-9+/]+")
_NAMESPACE = uuid.UUID("6f0b1a52-8c55-5d0e-9f7f-0e0d3f4b7a11")


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong, and on which line."""

    line: int
    detail: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.detail}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One player. `key` is what makes the name unique."""

    line: int
    username: str
    key: str
    score: int
    reached_us: int
    password_hash: str | None = field(default=None, repr=False)


def job_id(source: str, key: str) -> str:
    """The ledger's primary key of a row."""
    return str(uuid.uuid5(_NAMESPACE, f"job\n{source}\n{key}"))


def user_id(source: str, key: str) -> str:
    """Of a user that the import makes: who has it was not there before."""
    return str(uuid.uuid5(_NAMESPACE, f"user\n{source}\n{key}"))


def _head(names: list[str] | None) -> str | None:
    """What is wrong with the first line."""
    given = [name.strip() for name in names or ()]
    missing = [name for name in REQUIRED if name not in given]
    unknown = [name for name in given if name not in (*REQUIRED, *OPTIONAL)]
    if missing:
        are = "is" if len(missing) == 1 else "are"
        names_said = f"{', '.join(missing)} {are} missing"
        return f"the first line must name the columns, with commas between them: {names_said}"
    if unknown:
        return f"unknown column {unknown[0]!r}; there are {', '.join((*REQUIRED, *OPTIONAL))}"
    twice = [name for name in given if given.count(name) > 1]
    return f"column {twice[0]!r} twice" if twice else None


def _score(text: str) -> int | None:
    return int(text) if re.fullmatch(r"[0-9]{1,16}", text) and int(text) <= MAX_SCORE else None


def _reached(text: str, now_us: int) -> int | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    us = int(moment.timestamp() * 1_000_000)
    return us if 0 < us <= now_us else None


def _row(line: int, values: dict[str, str], now_us: int) -> Row | str:
    name = values["username"]
    wrong = usernames.fault(name)
    if wrong is not None:
        return f"username {name!r} {wrong}"
    score = _score(values["score"])
    if score is None:
        return f"score {values['score']!r} is no whole number from 0 to {MAX_SCORE}"
    # Without a time, who stands above in the file reached the score first.
    reached: int | None = now_us + line
    if values.get("reachedAt"):
        reached = _reached(values["reachedAt"], now_us)
    if reached is None:
        return f"reachedAt {values['reachedAt']!r} is no past time like 2026-11-23T19:00:00Z"
    hashed = values.get("passwordHash") or None
    if hashed is not None and not _HASH.fullmatch(hashed):
        return "passwordHash is no argon2id hash ($argon2id$v=19$m=...,t=...,p=...$salt$hash)"
    return Row(
        line=line,
        username=name,
        key=usernames.key(name),
        score=score,
        reached_us=reached,
        password_hash=hashed,
    )


def _records(lines: Iterable[str]) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(lines, strict=True)
    for record in reader:
        yield reader.line_num, record


def read(lines: Iterable[str], now_us: int) -> tuple[list[Row], list[Fault]]:
    """The players of the file, and everything that is wrong with it."""
    rows, faults, seen = list[Row](), list[Fault](), dict[str, int]()
    names: list[str] | None = None
    line = 0
    try:
        for line, record in _records(lines):
            if names is None:
                names = [name.strip() for name in record]
                wrong = _head(names)
                if wrong is not None:
                    return [], [Fault(line, wrong)]
            elif record:
                row = _judged(line, names, record, now_us)
                if isinstance(row, Row) and row.key in seen:
                    row = f"{row.username!r} is on line {seen[row.key]} already"
                if isinstance(row, Row):
                    rows.append(row)
                    seen[row.key] = line
                else:
                    faults.append(Fault(line, row))
    except csv.Error as error:
        faults.append(Fault(line + 1, f"is no CSV: {error}"))
    if names is None and not faults:
        faults.append(Fault(1, _head(None) or ""))
    return rows, faults


def _judged(line: int, names: list[str], record: list[str], now_us: int) -> Row | str:
    if len(record) != len(names):
        return f"has {len(record)} values, the first line has {len(names)}"
    values = {name: value.strip() for name, value in zip(names, record, strict=True)}
    return _row(line, values, now_us)
