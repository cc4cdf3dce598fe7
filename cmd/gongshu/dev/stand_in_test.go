package dev

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"
)

// The test binary stands in for the program: with asProgram set it is one of its subcommands.
const (
	asProgram = "DEV_TEST_AS_PROGRAM"
	failing   = "DEV_TEST_FAILING" // names a subcommand that fails
	taskQueue = "dev-test"
)

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) == "" {
		os.Exit(m.Run())
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := program(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "stand-in:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

func program(ctx context.Context, arguments []string) error {
	if arguments[0] == os.Getenv(failing) {
		return fmt.Errorf("%s was told to fail", arguments[0])
	}
	switch arguments[0] {
	case "dev":
		var o Options
		for _, a := range arguments[1:] {
			name, value, _ := strings.Cut(a, "=")
			switch name {
			case "home":
				o.Home = value
			case "listen":
				o.Listen = value
			case "devserver":
				o.Devserver = value
			case "database-url":
				o.DatabaseURL = value
			case "owner-database-url":
				o.OwnerDatabaseURL = value
			case "temporal-address":
				o.TemporalAddress = value
			default:
				return fmt.Errorf("unknown option %s", name)
			}
		}
		o.Out = os.Stdout
		return Run(ctx, o)
	case "migrate":
		return sql(ctx, "GONGSHU_OWNER_DATABASE_URL",
			"CREATE TABLE IF NOT EXISTS kept (n int); GRANT SELECT, INSERT ON kept TO gongshu_app")
	case "demo":
		if arguments[1] == "signin" {
			return describe(ctx, arguments[3])
		}
		fmt.Println("演示用户 demo users: zhang, li")
		return nil
	case "api":
		if os.Getenv("GONGSHU_OWNER_DATABASE_URL") != "" {
			return errors.New("the API was given the owner's password")
		}
		if err := get(os.Getenv("GONGSHU_OIDC_ISSUER") + "/.well-known/openid-configuration"); err != nil {
			return err
		}
		for _, file := range []string{"GONGSHU_OIDC_CLIENT_SECRET_FILE", "GONGSHU_OIDC_CLAIMS"} {
			info, err := os.Stat(os.Getenv(file))
			if err != nil || info.Mode().Perm() != 0o600 {
				return fmt.Errorf("%s: %v %w", file, info, err)
			}
		}
		return serve(ctx, os.Getenv("GONGSHU_LISTEN"))
	case "worker":
		c, err := client.Dial(client.Options{
			HostPort: os.Getenv("GONGSHU_TEMPORAL_ADDRESS"), Namespace: os.Getenv("GONGSHU_TEMPORAL_NAMESPACE"), Logger: quiet{},
		})
		if err != nil {
			return err
		}
		defer c.Close()
		w := worker.New(c, taskQueue, worker.Options{})
		w.RegisterWorkflowWithOptions(wait, workflow.RegisterOptions{Name: "wait"})
		if err := w.Start(); err != nil {
			return err
		}
		defer w.Stop()
		return serve(ctx, os.Getenv("GONGSHU_WORKER_LISTEN"))
	default:
		return fmt.Errorf("unknown subcommand %s", arguments[0])
	}
}

// wait waits and says when it went on.
func wait(ctx workflow.Context, d time.Duration) (time.Time, error) {
	err := workflow.Sleep(ctx, d)
	return workflow.Now(ctx), err
}

// describe answers where an identity provider describes itself.
func describe(ctx context.Context, address string) error {
	mux := http.NewServeMux()
	mux.HandleFunc("/.well-known/openid-configuration", func(http.ResponseWriter, *http.Request) {})
	return listen(ctx, address, mux)
}

// serve answers readyz as long as the database takes rows.
func serve(ctx context.Context, address string) error {
	mux := http.NewServeMux()
	mux.HandleFunc("/readyz", func(w http.ResponseWriter, r *http.Request) {
		if err := sql(r.Context(), "GONGSHU_DATABASE_URL", "INSERT INTO kept VALUES (1)"); err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
		}
	})
	return listen(ctx, address, mux)
}

func listen(ctx context.Context, address string, h http.Handler) error {
	s := &http.Server{Addr: address, Handler: h}
	go func() {
		<-ctx.Done()
		_ = s.Shutdown(context.Background())
	}()
	if err := s.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

func sql(ctx context.Context, variable, statements string) (err error) {
	conn, err := pgx.Connect(ctx, os.Getenv(variable))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, conn.Close(ctx)) }()
	_, err = conn.Exec(ctx, statements)
	return err
}
