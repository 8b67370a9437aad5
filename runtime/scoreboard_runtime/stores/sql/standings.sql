-- name: standings_page
-- The standings as Postgres has them: exact, and slower than Valkey (no index on the score).
SELECT id::text AS user_id, username, current_score, reached_us
FROM users
WHERE score_version > 0 AND disqualified_at IS NULL
ORDER BY current_score DESC, reached_us, id
OFFSET $1 LIMIT $2;

-- name: standings_total
-- `changes` rises with every change of a standing: the sequence of what is read here.
SELECT count(*) FILTER (WHERE disqualified_at IS NULL) AS total,
       (COALESCE(sum(score_version), 0)
        + (SELECT COALESCE(sum(versions), 0) FROM erasures))::bigint AS changes
FROM users WHERE score_version > 0;

-- name: standing_of
SELECT u.username, u.current_score, u.score_version, u.reached_us,
       CASE WHEN u.score_version > 0 AND u.disqualified_at IS NULL THEN (
           SELECT count(*) FROM users o
           WHERE o.score_version > 0 AND o.disqualified_at IS NULL
             AND (o.current_score > u.current_score
                  OR (o.current_score = u.current_score AND (o.reached_us, o.id) < (u.reached_us, u.id)))
       ) END AS above,
       (SELECT count(*) FROM users o
        WHERE o.score_version > 0 AND o.disqualified_at IS NULL
          AND o.current_score < u.current_score) AS lower
FROM users u WHERE u.id = $1::uuid;

-- name: standings_scan
-- One page of everybody with a standing, in id order, for rebuilding and for checking. `out` is who
-- is disqualified: known, so that nothing older puts them back, and ranked nowhere.
SELECT id::text AS user_id, username, current_score, score_version, reached_us,
       disqualified_at IS NOT NULL AS "out"
FROM users
WHERE score_version > 0 AND id > $1::uuid
ORDER BY id
LIMIT $2;

-- name: standings_of
-- The same for some users.
SELECT id::text AS user_id, username, current_score, score_version, reached_us,
       disqualified_at IS NOT NULL AS "out"
FROM users
WHERE id = ANY($1::uuid[]);

-- name: history_since
-- A user's changes after a version, oldest first.
SELECT h.job_id::text AS job_id, h.action, h.points, h.score_after, h.version, h.at_us,
       u.username, a.submitted_us, a.finished_us AS committed_us
FROM score_history h
JOIN users u ON u.id = h.user_id
LEFT JOIN actions a ON a.job_id = h.job_id
WHERE h.user_id = $1::uuid AND h.board = $2 AND h."window" = $3 AND h.version > $4
ORDER BY h.version
LIMIT 100;
