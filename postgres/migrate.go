package postgres

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"
	"slices"

	_ "github.com/jackc/pgx/v5/stdlib" // the database/sql driver that goose migrates through
	"github.com/pressly/goose/v3"

	"gongshu/sharing"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Migrate brings the schema of the database at url up to date, as the owner of
// the tables, and fills the tables of states and transitions from the machines' declarations.
// It is safe to run from several processes at once.
func Migrate(ctx context.Context, url string) error {
	db, err := sql.Open("pgx", url)
	if err != nil {
		return fmt.Errorf("database URL: %w", err)
	}
	defer db.Close()
	conn, err := db.Conn(ctx)
	if err != nil {
		return translate(err)
	}
	defer conn.Close()
	// One migration at a time; the lock goes with the connection.
	const lock = 0x676f6e67 // "gong"
	if _, err := conn.ExecContext(ctx, `SELECT pg_advisory_lock($1)`, lock); err != nil {
		return translate(err)
	}
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	provider, err := goose.NewProvider(goose.DialectPostgres, db, files)
	if err != nil {
		return err
	}
	if _, err := provider.Up(ctx); err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	return declareMachines(ctx, db)
}

// declareMachines makes the tables of states and transitions equal to the
// declarations.
func declareMachines(ctx context.Context, db *sql.DB) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return translate(err)
	}
	defer func() { _ = tx.Rollback() }() // after a commit it does nothing
	for _, table := range []string{"transitions", "states"} {
		if _, err := tx.ExecContext(ctx, `DELETE FROM `+table); err != nil {
			return translate(err)
		}
	}
	for _, p := range sharing.Procedures {
		m := p.Machine()
		for _, s := range m.States() {
			if _, err := tx.ExecContext(ctx, `INSERT INTO states (procedure, state, start, final) VALUES ($1, $2, $3, $4)`,
				p, s, slices.Contains(m.Starts, s), !m.Open(s)); err != nil {
				return translate(err)
			}
		}
		for _, t := range m.Steps {
			if _, err := tx.ExecContext(ctx,
				`INSERT INTO transitions (procedure, from_state, to_state) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`, p, t.From, t.To); err != nil {
				return translate(err)
			}
		}
	}
	return translate(tx.Commit())
}
