"""Every metric of the runtime: name, kind, help, labels, buckets; built in process/telemetry.py."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from scoreboard_runtime.contract.endpoints import BROADCASTER, GATEWAY, ROLES, WORKER
from scoreboard_runtime.contract.frames import CLOSES as CLOSE_CODES
from scoreboard_runtime.contract.rejections import LAYERS
from scoreboard_runtime.contract.rejections import REJECTIONS as CODES

COUNTER, GAUGE, HISTOGRAM = "counter", "gauge", "histogram"

# Seconds; the accept objective is 100 ms and the admit-to-push objective 250 ms: both are edges.
LATENCY = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

# A label's values, or in words what bounds their number: never what a client may make up.
Values = tuple[str, ...] | str


@dataclass(frozen=True, slots=True)
class Metric:
    """One row; counters are named with their `_total`.

    Only `roles` expose it, so that nobody's zero is taken for the word of one that is not there.
    """

    name: str
    kind: str
    help: str
    labels: Mapping[str, Values] = field(default_factory=dict)
    buckets: tuple[float, ...] = ()
    roles: tuple[str, ...] = ROLES

    @property
    def family(self) -> str:
        """Its name without a counter's `_total`."""
        return self.name.removesuffix("_total")

    @property
    def unit(self) -> str:
        """Of what is measured, by its name; nothing for what is counted."""
        last = self.family.rpartition("_")[2]
        return last if last in ("seconds", "bytes") else ""

    def allows(self, label: str, value: str) -> bool:
        """Whether the label may have the value, as far as its values are listed."""
        values = self.labels[label]
        return isinstance(values, str) or value in values


ACTIONS = Metric(
    "scoreboard_actions_total",
    COUNTER,
    "Actions by what became of them at admission: accepted, rejected or replayed.",
    {
        "action": "the manifest's actions, and `unknown`",
        "outcome": ("accepted", "rejected", "replayed"),
    },
    roles=(GATEWAY,),
)
REJECTIONS = Metric(
    "scoreboard_rejections_total",
    COUNTER,
    "Requests rejected by one of the four layers.",
    {"layer": LAYERS, "code": tuple(row.code for row in CODES.values() if row.layer)},
    roles=(GATEWAY, BROADCASTER),
)
HTTP_DURATION = Metric(
    "scoreboard_http_request_duration_seconds",
    HISTOGRAM,
    "Time from a request's head to its answer.",
    {
        "route": "the routes of the description and of the pages, and `unmatched`",
        "method": "of these routes, and `other`",
        "status": "those that are answered",
    },
    LATENCY,
    roles=(GATEWAY,),
)
JOBS = Metric(
    "scoreboard_jobs_total",
    COUNTER,
    "Jobs finished: completed, failed, dead (to the dead letters) or repeated "
    "(delivered again after their commit).",
    {"outcome": ("completed", "failed", "dead", "repeated")},
    roles=(WORKER,),
)
JOB_DURATION = Metric(
    "scoreboard_job_duration_seconds",
    HISTOGRAM,
    "A job's way: admit_to_commit, commit_to_push, admit_to_push.",
    {"stage": ("admit_to_commit", "commit_to_push", "admit_to_push")},
    LATENCY,
    roles=(WORKER, BROADCASTER),
)
JOB_RETRIES = Metric(
    "scoreboard_job_retries_total",
    COUNTER,
    "Batches tried again after an error that may pass.",
    roles=(WORKER,),
)
QUEUE_DEPTH = Metric(
    "scoreboard_queue_depth", GAUGE, "Jobs accepted and not finished.", roles=(WORKER,)
)
QUEUE_OLDEST = Metric(
    "scoreboard_queue_oldest_seconds",
    GAUGE,
    "Age of the oldest job that is not finished; 0 when there is none or the board is frozen.",
    roles=(WORKER,),
)
DEAD_LETTERS = Metric(
    "scoreboard_dead_letters",
    GAUGE,
    "Jobs set aside with a reason, to be redriven.",
    roles=(WORKER,),
)
DB_TRANSACTION = Metric(
    "scoreboard_db_transaction_duration_seconds",
    HISTOGRAM,
    "One transaction of a batch of jobs, from BEGIN to COMMIT.",
    buckets=LATENCY,
    roles=(WORKER,),
)
DB_ERRORS = Metric(
    "scoreboard_db_errors_total",
    COUNTER,
    "Failed database calls: transient (tried again) or permanent.",
    {"kind": ("transient", "permanent")},
    roles=(GATEWAY, WORKER),
)
BATCH_SIZE = Metric(
    "scoreboard_batch_jobs",
    HISTOGRAM,
    "Jobs in one transaction.",
    buckets=(1, 2, 5, 10, 25, 50, 100, 200, 400, 800),
    roles=(WORKER,),
)
CACHE_REQUESTS = Metric(
    "scoreboard_cache_requests_total",
    COUNTER,
    "Reads of the cache by level (l1, l2, database) and outcome (hit, miss, error).",
    {"level": ("l1", "l2", "database"), "outcome": ("hit", "miss", "error")},
    roles=(GATEWAY,),
)
CONNECTIONS = Metric(
    "scoreboard_connections",
    GAUGE,
    "Sockets, each in one state: connecting, connected, authenticating, authenticated, subscribed.",
    {"state": ("connecting", "connected", "authenticating", "authenticated", "subscribed")},
    roles=(BROADCASTER,),
)
FRAMES = Metric(
    "scoreboard_frames_total",
    COUNTER,
    "Frames by type and outcome: sent, skipped (a slow consumer gets a later one).",
    {
        "type": ("scoreboard_updated", "user_score_updated", "job_finished"),
        "outcome": ("sent", "skipped"),
    },
    roles=(BROADCASTER,),
)
FANOUT = Metric(
    "scoreboard_fanout_seconds",
    HISTOGRAM,
    "Writing one frame to every subscriber of a board.",
    buckets=LATENCY,
    roles=(BROADCASTER,),
)
CLOSES = Metric(
    "scoreboard_socket_closes_total",
    COUNTER,
    "Sockets closed by the server.",
    {"code": tuple(map(str, CLOSE_CODES))},
    roles=(BROADCASTER,),
)
DEPENDENCY_UP = Metric(
    "scoreboard_dependency_up",
    GAUGE,
    "1 while the dependency answers: database, queue, cache, identity_provider.",
    {"dependency": ("database", "queue", "cache", "identity_provider")},
)
DEPENDENCY_CHECK = Metric(
    "scoreboard_dependency_check_duration_seconds",
    HISTOGRAM,
    "Time until a dependency answers when it is asked, once a second; no answer is not counted.",
    DEPENDENCY_UP.labels,
    LATENCY,
)
DB_CONNECTIONS = Metric(
    "scoreboard_db_connections",
    GAUGE,
    "Connections of this process to Postgres: busy or idle.",
    {"state": ("busy", "idle")},
)
DB_CONNECTIONS_LIMIT = Metric(
    "scoreboard_db_connections_limit",
    GAUGE,
    "Connections to Postgres that this process may have; who needs another one waits.",
)
STORE_CONNECTIONS = Metric(
    "scoreboard_store_connections",
    GAUGE,
    "Connections that the server of a store has, of all its clients; NaN while it does not say.",
    {"dependency": ("database", "queue", "cache")},
    roles=(WORKER,),
)
STORE_CONNECTIONS_LIMIT = Metric(
    "scoreboard_store_connections_limit",
    GAUGE,
    "Connections that the server of a store allows.",
    STORE_CONNECTIONS.labels,
    roles=(WORKER,),
)
STORE_BYTES = Metric(
    "scoreboard_store_bytes",
    GAUGE,
    "Size of the database on disk; memory that the servers of queue and cache use.",
    STORE_CONNECTIONS.labels,
    roles=(WORKER,),
)
STORE_BYTES_LIMIT = Metric(
    "scoreboard_store_limit_bytes",
    GAUGE,
    "Memory that the servers of queue and cache may use; +Inf where nothing limits it.",
    STORE_CONNECTIONS.labels,
    roles=(WORKER,),
)
FROZEN = Metric(
    "scoreboard_board_frozen",
    GAUGE,
    "1 while the board is frozen: no score changes, actions are refused with COOLDOWN; else 0.",
    roles=(WORKER,),
)
PLAYERS = Metric("scoreboard_players", GAUGE, "Players who have a standing.", roles=(WORKER,))
RANK_DRIFT = Metric(
    "scoreboard_rank_drift",
    GAUGE,
    "Players whose standing in Valkey differed from Postgres at the last check.",
    roles=(WORKER,),
)
REBUILDS = Metric(
    "scoreboard_standings_rebuilds_total",
    COUNTER,
    "Standings rebuilt in Valkey from Postgres.",
    roles=(WORKER,),
)
SPANS = Metric(
    "scoreboard_spans_total",
    COUNTER,
    "Spans of traces: exported, failed (the collector did not take them) or dropped (too many "
    "waited).",
    {"outcome": ("exported", "failed", "dropped")},
)
BUILD_INFO = Metric(
    "scoreboard_build_info",
    GAUGE,
    "Always 1; the labels say what runs.",
    {"version": "one", "role": ROLES},
)

METRICS: tuple[Metric, ...] = (
    ACTIONS, REJECTIONS, HTTP_DURATION, JOBS, JOB_DURATION, JOB_RETRIES, QUEUE_DEPTH,
    QUEUE_OLDEST, DEAD_LETTERS, DB_TRANSACTION, DB_ERRORS, BATCH_SIZE, CACHE_REQUESTS,
    CONNECTIONS, FRAMES, FANOUT, CLOSES, DEPENDENCY_UP, DEPENDENCY_CHECK,
    DB_CONNECTIONS, DB_CONNECTIONS_LIMIT, STORE_CONNECTIONS, STORE_CONNECTIONS_LIMIT, STORE_BYTES,
    STORE_BYTES_LIMIT, FROZEN, PLAYERS, RANK_DRIFT, REBUILDS, SPANS, BUILD_INFO,
)  # fmt: skip
