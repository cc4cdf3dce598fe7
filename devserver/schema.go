package main

import (
	"context"
	dbsql "database/sql"
	"errors"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"
	"go.temporal.io/server/common/log"
	"go.temporal.io/server/tools/common/schema"
	"go.temporal.io/server/tools/sql"
)

// The databases the server keeps its data in, and where the server's module keeps their schema.
const (
	mainDatabase       = "temporal"
	visibilityDatabase = "temporal_visibility"
	mainSchema         = "postgresql/v12/temporal"
	visibilitySchema   = "postgresql/v12/visibility"
)

// versionTable is where the server's own schema tool notes the version of a database.
const versionTable = "schema_version"

// noVersion is the schema version of a database whose first schema file has not been applied completely.
const noVersion = "0.0"

// migrate creates the server's two databases where they are missing and brings their schema to the version this
// server was built with. It may be interrupted at any point and run again.
func migrate(ctx context.Context, postgres string, logger log.Logger) error {
	for _, d := range []struct{ database, schema string }{
		{mainDatabase, mainSchema},
		{visibilityDatabase, visibilitySchema},
	} {
		if err := migrateDatabase(ctx, postgres, d.database, d.schema, logger); err != nil {
			return fmt.Errorf("schema of database %s: %w", d.database, err)
		}
	}
	return nil
}

func migrateDatabase(ctx context.Context, postgres, database, schemaName string, logger log.Logger) error {
	if err := createDatabase(ctx, postgres, database); err != nil {
		return err
	}
	cfg, err := sqlConfig(postgres, database, 1)
	if err != nil {
		return err
	}
	// Some hundred statements, each a transaction of its own. A crash may lose the last of them, never one in between,
	// and is then no different from an interruption a little earlier.
	cfg.ConnectAttributes["synchronous_commit"] = "off"
	conn, err := sql.NewConnection(cfg, logger)
	if err != nil {
		return err
	}
	defer conn.Close()

	// The first schema file is not written to be applied twice: what an interrupted first run left is removed.
	// From the first version on, the update task skips what is already there.
	if first, err := untouched(conn); err != nil {
		return err
	} else if first {
		if err := conn.DropAllTables(); err != nil {
			return err
		}
		setup := schema.NewSetupSchemaTask(conn, &schema.SetupConfig{InitialVersion: noVersion}, logger)
		if err := setup.Run(); err != nil {
			return err
		}
	}
	return schema.NewUpdateSchemaTask(conn, &schema.UpdateConfig{DBName: database, SchemaName: schemaName}, logger).Run()
}

// createDatabase makes the database unless it is there, closed to other roles. It goes by the maintenance database,
// which every PostgreSQL server has.
func createDatabase(ctx context.Context, postgres, database string) (err error) {
	cfg, err := pgx.ParseConfig(postgres)
	if err != nil {
		return errors.New("not a PostgreSQL URL")
	}
	cfg.Database = "postgres"
	conn, err := pgx.ConnectConfig(ctx, cfg)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, conn.Close(ctx)) }()
	var exists bool
	err = conn.QueryRow(ctx, "SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)", database).Scan(&exists)
	if err != nil || exists {
		return err
	}
	name := pgx.Identifier{database}.Sanitize()
	if _, err := conn.Exec(ctx, "CREATE DATABASE "+name+" TEMPLATE template0"); err != nil {
		return err
	}
	_, err = conn.Exec(ctx, "REVOKE ALL ON DATABASE "+name+" FROM PUBLIC")
	return err
}

// untouched reports whether no schema version has been completed in the database. An error that leaves this in
// doubt is returned: the caller drops tables on the answer.
func untouched(conn *sql.Connection) (bool, error) {
	tables, err := conn.ListTables()
	if err != nil {
		return false, err
	}
	if !slices.Contains(tables, versionTable) {
		return true, nil
	}
	version, err := conn.ReadSchemaVersion()
	if errors.Is(err, dbsql.ErrNoRows) {
		return true, nil
	}
	if err != nil {
		return false, err
	}
	return version == noVersion, nil
}
