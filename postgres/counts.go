package postgres

import (
	"context"

	"gongshu/sharing"
)

// CountTasks counts the open tasks of the kinds that wait for a department, on
// cases the scopes allow.
func (s *Store) CountTasks(ctx context.Context, scopes sharing.Scopes, department string, kinds []sharing.TaskKind) (n int, err error) {
	var w where
	w.seeCases(scopes)
	w.and("t.state = 'open' AND t.department_id = ? AND t.kind = ANY(?)", department, append([]sharing.TaskKind{}, kinds...))
	err = s.pool.QueryRow(ctx, `SELECT count(*) FROM tasks t JOIN cases c ON c.id = t.case_id `+w.String(), w.args...).Scan(&n)
	return n, translate(err)
}

// CountOverdue counts the running clocks whose limit has passed by the database's
// clock, on cases the scopes allow.
func (s *Store) CountOverdue(ctx context.Context, scopes sharing.Scopes) (n int, err error) {
	var w where
	w.seeCases(scopes)
	w.and("l.state = 'running' AND l.due_at <= clock_timestamp()")
	err = s.pool.QueryRow(ctx, `SELECT count(*) FROM deadlines l JOIN cases c ON c.id = l.case_id `+w.String(), w.args...).Scan(&n)
	return n, translate(err)
}
