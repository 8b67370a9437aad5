"""What each dashboard shows: titles, units, queries and what they mean. make.py makes Grafana's JSON of it.

`B` selects the board that is looked at; its labels are those that alerts/board.yaml names.
"""

from dataclasses import dataclass

B = 'namespace="$namespace",board="$board"'
OPERATOR = 'namespace="$namespace"'
ACTIONS = f'{B},route=~"/api/actions/execute(-batch)?",method="POST"'
ACCEPTED = f'{B},route="/api/actions/execute",status="202"'
HTTP = "scoreboard_http_request_duration_seconds"
JOB = "scoreboard_job_duration_seconds"
PUSHED = f'{B},stage="admit_to_push"'
FAILURES = f'{ACTIONS},status=~"5.."'
HITS = f'{B},outcome="hit"'


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """`queries`: (PromQL, legend). `stat`: one number over the whole range instead of lines.

    `bad`: from here on a number is red; below it if `least` is set.
    """

    title: str
    unit: str
    about: str
    queries: tuple[tuple[str, str], ...]
    stat: bool = False
    bad: float | None = None
    least: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Dashboard:
    """`rows`: titles and their panels. `selects`: a metric whose labels fill the variables."""

    name: str
    title: str
    about: str
    selects: str
    board: bool
    rows: tuple[tuple[str, tuple[Panel, ...]], ...]


def rate(metric: str, by: str = "", select: str = B) -> str:
    """Per second, summed."""
    grouped = f" by ({by})" if by else ""
    return f"sum{grouped} (rate({metric}{{{select}}}[$__rate_interval]))"


def increase(metric: str, select: str) -> str:
    """Over the whole range that is looked at."""
    return f"sum(increase({metric}{{{select}}}[$__range]))"


def quantiles(metric: str, select: str = B) -> tuple[tuple[str, str], ...]:
    """The median and the slowest of a hundred, of a histogram."""
    return tuple(
        (f"histogram_quantile({q}, {rate(f'{metric}_bucket', 'le', select)})", legend)
        for q, legend in ((0.5, "median"), (0.99, "99th percentile"))
    )


def within(metric: str, select: str, edge: str) -> str:
    """The share that was as quick as its objective."""
    fast = increase(f"{metric}_bucket", f'{select},le="{edge}"')
    return f"{fast} / {increase(f'{metric}_count', select)}"


FAILED = (
    f"({increase(f'{HTTP}_count', FAILURES)} or vector(0)) / {increase(f'{HTTP}_count', ACTIONS)}"
)


def pods(component: str) -> Panel:
    return Panel(
        title="Pods",
        unit="short",
        about=f"Pods of the {component} that answer Prometheus.",
        queries=((f'sum(up{{{B},component="{component}"}})', "up"),),
    )


def stat(title: str, unit: str, about: str, query: str, bad: float, least: bool = False) -> Panel:
    return Panel(
        title=title, unit=unit, about=about, queries=((query, ""),), stat=True, bad=bad, least=least
    )


def lines(title: str, unit: str, about: str, *queries: tuple[str, str]) -> Panel:
    return Panel(title=title, unit=unit, about=about, queries=queries)


# A table: a line is a panel.
# fmt: off
OVERVIEW = Dashboard(
    name="overview",
    title="Overview",
    about="Whether players are served as promised, and what keeps them from it.",
    selects="scoreboard_build_info",
    board=True,
    rows=(
        (
            "Objectives, over the range that is looked at",
            (
                stat("Accept availability", "percentunit", "Actions answered without a 5xx. The objective is 99.9 %.", f"1 - {FAILED}", 0.999, least=True),
                stat("Error budget left", "percentunit", "What is left of the 0.1 % of actions that may fail in this range.", f"1 - {FAILED} / 0.001", 0.25, least=True),
                stat("Accepted within 100 ms", "percentunit", "202s that came within 100 ms. The objective is 99 %.", within(HTTP, ACCEPTED, "0.1"), 0.99, least=True),
                stat("Pushed within 250 ms", "percentunit", "Changes on the sockets 250 ms after their admission. The objective is 99 %.", within(JOB, PUSHED, "0.25"), 0.99, least=True),
                stat("Dead letters", "short", "Accepted actions that are set aside and not scored. The objective is none.", f"max(scoreboard_dead_letters{{{B}}})", 1),
                stat("Oldest job", "s", "How long the oldest accepted action waits. The objective is less than a minute.", f"max(scoreboard_queue_oldest_seconds{{{B}}})", 60),
            ),
        ),
        (
            "Players",
            (
                lines("Actions by outcome", "reqps", "Actions that were accepted, rejected, or answered as before.", (rate("scoreboard_actions_total", "outcome"), "{{outcome}}")),
                lines("Top rejections", "reqps", "The five most frequent reasons for which requests are rejected.", (f"topk(5, {rate('scoreboard_rejections_total', 'code')})", "{{code}}")),
                lines("Sockets", "short", "Open sockets by state; who looks at the board is subscribed.", (f"sum by (state) (scoreboard_connections{{{B}}})", "{{state}}")),
            ),
        ),
        (
            "The path of an action",
            (
                lines("Time to the 202", "s", "From a request's head to its 202.", *quantiles(HTTP, ACCEPTED)),
                lines("Time to the sockets", "s", "From admission until the change is written to the sockets.", *quantiles(JOB, PUSHED)),
                lines("Queue", "short", "Jobs that are accepted and not finished.", (f"max(scoreboard_queue_depth{{{B}}})", "jobs")),
                lines("Dependencies", "bool_yes_no", "Whether any pod reaches it.", (f"max by (dependency) (scoreboard_dependency_up{{{B}}})", "{{dependency}}")),
                lines("Pods", "short", "Pods that answer Prometheus.", (f"sum by (component) (up{{{B}}})", "{{component}}")),
                lines("Versions", "short", "Pods by the version that they run.", (f"count by (version, component) (scoreboard_build_info{{{B}}})", "{{component}} {{version}}")),
            ),
        ),
    ),
)

GATEWAY = Dashboard(
    name="gateway",
    title="Gateway",
    about="Requests: how many, how many fail, how long they take, and why they are rejected.",
    selects="scoreboard_build_info",
    board=True,
    rows=(
        (
            "Requests",
            (
                lines("Requests by route", "reqps", "Every request by its route.", (rate(f"{HTTP}_count", "route"), "{{route}}")),
                lines("Failures by route", "reqps", "Answers with a 5xx.", (rate(f"{HTTP}_count", "route, status", f'{B},status=~"5.."'), "{{status}} {{route}}")),
                lines("Time to the 202", "s", "Of POST /api/actions/execute.", *quantiles(HTTP, ACCEPTED)),
                lines("Slowest routes", "s", "The 99th percentile of the five slowest routes.", (f"topk(5, histogram_quantile(0.99, {rate(f'{HTTP}_bucket', 'le, route')}))", "{{route}}")),
            ),
        ),
        (
            "Actions",
            (
                lines("Accepted by action", "reqps", "Accepted actions by their name.", (rate("scoreboard_actions_total", "action", f'{B},outcome="accepted"'), "{{action}}")),
                lines("Rejections by code", "reqps", "Rejected requests by layer and code.", (rate("scoreboard_rejections_total", "layer, code", f'{B},component="gateway"'), "{{layer}} {{code}}")),
            ),
        ),
        (
            "Stores and pods",
            (
                lines("Cache hits", "percentunit", "Share of reads that a level of the cache answered.", (f"{rate('scoreboard_cache_requests_total', 'level', HITS)} / {rate('scoreboard_cache_requests_total', 'level')}", "{{level}}")),
                lines("Database errors", "ops", "Failed calls; transient ones are tried again.", (rate("scoreboard_db_errors_total", "kind", f'{B},component="gateway"'), "{{kind}}")),
                lines("Dependencies", "short", "Pods of the gateway that reach it.", (f'sum by (dependency) (scoreboard_dependency_up{{{B},component="gateway"}})', "{{dependency}}")),
                pods("gateway"),
            ),
        ),
    ),
)

WORKER = Dashboard(
    name="worker",
    title="Worker and queue",
    about="Jobs: how many wait, how long, what becomes of them, and the stores that they go to.",
    selects="scoreboard_build_info",
    board=True,
    rows=(
        (
            "Queue",
            (
                lines("Jobs that wait", "short", "Jobs that are accepted and not finished.", (f"max(scoreboard_queue_depth{{{B}}})", "jobs")),
                lines("Oldest job", "s", "Age of the oldest job that is not finished.", (f"max(scoreboard_queue_oldest_seconds{{{B}}})", "oldest")),
                lines("Dead letters", "short", "Jobs that are set aside with a reason, to be redriven.", (f"max(scoreboard_dead_letters{{{B}}})", "dead letters")),
            ),
        ),
        (
            "Jobs",
            (
                lines("Finished by outcome", "ops", "Repeated ones were delivered again after their commit, and had no second effect.", (rate("scoreboard_jobs_total", "outcome"), "{{outcome}}")),
                lines("Time to the commit", "s", "From admission to the commit.", *quantiles(JOB, f'{B},stage="admit_to_commit"')),
                lines("Batches tried again", "ops", "After an error that may pass.", (rate("scoreboard_job_retries_total"), "batches")),
                lines("Jobs in a batch", "short", "Average of jobs in one transaction.", (f"{rate('scoreboard_batch_jobs_sum')} / {rate('scoreboard_batch_jobs_count')}", "jobs")),
            ),
        ),
        (
            "Stores and pods",
            (
                lines("Transaction", "s", "From BEGIN to COMMIT of a batch.", *quantiles("scoreboard_db_transaction_duration_seconds")),
                lines("Database errors", "ops", "Failed calls; transient ones are tried again.", (rate("scoreboard_db_errors_total", "kind", f'{B},component="worker"'), "{{kind}}")),
                lines("Rank drift", "short", "Players whose rank differed from PostgreSQL at the last check.", (f"max(scoreboard_rank_drift{{{B}}})", "players")),
                lines("Standings built anew", "short", "In the range between two points.", (f"sum(increase(scoreboard_standings_rebuilds_total{{{B}}}[$__rate_interval]))", "rebuilds")),
                lines("Dependencies", "short", "Workers that reach it.", (f'sum by (dependency) (scoreboard_dependency_up{{{B},component="worker"}})', "{{dependency}}")),
                pods("worker"),
            ),
        ),
    ),
)

BROADCASTER = Dashboard(
    name="broadcaster",
    title="Broadcaster",
    about="Sockets: how many, what they are sent, how soon, and why they are closed.",
    selects="scoreboard_build_info",
    board=True,
    rows=(
        (
            "Sockets",
            (
                lines("Sockets by state", "short", "Each socket is in one state.", (f"sum by (state) (scoreboard_connections{{{B}}})", "{{state}}")),
                lines("Closed by the server", "ops", "By close code; docs/reference/codes.md says what they mean.", (rate("scoreboard_socket_closes_total", "code"), "{{code}}")),
                lines("Handshakes rejected", "reqps", "By code.", (rate("scoreboard_rejections_total", "code", f'{B},component="broadcaster"'), "{{code}}")),
            ),
        ),
        (
            "Frames",
            (
                lines("Frames by type", "ops", "Frames that were sent.", (rate("scoreboard_frames_total", "type", f'{B},outcome="sent"'), "{{type}}")),
                lines("Frames skipped", "ops", "A client that does not read gets a later one instead.", (rate("scoreboard_frames_total", "type", f'{B},outcome="skipped"'), "{{type}}")),
                lines("Fan-out", "s", "Writing one frame to every subscriber.", *quantiles("scoreboard_fanout_seconds")),
                lines("Commit to push", "s", "From the commit until the change is written to the sockets.", *quantiles(JOB, f'{B},stage="commit_to_push"')),
                lines("Admission to push", "s", "From admission until the change is written to the sockets.", *quantiles(JOB, PUSHED)),
            ),
        ),
        (
            "Stores and pods",
            (
                lines("Dependencies", "short", "Broadcasters that reach it.", (f'sum by (dependency) (scoreboard_dependency_up{{{B},component="broadcaster"}})', "{{dependency}}")),
                pods("broadcaster"),
            ),
        ),
    ),
)

OF_OPERATOR = Dashboard(
    name="operator",
    title="Operator",
    about="Whether the operator acts, hears, and has nothing left to do.",
    selects="scoreboard_operator_leader",
    board=False,
    rows=(
        (
            "Scoreboards",
            (
                lines("Scoreboards by Ready", "short", "How many are ready, are not, or are on their way.", (f"sum by (ready) (scoreboard_operator_scoreboards{{{OPERATOR}}})", "{{ready}}")),
                lines("Not ready", "short", "Which are not.", (f"max by (board_namespace, board) (scoreboard_operator_scoreboard_ready{{{OPERATOR}}} == 0) + 1", "{{board}} in {{board_namespace}}")),
            ),
        ),
        (
            "Looks",
            (
                lines("Looks by outcome", "ops", "A look ends settled when there was nothing to do.", (rate("scoreboard_operator_reconciles_total", "outcome", OPERATOR), "{{outcome}}")),
                lines("Duration", "s", "Of one look.", *quantiles("scoreboard_operator_reconcile_duration_seconds", OPERATOR)),
                lines("Wait", "s", "From being due to being looked at.", *quantiles("scoreboard_operator_queue_latency_seconds", OPERATOR)),
                lines("Waiting", "short", "Scoreboards that wait to be looked at.", (f"max(scoreboard_operator_queue_depth{{{OPERATOR}}})", "scoreboards")),
            ),
        ),
        (
            "Kubernetes",
            (
                lines("Writes", "ops", "Writes by kind and outcome; they stand still when nothing changes.", (rate("scoreboard_operator_api_writes_total", "kind, outcome", OPERATOR), "{{kind}} {{outcome}}")),
                lines("Drift", "ops", "Objects that somebody else had changed or deleted, and that were put right.", (rate("scoreboard_operator_drift_total", "kind", OPERATOR), "{{kind}}")),
                lines("Watch", "s", "Time since the operator heard its own heartbeat; it is ended at 60 s.", (f"max by (pod) (scoreboard_operator_watch_age_seconds{{{OPERATOR}}})", "{{pod}}")),
                lines("Leader", "short", "1 in the process that acts.", (f"max by (pod) (scoreboard_operator_leader{{{OPERATOR}}})", "{{pod}}")),
            ),
        ),
    ),
)

DASHBOARDS = (OVERVIEW, GATEWAY, WORKER, BROADCASTER, OF_OPERATOR)
