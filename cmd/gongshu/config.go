package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/spf13/cobra"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/log"

	"gongshu/activities"
	"gongshu/almanac"
	"gongshu/desk"
	"gongshu/files"
	"gongshu/policies"
	"gongshu/policies/regulations"
	"gongshu/postgres"
	"gongshu/regulation"
	"gongshu/workday"
	"gongshu/workflows"
)

// config is what api, worker and the operator's commands are told by flags or,
// where a flag is not given, by the environment.
type config struct {
	DatabaseURL      string
	OwnerDatabaseURL string
	TemporalAddress  string
	Namespace        string
	Regulations      string
	DeemNextDay      bool
	Demo             bool
	FilesURL         string
	ExpiryNotice     int // days
}

// flags adds the flags of a command; a value from the environment is its default.
func (c *config) flags(cmd *cobra.Command, which ...string) {
	f := cmd.Flags()
	for _, name := range which {
		switch name {
		case "database":
			f.StringVar(&c.DatabaseURL, "database-url", os.Getenv("GONGSHU_DATABASE_URL"), "PostgreSQL, as the application's role ($GONGSHU_DATABASE_URL)")
		case "owner":
			f.StringVar(&c.OwnerDatabaseURL, "owner-database-url", os.Getenv("GONGSHU_OWNER_DATABASE_URL"), "PostgreSQL, as the owner of the tables ($GONGSHU_OWNER_DATABASE_URL)")
		case "temporal":
			f.StringVar(&c.TemporalAddress, "temporal-address", os.Getenv("GONGSHU_TEMPORAL_ADDRESS"), "host:port of the Temporal server ($GONGSHU_TEMPORAL_ADDRESS)")
			f.StringVar(&c.Namespace, "temporal-namespace", environment("GONGSHU_TEMPORAL_NAMESPACE", "gongshu"), "Temporal namespace ($GONGSHU_TEMPORAL_NAMESPACE)")
		case "regulations":
			f.StringVar(&c.Regulations, "regulations", os.Getenv("GONGSHU_REGULATIONS_DIR"), "folder of further regulation files ($GONGSHU_REGULATIONS_DIR)")
			f.BoolVar(&c.DeemNextDay, "deem-next-day", os.Getenv("GONGSHU_DEEM_NEXT_DAY") == "1",
				"what is received on a day off is deemed received on the next working day ($GONGSHU_DEEM_NEXT_DAY=1)")
		case "notice":
			f.IntVar(&c.ExpiryNotice, "expiry-notice-days", number(os.Getenv("GONGSHU_EXPIRY_NOTICE_DAYS"), activities.DefaultExpiryNotice),
				"how many days before its end the holder of a grant is told; never when negative ($GONGSHU_EXPIRY_NOTICE_DAYS)")
		case "files":
			f.StringVar(&c.FilesURL, "files-url", os.Getenv("GONGSHU_FILES_URL"),
				"where files are kept: file:///folder, or s3://bucket?endpoint=https://host:port&region=… with $AWS_ACCESS_KEY_ID and $AWS_SECRET_ACCESS_KEY ($GONGSHU_FILES_URL)")
		case "demo":
			f.BoolVar(&c.Demo, "demo", os.Getenv("GONGSHU_DEMO") == "1", "anybody on this machine may sign in as any user; loopback only ($GONGSHU_DEMO=1)")
		}
	}
}

// number reads a whole number; what is none counts as not given.
func number(text string, otherwise int) int {
	if n, err := strconv.Atoi(text); err == nil {
		return n
	}
	return otherwise
}

func environment(name, otherwise string) string {
	if v := os.Getenv(name); v != "" {
		return v
	}
	return otherwise
}

// given names a value that is missing by its flag and variable.
func given(value, flag, variable string) error {
	if value == "" {
		return fmt.Errorf("--%s is missing (or set %s)", flag, variable)
	}
	return nil
}

// database returns the URL of the database: the given one, or that of a system
// that `gongshu dev` runs from this folder.
func (c *config) database() (string, error) {
	if c.DatabaseURL == "" {
		c.DatabaseURL = runningDev().DatabaseURL
	}
	return c.DatabaseURL, given(c.DatabaseURL, "database-url", "GONGSHU_DATABASE_URL")
}

// ownerDatabase is database as the owner of the tables.
func (c *config) ownerDatabase() (string, error) {
	if c.OwnerDatabaseURL == "" {
		c.OwnerDatabaseURL = runningDev().OwnerDatabaseURL
	}
	return c.OwnerDatabaseURL, given(c.OwnerDatabaseURL, "owner-database-url", "GONGSHU_OWNER_DATABASE_URL")
}

// files opens the store of files: the given one, or that of a system that `gongshu
// dev` runs from this folder.
func (c *config) files() (files.Store, error) {
	if c.FilesURL == "" && runningDev().DatabaseURL != "" {
		home, err := filepath.Abs(environment("GONGSHU_HOME", ".gongshu"))
		if err != nil {
			return nil, err
		}
		c.FilesURL = (&url.URL{Scheme: "file", Path: filepath.ToSlash(filepath.Join(home, "files"))}).String()
	}
	if err := given(c.FilesURL, "files-url", "GONGSHU_FILES_URL"); err != nil {
		return nil, err
	}
	return files.Open(c.FilesURL)
}

// devState is what `gongshu dev` writes down for other commands.
type devState struct {
	DatabaseURL      string `json:"database_url"`
	OwnerDatabaseURL string `json:"owner_database_url"`
	TemporalAddress  string `json:"temporal_address"`
	Namespace        string `json:"temporal_namespace"`
}

// runningDev reads the state of a system run by `gongshu dev`; it is empty when
// there is none.
func runningDev() devState {
	var s devState
	content, err := os.ReadFile(filepath.Join(environment("GONGSHU_HOME", ".gongshu"), "state.json"))
	if err != nil || json.Unmarshal(content, &s) != nil {
		return devState{}
	}
	return s
}

// law loads the shipped regulations and those of the operator's folder.
func (c *config) law() (*regulation.Library, error) {
	folders := []fs.FS{regulations.Files}
	if c.Regulations != "" {
		folders = append(folders, os.DirFS(c.Regulations))
	}
	return regulation.Load(folders...)
}

// store opens the database, waiting a while for it: start order does not matter.
func openStore(ctx context.Context, url string) (*postgres.Store, error) {
	return patiently(ctx, "PostgreSQL", func() (*postgres.Store, error) { return postgres.Open(ctx, url) })
}

// dial connects to Temporal, waiting a while for it.
func (c *config) dial(ctx context.Context, logger *slog.Logger, store *postgres.Store) (workflows.Engine, error) {
	if dev := runningDev(); c.TemporalAddress == "" && dev.TemporalAddress != "" {
		c.TemporalAddress, c.Namespace = dev.TemporalAddress, dev.Namespace
	}
	if err := given(c.TemporalAddress, "temporal-address", "GONGSHU_TEMPORAL_ADDRESS"); err != nil {
		return workflows.Engine{}, err
	}
	return patiently(ctx, "Temporal", func() (workflows.Engine, error) {
		dialing, cancel := context.WithTimeout(ctx, 5*time.Second)
		defer cancel()
		c, err := client.DialContext(dialing, client.Options{
			HostPort: c.TemporalAddress, Namespace: c.Namespace, Logger: log.NewStructuredLogger(logger), Identity: "gongshu",
		})
		return workflows.Engine{Client: c, ProcedureOf: store.ProcedureOf}, err
	})
}

// patiently tries until it works, for at most two minutes.
func patiently[T any](ctx context.Context, what string, try func() (T, error)) (T, error) {
	const patience = 2 * time.Minute
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for waited := false; ; waited = true {
		v, err := try()
		if err == nil {
			return v, nil
		}
		if !waited {
			slog.Info("waiting for "+what, "error", err)
		}
		select {
		case <-ctx.Done():
			return v, fmt.Errorf("%s does not answer: %w", what, err)
		case <-time.After(500 * time.Millisecond):
		}
	}
}

// build puts a desk and its activities together.
func (c *config) build(store *postgres.Store, engine desk.Engine) (*desk.Desk, *activities.Activities, error) {
	law, err := c.law()
	if err != nil {
		return nil, nil, err
	}
	current, err := policies.NewCurrent(policies.Shipped())
	if err != nil {
		return nil, nil, err
	}
	days, err := almanac.New(workday.ShippedCalendar())
	if err != nil {
		return nil, nil, err
	}
	d := desk.New(desk.Options{
		Store: store, Engine: engine, Policy: current, Law: law, Almanac: days, DeemNextDay: c.DeemNextDay, Demo: c.Demo,
	})
	return d, &activities.Activities{Store: store, Law: law, Almanac: days, DeemNextDay: c.DeemNextDay, ExpiryNotice: c.ExpiryNotice}, nil
}

// newLogger writes to the standard error: text for people, JSON for programs.
func newLogger() *slog.Logger {
	options := &slog.HandlerOptions{Level: slog.LevelInfo}
	if os.Getenv("GONGSHU_LOG") == "json" {
		return slog.New(slog.NewJSONHandler(os.Stderr, options))
	}
	return slog.New(slog.NewTextHandler(os.Stderr, options))
}

// ended tells the end that was asked for from one that was not.
func ended(err error) error {
	if errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}
