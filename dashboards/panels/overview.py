"""Overview: are players served as promised, and where to look if they are not."""

from dashboards.panels.parts import (
    AVAILABLE,
    HTTP,
    IN_TIME,
    WAIT_AT_MOST,
    B,
    Dashboard,
    bars,
    gauge,
    lines,
    one,
    rate,
    reached,
    share,
    sockets,
    table,
    to_the_202,
    to_the_sockets,
    waiting,
)

FAILED = ("scoreboard:accept_failures", "scoreboard:accept_requests")
LATE = ("scoreboard:accepts_slow", "scoreboard:accepts")
UNSEEN = ("scoreboard:pushes_slow", "scoreboard:pushes")
BUDGETS = (
    ("accept availability", FAILED, 1 - AVAILABLE),
    ("accepted in time", LATE, 1 - IN_TIME),
    ("pushed in time", UNSEEN, 1 - IN_TIME),
)
ACTIONS = "scoreboard_actions_total"
ACCEPTED_ACTIONS, REJECTED = f'{B},outcome="accepted"', f'{B},outcome="rejected"'


def burn(window: str) -> tuple[tuple[str, str], ...]:
    return tuple((f"{share(*of, window)} / {budget:.3g}", name) for name, of, budget in BUDGETS)


def left() -> tuple[tuple[str, str], ...]:
    return tuple((f"1 - {share(*of, '30d')} / {budget:.3g}", name) for name, of, budget in BUDGETS)


def sign_ins(path: str, status: str) -> str:
    return rate(f"{HTTP}_count", select=f'{B},route="{path}",status="{status}"')


# A table: a line is a panel.
# fmt: off
OBJECTIVES = (
    one("Accept availability: 99.9 %", "percentunit", "Of 30 days, or of what Prometheus has of them: POSTs of actions that are answered without a 5xx.", f"1 - {share(*FAILED, '30d')}", below="red", steps=(("green", AVAILABLE),), decimals=3, none="no action yet", board="gateway", alert="ScoreboardAcceptErrorBudgetBurn"),
    one("Accepted within 100 ms: 99 %", "percentunit", "Of 30 days: 202s that come within 100 ms.", f"1 - {share(*LATE, '30d')}", below="red", steps=(("green", IN_TIME),), decimals=3, none="no action yet", board="gateway", alert="ScoreboardAcceptLatencyBudgetBurn"),
    one("Pushed within 250 ms: 99 %", "percentunit", "Of 30 days: changes that are on the sockets 250 ms after their admission.", f"1 - {share(*UNSEEN, '30d')}", below="red", steps=(("green", IN_TIME),), decimals=3, none="no change yet", board="broadcaster", alert="ScoreboardPushLatencyBudgetBurn"),
    one("Dead letters: none", "short", "Accepted actions that are set aside and not scored. The objective is none.", gauge("scoreboard_dead_letters"), width=3, steps=(("red", 1),), board="worker", alert="ScoreboardDeadLetters"),
    one("Oldest job: < 1 min", "s", "How long the oldest accepted action waits. The objective is less than a minute.", gauge("scoreboard_queue_oldest_seconds"), width=3, steps=(("red", WAIT_AT_MOST),), decimals=1, board="worker", alert="ScoreboardJobsDelayed"),
    bars("Error budget left of 30 days", "percentunit", "What may still fail, or be late, before an objective is missed; below 0 it is missed.", *left(), below="red", steps=(("orange", 0), ("green", 0.25)), most=1, width=7, none="no action yet"),
    lines("Burn rate over an hour", "none", "How many times faster than the objective allows the budget is used. At 1 it is gone in 30 days; at 14.4 in two, and somebody is paged.", *burn("1h"), below="green", steps=(("orange", 1), ("red", 14.4)), none="no action yet", alert="ScoreboardAcceptErrorBudgetBurn"),
    table("Alerts", "Alerts of this board that fire. A name leads to its runbook.", f'ALERTS{{{B},severity!="none",alertstate="firing"}}', ("alertname", "Alert"), ("severity", "Severity"), ("component", "Component"), width=9, none="no alert fires"),
)
OVERVIEW = Dashboard(
    name="overview",
    title="Overview",
    about="Whether players are served as promised, and what keeps them from it.",
    rows=(
        ("The four objectives", OBJECTIVES),
        (
            "Players",
            (
                one("Players", "short", "Players who have a standing.", gauge("scoreboard_players"), width=4, below="blue"),
                one("Watching", "short", "Sockets that are subscribed to the board.", f'sum(scoreboard_connections{{{B},state="subscribed"}})', width=3, below="blue", board="broadcaster"),
                one("Accepted", "reqps", "Actions a second that are accepted.", rate(ACTIONS, select=ACCEPTED_ACTIONS), width=4, below="blue", decimals=1, board="gateway"),
                one("Rejected", "percentunit", "Share of actions that are rejected. Rejections are no failures: rules are kept, cheats are stopped.", f"({rate(ACTIONS, select=REJECTED)} or vector(0)) / {rate(ACTIONS)}", width=3, below="blue", decimals=1, board="gateway"),
                one("Pods", "short", "Pods that answer Prometheus.", f"sum(up{{{B}}})", width=3, below="red", steps=(("green", 1),), alert="ScoreboardRoleAbsent"),
                one("Frozen", "short", "1 while an admin has frozen the board: no score changes, and actions are refused.", gauge("scoreboard_board_frozen"), width=3, steps=(("orange", 1),), board="worker", alert="ScoreboardFrozen"),
                one("Version", "none", "What the pods run; more than one name while an upgrade is under way.", f"count by (version) (scoreboard_build_info{{{B}}})", "{{version}}", named=True, width=4, below="blue"),
                lines("Actions by outcome", "reqps", "Actions that were accepted, rejected, or answered as before.", (rate(ACTIONS, "outcome"), "{{outcome}}"), stacked=True, colors=(("accepted", "green"), ("rejected", "orange"), ("replayed", "blue")), board="gateway"),
                bars("Top rejections", "short", "The ten most frequent reasons for which requests were rejected in the range that is looked at.", (f"topk(10, sum by (code) (increase(scoreboard_rejections_total{{{B}}}[$__range])))", "{{code}}"), below="orange", none="none", board="gateway", alert="ScoreboardRejectionWave"),
                lines("Sign-ins", "reqps", "Players who log in, and who register.", (sign_ins("/api/auth/login", "200"), "logins"), (sign_ins("/api/auth/register", "201"), "registrations"), none="none", board="gateway"),
            ),
        ),
        (
            "The path of an action",
            (
                to_the_202(),
                to_the_sockets(),
                waiting(),
                reached(),
                sockets(),
                lines("Pods by role", "short", "Pods that answer Prometheus.", (f"sum by (component) (up{{{B}}})", "{{component}}"), alert="ScoreboardPodCrashLooping"),
                lines("Spans of traces", "ops", "Spans: exported, failed (the collector did not take them) or dropped (too many waited).", (rate("scoreboard_spans_total", "outcome"), "{{outcome}}"), none="no traces", width=24, height=5, colors=(("exported", "green"), ("failed", "red"), ("dropped", "orange"))),
            ),
        ),
    ),
)
