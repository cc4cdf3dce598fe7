package postgres

import (
	"context"
	"encoding/json"
	"errors"
	"net/url"
	"time"

	"github.com/jackc/pgx/v5"

	"gongshu/sharing"
)

// SignInBegun is a browser that was sent to a provider, as it is kept until it comes
// back.
type SignInBegun struct {
	Way  string     // which provider
	Next string     // the page to go on to
	Kept url.Values // a form to be offered again; nil for none
}

// PutSignIn keeps under a secret, for the given time, that somebody was sent to a
// provider. Those that are over go.
func (s *Store) PutSignIn(ctx context.Context, secret string, b SignInBegun, valid time.Duration) error {
	kept, err := json.Marshal(b.Kept)
	if err != nil {
		return err
	}
	batch := &pgx.Batch{}
	batch.Queue(`DELETE FROM sign_ins WHERE ctid = ANY(ARRAY(
		SELECT ctid FROM sign_ins WHERE expires_at <= clock_timestamp() LIMIT 100))`)
	batch.Queue(`INSERT INTO sign_ins (hash, way, next, kept, expires_at) VALUES ($1, $2, $3, $4, clock_timestamp() + $5)`,
		hashSecret(secret), b.Way, b.Next, kept, valid)
	return translate(s.pool.SendBatch(ctx, batch).Close())
}

// TakeSignIn returns what was kept under a secret, once; CodeNotFound when there is
// nothing or it is over.
func (s *Store) TakeSignIn(ctx context.Context, secret string) (SignInBegun, error) {
	var b SignInBegun
	var kept []byte
	var good bool
	err := s.pool.QueryRow(ctx, `DELETE FROM sign_ins WHERE hash = $1 RETURNING way, next, kept, expires_at > clock_timestamp()`, hashSecret(secret)).
		Scan(&b.Way, &b.Next, &kept, &good)
	switch {
	case err != nil:
		return SignInBegun{}, translate(err)
	case !good:
		return SignInBegun{}, &sharing.Error{Code: sharing.CodeNotFound}
	}
	return b, json.Unmarshal(kept, &b.Kept)
}

// SetPerson brings a user's roles up to date, and the name unless it is empty. It
// reports whether the roles changed.
func (t *Tx) SetPerson(ctx context.Context, userID, name string, roles []sharing.Role) (changed bool, err error) {
	err = t.tx.QueryRow(ctx, `
		UPDATE users u SET roles = $2, name = coalesce(nullif($3, ''), u.name) FROM users before
		WHERE u.id = $1 AND before.id = u.id AND (u.roles <> $2 OR u.name <> coalesce(nullif($3, ''), u.name))
		RETURNING before.roles <> $2`, userID, roles, name).Scan(&changed)
	if errors.Is(err, pgx.ErrNoRows) {
		return false, nil
	}
	return changed, err
}

// Asker is one who asks, and how often they may in vain.
type Asker struct {
	Throttle
	Who string
}

// Locked returns how long it takes until none of these is over its limit; 0 when none
// is. It counts nothing.
func (s *Store) Locked(ctx context.Context, all ...Asker) (time.Duration, error) {
	what, who, times, per := make([]string, len(all)), make([][]byte, len(all)), make([]int, len(all)), make([]float64, len(all))
	for i, t := range all {
		what[i], who[i], times[i], per[i] = t.What, hashSecret(t.What+"\x00"+t.Who), t.Times, t.Per.Seconds()
	}
	var left time.Duration
	err := s.pool.QueryRow(ctx, `
		SELECT coalesce(greatest(max(h.since + make_interval(secs => l.per) - clock_timestamp()), interval '0'), interval '0')
		FROM unnest($1::text[], $2::bytea[], $3::int[], $4::float8[]) AS l (what, who, times, per)
			JOIN throttles h ON h.what = l.what AND h.who = l.who AND h.n >= l.times
				AND h.since > clock_timestamp() - make_interval(secs => l.per)`, what, who, times, per).Scan(&left)
	return left, translate(err)
}

// CountOnce counts one try more for each, without refusing any, unless the same try
// was counted before.
func (s *Store) CountOnce(ctx context.Context, try Asker, all ...Asker) error {
	return s.InTx(ctx, func(tx *Tx) error {
		err := tx.Take(ctx, try.Throttle, try.Who)
		if sharing.CodeOf(err) == sharing.CodeTooMany {
			return nil
		}
		for _, a := range all {
			if err != nil {
				return err
			}
			if err = tx.Take(ctx, a.Throttle, a.Who); sharing.CodeOf(err) == sharing.CodeTooMany {
				err = nil
			}
		}
		return err
	})
}
