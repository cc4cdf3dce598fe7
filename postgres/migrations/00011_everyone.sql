-- What everybody does beside the steps of a case: talk about it, follow it, urge
-- it, link it to others, stand in for a colleague. And files out of the tables.

-- +goose Up
-- Said once and for all: nobody is granted to change or delete it.
CREATE TABLE comments (
    id            uuid PRIMARY KEY,
    case_id       uuid NOT NULL REFERENCES cases,
    kind          text NOT NULL CHECK (kind IN ('remark', 'reply')),
    text          text NOT NULL CHECK (text <> ''),
    internal      boolean NOT NULL,
    attachments   uuid[] NOT NULL DEFAULT '{}',
    author        text NOT NULL REFERENCES users,
    on_behalf_of  text REFERENCES users,
    department_id text NOT NULL REFERENCES departments,
    at            timestamptz NOT NULL,
    CONSTRAINT comments_internal CHECK (NOT internal OR (kind = 'remark' AND attachments = '{}'))
);
CREATE INDEX comments_case ON comments (case_id, at, id);

CREATE TABLE followers (
    case_id uuid NOT NULL REFERENCES cases,
    user_id text NOT NULL REFERENCES users,
    since   timestamptz NOT NULL,
    PRIMARY KEY (case_id, user_id)
);
CREATE INDEX followers_user ON followers (user_id);

-- A department urges a case once a day, Shanghai's, at most.
CREATE TABLE urges (
    case_id       uuid NOT NULL REFERENCES cases,
    department_id text NOT NULL REFERENCES departments,
    day           date NOT NULL,
    owes          text[] NOT NULL CHECK (owes <> '{}'),
    urged_by      text NOT NULL REFERENCES users,
    at            timestamptz NOT NULL,
    PRIMARY KEY (case_id, department_id, day)
);

CREATE TABLE supervisions (
    id            uuid PRIMARY KEY,
    case_id       uuid NOT NULL REFERENCES cases,
    supervisor    text NOT NULL REFERENCES users,
    department_id text NOT NULL REFERENCES departments,
    owes_id       text NOT NULL REFERENCES departments,
    note          text NOT NULL CHECK (note <> ''),
    reply_by      date NOT NULL,
    at            timestamptz NOT NULL,
    replied_at    timestamptz,
    reply_id      uuid REFERENCES comments,
    CONSTRAINT supervisions_replied CHECK ((replied_at IS NULL) = (reply_id IS NULL))
);
CREATE INDEX supervisions_case ON supervisions (case_id, at);
CREATE INDEX supervisions_open ON supervisions (reply_by, id) WHERE replied_at IS NULL;

-- Each pair once, the lesser id first.
CREATE TABLE case_links (
    one_id        uuid NOT NULL REFERENCES cases,
    other_id      uuid NOT NULL REFERENCES cases,
    reason        text NOT NULL CHECK (reason <> ''),
    linked_by     text NOT NULL REFERENCES users,
    department_id text NOT NULL REFERENCES departments,
    at            timestamptz NOT NULL,
    PRIMARY KEY (one_id, other_id),
    CONSTRAINT case_links_order CHECK (one_id < other_id)
);
CREATE INDEX case_links_other ON case_links (other_id);

CREATE TABLE delegations (
    id            uuid PRIMARY KEY,
    delegator     text NOT NULL REFERENCES users,
    delegate      text NOT NULL REFERENCES users,
    department_id text NOT NULL REFERENCES departments,
    starts_at     timestamptz NOT NULL,
    ends_at       timestamptz NOT NULL,
    reason        text NOT NULL CHECK (reason <> ''),
    created_at    timestamptz NOT NULL,
    revoked_at    timestamptz,
    revoked_by    text REFERENCES users,
    CONSTRAINT delegations_people CHECK (delegator <> delegate),
    CONSTRAINT delegations_term CHECK (ends_at > starts_at AND ends_at <= starts_at + interval '90 days'),
    CONSTRAINT delegations_revoked CHECK ((revoked_at IS NULL) = (revoked_by IS NULL))
);
CREATE INDEX delegations_delegate ON delegations (delegate, ends_at) WHERE revoked_at IS NULL;
CREATE INDEX delegations_delegator ON delegations (delegator, ends_at);

ALTER TABLE acts ADD COLUMN on_behalf_of text REFERENCES users;

-- A message for one user of the department, and nobody else in it.
ALTER TABLE outbox ADD COLUMN user_id text REFERENCES users;

-- The bytes of a file stand in the file store under the key blob; those of older
-- ones in content until the worker has moved them.
ALTER TABLE attachments
    ALTER COLUMN content DROP NOT NULL,
    ADD COLUMN blob text UNIQUE,
    ADD CONSTRAINT attachments_content CHECK ((content IS NULL) <> (blob IS NULL));
CREATE INDEX attachments_to_move ON attachments (created_at) WHERE blob IS NULL;

GRANT SELECT, INSERT ON comments, urges TO gongshu_app;
GRANT SELECT, INSERT, DELETE ON followers, case_links TO gongshu_app;
GRANT SELECT, INSERT ON supervisions, delegations TO gongshu_app;
GRANT UPDATE (replied_at, reply_id) ON supervisions TO gongshu_app;
GRANT UPDATE (revoked_at, revoked_by) ON delegations TO gongshu_app;

-- +goose Down
-- There is no way back: files have left the tables.
SELECT 1;
