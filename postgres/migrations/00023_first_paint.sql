-- What the first page asks for quickly, however many cases there are.

-- +goose Up
-- A department's cases, told by who may see them, without reading their rows.
CREATE INDEX cases_provided ON cases (provider_id, id) INCLUDE (region_id, procedure, class, grade, applicant_id, resource_id);
CREATE INDEX cases_applied ON cases (applicant_id, id) INCLUDE (region_id, procedure, class, grade, provider_id);
-- What was received and closed in a stretch of time, likewise.
CREATE INDEX cases_received_watched ON cases (region_id, received_at) INCLUDE (id, procedure, class, grade, provider_id, applicant_id);
CREATE INDEX cases_closed_watched ON cases (region_id, closed_at) INCLUDE (id, procedure, class, grade, provider_id, applicant_id) WHERE closed_at IS NOT NULL;
DROP INDEX cases_received, cases_closed;
-- Drafts, and what else is in one state, the last changed first.
CREATE INDEX applications_state ON applications (region_id, state, updated_at DESC);
-- The answers of a stretch of time.
CREATE INDEX decisions_at ON decisions (decided_at) INCLUDE (case_id, agree);

-- +goose Down
CREATE INDEX cases_received ON cases (region_id, received_at);
CREATE INDEX cases_closed ON cases (region_id, closed_at) WHERE closed_at IS NOT NULL;
DROP INDEX decisions_at, applications_state, cases_closed_watched, cases_received_watched, cases_applied, cases_provided;
