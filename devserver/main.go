// Command gongshu-devserver runs a Temporal server in one process, on a PostgreSQL server that is already there.
//
// It lives in a module of its own because linking Temporal's server takes minutes: ordinary builds and tests of
// gongshu never do. `gongshu dev` starts it as a child.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

// postgresEnv names the variable that holds the PostgreSQL URL when --postgres is not given; a command line is
// readable by every user of the machine, the environment is not.
const postgresEnv = "GONGSHU_TEMPORAL_POSTGRES_URL"

const usage = `usage: gongshu-devserver temporal --postgres URL [flags]

Runs a Temporal server (frontend, history, matching and worker in one process) on 127.0.0.1. When it is ready it
prints one line of JSON on standard output: {"address": "...", "ui": "..."}. SIGTERM or SIGINT stops it.

`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
		os.Exit(2)
	case err != nil:
		fmt.Fprintln(os.Stderr, "gongshu-devserver:", err)
		os.Exit(1)
	}
}

// ready is what the program prints once the namespace answers.
type ready struct {
	Address string `json:"address"`
	UI      string `json:"ui,omitempty"`
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	if len(args) == 0 || args[0] != "temporal" {
		fmt.Fprint(stderr, usage)
		return flag.ErrHelp
	}
	var o options
	flags := flag.NewFlagSet("temporal", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.Usage = func() {
		fmt.Fprint(stderr, usage)
		flags.PrintDefaults()
	}
	flags.StringVar(&o.Postgres, "postgres", os.Getenv(postgresEnv),
		"URL of a PostgreSQL role that may create databases (default $"+postgresEnv+")")
	flags.IntVar(&o.Port, "port", 7233, "port of the frontend (gRPC); 0 takes a free one")
	flags.IntVar(&o.UIPort, "ui-port", 0, "port of the web UI; 0 leaves it out")
	flags.StringVar(&o.Namespace, "namespace", "gongshu", "namespace to register")
	flags.StringVar(&o.Dir, "dir", "", "folder for the log file temporal.log; empty logs to standard error")
	flags.StringVar(&o.LogLevel, "log-level", "warn", "debug, info, warn or error")
	flags.StringVar(&o.Metrics, "metrics-address", "", "host:port of a Prometheus endpoint; empty has none")
	if err := flags.Parse(args[1:]); err != nil {
		return err
	}
	if rest := flags.Args(); len(rest) > 0 {
		return fmt.Errorf("unexpected argument %q", rest[0])
	}
	if err := o.validate(); err != nil {
		return err
	}

	server, err := start(ctx, o)
	if err != nil {
		return err
	}
	if err := json.NewEncoder(stdout).Encode(ready{Address: server.Address, UI: server.UI}); err != nil {
		return errors.Join(err, server.Stop())
	}
	<-ctx.Done()
	return server.Stop()
}
