-- name: lock_users
-- In id order, so that batches of two workers cannot wait for each other in a circle.
SELECT id::text AS id, username, current_score, score_version, reached_us,
       disqualified_at IS NOT NULL AS "out",
       EXISTS (SELECT FROM frozen_boards WHERE board = $2) AS frozen
FROM users
WHERE id = ANY($1::uuid[])
ORDER BY id
FOR UPDATE;

-- name: known_jobs
-- Jobs that were committed before: their redelivery must change nothing.
SELECT a.job_id::text AS job_id, a.status, a.error, a.points, a.score, a.version, a.finished_us,
       COALESCE(h.at_us, a.submitted_us) AS reached_us
FROM actions a
LEFT JOIN score_history h
       ON h.user_id = a.user_id AND h.version = a.version AND h.job_id = a.job_id
WHERE a.job_id = ANY($1::uuid[]);

-- name: done_before
-- Which of these tasks, and of these once-only actions, are completed.
SELECT user_id::text AS user_id, action, task_id::text AS task_id
FROM actions
WHERE status = 'completed'
  AND (task_id = ANY($1::uuid[])
       OR (once AND (user_id, action) IN (SELECT * FROM unnest($2::uuid[], $3::text[]))));

-- name: record_jobs
-- The whole effect of a batch in one statement: actions, history, scores. The first twelve arrays
-- hold a value for each job, the last four for each user whose score moved.
WITH effects AS (
    SELECT *
    FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::uuid[], $5::boolean[], $6::text[],
                $7::bigint[], $8::bigint[], $9::bigint[], $10::bigint[], $11::bigint[],
                $12::bigint[])
         AS e(job_id, user_id, action, task_id, once, error, points, before, after, version,
              reached_us, submitted_us)
),
history AS (
    INSERT INTO score_history
        (user_id, board, "window", version, job_id, action, points, score_before, score_after, at_us)
    SELECT user_id, $13::text, $14::text, version, job_id, action, points, before, after, reached_us
    FROM effects
    WHERE version > 0
),
scores AS (
    UPDATE users u
    SET current_score = n.score, score_version = n.version, reached_us = n.reached_us
    FROM unnest($16::uuid[], $17::bigint[], $18::bigint[], $19::bigint[])
         AS n(id, score, version, reached_us)
    WHERE u.id = n.id
)
INSERT INTO actions
    (job_id, user_id, action, task_id, once, status, error, points, score, version, submitted_us,
     finished_us)
SELECT job_id, user_id, action, task_id, once,
       CASE WHEN error IS NULL THEN 'completed' ELSE 'failed' END,
       error, points, after, version, submitted_us, $15::bigint
FROM effects;

-- name: job
SELECT a.job_id::text AS job_id, a.user_id::text AS user_id, a.action, a.status, a.error, a.points,
       a.score, a.version, a.submitted_us, a.finished_us
FROM actions a
WHERE a.job_id = $1::uuid;
