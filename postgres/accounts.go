package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"

	"gongshu/sharing"
)

// AccountFilter narrows the list of a region's people; zero fields do not narrow.
type AccountFilter struct {
	Text       string // within sign-in name or name
	Department string
	Role       sharing.Role
	Disabled   bool // those who are disabled, instead of the others
	Cursor     string
	Limit      int
}

const selectAccount = `
SELECT u.id, u.name, u.roles, u.locale, d.id, d.region_id, d.name, d.name_en, d.kind, r.id, r.name, r.name_en, u.disabled, u.version,
	coalesce(s.n, 0), s.seen
FROM users u JOIN departments d ON d.id = u.department_id JOIN regions r ON r.id = d.region_id
	LEFT JOIN LATERAL (SELECT count(*) AS n, max(s.seen_at) AS seen FROM sessions s WHERE s.user_id = u.id AND s.expires_at > clock_timestamp()) s ON true
`

func scanAccount(row pgx.Row) (sharing.Account, error) {
	var a sharing.Account
	err := row.Scan(&a.ID, &a.Name, &a.Roles, &a.Locale,
		&a.Department.ID, &a.Department.RegionID, &a.Department.Name, &a.Department.NameEN, &a.Department.Kind,
		&a.Region.ID, &a.Region.Name, &a.Region.NameEN, &a.Disabled, &a.Version, &a.SignedIn, &a.Seen)
	return a, err
}

// Accounts returns one page of a region's people by their sign-in names; the public
// is not among them.
func (s *Store) Accounts(ctx context.Context, regionID string, f AccountFilter) (page []sharing.Account, next string, total int, err error) {
	var w where
	w.and("d.region_id = ? AND d.kind <> 'public' AND u.disabled = ?", regionID, f.Disabled)
	if f.Text != "" {
		w.and("(u.id ILIKE ? OR u.name ILIKE ?)", like(f.Text), like(f.Text))
	}
	if f.Department != "" {
		w.and("u.department_id = ?", f.Department)
	}
	if f.Role != "" {
		w.and("? = ANY(u.roles)", string(f.Role))
	}
	return list(ctx, s.pool, listing[sharing.Account]{
		query: selectAccount, count: `SELECT count(*) FROM users u JOIN departments d ON d.id = u.department_id `, where: w,
		key: `u.id COLLATE "C"`, id: `u.id COLLATE "C"`, cursor: f.Cursor, limit: f.Limit, scan: scanAccount,
		at: func(a sharing.Account) (string, string) { return a.ID, a.ID },
	})
}

// Account returns a person of a region, disabled or not; CodeNotFound when there is
// none of that id.
func (s *Store) Account(ctx context.Context, regionID, id string) (sharing.Account, error) {
	a, err := scanAccount(s.pool.QueryRow(ctx, selectAccount+`WHERE d.region_id = $1 AND d.kind <> 'public' AND u.id = $2`, regionID, id))
	return a, translate(err)
}

// LockAccount is [Store.Account] within a transaction, and keeps others from changing
// the person until it ends.
func (t *Tx) LockAccount(ctx context.Context, regionID, id string) (sharing.Account, error) {
	a, err := scanAccount(t.tx.QueryRow(ctx, selectAccount+`WHERE d.region_id = $1 AND d.kind <> 'public' AND u.id = $2 FOR UPDATE OF u`, regionID, id))
	return a, translate(err)
}

// InsertAccount adds a person without a role.
func (t *Tx) InsertAccount(ctx context.Context, a sharing.AccountText) error {
	_, err := t.tx.Exec(ctx, `INSERT INTO users (id, name, department_id, roles) VALUES ($1, $2, $3, '{}')`, a.ID, a.Name, a.Department)
	return err
}

// UpdateAccount changes a person's name, department, roles and whether they may sign
// in. Whoever is disabled loses their access tokens and sessions at once.
func (t *Tx) UpdateAccount(ctx context.Context, a sharing.Account) error {
	if _, err := t.tx.Exec(ctx, `UPDATE users SET name = $2, department_id = $3, roles = $4, disabled = $5 WHERE id = $1`,
		a.ID, a.Name, a.Department.ID, append([]sharing.Role{}, a.Roles...), a.Disabled); err != nil {
		return err
	}
	if !a.Disabled {
		return nil
	}
	_, err := t.EndSignIns(ctx, a.ID)
	return err
}

// EndSignIns takes a person's access tokens and sessions, and returns how many
// sessions that were.
func (t *Tx) EndSignIns(ctx context.Context, userID string) (int, error) {
	if _, err := t.tx.Exec(ctx, `DELETE FROM access_tokens WHERE user_id = $1`, userID); err != nil {
		return 0, err
	}
	tag, err := t.tx.Exec(ctx, `DELETE FROM sessions WHERE user_id = $1`, userID)
	return int(tag.RowsAffected()), err
}

// OthersHolding counts who else in a region may sign in and holds a role. Until the
// transaction ends nobody else counts: of two who go at once, one is the last.
func (t *Tx) OthersHolding(ctx context.Context, regionID string, role sharing.Role, but string) (n int, err error) {
	if _, err := t.tx.Exec(ctx, `SELECT pg_advisory_xact_lock(hashtext('holding ' || $1))`, regionID); err != nil {
		return 0, err
	}
	err = t.tx.QueryRow(ctx, `
		SELECT count(*) FROM users u JOIN departments d ON d.id = u.department_id
		WHERE d.region_id = $1 AND $2 = ANY(u.roles) AND NOT u.disabled AND u.id <> $3`, regionID, role, but).Scan(&n)
	return n, err
}

// Office is a department as administrators see it.
type Office struct {
	sharing.Department
	Version    int
	MergedInto string // department
	MergedName string // of that one
	People     int    // who may sign in
	Entries    int    // in its catalog
	Owes       int    // open cases that it provides for
}

const selectOffice = `
SELECT d.id, d.region_id, d.name, d.name_en, d.kind, d.version, coalesce(d.merged_into, ''), coalesce(m.name, ''),
	(SELECT count(*) FROM users u WHERE u.department_id = d.id AND NOT u.disabled),
	(SELECT count(*) FROM resources r WHERE r.department_id = d.id),
	(SELECT count(*) FROM cases c WHERE c.provider_id = d.id AND c.closed_at IS NULL)
FROM departments d LEFT JOIN departments m ON m.id = d.merged_into
WHERE d.region_id = $1 AND d.kind <> 'public' `

func scanOffice(row pgx.Row) (Office, error) {
	var o Office
	err := row.Scan(&o.ID, &o.RegionID, &o.Name, &o.NameEN, &o.Kind, &o.Version, &o.MergedInto, &o.MergedName, &o.People, &o.Entries, &o.Owes)
	return o, err
}

// OfficesOf returns the departments of a region as administrators see them, those
// that were merged into others last.
func (s *Store) OfficesOf(ctx context.Context, regionID string) ([]Office, error) {
	rows, err := s.pool.Query(ctx, selectOffice+`ORDER BY d.merged_into IS NOT NULL, d.name, d.id`, regionID)
	if err != nil {
		return nil, translate(err)
	}
	all, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (Office, error) { return scanOffice(row) })
	return all, translate(err)
}

// OfficeOf returns one of them; CodeNotFound when the region has none of that id.
func (s *Store) OfficeOf(ctx context.Context, regionID, id string) (Office, error) {
	o, err := scanOffice(s.pool.QueryRow(ctx, selectOffice+`AND d.id = $2`, regionID, id))
	return o, translate(err)
}

// LockOffices returns the departments of a region by id, and keeps others from
// changing any until the transaction ends.
func (t *Tx) LockOffices(ctx context.Context, regionID string) (map[string]Office, error) {
	if _, err := t.tx.Exec(ctx, `SELECT pg_advisory_xact_lock(hashtext('offices ' || $1))`, regionID); err != nil {
		return nil, err
	}
	rows, err := t.tx.Query(ctx, selectOffice+`FOR UPDATE OF d`, regionID)
	if err != nil {
		return nil, err
	}
	all, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (Office, error) { return scanOffice(row) })
	found := map[string]Office{}
	for _, o := range all {
		found[o.ID] = o
	}
	return found, err
}

// InsertOffice adds a department.
func (t *Tx) InsertOffice(ctx context.Context, regionID string, d sharing.DepartmentText) error {
	_, err := t.tx.Exec(ctx, `INSERT INTO departments (id, region_id, name, name_en, kind, merged_into) VALUES ($1, $2, $3, $4, $5, nullif($6, ''))`,
		d.ID, regionID, d.Name, d.NameEN, d.Kind, d.MergedInto)
	return err
}

// UpdateOffice changes a department's names, and which it was merged into.
func (t *Tx) UpdateOffice(ctx context.Context, d sharing.DepartmentText) error {
	_, err := t.tx.Exec(ctx, `UPDATE departments SET name = $2, name_en = $3, merged_into = nullif($4, '') WHERE id = $1`, d.ID, d.Name, d.NameEN, d.MergedInto)
	return err
}

// RenameRegion changes a region's names and returns those before.
func (t *Tx) RenameRegion(ctx context.Context, id string, r sharing.RegionText) (was sharing.RegionText, err error) {
	if err := t.tx.QueryRow(ctx, `SELECT name, name_en FROM regions WHERE id = $1 FOR UPDATE`, id).Scan(&was.Name, &was.NameEN); err != nil {
		return was, translate(err)
	}
	_, err = t.tx.Exec(ctx, `UPDATE regions SET name = $2, name_en = $3 WHERE id = $1`, id, r.Name, r.NameEN)
	return was, err
}

// KeysOf returns the keys of a region's departments, the newest first.
func (s *Store) KeysOf(ctx context.Context, regionID string) ([]Key, error) {
	rows, err := s.pool.Query(ctx, `SELECT `+keyColumns+keyTables+`WHERE d.region_id = $1 ORDER BY k.created_at DESC, k.id`, regionID)
	if err != nil {
		return nil, translate(err)
	}
	keys, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (Key, error) { return scanKey(row) })
	return keys, translate(err)
}

// PolicyHistory returns what was published for every region and for one region, the
// last first.
func (s *Store) PolicyHistory(ctx context.Context, regionID string) ([]PolicyPublication, error) {
	rows, err := s.pool.Query(ctx, `
		SELECT p.id, coalesce(p.region_id, ''), p.text, p.hash, p.by, p.at, p.note, coalesce(u.name, ''), encode(sha256(convert_to(p.text, 'UTF8')), 'hex')
		FROM policy_rules p LEFT JOIN users u ON u.id = p.by WHERE p.region_id IS NULL OR p.region_id = $1 ORDER BY p.id DESC`, regionID)
	if err != nil {
		return nil, translate(err)
	}
	all, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (PolicyPublication, error) {
		var p PolicyPublication
		err := row.Scan(&p.ID, &p.Region, &p.Text, &p.Hash, &p.By, &p.At, &p.Note, &p.ByName, &p.TextHash)
		return p, err
	})
	return all, translate(err)
}

// PolicyPublication is a publication of rules with who made it.
type PolicyPublication struct {
	PolicyRules
	ByName   string
	TextHash string // SHA-256 of the text, hexadecimal
}
