package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"gongshu/sharing"
)

// The conditions under which a grant g is in each state, by the database's clock.
// A change is seen by the next question: nothing is kept in between.
const (
	grantOver = `(g.ended_at IS NOT NULL OR g.valid_until <= clock_timestamp())`
	// grantHolds: data may be had under it now.
	grantHolds = `(g.ended_at IS NULL AND g.suspended_at IS NULL AND g.valid_from <= clock_timestamp() AND g.valid_until > clock_timestamp())`
	grantState = `CASE WHEN g.revoked_at IS NOT NULL THEN 'revoked' WHEN ` + grantOver + ` THEN 'ended'
	WHEN g.suspended_at IS NOT NULL THEN 'suspended' WHEN g.valid_from > clock_timestamp() THEN 'pending' ELSE 'active' END`
)

const grantTables = `
FROM grants g JOIN cases c ON c.id = g.case_id JOIN resources r ON r.id = c.resource_id
	JOIN departments p ON p.id = c.provider_id JOIN departments d ON d.id = c.applicant_id
`

const selectGrant = `
SELECT g.id, g.case_id, c.number, c.region_id, r.id, r.code, r.title, c.resource_version, c.class, c.grade,
       g.fields, g.mode, coalesce(c.request ->> 'purpose', ''), g.conditions, g.locator, g.valid_from, g.valid_until,
       ` + grantState + `, g.ended_at, r.version, coalesce(g.renews::text, ''),
       coalesce((SELECT jsonb_agg(jsonb_build_object('From', s.from_at, 'Until', s.until_at) ORDER BY s.from_at)
           FROM grant_suspensions s WHERE s.grant_id = g.id), '[]'),
       p.id, p.region_id, p.name, p.name_en, p.kind, d.id, d.region_id, d.name, d.name_en, d.kind
` + grantTables

func scanGrant(row pgx.Row) (sharing.Grant, error) {
	var g sharing.Grant
	err := row.Scan(&g.ID, &g.CaseID, &g.CaseNumber, &g.RegionID, &g.Resource.ID, &g.Resource.Code, &g.Resource.Title, &g.Resource.Version,
		&g.Class, &g.Grade, &g.Fields, &g.Mode, &g.Purpose, &g.Conditions, &g.Locator, &g.ValidFrom, &g.ValidUntil,
		&g.State, &g.EndedAt, &g.EntryVersion, &g.Renews, &g.Suspensions,
		&g.Provider.ID, &g.Provider.RegionID, &g.Provider.Name, &g.Provider.NameEN, &g.Provider.Kind,
		&g.Grantee.ID, &g.Grantee.RegionID, &g.Grantee.Name, &g.Grantee.NameEN, &g.Grantee.Kind)
	return g, err
}

// GrantFilter narrows a list of grants; zero fields do not narrow.
type GrantFilter struct {
	Provider string
	Grantee  string
	State    sharing.GrantState
	Before   time.Time // only those that end before
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
	if f.State != "" {
		// What the state says, in comparisons whose outcome the database can foresee.
		const holds = "g.ended_at IS NULL AND g.revoked_at IS NULL AND g.valid_until > now()"
		switch f.State {
		case sharing.GrantActive:
			w.and(holds + " AND g.suspended_at IS NULL AND g.valid_from <= now()")
		case sharing.GrantPending:
			w.and(holds + " AND g.suspended_at IS NULL AND g.valid_from > now()")
		case sharing.GrantSuspended:
			w.and(holds + " AND g.suspended_at IS NOT NULL")
		default:
			w.and(grantState+" = ?", f.State)
		}
	}
	if !f.Before.IsZero() {
		w.and("g.valid_until < ?", f.Before)
	}
	return list(ctx, s.pool, listing[sharing.Grant]{
		query: selectGrant, count: `SELECT count(*) FROM grants g JOIN cases c ON c.id = g.case_id `, where: w,
		key: "g.valid_until", cast: "timestamptz", id: "g.id::text", cursor: f.Cursor, limit: f.Limit,
		narrow: ` FROM grants g JOIN cases c ON c.id = g.case_id `, own: "g.id",
		scan: scanGrant,
		at:   func(g sharing.Grant) (string, string) { return g.ValidUntil.Format(time.RFC3339Nano), g.ID },
	})
}

// Grant returns a grant the scope allows; CodeNotFound otherwise.
func (s *Store) Grant(ctx context.Context, scope sharing.Scope, id string) (sharing.Grant, error) {
	var w where
	w.see(scope, caseLabels)
	w.and("g.id = ?", uuidOf(id))
	g, err := scanGrant(s.pool.QueryRow(ctx, selectGrant+w.String(), w.args...))
	return g, translate(err)
}

// GrantByID returns a grant whoever asks; CodeNotFound when there is none.
func (t *Tx) GrantByID(ctx context.Context, id string) (sharing.Grant, error) {
	g, err := scanGrant(t.tx.QueryRow(ctx, selectGrant+`WHERE g.id = $1`, uuidOf(id)))
	return g, translate(err)
}

// HeldGrant is what a gateway asks about: may the department have these fields of
// the resource in this way now?
type HeldGrant struct {
	Grantee  string   // department
	Resource string   // id or code
	Fields   []string // all of them; none asks about the resource as such
	Mode     sharing.Mode
}

// Holding returns the id of the grant that covers what is asked about now, and
// the instant at which it ends: of several, that which ends last. CodeNotFound
// when none does.
func (s *Store) Holding(ctx context.Context, scope sharing.Scope, q HeldGrant) (id string, until time.Time, err error) {
	var w where
	w.see(scope, caseLabels)
	w.and("c.applicant_id = ? AND (r.id::text = ? OR r.code = ?) AND g.mode = ? AND g.fields @> ?", q.Grantee, q.Resource, q.Resource, q.Mode, append([]string{}, q.Fields...))
	w.and(grantHolds)
	err = s.pool.QueryRow(ctx, `SELECT g.id, g.valid_until`+grantTables+w.String()+` ORDER BY g.valid_until DESC LIMIT 1`, w.args...).Scan(&id, &until)
	return id, until, translate(err)
}

// Renewals returns the cases that ask for a grant to be prolonged, as far as the
// scopes allow, the last first.
func (s *Store) Renewals(ctx context.Context, scopes sharing.Scopes, grantID string) ([]sharing.Case, error) {
	var w where
	w.seeCases(scopes)
	w.and("c.procedure = 'share' AND c.request ->> 'renews' = ?", grantID)
	rows, err := s.pool.Query(ctx, `SELECT `+caseColumns+caseTables+w.String()+` ORDER BY c.created_at DESC LIMIT 20`, w.args...)
	if err != nil {
		return nil, translate(err)
	}
	found, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (sharing.Case, error) { return scanCase(row) })
	return found, translate(err)
}

// RenewedBy returns the number of the case that asks for a grant to be prolonged,
// or has it prolonged; CodeNotFound when there is none that goes on.
func (t *Tx) RenewedBy(ctx context.Context, grantID string) (string, error) {
	var number string
	err := t.tx.QueryRow(ctx, `SELECT number FROM cases WHERE procedure = 'share' AND request ->> 'renews' = $1 AND closed_at IS NULL LIMIT 1`, grantID).Scan(&number)
	return number, translate(err)
}

// PutGrant records a grant on a case; a case has at most one, and providing again
// after a failure brings it up to date. notice is when its holder is to be told
// that it is about to end; zero for never.
func (t *Tx) PutGrant(ctx context.Context, g sharing.Grant, notice time.Time) error {
	_, err := t.tx.Exec(ctx, `
		INSERT INTO grants (id, case_id, valid_from, valid_until, fields, mode, locator, conditions, notice_at, renews)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, nullif($10, '')::uuid)
		ON CONFLICT (case_id) DO UPDATE SET valid_from = excluded.valid_from, valid_until = excluded.valid_until,
			mode = excluded.mode, locator = excluded.locator, ended_at = NULL, notice_at = excluded.notice_at, noticed_at = NULL`,
		g.ID, g.CaseID, g.ValidFrom, g.ValidUntil, g.Fields, g.Mode, g.Locator, g.Conditions, instant(notice), g.Renews)
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

// SuspendGrant records that the grant of a case does not hold for now.
func (t *Tx) SuspendGrant(ctx context.Context, caseID string) error {
	return t.changeGrant(ctx, caseID, `
		WITH suspended AS (UPDATE grants SET suspended_at = clock_timestamp() WHERE case_id = $1 AND ended_at IS NULL RETURNING id, suspended_at)
		INSERT INTO grant_suspensions (grant_id, from_at) SELECT id, suspended_at FROM suspended`)
}

// ResumeGrant records that the grant of a case holds again.
func (t *Tx) ResumeGrant(ctx context.Context, caseID string) error {
	return t.changeGrant(ctx, caseID, `
		WITH resumed AS (UPDATE grants SET suspended_at = NULL WHERE case_id = $1 AND ended_at IS NULL RETURNING id)
		UPDATE grant_suspensions s SET until_at = clock_timestamp() FROM resumed WHERE s.grant_id = resumed.id AND s.until_at IS NULL`)
}

// RevokeGrant records that the grant of a case was cancelled.
func (t *Tx) RevokeGrant(ctx context.Context, caseID string) error {
	return t.changeGrant(ctx, caseID, `
		UPDATE grants g SET revoked_at = n.at, ended_at = n.at FROM (SELECT clock_timestamp() AS at) n WHERE g.case_id = $1 AND g.ended_at IS NULL`)
}

// changeGrant changes whether a grant holds at the instant at which nobody records
// use of it any more: what was recorded before was used before.
func (t *Tx) changeGrant(ctx context.Context, caseID, change string) error {
	if _, err := t.tx.Exec(ctx, `SELECT FROM grants WHERE case_id = $1 FOR UPDATE`, caseID); err != nil {
		return err
	}
	_, err := t.tx.Exec(ctx, change, caseID)
	return err
}

// FireNotice marks the notice before the end of a case's grant as given, when it
// is due by the database's clock, and returns the grant; CodeNotFound when none is
// due. It is returned to exactly one caller.
func (t *Tx) FireNotice(ctx context.Context, caseID string) (sharing.Grant, error) {
	var id string
	err := t.tx.QueryRow(ctx, `
		UPDATE grants SET noticed_at = clock_timestamp()
		WHERE case_id = $1 AND ended_at IS NULL AND noticed_at IS NULL AND notice_at <= clock_timestamp() AND valid_until > clock_timestamp()
		RETURNING id`, caseID).Scan(&id)
	if err != nil {
		return sharing.Grant{}, translate(err)
	}
	return t.GrantByID(ctx, id)
}
