-- name: erase_scored
UPDATE actions SET user_id = $2::uuid
WHERE job_id IN (SELECT job_id FROM score_history WHERE user_id = $1::uuid AND job_id IS NOT NULL);

-- name: erase_unscored
UPDATE actions SET user_id = $2::uuid WHERE user_id = $1::uuid AND version = 0;

-- name: erase_ledger
UPDATE score_history
SET user_id = $2::uuid,
    reason = CASE WHEN job_id IS NULL THEN replace(reason, $3, $2::uuid::text) ELSE reason END
WHERE user_id = $1::uuid;

-- name: erase_audited
UPDATE audit
SET user_id = $2::uuid, reason = replace(reason, $3, $2::uuid::text), answer = NULL
WHERE user_id = $1::uuid;

-- name: erase_auditor
UPDATE audit SET actor_id = $2::uuid WHERE actor_id = $1::uuid;

-- name: erase_user
DELETE FROM users WHERE id = $1::uuid;

-- name: record_erasure
INSERT INTO erasures (pseudonym, versions, at_us) VALUES ($1::uuid, $2, $3);

-- name: export_user
SELECT id::text AS id, username, roles, disabled_at, disqualified_at, created_at, current_score,
       score_version, reached_us, identity, password_hash IS NOT NULL AS has_password
FROM users WHERE id = $1::uuid;

-- name: export_ledger
SELECT board, "window", version, job_id::text AS job_id, action, points, score_before, score_after,
       reason, at_us
FROM score_history WHERE user_id = $1::uuid
ORDER BY board, "window", version;

-- name: export_jobs
SELECT a.job_id::text AS job_id, a.action, a.task_id::text AS task_id, a.status, a.error, a.points,
       a.score, a.submitted_us, a.finished_us
FROM score_history h JOIN actions a ON a.job_id = h.job_id
WHERE h.user_id = $1::uuid
UNION ALL
SELECT job_id::text, action, task_id::text, status, error, points, score, submitted_us, finished_us
FROM actions WHERE user_id = $1::uuid AND version = 0
ORDER BY submitted_us, job_id;

-- name: export_audit
SELECT at_us, verb, reason, outcome, actor_id = $1::uuid AS own
FROM audit WHERE user_id = $1::uuid OR actor_id = $1::uuid
ORDER BY id;
