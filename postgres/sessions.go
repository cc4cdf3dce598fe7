package postgres

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"gongshu/sharing"
)

// Session is a browser session as its owner is told of it.
type Session struct {
	ID      string // not its secret
	Address string // from where it was opened
	Agent   string // the browser, as it called itself then
	Since   time.Time
	Seen    time.Time // to the minute
	Current bool      // the one that asks
}

// good says that a session s has neither ended nor gone unused for the time $1, by
// the database's clock.
const good = `s.expires_at > clock_timestamp() AND s.seen_at > clock_timestamp() - $1::interval`

// NewSession is a browser session to be opened.
type NewSession struct {
	UserID  string
	Longest time.Duration // after which it ends in any case
	Address string
	Agent   string
	// Way is how its owner signed in, and Hint what the provider wants to see again at
	// sign-out, sealed; both may be empty.
	Way  string
	Hint []byte
}

// PutSession opens a browser session.
func (s *Store) PutSession(ctx context.Context, secret string, n NewSession) error {
	return s.InTx(ctx, func(tx *Tx) error {
		if _, err := tx.tx.Exec(ctx, `DELETE FROM sessions WHERE user_id = $1 AND expires_at <= clock_timestamp()`, n.UserID); err != nil {
			return err
		}
		_, err := tx.tx.Exec(ctx, `
			INSERT INTO sessions (hash, user_id, expires_at, address, agent, way, hint) VALUES ($1, $2, clock_timestamp() + $3, $4, $5, $6, $7)`,
			hashSecret(secret), n.UserID, n.Longest, n.Address, n.Agent, n.Way, n.Hint)
		return err
	})
}

// UserBySessionUnmarked is [Store.UserBySession] without marking the session used.
func (s *Store) UserBySessionUnmarked(ctx context.Context, secret string, idle time.Duration) (sharing.User, error) {
	u, err := scanUser(s.pool.QueryRow(ctx, selectUser+`
		JOIN sessions s ON s.user_id = u.id
		WHERE `+good+` AND s.hash = $2 AND NOT u.disabled`, idle, hashSecret(secret)))
	return u, unauthenticated(err)
}

// UserBySession returns whose session it is and marks it used, unless it was not
// used for the time idle; otherwise as [Store.UserByToken].
func (s *Store) UserBySession(ctx context.Context, secret string, idle time.Duration) (sharing.User, error) {
	u, err := s.UserBySessionUnmarked(ctx, secret, idle)
	if err != nil {
		return u, err
	}
	// Once a minute is enough to know that it is in use.
	_, err = s.pool.Exec(ctx, `
		UPDATE sessions SET seen_at = clock_timestamp() WHERE hash = $1 AND seen_at < clock_timestamp() - interval '1 minute'`, hashSecret(secret))
	return u, translate(err)
}

// Sessions returns the sessions of a user that are good, the last used first. The
// one of that secret is the current one.
func (s *Store) Sessions(ctx context.Context, userID, secret string, idle time.Duration) ([]Session, error) {
	rows, err := s.pool.Query(ctx, `
		SELECT s.id::text, s.address, s.agent, s.created_at, s.seen_at, s.hash = $3 FROM sessions s
		WHERE `+good+` AND s.user_id = $2 ORDER BY s.hash = $3 DESC, s.seen_at DESC, s.id`, idle, userID, hashSecret(secret))
	if err != nil {
		return nil, translate(err)
	}
	sessions, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Session])
	return sessions, translate(err)
}

// DropSession ends a browser session, and returns which way its owner had signed in
// and the sealed hint; both are empty when there is no such session.
func (s *Store) DropSession(ctx context.Context, secret string) (way string, hint []byte, err error) {
	err = s.pool.QueryRow(ctx, `DELETE FROM sessions WHERE hash = $1 RETURNING way, hint`, hashSecret(secret)).Scan(&way, &hint)
	if errors.Is(err, pgx.ErrNoRows) {
		return "", nil, nil
	}
	return way, hint, translate(err)
}

// DropSessionOf ends a session of a user by its id; CodeNotFound when the user has
// none of that id.
func (s *Store) DropSessionOf(ctx context.Context, userID, id string) error {
	tag, err := s.pool.Exec(ctx, `DELETE FROM sessions WHERE user_id = $1 AND id::text = $2`, userID, id)
	if err == nil && tag.RowsAffected() == 0 {
		return &sharing.Error{Code: sharing.CodeNotFound}
	}
	return translate(err)
}

// DropOtherSessions ends all sessions of a user but the one of that secret.
func (s *Store) DropOtherSessions(ctx context.Context, userID, secret string) error {
	_, err := s.pool.Exec(ctx, `DELETE FROM sessions WHERE user_id = $1 AND hash <> $2`, userID, hashSecret(secret))
	return translate(err)
}
