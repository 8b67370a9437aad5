-- Users, the ledger and the record of actions.
-- Hot tables carry no foreign keys: a key check would take a share lock on the user's row for every
-- job, the row that the same transaction has locked already.

CREATE TABLE users (
    id             uuid PRIMARY KEY,
    username       text NOT NULL,                       -- as given
    username_key   text NOT NULL UNIQUE,                -- NFKC and casefold
    password_hash  text,                                -- null: signs in through the identity provider
    identity       text UNIQUE,                         -- issuer and subject there
    roles          text[] NOT NULL DEFAULT '{player}',
    disabled_at    timestamptz,
    created_at     timestamptz NOT NULL DEFAULT now(),
    -- The standing on the default board. Kept in this row, without an index on the score, so that an
    -- update stays heap-only (HOT); ranks live in Valkey and are derived from here.
    current_score  bigint NOT NULL DEFAULT 0 CHECK (current_score BETWEEN 0 AND 9007199254740991),
    score_version  bigint NOT NULL DEFAULT 0,           -- rises by one with every change
    reached_us     bigint NOT NULL DEFAULT 0            -- when the score was reached, microseconds
) WITH (fillfactor = 70);

CREATE TABLE actions (
    job_id        uuid PRIMARY KEY,                     -- exactly once in effect: a job has one row
    user_id       uuid NOT NULL,
    action        text NOT NULL,
    task_id       uuid,
    once          boolean NOT NULL DEFAULT false,
    status        text NOT NULL CHECK (status IN ('completed', 'failed')),
    error         text,
    points        bigint NOT NULL,
    score         bigint NOT NULL,                      -- after it
    version       bigint NOT NULL,                      -- of the score after it; 0: no change
    submitted_us  bigint NOT NULL,
    finished_us   bigint NOT NULL                       -- microseconds, by the worker's clock
);
-- The last line of defence behind admission: what counts once can not be completed twice.
CREATE UNIQUE INDEX actions_task ON actions (task_id) WHERE task_id IS NOT NULL AND status = 'completed';
CREATE UNIQUE INDEX actions_once ON actions (user_id, action) WHERE once AND status = 'completed';

CREATE TABLE score_history (
    user_id       uuid NOT NULL,
    board         text NOT NULL,
    "window"      text NOT NULL,
    version       bigint NOT NULL,                      -- of the user's score on this board
    job_id        uuid,                                 -- null: an adjustment by a person
    action        text NOT NULL,
    points        bigint NOT NULL,
    score_before  bigint NOT NULL,
    score_after   bigint NOT NULL,
    reason        text NOT NULL DEFAULT 'action',
    at_us         bigint NOT NULL,                      -- when the score was reached
    PRIMARY KEY (user_id, board, "window", version)     -- and the index for a user's ledger
);
