"""The verbs of an admin from the terminal: what the routes do, by the same transactions."""

import argparse
import hashlib
import json
import re
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from scoreboard_runtime.admin.desk import CommandError, Desk, Said, table
from scoreboard_runtime.contract.board import MAX_SCORE
from scoreboard_runtime.gateway.running import audit_document, letter_document
from scoreboard_runtime.gateway.users import NEWEST
from scoreboard_runtime.rules import usernames
from scoreboard_runtime.rules.moderation import Refused
from scoreboard_runtime.stores.audit import LAST_ID
from scoreboard_runtime.stores.moderation import Done, person_document

Command = Callable[[Desk, argparse.Namespace], Awaitable[Said]]
Add = Callable[[str, Command, str], argparse.ArgumentParser]
_ROLE = re.compile(r"[a-z][a-z0-9_-]{0,31}")
PEOPLE = ("name", "score", "roles", "disabled", "disqualified", "reached at", "id")


def roles_of(given: Sequence[str]) -> list[str]:
    """Roles in order, each once. Raises CommandError."""
    for role in given:
        if not _ROLE.fullmatch(role):
            raise CommandError(f"{role!r} is no role; use a-z, 0-9, _ and -, as in spec.actions")
    return sorted(set(given))


def _person(p: dict[str, Any]) -> Sequence[Any]:
    names = ("username", "score", "roles", "disabled", "disqualified", "reachedAt", "id")
    return [p[name] for name in names]


# --- people ----------------------------------------------------------------------
async def users(desk: Desk, options: argparse.Namespace) -> Said:
    query = usernames.key(" ".join(options.query))
    rows = await desk.database.fetch("people", query, options.after, options.limit + 1)
    await desk.moderator.audit.note(desk.call("find"))
    people = [person_document(row) for row in rows[: options.limit]]
    more = len(rows) > options.limit
    after = rows[options.limit - 1]["username_key"] if more else None
    text = table(PEOPLE, map(_person, people)) if people else "nobody of that name"
    if more:
        text += f"\nmore: --after {after!r}"
    return Said(text, {"items": people, "after": after})


async def set_roles(desk: Desk, options: argparse.Namespace) -> Said:
    roles, user = roles_of(options.role), await desk.found(options.name)
    call = desk.call("roles", options.reason, user=user.id)
    done, ended = await desk.moderator.set_roles(call, user.id, roles)
    said = f"{user.username} has roles {', '.join(roles) or '(none)'}"
    return Said(
        f"{said}; {ended} sessions must log in again", {**done.answer, "sessionsEnded": ended}
    )


async def disable(desk: Desk, options: argparse.Namespace) -> Said:
    user = await desk.found(options.name)
    call = desk.call("disable", options.reason, user=user.id)
    done, ended = await desk.moderator.disable(call, user.id)
    said = f"disabled {user.username}; {ended} sessions ended"
    return Said(said, {**done.answer, "sessionsEnded": ended})


async def enable(desk: Desk, options: argparse.Namespace) -> Said:
    user = await desk.found(options.name)
    done = await desk.moderator.enable(desk.call("enable", options.reason, user=user.id), user.id)
    return Said(f"enabled {user.username}", done.answer)


async def disqualify(desk: Desk, options: argparse.Namespace) -> Said:
    user = await desk.found(options.name)
    call = desk.call("disqualify", options.reason, user=user.id)
    done = await desk.moderator.disqualify(call, user.id)
    return Said(f"{user.username} is out of the ranks; the score stays", done.answer)


async def restore(desk: Desk, options: argparse.Namespace) -> Said:
    user = await desk.found(options.name)
    done = await desk.moderator.restore(desk.call("restore", options.reason, user=user.id), user.id)
    return Said(f"{user.username} is back in the ranks with {done.answer['score']}", done.answer)


async def erase(desk: Desk, options: argparse.Namespace) -> Said:
    user = await desk.found(options.name)
    if not options.yes:
        raise CommandError(
            f"{user.username} cannot be brought back: name, login and rank go, the ledger stays "
            "under a pseudonym; say --yes"
        )
    call = desk.call("erase", options.reason, user=user.id)
    if not await desk.moderator.erase(user.id, call):
        raise CommandError("somebody else erased that user just now")
    return Said(f"{user.username} is erased", {"id": user.id, "erased": True})


async def adjust(desk: Desk, options: argparse.Namespace) -> Said:
    user, points = await desk.found(options.name), options.points
    if points == 0 or abs(points) > MAX_SCORE:
        raise CommandError(f"points must be a whole number, not 0, within {MAX_SCORE} either way")
    digest = hashlib.sha256(f"adjust {user.id} {points} {options.reason}".encode()).hexdigest()
    call = desk.call(
        "adjust",
        options.reason,
        user=user.id,
        key=options.key,
        digest=digest,
        details={"points": points},
    )
    done: Done = await desk.moderator.adjust(call, user.id, points)
    row = done.answer
    again = " (done before under this key)" if done.replayed else ""
    said = f"{user.username}: {row['scoreBefore']} {points:+d} = {row['scoreAfter']}{again}"
    return Said(said, row)


async def explain(desk: Desk, options: argparse.Namespace) -> Said:
    user = await desk.found(options.name)
    found = await desk.explainer.explain(user.id, options.before or NEWEST)
    await desk.moderator.audit.note(desk.call("explain", user=user.id))
    return Said(_explained(found), found)


def _explained(found: dict[str, Any]) -> str:
    person, rank = found["user"], found["rank"]
    where = f"rank {rank} of {found['total']}" if rank else "not ranked"
    if person["disqualified"]:
        where += " (disqualified)"
    elif person["reachedAt"] is None:
        where += " (no score yet)"
    lines = [f"{person['username']}: {person['score']} points, {where}"]
    for side in ("above", "below"):
        other = found[side]
        if other is not None:
            said = f"{other['username']} with {other['score']}, reached {other['reachedAt']}"
            lines.append(f"{side}: {said}; decided by {other['decidedBy']}")
    rows, points = found["ledgerRows"], found["ledgerPoints"]
    agrees = "which is the score" if found["ledgerAgrees"] else "which is NOT the score"
    lines.append(f"ledger: {rows} rows make {points}, {agrees}")
    exact = found["exactRank"]
    if found["rank"] != exact:
        lines.append(f"Postgres counts rank {exact}: try again; if it stays, scoreboard rebuild")
    heads = ("at", "action", "points", "before", "after", "reason", "job")
    names = ("at", "action", "points", "scoreBefore", "scoreAfter", "reason", "jobId")
    lines.append(table(heads, ([item[name] for name in names] for item in found["items"])))
    if found["nextCursor"]:
        lines.append(f"older: --before {found['nextCursor'][1:]}")
    return "\n".join(lines)


# --- the running board -----------------------------------------------------------
async def dead_letters(desk: Desk, options: argparse.Namespace) -> Said:
    letters = [letter_document(x) for x in await desk.moderator.letters.list(options.limit)]
    total = await desk.moderator.letters.count()
    await desk.moderator.audit.note(desk.call("dead-letters"))
    names = ("jobId", "at", "action", "userId", "attempts", "reason")
    heads = ("job", "at", "action", "user", "tried", "reason")
    rows = ([letter[name] for name in names] for letter in letters)
    text = f"{table(heads, rows)}\n" if letters else ""
    return Said(f"{text}{total} dead letters", {"items": letters, "total": total})


async def redrive(desk: Desk, options: argparse.Namespace) -> Said:
    letters = desk.moderator.letters
    if options.all:
        ids = [letter.job_id for letter in await letters.list(100_000)]
    elif options.job:
        ids = options.job
    else:
        raise CommandError("name a job id, or --all; admin dead-letters lists them")
    for job_id in ids:
        try:
            await desk.moderator.redrive(desk.call("redrive", object=job_id), job_id)
        except Refused as refused:
            raise CommandError(f"{job_id}: {refused}") from None
    return Said(f"{len(ids)} jobs are back in the queue", {"jobs": ids})


async def _freeze(desk: Desk, options: argparse.Namespace, *, frozen: bool) -> Said:
    boards = [board.name for board in desk.settings.board.boards]
    board = options.board or boards[0]
    if board not in boards:
        raise CommandError(f"there is no board {board!r}; there is {', '.join(boards)}")
    call = desk.call("freeze" if frozen else "unfreeze", options.reason, object=board)
    done = await desk.moderator.freeze(call, board, frozen=frozen)
    said = (
        f"{board} is frozen since {done.answer['since']}: no score changes, new actions are refused"
        if frozen
        else f"{board} is not frozen: scores change again"
    )
    return Said(said, done.answer)


async def freeze(desk: Desk, options: argparse.Namespace) -> Said:
    return await _freeze(desk, options, frozen=True)


async def unfreeze(desk: Desk, options: argparse.Namespace) -> Said:
    return await _freeze(desk, options, frozen=False)


async def audit(desk: Desk, options: argparse.Namespace) -> Said:
    about = (await desk.found(options.user)).id if options.user else None
    entries = await desk.moderator.audit.page(options.before or LAST_ID, options.limit, about)
    await desk.moderator.audit.note(desk.call("audit", user=about))
    items = [audit_document(entry) for entry in entries]
    heads = ("id", "at", "who", "verb", "about", "outcome", "reason", "details")
    rows = [
        (
            *(item[name] for name in ("id", "at")),
            item["actor"] or item["actorId"],
            item["verb"],
            item["username"] or item["userId"] or item["object"],
            *(item[name] for name in ("outcome", "reason")),
            json.dumps(item["details"]) if item["details"] else None,
        )
        for item in items
    ]
    text = table(heads, rows) if rows else "nothing yet"
    if len(items) == options.limit:
        text += f"\nolder: --before {items[-1]['id']}"
    return Said(text, {"items": items})


# --- arguments -------------------------------------------------------------------
def _limit(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,4}", text) or not 1 <= int(text) <= 1000:
        raise argparse.ArgumentTypeError("must be a whole number from 1 to 1000")
    return int(text)


def _add_people(add: Add) -> None:
    finding = add("users", users, "find users by a part of their name, or by id")
    finding.add_argument("query", nargs="*")
    finding.add_argument("--after", default="", help="the name that the page before ended with")
    roles = add("roles", set_roles, "replace a user's roles; the user must log in again")
    roles.add_argument("--role", action="append", required=True)
    named = [
        add("disable", disable, "refuse a user's logins and end every session; the rank stays"),
        add("enable", enable, "allow a disabled user again"),
        add("disqualify", disqualify, "take a player out of the ranks; the score stays"),
        add("restore", restore, "put a disqualified player back where the score belongs"),
    ]
    erasing = add("erase", erase, "forget a user for good; the ledger stays under a pseudonym")
    erasing.add_argument("--yes", action="store_true", help="it cannot be undone")
    adjusting = add(
        "adjust", adjust, "add points to a score, or take them away, through the ledger"
    )
    for command in (*named, erasing, adjusting, roles):
        command.add_argument("name", help="of the user, or the id")
        needed = command is not roles
        command.add_argument("--reason", required=needed, help="kept in the audit log")
    adjusting.add_argument("points", type=int, help="e.g. 250 or -250")
    adjusting.add_argument("--key", help="the same key does it once, however often it is run")
    explaining = add("explain", explain, "why a rank is what it is: neighbours and ledger")
    explaining.add_argument("name", help="of the user, or the id")
    explaining.add_argument("--before", type=int, help="older rows than this version")
    finding.add_argument("--limit", type=_limit, default=50)


def _add_running(add: Add) -> None:
    listing = add("dead-letters", dead_letters, "list jobs that were set aside, with the reason")
    listing.add_argument("--limit", type=_limit, default=100)
    driving = add("redrive", redrive, "put dead letters back into the queue")
    driving.add_argument("job", nargs="*")
    driving.add_argument("--all", action="store_true")
    for name, run, text in (
        ("freeze", freeze, "stop the scores of a board; new actions are told to come back later"),
        ("unfreeze", unfreeze, "let the scores of a board change again"),
    ):
        command = add(name, run, text)
        command.add_argument("board", nargs="?", help="default: the first of spec.boards")
        command.add_argument("--reason", help="kept in the audit log")
    reading = add("audit", audit, "who did what to whom, and why; the newest first")
    reading.add_argument("--user", help="about this user only: a name or an id")
    reading.add_argument("--before", type=int, help="older entries than this id")
    reading.add_argument("--limit", type=_limit, default=50)


def add_arguments(add: Add) -> None:
    """Declares the commands."""
    _add_people(add)
    _add_running(add)
