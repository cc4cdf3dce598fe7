// Package postgres keeps what happened: people, the catalog, applications, cases
// and their clocks, and the audit trail, in PostgreSQL through pgx.
//
// There is one file per group of tables. Reads that lists and pages show take a
// [sharing.Scope] and put it into their WHERE clause, so that nothing outside it
// is ever counted, sorted or paged over. Writes happen inside [Store.InTx].
package postgres

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/pgxpool"

	"gongshu/sharing"
)

// Store is a pool of connections to the database.
type Store struct {
	pool *pgxpool.Pool
}

// Open connects to the database at url and checks that it answers. It returns a
// *sharing.Error with CodeUnavailable when it does not.
func Open(ctx context.Context, url string) (*Store, error) {
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, fmt.Errorf("database URL: %w", err)
	}
	config.ConnConfig.RuntimeParams["timezone"] = "UTC"
	config.ConnConfig.RuntimeParams["application_name"] = "gongshu"
	config.ConnConfig.RuntimeParams["statement_timeout"] = "30000"
	config.ConnConfig.RuntimeParams["lock_timeout"] = "10000"
	// A process that stands still in the middle of a step must not keep its locks
	// longer than a step may take.
	config.ConnConfig.RuntimeParams["idle_in_transaction_session_timeout"] = "12000"
	// The tables are read from memory or from a disk that seeks at no cost, in many
	// short queries: indexes are worth it, compiling a plan is not.
	config.ConnConfig.RuntimeParams["random_page_cost"] = "1.1"
	config.ConnConfig.RuntimeParams["jit"] = "off"
	// A page is several queries at a time, for several readers at a time: what starting
	// more processes for one of them costs is more than they would save.
	config.ConnConfig.RuntimeParams["max_parallel_workers_per_gather"] = "0"
	// What figures add up over a region's cases fits into memory.
	config.ConnConfig.RuntimeParams["work_mem"] = "16MB"
	config.MaxConns = max(config.MaxConns, 16)
	config.HealthCheckPeriod = 5 * time.Second
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("database: %w", err)
	}
	s := &Store{pool: pool}
	if err := s.Ping(ctx); err != nil {
		pool.Close()
		return nil, err
	}
	return s, nil
}

// Close gives all connections back.
func (s *Store) Close() { s.pool.Close() }

// Ping reports whether the database answers.
func (s *Store) Ping(ctx context.Context) error { return translate(s.pool.Ping(ctx)) }

// Now is the time by the database's clock, which alone decides what is overdue.
func (s *Store) Now(ctx context.Context) (time.Time, error) {
	var now time.Time
	err := s.pool.QueryRow(ctx, `SELECT clock_timestamp()`).Scan(&now)
	return now, translate(err)
}

// Tx is one transaction: a step of a case with all that belongs to it.
type Tx struct {
	tx pgx.Tx
}

// InTx runs do in one transaction, which commits when do returns nil and is
// rolled back otherwise. Conflicts that the database resolved by sacrificing this
// transaction are tried again a few times.
func (s *Store) InTx(ctx context.Context, do func(tx *Tx) error) error {
	const attempts = 5
	for attempt := 1; ; attempt++ {
		err := pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error { return do(&Tx{tx: tx}) })
		var pgErr *pgconn.PgError
		if attempt < attempts && errors.As(err, &pgErr) && (pgErr.Code == "40001" || pgErr.Code == "40P01") {
			continue
		}
		return translate(err)
	}
}

// Now is the time by the database's clock at this moment, not at the start of
// the transaction: taken after the case is locked, it is the time of the step.
func (t *Tx) Now(ctx context.Context) (time.Time, error) {
	var now time.Time
	err := t.tx.QueryRow(ctx, `SELECT clock_timestamp()`).Scan(&now)
	return now, err
}

// querier is what reads need: the pool, or a transaction.
type querier interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}

// translate turns what the driver says into a *sharing.Error. It is the only
// place that knows SQLSTATEs; errors it does not know pass unchanged.
func translate(err error) error {
	if err == nil {
		return nil
	}
	var known *sharing.Error
	if errors.As(err, &known) {
		return err
	}
	if errors.Is(err, pgx.ErrNoRows) {
		return &sharing.Error{Code: sharing.CodeNotFound, Cause: err}
	}
	var pgErr *pgconn.PgError
	if errors.As(err, &pgErr) {
		switch {
		case pgErr.ConstraintName == "decisions_pkey":
			return &sharing.Error{Code: sharing.CodeAlreadyDecided, Cause: err}
		case pgErr.ConstraintName == "completions_pkey":
			return &sharing.Error{Code: sharing.CodeCompletionUsed, Cause: err}
		case pgErr.ConstraintName == "scenarios_name":
			return &sharing.Error{Code: sharing.CodeInvalid, Fields: []sharing.FieldError{{Field: "/name", Rule: "unique", Detail: "a scenario of that name is registered"}}, Cause: err}
		case pgErr.ConstraintName == "users_apart":
			return &sharing.Error{Code: sharing.CodeInvalid, Fields: []sharing.FieldError{{Field: "/roles", Rule: "apart"}}, Cause: err}
		case pgErr.ConstraintName == "users_pkey", pgErr.ConstraintName == "departments_pkey":
			return &sharing.Error{Code: sharing.CodeInvalid, Fields: []sharing.FieldError{{Field: "/id", Rule: "taken"}}, Cause: err}
		case pgErr.ConstraintName == "cases_one_change":
			return &sharing.Error{Code: sharing.CodeWrongState, Detail: "another change of the entry is still open", Cause: err}
		case pgErr.ConstraintName == "cases_one_new_entry", pgErr.ConstraintName == "resources_region_id_code_key":
			e := sharing.Invalid("/entry/code", "unique", "another entry has the code, or is about to")
			e.Cause = err
			return e
		case pgErr.ConstraintName == "cases_transition":
			return &sharing.Error{Code: sharing.CodeWrongState, Cause: err}
		case pgErr.ConstraintName == "cases_version":
			return &sharing.Error{Code: sharing.CodeStale, Cause: err}
		case pgErr.Code[:2] == "08", pgErr.Code[:2] == "53", pgErr.Code[:2] == "57", pgErr.Code == "55P03", pgErr.Code == "58030":
			return &sharing.Error{Code: sharing.CodeUnavailable, Cause: err}
		}
		return err
	}
	var connErr *pgconn.ConnectError
	if errors.As(err, &connErr) || pgconn.Timeout(err) || errors.Is(err, context.DeadlineExceeded) || pgconn.SafeToRetry(err) {
		return &sharing.Error{Code: sharing.CodeUnavailable, Cause: err}
	}
	// The connection broke while it was in use.
	var netErr interface{ Timeout() bool }
	if errors.As(err, &netErr) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) || errors.Is(err, net.ErrClosed) {
		return &sharing.Error{Code: sharing.CodeUnavailable, Cause: err}
	}
	return err
}

// day converts between the domain's days and SQL's.
func day(d sharing.Date) pgtype.Date {
	if d.IsZero() {
		return pgtype.Date{}
	}
	return pgtype.Date{Time: d.Start().In(sharing.Shanghai), Valid: true}
}

func fromDay(d pgtype.Date) sharing.Date {
	if !d.Valid {
		return 0
	}
	year, month, dom := d.Time.Date()
	return sharing.NewDate(year, month, dom)
}

// uuidOf reads an id that somebody else wrote, to be compared with a column of ids:
// an index answers that, which it does not once the column is turned into text. What
// is no id, written as the database writes them, becomes NULL, to which nothing is equal.
func uuidOf(id string) pgtype.UUID {
	var u pgtype.UUID
	if err := u.Scan(id); err != nil || u.String() != id {
		return pgtype.UUID{}
	}
	return u
}

// uuidsOf is [uuidOf] for several, without those that are none.
func uuidsOf(ids []string) []pgtype.UUID {
	all := make([]pgtype.UUID, 0, len(ids))
	for _, id := range ids {
		if u := uuidOf(id); u.Valid {
			all = append(all, u)
		}
	}
	return all
}

// instant converts the zero time to NULL.
func instant(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

func fromInstant(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return *t
}
