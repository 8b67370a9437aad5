"""Operator: whether it acts, hears, and has nothing left to do."""

from dashboards.panels.parts import OPERATOR, Dashboard, lines, one, quantiles, rate, table

OF_BOARD = "{{board}} in {{board_namespace}}"
NOT_READY = (
    f"max by (board_namespace, board) (scoreboard_operator_scoreboard_ready{{{OPERATOR}}} == 0)"
)

# fmt: off
OF_OPERATOR = Dashboard(
    name="operator",
    title="Operator",
    about="Whether the operator acts, hears, and has nothing left to do.",
    selects="scoreboard_operator_leader",
    board=False,
    alerts=f'{OPERATOR},component="operator",severity!="none"',
    rows=(
        (
            "Is it well",
            (
                one("Leader", "short", "Processes that act. One does; others stand by. Without one boards serve, and nothing of them is healed.", f"sum(scoreboard_operator_leader{{{OPERATOR}}})", below="red", steps=(("green", 1), ("red", 2)), alert="ScoreboardOperatorAbsent"),
                one("Watch", "s", "Time since the operator last heard its own heartbeat; it is ended at 60 s.", f"max(scoreboard_operator_watch_age_seconds{{{OPERATOR}}})", steps=(("orange", 15), ("red", 30)), decimals=1, alert="ScoreboardOperatorBlind"),
                one("Looks that failed", "short", "In the range that is looked at; each is tried again.", f'sum(increase(scoreboard_operator_reconciles_total{{{OPERATOR},outcome="error"}}[$__range])) or vector(0)', steps=(("orange", 1), ("red", 6)), alert="ScoreboardReconcileFailing"),
                one("Scoreboards not ready", "short", "Scoreboards that are not as their manifest says.", f"count(scoreboard_operator_scoreboard_ready{{{OPERATOR}}} == 0) or vector(0)", steps=(("orange", 1),), alert="ScoreboardNotReady"),
            ),
        ),
        (
            "Scoreboards",
            (
                lines("Scoreboards by Ready", "short", "How many are ready, are not, or are on their way.", (f"sum by (ready) (scoreboard_operator_scoreboards{{{OPERATOR}}})", "{{ready}}"), stacked=True, colors=(("True", "green"), ("False", "red"), ("Unknown", "orange"))),
                table("Not ready", "Which are not.", NOT_READY, ("board", "Scoreboard"), ("board_namespace", "Namespace"), none="every Scoreboard is ready", alert="ScoreboardNotReady"),
                lines("At their maximum", "bool_yes_no", "Roles that would have more pods than maxReplicas allows.", (f"max by (board_namespace, board, role) (scoreboard_operator_autoscaler_at_maximum{{{OPERATOR}}})", "{{role}} of {{board}} in {{board_namespace}}"), none="no autoscaler", alert="ScoreboardAutoscalerAtMaximum"),
                lines("Key due in", "s", "Until the key that signs sessions is succeeded; below zero it is overdue.", (f"min by (board_namespace, board) (scoreboard_operator_key_due_timestamp_seconds{{{OPERATOR}}}) - time()", OF_BOARD), width=12, least=None, below="red", steps=(("green", 0),), none="no key", alert="ScoreboardKeyOverdue"),
                lines("Certificate expires in", "s", "Until the certificate of the way in expires; then no client connects.", (f"min by (board_namespace, board) (scoreboard_operator_certificate_expiry_timestamp_seconds{{{OPERATOR}}}) - time()", OF_BOARD), width=12, least=None, below="red", steps=(("orange", 86400), ("green", 604800)), none="no certificate", alert="ScoreboardCertificateExpiring"),
            ),
        ),
        (
            "Looks",
            (
                lines("Looks by outcome", "ops", "A look ends settled when there was nothing to do.", (rate("scoreboard_operator_reconciles_total", "outcome", OPERATOR), "{{outcome}}"), width=12, stacked=True, colors=(("settled", "green"), ("progressing", "blue"), ("error", "red"))),
                lines("Duration", "s", "Of one look.", *quantiles("scoreboard_operator_reconcile_duration_seconds", OPERATOR), width=12),
                lines("Wait", "s", "From being due to being looked at.", *quantiles("scoreboard_operator_queue_latency_seconds", OPERATOR), width=12),
                lines("Waiting", "short", "Scoreboards that wait to be looked at.", (f"max(scoreboard_operator_queue_depth{{{OPERATOR}}})", "scoreboards"), width=12),
            ),
        ),
        (
            "Kubernetes",
            (
                lines("Writes", "ops", "Writes by kind and outcome; they stand still when nothing changes.", (rate("scoreboard_operator_api_writes_total", "kind, outcome", OPERATOR), "{{kind}} {{outcome}}"), none="none"),
                lines("Drift", "ops", "Objects that somebody else had changed or deleted, and that were put right.", (rate("scoreboard_operator_drift_total", "kind", OPERATOR), "{{kind}}"), none="none"),
                lines("Watch by pod", "s", "Time since each operator heard its own heartbeat.", (f"max by (pod) (scoreboard_operator_watch_age_seconds{{{OPERATOR}}})", "{{pod}}"), below="green", steps=(("red", 60),), alert="ScoreboardOperatorBlind"),
            ),
        ),
    ),
)
