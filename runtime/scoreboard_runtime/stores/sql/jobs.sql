-- name: lock_users
-- In id order, so that batches of two workers cannot wait for each other in a circle.
SELECT id::text AS id, username, current_score, score_version, reached_us
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
-- The whole effect of a batch in one statement: scores, history, actions.
WITH scores AS (
    UPDATE users u
    SET current_score = n.score, score_version = n.version, reached_us = n.reached_us
    FROM unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::bigint[])
         AS n(id, score, version, reached_us)
    WHERE u.id = n.id
),
history AS (
    INSERT INTO score_history
        (user_id, board, "window", version, job_id, action, points, score_before, score_after, at_us)
    SELECT * FROM unnest($5::uuid[], $6::text[], $7::text[], $8::bigint[], $9::uuid[], $10::text[],
                         $11::bigint[], $12::bigint[], $13::bigint[], $14::bigint[])
)
INSERT INTO actions
    (job_id, user_id, action, task_id, once, status, error, points, score, version, submitted_us,
     finished_us)
SELECT * FROM unnest($15::uuid[], $16::uuid[], $17::text[], $18::uuid[], $19::boolean[], $20::text[],
                     $21::text[], $22::bigint[], $23::bigint[], $24::bigint[], $25::bigint[],
                     $26::bigint[]);

-- name: job
SELECT a.job_id::text AS job_id, a.user_id::text AS user_id, a.action, a.status, a.error, a.points,
       a.score, a.version, a.submitted_us, a.finished_us
FROM actions a
WHERE a.job_id = $1::uuid;
