package postgres

import (
	"context"
	"crypto/sha256"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"gongshu/sharing"
)

const selectUser = `
SELECT u.id, u.name, u.roles, u.locale,
       d.id, d.region_id, d.name, d.name_en, d.kind, r.id, r.name, r.name_en
FROM users u JOIN departments d ON d.id = u.department_id JOIN regions r ON r.id = d.region_id
`

func scanUser(row pgx.Row) (sharing.User, error) {
	var u sharing.User
	err := row.Scan(&u.ID, &u.Name, &u.Roles, &u.Locale,
		&u.Department.ID, &u.Department.RegionID, &u.Department.Name, &u.Department.NameEN, &u.Department.Kind,
		&u.Region.ID, &u.Region.Name, &u.Region.NameEN)
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

// Departments returns the departments of a region by name.
func (s *Store) Departments(ctx context.Context, regionID string) ([]sharing.Department, error) {
	rows, err := s.pool.Query(ctx, `
		SELECT id, region_id, name, name_en, kind FROM departments WHERE region_id = $1 ORDER BY name, id`, regionID)
	if err != nil {
		return nil, translate(err)
	}
	departments, err := pgx.CollectRows(rows, pgx.RowToStructByPos[sharing.Department])
	return departments, translate(err)
}

// Offices returns the departments of one kind in a region, such as its authority.
func (t *Tx) Offices(ctx context.Context, regionID string, kind sharing.DepartmentKind) ([]sharing.Department, error) {
	rows, err := t.tx.Query(ctx, `SELECT id, region_id, name, name_en, kind FROM departments WHERE region_id = $1 AND kind = $2 ORDER BY id`, regionID, kind)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[sharing.Department])
}

// Department returns a department of a region; CodeNotFound when it has none of
// that id.
func (t *Tx) Department(ctx context.Context, regionID, id string) (sharing.Department, error) {
	rows, err := t.tx.Query(ctx, `SELECT id, region_id, name, name_en, kind FROM departments WHERE region_id = $1 AND id = $2`, regionID, id)
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

// PutPeople adds regions, departments and users, or brings those that are there
// up to date. Only the owner of the tables may.
func (t *Tx) PutPeople(ctx context.Context, regions []sharing.Region, departments []sharing.Department, users []sharing.User) error {
	batch := &pgx.Batch{}
	for _, r := range regions {
		batch.Queue(`INSERT INTO regions (id, name, name_en) VALUES ($1, $2, $3)
			ON CONFLICT (id) DO UPDATE SET name = excluded.name, name_en = excluded.name_en`, r.ID, r.Name, r.NameEN)
	}
	for _, d := range departments {
		batch.Queue(`INSERT INTO departments (id, region_id, name, name_en, kind) VALUES ($1, $2, $3, $4, $5)
			ON CONFLICT (id) DO UPDATE SET name = excluded.name, name_en = excluded.name_en, kind = excluded.kind`,
			d.ID, d.RegionID, d.Name, d.NameEN, d.Kind)
	}
	for _, u := range users {
		batch.Queue(`INSERT INTO users (id, name, department_id, roles) VALUES ($1, $2, $3, $4)
			ON CONFLICT (id) DO UPDATE SET name = excluded.name, department_id = excluded.department_id, roles = excluded.roles`,
			u.ID, u.Name, u.Department.ID, u.Roles)
	}
	return t.tx.SendBatch(ctx, batch).Close()
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

// Sessions end when unused for SessionIdle, and in any case after SessionMax.
const (
	SessionIdle = 2 * time.Hour
	SessionMax  = 12 * time.Hour
)

// PutSession opens a browser session.
func (s *Store) PutSession(ctx context.Context, session, userID string) error {
	_, err := s.pool.Exec(ctx, `
		INSERT INTO sessions (hash, user_id, expires_at) VALUES ($1, $2, clock_timestamp() + $3)`,
		hashSecret(session), userID, SessionMax)
	return translate(err)
}

// UserBySession returns whose session it is and marks it used; otherwise as
// [Store.UserByToken].
func (s *Store) UserBySession(ctx context.Context, session string) (sharing.User, error) {
	u, err := scanUser(s.pool.QueryRow(ctx, selectUser+`
		JOIN sessions t ON t.user_id = u.id
		WHERE t.hash = $1 AND t.expires_at > clock_timestamp() AND t.seen_at > clock_timestamp() - $2::interval AND NOT u.disabled`,
		hashSecret(session), SessionIdle))
	if err != nil {
		return u, unauthenticated(err)
	}
	// Once a minute is enough to know that it is in use.
	_, err = s.pool.Exec(ctx, `
		UPDATE sessions SET seen_at = clock_timestamp() WHERE hash = $1 AND seen_at < clock_timestamp() - interval '1 minute'`, hashSecret(session))
	return u, translate(err)
}

// DropSession ends a browser session.
func (s *Store) DropSession(ctx context.Context, session string) error {
	_, err := s.pool.Exec(ctx, `DELETE FROM sessions WHERE hash = $1`, hashSecret(session))
	return translate(err)
}

func unauthenticated(err error) error {
	if errors.Is(err, pgx.ErrNoRows) {
		return &sharing.Error{Code: sharing.CodeUnauthenticated}
	}
	return translate(err)
}
