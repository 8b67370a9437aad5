"""What the admin commands work with, and how they say what they did."""

import getpass
import re
import socket
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from scoreboard_runtime.gateway.explaining import Explainer
from scoreboard_runtime.gateway.moderator import Moderator
from scoreboard_runtime.gateway.overview import Overview
from scoreboard_runtime.process.settings import Settings
from scoreboard_runtime.rules.moderation import reason_fault
from scoreboard_runtime.stores.audit import Actor, Call
from scoreboard_runtime.stores.postgres import Database
from scoreboard_runtime.stores.sessions import Sessions
from scoreboard_runtime.stores.users import User, Users

_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
WIDEST = 60  # characters of a column; the rest is in --json


class CommandError(Exception):
    """The command can not do it; the text says what to do instead."""


@dataclass(frozen=True, slots=True)
class Said:
    """What a command did: for people, and for --json."""

    text: str
    value: Any


@dataclass(slots=True, kw_only=True)
class Desk:
    """One Scoreboard, from the terminal."""

    settings: Settings
    database: Database
    users: Users
    sessions: Sessions
    moderator: Moderator
    explainer: Explainer
    overview: Overview
    actor: Actor

    async def found(self, name: str) -> User:
        """The user of a name or an id. Raises CommandError."""
        user = await self.users.by_name(name)
        if user is None and _ID.fullmatch(name.lower()):
            user = await self.users.by_id(name.lower())
        if user is None:
            raise CommandError(
                f"there is no user {name!r}; admin users finds them, admin create-user makes one"
            )
        return user

    def call(self, verb: str, reason: str | None = None, **about: Any) -> Call:
        """The call as it is audited. Raises CommandError for a reason that is none."""
        said = (reason or "").strip()
        fault = reason_fault(said) if reason is not None else None
        if fault is not None:
            raise CommandError(f"--reason: {fault}")
        return Call(actor=self.actor, verb=verb, reason=said, **about)


def somebody() -> str:
    """Who sits at this terminal, as far as the system knows."""
    try:
        name = getpass.getuser()
    except (KeyError, OSError):
        name = "nobody"  # a container's user may have no name
    return f"{name}@{socket.gethostname()}"


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    # A terminal obeys control characters: what somebody wrote is shown, not obeyed.
    text = "".join(
        c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in " ".join(text.split())
    )
    return text if len(text) <= WIDEST else f"{text[: WIDEST - 1]}…"


def table(heads: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """Columns as wide as they need; numbers to the right."""
    cells = [[_cell(value) for value in row] for row in rows]
    numbers = [
        bool(cells) and all(re.fullmatch(r"-|[+-]?[\d.]+", row[i]) for row in cells)
        for i in range(len(heads))
    ]
    widths = [max(map(len, [head, *(row[i] for row in cells)])) for i, head in enumerate(heads)]
    return "\n".join(
        "  ".join(
            text.rjust(width) if right else text.ljust(width)
            for text, width, right in zip(line, widths, numbers, strict=True)
        ).rstrip()
        for line in [list(heads), *cells]
    )
