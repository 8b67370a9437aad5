-- name: lock_person
-- The person and every admin, in id order as everybody locks, so that the last admin is known.
SELECT id::text AS id, username, roles, disabled_at, disqualified_at, created_at, current_score,
       score_version, reached_us
FROM users
WHERE id = $1::uuid OR ('admin' = ANY (roles) AND disabled_at IS NULL)
ORDER BY id
FOR UPDATE;

-- name: lock_player
SELECT id::text AS id, username, roles, disabled_at, disqualified_at, created_at, current_score,
       score_version, reached_us
FROM users
WHERE id = $1::uuid
FOR UPDATE;

-- name: may_administer
SELECT 'admin' = ANY (roles) AND disabled_at IS NULL AS may FROM users WHERE id = $1::uuid;

-- name: set_disqualified
UPDATE users
SET disqualified_at = CASE WHEN $2 THEN COALESCE(disqualified_at, now()) END, score_version = $3
WHERE id = $1::uuid;

-- name: set_score
UPDATE users SET current_score = $2, score_version = $3, reached_us = $4 WHERE id = $1::uuid;

-- name: record_by_hand
-- A row of the ledger that no job made.
INSERT INTO score_history
    (user_id, board, "window", version, action, points, score_before, score_after, reason, at_us)
VALUES ($1::uuid, $2, $3, $4, $5, $6, $7, $8, $9, $10);

-- name: people
-- In name order, after a name; whose name holds the text, or who has the id.
SELECT id::text AS id, username, username_key, roles, disabled_at, disqualified_at, created_at,
       current_score, score_version, reached_us
FROM users
WHERE username_key > $2
  AND ($1 = '' OR position($1 IN username_key) > 0 OR id::text = $1)
ORDER BY username_key
LIMIT $3;

-- name: person
SELECT id::text AS id, username, username_key, roles, disabled_at, disqualified_at, created_at,
       current_score, score_version, reached_us
FROM users WHERE id = $1::uuid;

-- name: ledger_sum
-- What the rows of the ledger say that the score should be.
SELECT COALESCE(sum(points), 0)::bigint AS points, count(*) AS rows
FROM score_history
WHERE user_id = $1::uuid AND board = $2 AND "window" = $3;

-- name: counts_of_people
SELECT (SELECT count(*) FROM users WHERE 'admin' = ANY (roles) AND disabled_at IS NULL) AS admins,
       (SELECT count(*) FROM users WHERE disqualified_at IS NOT NULL) AS disqualified,
       (SELECT count(*) FROM users WHERE disabled_at IS NOT NULL) AS disabled,
       (SELECT count(*) FROM users) AS users;

-- name: freeze_board
INSERT INTO frozen_boards (board, since_us, reason) VALUES ($1, $2, $3)
ON CONFLICT DO NOTHING;

-- name: unfreeze_board
DELETE FROM frozen_boards WHERE board = $1;

-- name: frozen_boards
SELECT board, since_us, reason FROM frozen_boards;

-- name: await_batches
-- Returns when every transaction that has locked a user is over. What began to lock after it sees
-- what was committed before.
LOCK TABLE users IN EXCLUSIVE MODE;
