package postgres_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"gongshu/desk/desktest"
	"gongshu/postgres"
)

// A message that is not received is tried again later, others are not held up by
// it, and none goes out twice once it has been received.
func TestDeliver(t *testing.T) {
	r := desktest.New(t)
	ctx := t.Context()
	r.Apply("shuozhou-minzheng-requester", r.Request("shuozhou", "SZ-GA-001", "SZ-RS-001"), nil)
	seen := map[int64]int{}
	var refused int64
	take := func(_ context.Context, p postgres.Parcel) error {
		seen[p.ID]++
		require.Empty(t, p.Data["purpose"], "ids and codes only")
		if refused == 0 || refused == p.ID {
			refused = p.ID
			return errors.New("away")
		}
		return nil
	}
	n, err := r.Store.Deliver(ctx, 50, take)
	require.NoError(t, err)
	require.Equal(t, 2, n)
	n, err = r.Store.Deliver(ctx, 50, take)
	require.NoError(t, err)
	require.Zero(t, n, "what was refused waits; what was received is done")
	for id, times := range seen {
		require.Equal(t, 1, times, id)
	}
	// It waits for its next turn, longer than it could take to hand it out.
	super, err := pgx.Connect(ctx, r.Database.URL)
	require.NoError(t, err)
	defer super.Close(ctx)
	var (
		id   int64
		next time.Time
	)
	require.NoError(t, super.QueryRow(ctx, `SELECT id, next_try_at FROM outbox WHERE delivered_at IS NULL`).Scan(&id, &next))
	require.Equal(t, refused, id)
	require.WithinDuration(t, time.Now().Add(time.Minute), next, 20*time.Second)
	_, err = super.Exec(ctx, `UPDATE outbox SET next_try_at = clock_timestamp()`)
	require.NoError(t, err)
	n, err = r.Store.Deliver(ctx, 50, take)
	require.NoError(t, err)
	require.Equal(t, 1, n)
	require.Equal(t, 2, seen[refused])
}
