-- What makes a step whole: the command that asked for it, its line in the audit
-- trail, and the messages it sends. All commit with the step or not at all.

-- +goose Up
-- A command is written before it is carried out and answers a repeated request.
-- One that was refused is deleted: it changed nothing, and its key is free again.
CREATE TABLE commands (
    id         uuid PRIMARY KEY,
    actor      text NOT NULL REFERENCES users,
    key        text NOT NULL,
    subject    jsonb NOT NULL,
    action     text NOT NULL,
    target     text NOT NULL,
    expected   integer NOT NULL,
    body       jsonb NOT NULL,
    policy     text NOT NULL,
    fingerprint bytea NOT NULL,
    state      text NOT NULL CHECK (state IN ('pending', 'done')),
    outcome    jsonb,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    done_at    timestamptz,
    UNIQUE (actor, key),
    CONSTRAINT commands_settled CHECK ((state = 'pending') = (done_at IS NULL)),
    CONSTRAINT commands_outcome CHECK (state <> 'done' OR outcome IS NOT NULL)
);
CREATE INDEX commands_pending ON commands (created_at) WHERE state = 'pending';

-- The trail is a hash chain: hash = SHA-256(previous hash || entry), over the
-- very bytes stored in entry. One locked row holds its head.
CREATE TABLE trail (
    seq        bigint PRIMARY KEY,
    at         timestamptz NOT NULL,
    actor      text NOT NULL,
    action     text NOT NULL,
    region_id  text NOT NULL,
    subject_id text NOT NULL, -- the case, application or other thing acted on
    version    integer NOT NULL,
    entry      bytea NOT NULL,
    hash       bytea NOT NULL CHECK (length(hash) = 32)
);
CREATE INDEX trail_subject ON trail (subject_id, seq);

CREATE TABLE trail_head (
    one  boolean PRIMARY KEY DEFAULT true CHECK (one),
    seq  bigint NOT NULL,
    hash bytea NOT NULL CHECK (length(hash) = 32)
);
INSERT INTO trail_head (seq, hash) VALUES (0, decode(repeat('00', 32), 'hex'));

-- Messages for departments; ids and codes only.
CREATE TABLE outbox (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    topic         text NOT NULL,
    case_id       uuid REFERENCES cases,
    department_id text NOT NULL REFERENCES departments,
    data          jsonb NOT NULL,
    created_at    timestamptz NOT NULL,
    next_try_at   timestamptz NOT NULL,
    tries         integer NOT NULL DEFAULT 0,
    delivered_at  timestamptz
);
CREATE INDEX outbox_waiting ON outbox (next_try_at) WHERE delivered_at IS NULL;
CREATE INDEX outbox_department ON outbox (department_id, id DESC);

GRANT SELECT, INSERT, UPDATE, DELETE ON commands TO gongshu_app;
GRANT SELECT, INSERT ON trail TO gongshu_app;
GRANT SELECT, UPDATE ON trail_head TO gongshu_app;
GRANT SELECT, INSERT, UPDATE ON outbox TO gongshu_app;

-- +goose Down
DROP TABLE outbox, trail_head, trail, commands;
