package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"gongshu/sharing"
)

// TaskFilter narrows an inbox; zero fields do not narrow.
type TaskFilter struct {
	Department string
	Kinds      []sharing.TaskKind // those the reader may do
	DoneBy     string             // user: what this user has done, instead of what is open
	Cursor     string
	Limit      int
}

// Tasks returns one page of a department's open tasks, the least time left first,
// or of what one user has done, the last first; only on cases the scopes allow.
func (s *Store) Tasks(ctx context.Context, scopes sharing.Scopes, f TaskFilter) (page []sharing.Task, next string, total int, err error) {
	var w where
	w.seeCases(scopes)
	l := listing[sharing.Task]{
		key: "coalesce(l.due_at, 'infinity')", cast: "timestamptz", id: "t.id::text", cursor: f.Cursor, limit: f.Limit,
		at: func(t sharing.Task) (string, string) {
			if t.Deadline == nil || t.Deadline.DueAt.IsZero() {
				return "infinity", t.ID
			}
			return t.Deadline.DueAt.Format(time.RFC3339Nano), t.ID
		},
	}
	if f.DoneBy != "" {
		w.and("t.done_by = ? AND t.state = 'done'", f.DoneBy)
		l.key, l.desc = "t.done_at", true
		l.at = func(t sharing.Task) (string, string) { return t.DoneAt.Format(time.RFC3339Nano), t.ID }
	} else {
		w.and("t.state = 'open' AND t.department_id = ? AND t.kind = ANY(?)", f.Department, f.Kinds)
	}
	l.query = selectTask
	l.count = `SELECT count(*) FROM cases c JOIN tasks t ON t.case_id = c.id `
	l.where = w
	l.scan = scanTask
	return list(ctx, s.pool, l)
}

// nullableDeadline is deadlineColumns for a deadline that may be missing.
const nullableDeadline = `
	coalesce(l.id::text, ''), coalesce(l.case_id::text, ''), coalesce(l.duty, ''), coalesce(l.article, ''), coalesce(l.statutory, false),
	coalesce(l.clock, '{}'), coalesce(l.state, ''), l.due_at, l.due_date, coalesce(l.provisional, false), coalesce(l.edition, 0), l.met_at,
	coalesce(o.id, ''), coalesce(o.region_id, ''), coalesce(o.name, ''), coalesce(o.name_en, ''), coalesce(o.kind, '')`

func scanTask(row pgx.Row) (sharing.Task, error) {
	var (
		t        sharing.Task
		r        deadlineRow
		deadline bool
	)
	targets := []any{&t.ID, &t.Kind, &t.State, &t.ClaimedBy, &t.DoneBy, &t.ClaimedByName, &t.DoneByName, &t.CreatedAt, &t.DoneAt,
		&t.Department.ID, &t.Department.RegionID, &t.Department.Name, &t.Department.NameEN, &t.Department.Kind, &deadline}
	targets = append(targets, r.targets()...)
	err := row.Scan(append(targets, caseTargets(&t.Case)...)...)
	if deadline {
		d := r.deadline()
		t.Deadline = &d
	}
	return t, err
}

const selectTask = `SELECT t.id, t.kind, t.state, coalesce(t.claimed_by, ''), coalesce(t.done_by, ''), coalesce(taker.name, ''), coalesce(doer.name, ''),
	t.created_at, t.done_at, e.id, e.region_id, e.name, e.name_en, e.kind, l.id IS NOT NULL, ` + nullableDeadline + `, ` + caseColumns + caseTables + `
	JOIN tasks t ON t.case_id = c.id JOIN departments e ON e.id = t.department_id
	LEFT JOIN users taker ON taker.id = t.claimed_by LEFT JOIN users doer ON doer.id = t.done_by
	LEFT JOIN deadlines l ON l.id = t.deadline_id LEFT JOIN departments o ON o.id = l.owes_id `

// Task returns a task on a case the scopes allow; CodeNotFound otherwise.
func (s *Store) Task(ctx context.Context, scopes sharing.Scopes, id string) (sharing.Task, error) {
	var w where
	w.seeCases(scopes)
	w.and("t.id::text = ?", id)
	t, err := scanTask(s.pool.QueryRow(ctx, selectTask+w.String(), w.args...))
	return t, translate(err)
}

// OpenTask returns the task that is open on a case; CodeNotFound when none is.
func (s *Store) OpenTask(ctx context.Context, caseID string) (sharing.Task, error) {
	t, err := scanTask(s.pool.QueryRow(ctx, selectTask+`WHERE t.case_id = $1 AND t.state = 'open'`, caseID))
	return t, translate(err)
}

// InsertTask opens a task; a case has at most one open.
func (t *Tx) InsertTask(ctx context.Context, task sharing.Task) error {
	var deadline *string
	if task.Deadline != nil {
		deadline = &task.Deadline.ID
	}
	_, err := t.tx.Exec(ctx, `
		INSERT INTO tasks (id, case_id, kind, department_id, deadline_id, state, created_at) VALUES ($1, $2, $3, $4, $5, 'open', $6)`,
		task.ID, task.Case.ID, task.Kind, task.Department.ID, deadline, task.CreatedAt)
	return err
}

// CloseTask closes the task that is open on a case: done by somebody, or void
// when by is empty.
func (t *Tx) CloseTask(ctx context.Context, caseID, by string, at time.Time) error {
	_, err := t.tx.Exec(ctx, `
		UPDATE tasks SET state = CASE WHEN $2 = '' THEN 'void' ELSE 'done' END, done_by = nullif($2, ''), done_at = $3
		WHERE case_id = $1 AND state = 'open'`, caseID, by, at)
	return err
}

// ReassignTask gives the task that is open on a case to another department, of
// which nobody has taken it yet.
func (t *Tx) ReassignTask(ctx context.Context, caseID, departmentID string) error {
	_, err := t.tx.Exec(ctx, `UPDATE tasks SET department_id = $2, claimed_by = NULL WHERE case_id = $1 AND state = 'open'`, caseID, departmentID)
	return err
}

// ClaimTask gives an open task to a user, or back to everybody when the user is
// "". It returns CodeAlreadyDecided when somebody else has it or it is not open.
func (t *Tx) ClaimTask(ctx context.Context, id, userID, from string) error {
	tag, err := t.tx.Exec(ctx, `
		UPDATE tasks SET claimed_by = nullif($2, '') WHERE id = $1 AND state = 'open' AND coalesce(claimed_by, '') = ANY($3)`,
		id, userID, []string{from, userID})
	if err == nil && tag.RowsAffected() == 0 {
		return sharing.Errorf(sharing.CodeAlreadyDecided, "the task is done or somebody else has taken it")
	}
	return err
}
