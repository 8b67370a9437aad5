"""Worker and queue: what waits, what becomes of it, what holds it up."""

from dashboards.panels.parts import (
    JOB,
    WAIT_AT_MOST,
    B,
    Dashboard,
    dependencies,
    errors,
    gauge,
    lines,
    quantiles,
    rate,
    saturation,
    transaction,
    waiting,
)

# fmt: off
WORKER = Dashboard(
    name="worker",
    title="Worker and queue",
    about="Jobs: how many wait, how long, what becomes of them, and what holds them up.",
    rows=(
        (
            "Queue",
            (
                waiting(),
                lines("Oldest job", "s", "Age of the oldest job that is not finished. The objective is less than a minute.", (gauge("scoreboard_queue_oldest_seconds"), "oldest"), below="green", steps=(("red", WAIT_AT_MOST),), alert="ScoreboardJobsDelayed"),
                lines("Dead letters", "short", "Jobs that are set aside with a reason, to be redriven. The objective is none.", (gauge("scoreboard_dead_letters"), "dead letters"), below="green", steps=(("red", 1),), alert="ScoreboardDeadLetters"),
            ),
        ),
        (
            "Jobs",
            (
                lines("Accepted and finished", "ops", "Where more is accepted than finished, the queue grows.", (rate("scoreboard_actions_total", select=f'{B},outcome="accepted"'), "accepted"), (rate("scoreboard_jobs_total"), "finished"), colors=(("accepted", "blue"), ("finished", "green")), alert="ScoreboardQueueStuck"),
                lines("Finished by outcome", "ops", "Repeated ones were delivered again after their commit, and had no second effect.", (rate("scoreboard_jobs_total", "outcome"), "{{outcome}}"), colors=(("completed", "green"), ("repeated", "blue"), ("failed", "orange"), ("dead", "red"))),
                lines("Time to the commit", "s", "From admission to the commit.", *quantiles(JOB, f'{B},stage="admit_to_commit"')),
                lines("Jobs in a batch", "short", "Average of jobs in one transaction; it grows with the load.", (f"{rate('scoreboard_batch_jobs_sum')} / {rate('scoreboard_batch_jobs_count')}", "jobs"), decimals=1),
                transaction(),
                lines("Batches tried again", "ops", "After an error that may pass.", (rate("scoreboard_job_retries_total"), "batches"), none="none"),
            ),
        ),
        (
            "Stores",
            (
                lines("Transactions", "ops", "Batches that were committed.", (rate("scoreboard_db_transaction_duration_seconds_count"), "commits"), board="stores"),
                errors("worker"),
                dependencies("worker"),
            ),
        ),
        ("Pods", saturation("worker")),
    ),
)
