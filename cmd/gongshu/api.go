package main

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strings"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/spf13/cobra"

	"gongshu/api"
	"gongshu/desk"
	"gongshu/web"
)

func newAPICommand() *cobra.Command {
	var (
		c config
		s settings
	)
	cmd := &cobra.Command{
		Use:   "api",
		Short: "接口与页面 · the REST API and the pages",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return serveAPI(cmd.Context(), &c, s)
		},
	}
	c.flags(cmd, "database", "temporal", "regulations", "files", "demo")
	s.providers.flags(cmd)
	f := cmd.Flags()
	f.StringVar(&s.listen, "listen", environment("GONGSHU_LISTEN", "127.0.0.1:8080"), "host:port to listen on ($GONGSHU_LISTEN)")
	f.BoolVar(&s.secure, "secure-cookies", environment("GONGSHU_SECURE_COOKIES", "") == "1",
		"cookies for HTTPS only; set it where the pages are reached over HTTPS ($GONGSHU_SECURE_COOKIES=1)")
	f.DurationVar(&s.idle, "session-idle", duration(os.Getenv("GONGSHU_SESSION_IDLE"), desk.SessionIdle), "how long a browser session lasts unused ($GONGSHU_SESSION_IDLE)")
	f.DurationVar(&s.longest, "session-max", duration(os.Getenv("GONGSHU_SESSION_MAX"), desk.SessionMax), "how long a browser session lasts at most ($GONGSHU_SESSION_MAX)")
	f.StringVar(&s.proxies, "trusted-proxies", os.Getenv("GONGSHU_TRUSTED_PROXIES"),
		"addresses or ranges, with commas, of the proxies whose X-Forwarded-For counts; none: nobody's ($GONGSHU_TRUSTED_PROXIES)")
	return cmd
}

// settings are those of the api command alone.
type settings struct {
	listen        string
	secure        bool
	idle, longest time.Duration
	proxies       string
	providers     providers
}

// trusted reads the ranges of the proxies.
func (s settings) trusted() ([]netip.Prefix, error) {
	var ranges []netip.Prefix
	for text := range strings.SplitSeq(s.proxies, ",") {
		if text = strings.TrimSpace(text); text == "" {
			continue
		}
		p, err := addressRange(text)
		if err != nil {
			return nil, fmt.Errorf("--trusted-proxies: %w", err)
		}
		ranges = append(ranges, p)
	}
	return ranges, nil
}

// duration reads a length of time; what is none counts as not given.
func duration(text string, otherwise time.Duration) time.Duration {
	if d, err := time.ParseDuration(text); err == nil {
		return d
	}
	return otherwise
}

// shortestIdle keeps sessions from ending under their owner's hands: that one is in
// use is written down once a minute.
const shortestIdle = 5 * time.Minute

func serveAPI(ctx context.Context, c *config, s settings) error {
	logger := newLogger()
	if c.Demo {
		if err := loopback(s.listen); err != nil {
			return err
		}
	}
	if s.idle < shortestIdle || s.longest < s.idle || s.longest > 7*24*time.Hour {
		return fmt.Errorf("--session-idle must be at least %s and --session-max no shorter than that, and at most 168h", shortestIdle)
	}
	proxies, err := s.trusted()
	if err != nil {
		return err
	}
	ways, err := s.providers.ways()
	if err != nil {
		return err
	}
	url, err := c.database()
	if err != nil {
		return err
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", s.listen)
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
	d.SessionIdle, d.SessionMax, d.Ways = s.idle, s.longest, ways
	if err := checkWays(ctx, ways, store); err != nil {
		return err
	}
	go discover(ctx, ways, logger)
	if err := refreshCalendar(ctx, d.Almanac, store); err != nil {
		return err
	}
	go d.Almanac.Follow(ctx, store, logger)
	if err := refreshPolicy(ctx, d.Policy, store); err != nil {
		return err
	}
	go d.Policy.Follow(ctx, desk.Publications{Store: store}, logger)
	var mounted error
	server := api.New(d, api.Options{Logger: logger, TrustedProxies: proxies, Mount: func(e *echo.Echo) {
		mounted = web.Mount(e, d, web.Options{Demo: c.Demo, Logger: logger, Secure: s.secure})
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
