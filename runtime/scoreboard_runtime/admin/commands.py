"""`scoreboard admin ...`: users, sessions, dead letters and keys of one Scoreboard.

It reads the same environment as the roles; `--data-dir` takes that of a local instance.
"""

import argparse
import asyncio
import json
import re
import secrets
import sys
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from getpass import getpass
from pathlib import Path

import asyncpg

from scoreboard_runtime.admin import importing
from scoreboard_runtime.admin.importing import ImportRefused
from scoreboard_runtime.admin.keys import RotationError, turn
from scoreboard_runtime.contract.keys import Keys
from scoreboard_runtime.contract.snapshots import rfc3339
from scoreboard_runtime.gateway.passwords import Hasher
from scoreboard_runtime.process import settings as process_settings
from scoreboard_runtime.process.settings import Settings, SettingsError
from scoreboard_runtime.rules import passwords, usernames
from scoreboard_runtime.stores import valkey
from scoreboard_runtime.stores.errors import CACHE, StoreUnavailable
from scoreboard_runtime.stores.letters import DeadLetters
from scoreboard_runtime.stores.postgres import Database
from scoreboard_runtime.stores.sessions import DISABLED, REVOKED, Sessions
from scoreboard_runtime.stores.users import User, Users

ENVIRONMENT_FILE = "environment.json"
_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_ROLE = re.compile(r"[a-z][a-z0-9_-]{0,31}")


class CommandError(Exception):
    """The command can not do it; the text says what to do instead."""


@dataclass(slots=True)
class Desk:
    """What the commands work with."""

    settings: Settings
    users: Users
    sessions: Sessions
    letters: DeadLetters
    cache: valkey.Client
    keys: Keys
    database: Database

    async def forget_cached(self, user: User) -> None:
        """Gateways must show the user as they are from now on; a lost cache shows nobody."""
        with suppress(StoreUnavailable), valkey.available(CACHE):
            await self.cache.delete(self.keys.cached("user", user.id))
            await self.cache.publish(self.keys.cache_channel(), f"user:{user.id}")


async def _found(desk: Desk, name: str) -> User:
    """By the name, or by the id that logs tell."""
    user = await desk.users.by_id(name) if _ID.fullmatch(name) else None
    user = user or await desk.users.by_name(name)
    if user is None:
        raise CommandError(f"there is no user {name!r}; create one with admin create-user")
    return user


def _roles(given: Sequence[str]) -> list[str]:
    for role in given:
        if not _ROLE.fullmatch(role):
            raise CommandError(f"{role!r} is no role; use a-z, 0-9, _ and -, as in spec.actions")
    return sorted(set(given))


def _password(options: argparse.Namespace) -> tuple[str, bool]:
    """The password, and whether it was made here."""
    if options.password_stdin:
        return sys.stdin.readline().rstrip("\n"), False
    if sys.stdin.isatty():
        typed = getpass("Password (empty: make one): ")
        if typed and getpass("Again: ") != typed:
            raise CommandError("the two passwords differ; nothing was created, try again")
        if typed:
            return typed, False
    return secrets.token_urlsafe(18), True


async def create_user(desk: Desk, options: argparse.Namespace) -> str:
    roles = _roles(options.role or ["player"])
    fault = usernames.fault(options.name)
    if fault is not None:
        raise CommandError(f"the name {fault}")
    password, made = _password(options)
    fault = passwords.fault(password, options.name)
    if fault is not None:
        raise CommandError(f"the password {fault}")
    hasher = Hasher()
    try:
        user = await desk.users.create(options.name, await hasher.hash(password), roles)
    finally:
        hasher.close()
    if user is None:
        raise CommandError(f"{options.name!r} is taken; choose another name, or use set-roles")
    shown = f"\npassword: {password}   (shown once)" if made else ""
    return f"created {user.username} ({user.id}) with roles {', '.join(sorted(user.roles))}{shown}"


async def disable_user(desk: Desk, options: argparse.Namespace) -> str:
    user = await _found(desk, options.name)
    await desk.users.set_disabled(user.id, disabled=True)
    ended = await desk.sessions.end_all(user.id, DISABLED)
    return f"disabled {user.username}; {ended} sessions ended"


async def enable_user(desk: Desk, options: argparse.Namespace) -> str:
    user = await _found(desk, options.name)
    await desk.users.set_disabled(user.id, disabled=False)
    return f"enabled {user.username}"


async def set_roles(desk: Desk, options: argparse.Namespace) -> str:
    roles, user = _roles(options.role), await _found(desk, options.name)
    await desk.users.set_roles(user.id, roles)
    ended = await desk.sessions.end_all(user.id, REVOKED)
    await desk.forget_cached(user)
    return f"{user.username} has roles {', '.join(roles)}; {ended} sessions must log in again"


async def end_sessions(desk: Desk, options: argparse.Namespace) -> str:
    user = await _found(desk, options.name)
    return f"{await desk.sessions.end_all(user.id, REVOKED)} sessions of {user.username} ended"


async def dead_letters(desk: Desk, options: argparse.Namespace) -> str:
    letters = await desk.letters.list(options.limit)
    lines = [
        f"{letter.job_id}  {rfc3339(letter.at_us)}  {letter.action}  user {letter.user}  "
        f"tried {letter.attempts}x  {letter.reason}"
        for letter in letters
    ]
    return "\n".join([*lines, f"{await desk.letters.count()} dead letters"])


async def redrive(desk: Desk, options: argparse.Namespace) -> str:
    if options.all:
        ids = [letter.job_id for letter in await desk.letters.list(100_000)]
    elif options.job:
        ids = options.job
    else:
        raise CommandError("name a job id, or --all; admin dead-letters lists them")
    missing = [job_id for job_id in ids if not await desk.letters.redrive(job_id)]
    if missing:
        raise CommandError(f"not among the dead letters: {', '.join(missing)}")
    return f"{len(ids)} jobs are back in the queue"


async def rotate_keys(desk: Desk, options: argparse.Namespace) -> str:
    settings = desk.settings
    return turn(settings.keys_file, settings.board.refresh_ttl_us, drop_older=options.drop_older)


async def import_scores(desk: Desk, options: argparse.Namespace) -> str:
    return await importing.run_import(desk.settings, desk.database, options)


Command = Callable[[Desk, argparse.Namespace], Awaitable[str]]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares every admin command on `parser`."""
    parser.add_argument(
        "--data-dir", type=Path, help="of a local instance, e.g. .scoreboard/arcade"
    )
    commands = parser.add_subparsers(dest="admin_command", required=True, metavar="COMMAND")

    def add(name: str, run: Command, text: str) -> argparse.ArgumentParser:
        found = commands.add_parser(name, help=text, description=text)
        found.set_defaults(desk_command=run)
        return found

    create = add("create-user", create_user, "create a user, e.g. the first admin")
    create.add_argument("--role", action="append", help="may be repeated; default: player")
    create.add_argument("--password-stdin", action="store_true", help="read the password there")
    roles = add("set-roles", set_roles, "replace a user's roles; the user must log in again")
    roles.add_argument("--role", action="append", required=True)
    named = [
        create,
        roles,
        add("disable-user", disable_user, "refuse a user's logins and end every session"),
        add("enable-user", enable_user, "allow a disabled user again"),
        add("end-sessions", end_sessions, "end every session of a user"),
    ]
    for command in named:
        command.add_argument("name")
    listing = add("dead-letters", dead_letters, "list jobs that were set aside, with the reason")
    listing.add_argument("--limit", type=int, default=100)
    driving = add("redrive", redrive, "put dead letters back into the queue")
    driving.add_argument("job", nargs="*")
    driving.add_argument("--all", action="store_true")
    turning = add("rotate-keys", rotate_keys, "add a master key; older ones stay for overlap")
    turning.add_argument(
        "--drop-older", action="store_true", help="of a stolen key: everybody must log in again"
    )
    coming = add("import", import_scores, "take the players of another leaderboard from a CSV")
    importing.add_arguments(coming)


def _settings(options: argparse.Namespace) -> Settings:
    if options.data_dir is None:
        return process_settings.load("admin")
    path = options.data_dir / ENVIRONMENT_FILE
    try:
        return process_settings.load("admin", json.loads(path.read_text()))
    except OSError as error:
        raise SettingsError(f"cannot read {path}: {error.strerror}; is that a data dir?") from None
    except ValueError:
        raise SettingsError(f"{path} is damaged; start the local instance again") from None


async def _run(options: argparse.Namespace) -> int:
    settings = _settings(options)
    database = Database(settings.database_url, size=2, application="admin")
    client, keys = valkey.connect(settings.redis_url), Keys(settings.board.name)
    cache = valkey.connect(settings.cache_url)
    desk = Desk(
        settings,
        Users(database),
        Sessions(client, keys, settings.board.refresh_ttl_us),
        DeadLetters(client, keys),
        cache,
        keys,
        database,
    )
    try:
        print(await options.desk_command(desk, options))
        return 0
    finally:
        await database.close()
        await client.aclose()
        await cache.aclose()


def run(options: argparse.Namespace) -> int:
    """Exit status: 0 done, 1 not possible, 2 wrong settings."""
    try:
        return asyncio.run(_run(options))
    except SettingsError as error:
        print(f"scoreboard: {error}", file=sys.stderr)
        return 2
    except (CommandError, RotationError, ImportRefused) as error:
        print(f"scoreboard: {error}", file=sys.stderr)
    except StoreUnavailable as error:
        print(f"scoreboard: {error}; is it running?", file=sys.stderr)
    except asyncpg.PostgresError as error:
        # The kind alone: the message may show what was sent.
        what = f"the database refuses ({type(error).__name__})"
        print(f"scoreboard: {what}; has `scoreboard migrate` been run?", file=sys.stderr)
    return 1
