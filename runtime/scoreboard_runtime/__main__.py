"""`scoreboard`: the roles, local mode, and the commands of those who run it."""

import argparse
import asyncio
import importlib
import sys
from collections.abc import Sequence

from scoreboard_runtime import __version__
from scoreboard_runtime.contract import endpoints


def _parser() -> argparse.ArgumentParser:
    from scoreboard_runtime.admin import commands
    from scoreboard_runtime.local import arguments as local

    parser = argparse.ArgumentParser(
        prog="scoreboard", description="A score board platform: one manifest, nothing lost."
    )
    parser.add_argument("--version", action="version", version=f"scoreboard {__version__}")
    found = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    local_text = "run a manifest on this machine, with embedded stores"
    local.add_arguments(found.add_parser("local", help=local_text, description=local_text))
    admin_text = "users, sessions, dead letters, keys"
    commands.add_arguments(found.add_parser("admin", help=admin_text, description=admin_text))
    found.add_parser("migrate", help="bring the database up to this version")
    found.add_parser("rebuild", help="build the standings in Valkey anew from Postgres")
    for role in endpoints.ROLES:
        found.add_parser(role, help=f"run the {role} (settings come from the environment)")
    return parser


def _migrate() -> str:
    from scoreboard_runtime.process import settings
    from scoreboard_runtime.stores.migrations import migrate

    done = asyncio.run(migrate(settings.load("migrate").database_url))
    return f"migrated: {', '.join(done) or 'nothing to do'}"


def _rebuild() -> str:
    from scoreboard_runtime.process import settings
    from scoreboard_runtime.worker.upkeep import rebuild_now

    return f"{asyncio.run(rebuild_now(settings.load('rebuild')))} players ranked anew"


def _run_role(role: str) -> None:
    from scoreboard_runtime.process import settings

    importlib.import_module(f"scoreboard_runtime.{role}.app").run(settings.load(role))


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit status: 0 done, 1 not possible, 2 wrong settings or arguments."""
    from scoreboard_runtime.process.settings import SettingsError

    # A role's process reads no arguments: it skips the parser and what that imports.
    given = list(sys.argv[1:] if arguments is None else arguments)
    try:
        if len(given) == 1 and given[0] in endpoints.ROLES:
            _run_role(given[0])
            return 0
        options = _parser().parse_args(given)
        return _run_command(options)
    except SettingsError as error:
        print(f"scoreboard: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130


def _run_command(options: argparse.Namespace) -> int:
    if options.command == "local" and sys.platform != "linux":
        # Only Linux ends children with their parent, whatever ends it; nor are there other servers.
        print("scoreboard local: needs Linux (on Windows: WSL; else a container)", file=sys.stderr)
        return 2
    if options.command in ("local", "admin"):
        name = "local.run" if options.command == "local" else "admin.commands"
        status: int = importlib.import_module(f"scoreboard_runtime.{name}").run(options)
        return status
    from scoreboard_runtime.stores.errors import StoreUnavailable
    from scoreboard_runtime.stores.migrations import MigrationError

    try:
        print(_migrate() if options.command == "migrate" else _rebuild())
    except (StoreUnavailable, MigrationError, OSError) as error:
        print(f"scoreboard {options.command}: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
