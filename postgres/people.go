package postgres

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"gongshu/sharing"
)

const selectUser = `
SELECT u.id, u.name, u.roles, u.locale,
       d.id, d.region_id, d.name, d.name_en, d.kind, r.id, r.name, r.name_en,
       (SELECT coalesce(jsonb_agg(jsonb_build_object('For', g.delegator, 'ForName', f.name, 'Roles', f.roles, 'EndsAt', g.ends_at) ORDER BY g.delegator), 'null')
        FROM delegations g JOIN users f ON f.id = g.delegator
        WHERE g.delegate = u.id AND ` + runs + `)
FROM users u JOIN departments d ON d.id = u.department_id JOIN regions r ON r.id = d.region_id
`

func scanUser(row pgx.Row) (sharing.User, error) {
	var u sharing.User
	err := row.Scan(&u.ID, &u.Name, &u.Roles, &u.Locale,
		&u.Department.ID, &u.Department.RegionID, &u.Department.Name, &u.Department.NameEN, &u.Department.Kind,
		&u.Region.ID, &u.Region.Name, &u.Region.NameEN, &u.StandsIn)
	for i := range u.StandsIn {
		u.StandsIn[i].Roles = sharing.Lendable(u.StandsIn[i].Roles)
	}
	return u, err
}

// User returns an enabled user.
func (s *Store) User(ctx context.Context, id string) (sharing.User, error) {
	u, err := scanUser(s.pool.QueryRow(ctx, selectUser+`WHERE u.id = $1 AND NOT u.disabled`, id))
	return u, translate(err)
}

// Users returns all enabled users, by region, department and id.
func (s *Store) Users(ctx context.Context) ([]sharing.User, error) {
	rows, err := s.pool.Query(ctx, selectUser+`WHERE NOT u.disabled ORDER BY r.id, d.kind, d.id, u.id`)
	if err != nil {
		return nil, translate(err)
	}
	users, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (sharing.User, error) { return scanUser(row) })
	return users, translate(err)
}

// SetLocale keeps the language a user prefers, "zh" or "en".
func (s *Store) SetLocale(ctx context.Context, userID, locale string) error {
	_, err := s.pool.Exec(ctx, `UPDATE users SET locale = $2 WHERE id = $1`, userID, locale)
	return translate(err)
}

// Departments returns the departments of a region by the pinyin of their names, those that were merged
// into others last; the public is none.
func (s *Store) Departments(ctx context.Context, regionID string) ([]sharing.Department, error) {
	return s.departments(ctx, `region_id = $1 ORDER BY merged_into IS NOT NULL, name COLLATE names_zh, id`, regionID)
}

// UnmergedDepartments returns the departments of a region by name without those
// that were merged into others.
func (s *Store) UnmergedDepartments(ctx context.Context, regionID string) ([]sharing.Department, error) {
	return s.departments(ctx, `region_id = $1 AND merged_into IS NULL ORDER BY name COLLATE names_zh, id`, regionID)
}

func (s *Store) departments(ctx context.Context, which string, args ...any) ([]sharing.Department, error) {
	rows, err := s.pool.Query(ctx, `SELECT id, region_id, name, name_en, kind FROM departments WHERE kind <> 'public' AND `+which, args...)
	if err != nil {
		return nil, translate(err)
	}
	departments, err := pgx.CollectRows(rows, pgx.RowToStructByPos[sharing.Department])
	return departments, translate(err)
}

// Successor returns the department that another was merged into; CodeNotFound when
// that one stands, or does not exist.
func (t *Tx) Successor(ctx context.Context, departmentID string) (sharing.Department, error) {
	rows, err := t.tx.Query(ctx, `
		SELECT s.id, s.region_id, s.name, s.name_en, s.kind FROM departments d JOIN departments s ON s.id = d.merged_into
		WHERE d.id = $1`, departmentID)
	if err != nil {
		return sharing.Department{}, err
	}
	d, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByPos[sharing.Department])
	return d, translate(err)
}

// Offices returns the departments of one kind in a region, such as its authority,
// without those that were merged into others.
func (t *Tx) Offices(ctx context.Context, regionID string, kind sharing.DepartmentKind) ([]sharing.Department, error) {
	rows, err := t.tx.Query(ctx, `
		SELECT id, region_id, name, name_en, kind FROM departments
		WHERE region_id = $1 AND kind = $2 AND merged_into IS NULL ORDER BY id`, regionID, kind)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[sharing.Department])
}

// Department returns a department of a region; CodeNotFound when it has none of
// that id. The public is none.
func (t *Tx) Department(ctx context.Context, regionID, id string) (sharing.Department, error) {
	rows, err := t.tx.Query(ctx, `SELECT id, region_id, name, name_en, kind FROM departments WHERE region_id = $1 AND id = $2 AND kind <> 'public'`, regionID, id)
	if err != nil {
		return sharing.Department{}, err
	}
	d, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByPos[sharing.Department])
	return d, translate(err)
}

// Regions returns every region by id.
func (s *Store) Regions(ctx context.Context) ([]sharing.Region, error) {
	rows, err := s.pool.Query(ctx, `SELECT id, name, name_en FROM regions ORDER BY id`)
	if err != nil {
		return nil, translate(err)
	}
	regions, err := pgx.CollectRows(rows, pgx.RowToStructByPos[sharing.Region])
	return regions, translate(err)
}

// People are regions, departments and users to be put into the database.
type People struct {
	Regions     []sharing.Region
	Departments []sharing.Department
	Users       []sharing.User
	// Disabled says by user id who may no longer sign in. Users that it does not
	// name stay as they are; new ones are enabled.
	Disabled map[string]bool
	// MergedInto says by department id which department it was merged into, "" that
	// it stands. Departments that it does not name stay as they are; new ones stand.
	MergedInto map[string]string
}

// PeopleChange is what putting one region, department or user did.
type PeopleChange struct {
	Kind   string // "region", "department" or "user"
	ID     string
	Change Change
}

// PutPeople adds regions, departments and users, or brings those that are there
// up to date. Only the owner of the tables may. See [Tx.ImportPeople].
func (t *Tx) PutPeople(ctx context.Context, regions []sharing.Region, departments []sharing.Department, users []sharing.User) error {
	_, err := t.ImportPeople(ctx, People{Regions: regions, Departments: departments, Users: users})
	return err
}

// ImportPeople is PutPeople that also disables and enables users, and tells what
// became of each in the order given. What p does not name stays as it is. Whoever
// is disabled loses their access tokens and sessions, and signs in anew if they are
// enabled again. A department that would leave its region, or share its name with
// another department of the region, is refused with a [*DepartmentConflict], one that
// would be merged into what cannot take its place with a [*MergeConflict], and the
// transaction must then be rolled back.
func (t *Tx) ImportPeople(ctx context.Context, p People) ([]PeopleChange, error) {
	if len(p.MergedInto) > 0 {
		// Two imports at once must not chain two mergers.
		if _, err := t.tx.Exec(ctx, `LOCK TABLE departments IN SHARE ROW EXCLUSIVE MODE`); err != nil {
			return nil, err
		}
	}
	if err := t.checkRegions(ctx, p.Departments); err != nil {
		return nil, err
	}
	batch := &pgx.Batch{}
	var changes []PeopleChange
	put := func(kind, id, sql string, args ...any) {
		i := len(changes)
		changes = append(changes, PeopleChange{kind, id, Unchanged})
		batch.Queue(sql, args...).QueryRow(func(row pgx.Row) error {
			var added bool
			switch err := row.Scan(&added); {
			case errors.Is(err, pgx.ErrNoRows): // nothing to update
				return nil
			case err != nil:
				return err
			}
			changes[i].Change = Updated
			if added {
				changes[i].Change = Added
			}
			return nil
		})
	}
	// Of a row that was inserted, and not updated, xmax is 0.
	for _, r := range p.Regions {
		put("region", r.ID, `INSERT INTO regions AS r (id, name, name_en) VALUES ($1, $2, $3)
			ON CONFLICT (id) DO UPDATE SET name = excluded.name, name_en = excluded.name_en
			WHERE (r.name, r.name_en) IS DISTINCT FROM (excluded.name, excluded.name_en) RETURNING xmax = 0`, r.ID, r.Name, r.NameEN)
	}
	for _, d := range p.Departments {
		into, said := p.MergedInto[d.ID]
		put("department", d.ID, `INSERT INTO departments AS d (id, region_id, name, name_en, kind, merged_into) VALUES ($1, $2, $3, $4, $5, nullif($6, ''))
			ON CONFLICT (id) DO UPDATE SET name = excluded.name, name_en = excluded.name_en, kind = excluded.kind,
				merged_into = CASE WHEN $7 THEN excluded.merged_into ELSE d.merged_into END
			WHERE (d.name, d.name_en, d.kind, d.merged_into) IS DISTINCT FROM
				(excluded.name, excluded.name_en, excluded.kind, CASE WHEN $7 THEN excluded.merged_into ELSE d.merged_into END) RETURNING xmax = 0`,
			d.ID, d.RegionID, d.Name, d.NameEN, d.Kind, into, said)
	}
	var disabled []string
	for _, u := range p.Users {
		var state *bool
		if off, ok := p.Disabled[u.ID]; ok {
			state = &off
			if off {
				disabled = append(disabled, u.ID)
			}
		}
		put("user", u.ID, `INSERT INTO users AS u (id, name, department_id, roles, disabled) VALUES ($1, $2, $3, $4, coalesce($5, false))
			ON CONFLICT (id) DO UPDATE SET name = excluded.name, department_id = excluded.department_id, roles = excluded.roles,
				disabled = coalesce($5, u.disabled)
			WHERE (u.name, u.department_id, u.roles, u.disabled) IS DISTINCT FROM
				(excluded.name, excluded.department_id, excluded.roles, coalesce($5, u.disabled)) RETURNING xmax = 0`,
			u.ID, u.Name, u.Department.ID, u.Roles, state)
	}
	batch.Queue(`DELETE FROM access_tokens WHERE user_id = ANY($1)`, disabled)
	batch.Queue(`DELETE FROM sessions WHERE user_id = ANY($1)`, disabled)
	if err := t.tx.SendBatch(ctx, batch).Close(); err != nil {
		return nil, err
	}
	if err := t.checkNames(ctx, p.Departments); err != nil {
		return changes, err
	}
	return changes, t.checkMergers(ctx)
}

// DepartmentConflict says why a department cannot be put into the database.
type DepartmentConflict struct {
	ID, Name, Region string
	// Has is the region that the department belongs to, when it would leave it.
	Has string
	// Other is the department that has the same name, when one of the region has.
	Other string
}

func (e *DepartmentConflict) Error() string {
	if e.Other != "" {
		return fmt.Sprintf("department %s: region %s has another of the name %s, %s", e.ID, e.Region, e.Name, e.Other)
	}
	return fmt.Sprintf("department %s belongs to region %s and cannot be moved to %s", e.ID, e.Has, e.Region)
}

// checkRegions refuses departments that belong to another region than they are
// given: everything that is theirs would move with them.
func (t *Tx) checkRegions(ctx context.Context, departments []sharing.Department) error {
	ids, regions := make([]string, len(departments)), make([]string, len(departments))
	for i, d := range departments {
		ids[i], regions[i] = d.ID, d.RegionID
	}
	return t.conflicts(ctx, `
		SELECT d.id, d.name, n.region, d.region_id, '' FROM departments d
			JOIN unnest($1::text[], $2::text[]) AS n (id, region) ON n.id = d.id
		WHERE d.region_id <> n.region ORDER BY d.id`, ids, regions)
}

// checkNames refuses departments of a name that another department of their region
// has: nobody could tell which of the two owes an answer.
func (t *Tx) checkNames(ctx context.Context, departments []sharing.Department) error {
	ids := make([]string, len(departments))
	for i, d := range departments {
		ids[i] = d.ID
	}
	return t.conflicts(ctx, `
		SELECT d.id, d.name, d.region_id, '', o.id FROM departments d
			JOIN departments o ON o.region_id = d.region_id AND o.name = d.name AND o.id <> d.id
		WHERE d.id = ANY($1) ORDER BY d.id`, ids)
}

func (t *Tx) conflicts(ctx context.Context, sql string, args ...any) error {
	rows, err := t.tx.Query(ctx, sql, args...)
	if err != nil {
		return err
	}
	found, err := pgx.CollectRows(rows, pgx.RowToAddrOfStructByPos[DepartmentConflict])
	if err != nil {
		return err
	}
	all := make([]error, len(found))
	for i, c := range found {
		all[i] = c
	}
	return errors.Join(all...)
}

// MergeConflict says why a department cannot have been merged into another.
type MergeConflict struct {
	ID, Into, Region string
	// Has is the region of the other, "" when there is no such department.
	Has string
	// Next is what the other was merged into itself, when it was.
	Next string
}

func (e *MergeConflict) Error() string {
	switch {
	case e.Has == "":
		return fmt.Sprintf("department %s: merged into %s, which does not exist", e.ID, e.Into)
	case e.Has != e.Region:
		return fmt.Sprintf("department %s of region %s: merged into %s, which belongs to region %s", e.ID, e.Region, e.Into, e.Has)
	}
	return fmt.Sprintf("department %s: merged into %s, which was merged into %s itself", e.ID, e.Into, e.Next)
}

// checkMergers refuses mergers into what cannot take the department's place: who
// follows it must be found in one step, in the same region.
func (t *Tx) checkMergers(ctx context.Context) error {
	rows, err := t.tx.Query(ctx, `
		SELECT d.id, d.merged_into, d.region_id, coalesce(s.region_id, ''), coalesce(s.merged_into, '')
		FROM departments d LEFT JOIN departments s ON s.id = d.merged_into
		WHERE d.merged_into IS NOT NULL AND (s.id IS NULL OR s.region_id <> d.region_id OR s.merged_into IS NOT NULL) ORDER BY d.id`)
	if err != nil {
		return err
	}
	found, err := pgx.CollectRows(rows, pgx.RowToAddrOfStructByPos[MergeConflict])
	if err != nil {
		return err
	}
	all := make([]error, len(found))
	for i, c := range found {
		all[i] = c
	}
	return errors.Join(all...)
}

// A secret is kept as its hash: who reads the database cannot sign in with it.
func hashSecret(secret string) []byte {
	sum := sha256.Sum256([]byte(secret))
	return sum[:]
}

// PutToken keeps an access token of a user for the given time.
func (s *Store) PutToken(ctx context.Context, token, userID string, valid time.Duration) error {
	_, err := s.pool.Exec(ctx, `
		INSERT INTO access_tokens (hash, user_id, expires_at) VALUES ($1, $2, clock_timestamp() + $3)`,
		hashSecret(token), userID, valid)
	return translate(err)
}

// UserByToken returns whose access token it is; CodeUnauthenticated when it is
// nobody's, expired, or its user is disabled.
func (s *Store) UserByToken(ctx context.Context, token string) (sharing.User, error) {
	u, err := scanUser(s.pool.QueryRow(ctx, selectUser+`
		JOIN access_tokens t ON t.user_id = u.id
		WHERE t.hash = $1 AND t.expires_at > clock_timestamp() AND NOT u.disabled`, hashSecret(token)))
	return u, unauthenticated(err)
}

func unauthenticated(err error) error {
	if errors.Is(err, pgx.ErrNoRows) {
		return &sharing.Error{Code: sharing.CodeUnauthenticated}
	}
	return translate(err)
}
