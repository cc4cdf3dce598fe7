-- What the trend, the bulletin, the catalog and the first page ask for quickly.

-- +goose Up
-- The limits and targets that answers of a stretch of time have met.
CREATE INDEX deadlines_answers ON deadlines (met_at) WHERE state = 'met' AND duty IN ('share.answer', 'open.answer', 'dispute.verify');
-- Changes of the catalog that were announced or hold for a time: few among all cases.
CREATE INDEX cases_changes_ahead ON cases (wake_at, id) WHERE procedure = 'change' AND state IN ('warning', 'temporary');
-- Entries are counted, in all and by format, without reading them.
CREATE INDEX resources_counted ON resources (region_id) INCLUDE (department_id, class, grade, format) WHERE NOT withdrawn;

-- +goose Down
DROP INDEX resources_counted, cases_changes_ahead, deadlines_answers;
