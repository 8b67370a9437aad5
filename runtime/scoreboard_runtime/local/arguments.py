"""The options of `scoreboard local`: light, so that every command can show its help."""

import argparse
from pathlib import Path

DEFAULT_PORT = 8080


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares them on `parser`."""

    def flag(name: str, text: str) -> None:
        parser.add_argument(name, action="store_true", help=text)

    parser.add_argument("manifest", type=Path, help="a Scoreboard, e.g. examples/arcade.yaml")
    flag("--demo", "with players who play by themselves")
    parser.add_argument(
        "--port", type=int, default=DEFAULT_PORT, help="of the page and the API; 0 takes free ports"
    )
    parser.add_argument("--data-dir", type=Path, help="default: .scoreboard/<name>")
    flag("--ephemeral", "keep nothing (not with --data-dir)")
    parser.add_argument("--database-url", help="a PostgreSQL 14 or later, not the embedded one")
    parser.add_argument("--redis-url", help="a Redis 7.0 or Valkey 7.2 or later, not the embedded")
    parser.add_argument("--cache-url", help="with --redis-url: another one for what can be rebuilt")
    flag("--json", "print one JSON line when ready")
