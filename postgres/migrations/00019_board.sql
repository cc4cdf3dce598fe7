-- What the board asks for quickly.

-- +goose Up
-- Limits that a notice of holidays moved are few among the lines of the trail.
CREATE INDEX trail_moved ON trail (subject_id, seq) WHERE action = 'calendar_moved';

-- The figures are added up from two indexes, without reading the rows of cases: who
-- may watch a case, and what is owed on it.
CREATE INDEX cases_watched ON cases (region_id, id) INCLUDE (procedure, class, grade, provider_id, applicant_id, regulation_id);
CREATE INDEX deadlines_owed ON deadlines (case_id) INCLUDE (owes_id, duty, state, due_at) WHERE state IN ('running', 'halted');
-- The list of all that is open, those without a date last.
CREATE INDEX deadlines_open ON deadlines (coalesce(due_at, 'infinity'), (id::text)) WHERE state IN ('running', 'halted');
-- What a department owes, and what it was late with.
CREATE INDEX deadlines_owes ON deadlines (owes_id, due_at);
CREATE INDEX deadlines_late ON deadlines (met_at) WHERE state = 'met' AND met_at >= due_at;
CREATE INDEX deadlines_provisional ON deadlines (case_id) WHERE state = 'running' AND provisional;
CREATE INDEX cases_open ON cases (region_id, procedure) WHERE closed_at IS NULL;
CREATE INDEX cases_closed ON cases (region_id, closed_at) WHERE closed_at IS NOT NULL;
CREATE INDEX cases_received ON cases (region_id, received_at);

-- +goose Down
DROP INDEX cases_received, cases_closed, cases_open, deadlines_provisional, deadlines_late, deadlines_owes, deadlines_open, deadlines_owed, cases_watched;
DROP INDEX trail_moved;
