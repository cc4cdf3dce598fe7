package localpg

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// PostgreSQL's codes for a role or a database that exists.
const (
	duplicateObject   = "42710"
	duplicateDatabase = "42P04"
)

// prepare sees to the two roles and the database.
func (s *Server) prepare(ctx context.Context) error {
	for _, role := range []string{OwnerRole, AppRole} {
		if err := s.CreateLogin(ctx, role, false); err != nil {
			return err
		}
	}
	return s.CreateDatabase(ctx, Database, OwnerRole)
}

// CreateLogin makes a role that may log in, with a random password that LoginURL knows, and nothing more than the
// right to make databases if that is said. A role that exists is left as it is.
func (s *Server) CreateLogin(ctx context.Context, role string, createDatabases bool) error {
	known := s.secrets.has(role)
	password, err := s.secrets.password(role)
	if err != nil {
		return err
	}
	attributes := " LOGIN NOSUPERUSER NOCREATEROLE NOCREATEDB PASSWORD "
	if createDatabases {
		attributes = " LOGIN NOSUPERUSER NOCREATEROLE CREATEDB PASSWORD "
	}
	// The password is letters and digits.
	definition := pgx.Identifier{role}.Sanitize() + attributes + "'" + password + "'"
	return s.session(ctx, "postgres", func(conn *pgx.Conn) error {
		var exists bool
		err := conn.QueryRow(ctx, "SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1)", role).Scan(&exists)
		switch {
		case err != nil:
		case exists && known:
			return nil
		case exists: // somebody removed the password file's entry
			_, err = conn.Exec(ctx, "ALTER ROLE "+definition)
		default:
			_, err = conn.Exec(ctx, "CREATE ROLE "+definition)
		}
		if err != nil && !hasCode(err, duplicateObject) {
			return fmt.Errorf("role %s: %w", role, err)
		}
		return nil
	})
}

// CreateDatabase makes a database that only its owner, the superuser and, for connecting, AppRole on a database of
// OwnerRole may use. A database that exists is left as it is.
func (s *Server) CreateDatabase(ctx context.Context, name, owner string) error {
	return s.session(ctx, "postgres", func(conn *pgx.Conn) error {
		var exists bool
		if err := conn.QueryRow(ctx, "SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1 AND datacl IS NOT NULL)", name).Scan(&exists); err != nil {
			return err
		}
		if exists {
			return nil
		}
		return createDatabase(ctx, conn, name, owner, "template0")
	})
}

// createDatabase copies a template. Privileges come second: where they are still the default, the making of the
// database was interrupted.
func createDatabase(ctx context.Context, conn *pgx.Conn, name, owner, template string) error {
	database := pgx.Identifier{name}.Sanitize()
	_, err := conn.Exec(ctx, "CREATE DATABASE "+database+
		" OWNER "+pgx.Identifier{owner}.Sanitize()+" TEMPLATE "+pgx.Identifier{template}.Sanitize())
	if err != nil && !hasCode(err, duplicateDatabase) {
		return fmt.Errorf("database %s: %w", name, err)
	}
	privileges := "REVOKE ALL ON DATABASE " + database + " FROM PUBLIC"
	if owner == OwnerRole {
		privileges += "; GRANT CONNECT ON DATABASE " + database + " TO " + AppRole
	}
	if _, err := conn.Exec(ctx, privileges); err != nil {
		return fmt.Errorf("privileges on database %s: %w", name, err)
	}
	return nil
}

// Exec runs statements in a database as superuser.
func (s *Server) Exec(ctx context.Context, database, sql string) error {
	return s.session(ctx, database, func(conn *pgx.Conn) error {
		_, err := conn.Exec(ctx, sql)
		return err
	})
}

// session gives use a superuser's connection.
func (s *Server) session(ctx context.Context, database string, use func(*pgx.Conn) error) (err error) {
	conn, err := pgx.Connect(ctx, s.URL(database))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, conn.Close(ctx)) }()
	return use(conn)
}

func hasCode(err error, code string) bool {
	var e *pgconn.PgError
	return errors.As(err, &e) && e.Code == code
}
