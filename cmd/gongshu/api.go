package main

import (
	"context"
	"fmt"
	"net"
	"net/netip"

	"github.com/labstack/echo/v4"
	"github.com/spf13/cobra"

	"gongshu/api"
	"gongshu/web"
)

func newAPICommand() *cobra.Command {
	var (
		c      config
		listen string
		secure bool
	)
	cmd := &cobra.Command{
		Use:   "api",
		Short: "接口与页面 · the REST API and the pages",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return serveAPI(cmd.Context(), &c, listen, secure)
		},
	}
	c.flags(cmd, "database", "temporal", "regulations", "files", "demo")
	cmd.Flags().StringVar(&listen, "listen", environment("GONGSHU_LISTEN", "127.0.0.1:8080"), "host:port to listen on ($GONGSHU_LISTEN)")
	cmd.Flags().BoolVar(&secure, "secure-cookies", environment("GONGSHU_SECURE_COOKIES", "") == "1",
		"cookies for HTTPS only; set it where the pages are reached over HTTPS ($GONGSHU_SECURE_COOKIES=1)")
	return cmd
}

func serveAPI(ctx context.Context, c *config, listen string, secure bool) error {
	logger := newLogger()
	if c.Demo {
		if err := loopback(listen); err != nil {
			return err
		}
	}
	url, err := c.database()
	if err != nil {
		return err
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", listen)
	if err != nil {
		return fmt.Errorf("--listen: %w", err)
	}
	defer listener.Close()
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
	d, _, err := c.build(store, engine)
	if err != nil {
		return err
	}
	if d.Files, err = c.files(); err != nil {
		return err
	}
	if err := refreshCalendar(ctx, d.Almanac, store); err != nil {
		return err
	}
	go d.Almanac.Follow(ctx, store, logger)
	if err := refreshPolicy(ctx, d.Policy, store); err != nil {
		return err
	}
	go d.Policy.Follow(ctx, publications{store}, logger)
	var mounted error
	server := api.New(d, api.Options{Logger: logger, Mount: func(e *echo.Echo) {
		mounted = web.Mount(e, d, web.Options{Demo: c.Demo, Logger: logger, Secure: secure})
	}})
	if mounted != nil {
		return mounted
	}
	logger.Info("listening", "address", listener.Addr().String())
	return ended(api.Serve(ctx, server, listener))
}

// loopback refuses an address that others could reach: in the demo anybody who
// reaches it may sign in as anybody.
func loopback(listen string) error {
	host, _, err := net.SplitHostPort(listen)
	if err != nil {
		return fmt.Errorf("--listen: %w", err)
	}
	if host == "localhost" {
		return nil
	}
	if ip, err := netip.ParseAddr(host); err == nil && ip.IsLoopback() {
		return nil
	}
	return fmt.Errorf("--listen %s: the demo's sign-in is for this machine only; listen on 127.0.0.1", listen)
}
