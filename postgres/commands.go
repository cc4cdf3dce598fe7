package postgres

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"

	"github.com/jackc/pgx/v5"

	"gongshu/sharing"
)

const selectCommand = `SELECT id, key, subject, action, target, expected, body, policy, state, outcome, created_at, fingerprint FROM commands `

func scanCommand(row pgx.Row) (c sharing.Command, fingerprint []byte, err error) {
	err = row.Scan(&c.ID, &c.Key, &c.Actor, &c.Action, &c.Target, &c.Expected, &c.Body, &c.Policy, &c.State, &c.Outcome, &c.At, &fingerprint)
	return c, fingerprint, err
}

// StageCommand keeps a command before it is carried out. When its actor used the
// key before for the same request, the command of that time is returned instead,
// done or still pending; for another request, CodeKeyReused.
func (s *Store) StageCommand(ctx context.Context, c sharing.Command) (sharing.Command, error) {
	fingerprint := fingerprintOf(c)
	staged, _, err := scanCommand(s.pool.QueryRow(ctx, `
		WITH staged AS (
			INSERT INTO commands (id, actor, key, subject, action, target, expected, body, fingerprint, policy, state)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 'pending')
			ON CONFLICT (actor, key) DO NOTHING
			RETURNING id, key, subject, action, target, expected, body, policy, state, outcome, created_at, fingerprint)
		SELECT * FROM staged`,
		c.ID, c.Actor.UserID, c.Key, mustJSON(c.Actor), c.Action, c.Target, c.Expected, []byte(c.Body), fingerprint, c.Policy))
	if !errors.Is(err, pgx.ErrNoRows) {
		return staged, translate(err)
	}
	former, was, err := scanCommand(s.pool.QueryRow(ctx, selectCommand+`WHERE actor = $1 AND key = $2`, c.Actor.UserID, c.Key))
	if errors.Is(err, pgx.ErrNoRows) {
		// It was refused, and so deleted, in between: this one is as good as first.
		return s.StageCommand(ctx, c)
	}
	if err != nil {
		return former, translate(err)
	}
	if !bytes.Equal(was, fingerprint) {
		return former, &sharing.Error{Code: sharing.CodeKeyReused}
	}
	return former, nil
}

// fingerprintOf tells one request from another under the same key.
func fingerprintOf(c sharing.Command) []byte {
	return hashSecret(mustJSON([]any{c.Action, c.Target, c.Expected, json.RawMessage(c.Body)}))
}

// LockCommand returns a command and keeps others from carrying it out meanwhile.
// One that is gone was refused to somebody who sent the same request at the same
// time: CodeInProgress, and asking again tells.
func (t *Tx) LockCommand(ctx context.Context, id string) (sharing.Command, error) {
	c, _, err := scanCommand(t.tx.QueryRow(ctx, selectCommand+`WHERE id = $1 FOR UPDATE`, id))
	if errors.Is(err, pgx.ErrNoRows) {
		return c, sharing.Errorf(sharing.CodeInProgress, "the same request was refused at this moment")
	}
	return c, translate(err)
}

// FinishCommand keeps what a command came to, with the step it caused.
func (t *Tx) FinishCommand(ctx context.Context, id string, outcome json.RawMessage) error {
	_, err := t.tx.Exec(ctx, `UPDATE commands SET state = 'done', outcome = $2, done_at = clock_timestamp() WHERE id = $1`, id, []byte(outcome))
	return err
}

// Command returns a command.
func (s *Store) Command(ctx context.Context, id string) (sharing.Command, error) {
	c, _, err := scanCommand(s.pool.QueryRow(ctx, selectCommand+`WHERE id = $1`, id))
	return c, translate(err)
}

// DropCommand forgets a command that was refused and so changed nothing.
func (s *Store) DropCommand(ctx context.Context, id string) error {
	_, err := s.pool.Exec(ctx, `DELETE FROM commands WHERE id = $1 AND state = 'pending'`, id)
	return translate(err)
}

// Played reports whether an actor's command with the key has been carried out.
func (s *Store) Played(ctx context.Context, actor, key string) (bool, error) {
	var done bool
	err := s.pool.QueryRow(ctx, `SELECT EXISTS (SELECT FROM commands WHERE actor = $1 AND key = $2 AND state = 'done')`, actor, key).Scan(&done)
	return done, translate(err)
}
