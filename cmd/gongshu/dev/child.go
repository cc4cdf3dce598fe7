package dev

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"
)

// A child that dies is started again after a pause that doubles from the first to the last, and is the first again
// once the child has stayed up for a while. One that dies before it was ever ready is not: it has so many attempts, each
// on an address of its own, before the start fails.
const (
	firstPause    = 200 * time.Millisecond
	lastPause     = 10 * time.Second
	stayedUp      = 30 * time.Second
	startAttempts = 3
)

// childSpec says how to run a child and how to know that it is ready.
type childSpec struct {
	name        string
	program     string
	arguments   []string
	environment []string
	address     string                      // where it listens
	also        []string                    // further addresses it listens on
	ready       func(context.Context) error // asked until it returns nil
	patience    time.Duration               // for an orderly end
}

// child is one process.
type child struct {
	pid  int
	done chan struct{}
	err  error // how it ended; read after done
}

// spawn starts a process in a group of its own, so that Ctrl-C in a terminal reaches it only through us, and so that
// it dies when this process does. Linux ties the latter to the thread that started it, which is kept until it ends.
func spawn(cmd *exec.Cmd) (*child, error) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	dieWithParent(cmd.SysProcAttr)
	c := &child{done: make(chan struct{})}
	started := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		if err == nil {
			c.pid = cmd.Process.Pid
		}
		started <- err
		if err == nil {
			c.err = cmd.Wait()
			close(c.done)
		}
	}()
	if err := <-started; err != nil {
		return nil, err
	}
	return c, nil
}

// stop asks the process to end, and after the patience ends it with its whole group.
func (c *child) stop(patience time.Duration) error {
	select {
	case <-c.done:
		return nil
	default:
	}
	if err := syscall.Kill(c.pid, syscall.SIGTERM); err != nil && !errors.Is(err, syscall.ESRCH) {
		return err
	}
	select {
	case <-c.done:
		return nil
	case <-time.After(patience):
	}
	if err := syscall.Kill(-c.pid, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
		return err
	}
	select {
	case <-c.done:
		return nil
	case <-time.After(5 * time.Second):
		return fmt.Errorf("process %d does not end", c.pid)
	}
}

// keeper keeps one child running.
type keeper struct {
	spec    childSpec
	log     string
	console *console
	state   *stateFile

	ready   chan struct{} // closed when it is ready for the first time
	gaveUp  chan struct{} // closed when it died before that; failure is set
	failure error
	cancel  context.CancelFunc
	ended   chan struct{}
	stopErr error // read after ended
}

func (r *run) keep(spec childSpec) *keeper {
	ctx, cancel := context.WithCancel(context.Background())
	k := &keeper{
		spec:    spec,
		log:     logPath(r.Home, spec.name),
		console: r.console,
		state:   r.state,
		ready:   make(chan struct{}),
		gaveUp:  make(chan struct{}),
		cancel:  cancel,
		ended:   make(chan struct{}),
	}
	go k.run(ctx)
	return k
}

// awaitReady returns when the child is ready for the first time, and says from time to time what it waits for.
func (k *keeper) awaitReady(ctx context.Context) error {
	done := k.console.waiting(k.spec.name, k.log)
	defer done()
	select {
	case <-k.ready:
		k.console.say("%s 已就绪 · ready (%s)", k.spec.name, k.spec.address)
		return nil
	case <-k.gaveUp:
		return k.failure
	case <-ctx.Done():
		return ctx.Err()
	}
}

// stop ends the child for good.
func (k *keeper) stop() error {
	done := k.console.waiting(k.spec.name, k.log)
	defer done()
	k.cancel()
	<-k.ended
	if k.stopErr != nil {
		return fmt.Errorf("stopping %s: %w", k.spec.name, k.stopErr)
	}
	return nil
}

func (k *keeper) run(ctx context.Context) {
	defer close(k.ended)
	pause := firstPause
	for attempt := 1; ; attempt++ {
		began := time.Now()
		err := k.runOnce(ctx, attempt-1)
		if ctx.Err() != nil {
			k.stopErr = err
			return
		}
		if !isClosed(k.ready) {
			k.failure = fmt.Errorf("%s does not start: %w\n%s", k.spec.name, err, logTail(k.log))
			close(k.gaveUp)
			<-ctx.Done()
			return
		}
		if time.Since(began) > stayedUp {
			pause = firstPause
		}
		k.console.say("%s 意外退出(%v),%v 后重启 · %[1]s ended unexpectedly (%[2]v), restarting in %[3]v, log: %s",
			k.spec.name, err, pause, k.log)
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
		}
		pause = min(2*pause, lastPause)
	}
}

// runOnce runs the child until it ends by itself, and returns how; or, when ctx ends, stops it, and returns what went
// wrong with that.
func (k *keeper) runOnce(ctx context.Context, restarts int) error {
	out, err := openLog(k.log)
	if err != nil {
		return err
	}
	cmd := exec.Command(k.spec.program, k.spec.arguments...)
	cmd.Env = k.spec.environment
	cmd.Stdout, cmd.Stderr = out, out
	c, err := spawn(cmd)
	if err = errors.Join(err, out.Close()); err != nil { // the child has its own descriptor
		return err
	}
	err = k.state.update(func(s *State) {
		s.Children[k.spec.name] = Child{
			PID: c.pid, Address: k.spec.address, Program: k.spec.program, Log: k.log, Restarts: restarts, Started: time.Now(),
		}
	})
	if err != nil {
		k.console.say("%v", err)
	}
	probing, stopProbing := context.WithCancel(ctx)
	defer stopProbing()
	becameReady := make(chan struct{})
	go func() {
		if k.probe(probing, c.pid) {
			close(becameReady)
		}
	}()
	for {
		select {
		case <-becameReady:
			becameReady = nil
			if !isClosed(k.ready) {
				close(k.ready)
			} else {
				k.console.say("%s 已恢复 · %[1]s is back (pid %d)", k.spec.name, c.pid)
			}
		case <-c.done:
			if c.err == nil {
				return errors.New("exit status 0")
			}
			return c.err
		case <-ctx.Done():
			return c.stop(k.spec.patience)
		}
	}
}

// probe asks until the child is ready, and is itself the one that answers; false when ctx ends first.
func (k *keeper) probe(ctx context.Context, pid int) bool {
	for {
		if k.spec.ready(ctx) == nil && k.spec.listening(pid) {
			return true
		}
		select {
		case <-ctx.Done():
			return false
		case <-time.After(30 * time.Millisecond):
		}
	}
}

// listening reports whether the process listens wherever it should.
func (s childSpec) listening(pid int) bool {
	for _, address := range append([]string{s.address}, s.also...) {
		if own, err := listens(pid, address); err != nil || !own {
			return false
		}
	}
	return true
}

// bring starts a child on the wished address or, when that is taken, on another, and returns when it is ready. The
// address may be lost to somebody faster before the child listens; then it is tried again, and not with the next ones,
// for which others that start now reach too. started is told each keeper before it is waited for.
func (r *run) bring(ctx context.Context, wish string, spec func(address string) (childSpec, error), started func(*keeper)) error {
	pause, next := firstPause, nextPorts
	for attempt := 1; ; attempt++ {
		address, err := freeAddress(wish, next)
		if err != nil {
			return err
		}
		s, err := spec(address)
		if err != nil {
			return err
		}
		if _, port, err := net.SplitHostPort(wish); err == nil && port != "0" && address != wish {
			r.console.say("端口 %s 已被占用,%s 改用 %s · %[1]s is taken, %[2]s uses %[3]s instead", wish, s.name, address)
		}
		k := r.keep(s)
		started(k)
		err = k.awaitReady(ctx)
		if err == nil || ctx.Err() != nil || attempt == startAttempts {
			return err
		}
		r.console.say("%s 未能启动,再试一次 · %[1]s did not start, trying again, log: %s", s.name, k.log)
		if err := k.stop(); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause):
		}
		pause *= 4
		next = 0
	}
}

// once runs a subcommand of this program to its end and returns its standard output. Everything is in its log, too.
func (r *run) once(ctx context.Context, name string, environment []string, arguments ...string) (string, error) {
	path := logPath(r.Home, name)
	out, err := openLog(path)
	if err != nil {
		return "", err
	}
	defer out.Close() // the child's errors were seen when it wrote
	done := r.console.waiting(name, path)
	defer done()
	var said bytes.Buffer
	cmd := exec.Command(r.program, arguments...)
	cmd.Env = environment
	cmd.Stdout, cmd.Stderr = io.MultiWriter(out, &said), out
	c, err := spawn(cmd)
	if err != nil {
		return "", fmt.Errorf("%s: %w", name, err)
	}
	select {
	case <-c.done:
	case <-ctx.Done():
		return "", errors.Join(ctx.Err(), c.stop(10*time.Second))
	}
	if c.err != nil {
		return "", fmt.Errorf("gongshu %s: %w\n%s", strings.Join(arguments, " "), c.err, logTail(path))
	}
	r.console.say("%s 完成 · %[1]s done", strings.Join(arguments, " "))
	return said.String(), nil
}

// answersOK asks a URL for status 200.
func answersOK(url string) func(context.Context) error {
	client := &http.Client{Timeout: 3 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	return func(ctx context.Context) error {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return err
		}
		resp, err := client.Do(req)
		if err != nil {
			return err
		}
		if err := resp.Body.Close(); err != nil {
			return err
		}
		if resp.StatusCode != http.StatusOK {
			return fmt.Errorf("%s answered %s", url, resp.Status)
		}
		return nil
	}
}

// inherited is this process's environment without what children are given anew.
func inherited() []string {
	var kept []string
	for _, v := range os.Environ() {
		name, _, _ := strings.Cut(v, "=")
		switch name {
		case "GONGSHU_HOME", "GONGSHU_DEMO", "GONGSHU_DATABASE_URL", "GONGSHU_OWNER_DATABASE_URL", "GONGSHU_LISTEN",
			"GONGSHU_WORKER_LISTEN", "GONGSHU_TEMPORAL_ADDRESS", "GONGSHU_TEMPORAL_NAMESPACE", postgresVariable:
		default:
			if !ofSignIn(name) {
				kept = append(kept, v)
			}
		}
	}
	return kept
}

// bigLog is the size at which a log is put aside when it is opened next.
const bigLog = 16 << 20

func logPath(home, name string) string { return filepath.Join(home, "log", name+".log") }

func openLog(path string) (*os.File, error) {
	if info, err := os.Stat(path); err == nil && info.Size() > bigLog {
		if err := os.Rename(path, path+".1"); err != nil {
			return nil, err
		}
	}
	return os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
}

// logTail is the end of a log, indented, for an error message.
func logTail(path string) string {
	text, err := os.ReadFile(path)
	if err != nil {
		return err.Error()
	}
	lines := strings.Split(strings.TrimRight(string(text), "\n"), "\n")
	if len(lines) > 15 {
		lines = lines[len(lines)-15:]
	}
	return path + ":\n    " + strings.Join(lines, "\n    ")
}

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}
