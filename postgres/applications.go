package postgres

import (
	"context"
	"encoding/json"
	"time"

	"github.com/jackc/pgx/v5"

	"gongshu/sharing"
)

const selectApplication = `
SELECT a.id, coalesce(a.number, ''), a.region_id, a.drafted_by, a.state, a.version, a.request, a.paper,
       coalesce(a.registered_by, ''), a.received_at, a.created_at, a.updated_at,
       d.id, d.region_id, d.name, d.name_en, d.kind
FROM applications a JOIN departments d ON d.id = a.applicant_id
`

func scanApplication(row pgx.Row) (sharing.Application, error) {
	var (
		a        sharing.Application
		received *time.Time
	)
	err := row.Scan(&a.ID, &a.Number, &a.RegionID, &a.ApplicantID, &a.State, &a.Version, &a.Request, &a.Paper,
		&a.RegisteredBy, &received, &a.CreatedAt, &a.UpdatedAt,
		&a.Applicant.ID, &a.Applicant.RegionID, &a.Applicant.Name, &a.Applicant.NameEN, &a.Applicant.Kind)
	a.ReceivedAt = fromInstant(received)
	return a, err
}

// own narrows a list to the applications of the subject's own department, and to
// those the subject registered for others.
func (w *where) own(s sharing.Subject) {
	w.and("a.region_id = ? AND (a.applicant_id = ? OR a.registered_by = ?)", s.RegionID, s.DepartmentID, s.UserID)
}

// Applications returns one page of the applications of the subject's department,
// the last changed first. Discarded drafts are left out unless asked for.
func (s *Store) Applications(ctx context.Context, who sharing.Subject, state sharing.ApplicationState, cursor string, limit int) (page []sharing.Application, next string, total int, err error) {
	var w where
	w.own(who)
	if state != "" {
		w.and("a.state = ?", state)
	} else {
		w.and("a.state <> 'discarded'")
	}
	return list(ctx, s.pool, listing[sharing.Application]{
		query: selectApplication, count: `SELECT count(*) FROM applications a `, where: w,
		key: "a.updated_at", cast: "timestamptz", id: "a.id::text", desc: true, cursor: cursor, limit: limit,
		scan: scanApplication,
		at:   func(a sharing.Application) (string, string) { return a.UpdatedAt.Format(time.RFC3339Nano), a.ID },
	})
}

// Application returns an application of the subject's department or one the
// subject registered; CodeNotFound otherwise.
func (s *Store) Application(ctx context.Context, who sharing.Subject, id string) (sharing.Application, error) {
	var w where
	w.own(who)
	w.and("(a.id = ? OR a.number = ?)", uuidOf(id), id)
	a, err := scanApplication(s.pool.QueryRow(ctx, selectApplication+w.String(), w.args...))
	return a, translate(err)
}

// LockApplication returns an application and keeps it from changing until the
// transaction ends.
func (t *Tx) LockApplication(ctx context.Context, id string) (sharing.Application, error) {
	a, err := scanApplication(t.tx.QueryRow(ctx, selectApplication+`WHERE a.id = $1 FOR UPDATE OF a`, uuidOf(id)))
	return a, translate(err)
}

// InsertApplication adds a draft.
func (t *Tx) InsertApplication(ctx context.Context, a sharing.Application) error {
	request, err := json.Marshal(a.Request)
	if err != nil {
		return err
	}
	_, err = t.tx.Exec(ctx, `
		INSERT INTO applications (id, region_id, applicant_id, drafted_by, state, version, request, paper, registered_by, created_at, updated_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, nullif($9, ''), $10, $10)`,
		a.ID, a.RegionID, a.Applicant.ID, a.ApplicantID, a.State, a.Version, request, a.Paper, a.RegisteredBy, a.CreatedAt)
	return err
}

// UpdateApplication writes a draft's request, state, number and day of receipt,
// if it is still in the version before a's.
func (t *Tx) UpdateApplication(ctx context.Context, a sharing.Application) error {
	request, err := json.Marshal(a.Request)
	if err != nil {
		return err
	}
	tag, err := t.tx.Exec(ctx, `
		UPDATE applications SET state = $2, version = $3, request = $4, number = nullif($5, ''), received_at = $6,
			paper = $7, registered_by = nullif($8, ''), applicant_id = $9, updated_at = $10
		WHERE id = $1 AND version = $3 - 1`,
		a.ID, a.State, a.Version, request, a.Number, instant(a.ReceivedAt), a.Paper, a.RegisteredBy, a.Applicant.ID, a.UpdatedAt)
	if err == nil && tag.RowsAffected() == 0 {
		return &sharing.Error{Code: sharing.CodeStale}
	}
	return err
}
