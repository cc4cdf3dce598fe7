package postgres

import (
	"context"
	"encoding/json"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"gongshu/sharing"
)

// RecordedNotice is a holiday notice as it was recorded in the database.
type RecordedNotice struct {
	ID       int64 // the edition of the calendar that began with it
	Region   string
	Year     int
	Source   string
	Revision int // 1, and one more with every correction
	Issued   sharing.Date
	// Notice is the whole notice, in the form of its file.
	Notice     json.RawMessage
	ImportedAt time.Time
}

// CalendarEdition returns the id of the last recorded notice, 0 when there is none.
func (s *Store) CalendarEdition(ctx context.Context) (int64, error) {
	var id int64
	err := s.pool.QueryRow(ctx, `SELECT coalesce(max(id), 0) FROM calendar_notices`).Scan(&id)
	return id, translate(err)
}

// Notices returns all recorded notices in the order in which they were recorded.
func (s *Store) Notices(ctx context.Context) ([]RecordedNotice, error) {
	notices, err := recordedNotices(ctx, s.pool)
	return notices, translate(err)
}

// LockNotices returns all recorded notices and keeps others from recording more
// until the transaction ends: readers so never see a notice before an earlier one.
func (t *Tx) LockNotices(ctx context.Context) ([]RecordedNotice, error) {
	const one = 0x67736e6f // "gsno"
	if _, err := t.tx.Exec(ctx, `SELECT pg_advisory_xact_lock($1)`, one); err != nil {
		return nil, err
	}
	return recordedNotices(ctx, t.tx)
}

func recordedNotices(ctx context.Context, q querier) ([]RecordedNotice, error) {
	rows, err := q.Query(ctx, `SELECT id, region, year, source, revision, issued, notice, imported_at FROM calendar_notices ORDER BY id`)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (RecordedNotice, error) {
		var (
			n      RecordedNotice
			issued pgtype.Date
		)
		err := row.Scan(&n.ID, &n.Region, &n.Year, &n.Source, &n.Revision, &issued, &n.Notice, &n.ImportedAt)
		n.Issued = fromDay(issued)
		return n, err
	})
}

// RecordNotice records a notice and returns its id.
func (t *Tx) RecordNotice(ctx context.Context, n RecordedNotice) (int64, error) {
	var id int64
	err := t.tx.QueryRow(ctx, `INSERT INTO calendar_notices (region, year, source, revision, issued, notice) VALUES ($1, $2, $3, $4, $5, $6) RETURNING id`,
		n.Region, n.Year, n.Source, n.Revision, day(n.Issued), []byte(n.Notice)).Scan(&id)
	return id, err
}
