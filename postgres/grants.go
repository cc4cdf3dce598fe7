package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"gongshu/sharing"
)

const selectGrant = `
SELECT g.id, g.case_id, c.number, c.region_id, r.id, r.code, r.title, c.resource_version, c.class, c.grade,
       g.fields, g.mode, coalesce(c.request ->> 'purpose', ''), g.conditions, g.locator, g.valid_from, g.valid_until,
       CASE WHEN g.ended_at IS NULL AND g.valid_until > clock_timestamp() THEN 'active' ELSE 'ended' END,
       p.id, p.region_id, p.name, p.name_en, p.kind, d.id, d.region_id, d.name, d.name_en, d.kind
FROM grants g JOIN cases c ON c.id = g.case_id JOIN resources r ON r.id = c.resource_id
	JOIN departments p ON p.id = c.provider_id JOIN departments d ON d.id = c.applicant_id
`

func scanGrant(row pgx.Row) (sharing.Grant, error) {
	var g sharing.Grant
	err := row.Scan(&g.ID, &g.CaseID, &g.CaseNumber, &g.RegionID, &g.Resource.ID, &g.Resource.Code, &g.Resource.Title, &g.Resource.Version,
		&g.Class, &g.Grade, &g.Fields, &g.Mode, &g.Purpose, &g.Conditions, &g.Locator, &g.ValidFrom, &g.ValidUntil, &g.State,
		&g.Provider.ID, &g.Provider.RegionID, &g.Provider.Name, &g.Provider.NameEN, &g.Provider.Kind,
		&g.Grantee.ID, &g.Grantee.RegionID, &g.Grantee.Name, &g.Grantee.NameEN, &g.Grantee.Kind)
	return g, err
}

// GrantFilter narrows a list of grants; zero fields do not narrow.
type GrantFilter struct {
	Provider string
	Grantee  string
	State    sharing.GrantState
	Cursor   string
	Limit    int
}

// Grants returns one page of the grants the scope allows, the first to end first.
func (s *Store) Grants(ctx context.Context, scope sharing.Scope, f GrantFilter) (page []sharing.Grant, next string, total int, err error) {
	var w where
	w.see(scope, caseLabels)
	if f.Provider != "" {
		w.and("c.provider_id = ?", f.Provider)
	}
	if f.Grantee != "" {
		w.and("c.applicant_id = ?", f.Grantee)
	}
	switch f.State {
	case sharing.GrantActive:
		w.and("g.ended_at IS NULL AND g.valid_until > clock_timestamp()")
	case sharing.GrantEnded:
		w.and("(g.ended_at IS NOT NULL OR g.valid_until <= clock_timestamp())")
	}
	return list(ctx, s.pool, listing[sharing.Grant]{
		query: selectGrant, count: `SELECT count(*) FROM grants g JOIN cases c ON c.id = g.case_id `, where: w,
		key: "g.valid_until", cast: "timestamptz", id: "g.id::text", cursor: f.Cursor, limit: f.Limit,
		scan: scanGrant,
		at:   func(g sharing.Grant) (string, string) { return g.ValidUntil.Format(time.RFC3339Nano), g.ID },
	})
}

// PutGrant records a grant on a case; a case has at most one, and providing again
// after a failure brings it up to date.
func (t *Tx) PutGrant(ctx context.Context, g sharing.Grant) error {
	_, err := t.tx.Exec(ctx, `
		INSERT INTO grants (id, case_id, valid_from, valid_until, fields, mode, locator, conditions)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
		ON CONFLICT (case_id) DO UPDATE SET valid_from = excluded.valid_from, valid_until = excluded.valid_until,
			mode = excluded.mode, locator = excluded.locator, ended_at = NULL`,
		g.ID, g.CaseID, g.ValidFrom, g.ValidUntil, g.Fields, g.Mode, g.Locator, g.Conditions)
	return err
}

// GrantEnd returns when the grant of a case ends; CodeNotFound when it has none
// or it has ended.
func (t *Tx) GrantEnd(ctx context.Context, caseID string) (time.Time, error) {
	var end time.Time
	err := t.tx.QueryRow(ctx, `SELECT valid_until FROM grants WHERE case_id = $1 AND ended_at IS NULL`, caseID).Scan(&end)
	return end, translate(err)
}

// EndGrant records that the grant of a case has ended.
func (t *Tx) EndGrant(ctx context.Context, caseID string, at time.Time) error {
	_, err := t.tx.Exec(ctx, `UPDATE grants SET ended_at = $2 WHERE case_id = $1 AND ended_at IS NULL`, caseID, at)
	return err
}
