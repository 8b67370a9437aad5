-- name: import_users
-- Users of an import; whose name, or id, is there already stays as it is.
INSERT INTO users (id, username, username_key, password_hash)
SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[])
ON CONFLICT DO NOTHING;

-- name: users_by_keys
SELECT id::text AS id, username_key FROM users WHERE username_key = ANY($1::text[]);
