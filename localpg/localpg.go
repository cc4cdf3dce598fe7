// Package localpg runs a private PostgreSQL server: one data folder, one process, loopback only, random passwords.
//
// It serves `gongshu dev` and the tests. Nothing needs to be prepared: binaries that are installed are used, and
// where there are none they are fetched once. PostgreSQL refuses to run as root, so under root the server is given
// another account. Whatever was killed before, the next Start brings the data back up.
package localpg

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"
)

// The roles and the database every server has besides PostgreSQL's own.
const (
	Superuser = "postgres"
	OwnerRole = "gongshu"     // owns the database and migrates it
	AppRole   = "gongshu_app" // has what migrations grant, nothing else
	Database  = "gongshu"     // owned by OwnerRole
)

const loopback = "127.0.0.1"

// Options say where a server keeps its data and how it runs. Only Dir is required.
type Options struct {
	// Dir holds the data, the passwords and the socket. It is created when missing. One server at a time.
	Dir string
	// Port on 127.0.0.1. It is a wish: when it is taken, or 0, a free one is used; Server.Port tells.
	Port int
	// LogFile receives what PostgreSQL itself writes. Empty: postgres.log in Dir.
	LogFile string
	// Log receives one line for each thing worth knowing (a download, a leftover that was stopped). nil discards.
	Log io.Writer
	// Binaries is a folder with postgres and initdb. Empty: they are looked for, then fetched.
	Binaries string
	// Ephemeral trades durability for speed: no fsync. For tests, whose data nobody needs after a crash.
	Ephemeral bool
	// Settings are further run-time parameters, name to value.
	Settings map[string]string
}

// Server is a running PostgreSQL server. Its methods may be called at the same time.
type Server struct {
	dir     string
	place   string
	port    int
	version string
	process *process
	secrets *secrets

	templates sync.Map // name to *template
	databases sequence
}

// Start returns when the server accepts connections and has its roles and its database. ctx bounds the start only;
// the server lives until Stop, and no longer than this process where the system allows that (Linux).
func Start(ctx context.Context, o Options) (_ *Server, err error) {
	if o.Dir == "" {
		return nil, errors.New("localpg: Options.Dir is empty")
	}
	if o.Log == nil {
		o.Log = io.Discard
	}
	if o.Dir, err = filepath.Abs(o.Dir); err != nil {
		return nil, fmt.Errorf("localpg: %w", err)
	}
	s, err := start(ctx, o)
	if err != nil {
		return nil, fmt.Errorf("private PostgreSQL in %s: %w", o.Dir, err)
	}
	return s, nil
}

func start(ctx context.Context, o Options) (_ *Server, err error) {
	if err := os.MkdirAll(o.Dir, 0o711); err != nil {
		return nil, err
	}
	lock, err := lockFolder(o.Dir)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, lock.Close())
		}
	}()

	user, err := accountFor(o.Dir)
	if err != nil {
		return nil, err
	}
	place, err := placeFor(ctx, o.Dir, user, o.Log)
	if err != nil {
		return nil, err
	}
	if user, err = accountFor(place); err != nil {
		return nil, err
	}
	cluster := cluster{data: filepath.Join(place, "data"), user: user, log: o.Log}
	major, err := cluster.major()
	if err != nil {
		return nil, err
	}
	if cluster.binaries, err = locateBinaries(ctx, o.Binaries, major, user, o.Log); err != nil {
		return nil, err
	}
	if err := cluster.stopLeftover(ctx); err != nil {
		return nil, err
	}
	secrets, err := openSecrets(o.Dir)
	if err != nil {
		return nil, err
	}
	if major == 0 {
		superuser, err := secrets.password(Superuser)
		if err != nil {
			return nil, err
		}
		if err := cluster.initialise(ctx, superuser, o.Ephemeral); err != nil {
			return nil, err
		}
	} else if !secrets.has(Superuser) {
		return nil, fmt.Errorf("the data are there, but not the passwords (%s); put the file back, or remove the folder to begin anew", secrets.path)
	}

	if o.LogFile == "" {
		o.LogFile = filepath.Join(o.Dir, "postgres.log")
	}
	s := &Server{dir: o.Dir, place: place, secrets: secrets, version: cluster.binaries.version}
	if err := s.launch(ctx, cluster, o, lock); err != nil {
		return nil, err
	}
	if err := s.prepare(ctx); err != nil {
		return nil, errors.Join(err, s.Stop(context.WithoutCancel(ctx)))
	}
	return s, nil
}

// Port is the TCP port on 127.0.0.1.
func (s *Server) Port() int { return s.port }

// PID is the process id of the postmaster.
func (s *Server) PID() int { return s.process.pid }

// Dir is where the data folder lies: Options.Dir, or another place when the server's account may not enter that.
func (s *Server) Dir() string { return s.place }

// Version is PostgreSQL's version, such as "17.10".
func (s *Server) Version() string { return s.version }

// Done is closed when the server's process has ended, for whatever reason.
func (s *Server) Done() <-chan struct{} { return s.process.done }

// URL connects to a database as superuser.
func (s *Server) URL(database string) string {
	u, err := s.LoginURL(Superuser, database)
	if err != nil {
		panic(err) // Start has seen to the superuser's password
	}
	return u
}

// OwnerURL connects to the database gongshu as its owner, for migrations.
func (s *Server) OwnerURL() string { return s.mustLoginURL(OwnerRole, Database) }

// AppURL connects to the database gongshu as the role the application runs under.
func (s *Server) AppURL() string { return s.mustLoginURL(AppRole, Database) }

// LoginURL connects to a database as a role made by CreateLogin or by Start.
func (s *Server) LoginURL(role, database string) (string, error) {
	if !s.secrets.has(role) {
		return "", fmt.Errorf("localpg: no password is known for role %q", role)
	}
	password, err := s.secrets.password(role)
	if err != nil {
		return "", err
	}
	return s.connectionURL(role, password, database), nil
}

func (s *Server) mustLoginURL(role, database string) string {
	u, err := s.LoginURL(role, database)
	if err != nil {
		panic(err) // Start made these roles
	}
	return u
}

func (s *Server) connectionURL(role, password, database string) string {
	u := url.URL{
		Scheme:   "postgres",
		User:     url.UserPassword(role, password),
		Host:     net.JoinHostPort(loopback, strconv.Itoa(s.port)),
		Path:     "/" + database,
		RawQuery: "sslmode=disable",
	}
	return u.String()
}

// Stop shuts the server down: open transactions are rolled back, the data are flushed. If ctx ends first, or after
// half a minute, it is ended the hard way, which the next start recovers from. A stopped server may be stopped again.
func (s *Server) Stop(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	return s.process.stop(ctx)
}
