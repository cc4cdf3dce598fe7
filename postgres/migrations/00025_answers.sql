-- What the trend, the bulletin and the first page ask for quickly.

-- +goose Up
-- The limits and targets that answers of a stretch of time have met.
CREATE INDEX deadlines_answers ON deadlines (met_at) WHERE state = 'met' AND duty IN ('share.answer', 'open.answer', 'dispute.verify');
-- Changes of the catalog that were announced or hold for a time: few among all cases.
CREATE INDEX cases_changes_ahead ON cases (wake_at, id) WHERE procedure = 'change' AND state IN ('warning', 'temporary');

-- +goose Down
DROP INDEX cases_changes_ahead, deadlines_answers;
