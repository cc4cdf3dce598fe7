-- What the trend, the bulletin and the first page ask for quickly.

-- +goose Up
-- The limit or target within which a matter was answered: the last that was met.
CREATE INDEX deadlines_answers ON deadlines (case_id, met_at DESC)
    WHERE state = 'met' AND duty IN ('share.answer', 'open.answer', 'dispute.verify');
-- Changes of the catalog that were announced or hold for a time: few among all cases.
CREATE INDEX cases_changes_ahead ON cases (wake_at, id) WHERE procedure = 'change' AND state IN ('warning', 'temporary');

-- +goose Down
DROP INDEX cases_changes_ahead, deadlines_answers;
