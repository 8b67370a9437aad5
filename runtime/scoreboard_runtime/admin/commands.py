"""`scoreboard admin ...`: users, sessions, moderation, dead letters and keys of one Scoreboard.

It reads the same environment as the roles; `--data-dir` takes that of a local instance.
"""

import argparse
import asyncio
import json
import secrets
import sys
from getpass import getpass
from pathlib import Path

import asyncpg

from scoreboard_runtime.admin import importing, looking, moderating
from scoreboard_runtime.admin.desk import CommandError, Desk, Said, somebody
from scoreboard_runtime.admin.importing import ImportRefused
from scoreboard_runtime.admin.keys import RotationError, turn
from scoreboard_runtime.admin.moderating import Command, roles_of
from scoreboard_runtime.contract.keys import Keys
from scoreboard_runtime.gateway import moderator
from scoreboard_runtime.gateway.explaining import Explainer
from scoreboard_runtime.gateway.overview import Overview
from scoreboard_runtime.gateway.passwords import Hasher
from scoreboard_runtime.process import settings as process_settings
from scoreboard_runtime.process.settings import Settings, SettingsError
from scoreboard_runtime.rules import passwords, usernames
from scoreboard_runtime.rules.moderation import Refused
from scoreboard_runtime.stores import valkey
from scoreboard_runtime.stores.audit import Actor
from scoreboard_runtime.stores.errors import StoreUnavailable
from scoreboard_runtime.stores.freezes import BoardFrozen, Freezes
from scoreboard_runtime.stores.postgres import Database
from scoreboard_runtime.stores.sessions import REVOKED, Sessions
from scoreboard_runtime.stores.standings import Standings
from scoreboard_runtime.stores.users import Users

ENVIRONMENT_FILE = "environment.json"
LOCAL = Path(".scoreboard")  # where local mode has a folder for each board


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


async def create_user(desk: Desk, options: argparse.Namespace) -> Said:
    roles = roles_of(options.role or ["player"])
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
        raise CommandError(f"{options.name!r} is taken; choose another name, or use admin roles")
    await desk.moderator.audit.note(
        desk.call("create", user=user.id, details={"roles": sorted(user.roles)})
    )
    shown = f"\npassword: {password}   (shown once)" if made else ""
    roles_said = ", ".join(sorted(user.roles))
    value = {"id": user.id, "username": user.username, "roles": sorted(user.roles)}
    return Said(
        f"created {user.username} ({user.id}) with roles {roles_said}{shown}",
        {**value, "password": password} if made else value,
    )


async def end_sessions(desk: Desk, options: argparse.Namespace) -> Said:
    user = await desk.found(options.name)
    ended = await desk.sessions.end_all(user.id, REVOKED)
    await desk.moderator.audit.note(desk.call("end-sessions", user=user.id))
    said = f"{ended} sessions of {user.username} ended"
    return Said(said, {"userId": user.id, "sessionsEnded": ended})


async def rotate_keys(desk: Desk, options: argparse.Namespace) -> Said:
    settings = desk.settings
    keep_us = settings.board.refresh_ttl_us
    said = turn(settings.keys_file, keep_us, drop_older=options.drop_older)
    return Said(said, {"kid": said.split()[0]})


async def import_scores(desk: Desk, options: argparse.Namespace) -> Said:
    said = await importing.run_import(desk, options)
    return Said(said, {"said": said})


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares every admin command on `parser`."""
    parser.add_argument(
        "--data-dir", type=Path, help="of a local instance, e.g. .scoreboard/arcade"
    )
    parser.add_argument("--actor", help="who you are, for the audit log (default: user@host)")
    commands = parser.add_subparsers(dest="admin_command", required=True, metavar="COMMAND")

    def add(name: str, run: Command, text: str) -> argparse.ArgumentParser:
        found = commands.add_parser(name, help=text, description=text)
        found.set_defaults(desk_command=run)
        found.add_argument("--json", action="store_true", help="for programs")
        return found

    create = add("create-user", create_user, "create a user, e.g. the first admin")
    create.add_argument("--role", action="append", help="may be repeated; default: player")
    create.add_argument("--password-stdin", action="store_true", help="read the password there")
    ending = add("end-sessions", end_sessions, "end every session of a user")
    for command in (create, ending):
        command.add_argument("name")
    looking.add_arguments(add)
    moderating.add_arguments(add)
    turning = add("rotate-keys", rotate_keys, "add a master key; older ones stay for overlap")
    turning.add_argument(
        "--drop-older", action="store_true", help="of a stolen key: everybody must log in again"
    )
    coming = add("import", import_scores, "take the players of another leaderboard from a CSV")
    importing.add_arguments(coming)


def _settings(options: argparse.Namespace) -> Settings:
    if options.data_dir is None:
        here = sorted(path.parent for path in LOCAL.glob(f"*/{ENVIRONMENT_FILE}"))
        try:
            return process_settings.load("admin")
        except SettingsError as error:
            if not here:
                raise
            raise SettingsError(
                f"{error}; of the board on this machine: --data-dir {here[0]}"
            ) from None
    path = options.data_dir / ENVIRONMENT_FILE
    try:
        return process_settings.load("admin", json.loads(path.read_text()))
    except OSError as error:
        raise SettingsError(f"cannot read {path}: {error.strerror}; is that a data dir?") from None
    except ValueError:
        raise SettingsError(f"{path} is damaged; start the local instance again") from None


async def _run(options: argparse.Namespace) -> int:
    settings = _settings(options)
    board, keys = settings.board, Keys(settings.board.name)
    database = Database(settings.database_url, size=2, application="admin")
    client, cache = valkey.connect(settings.redis_url), valkey.connect(settings.cache_url)
    users, sessions = Users(database), Sessions(client, keys, board.refresh_ttl_us)
    standings = Standings(cache, database, keys)
    acting = moderator.build(database, client, cache, board, sessions)
    desk = Desk(
        settings=settings,
        database=database,
        users=users,
        sessions=sessions,
        moderator=acting,
        explainer=Explainer(database=database, standings=standings, users=users, board=board.board),
        overview=Overview(
            board=board,
            capacity=settings.queue_capacity,
            queue_client=client,
            standings=standings,
            freezes=Freezes(database),
            letters=acting.letters,
        ),
        actor=Actor(terminal=options.actor or somebody()),
    )
    try:
        said: Said = await options.desk_command(desk, options)
    finally:
        await database.close()
        await client.aclose()
        await cache.aclose()
    print(json.dumps(said.value, ensure_ascii=False) if options.json else said.text)
    return 0


def run(options: argparse.Namespace) -> int:
    """Exit status: 0 done, 1 not possible, 2 wrong settings."""
    try:
        return asyncio.run(_run(options))
    except SettingsError as error:
        print(f"scoreboard: {error}", file=sys.stderr)
        return 2
    except (CommandError, RotationError, ImportRefused, Refused, BoardFrozen) as error:
        print(f"scoreboard: {error}", file=sys.stderr)
    except StoreUnavailable as error:
        print(f"scoreboard: {error}; is it running?", file=sys.stderr)
    except asyncpg.PostgresError as error:
        # The kind alone: the message may show what was sent.
        what = f"the database refuses ({type(error).__name__})"
        print(f"scoreboard: {what}; has `scoreboard migrate` been run?", file=sys.stderr)
    return 1
