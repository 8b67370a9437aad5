"""What panels are made of: their shape, the selectors of a board's series, and queries that many ask.

`B` selects the board that is looked at; its labels are those that alerts/board.yaml names.
"""

from dataclasses import dataclass
from typing import Any

B = 'namespace="$namespace",board="$board"'
OPERATOR = 'namespace="$namespace"'
HTTP = "scoreboard_http_request_duration_seconds"
JOB = "scoreboard_job_duration_seconds"
ACCEPTED = f'{B},route="/api/actions/execute",status="202"'
PUSHED = f'{B},stage="admit_to_push"'
RUNBOOKS = "https://github.com/scoreboard-dev/scoreboard/blob/main/docs/runbooks/"
LINES, STAT, BARS, TABLE = "timeseries", "stat", "bargauge", "table"
# The edges of the objectives, as alerts/board.yaml has them.
AVAILABLE, IN_TIME = 0.999, 0.99
ACCEPT_WITHIN, PUSH_WITHIN, WAIT_AT_MOST = 0.1, 0.25, 60.0

Steps = tuple[tuple[str, float], ...]
Queries = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """`queries`: (PromQL, legend). All but lines show the last value alone.

    `steps`: the colour below the first edge, then colours from edges on; lines draw the edges.
    `colors`: of legends. `board`, `alert`: where it links to. `none`: what is said without data.
    `limit`: the legend of a line that the others should not cross.
    `columns`: labels that a table shows, with their headings. `named`: a stat shows the legend.
    """

    title: str
    unit: str
    about: str
    queries: Queries
    kind: str = LINES
    width: int = 8
    height: int = 8
    below: str = ""
    steps: Steps = ()
    colors: tuple[tuple[str, str], ...] = ()
    stacked: bool = False
    decimals: int | None = None
    least: float | None = 0
    most: float | None = None
    board: str = ""
    alert: str = ""
    none: str = ""
    limit: str = ""
    columns: tuple[tuple[str, str], ...] = ()
    named: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Dashboard:
    """`rows`: titles and their panels. `selects`: a metric whose labels fill the variables."""

    name: str
    title: str
    about: str
    rows: tuple[tuple[str, tuple[Panel, ...]], ...]
    selects: str = "scoreboard_build_info"
    board: bool = True
    alerts: str = f'{B},severity!="none"'  # the watchdog's fires always


def rate(metric: str, by: str = "", select: str = B) -> str:
    """Per second, summed."""
    grouped = f" by ({by})" if by else ""
    return f"sum{grouped} (rate({metric}{{{select}}}[$__rate_interval]))"


def quantiles(metric: str, select: str = B) -> Queries:
    """The median and the slowest of a hundred, of a histogram."""
    return tuple(
        (f"histogram_quantile({q}, {rate(f'{metric}_bucket', 'le', select)})", legend)
        for q, legend in ((0.99, "99th percentile"), (0.5, "median"))
    )


def share(bad: str, of: str, window: str) -> str:
    """Of recorded rates: the part that was bad in a window; nothing where nothing was asked."""
    above, below = (f"avg_over_time({name}:rate5m{{{B}}}[{window}])" for name in (bad, of))
    return f"{above} / ({below} > 0)"


def lines(title: str, unit: str, about: str, *queries: tuple[str, str], **more: Any) -> Panel:
    """What is counted is whole, unless `decimals` says otherwise."""
    given = {"decimals": 0 if unit == "short" else None, **more}
    return Panel(title=title, unit=unit, about=about, queries=queries, **given)


def one(title: str, unit: str, about: str, query: str, legend: str = "", **more: Any) -> Panel:
    """A number, green until an edge says otherwise."""
    given = {"kind": STAT, "width": 6, "height": 4, "below": "green", **more}
    return lines(title, unit, about, (query, legend), **given)


def bars(title: str, unit: str, about: str, *queries: tuple[str, str], **more: Any) -> Panel:
    return lines(title, unit, about, *queries, **{"kind": BARS, "below": "green", **more})


def table(title: str, about: str, query: str, *columns: tuple[str, str], **more: Any) -> Panel:
    return lines(title, "none", about, (query, ""), kind=TABLE, columns=columns, **more)


def gauge(metric: str, by: str = "", select: str = B) -> str:
    """What the worker that knows best says: each of them measures the same."""
    grouped = f" by ({by})" if by else ""
    return f"max{grouped} ({metric}{{{select}}})"


def of_role(component: str) -> str:
    return f'{B},component="{component}"'


def dependencies(component: str, **more: Any) -> Panel:
    return lines(
        "Dependencies", "short", f"Pods of the {component} that reach each of its dependencies.",
        (f"sum by (dependency) (scoreboard_dependency_up{{{of_role(component)}}})", "{{dependency}}"),
        board="stores", **more,
    )  # fmt: skip


def errors(component: str) -> Panel:
    return lines(
        "Database errors", "ops",
        f"Calls of the {component} to PostgreSQL that failed; transient ones are tried again.",
        (rate("scoreboard_db_errors_total", "kind", of_role(component)), "{{kind}}"),
        none="none", board="stores",
    )  # fmt: skip


def saturation(component: str) -> tuple[Panel, ...]:
    """How much of its pods is used. A process has one thread that counts: one core is all of it."""
    select = of_role(component)
    return (
        lines("Pods", "short", f"Pods of the {component} that answer Prometheus, of those that should.", (f"sum(up{{{select}}})", "answer"), (f"count(up{{{select}}})", "are there"), limit="are there", alert="ScoreboardRoleAbsent"),
        lines("CPU by pod", "percentunit", "Share of one core. Near 100 % a pod is full, whatever its limit: more pods help.", (f"sum by (pod) (rate(process_cpu_seconds_total{{{select}}}[$__rate_interval]))", "{{pod}}"), below="green", steps=(("red", 0.9),)),
        lines("Memory by pod", "bytes", "Resident memory.", (f"sum by (pod) (process_resident_memory_bytes{{{select}}})", "{{pod}}")),
    )  # fmt: skip


def reached() -> Panel:
    return lines(
        "Dependencies", "percentunit", "Share of pods that reach it.",
        (f"avg by (dependency) (scoreboard_dependency_up{{{B}}})", "{{dependency}}"), most=1, board="stores", alert="ScoreboardPostgresDown",
    )  # fmt: skip


def transaction() -> Panel:
    return lines(
        "Transaction", "s", "From BEGIN to COMMIT of a batch of jobs.",
        *quantiles("scoreboard_db_transaction_duration_seconds"), board="stores",
    )  # fmt: skip


def waiting() -> Panel:
    return lines(
        "Jobs that wait", "short", "Actions that are accepted and not finished; they are on the queue's disk.",
        (gauge("scoreboard_queue_depth"), "jobs"), board="worker", alert="ScoreboardQueueGrowing",
    )  # fmt: skip


def to_the_202() -> Panel:
    return lines(
        "Time to the 202", "s", "From the head of POST /api/actions/execute to its 202. The objective: 99 % within 100 ms.",
        *quantiles(HTTP, ACCEPTED), below="green", steps=(("red", ACCEPT_WITHIN),), board="gateway", alert="ScoreboardAcceptLatencyBudgetBurn",
    )  # fmt: skip


def to_the_sockets() -> Panel:
    return lines(
        "Time to the sockets", "s", "From admission until the change is written to the sockets. The objective: 99 % within 250 ms.",
        *quantiles(JOB, PUSHED), below="green", steps=(("red", PUSH_WITHIN),), board="broadcaster", alert="ScoreboardPushLatencyBudgetBurn",
    )  # fmt: skip


def sockets() -> Panel:
    return lines(
        "Sockets", "short", "Open sockets, each in one state; who looks at the board is subscribed.",
        (f"sum by (state) (scoreboard_connections{{{B}}})", "{{state}}"), stacked=True, board="broadcaster",
    )  # fmt: skip
