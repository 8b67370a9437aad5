"""Stores and cache: PostgreSQL, the two Valkey servers, the levels of the cache, the standings."""

from dashboards.panels.parts import (
    B,
    Dashboard,
    Panel,
    bars,
    gauge,
    lines,
    one,
    rate,
    reached,
    transaction,
    waiting,
)

CHECK = "scoreboard_dependency_check_duration_seconds"
CONNECTIONS, BYTES = "scoreboard_store_connections", "scoreboard_store_bytes"
CACHE = "scoreboard_cache_requests_total"
OF_POSTGRES = f'{B},dependency="database"'
OF_VALKEY = f'{B},dependency=~"queue|cache"'
HIT = f'{B},outcome="hit"'
FULL = (("orange", 0.75), ("red", 0.9))


# fmt: off
def used(what: str, limit: str, select: str) -> str:
    return f"{gauge(what, select=select)} / {gauge(limit, select=select)}"


def up(title: str, dependency: str, about: str, alert: str) -> Panel:
    return one(title, "percentunit", about, f'avg(scoreboard_dependency_up{{{B},dependency="{dependency}"}})', width=4, below="red", steps=(("orange", 0.01), ("green", 1)), decimals=0, alert=alert)


STORES = Dashboard(
    name="stores",
    title="Stores and cache",
    about="Whether the stores answer, how soon, how full they are, and what the cache saves them.",
    rows=(
        (
            "Do they answer",
            (
                up("PostgreSQL", "database", "Share of pods that reach it.", "ScoreboardPostgresDown"),
                up("Queue", "queue", "Share of pods that reach the Valkey server of the queue.", "ScoreboardQueueDown"),
                up("Cache", "cache", "Share of pods that reach the Valkey server of the cache. Without it nothing is refused.", "ScoreboardCacheDown"),
                one("Connections used", "percentunit", "Of those that PostgreSQL allows, by all of its clients. When none is left, pods that start find none.", used(CONNECTIONS, f"{CONNECTIONS}_limit", OF_POSTGRES), width=4, steps=FULL, decimals=0),
                one("Queue memory used", "percentunit", "Of the memory that the queue's server may use. Full, it takes no more actions: 503.", used(BYTES, "scoreboard_store_limit_bytes", f'{B},dependency="queue"'), width=4, steps=FULL, decimals=0),
                one("Rank drift", "short", "Players whose rank differed from PostgreSQL at the last check, once a minute.", gauge("scoreboard_rank_drift"), width=4, steps=(("red", 1),), alert="ScoreboardRankDrift"),
                reached(),
                lines("Time to answer, slowest of a hundred", "s", "Every pod asks every store once a second; waiting for a connection of its pool is included.", (f"histogram_quantile(0.99, {rate(f'{CHECK}_bucket', 'le, dependency')})", "{{dependency}}")),
                lines("Time to answer, median", "s", "Where it grows for every pod, the server or the network is slow.", (f"histogram_quantile(0.5, {rate(f'{CHECK}_bucket', 'le, dependency')})", "{{dependency}}")),
            ),
        ),
        (
            "PostgreSQL",
            (
                lines("Transactions", "ops", "Batches of jobs that were committed.", (rate("scoreboard_db_transaction_duration_seconds_count"), "commits")),
                transaction(),
                lines("Database errors", "ops", "Failed calls by role; transient ones are tried again, permanent ones are faults.", (rate("scoreboard_db_errors_total", "component, kind"), "{{component}} {{kind}}"), none="none"),
                lines("Pools", "percentunit", "Share of its own connections that a role uses. At 100 % requests wait for one.", (f'sum by (component) (scoreboard_db_connections{{{B},state="busy"}}) / sum by (component) (scoreboard_db_connections_limit{{{B}}})', "{{component}}"), most=1, below="green", steps=(("red", 0.9),)),
                lines("Connections", "short", "Connections of the server and what it allows: pods of all roles together must stay below.", (gauge(CONNECTIONS, select=OF_POSTGRES), "connections"), (gauge(f"{CONNECTIONS}_limit", select=OF_POSTGRES), "allowed"), limit="allowed"),
                lines("Size", "bytes", "Of the database on disk: users, sessions, history of scores.", (gauge(BYTES, select=OF_POSTGRES), "database")),
            ),
        ),
        (
            "Queue and cache servers",
            (
                lines("Memory", "bytes", "That the Valkey servers use for data.", (gauge(BYTES, "dependency", OF_VALKEY), "{{dependency}}")),
                lines("Connections of Valkey", "short", "Connections of each server, of all its clients.", (gauge(CONNECTIONS, "dependency", OF_VALKEY), "{{dependency}}")),
                waiting(),
            ),
        ),
        (
            "Cache and standings",
            (
                lines("Hit ratio by level", "percentunit", "Level 1 is in the gateway, level 2 in Valkey, the database is the last. More than one of a hundred reads in PostgreSQL is much.", (f"{rate(CACHE, 'level', HIT)} / {rate(CACHE, 'level')}", "{{level}}"), most=1, none="no read"),
                lines("Reads by level and outcome", "reqps", "Where an answer came from, and where it was not.", (rate(CACHE, "level, outcome"), "{{level}} {{outcome}}"), none="no read"),
                bars("Answered by", "percentunit", "Share of the reads that each level answered, in the range that is looked at.", (f'sum by (level) (increase({CACHE}{{{HIT}}}[$__range])) / on () group_left () sum(increase({CACHE}{{{HIT}}}[$__range]))', "{{level}}"), below="blue", most=1, decimals=1, none="no read"),
                lines("Rank drift over time", "short", "Players whose rank differed from PostgreSQL; each check mends what it finds.", (gauge("scoreboard_rank_drift"), "players"), alert="ScoreboardRankDrift"),
                lines("Standings built anew", "short", "From PostgreSQL, in the range between two points: after a loss of the cache, or a drift.", (f"sum(increase(scoreboard_standings_rebuilds_total{{{B}}}[$__rate_interval]))", "rebuilds")),
                lines("Players ranked", "short", "Players who have a standing in Valkey.", (gauge("scoreboard_players"), "players")),
            ),
        ),
    ),
)
