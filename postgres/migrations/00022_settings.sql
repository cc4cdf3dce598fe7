-- What operators and auditors do on pages of their own.

-- +goose Up
-- Notices are put into force by operators, through the application. They are added
-- and never changed.
GRANT INSERT ON calendar_notices TO gongshu_app;

-- The trail is looked through by who acted, what was done and when.
CREATE INDEX trail_actor ON trail (actor, seq);
CREATE INDEX trail_action ON trail (action, seq);
CREATE INDEX trail_at ON trail USING brin (at);

-- Verifications of the audit trail, as they run and what they came to. That one was
-- made stands in the trail itself; this is its progress.
CREATE TABLE trail_checks (
    id         uuid PRIMARY KEY,
    region_id  text NOT NULL REFERENCES regions,
    by         text NOT NULL REFERENCES users,
    state      text NOT NULL CHECK (state IN ('running', 'whole', 'broken', 'failed')),
    started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    told_at    timestamptz NOT NULL DEFAULT clock_timestamp(), -- of its last sign of life
    ended_at   timestamptz,
    seen       bigint NOT NULL DEFAULT 0, -- lines recomputed so far
    total      bigint NOT NULL DEFAULT 0, -- lines when it began
    head_seq   bigint NOT NULL DEFAULT 0,
    head_hash  text NOT NULL DEFAULT '',
    compared   bigint NOT NULL DEFAULT 0, -- the line of an earlier head that was to lie on the chain
    rule       text NOT NULL DEFAULT '', -- that the chain breaks
    at_seq     bigint NOT NULL DEFAULT 0, -- and where
    CONSTRAINT trail_checks_ended CHECK ((state = 'running') = (ended_at IS NULL))
);
CREATE INDEX trail_checks_region ON trail_checks (region_id, started_at DESC);

-- When each of the workers' loops came round last.
CREATE TABLE turns (
    loop    text PRIMARY KEY,
    at      timestamptz NOT NULL,
    failing text NOT NULL DEFAULT '' -- why it did not get through; '' when it did
);

GRANT SELECT, INSERT, UPDATE ON trail_checks, turns TO gongshu_app;

-- +goose Down
DROP TABLE turns, trail_checks;
DROP INDEX trail_at, trail_action, trail_actor;
REVOKE INSERT ON calendar_notices FROM gongshu_app;
