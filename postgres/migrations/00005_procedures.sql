-- Every procedure has its cases here, not the share applications alone.

-- +goose Up
ALTER TABLE cases
    ADD COLUMN procedure text NOT NULL DEFAULT 'share',
    ADD COLUMN title     text NOT NULL DEFAULT '',
    -- the case that this one came from
    ADD COLUMN parent_id uuid REFERENCES cases,
    -- what the case is about, as the procedure's own type; null for a share application
    ADD COLUMN content   jsonb,
    -- when time itself takes a step
    ADD COLUMN wake_at   timestamptz,
    ALTER COLUMN application_id DROP NOT NULL,
    ALTER COLUMN resource_id DROP NOT NULL,
    ALTER COLUMN resource_version DROP NOT NULL,
    DROP CONSTRAINT cases_class_check,
    DROP CONSTRAINT cases_state_check,
    DROP CONSTRAINT cases_closed,
    DROP CONSTRAINT cases_check;
UPDATE cases c SET title = r.title FROM resources r WHERE r.id = c.resource_id;
ALTER TABLE cases
    ALTER COLUMN procedure DROP DEFAULT,
    ALTER COLUMN title DROP DEFAULT,
    ADD CONSTRAINT cases_class CHECK (class IN ('unconditional', 'conditional', 'not_shared')),
    ADD CONSTRAINT cases_share CHECK (procedure <> 'share' OR (application_id IS NOT NULL AND resource_id IS NOT NULL
        AND class <> 'not_shared' AND provider_id <> applicant_id)),
    ADD CONSTRAINT cases_resource CHECK ((resource_id IS NULL) = (resource_version IS NULL)),
    ADD CONSTRAINT cases_content CHECK ((procedure = 'share') = (content IS NULL)),
    ADD CONSTRAINT cases_title CHECK (title <> '');
CREATE INDEX cases_parent ON cases (parent_id) WHERE parent_id IS NOT NULL;
CREATE INDEX cases_resource ON cases (resource_id, procedure) WHERE resource_id IS NOT NULL;
CREATE INDEX cases_procedure ON cases (region_id, procedure, created_at DESC, id);
CREATE INDEX cases_wake ON cases (wake_at) WHERE wake_at IS NOT NULL AND closed_at IS NULL;

-- The machines, filled from their declarations in package sharing: where a case of
-- a procedure can be born, which step leads where, and which states are final.
DROP TABLE transitions;
CREATE TABLE states (
    procedure text NOT NULL,
    state     text NOT NULL,
    start     boolean NOT NULL,
    final     boolean NOT NULL,
    PRIMARY KEY (procedure, state)
);
CREATE TABLE transitions (
    procedure  text NOT NULL,
    from_state text NOT NULL,
    to_state   text NOT NULL,
    PRIMARY KEY (procedure, from_state, to_state)
);

-- +goose StatementBegin
CREATE OR REPLACE FUNCTION cases_step() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    born boolean;
    last boolean;
BEGIN
    SELECT start, final INTO born, last FROM states WHERE procedure = NEW.procedure AND state = NEW.state;
    IF NOT FOUND OR (TG_OP = 'INSERT' AND NOT born) THEN
        RAISE EXCEPTION 'case %: a case of % is not born %', NEW.id, NEW.procedure, NEW.state
            USING ERRCODE = 'check_violation', CONSTRAINT = 'cases_state';
    END IF;
    IF last <> (NEW.closed_at IS NOT NULL) THEN
        RAISE EXCEPTION 'case %: % and closed at %', NEW.id, NEW.state, NEW.closed_at
            USING ERRCODE = 'check_violation', CONSTRAINT = 'cases_closed';
    END IF;
    IF TG_OP = 'INSERT' OR (NEW.version = OLD.version AND NEW.state = OLD.state) THEN
        RETURN NEW;
    END IF;
    IF NEW.procedure <> OLD.procedure OR NEW.version <> OLD.version + 1 THEN
        RAISE EXCEPTION 'case %: version % cannot follow %', OLD.id, NEW.version, OLD.version
            USING ERRCODE = 'check_violation', CONSTRAINT = 'cases_version';
    END IF;
    IF NEW.state <> OLD.state AND NOT EXISTS (
        SELECT FROM transitions WHERE procedure = OLD.procedure AND from_state = OLD.state AND to_state = NEW.state) THEN
        RAISE EXCEPTION 'case %: % cannot follow %', OLD.id, NEW.state, OLD.state
            USING ERRCODE = 'check_violation', CONSTRAINT = 'cases_transition';
    END IF;
    RETURN NEW;
END
$$;
-- +goose StatementEnd
DROP TRIGGER cases_step ON cases;
CREATE TRIGGER cases_step BEFORE INSERT OR UPDATE ON cases FOR EACH ROW EXECUTE FUNCTION cases_step();

-- What was decided with each step of a case, as it was sent and checked. Share
-- applications have tables of their own for it.
CREATE TABLE acts (
    case_id       uuid NOT NULL REFERENCES cases,
    version       integer NOT NULL,
    action        text NOT NULL,
    actor         text NOT NULL,
    department_id text REFERENCES departments,
    body          jsonb NOT NULL,
    at            timestamptz NOT NULL,
    PRIMARY KEY (case_id, version)
);

ALTER TABLE tasks DROP CONSTRAINT tasks_kind_check;
ALTER TABLE tasks ADD CONSTRAINT tasks_kind CHECK (kind ~ '^[a-z_]+$');

-- A file belongs to the case it was handed in with.
ALTER TABLE attachments ADD COLUMN case_id uuid REFERENCES cases;
CREATE INDEX attachments_case ON attachments (case_id) WHERE case_id IS NOT NULL;

GRANT SELECT ON states, transitions TO gongshu_app;
GRANT SELECT, INSERT ON acts TO gongshu_app;

-- +goose Down
-- There is no way back: cases of other procedures have no place in the old table.
SELECT 1;
