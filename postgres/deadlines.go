package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"gongshu/sharing"
)

const deadlineColumns = `
	l.id, l.case_id, l.duty, l.article, l.statutory, l.clock, l.state, l.due_at, l.due_date, l.provisional, l.edition, l.met_at,
	o.id, o.region_id, o.name, o.name_en, o.kind`

const deadlineTables = ` FROM deadlines l JOIN departments o ON o.id = l.owes_id `

// deadlineRow collects the nullable columns on their way into a Deadline.
type deadlineRow struct {
	d    sharing.Deadline
	at   *time.Time
	date pgtype.Date
}

func (r *deadlineRow) targets() []any {
	return []any{&r.d.ID, &r.d.CaseID, &r.d.Duty, &r.d.Article, &r.d.Statutory, &r.d.Clock, &r.d.State, &r.at, &r.date, &r.d.Provisional, &r.d.Edition, &r.d.MetAt,
		&r.d.Owes.ID, &r.d.Owes.RegionID, &r.d.Owes.Name, &r.d.Owes.NameEN, &r.d.Owes.Kind}
}

func (r *deadlineRow) deadline() sharing.Deadline {
	r.d.DueAt, r.d.DueDate = fromInstant(r.at), fromDay(r.date)
	return r.d
}

func collectDeadlines(rows pgx.Rows, err error) ([]sharing.Deadline, error) {
	if err != nil {
		return nil, translate(err)
	}
	all, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (sharing.Deadline, error) {
		var r deadlineRow
		err := row.Scan(r.targets()...)
		return r.deadline(), err
	})
	return all, translate(err)
}

// Deadlines returns every clock that ran or runs on a case, the first first.
func (s *Store) Deadlines(ctx context.Context, caseID string) ([]sharing.Deadline, error) {
	return collectDeadlines(s.pool.Query(ctx, `SELECT `+deadlineColumns+deadlineTables+`WHERE l.case_id = $1 ORDER BY l.created_at, l.id`, caseID))
}

// clocksOf returns the clock running on each of the cases.
func (s *Store) clocksOf(ctx context.Context, caseIDs []string) (map[string]sharing.Deadline, error) {
	all, err := collectDeadlines(s.pool.Query(ctx, `SELECT `+deadlineColumns+deadlineTables+
		`WHERE l.case_id = ANY($1::uuid[]) AND l.state IN ('running', 'halted')`, caseIDs))
	byCase := make(map[string]sharing.Deadline, len(all))
	for _, d := range all {
		byCase[d.CaseID] = d
	}
	return byCase, err
}

// RunningDeadlines returns the clocks on a case that are neither met nor void.
func (t *Tx) RunningDeadlines(ctx context.Context, caseID string) ([]sharing.Deadline, error) {
	return collectDeadlines(t.tx.Query(ctx, `SELECT `+deadlineColumns+deadlineTables+
		`WHERE l.case_id = $1 AND l.state IN ('running', 'halted') ORDER BY l.created_at`, caseID))
}

// PutDeadline starts a clock, or writes what became of one.
func (t *Tx) PutDeadline(ctx context.Context, d sharing.Deadline, now time.Time) error {
	_, err := t.tx.Exec(ctx, `
		INSERT INTO deadlines (id, case_id, duty, article, statutory, owes_id, clock, state, due_at, due_date, provisional, created_at, met_at, edition)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
		ON CONFLICT (id) DO UPDATE SET owes_id = excluded.owes_id, clock = excluded.clock, state = excluded.state, due_at = excluded.due_at,
			due_date = excluded.due_date, provisional = excluded.provisional, edition = excluded.edition, met_at = excluded.met_at`,
		d.ID, d.CaseID, d.Duty, d.Article, d.Statutory, d.Owes.ID, mustJSON(d.Clock), d.State, instant(d.DueAt), day(d.DueDate),
		d.Provisional, now, d.MetAt, d.Edition)
	return err
}

// PutRungs replaces the rungs of a deadline that have not fired by the given
// ones; a rung that has fired stays and does not fire again.
func (t *Tx) PutRungs(ctx context.Context, d sharing.Deadline, rungs []sharing.Rung) error {
	batch := &pgx.Batch{}
	batch.Queue(`DELETE FROM rungs WHERE deadline_id = $1 AND fired_at IS NULL`, d.ID)
	for _, r := range rungs {
		batch.Queue(`INSERT INTO rungs (id, deadline_id, case_id, kind, day_offset, recipients, due_at) VALUES ($1, $2, $3, $4, $5, $6, $7)
			ON CONFLICT (deadline_id, kind, day_offset) DO NOTHING`, r.ID, d.ID, d.CaseID, r.Kind, r.Offset, r.To, r.At)
	}
	return t.tx.SendBatch(ctx, batch).Close()
}

const rungColumns = `g.id, g.deadline_id, g.kind, g.day_offset, g.recipients, g.due_at, g.fired_at`

// Rungs returns the rungs of all clocks of a case in the order of their time.
func (s *Store) Rungs(ctx context.Context, caseID string) ([]sharing.Rung, error) {
	rows, err := s.pool.Query(ctx, `SELECT `+rungColumns+` FROM rungs g WHERE g.case_id = $1 ORDER BY g.due_at, g.day_offset`, caseID)
	if err != nil {
		return nil, translate(err)
	}
	rungs, err := pgx.CollectRows(rows, pgx.RowToStructByPos[sharing.Rung])
	return rungs, translate(err)
}

// FireRungs marks every rung of a running clock of the case that is due by the
// database's clock as fired, and returns them in the order of their time. Each
// rung is returned to exactly one caller.
func (t *Tx) FireRungs(ctx context.Context, caseID string) ([]sharing.Rung, error) {
	rows, err := t.tx.Query(ctx, `
		WITH fired AS (
			UPDATE rungs g SET fired_at = clock_timestamp() FROM deadlines l
			WHERE l.id = g.deadline_id AND g.case_id = $1 AND g.fired_at IS NULL AND g.due_at <= clock_timestamp() AND l.state = 'running'
			RETURNING `+rungColumns+`)
		SELECT id, deadline_id, kind, day_offset, recipients, due_at, fired_at FROM fired ORDER BY due_at, day_offset`, caseID)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[sharing.Rung])
}

// Wake returns when time next changes something on a case by itself: the next
// rung of a running clock, the end of its grant or the notice before it. Nil when nothing is ahead.
func (t *Tx) Wake(ctx context.Context, caseID string) (*time.Time, error) {
	var next *time.Time
	err := t.tx.QueryRow(ctx, `
		SELECT least(
			(SELECT min(g.due_at) FROM rungs g JOIN deadlines l ON l.id = g.deadline_id
				WHERE g.case_id = $1 AND g.fired_at IS NULL AND l.state = 'running'),
			(SELECT valid_until FROM grants WHERE case_id = $1 AND ended_at IS NULL),
			(SELECT notice_at FROM grants WHERE case_id = $1 AND ended_at IS NULL AND noticed_at IS NULL),
			(SELECT wake_at FROM cases WHERE id = $1))`, caseID).Scan(&next)
	return next, err
}

// LateCases returns cases on which a rung or the end of a grant should have
// happened at least age ago and did not.
func (s *Store) LateCases(ctx context.Context, age time.Duration, limit int) ([]string, error) {
	rows, err := s.pool.Query(ctx, `
		(SELECT g.case_id::text, min(g.due_at) AS since FROM rungs g JOIN deadlines l ON l.id = g.deadline_id
			WHERE g.fired_at IS NULL AND g.due_at < clock_timestamp() - $1::interval AND l.state = 'running'
			GROUP BY g.case_id ORDER BY since LIMIT $2)
		UNION ALL
		(SELECT case_id::text, valid_until FROM grants
			WHERE ended_at IS NULL AND valid_until < clock_timestamp() - $1::interval ORDER BY valid_until LIMIT $2)
		UNION ALL
		(SELECT case_id::text, notice_at FROM grants
			WHERE ended_at IS NULL AND noticed_at IS NULL AND notice_at < clock_timestamp() - $1::interval ORDER BY notice_at LIMIT $2)
		UNION ALL
		(SELECT id::text, wake_at FROM cases
			WHERE closed_at IS NULL AND wake_at < clock_timestamp() - $1::interval ORDER BY wake_at LIMIT $2)`, age, limit)
	if err != nil {
		return nil, translate(err)
	}
	ids, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (string, error) {
		var (
			id    string
			since time.Time
		)
		err := row.Scan(&id, &since)
		return id, err
	})
	return ids, translate(err)
}

// OpenDeadline is a running clock together with its case.
type OpenDeadline struct {
	sharing.Deadline
	Case sharing.Case
}

// DeadlineFilter narrows the board; zero fields do not narrow.
type DeadlineFilter struct {
	Owes      string // department
	Procedure sharing.Procedure
	Duty      string
	Cases     []string  // ids
	From      time.Time // due at or after
	Before    time.Time // due before
	// Undated has those listed too that stand still or have no due date.
	Undated bool
	Cursor  string
	Limit   int
}

func (f DeadlineFilter) where(scopes sharing.Scopes) where {
	var w where
	w.seeCases(scopes)
	if f.Undated {
		w.and("l.state IN ('running', 'halted')")
	} else {
		w.and("l.state = 'running' AND l.due_at IS NOT NULL")
	}
	if f.Owes != "" {
		w.and("l.owes_id = ?", f.Owes)
	}
	if f.Procedure != "" {
		w.and("c.procedure = ?", f.Procedure)
	}
	if f.Duty != "" {
		w.and("l.duty = ?", f.Duty)
	}
	if f.Cases != nil {
		w.and("c.id = ANY(?)", uuidsOf(f.Cases))
	}
	if !f.From.IsZero() {
		w.and("l.due_at >= ?", f.From)
	}
	if !f.Before.IsZero() {
		w.and("l.due_at < ?", f.Before)
	}
	return w
}

const selectOpenDeadline = `SELECT ` + deadlineColumns + `, ` + caseColumns + caseTables +
	` JOIN deadlines l ON l.case_id = c.id JOIN departments o ON o.id = l.owes_id `

func scanOpenDeadline(row pgx.Row) (OpenDeadline, error) {
	var (
		o OpenDeadline
		r deadlineRow
	)
	err := row.Scan(append(r.targets(), caseTargets(&o.Case)...)...)
	o.Deadline = r.deadline()
	return o, err
}

// OpenDeadlines returns one page of the running clocks with a due date on cases
// the scopes allow, the first due first. It does not count them again where known tells
// how many they are, 0 or more.
func (s *Store) OpenDeadlines(ctx context.Context, scopes sharing.Scopes, f DeadlineFilter, known int) (page []OpenDeadline, next string, total int, err error) {
	return list(ctx, s.pool, listing[OpenDeadline]{
		query: selectOpenDeadline, count: `SELECT count(*) FROM cases c JOIN deadlines l ON l.case_id = c.id `,
		narrow: ` FROM cases c JOIN deadlines l ON l.case_id = c.id `, own: "l.id",
		where: f.where(scopes), known: known >= 0, total: known,
		key: "coalesce(l.due_at, 'infinity')", cast: "timestamptz", id: "l.id::text", cursor: f.Cursor, limit: f.Limit,
		scan: scanOpenDeadline,
		at: func(o OpenDeadline) (string, string) {
			if o.DueAt.IsZero() {
				return "infinity", o.ID
			}
			return o.DueAt.Format(time.RFC3339Nano), o.ID
		},
	})
}
