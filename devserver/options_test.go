package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"net"
	"strings"
	"testing"
)

func TestSQLConfig(t *testing.T) {
	cfg, err := sqlConfig("postgres://temporal:p%40ss@127.0.0.1:5433/postgres?sslmode=disable", "temporal", 7)
	if err != nil {
		t.Fatal(err)
	}
	if cfg.ConnectAddr != "127.0.0.1:5433" || cfg.User != "temporal" || cfg.Password != "p@ss" || cfg.DatabaseName != "temporal" ||
		cfg.ConnectAttributes["sslmode"] != "disable" || cfg.MaxConns != 7 || cfg.MaxIdleConns != 7 || cfg.PluginName != "postgres12_pgx" {
		t.Errorf("%+v", cfg)
	}
	if cfg, err = sqlConfig("postgresql://temporal@db.example/x", "temporal", 1); err != nil || cfg.ConnectAddr != "db.example:5432" {
		t.Errorf("without a port: %+v, %v", cfg, err)
	}
	for _, bad := range []string{"mysql://a:b@c/d", "postgres://127.0.0.1/x", "postgres://user@/x", "postgres://u:secret@h:port/x"} {
		if _, err := sqlConfig(bad, "temporal", 1); err == nil {
			t.Errorf("%s was taken", bad)
		} else if strings.Contains(err.Error(), "secret") {
			t.Errorf("the message holds the password: %v", err)
		}
	}
}

func TestRunRefuses(t *testing.T) {
	t.Setenv(postgresEnv, "")
	const postgres = "--postgres=postgres://u:p@127.0.0.1:1/x"
	for _, c := range []struct {
		arguments []string
		message   string
	}{
		{[]string{"temporal"}, "--postgres"},
		{[]string{"temporal", "--postgres=mysql://u@h/x"}, "--postgres"},
		{[]string{"temporal", postgres, "--port=70000"}, "--port"},
		{[]string{"temporal", postgres, "--ui-port=-1"}, "--ui-port"},
		{[]string{"temporal", postgres, "--namespace="}, "--namespace"},
		{[]string{"temporal", postgres, "--log-level=loud"}, "--log-level"},
		{[]string{"temporal", postgres, "more"}, `"more"`},
		{[]string{"temporal", postgres, "--log-level=error"}, "temporal"}, // nothing listens there
	} {
		var out, errs bytes.Buffer
		err := run(context.Background(), c.arguments, &out, &errs)
		if err == nil || !strings.Contains(err.Error(), c.message) {
			t.Errorf("%v: %v, want something about %s", c.arguments, err, c.message)
		}
		if out.Len() > 0 {
			t.Errorf("%v said it was ready: %s", c.arguments, out.String())
		}
	}
	var errs bytes.Buffer
	if err := run(context.Background(), nil, &errs, &errs); !errors.Is(err, flag.ErrHelp) || !strings.Contains(errs.String(), "usage") {
		t.Errorf("without a subcommand: %v, %s", err, errs.String())
	}
}

func TestFreePorts(t *testing.T) {
	ports, err := freePorts(20)
	if err != nil {
		t.Fatal(err)
	}
	seen := make(map[int]bool)
	for _, p := range ports {
		if seen[p] {
			t.Errorf("port %d twice", p)
		}
		seen[p] = true
		if err := portFree(p); err != nil {
			t.Error(err)
		}
	}
	l, err := net.Listen("tcp", address(0))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if err := portFree(l.Addr().(*net.TCPAddr).Port); err == nil {
		t.Error("a taken port is said to be free")
	}
}
