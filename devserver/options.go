package main

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"

	"go.temporal.io/server/common/config"
	"go.temporal.io/server/common/persistence/sql/sqlplugin/postgresql"
)

// options are the flags of the temporal subcommand.
type options struct {
	Postgres  string // URL of a role that may create databases
	Port      int    // frontend; 0 takes a free port
	UIPort    int    // web UI; 0 leaves it out
	Namespace string
	Dir       string // folder of the log file; empty logs to standard error
	LogLevel  string
	Metrics   string // host:port of the Prometheus endpoint; empty has none
}

func (o options) validate() error {
	if o.Postgres == "" {
		return errors.New("--postgres: a PostgreSQL URL is needed")
	}
	if _, err := sqlConfig(o.Postgres, "temporal", 1); err != nil {
		return fmt.Errorf("--postgres: %w", err)
	}
	for name, port := range map[string]int{"port": o.Port, "ui-port": o.UIPort} {
		if port < 0 || port > 65535 {
			return fmt.Errorf("--%s: %d is not between 0 and 65535", name, port)
		}
	}
	if o.Namespace == "" {
		return errors.New("--namespace: must not be empty")
	}
	if levels := []string{"debug", "info", "warn", "error"}; !slices.Contains(levels, o.LogLevel) {
		return fmt.Errorf("--log-level: %q is not one of %s", o.LogLevel, strings.Join(levels, ", "))
	}
	return nil
}

// sqlConfig is Temporal's form of a PostgreSQL URL, for one database and at most conns connections per service.
func sqlConfig(postgres, database string, conns int) (*config.SQL, error) {
	u, err := url.Parse(postgres)
	if err != nil {
		return nil, errors.New("not a URL") // the parser's message would repeat the password
	}
	if u.Scheme != "postgres" && u.Scheme != "postgresql" {
		return nil, fmt.Errorf("the scheme is %q, want postgres", u.Scheme)
	}
	if u.Hostname() == "" || u.User.Username() == "" {
		return nil, errors.New("host and user must be given")
	}
	port := u.Port()
	if port == "" {
		port = "5432"
	}
	attributes := make(map[string]string)
	for key, values := range u.Query() {
		attributes[key] = values[0]
	}
	password, _ := u.User.Password()
	return &config.SQL{
		PluginName:        postgresql.PluginNamePGX,
		ConnectProtocol:   "tcp",
		ConnectAddr:       net.JoinHostPort(u.Hostname(), port),
		User:              u.User.Username(),
		Password:          password,
		DatabaseName:      database,
		ConnectAttributes: attributes,
		MaxConns:          conns,
		MaxIdleConns:      conns,
	}, nil
}
