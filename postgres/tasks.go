package postgres

import (
	"context"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"gongshu/sharing"
)

// Order is how a list of tasks or cases is sorted.
type Order string

const (
	ByTimeLeft Order = "left"     // the least time left first, what has no limit last
	ByReceipt  Order = "received" // the last received first
	ByNumber   Order = "number"
)

// Span is a stretch of time in which a limit ends. From is inside, Before is not;
// zero instants leave it open.
type Span struct{ From, Before time.Time }

func (s Span) open() bool { return s.From.IsZero() && s.Before.IsZero() }

// running is the condition that a deadline l runs and that its limit ends within
// the span.
func (w *where) running(s Span) string {
	condition := "l.state = 'running' AND l.due_at IS NOT NULL"
	if !s.From.IsZero() {
		condition += " AND l.due_at >= " + w.arg(s.From)
	}
	if !s.Before.IsZero() {
		condition += " AND l.due_at < " + w.arg(s.Before)
	}
	return condition
}

// words narrows to the cases in whose number, title, or names of departments all
// words of the text occur.
func (w *where) words(text string) {
	for _, word := range strings.Fields(text) {
		departments := "(SELECT id FROM departments WHERE " + w.contains("name || ' ' || name_en", word) + ")"
		w.and("(" + w.contains("c.number", word) + " OR " + w.contains("c.title", word) + " OR c.applicant_id IN " + departments + " OR c.provider_id IN " + departments + ")")
	}
}

// Taken is who has taken a task, as one of its department sees it.
type Taken string

const (
	TakenByMe     Taken = "me"
	TakenByNobody Taken = "nobody"
	TakenByOthers Taken = "others"
)

// TaskFilter narrows an inbox; zero fields do not narrow.
type TaskFilter struct {
	Department string
	Kinds      []sharing.TaskKind // those the reader may do; nil stands for all
	DoneBy     string             // user: what this user has done, instead of what is open
	Kind       sharing.TaskKind
	Procedure  sharing.Procedure
	Applicant  string // department
	Text       string
	Reader     string // user whose view Taken is
	Taken      Taken
	Due        Span
	NoLimit    bool // only what no limit runs on
	Order      Order
	Cursor     string
	Limit      int
}

// where is the condition of the filter, over cases c, tasks t and deadlines l.
func (f TaskFilter) where(scopes sharing.Scopes) where {
	var w where
	w.seeCases(scopes)
	if f.DoneBy != "" {
		w.and("t.done_by = ? AND t.state = 'done'", f.DoneBy)
	} else {
		w.and("t.state = 'open' AND t.department_id = ?", f.Department)
		if f.Kinds != nil {
			w.and("t.kind = ANY(?)", f.Kinds)
		}
	}
	if f.Kind != "" {
		w.and("t.kind = ?", f.Kind)
	}
	if f.Procedure != "" {
		w.and("c.procedure = ?", f.Procedure)
	}
	if f.Applicant != "" {
		w.and("c.applicant_id = ?", f.Applicant)
	}
	w.words(f.Text)
	switch f.Taken {
	case TakenByMe:
		w.and("t.claimed_by = ?", f.Reader)
	case TakenByNobody:
		w.and("t.claimed_by IS NULL")
	case TakenByOthers:
		w.and("t.claimed_by <> ?", f.Reader)
	}
	if !f.Due.open() {
		w.and(w.running(f.Due))
	}
	if f.NoLimit {
		w.and("(l.id IS NULL OR l.state <> 'running' OR l.due_at IS NULL)")
	}
	return w
}

// Tasks returns one page of a department's open tasks, the least time left first
// unless ordered otherwise, or of what one user has done, the last first; only on
// cases the scopes allow. It does not count them again where known tells how many they
// are, 0 or more.
func (s *Store) Tasks(ctx context.Context, scopes sharing.Scopes, f TaskFilter, known int) (page []sharing.Task, next string, total int, err error) {
	l := listing[sharing.Task]{
		query: selectTask, count: `SELECT count(*)` + taskCountTables, where: f.where(scopes), id: "t.id::text", cursor: f.Cursor, limit: f.Limit, scan: scanTask,
		narrow: taskCountTables, own: "t.id", known: known >= 0, total: known,
	}
	switch {
	case f.Order == ByReceipt:
		l.order, l.key, l.cast, l.desc = string(ByReceipt), "c.received_at", "timestamptz", true
		l.at = func(t sharing.Task) (string, string) { return t.Case.ReceivedAt.Format(time.RFC3339Nano), t.ID }
	case f.Order == ByNumber:
		l.order, l.key = string(ByNumber), "c.number"
		l.at = func(t sharing.Task) (string, string) { return t.Case.Number, t.ID }
	case f.DoneBy != "":
		l.key, l.cast, l.desc = "t.done_at", "timestamptz", true
		l.at = func(t sharing.Task) (string, string) { return t.DoneAt.Format(time.RFC3339Nano), t.ID }
	default:
		l.key, l.cast = "coalesce(l.due_at, 'infinity')", "timestamptz"
		l.at = func(t sharing.Task) (string, string) {
			if t.Deadline == nil || t.Deadline.DueAt.IsZero() {
				return "infinity", t.ID
			}
			return t.Deadline.DueAt.Format(time.RFC3339Nano), t.ID
		}
	}
	return list(ctx, s.pool, l)
}

const taskCountTables = ` FROM cases c JOIN tasks t ON t.case_id = c.id LEFT JOIN deadlines l ON l.id = t.deadline_id `

// TaskShare counts what one person of a department has taken of its open tasks, or
// nobody, whose id is empty: of the kinds that the reader may do, or of the others.
type TaskShare struct {
	UserID, Name string
	Allowed      bool // the reader may do them
	Open         int
	Overdue      int
	Today, Week  int // whose limit ends in the rest of today, of this week
}

// TaskShares counts the open tasks of a department, on cases the scopes allow, by who
// has taken them, what nobody has taken first, and by whether they are of the kinds
// given. The ends of the day and of the week are the first instants after them.
func (s *Store) TaskShares(ctx context.Context, scopes sharing.Scopes, department string, kinds []sharing.TaskKind, endOfDay, endOfWeek time.Time) ([]TaskShare, error) {
	w := TaskFilter{Department: department}.where(scopes)
	allowed, day, week := "t.kind = ANY("+w.arg(append([]sharing.TaskKind{}, kinds...))+")", w.arg(endOfDay), w.arg(endOfWeek)
	ahead := `l.state = 'running' AND l.due_at > clock_timestamp() AND l.due_at < `
	rows, err := s.pool.Query(ctx, `SELECT coalesce(t.claimed_by, ''), coalesce(u.name, ''), `+allowed+`, count(*),
		count(*) FILTER (WHERE l.state = 'running' AND l.due_at <= clock_timestamp()),
		count(*) FILTER (WHERE `+ahead+day+`), count(*) FILTER (WHERE `+ahead+week+`)`+taskCountTables+`LEFT JOIN users u ON u.id = t.claimed_by `+
		w.String()+` GROUP BY t.claimed_by, u.name, 3 ORDER BY t.claimed_by IS NOT NULL, u.name COLLATE names_zh, t.claimed_by`, w.args...)
	if err != nil {
		return nil, translate(err)
	}
	all, err := pgx.CollectRows(rows, pgx.RowToStructByPos[TaskShare])
	return all, translate(err)
}

// Plenty is up to where things are counted whose number is only a hint.
const Plenty = 1000

// TaskCount counts the tasks that the scopes and the filter allow, up to Plenty.
func (s *Store) TaskCount(ctx context.Context, scopes sharing.Scopes, f TaskFilter) (int, error) {
	w := f.where(scopes)
	var n int
	err := s.pool.QueryRow(ctx, `SELECT count(*) FROM (SELECT`+taskCountTables+w.String()+` LIMIT `+w.arg(Plenty)+`) few`, w.args...).Scan(&n)
	return n, translate(err)
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
	w.and("t.id = ?", uuidOf(id))
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
