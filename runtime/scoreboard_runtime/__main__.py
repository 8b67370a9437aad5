"""`scoreboard`: the roles, local mode, and the commands of those who run it."""

import argparse
import asyncio
import importlib
import sys
import textwrap
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib.metadata import entry_points
from typing import Any

from scoreboard_runtime import __version__
from scoreboard_runtime.contract import endpoints

_COMMANDS = {
    "local": "local.run",
    "store": "local.pod",
    "admin": "admin.commands",
    "doctor": "local.doctor",
}
_PAGE = """\
A score board platform: one manifest, and signed actions become a live board. Nothing is lost.

  scoreboard local examples/arcade.yaml --demo        a live board on this machine
  scoreboard doctor                                   what this machine lacks for it
  scoreboard admin --data-dir .scoreboard/arcade create-user ada --role admin
                                                      its first admin, for /admin
  scoreboard plan board.yaml                          what an edit would change on your cluster
"""
_ADMIN = """\
Players, scores, the board, keys: what an admin does at /admin, and more. Every call but
overview is in the audit log. On one machine --data-dir says which board, in a pod the
environment does.

  scoreboard admin --data-dir .scoreboard/arcade users ada
  scoreboard admin --data-dir .scoreboard/arcade adjust "Ada Lovelace" -250 --reason "counted twice"
"""
_MORE = """\
`scoreboard COMMAND --help` says more of each. Exit status: 0 done, 1 not possible, 2 wrong
arguments or settings. The manual is docs/README.md; every board serves its API's at /docs.
"""


class _Words(argparse.RawDescriptionHelpFormatter):
    """Help as wide as a page: a command and what it does stand on one line."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=24, width=100)

    def format_help(self) -> str:
        self._action_max_length += 2  # argparse forgets that commands are indented once more
        return super().format_help()

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        if "\n" in text:
            return super()._fill_text(text, width, indent)
        return textwrap.fill(text, width, initial_indent=indent, subsequent_indent=indent)


class _Page(argparse.ArgumentParser):
    """Of `scoreboard`, and of every command of it."""

    def __init__(self, **given: Any) -> None:
        super().__init__(**{"formatter_class": _Words, **given})


class NotInstalled(Exception):
    """An extra is missing; the text says which package was looked for."""


@contextmanager
def _needing_extras() -> Iterator[None]:
    """An image has the packages of its own roles alone. Raises NotInstalled."""
    try:
        yield
    except ModuleNotFoundError as error:
        if error.name is None or error.name.startswith("scoreboard_"):
            raise
        raise NotInstalled(
            f"{error.name} is not installed: this command is in another image, or in another of "
            "the extras runtime, local and operator (pip install 'scoreboard[local]')"
        ) from None


def _add_others(found: Any) -> None:
    """Commands of other packages and of the desk, when what they need is installed."""
    with suppress(NotInstalled), _needing_extras():
        from scoreboard_runtime.admin import commands

        text = "players, scores, the board, keys: what an admin does, from a terminal"
        commands.add_arguments(found.add_parser("admin", help=text, description=_ADMIN))
    for command in entry_points(group="scoreboard.commands"):
        with suppress(NotInstalled), _needing_extras():
            command.load().add_commands(found)


def _parser() -> argparse.ArgumentParser:
    from scoreboard_runtime.local import arguments as local

    parser = _Page(prog="scoreboard", description=_PAGE, epilog=_MORE)
    parser.add_argument("--version", action="version", version=f"scoreboard {__version__}")
    found = parser.add_subparsers(
        title="commands", dest="command", required=True, metavar="COMMAND"
    )
    local_text = "run a manifest on this machine, with embedded stores"
    local.add_arguments(found.add_parser("local", help=local_text, description=local_text))
    local.add_doctor(found)
    _add_others(found)
    _add_migrate(found)
    found.add_parser("rebuild", help="build the standings in Valkey anew from Postgres")
    for role in endpoints.ROLES:
        found.add_parser(role, help=f"run the {role} (settings come from the environment)")
    local.add_store(found)
    return parser


def _add_migrate(found: Any) -> None:
    text = "bring the database up to this version"
    more = f"{text}; of the environment it reads {endpoints.ENV_DATABASE_URL} alone"
    parser = found.add_parser("migrate", help=text, description=more)
    parser.add_argument(
        "--contract",
        action="store_true",
        help="also take away what older versions need: when none of their processes runs any more",
    )
    parser.add_argument(
        "--wait",
        type=float,
        default=0.0,
        metavar="SECONDS",
        help="try again for so long while the database is away (default: not at all)",
    )


def _migrate(options: argparse.Namespace) -> str:
    from scoreboard_runtime.process import settings
    from scoreboard_runtime.stores.migrations import migrate_within

    url = settings.database_url()

    def say(what: str) -> None:
        print(f"scoreboard migrate: {what}", file=sys.stderr, flush=True)

    done = asyncio.run(migrate_within(url, options.wait, say, contract=options.contract))
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
            with _needing_extras():
                _run_role(given[0])
            return 0
        if not given:
            _parser().print_help(sys.stderr)
            return 2
        options = _parser().parse_args(given)
        with _needing_extras():
            return _run_command(options)
    except (SettingsError, NotInstalled) as error:
        print(f"scoreboard: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130


def _run_command(options: argparse.Namespace) -> int:
    if options.command in ("local", "store") and sys.platform != "linux":
        # Only Linux ends children with their parent, whatever ends it; nor are there other servers.
        print(
            f"scoreboard {options.command}: needs Linux (on Windows: WSL; else a container)",
            file=sys.stderr,
        )
        return 2
    if hasattr(options, "run"):
        done: int = options.run(options)
        return done
    if options.command in _COMMANDS:
        module = importlib.import_module(f"scoreboard_runtime.{_COMMANDS[options.command]}")
        status: int = module.run(options)
        return status
    from scoreboard_runtime.stores.errors import StoreUnavailable
    from scoreboard_runtime.stores.migrations import MigrationError, MigrationRefused

    try:
        print(_migrate(options) if options.command == "migrate" else _rebuild())
    except (StoreUnavailable, MigrationError, OSError) as error:
        print(f"scoreboard {options.command}: {error}", file=sys.stderr)
        final = isinstance(error, MigrationRefused)
        return endpoints.EXIT_FINAL if final else endpoints.EXIT_FAILED
    return 0


if __name__ == "__main__":
    sys.exit(main())
