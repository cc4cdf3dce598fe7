//go:build e2e || bench

package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/log"

	"gongshu/sharing"
	"gongshu/workflows"
)

// programs are the two binaries under test.
type programs struct{ gongshu, devserver string }

// findPrograms returns those that the environment names, and builds the others.
var findPrograms = sync.OnceValues(func() (programs, error) {
	p := programs{os.Getenv("GONGSHU_BIN"), os.Getenv("GONGSHU_DEVSERVER")}
	root, err := filepath.Abs("..")
	if err != nil {
		return p, err
	}
	build := []string{"-C", root}
	if p.gongshu == "" {
		p.gongshu, build = filepath.Join(root, ".gongshu/bin/gongshu"), append(build, "build")
	}
	if p.devserver == "" {
		p.devserver, build = filepath.Join(root, ".gongshu/bin/gongshu-devserver"), append(build, "devserver")
	}
	if len(build) > 2 {
		making := exec.Command("make", build...)
		making.Stdout, making.Stderr = os.Stderr, os.Stderr
		if err := making.Run(); err != nil {
			return p, fmt.Errorf("make %s: %w", strings.Join(build, " "), err)
		}
	}
	return p, nil
})

// process is a child that ends with this one.
type process struct {
	pid  int
	done chan struct{}
	err  error // read after done
}

// spawn starts a process in a group of its own. The kernel kills it when the
// thread that started it ends, so that thread waits for it.
func spawn(cmd *exec.Cmd) (*process, error) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	p := &process{done: make(chan struct{})}
	started := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		if err == nil {
			p.pid = cmd.Process.Pid
		}
		started <- err
		if err == nil {
			p.err = cmd.Wait()
			close(p.done)
		}
	}()
	return p, <-started
}

// end asks a process to end, and kills it when it does not.
func (p *process) end(patience time.Duration) error {
	for _, signal := range []syscall.Signal{syscall.SIGTERM, syscall.SIGKILL} {
		if err := syscall.Kill(p.pid, signal); err != nil && !errors.Is(err, syscall.ESRCH) {
			return err
		}
		select {
		case <-p.done:
			return nil
		case <-time.After(patience):
		}
	}
	return fmt.Errorf("process %d does not end", p.pid)
}

// devState is what `gongshu dev` writes down about itself.
type devState struct {
	PID             int       `json:"pid"`
	Ready           time.Time `json:"ready"`
	Address         string    `json:"address"`
	DatabaseURL     string    `json:"database_url"`
	OwnerURL        string    `json:"owner_database_url"`
	SuperuserURL    string    `json:"superuser_url"`
	TemporalAddress string    `json:"temporal_address"`
	Namespace       string    `json:"temporal_namespace"`
	Children        map[string]struct {
		PID      int    `json:"pid"`
		Address  string `json:"address"`
		Restarts int    `json:"restarts"`
	} `json:"children"`
}

// system is one running `gongshu dev` with everything it starts.
type system struct {
	programs
	folder, home string
	laws         string // folder of the tests' regulations
	dev          *process
	http         *http.Client
	gongshuDB    *pgxpool.Pool // as PostgreSQL's superuser
	temporalDB   *pgxpool.Pool
	engine       workflows.Engine
	tokens       sync.Map // user to token
}

// starting is held while a system looks for free ports, and while one has left a
// port of its own for a moment: none takes another's.
var starting sync.Mutex

// start starts a system and returns when it is ready.
func start(ctx context.Context) (_ *system, err error) {
	p, err := findPrograms()
	if err != nil {
		return nil, err
	}
	folder, err := os.MkdirTemp("", "gongshu-e2e-")
	if err != nil {
		return nil, err
	}
	if err := os.Chmod(folder, 0o711); err != nil { // PostgreSQL runs as another user under root
		return nil, err
	}
	laws, err := filepath.Abs("testdata/regulations")
	if err != nil {
		return nil, err
	}
	s := &system{programs: p, folder: folder, home: filepath.Join(folder, "home"), laws: laws, http: &http.Client{
		Timeout: 30 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 64},
	}}
	starting.Lock()
	defer starting.Unlock()
	if err := s.boot(ctx); err != nil {
		return nil, errors.Join(err, s.stop(true))
	}
	return s, nil
}

// boot runs `gongshu dev` in the system's home, and connects to what it started.
func (s *system) boot(ctx context.Context) error {
	out, err := os.OpenFile(filepath.Join(s.folder, "dev.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	cmd := exec.Command(s.gongshu, "dev", "--home", s.home, "--listen", "127.0.0.1:0", "--devserver", s.devserver)
	cmd.Env = s.environment()
	cmd.Stdout, cmd.Stderr = out, out
	s.dev, err = spawn(cmd)
	if err = errors.Join(err, out.Close()); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	var now devState
	for now.Ready.IsZero() {
		select {
		case <-s.dev.done:
			return fmt.Errorf("gongshu dev ended: %w\n%s", s.dev.err, s.logTails())
		case <-ctx.Done():
			return fmt.Errorf("gongshu dev is not ready: %w\n%s", ctx.Err(), s.logTails())
		case <-time.After(20 * time.Millisecond):
		}
		now, _ = s.read() // not there, or half written by somebody else: asked again
	}
	if s.gongshuDB, err = open(ctx, now.SuperuserURL, "gongshu"); err != nil {
		return err
	}
	if s.temporalDB, err = open(ctx, now.SuperuserURL, "temporal"); err != nil {
		return err
	}
	c, err := client.DialContext(ctx, client.Options{
		HostPort: now.TemporalAddress, Namespace: now.Namespace, Identity: "e2e", Logger: log.NewStructuredLogger(slog.New(slog.DiscardHandler)),
	})
	s.engine = workflows.Engine{Client: c, ProcedureOf: s.procedureOf}
	return err
}

// environment is what every program of the system is started with.
func (s *system) environment() []string {
	return append(os.Environ(), "GONGSHU_REGULATIONS_DIR="+s.laws, "GONGSHU_TRAIL_HEADS="+filepath.Join(s.folder, "heads"),
		"GONGSHU_FILES_URL=file://"+filepath.ToSlash(filepath.Join(s.folder, "home", "files")))
}

// open connects to another database of the server at a URL.
func open(ctx context.Context, server, database string) (*pgxpool.Pool, error) {
	u, err := url.Parse(server)
	if err != nil {
		return nil, err
	}
	u.Path = "/" + database
	return pgxpool.New(ctx, u.String())
}

// stop ends everything and removes its data, unless they are worth keeping.
func (s *system) stop(keep bool) error {
	if s.gongshuDB != nil {
		s.gongshuDB.Close()
	}
	if s.temporalDB != nil {
		s.temporalDB.Close()
	}
	if s.engine.Client != nil {
		s.engine.Client.Close()
	}
	var err error
	if s.dev != nil {
		// Whatever a test left stopped can only end when it goes on.
		now, _ := s.read()
		_ = syscall.Kill(s.dev.pid, syscall.SIGCONT)
		for _, child := range now.Children {
			_ = syscall.Kill(child.PID, syscall.SIGCONT)
		}
		err = s.dev.end(30 * time.Second)
	}
	if keep {
		return err
	}
	return errors.Join(err, os.RemoveAll(s.folder))
}

func (s *system) read() (devState, error) {
	var now devState
	text, err := os.ReadFile(filepath.Join(s.home, "state.json"))
	if err != nil {
		return now, err
	}
	return now, json.Unmarshal(text, &now)
}

func (s *system) state(t testing.TB) devState {
	t.Helper()
	now, err := s.read()
	require.NoError(t, err)
	return now
}

// logTails are the last lines of every log.
func (s *system) logTails() string {
	logs, _ := filepath.Glob(filepath.Join(s.home, "log", "*.log"))
	var b strings.Builder
	for _, name := range append(logs, filepath.Join(s.folder, "dev.log")) {
		text, err := os.ReadFile(name)
		if err != nil {
			continue
		}
		lines := strings.Split(strings.TrimSpace(string(text)), "\n")
		fmt.Fprintf(&b, "== %s\n%s\n", name, strings.Join(lines[max(0, len(lines)-25):], "\n"))
	}
	return b.String()
}

// command runs a subcommand of gongshu against the system and returns what it
// printed.
func (s *system) command(ctx context.Context, arguments ...string) (string, error) {
	cmd := exec.CommandContext(ctx, s.gongshu, arguments...)
	cmd.Env = append(s.environment(), "GONGSHU_HOME="+s.home)
	var said, wrong bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &wrong
	if err := cmd.Run(); err != nil {
		return said.String(), fmt.Errorf("gongshu %s: %w\n%s", strings.Join(arguments, " "), err, wrong.String())
	}
	return said.String(), nil
}

func (s *system) run(t testing.TB, arguments ...string) string {
	t.Helper()
	said, err := s.command(t.Context(), arguments...)
	require.NoError(t, err)
	return said
}

// procedureOf reads the procedure of a case as the engine does.
func (s *system) procedureOf(ctx context.Context, caseID string) (p sharing.Procedure, err error) {
	err = s.gongshuDB.QueryRow(ctx, `SELECT procedure FROM cases WHERE id::text = $1`, caseID).Scan(&p)
	return p, err
}
