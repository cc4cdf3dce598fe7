package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
)

// Turn is when one of the workers' loops came round last.
type Turn struct {
	Loop    string
	At      time.Time
	Failing string // why it did not get through; "" when it did
	Ago     time.Duration
}

// Turned records that a loop came round just now.
func (s *Store) Turned(ctx context.Context, loop, failing string) error {
	_, err := s.pool.Exec(ctx, `
		INSERT INTO turns (loop, at, failing) VALUES ($1, clock_timestamp(), $2)
		ON CONFLICT (loop) DO UPDATE SET at = excluded.at, failing = excluded.failing`, loop, failing)
	return translate(err)
}

// Turns returns the loops by name.
func (s *Store) Turns(ctx context.Context) ([]Turn, error) {
	rows, err := s.pool.Query(ctx, `SELECT loop, at, failing, clock_timestamp() - at FROM turns ORDER BY loop`)
	if err != nil {
		return nil, translate(err)
	}
	turns, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Turn])
	return turns, translate(err)
}

// Waiting is what waits to be done beside people's work.
type Waiting struct {
	Messages int        // not handed out yet
	Oldest   *time.Time // when the oldest of them was written
	Commands int        // asked for and not carried out
	Rungs    int        // whose time has come and that have not fired
	Nudges   int        // workflows that are to look at their case again
}

// Waiting counts it.
func (s *Store) Waiting(ctx context.Context) (Waiting, error) {
	var w Waiting
	err := s.pool.QueryRow(ctx, `
		SELECT (SELECT count(*) FROM outbox WHERE delivered_at IS NULL), (SELECT min(created_at) FROM outbox WHERE delivered_at IS NULL),
			(SELECT count(*) FROM commands WHERE state = 'pending'),
			(SELECT count(*) FROM rungs g JOIN deadlines l ON l.id = g.deadline_id WHERE g.fired_at IS NULL AND g.due_at <= clock_timestamp() AND l.state = 'running'),
			(SELECT count(*) FROM nudges)`).Scan(&w.Messages, &w.Oldest, &w.Commands, &w.Rungs, &w.Nudges)
	return w, translate(err)
}

// Opened is when the latest case of a standing duty was opened in a region.
type Opened struct {
	Duty   string
	At     time.Time
	Period string // the year, or the entry of the catalog and since when
}

// LastOpened returns that of each duty that has any.
func (s *Store) LastOpened(ctx context.Context, regionID string) ([]Opened, error) {
	rows, err := s.pool.Query(ctx, `
		SELECT DISTINCT ON (p.duty) p.duty, c.created_at, p.period FROM standing_periods p JOIN cases c ON c.id = p.case_id
		WHERE c.region_id = $1 ORDER BY p.duty, c.created_at DESC`, regionID)
	if err != nil {
		return nil, translate(err)
	}
	found, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Opened])
	return found, translate(err)
}
