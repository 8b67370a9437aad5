"""`scoreboard admin overview`: the running board at a glance, with what a gateway has counted."""

import argparse
from typing import Any

import aiohttp
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from scoreboard_runtime.admin.desk import CommandError, Desk, Said, table
from scoreboard_runtime.admin.moderating import Add
from scoreboard_runtime.contract import endpoints, metrics
from scoreboard_runtime.contract.snapshots import rfc3339
from scoreboard_runtime.gateway.overview import OUTCOMES, counted

WITHIN = 3.0  # seconds for a gateway to tell its metrics
STARTED = "process_start_time_seconds"
ELSEWHERE = (
    "rejections: every gateway counts its own. They are in the console under Board, on the "
    "dashboards, or here with --metrics http://GATEWAY:9100/metrics"
)
Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


async def _scraped(address: str) -> Samples:
    """The samples of a metrics port. Raises CommandError."""
    try:
        timeout = aiohttp.ClientTimeout(total=WITHIN)
        async with aiohttp.ClientSession(timeout=timeout) as http, http.get(address) as answer:
            text = await answer.text()
        return {
            (sample.name, frozenset(sample.labels.items())): sample.value
            for family in text_string_to_metric_families(text)  # type: ignore[no-untyped-call]
            for sample in family.samples
        }
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        why = str(error) or f"no answer in {WITHIN:g} s"
        raise CommandError(f"{address} is not reached ({why}); does that gateway run?") from None
    except ValueError:
        raise CommandError(f"{address} tells no metrics; name a gateway's metrics port") from None


async def _gateway(desk: Desk, address: str) -> dict[str, Any]:
    """`gateway` of the overview, as its metrics tell it. Raises CommandError."""
    samples = await _scraped(address)
    role = ("role", endpoints.GATEWAY)
    if not any(name == metrics.BUILD_INFO.name and role in labels for name, labels in samples):
        raise CommandError(f"{address} is not a gateway's; its metrics port is 9100 by default")
    started = samples.get((STARTED, frozenset()))
    return {
        "id": address,
        "startedAt": rfc3339(int(started * 1e6)) if started else None,
        **counted(
            desk.settings.board,
            lambda name, labels: samples.get((name, frozenset(labels.items()))),
        ),
    }


async def overview(desk: Desk, options: argparse.Namespace) -> Said:
    """As the route: not audited, since it may be asked again and again."""
    await desk.overview.freezes.poll()
    found = await desk.overview.look()
    address, port = options.metrics, desk.settings.metrics_port
    note, gateway = ELSEWHERE, None
    if address is None and options.data_dir is not None and port:
        address = f"http://{desk.settings.host}:{port}{endpoints.METRICS}"
    if address is not None:
        try:
            gateway = await _gateway(desk, address)
        except CommandError as error:
            if options.metrics is not None:
                raise
            note = f"rejections: {error}"  # what the stores know is worth telling all the same
    found["gateway"] = gateway
    return Said(_glance(found, note), found)


# --- for people --------------------------------------------------------------------
def _per(limit: dict[str, Any] | None) -> str | None:
    return f"{limit['count']} in {limit['perSeconds']:g} s" if limit else None


def _board(board: dict[str, Any]) -> str:
    if not board["frozen"]:
        return f"board {board['board']}: running"
    why = f": {board['reason']}" if board["reason"] else ""
    return f"board {board['board']}: frozen since {board['since']}{why}"


def _budgets(found: dict[str, Any]) -> str:
    """Budgets, and what became of each action where a gateway told it."""
    limits, gateway = found["limits"], found["gateway"]
    named = {"everybody": "global", "an address": "address", "a user": "user"}
    rows = [[who, _per(limits[name]), None] for who, name in named.items()]
    rows += [
        [
            row["action"],
            _per(row["limit"]),
            f"{row['cooldownSeconds']:g}" if row["cooldownSeconds"] else None,
        ]
        for row in limits["actions"]
    ]
    heads = ["who or what", "budget", "cooldown s"]
    if gateway is not None:
        became = {row["action"]: row for row in gateway["actions"]}
        heads += OUTCOMES
        for row in rows:
            row += [became[row[0]][each] if row[0] in became else None for each in OUTCOMES]
    return table(heads, rows)


def _rejections(gateway: dict[str, Any] | None, note: str) -> str:
    if gateway is None:
        return note
    counts = [(row["code"], row["layer"], row["count"]) for row in gateway["rejections"]]
    rows = sorted((row for row in counts if row[2]), key=lambda row: -row[2])
    if not rows:
        return f"nothing rejected since {gateway['startedAt']}, by {gateway['id']}"
    shown = table(("code", "layer", "count"), rows)
    return f"{shown}\ncounted since {gateway['startedAt']}, by {gateway['id']}"


def _glance(found: dict[str, Any], note: str) -> str:
    queue, everybody = found["queue"], found["limits"]["global"]
    dead = queue["deadLetters"]
    letters = f"{dead} dead letters" + (": admin dead-letters lists them" if dead else "")
    return "\n".join(
        [
            f"{found['name']}: {found['players']} players ranked, runtime {found['version']}",
            *map(_board, found["boards"]),
            f"queue: {queue['depth']} accepted and not finished, room for {queue['capacity']}",
            letters,
            f"left of everybody's budget: {everybody['left']} of {_per(everybody)}",
            "",
            _budgets(found),
            "",
            _rejections(found["gateway"], note),
        ]
    )


def add_arguments(add: Add) -> None:
    """Declares the command."""
    text = "the board now: frozen or not, queue, budgets, rejections by code"
    looking = add("overview", overview, text)
    looking.add_argument(
        "--metrics",
        metavar="URL",
        help="of a gateway, whose counts to show (default: that of --data-dir)",
    )
