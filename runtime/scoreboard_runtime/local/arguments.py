"""The options of `local` and `store`: light, so that every command can show its help."""

import argparse
from pathlib import Path
from typing import Any

from scoreboard_runtime.contract.endpoints import ENV_STORE_PASSWORD, STORE_PORT

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


def add_doctor(commands: Any) -> None:
    """Declares `scoreboard doctor`."""
    text = "say what is wrong with this machine, and what to do"
    parser = commands.add_parser(
        "doctor",
        help=text,
        description=f"{text[0].upper()}{text[1:]}: Python, packages, the stores' programs, port, "
        "data folder, disk, memory, open files, clock, and the cluster of KUBECONFIG. It changes "
        "nothing. Exit status 1: a board would not start here.",
    )
    parser.add_argument("--port", type=int, default=DEFAULT_PORT, help="that you mean to use")
    parser.add_argument(
        "--data-dir", type=Path, default=Path(".scoreboard"), help="that you mean to use"
    )
    parser.add_argument("--url", help="a board whose clock to compare with")
    parser.add_argument("--json", action="store_true", help="for programs")


def add_store(commands: Any) -> None:
    """Declares `scoreboard store`."""
    text = "run one embedded server for the network, as the pods of managed stores do"
    ports = ", ".join(f"{port} for {store}" for store, port in STORE_PORT.items())
    parser = commands.add_parser(
        "store",
        help=text,
        description=f"{text[0].upper()}{text[1:]}. Its password is {ENV_STORE_PASSWORD}, "
        "16 or more letters and digits, set anew at each start; it runs until SIGTERM. "
        "Of Postgres there is the role runtime, owner of the database scoreboard.",
    )
    parser.add_argument(
        "store",
        choices=list(STORE_PORT),
        help="postgres; queue: a Valkey that has every write on disk before it answers; "
        "cache: a Valkey that keeps nothing",
    )
    parser.add_argument(
        "--folder", type=Path, default=Path("/data"), help="where its data is (default: /data)"
    )
    parser.add_argument("--port", type=int, help=f"default: {ports}")
