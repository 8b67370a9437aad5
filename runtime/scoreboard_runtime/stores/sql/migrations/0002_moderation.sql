-- Moderation, the audit log, erasure. It only adds: an older version can go on beside it.

ALTER TABLE users ADD COLUMN disqualified_at timestamptz;   -- while set: ranked nowhere; the score stays

-- Few rows each. Neither is touched when a score changes.
CREATE INDEX users_admins ON users (id) WHERE 'admin' = ANY (roles);
CREATE INDEX actions_unscored ON actions (user_id) WHERE version = 0;   -- the others are in the ledger

CREATE TABLE frozen_boards (
    board         text PRIMARY KEY,
    since_us      bigint NOT NULL,
    reason        text NOT NULL
);

CREATE TABLE audit (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at_us         bigint NOT NULL,
    actor_id      uuid,                                 -- null: somebody at the terminal
    terminal      text,                                 -- and then who it was there
    verb          text NOT NULL,
    user_id       uuid,                                 -- whom it is about
    object        text,                                 -- or which board or job
    reason        text NOT NULL,
    outcome       text NOT NULL,                        -- done, or the code of the refusal
    details       json NOT NULL,
    request_key   text,                                 -- Idempotency-Key of what is done
    digest        text,                                 -- of the request that had it
    answer        json                                  -- to the letter
);
CREATE UNIQUE INDEX audit_once ON audit (COALESCE(actor_id::text, terminal), request_key)
    WHERE request_key IS NOT NULL;
CREATE INDEX audit_about ON audit (user_id, id) WHERE user_id IS NOT NULL;

CREATE TABLE erasures (
    pseudonym     uuid PRIMARY KEY,                     -- of the ledger's rows that stay
    versions      bigint NOT NULL,                      -- so that the sum of all versions never falls
    at_us         bigint NOT NULL
);
