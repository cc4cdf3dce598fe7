package dev

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// State is what a run notes in state.json, for other commands and for tests. It holds passwords.
type State struct {
	PID     int       `json:"pid"` // of the run itself
	Home    string    `json:"home"`
	Started time.Time `json:"started"`
	Ready   time.Time `json:"ready,omitzero"` // zero until everything is up for the first time

	Address           string `json:"address,omitempty"` // of the pages and the API, as a URL
	DatabaseURL       string `json:"database_url,omitempty"`
	OwnerDatabaseURL  string `json:"owner_database_url,omitempty"`
	SuperuserURL      string `json:"superuser_url,omitempty"` // of the private PostgreSQL; empty when there is none
	TemporalAddress   string `json:"temporal_address,omitempty"`
	TemporalNamespace string `json:"temporal_namespace,omitempty"`
	TemporalUI        string `json:"temporal_ui,omitempty"`

	// Children by name: postgres, temporal, signin, worker, api. Kept current when one is started again.
	Children map[string]Child `json:"children"`
}

// Child is one process of a run.
type Child struct {
	PID      int       `json:"pid"`
	Address  string    `json:"address"` // host:port
	Program  string    `json:"program"`
	Log      string    `json:"log"`
	Restarts int       `json:"restarts"`
	Started  time.Time `json:"started"`
	Data     string    `json:"data,omitempty"` // folder of its data, where it has one
}

// ErrNotRunning says that nothing runs in a home.
var ErrNotRunning = errors.New("gongshu dev is not running")

// ReadState returns the state of the run in a home. The error is ErrNotRunning when there is none, also when it was
// killed and left its file.
func ReadState(home string) (State, error) {
	s, err := readState(home)
	if errors.Is(err, fs.ErrNotExist) {
		return State{}, fmt.Errorf("%w in %s", ErrNotRunning, home)
	}
	if err != nil {
		return State{}, err
	}
	if err := syscall.Kill(s.PID, 0); errors.Is(err, syscall.ESRCH) {
		return State{}, fmt.Errorf("%w in %s", ErrNotRunning, home)
	}
	return s, nil
}

func readState(home string) (State, error) {
	text, err := os.ReadFile(statePath(home))
	if err != nil {
		return State{}, err
	}
	var s State
	if err := json.Unmarshal(text, &s); err != nil {
		return State{}, fmt.Errorf("%s: %w", statePath(home), err)
	}
	return s, nil
}

func statePath(home string) string { return filepath.Join(home, "state.json") }

// stateFile is the state and its file, which are the same at any time.
type stateFile struct {
	mu    sync.Mutex
	path  string
	state State
}

func newStateFile(home string, started time.Time) *stateFile {
	return &stateFile{path: statePath(home), state: State{
		PID: os.Getpid(), Home: home, Started: started, Children: make(map[string]Child),
	}}
}

func (f *stateFile) update(change func(*State)) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	change(&f.state)
	text, err := json.MarshalIndent(f.state, "", "  ")
	if err != nil {
		return err
	}
	next := f.path + ".next"
	if err := os.WriteFile(next, append(text, '\n'), 0o600); err != nil {
		return err
	}
	return os.Rename(next, f.path)
}

func (f *stateFile) current() State {
	f.mu.Lock()
	defer f.mu.Unlock()
	s := f.state
	s.Children = maps.Clone(s.Children)
	return s
}

func (f *stateFile) remove() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := os.Remove(f.path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// makeHome makes the home. Under root PostgreSQL runs as another user, who must be able to pass through.
func makeHome(home string) error {
	mode := os.FileMode(0o700)
	if os.Geteuid() == 0 {
		mode = 0o711
	}
	if err := os.MkdirAll(home, mode); err != nil {
		return fmt.Errorf("--home: %w", err)
	}
	return os.MkdirAll(filepath.Join(home, "log"), 0o700)
}

// lockHome lets one run at a time use a home. The lock ends with the file or the process.
func lockHome(home string) (*os.File, error) {
	path := filepath.Join(home, "dev.lock")
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	// A run that was just killed may take a moment to be gone.
	for end := time.Now().Add(2 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if !errors.Is(err, syscall.EWOULDBLOCK) || time.Now().After(end) {
			break
		}
	}
	if errors.Is(err, syscall.EWOULDBLOCK) {
		who := "another process"
		if s, err := readState(home); err == nil {
			who = fmt.Sprintf("process %d (%s)", s.PID, s.Address)
		}
		err = fmt.Errorf("gongshu dev 已在 %s 运行 · already runs in %[1]s: %s; stop it, or give another --home", home, who)
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// stopLeftovers ends children of a run that was killed, where the system did not (it does on Linux). PostgreSQL is
// looked after by localpg.
func stopLeftovers(ctx context.Context, home string, console *console) {
	s, err := readState(home)
	if err != nil {
		return // a first run, or a file torn by a crash
	}
	for _, name := range []string{"api", "worker", "temporal"} {
		c, ok := s.Children[name]
		if !ok || !runs(ctx, c) {
			continue
		}
		console.say("上次运行遗留的 %s 仍在,正在结束 · a %[1]s of a former run is still there (pid %d), ending it", name, c.PID)
		for _, signal := range []syscall.Signal{syscall.SIGTERM, syscall.SIGKILL} {
			if err := syscall.Kill(c.PID, signal); err != nil {
				break
			}
			for end := time.Now().Add(5 * time.Second); runs(ctx, c) && time.Now().Before(end); {
				time.Sleep(50 * time.Millisecond)
			}
		}
	}
}

// runs reports whether the process is there and is still the program that was noted.
func runs(ctx context.Context, c Child) bool {
	if c.PID <= 1 || syscall.Kill(c.PID, 0) != nil {
		return false
	}
	line, err := exec.CommandContext(ctx, "ps", "-ww", "-o", "command=", "-p", strconv.Itoa(c.PID)).Output()
	return err == nil && strings.HasPrefix(string(line), c.Program)
}
