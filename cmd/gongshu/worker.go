package main

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"gongshu/desk"
	"gongshu/worker"
)

func newWorkerCommand() *cobra.Command {
	var (
		c              config
		listen         string
		heads, webhook string
	)
	cmd := &cobra.Command{
		Use:   "worker",
		Short: "工作流与时限 · workflows, limits and the sweep",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return runWorker(cmd.Context(), &c, listen, heads, webhook)
		},
	}
	c.flags(cmd, "database", "temporal", "regulations", "files", "notice")
	f := cmd.Flags()
	f.StringVar(&listen, "listen", os.Getenv("GONGSHU_WORKER_LISTEN"), "host:port for /livez and /readyz; none when empty ($GONGSHU_WORKER_LISTEN)")
	f.StringVar(&heads, "trail-heads", os.Getenv("GONGSHU_TRAIL_HEADS"), "file to append the audit trail's heads to ($GONGSHU_TRAIL_HEADS)")
	f.StringVar(&webhook, "webhook-url", os.Getenv("GONGSHU_WEBHOOK_URL"), "address to post messages to, signed with $GONGSHU_WEBHOOK_SECRET ($GONGSHU_WEBHOOK_URL)")
	return cmd
}

func runWorker(ctx context.Context, c *config, listen, heads, webhook string) error {
	logger := newLogger()
	url, err := c.database()
	if err != nil {
		return err
	}
	secret := os.Getenv("GONGSHU_WEBHOOK_SECRET")
	if webhook != "" && secret == "" {
		return given(secret, "webhook-url without a secret: GONGSHU_WEBHOOK_SECRET", "GONGSHU_WEBHOOK_SECRET")
	}
	store, err := openStore(ctx, url)
	if err != nil {
		return err
	}
	defer store.Close()
	engine, err := c.dial(ctx, logger, store)
	if err != nil {
		return err
	}
	defer engine.Client.Close()
	d, acts, err := c.build(store, engine)
	if err != nil {
		return err
	}
	if d.Files, err = c.files(); err != nil {
		return err
	}
	if err := refreshCalendar(ctx, d.Almanac, store); err != nil {
		return err
	}
	if err := refreshPolicy(ctx, d.Policy, store); err != nil {
		return err
	}
	w := &worker.Worker{Engine: engine, Activities: acts, Store: store, Log: logger, Heads: heads, Files: d.Files}
	if webhook != "" {
		w.Deliver = worker.Webhook(webhook, []byte(secret))
	}
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return w.Run(ctx) })
	group.Go(func() error { d.Policy.Follow(ctx, desk.Publications{Store: store}, logger); return nil })
	if listen != "" {
		group.Go(func() error { return serveHealth(ctx, listen, d, logger) })
	}
	logger.Info("working")
	return ended(group.Wait())
}

// serveHealth answers whether the process lives and whether it can work.
func serveHealth(ctx context.Context, listen string, d *desk.Desk, logger *slog.Logger) error {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /livez", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		asking, cancel := context.WithTimeout(r.Context(), 3*time.Second)
		defer cancel()
		if err := d.Ready(asking); err != nil {
			logger.Warn("not ready", "error", err)
			http.Error(w, "not ready", http.StatusServiceUnavailable)
			return
		}
		fmt.Fprintln(w, "ok")
	})
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", listen)
	if err != nil {
		return fmt.Errorf("--listen: %w", err)
	}
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	stop := context.AfterFunc(ctx, func() { _ = server.Close() }) // the listener goes with the process
	defer stop()
	if err := server.Serve(listener); err != nil && ctx.Err() == nil {
		return err
	}
	return nil
}
