-- Doubts about records, and matters taken to the authority.

-- +goose Up
-- Which fields of which record are doubted, by whom. A doubt about a catalog entry
-- has the record '', and the field '' when it is about the entry as a whole.
CREATE TABLE doubts (
    case_id       uuid NOT NULL REFERENCES cases,
    resource_id   uuid NOT NULL REFERENCES resources,
    record_key    text NOT NULL,
    field         text NOT NULL,
    department_id text NOT NULL REFERENCES departments,
    since         timestamptz NOT NULL,
    -- when the dispute came to its end, and whether the record was corrected then
    settled_at    timestamptz,
    corrected     boolean NOT NULL DEFAULT false,
    PRIMARY KEY (case_id, field),
    CONSTRAINT doubts_corrected CHECK (NOT corrected OR settled_at IS NOT NULL)
);
-- A department doubts a field of a record once at a time.
CREATE UNIQUE INDEX doubts_one ON doubts (resource_id, record_key, field, department_id) WHERE settled_at IS NULL;
CREATE INDEX doubts_record ON doubts (resource_id, record_key);
CREATE INDEX doubts_corrections ON doubts (resource_id, settled_at) WHERE corrected;

-- A case is before the authority once at a time.
CREATE UNIQUE INDEX cases_coordinated ON cases (parent_id) WHERE procedure = 'coordination' AND parent_id IS NOT NULL AND closed_at IS NULL;

-- Doubts for which a record is under verification: while they are verified, and
-- while an objection to the result is before the authority.
CREATE VIEW open_doubts AS
    SELECT d.* FROM doubts d
    WHERE d.settled_at IS NULL OR EXISTS (
        SELECT FROM cases o WHERE o.parent_id = d.case_id AND o.procedure = 'coordination' AND o.closed_at IS NULL);

-- Who holds data of which resource now, and which fields of it.
CREATE VIEW holdings AS
    SELECT c.resource_id, c.applicant_id AS department_id, g.fields, g.case_id, g.valid_from FROM grants g JOIN cases c ON c.id = g.case_id
    WHERE g.ended_at IS NULL AND g.valid_from <= clock_timestamp() AND g.valid_until > clock_timestamp() AND c.state IN ('provided', 'in_use');

GRANT SELECT, INSERT, UPDATE ON doubts TO gongshu_app;
GRANT SELECT ON open_doubts, holdings TO gongshu_app;

-- +goose Down
DROP VIEW holdings, open_doubts;
DROP INDEX cases_coordinated;
DROP TABLE doubts;
