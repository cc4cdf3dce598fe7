-- Applications, the cases they become, and everything that runs on a case.

-- +goose Up
CREATE TABLE applications (
    id            uuid PRIMARY KEY,
    number        text UNIQUE,
    region_id     text NOT NULL REFERENCES regions,
    applicant_id  text NOT NULL REFERENCES departments,
    drafted_by    text NOT NULL REFERENCES users,
    state         text NOT NULL CHECK (state IN ('draft', 'submitted', 'discarded')),
    version       integer NOT NULL DEFAULT 1,
    request       jsonb NOT NULL,
    paper         boolean NOT NULL DEFAULT false,
    registered_by text REFERENCES users,
    received_at   timestamptz,
    created_at    timestamptz NOT NULL,
    updated_at    timestamptz NOT NULL,
    CONSTRAINT applications_submitted CHECK ((state = 'submitted') = (number IS NOT NULL AND received_at IS NOT NULL)),
    CONSTRAINT applications_paper CHECK (NOT paper OR registered_by IS NOT NULL)
);
CREATE INDEX applications_list ON applications (applicant_id, updated_at DESC, id);

-- The machine of a case, filled from its declaration in package sharing.
CREATE TABLE transitions (
    from_state text NOT NULL,
    to_state   text NOT NULL,
    PRIMARY KEY (from_state, to_state)
);

CREATE TABLE cases (
    id               uuid PRIMARY KEY,
    number           text NOT NULL UNIQUE,
    application_id   uuid NOT NULL REFERENCES applications,
    region_id        text NOT NULL REFERENCES regions,
    regulation_id    text NOT NULL,
    resource_id      uuid NOT NULL REFERENCES resources,
    resource_version integer NOT NULL,
    class            text NOT NULL CHECK (class IN ('unconditional', 'conditional')),
    grade            smallint NOT NULL CHECK (grade BETWEEN 1 AND 4),
    provider_id      text NOT NULL REFERENCES departments,
    applicant_id     text NOT NULL REFERENCES departments,
    applicant_user   text NOT NULL REFERENCES users,
    state            text NOT NULL CHECK (state IN ('checking', 'answering', 'completing', 'agreed', 'provided', 'in_use', 'ended', 'refused', 'withdrawn', 'returned')),
    version          integer NOT NULL DEFAULT 1,
    -- the version up to which its workflow is known to agree; the sweep looks at
    -- the rest
    checked_version  integer NOT NULL DEFAULT 0,
    request          jsonb NOT NULL,
    fields           text[] NOT NULL,
    facts            jsonb NOT NULL DEFAULT '{}',
    paper            boolean NOT NULL,
    received_at      timestamptz NOT NULL,
    created_at       timestamptz NOT NULL,
    updated_at       timestamptz NOT NULL,
    closed_at        timestamptz,
    CHECK (provider_id <> applicant_id),
    CONSTRAINT cases_closed CHECK ((state IN ('ended', 'refused', 'withdrawn', 'returned')) = (closed_at IS NOT NULL))
);
CREATE INDEX cases_applicant ON cases (applicant_id, created_at DESC, id);
CREATE INDEX cases_provider ON cases (provider_id, created_at DESC, id);
CREATE INDEX cases_region ON cases (region_id, created_at DESC, id);
CREATE INDEX cases_application ON cases (application_id);
CREATE INDEX cases_unchecked ON cases (updated_at) WHERE checked_version <> version;

-- +goose StatementBegin
CREATE FUNCTION cases_step() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.version = OLD.version AND NEW.state = OLD.state THEN
        RETURN NEW;
    END IF;
    IF NEW.version <> OLD.version + 1 THEN
        RAISE EXCEPTION 'case %: version % cannot follow %', OLD.id, NEW.version, OLD.version
            USING ERRCODE = 'check_violation', CONSTRAINT = 'cases_version';
    END IF;
    IF NEW.state <> OLD.state AND NOT EXISTS (
        SELECT FROM transitions WHERE from_state = OLD.state AND to_state = NEW.state) THEN
        RAISE EXCEPTION 'case %: % cannot follow %', OLD.id, NEW.state, OLD.state
            USING ERRCODE = 'check_violation', CONSTRAINT = 'cases_transition';
    END IF;
    RETURN NEW;
END
$$;
-- +goose StatementEnd
CREATE TRIGGER cases_step BEFORE UPDATE ON cases FOR EACH ROW EXECUTE FUNCTION cases_step();

-- A deadline is a budget, not a date: clock holds the budget, its start and the
-- ledger of suspensions; the due columns are its projection onto the calendar,
-- kept for sorting only.
CREATE TABLE deadlines (
    id          uuid PRIMARY KEY,
    case_id     uuid NOT NULL REFERENCES cases,
    duty        text NOT NULL,
    article     text NOT NULL,
    statutory   boolean NOT NULL,
    owes_id     text NOT NULL REFERENCES departments,
    clock       jsonb NOT NULL,
    state       text NOT NULL CHECK (state IN ('running', 'halted', 'met', 'void')),
    due_at      timestamptz,
    due_date    date,
    provisional boolean NOT NULL DEFAULT false,
    created_at  timestamptz NOT NULL,
    met_at      timestamptz,
    CONSTRAINT deadlines_met CHECK ((state = 'met') = (met_at IS NOT NULL)),
    CONSTRAINT deadlines_due CHECK ((due_at IS NULL) = (due_date IS NULL))
);
CREATE INDEX deadlines_case ON deadlines (case_id);
CREATE INDEX deadlines_running ON deadlines (due_at) WHERE state = 'running';
-- One running clock of a kind on a case.
CREATE UNIQUE INDEX deadlines_one ON deadlines (case_id, duty) WHERE state IN ('running', 'halted');

-- The steps of the ladder. A rung fires once: fired_at is set once, under the
-- row's lock, never before due by the database's clock.
CREATE TABLE rungs (
    id          uuid PRIMARY KEY,
    deadline_id uuid NOT NULL REFERENCES deadlines ON DELETE CASCADE,
    case_id     uuid NOT NULL REFERENCES cases,
    kind        text NOT NULL CHECK (kind IN ('reminder', 'due', 'urged', 'supervised', 'rectification')),
    day_offset  integer NOT NULL,
    recipients  text[] NOT NULL,
    due_at      timestamptz NOT NULL,
    fired_at    timestamptz,
    CONSTRAINT rungs_not_early CHECK (fired_at IS NULL OR fired_at >= due_at),
    UNIQUE (deadline_id, kind, day_offset)
);
CREATE INDEX rungs_waiting ON rungs (due_at) WHERE fired_at IS NULL;
CREATE INDEX rungs_case ON rungs (case_id);

CREATE TABLE tasks (
    id            uuid PRIMARY KEY,
    case_id       uuid NOT NULL REFERENCES cases,
    kind          text NOT NULL CHECK (kind IN ('check', 'answer', 'complete', 'provide', 'confirm')),
    department_id text NOT NULL REFERENCES departments,
    deadline_id   uuid REFERENCES deadlines,
    state         text NOT NULL CHECK (state IN ('open', 'done', 'void')),
    claimed_by    text REFERENCES users,
    done_by       text REFERENCES users,
    created_at    timestamptz NOT NULL,
    done_at       timestamptz,
    CONSTRAINT tasks_done CHECK ((state = 'open') = (done_at IS NULL))
);
CREATE INDEX tasks_department ON tasks (department_id, state, created_at, id);
CREATE UNIQUE INDEX tasks_one ON tasks (case_id) WHERE state = 'open';

-- Completion is asked for once at most, a case is answered once at most.
CREATE TABLE completions (
    case_id      uuid PRIMARY KEY REFERENCES cases,
    request      jsonb NOT NULL,
    asked_by     text NOT NULL REFERENCES users,
    asked_at     timestamptz NOT NULL,
    completed    jsonb,
    completed_by text REFERENCES users,
    completed_at timestamptz
);

CREATE TABLE decisions (
    case_id    uuid PRIMARY KEY REFERENCES cases,
    agree      boolean NOT NULL,
    decision   jsonb NOT NULL,
    decided_by text NOT NULL REFERENCES users,
    decided_at timestamptz NOT NULL,
    CONSTRAINT decisions_refusal CHECK (agree OR coalesce(decision ->> 'reasons', '') <> '')
);

CREATE TABLE provisions (
    case_id     uuid NOT NULL REFERENCES cases,
    attempt     integer NOT NULL,
    provision   jsonb NOT NULL,
    provided_by text NOT NULL REFERENCES users,
    provided_at timestamptz NOT NULL,
    failure     text,
    settled_by  text REFERENCES users,
    settled_at  timestamptz,
    PRIMARY KEY (case_id, attempt)
);

CREATE TABLE grants (
    id          uuid PRIMARY KEY,
    case_id     uuid NOT NULL UNIQUE REFERENCES cases,
    valid_from  timestamptz NOT NULL,
    valid_until timestamptz NOT NULL,
    fields      text[] NOT NULL,
    mode        text NOT NULL,
    locator     text NOT NULL DEFAULT '',
    conditions  text NOT NULL DEFAULT '',
    ended_at    timestamptz,
    CHECK (valid_until > valid_from)
);

CREATE TABLE attachments (
    id             uuid PRIMARY KEY,
    application_id uuid REFERENCES applications,
    uploaded_by    text NOT NULL REFERENCES users,
    department_id  text NOT NULL REFERENCES departments,
    name           text NOT NULL,
    media_type     text NOT NULL,
    size           bigint NOT NULL CHECK (size >= 0),
    sha256         bytea NOT NULL CHECK (length(sha256) = 32),
    content        bytea NOT NULL,
    created_at     timestamptz NOT NULL
);
CREATE INDEX attachments_application ON attachments (application_id);

GRANT SELECT ON transitions TO gongshu_app;
GRANT SELECT, INSERT, UPDATE ON applications, cases, deadlines, tasks, completions, provisions, grants, attachments TO gongshu_app;
GRANT SELECT, INSERT ON decisions TO gongshu_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON rungs TO gongshu_app;

-- +goose Down
DROP TABLE attachments, grants, provisions, decisions, completions, tasks, rungs, deadlines, cases, transitions, applications;
DROP FUNCTION cases_step;
