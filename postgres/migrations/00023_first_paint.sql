-- What the first page asks for quickly, however many cases there are.

-- +goose Up
-- A department's cases, told by who may see them, without reading their rows.
CREATE INDEX cases_provided ON cases (provider_id, id) INCLUDE (region_id, procedure, class, grade, applicant_id, state, closed_at);
CREATE INDEX cases_applied ON cases (applicant_id, id) INCLUDE (region_id, procedure, class, grade, provider_id, state, closed_at);
-- Drafts, and what else is in one state, the last changed first.
CREATE INDEX applications_state ON applications (region_id, state, updated_at DESC);
-- The answers of a stretch of time.
CREATE INDEX decisions_at ON decisions (decided_at) INCLUDE (case_id, agree);

-- +goose Down
DROP INDEX decisions_at, applications_state, cases_applied, cases_provided;
