package postgres

import (
	"context"
	"crypto/subtle"
	"net/netip"
	"time"

	"github.com/jackc/pgx/v5"

	"gongshu/sharing"
)

// Key is a key under which a system uses the API, without its secret.
type Key struct {
	ID         string // public: it is part of the secret and stands in logs
	Name       string
	Department sharing.Department
	// UserID is as whom the key acts, with those of Roles that the user has.
	UserID   string
	UserName string
	Roles    []sharing.Role
	Scopes   []string
	// Addresses are from where it may be used; from anywhere when there are none.
	Addresses []netip.Prefix
	CreatedAt time.Time
	CreatedBy string
	// ConfirmedAt is when a person of the department took the key into use; it has no
	// secret and opens nothing while that is nil.
	ConfirmedAt *time.Time
	ConfirmedBy string
	ExpiresAt   time.Time
	RotatedAt   *time.Time
	// OldUntil is how long the secret before the last rotation is good, too.
	OldUntil   *time.Time
	LastUsedAt *time.Time // to the minute
	RevokedAt  *time.Time
	RevokedBy  string
	Expired    bool // by the database's clock
}

// columns of a key, as scanKey reads them.
const keyColumns = `k.id, k.name, d.id, d.region_id, d.name, d.name_en, d.kind, k.user_id, u.name, k.roles, k.scopes, k.addresses,
	k.created_at, k.created_by, k.confirmed_at, coalesce(k.confirmed_by, ''), k.expires_at, k.rotated_at, k.old_until, k.last_used_at, k.revoked_at, coalesce(k.revoked_by, ''),
	k.expires_at <= clock_timestamp()`

const keyTables = ` FROM api_keys k JOIN users u ON u.id = k.user_id JOIN departments d ON d.id = k.department_id `

func scanKey(row pgx.Row, more ...any) (Key, error) {
	var k Key
	err := row.Scan(append([]any{&k.ID, &k.Name,
		&k.Department.ID, &k.Department.RegionID, &k.Department.Name, &k.Department.NameEN, &k.Department.Kind,
		&k.UserID, &k.UserName, &k.Roles, &k.Scopes, &k.Addresses,
		&k.CreatedAt, &k.CreatedBy, &k.ConfirmedAt, &k.ConfirmedBy, &k.ExpiresAt, &k.RotatedAt, &k.OldUntil, &k.LastUsedAt, &k.RevokedAt, &k.RevokedBy, &k.Expired}, more...)...)
	return k, err
}

// KeyBySecret returns the key of that id to whoever has its secret, whether or not
// it is still good; over says that the secret is an old one whose overlap has ended.
// Without the secret it is CodeUnauthenticated.
func (s *Store) KeyBySecret(ctx context.Context, id, secret string) (k Key, over bool, err error) {
	var (
		hash, old []byte
		lasts     bool
	)
	k, err = scanKey(s.pool.QueryRow(ctx, `SELECT `+keyColumns+`, k.hash, k.old_hash, coalesce(k.old_until > clock_timestamp(), false)`+keyTables+`
		WHERE k.id = $1`, id), &hash, &old, &lasts)
	if err != nil {
		return Key{}, false, unauthenticated(err)
	}
	given := hashSecret(secret)
	switch {
	case subtle.ConstantTimeCompare(given, hash) == 1:
		return k, false, nil
	case subtle.ConstantTimeCompare(given, old) == 1:
		return k, !lasts, nil
	}
	return Key{}, false, &sharing.Error{Code: sharing.CodeUnauthenticated}
}

// TouchKey keeps when a key was last used. Once a minute is enough.
func (s *Store) TouchKey(ctx context.Context, id string) error {
	_, err := s.pool.Exec(ctx, `
		UPDATE api_keys SET last_used_at = clock_timestamp()
		WHERE id = $1 AND revoked_at IS NULL AND (last_used_at IS NULL OR last_used_at < clock_timestamp() - interval '1 minute')`, id)
	return translate(err)
}

// Keys returns the keys of a department, or of every one when departmentID is
// empty; the newest first.
func (s *Store) Keys(ctx context.Context, departmentID string) ([]Key, error) {
	rows, err := s.pool.Query(ctx, `SELECT `+keyColumns+keyTables+`
		WHERE $1 = '' OR k.department_id = $1 ORDER BY k.created_at DESC, k.id`, departmentID)
	if err != nil {
		return nil, translate(err)
	}
	keys, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (Key, error) { return scanKey(row) })
	return keys, translate(err)
}

// KeysFor returns the keys that act as a user and, where whole is set, all of the
// user's department; the newest first.
func (s *Store) KeysFor(ctx context.Context, departmentID, userID string, whole bool) ([]Key, error) {
	rows, err := s.pool.Query(ctx, `SELECT `+keyColumns+keyTables+`
		WHERE k.department_id = $1 AND ($3 OR k.user_id = $2) ORDER BY k.created_at DESC, k.id`, departmentID, userID, whole)
	if err != nil {
		return nil, translate(err)
	}
	keys, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (Key, error) { return scanKey(row) })
	return keys, translate(err)
}

// CountKeysToConfirm counts those of [Store.KeysFor] that nobody has confirmed yet and
// that still can be.
func (s *Store) CountKeysToConfirm(ctx context.Context, departmentID, userID string, whole bool) (int, error) {
	var n int
	err := s.pool.QueryRow(ctx, `
		SELECT count(*) FROM api_keys k
		WHERE k.department_id = $1 AND ($3 OR k.user_id = $2)
			AND k.confirmed_at IS NULL AND k.revoked_at IS NULL AND k.expires_at > clock_timestamp() AND k.created_by <> $2`, departmentID, userID, whole).Scan(&n)
	return n, translate(err)
}

// LockKey returns a key and keeps others from changing it until the transaction
// ends; CodeNotFound when there is none of that id.
func (t *Tx) LockKey(ctx context.Context, id string) (Key, error) {
	k, err := scanKey(t.tx.QueryRow(ctx, `SELECT `+keyColumns+keyTables+`WHERE k.id = $1 FOR UPDATE OF k`, id))
	return k, translate(err)
}

// InsertKey keeps a new key that nobody has confirmed yet.
func (t *Tx) InsertKey(ctx context.Context, k Key) error {
	_, err := t.tx.Exec(ctx, `
		INSERT INTO api_keys (id, department_id, user_id, name, roles, scopes, addresses, created_at, created_by, expires_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
		k.ID, k.Department.ID, k.UserID, k.Name, k.Roles, k.Scopes, append([]netip.Prefix{}, k.Addresses...),
		k.CreatedAt, k.CreatedBy, k.ExpiresAt)
	return err
}

// InsertConfirmedKey keeps a new key with its secret. The application's own role may
// not do so; the owner of the tables may.
func (t *Tx) InsertConfirmedKey(ctx context.Context, k Key, secret string) error {
	_, err := t.tx.Exec(ctx, `
		INSERT INTO api_keys (id, department_id, user_id, name, roles, scopes, addresses, hash, created_at, created_by, confirmed_at, confirmed_by, expires_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`,
		k.ID, k.Department.ID, k.UserID, k.Name, k.Roles, k.Scopes, append([]netip.Prefix{}, k.Addresses...), hashSecret(secret),
		k.CreatedAt, k.CreatedBy, k.ConfirmedAt, k.ConfirmedBy, k.ExpiresAt)
	return err
}

// ConfirmKey gives a key that was registered its first secret. The database refuses
// that for who registered it, and for a key that has one.
func (t *Tx) ConfirmKey(ctx context.Context, id, by, secret string, at time.Time) error {
	_, err := t.tx.Exec(ctx, `UPDATE api_keys SET hash = $3, confirmed_at = $4, confirmed_by = $2 WHERE id = $1`, id, by, hashSecret(secret), at)
	return err
}

// RotateKey gives a key another secret. The one it had stays good until oldUntil;
// when that is nil, it is good no more.
func (t *Tx) RotateKey(ctx context.Context, id, secret string, at time.Time, oldUntil *time.Time) error {
	_, err := t.tx.Exec(ctx, `
		UPDATE api_keys SET hash = $2, rotated_at = $3, old_until = $4, old_hash = CASE WHEN $4::timestamptz IS NOT NULL THEN hash END WHERE id = $1`,
		id, hashSecret(secret), at, oldUntil)
	return err
}

// RevokeKey ends a key for good.
func (t *Tx) RevokeKey(ctx context.Context, id, by string, at time.Time) error {
	_, err := t.tx.Exec(ctx, `UPDATE api_keys SET revoked_at = $3, revoked_by = $2 WHERE id = $1`, id, by, at)
	return err
}
