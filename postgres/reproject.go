package postgres

import (
	"context"
	"encoding/json"
	"time"

	"github.com/jackc/pgx/v5"

	"gongshu/sharing"
)

// Measured is a running clock with what its projection needs of its case.
type Measured struct {
	sharing.Deadline
	CaseNumber   string
	RegionID     string
	RegulationID string
	State        sharing.State // of the case
	Version      int           // of the case
}

const measured = `SELECT ` + deadlineColumns + `, c.number, c.region_id, c.regulation_id, c.state, c.version ` +
	deadlineTables + ` JOIN cases c ON c.id = l.case_id `

func collectMeasured(rows pgx.Rows, err error) ([]Measured, error) {
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (Measured, error) {
		var (
			m Measured
			r deadlineRow
		)
		err := row.Scan(append(r.targets(), &m.CaseNumber, &m.RegionID, &m.RegulationID, &m.State, &m.Version)...)
		m.Deadline = r.deadline()
		return m, err
	})
}

// CaseEntry is a line of the audit trail on a case.
type CaseEntry struct {
	sharing.Entry
	CaseNumber string
}

// EntriesAfter returns the lines on cases with the given action that follow line
// seq of the audit trail.
func (s *Store) EntriesAfter(ctx context.Context, seq int64, action sharing.Action) ([]CaseEntry, error) {
	rows, err := s.pool.Query(ctx, `
		SELECT t.entry, c.number FROM trail t JOIN cases c ON c.id::text = t.subject_id WHERE t.seq > $1 AND t.action = $2 ORDER BY t.seq`, seq, action)
	if err != nil {
		return nil, translate(err)
	}
	entries, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (CaseEntry, error) {
		var (
			e   CaseEntry
			raw []byte
		)
		if err := row.Scan(&raw, &e.CaseNumber); err != nil {
			return e, err
		}
		return e, json.Unmarshal(raw, &e.Entry)
	})
	return entries, translate(err)
}

// nobody comes before every case in the order of ids.
const nobody = "00000000-0000-0000-0000-000000000000"

func after(caseID string) string {
	if caseID == "" {
		return nobody
	}
	return caseID
}

// Behind counts the running clocks whose due date was derived on an edition of the
// calendar before the given one.
func (s *Store) Behind(ctx context.Context, edition int64) (int, error) {
	var n int
	err := s.pool.QueryRow(ctx, `SELECT count(*) FROM deadlines WHERE state = 'running' AND edition < $1`, edition).Scan(&n)
	return n, translate(err)
}

// BehindIn counts the running clocks of a region, and of these those whose due date
// was derived on an edition of the calendar before the given one.
func (s *Store) BehindIn(ctx context.Context, regionID string, edition int64) (behind, running int, err error) {
	err = s.pool.QueryRow(ctx, `
		SELECT count(*) FILTER (WHERE l.edition < $2), count(*) FROM deadlines l JOIN cases c ON c.id = l.case_id
		WHERE l.state = 'running' AND c.region_id = $1`, regionID, edition).Scan(&behind, &running)
	return behind, running, translate(err)
}

// RunningClocks returns the running clocks of the limit cases that follow the
// case with the given id, in the order of cases' ids; "" begins with the first.
func (s *Store) RunningClocks(ctx context.Context, afterCase string, limit int) ([]Measured, error) {
	found, err := collectMeasured(s.pool.Query(ctx, measured+`
		WHERE l.state = 'running' AND l.case_id IN (
			SELECT DISTINCT case_id FROM deadlines WHERE state = 'running' AND case_id > $1 ORDER BY case_id LIMIT $2)
		ORDER BY l.case_id, l.created_at, l.id`, after(afterCase), limit))
	return found, translate(err)
}

// LockBehind locks up to limit cases that follow the case with the given id and
// have a clock behind the edition, in the order of their ids, and returns those
// clocks and the last of the cases, "" when there was none. One transaction at a
// time does so; others wait for its end.
func (t *Tx) LockBehind(ctx context.Context, edition int64, afterCase string, limit int) (clocks []Measured, last string, err error) {
	const one = 0x67736361 // "gsca"
	if _, err := t.tx.Exec(ctx, `SELECT pg_advisory_xact_lock($1)`, one); err != nil {
		return nil, "", err
	}
	rows, err := t.tx.Query(ctx, `
		SELECT id::text FROM cases WHERE id IN (
			SELECT DISTINCT case_id FROM deadlines WHERE state = 'running' AND edition < $1 AND case_id > $2 ORDER BY case_id LIMIT $3)
		ORDER BY id FOR UPDATE`, edition, after(afterCase), limit)
	if err != nil {
		return nil, "", err
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil || len(ids) == 0 {
		return nil, "", err
	}
	// Read again now that nobody can change them: a step may have come in between.
	clocks, err = collectMeasured(t.tx.Query(ctx, measured+`
		WHERE l.state = 'running' AND l.edition < $1 AND l.case_id = ANY ($2::uuid[]) ORDER BY l.case_id, l.created_at, l.id`, edition, ids))
	return clocks, ids[len(ids)-1], err
}

// Derived is what a running clock has come to on another edition.
type Derived struct {
	sharing.Deadline
	Rungs []sharing.Rung
}

// Derive writes due dates that have changed, and puts the rungs that have not
// fired into the places of those given. The case of each must be locked.
func (t *Tx) Derive(ctx context.Context, edition int64, all []Derived) error {
	type due struct {
		ID          string        `json:"id"`
		DueAt       *time.Time    `json:"due_at"`
		DueDate     *sharing.Date `json:"due_date"`
		Provisional bool          `json:"provisional"`
	}
	type rung struct {
		ID         string           `json:"id"`
		DeadlineID string           `json:"deadline_id"`
		CaseID     string           `json:"case_id"`
		Kind       sharing.RungKind `json:"kind"`
		Offset     int              `json:"day_offset"`
		Recipients []string         `json:"recipients"`
		At         time.Time        `json:"due_at"`
	}
	var (
		dues  []due
		rungs []rung
		ids   []string
	)
	for _, d := range all {
		one := due{ID: d.ID, DueAt: instant(d.DueAt), Provisional: d.Provisional}
		if one.DueAt != nil {
			one.DueDate = &d.DueDate
		}
		dues, ids = append(dues, one), append(ids, d.ID)
		for _, r := range d.Rungs {
			rungs = append(rungs, rung{r.ID, d.ID, d.CaseID, r.Kind, r.Offset, append([]string{}, r.To...), r.At})
		}
	}
	batch := &pgx.Batch{}
	batch.Queue(`
		UPDATE deadlines l SET due_at = v.due_at, due_date = v.due_date, provisional = v.provisional, edition = $2
		FROM jsonb_to_recordset($1) AS v (id uuid, due_at timestamptz, due_date date, provisional boolean) WHERE l.id = v.id`, mustJSON(dues), edition)
	batch.Queue(`DELETE FROM rungs WHERE deadline_id = ANY ($1::uuid[]) AND fired_at IS NULL`, ids)
	if len(rungs) > 0 {
		batch.Queue(`
			INSERT INTO rungs (id, deadline_id, case_id, kind, day_offset, recipients, due_at)
			SELECT id, deadline_id, case_id, kind, day_offset, recipients, due_at FROM jsonb_to_recordset($1)
				AS v (id uuid, deadline_id uuid, case_id uuid, kind text, day_offset integer, recipients text[], due_at timestamptz)
			ON CONFLICT (deadline_id, kind, day_offset) DO NOTHING`, mustJSON(rungs))
	}
	return t.tx.SendBatch(ctx, batch).Close()
}

// Settle records that clocks are what the edition makes of them.
func (t *Tx) Settle(ctx context.Context, edition int64, deadlineIDs []string) error {
	_, err := t.tx.Exec(ctx, `UPDATE deadlines SET edition = $1 WHERE id = ANY ($2::uuid[])`, edition, deadlineIDs)
	return err
}

// Nudge asks for the workflows of cases to look at them again.
func (t *Tx) Nudge(ctx context.Context, caseIDs []string) error {
	_, err := t.tx.Exec(ctx, `INSERT INTO nudges (case_id) SELECT unnest($1::uuid[])`, caseIDs)
	return err
}

// Nudge is a case whose workflow is to look at it again.
type Nudge struct {
	ID     int64
	CaseID string
}

// Nudges returns those that wait, at most limit, beginning with the case on which
// something is due first.
func (s *Store) Nudges(ctx context.Context, limit int) ([]Nudge, error) {
	rows, err := s.pool.Query(ctx, `
		SELECT n.id, n.case_id::text FROM nudges n
		ORDER BY (SELECT min(g.due_at) FROM rungs g WHERE g.case_id = n.case_id AND g.fired_at IS NULL), n.id LIMIT $1`, limit)
	if err != nil {
		return nil, translate(err)
	}
	found, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Nudge])
	return found, translate(err)
}

// Nudged forgets a nudge that has reached its workflow.
func (s *Store) Nudged(ctx context.Context, id int64) error {
	_, err := s.pool.Exec(ctx, `DELETE FROM nudges WHERE id = $1`, id)
	return translate(err)
}
