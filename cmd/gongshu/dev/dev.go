// Package dev runs everything Gongshu needs on one machine: a private PostgreSQL, a Temporal server on it, the
// migrations, the demo data, the API with its pages, and a worker. It starts them in order as child processes, starts
// again what dies, and stops them in the reverse order.
//
// Whatever was killed before, the next run comes up by itself: the data are in PostgreSQL, nothing else needs repair.
package dev

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"
)

// Namespace is the Temporal namespace on a server of one's own. A private server
// has a namespace of its home's own, see [privateNamespace].
const Namespace = "gongshu"

// Options of one run. Home and Listen are required.
type Options struct {
	// Home is the folder for data, logs and state.json. One run at a time.
	Home string
	// Listen is the host:port of the API and the pages. When the port is taken, one of the next is used; port 0 is any,
	// and then for Temporal, too.
	Listen string
	// DatabaseURL is a PostgreSQL of one's own, as the role the application runs under. Empty: the private one.
	DatabaseURL string
	// OwnerDatabaseURL is the same database as its owner, for migrations. Empty: DatabaseURL.
	OwnerDatabaseURL string
	// TemporalAddress is the host:port of a Temporal server of one's own. Empty: one is started.
	TemporalAddress string
	// Devserver is the program gongshu-devserver. Empty: it is looked for beside this program, then on the path.
	Devserver string
	// Out receives what the person at the terminal should see.
	Out io.Writer
}

func (o *Options) complete() error {
	if o.Home == "" {
		return errors.New("--home is empty")
	}
	var err error
	if o.Home, err = filepath.Abs(o.Home); err != nil {
		return fmt.Errorf("--home: %w", err)
	}
	if _, _, err := net.SplitHostPort(o.Listen); err != nil {
		return fmt.Errorf("--listen: want host:port: %w", err)
	}
	if o.OwnerDatabaseURL != "" && o.DatabaseURL == "" {
		return errors.New("--owner-database-url is of use only with --database-url")
	}
	if o.OwnerDatabaseURL == "" {
		o.OwnerDatabaseURL = o.DatabaseURL
	}
	if o.TemporalAddress != "" {
		if _, _, err := net.SplitHostPort(o.TemporalAddress); err != nil {
			return fmt.Errorf("--temporal-address: want host:port: %w", err)
		}
	}
	if o.Out == nil {
		o.Out = io.Discard
	}
	return nil
}

// run is one run of everything.
type run struct {
	Options
	program   string
	namespace string
	console   *console
	state     *stateFile

	database *database // nil with a database of one's own
	temporal *keeper   // nil with a Temporal server of one's own
	signIn   *keeper
	issuer   string // of the identity provider
	worker   *keeper
	api      *keeper
}

// Run starts everything and returns when ctx has ended and everything is stopped. The error is why the start failed,
// or what could not be stopped.
func Run(ctx context.Context, o Options) (err error) {
	begin := time.Now()
	if err := o.complete(); err != nil {
		return err
	}
	program, err := os.Executable()
	if err != nil {
		return err
	}
	if err := makeHome(o.Home); err != nil {
		return err
	}
	lock, err := lockHome(o.Home)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, lock.Close()) }()

	r := &run{Options: o, program: program, namespace: Namespace, console: newConsole(o.Out, begin)}
	if o.TemporalAddress == "" {
		if r.namespace, err = privateNamespace(o.Home); err != nil {
			return err
		}
	}
	stopLeftovers(ctx, o.Home, r.console)
	r.state = newStateFile(o.Home, begin)
	// Everything is stopped before the state file goes, and before the lock.
	defer func() { err = errors.Join(err, r.state.remove()) }()
	defer func() { err = errors.Join(err, r.stop()) }()

	demo, err := r.start(ctx)
	switch {
	case err != nil && ctx.Err() != nil: // interrupted; what the steps said about it is of no interest
		return nil
	case err != nil:
		return err
	}
	if err := r.state.update(func(s *State) { s.Ready = time.Now() }); err != nil {
		return err
	}
	r.console.banner(r.state.current(), demo)
	<-ctx.Done()
	return nil
}

// start brings everything up in order and returns what the loading of the demo data had to say.
func (r *run) start(ctx context.Context) (demo string, err error) {
	program, err := r.temporalProgram()
	if err != nil {
		return "", err
	}
	if r.DatabaseURL == "" || program.needsDatabase {
		if r.database, err = startDatabase(ctx, r); err != nil {
			return "", err
		}
		if r.DatabaseURL == "" {
			r.DatabaseURL, r.OwnerDatabaseURL = r.database.server.AppURL(), r.database.server.OwnerURL()
		}
	}
	err = r.state.update(func(s *State) {
		s.DatabaseURL, s.OwnerDatabaseURL = r.DatabaseURL, r.OwnerDatabaseURL
	})
	if err != nil {
		return "", err
	}

	// The migrations and the Temporal server need only the database, the identity provider nothing.
	migration := r.ownerEnvironment()
	both, bothCtx := errgroup.WithContext(ctx)
	both.Go(func() error { return r.startTemporal(bothCtx, program) })
	both.Go(func() error { return r.startSignIn(bothCtx) })
	both.Go(func() error {
		_, err := r.once(bothCtx, "migrate", migration, "migrate")
		return err
	})
	if err := both.Wait(); err != nil {
		return "", err
	}
	if demo, err = r.once(ctx, "demo", r.ownerEnvironment(), "demo", "load"); err != nil {
		return "", err
	}
	return demo, r.startPrograms(ctx)
}

// startPrograms starts api and worker, and returns when both say that they are ready.
func (r *run) startPrograms(ctx context.Context) error {
	environment := r.environment()
	with := func(v string) []string { return append(slices.Clone(environment), v) }
	both, ctx := errgroup.WithContext(ctx)
	both.Go(func() error {
		return r.bring(ctx, "127.0.0.1:0", func(address string) (childSpec, error) {
			return childSpec{
				name:        "worker",
				program:     r.program,
				arguments:   []string{"worker"},
				environment: with("GONGSHU_WORKER_LISTEN=" + address),
				address:     address,
				ready:       answersOK("http://" + address + "/readyz"),
				patience:    15 * time.Second,
			}, nil
		}, func(k *keeper) { r.worker = k })
	})
	both.Go(func() error {
		return r.bring(ctx, r.Listen, func(address string) (childSpec, error) {
			site := "http://" + reachable(address)
			return childSpec{
				name:        "api",
				program:     r.program,
				arguments:   []string{"api"},
				environment: append(with("GONGSHU_LISTEN="+address), r.signInEnvironment(site)...),
				address:     address,
				ready:       answersOK(site + "/readyz"),
				patience:    10 * time.Second,
			}, r.state.update(func(s *State) { s.Address = site })
		}, func(k *keeper) { r.api = k })
	})
	return both.Wait()
}

// stop stops what was started, in the reverse order.
func (r *run) stop() error {
	if r.database == nil && r.temporal == nil && r.signIn == nil && r.api == nil {
		return nil
	}
	r.console.say("正在停止 · stopping (Ctrl-C again: at once)")
	var err error
	for _, k := range []*keeper{r.api, r.worker, r.signIn, r.temporal} {
		if k != nil {
			err = errors.Join(err, k.stop())
		}
	}
	if r.database != nil {
		err = errors.Join(err, r.database.stop())
	}
	if err == nil {
		r.console.say("已停止 · stopped")
	}
	return err
}

// environment is what api and worker get. The owner's URL is not for them.
func (r *run) environment() []string {
	return append(inherited(),
		"GONGSHU_HOME="+r.Home,
		"GONGSHU_DEMO=1",
		"GONGSHU_DATABASE_URL="+r.DatabaseURL,
		"GONGSHU_TEMPORAL_ADDRESS="+r.TemporalAddress,
		"GONGSHU_TEMPORAL_NAMESPACE="+r.namespace,
		"GONGSHU_FILES_URL="+r.filesURL(),
	)
}

// filesURL is where uploaded files are kept: the operator's own store, or a folder
// of the home.
func (r *run) filesURL() string {
	if own := os.Getenv("GONGSHU_FILES_URL"); own != "" {
		return own
	}
	return (&url.URL{Scheme: "file", Path: filepath.ToSlash(filepath.Join(r.Home, "files"))}).String()
}

// ownerEnvironment is what migrations and the loading of demo data get.
func (r *run) ownerEnvironment() []string {
	return append(r.environment(), "GONGSHU_OWNER_DATABASE_URL="+r.OwnerDatabaseURL)
}
