"""Gateway: rate, errors and duration of requests, then what it needs."""

from dashboards.panels.parts import (
    HTTP,
    B,
    Dashboard,
    dependencies,
    errors,
    lines,
    of_role,
    rate,
    saturation,
    to_the_202,
)

ASKED = f'{B},route!~"/health/.*"'  # a pod that is not ready says 503, as it should
FAILURES = f'{ASKED},status=~"5.."'
HITS = f'{B},outcome="hit"'

# fmt: off
GATEWAY = Dashboard(
    name="gateway",
    title="Gateway",
    about="Requests: how many, how many fail, how long they take, and why they are rejected.",
    rows=(
        (
            "Requests",
            (
                lines("Requests by route", "reqps", "Every request by its route.", (rate(f"{HTTP}_count", "route"), "{{route}}"), stacked=True, width=12),
                lines("Failures by route", "reqps", "Answers with a 5xx: faults of ours, which cost error budget on the routes of actions.", (rate(f"{HTTP}_count", "route, status", FAILURES), "{{status}} {{route}}"), width=12, none="none", alert="ScoreboardAcceptErrorBudgetBurn"),
                to_the_202(),
                lines("Slowest routes", "s", "The 99th percentile of the five slowest routes.", (f"topk(5, histogram_quantile(0.99, {rate(f'{HTTP}_bucket', 'le, route')}))", "{{route}}")),
                lines("Answers by status", "reqps", "2xx served, 4xx refused with a reason, 5xx faults of ours.", (rate(f"{HTTP}_count", "status", ASKED), "{{status}}"), stacked=True, colors=(("200", "green"), ("201", "dark-green"), ("202", "blue"), ("401", "orange"), ("403", "orange"), ("409", "yellow"), ("429", "purple"), ("500", "red"), ("503", "red"))),
            ),
        ),
        (
            "Actions",
            (
                lines("Accepted by action", "reqps", "Accepted actions by their name.", (rate("scoreboard_actions_total", "action", f'{B},outcome="accepted"'), "{{action}}"), width=12, stacked=True),
                lines("Rejections by code", "reqps", "Rejected requests by layer and code; docs/reference/codes.md says what each means.", (rate("scoreboard_rejections_total", "layer, code", of_role("gateway")), "{{layer}} {{code}}"), width=12, none="none", alert="ScoreboardRejectionWave"),
            ),
        ),
        (
            "Stores",
            (
                lines("Cache hits", "percentunit", "Share of reads that a level of the cache answered.", (f"{rate('scoreboard_cache_requests_total', 'level', HITS)} / {rate('scoreboard_cache_requests_total', 'level')}", "{{level}}"), most=1, none="no read", board="stores"),
                errors("gateway"),
                dependencies("gateway"),
            ),
        ),
        ("Pods", saturation("gateway")),
    ),
)
