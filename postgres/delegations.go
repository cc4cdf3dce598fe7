package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"gongshu/sharing"
)

// runs says that a delegation g, by user f, holds now for user u: by the
// database's clock, and as long as both stay in the department it was given in.
const runs = `g.revoked_at IS NULL AND g.starts_at <= clock_timestamp() AND clock_timestamp() < g.ends_at
	AND NOT f.disabled AND f.department_id = g.department_id AND u.department_id = g.department_id`

const selectDelegation = `
SELECT g.id, f.id, f.name, u.id, u.name, d.id, d.region_id, d.name, d.name_en, d.kind, f.roles, g.starts_at, g.ends_at, g.reason, g.created_at,
	g.revoked_at, coalesce(g.revoked_by, ''), coalesce(v.name, '')
FROM delegations g JOIN users f ON f.id = g.delegator JOIN users u ON u.id = g.delegate JOIN departments d ON d.id = g.department_id
	LEFT JOIN users v ON v.id = g.revoked_by `

func scanDelegation(row pgx.Row) (sharing.Delegation, error) {
	var d sharing.Delegation
	err := row.Scan(&d.ID, &d.From, &d.FromName, &d.To, &d.ToName,
		&d.Department.ID, &d.Department.RegionID, &d.Department.Name, &d.Department.NameEN, &d.Department.Kind,
		&d.Roles, &d.StartsAt, &d.EndsAt, &d.Reason, &d.CreatedAt, &d.RevokedAt, &d.RevokedBy, &d.RevokedByName)
	d.Roles = sharing.Lendable(d.Roles)
	d.Begins, d.Ends = sharing.DateOf(d.StartsAt), sharing.DateOf(d.EndsAt)-1
	return d, err
}

// Delegations returns one page of the delegations that a user has given or got,
// the last first.
func (s *Store) Delegations(ctx context.Context, userID, cursor string, limit int) (page []sharing.Delegation, next string, total int, err error) {
	var w where
	w.and("(g.delegator = ? OR g.delegate = ?)", userID, userID)
	return list(ctx, s.pool, listing[sharing.Delegation]{
		query: selectDelegation, count: `SELECT count(*) FROM delegations g `, where: w,
		key: "g.created_at", cast: "timestamptz", id: "g.id::text", desc: true, cursor: cursor, limit: limit, scan: scanDelegation,
		at: func(d sharing.Delegation) (string, string) { return d.CreatedAt.Format(time.RFC3339Nano), d.ID },
	})
}

// Delegation returns a delegation given within a department; CodeNotFound when
// there is none.
func (s *Store) Delegation(ctx context.Context, departmentID, id string) (sharing.Delegation, error) {
	d, err := scanDelegation(s.pool.QueryRow(ctx, selectDelegation+`WHERE g.id::text = $1 AND g.department_id = $2`, id, departmentID))
	return d, translate(err)
}

// LockUsers returns enabled users by id, and keeps others from changing what hangs
// on them until the transaction ends. Who is not there is left out.
func (t *Tx) LockUsers(ctx context.Context, ids ...string) (map[string]sharing.User, error) {
	rows, err := t.tx.Query(ctx, selectUser+`WHERE u.id = ANY($1) AND NOT u.disabled ORDER BY u.id FOR UPDATE OF u`, ids)
	if err != nil {
		return nil, err
	}
	users, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (sharing.User, error) { return scanUser(row) })
	found := map[string]sharing.User{}
	for _, u := range users {
		found[u.ID] = u
	}
	return found, err
}

// DelegationsWithin returns the delegations of which one of the users gives or gets
// one, and that are not revoked and overlap the time.
func (t *Tx) DelegationsWithin(ctx context.Context, start, end time.Time, users ...string) ([]sharing.Delegation, error) {
	rows, err := t.tx.Query(ctx, selectDelegation+`
		WHERE g.revoked_at IS NULL AND g.starts_at < $2 AND g.ends_at > $1 AND (g.delegator = ANY($3) OR g.delegate = ANY($3)) ORDER BY g.starts_at`, start, end, users)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (sharing.Delegation, error) { return scanDelegation(row) })
}

// InsertDelegation gives a delegation.
func (t *Tx) InsertDelegation(ctx context.Context, d sharing.Delegation) error {
	_, err := t.tx.Exec(ctx, `
		INSERT INTO delegations (id, delegator, delegate, department_id, starts_at, ends_at, reason, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
		d.ID, d.From, d.To, d.Department.ID, d.StartsAt, d.EndsAt, d.Reason, d.CreatedAt)
	return err
}

// RevokeDelegation ends a delegation; CodeWrongState when it has ended.
func (t *Tx) RevokeDelegation(ctx context.Context, id, by string, at time.Time) error {
	tag, err := t.tx.Exec(ctx, `UPDATE delegations SET revoked_at = $3, revoked_by = $2 WHERE id = $1 AND revoked_at IS NULL AND ends_at > $3`, id, by, at)
	if err == nil && tag.RowsAffected() == 0 {
		return sharing.Errorf(sharing.CodeWrongState, "the delegation has ended")
	}
	return err
}

// StandsIn reports whether a user may act for another at this moment.
func (t *Tx) StandsIn(ctx context.Context, delegate, delegator string) (bool, error) {
	var ok bool
	err := t.tx.QueryRow(ctx, `
		SELECT EXISTS (SELECT FROM delegations g JOIN users f ON f.id = g.delegator JOIN users u ON u.id = g.delegate
			WHERE g.delegate = $1 AND g.delegator = $2 AND `+runs+`)`, delegate, delegator).Scan(&ok)
	return ok, err
}

// OpenCasesOf returns the numbers of the open cases of a procedure that a user
// began for a department.
func (t *Tx) OpenCasesOf(ctx context.Context, p sharing.Procedure, userID, departmentID string) ([]string, error) {
	rows, err := t.tx.Query(ctx, `
		SELECT number FROM cases WHERE procedure = $1 AND applicant_user = $2 AND (provider_id = $3 OR applicant_id = $3) AND closed_at IS NULL
		ORDER BY created_at LIMIT 10`, p, userID, departmentID)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}
