-- name: create_user
INSERT INTO users (id, username, username_key, password_hash, identity, roles)
VALUES ($1::uuid, $2, $3, $4, $5, $6)
ON CONFLICT DO NOTHING
RETURNING id::text AS id, username, password_hash, roles, disabled_at, created_at;

-- name: user_by_name
SELECT id::text AS id, username, password_hash, roles, disabled_at, created_at
FROM users WHERE username_key = $1;

-- name: user_by_identity
SELECT id::text AS id, username, password_hash, roles, disabled_at, created_at
FROM users WHERE identity = $1;

-- name: user_by_id
SELECT id::text AS id, username, password_hash, roles, disabled_at, created_at
FROM users WHERE id = $1::uuid;

-- name: renew_password_hash
UPDATE users SET password_hash = $3 WHERE id = $1::uuid AND password_hash = $2;

-- name: set_roles
UPDATE users SET roles = $2 WHERE id = $1::uuid;

-- name: set_disabled
UPDATE users SET disabled_at = CASE WHEN $2 THEN COALESCE(disabled_at, now()) END
WHERE id = $1::uuid;

-- name: user_history
SELECT job_id::text AS job_id, action, board, points, score_before, score_after, reason, at_us,
       version
FROM score_history
WHERE user_id = $1::uuid AND board = $2 AND "window" = $3 AND version < $4
ORDER BY version DESC
LIMIT $5;
