-- Citizens and companies, standing duties, registers.

-- +goose Up
-- Who asks for open data has no account. The public of a region stands as a
-- department without staff, and one user in whose name it acts: disabled, so that
-- nobody signs in as it.
ALTER TABLE departments DROP CONSTRAINT departments_kind_check;
ALTER TABLE departments ADD CONSTRAINT departments_kind_check CHECK (kind IN ('department', 'authority', 'supervisor', 'finance', 'public'));

-- +goose StatementBegin
CREATE FUNCTION regions_public() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO departments (id, region_id, name, name_en, kind) VALUES ('public-' || NEW.id, NEW.id, '社会公众', 'The public', 'public');
    INSERT INTO users (id, name, department_id, roles, disabled) VALUES ('public-' || NEW.id, '社会公众', 'public-' || NEW.id, '{citizen}', true);
    RETURN NEW;
END
$$;
-- +goose StatementEnd
INSERT INTO departments (id, region_id, name, name_en, kind) SELECT 'public-' || id, id, '社会公众', 'The public', 'public' FROM regions;
INSERT INTO users (id, name, department_id, roles, disabled) SELECT 'public-' || id, '社会公众', 'public-' || id, '{citizen}', true FROM regions;
CREATE TRIGGER regions_public AFTER INSERT ON regions FOR EACH ROW EXECUTE FUNCTION regions_public();

-- An open-data request before its contact is proved, and after it the secret with
-- which the person follows it. What is asked stays here until it is submitted; then
-- it is the case's content, and nowhere else.
CREATE TABLE opening_requests (
    id          uuid PRIMARY KEY,
    region_id   text NOT NULL REFERENCES regions,
    secret      bytea NOT NULL CHECK (length(secret) = 32),
    content     jsonb,
    -- hash of the secret and the code that was sent
    code        bytea NOT NULL CHECK (length(code) = 32),
    code_until  timestamptz NOT NULL,
    tries       integer NOT NULL DEFAULT 0 CHECK (tries BETWEEN 0 AND 5),
    codes       integer NOT NULL DEFAULT 1 CHECK (codes BETWEEN 1 AND 3),
    verified_at timestamptz,
    case_id     uuid UNIQUE REFERENCES cases,
    created_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT opening_requests_submitted CHECK ((case_id IS NULL) <> (content IS NULL)),
    CONSTRAINT opening_requests_verified CHECK (case_id IS NULL OR verified_at IS NOT NULL)
);
CREATE INDEX opening_requests_waiting ON opening_requests (created_at) WHERE case_id IS NULL;

-- How often something was asked for in a stretch of time, by hash of who asked.
CREATE TABLE throttles (
    what  text NOT NULL,
    who   bytea NOT NULL CHECK (length(who) = 32),
    since timestamptz NOT NULL,
    n     integer NOT NULL,
    PRIMARY KEY (what, who, since)
);
CREATE INDEX throttles_since ON throttles (since);

-- A case that nobody began, but time.
ALTER TABLE cases ALTER COLUMN applicant_user DROP NOT NULL;

-- What is owed once: a duty by a department for a year, or by an entry since its
-- last update. Whatever runs twice opens no second case.
CREATE TABLE standing_periods (
    duty          text NOT NULL,
    department_id text NOT NULL REFERENCES departments,
    period        text NOT NULL,
    case_id       uuid NOT NULL UNIQUE REFERENCES cases DEFERRABLE INITIALLY DEFERRED,
    PRIMARY KEY (department_id, duty, period)
);

-- Registers of what is filed without approval. A version is never changed but for
-- the time at which the next one took its place.
CREATE TABLE register_entries (
    id            uuid NOT NULL,
    version       integer NOT NULL CHECK (version >= 1),
    register      text NOT NULL CHECK (register IN ('data_specialist', 'purchased_data', 'information_system', 'document', 'security_test', 'security_incident')),
    region_id     text NOT NULL REFERENCES regions,
    department_id text NOT NULL REFERENCES departments,
    regulation_id text NOT NULL,
    article       text NOT NULL,
    heading       text NOT NULL,
    content       jsonb NOT NULL,
    -- lower-cased texts of the content: what a search looks in
    haystack      text NOT NULL,
    happened_at   timestamptz NOT NULL,
    filed_by      text NOT NULL REFERENCES users,
    filed_at      timestamptz NOT NULL,
    superseded_at timestamptz,
    PRIMARY KEY (id, version)
);
CREATE UNIQUE INDEX register_entries_current ON register_entries (id) WHERE superseded_at IS NULL;
CREATE INDEX register_entries_list ON register_entries (region_id, register, filed_at DESC, id) WHERE superseded_at IS NULL;

GRANT SELECT, INSERT, UPDATE, DELETE ON opening_requests, throttles TO gongshu_app;
GRANT SELECT, INSERT, DELETE ON standing_periods TO gongshu_app;
GRANT SELECT, INSERT ON register_entries TO gongshu_app;
GRANT UPDATE (superseded_at) ON register_entries TO gongshu_app;
-- A code that was sent, or is no longer good, is forgotten.
GRANT DELETE ON outbox TO gongshu_app;

-- +goose Down
-- There is no way back: cases that nobody began have no place in the old table.
SELECT 1;
