-- What the board asks for quickly.

-- +goose Up
-- Limits that a notice of holidays moved are few among the lines of the trail.
CREATE INDEX trail_moved ON trail (subject_id, seq) WHERE action = 'calendar_moved';

-- +goose Down
DROP INDEX trail_moved;
