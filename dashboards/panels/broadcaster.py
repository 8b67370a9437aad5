"""Broadcaster: sockets, what they are sent, how soon, and why they are closed."""

from dashboards.panels.parts import (
    JOB,
    B,
    Dashboard,
    dependencies,
    lines,
    of_role,
    quantiles,
    rate,
    saturation,
    sockets,
    to_the_sockets,
)

# fmt: off
BROADCASTER = Dashboard(
    name="broadcaster",
    title="Broadcaster",
    about="Sockets: how many, what they are sent, how soon, and why they are closed.",
    rows=(
        (
            "Sockets",
            (
                sockets(),
                lines("Closed by the server", "ops", "By close code; docs/reference/codes.md says what they mean.", (rate("scoreboard_socket_closes_total", "code"), "{{code}}"), none="none"),
                lines("Handshakes rejected", "reqps", "By code.", (rate("scoreboard_rejections_total", "code", of_role("broadcaster")), "{{code}}"), none="none"),
            ),
        ),
        (
            "Frames",
            (
                to_the_sockets(),
                lines("Commit to push", "s", "From the commit until the change is written to the sockets.", *quantiles(JOB, f'{B},stage="commit_to_push"')),
                lines("Fan-out", "s", "Writing one frame to every subscriber.", *quantiles("scoreboard_fanout_seconds")),
                lines("Frames by type", "ops", "Frames that were sent.", (rate("scoreboard_frames_total", "type", f'{B},outcome="sent"'), "{{type}}"), width=12, stacked=True),
                lines("Frames skipped", "ops", "A client that does not read gets a later one instead.", (rate("scoreboard_frames_total", "type", f'{B},outcome="skipped"'), "{{type}}"), width=12, none="none"),
            ),
        ),
        (
            "Pods",
            (
                *saturation("broadcaster"),
                lines("Sockets by pod", "short", "A pod that has many more than the others was there before them; a new socket goes where the balancer sends it.", (f"sum by (pod) (scoreboard_connections{{{B}}})", "{{pod}}"), width=12),
                dependencies("broadcaster", width=12),
            ),
        ),
    ),
)
