package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"gongshu/sharing"
)

// PolicyRules is one publication of rules on who may see and do what.
type PolicyRules struct {
	ID     int64
	Region string // "" for the rules of every region
	Text   string // "" takes back what was published before
	Hash   string // of the policy that it led to
	By     string
	At     time.Time
	Note   string
}

const selectPolicyRules = `SELECT id, coalesce(region_id, ''), text, hash, by, at, note FROM policy_rules WHERE id > $1 ORDER BY id`

// PolicyRules returns the rules published after the publication of that id, in
// their order.
func (s *Store) PolicyRules(ctx context.Context, after int64) ([]PolicyRules, error) {
	return collectPolicyRules(s.pool.Query(ctx, selectPolicyRules, after))
}

// PolicyRules is [Store.PolicyRules] within a transaction, and keeps others from
// publishing until it ends: ids come into sight in their order.
func (t *Tx) PolicyRules(ctx context.Context, after int64) ([]PolicyRules, error) {
	if _, err := t.tx.Exec(ctx, `SELECT pg_advisory_xact_lock(hashtext('policy_rules'))`); err != nil {
		return nil, err
	}
	return collectPolicyRules(t.tx.Query(ctx, selectPolicyRules, after))
}

func collectPolicyRules(rows pgx.Rows, err error) ([]PolicyRules, error) {
	if err != nil {
		return nil, translate(err)
	}
	all, err := pgx.CollectRows(rows, pgx.RowToStructByPos[PolicyRules])
	return all, translate(err)
}

// PutPolicyRules publishes rules and returns the publication with its id and time.
// It asks nobody whether they may.
func (t *Tx) PutPolicyRules(ctx context.Context, r PolicyRules) (PolicyRules, error) {
	err := t.tx.QueryRow(ctx, `
		INSERT INTO policy_rules (region_id, text, hash, by, note) VALUES (nullif($1, ''), $2, $3, $4, $5) RETURNING id, at`,
		r.Region, r.Text, r.Hash, r.By, r.Note).Scan(&r.ID, &r.At)
	return r, err
}

// ListenPolicyRules calls heard when it begins to listen, and then whenever rules
// are published, until ctx ends or the connection breaks. It has a connection of
// its own, apart from the pool's.
func (s *Store) ListenPolicyRules(ctx context.Context, heard func()) error {
	conn, err := pgx.ConnectConfig(ctx, s.pool.Config().ConnConfig)
	if err != nil {
		return translate(err)
	}
	defer func() {
		closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		_ = conn.Close(closing) // nothing is left to be lost with it
	}()
	if _, err := conn.Exec(ctx, `LISTEN policy_rules`); err != nil {
		return translate(err)
	}
	for {
		heard()
		if _, err := conn.WaitForNotification(ctx); err != nil {
			return translate(err)
		}
	}
}

// Labelled is something that a policy is asked about, by the name that people give it.
type Labelled struct {
	sharing.Thing
	ID    string
	Name  string // its code or number
	Title string
	// State is that of a case; empty for anything else.
	State sharing.State
	// Registrar is the user who registered an application from paper; to them alone
	// their department provides it.
	Registrar string
}

// labelled lists everything that a policy decides about one by one. An application
// is labelled as the strictest class and grade, as are what registers hold, a region's
// trail and what is administered in it; the register of scenarios is the authority's, and for all.
const labelled = `
	SELECT CASE WHEN r.withdrawn THEN 'former' ELSE 'resource' END AS kind, r.region_id AS region, r.department_id AS provider, '' AS applicant, r.class AS class, r.grade AS grade,
		r.id::text AS id, r.code AS name, r.title AS title, '' AS state, '' AS registrar, true AS open
	FROM resources r
	UNION ALL
	SELECT CASE c.procedure WHEN 'share' THEN 'case' ELSE c.procedure END, c.region_id, c.provider_id, c.applicant_id, c.class, c.grade,
		c.id::text, c.number, CASE c.title WHEN '' THEN coalesce(r.title, '') ELSE c.title END, c.state, '', c.closed_at IS NULL
	FROM cases c LEFT JOIN resources r ON r.id = c.resource_id
	UNION ALL
	SELECT 'application', a.region_id, '', a.applicant_id, 'not_shared', 4,
		a.id::text, coalesce(a.number, ''), '', '', coalesce(a.registered_by, ''), a.state <> 'discarded'
	FROM applications a
	UNION ALL
	SELECT 'grant', c.region_id, c.provider_id, c.applicant_id, c.class, c.grade, g.id::text, '', coalesce(r.title, ''), '', '', g.ended_at IS NULL
	FROM grants g JOIN cases c ON c.id = g.case_id LEFT JOIN resources r ON r.id = c.resource_id
	UNION ALL
	SELECT 'register', e.region_id, e.department_id, '', 'not_shared', 4, e.id::text, '', e.heading, '', '', true
	FROM register_entries e WHERE e.superseded_at IS NULL
	UNION ALL
	SELECT 'scenario', s.region_id, a.id, '', 'unconditional', 1, s.id::text, '', s.content ->> 'name', '', '', s.retired_at IS NULL
	FROM scenarios s JOIN LATERAL (SELECT d.id FROM departments d WHERE d.region_id = s.region_id AND d.kind = 'authority' AND d.merged_into IS NULL ORDER BY d.id LIMIT 1) a ON true
	UNION ALL
	SELECT 'trail', g.id, '', '', 'not_shared', 4, 'trail:' || g.id, 'trail:' || g.id, g.name, '', '', true
	FROM regions g
	UNION ALL
	SELECT a.kind, g.id, '', '', 'not_shared', 4, a.kind || ':' || g.id, a.kind || ':' || g.id, g.name, '', '', true
	FROM regions g, unnest(ARRAY['account', 'key', 'setting', 'policy']) AS a(kind)`

// LabelledAs returns what is called so by its id, its code or its number,
// whoever asks; a region's trail is called trail:REGION, its accounts account:REGION
// and so on. Codes of two regions may be the same.
func (s *Store) LabelledAs(ctx context.Context, name string) ([]Labelled, error) {
	rows, err := s.pool.Query(ctx, `
		SELECT kind, region, provider, applicant, class, grade, id, name, title, state, registrar FROM (`+labelled+`) t
		WHERE id = $1 OR name = $1 AND name <> '' ORDER BY kind, region, id LIMIT 20`, name)
	if err != nil {
		return nil, translate(err)
	}
	all, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (Labelled, error) {
		var l Labelled
		err := row.Scan(&l.Kind, &l.RegionID, &l.ProviderID, &l.ApplicantID, &l.Class, &l.Grade, &l.ID, &l.Name, &l.Title, &l.State, &l.Registrar)
		return l, err
	})
	return all, translate(err)
}

// LabelCount is how many things have the same labels.
type LabelCount struct {
	sharing.Thing
	Count int
	Names []string // of the first few, by code or number and title
}

// LabelCounts counts by their labels the catalog's entries, what of cases and
// grants is open, the applications, registers and trails, whoever asks.
func (s *Store) LabelCounts(ctx context.Context) ([]LabelCount, error) {
	rows, err := s.pool.Query(ctx, `
		SELECT kind, region, provider, applicant, class, grade, count(*),
			(array_agg(trim(CASE name WHEN '' THEN id ELSE name END || ' ' || title) ORDER BY name, id))[1:5]
		FROM (`+labelled+`) t WHERE open GROUP BY kind, region, provider, applicant, class, grade ORDER BY kind, region, provider, applicant, class, grade`)
	if err != nil {
		return nil, translate(err)
	}
	all, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (LabelCount, error) {
		var l LabelCount
		err := row.Scan(&l.Kind, &l.RegionID, &l.ProviderID, &l.ApplicantID, &l.Class, &l.Grade, &l.Count, &l.Names)
		return l, err
	})
	return all, translate(err)
}
