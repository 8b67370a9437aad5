-- name: record_audit
INSERT INTO audit
    (at_us, actor_id, terminal, verb, user_id, object, reason, outcome, details, request_key, digest,
     answer)
VALUES ($1, $2::uuid, $3, $4, $5::uuid, $6, $7, $8, $9::json, $10, $11, $12::json);

-- name: lock_request_key
SELECT pg_advisory_xact_lock(hashtextextended($1, 0));

-- name: audit_answer
SELECT digest, answer::text AS answer FROM audit
WHERE COALESCE(actor_id::text, terminal) = $1 AND request_key = $2;

-- name: audit_page
-- The newest first, before an id; of one person or of all. Names are those of today.
SELECT a.id, a.at_us, a.actor_id::text AS actor_id, a.terminal, actor.username AS actor_name, a.verb,
       a.user_id::text AS user_id, subject.username AS user_name, a.object, a.reason, a.outcome,
       a.details::text AS details
FROM audit a
LEFT JOIN users actor ON actor.id = a.actor_id
LEFT JOIN users subject ON subject.id = a.user_id
WHERE a.id < $1 AND ($2::uuid IS NULL OR a.user_id = $2::uuid)
ORDER BY a.id DESC
LIMIT $3;
