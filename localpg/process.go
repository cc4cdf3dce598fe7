package localpg

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

// startTimeout bounds one start, crash recovery included.
const startTimeout = 2 * time.Minute

// socketPathLimit is what a Unix socket's path may have at most on the systems we know (108 with the closing NUL on
// Linux, 104 on macOS).
const socketPathLimit = 103

// process is a postmaster that is our child.
type process struct {
	pid  int
	done chan struct{}
	err  error // how it ended; read after done
}

// launch starts the postmaster until one accepts connections: a port may be lost between choosing and listening,
// and backends of a killed postmaster may hold its shared memory for a moment.
func (s *Server) launch(ctx context.Context, c cluster, o Options, lock *os.File) (err error) {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	logFile, err := os.OpenFile(o.LogFile, os.O_CREATE|os.O_APPEND|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, logFile.Close()) }()

	wish := o.Port
	for {
		if s.port, err = choosePort(wish); err != nil {
			return err
		}
		begin, err := logFile.Seek(0, io.SeekEnd)
		if err != nil {
			return err
		}
		arguments, err := c.arguments(s.port, filepath.Join(s.place, "socket"), o)
		if err != nil {
			return err
		}
		p, err := spawn(c, arguments, logFile, o.Ephemeral)
		if err != nil {
			return err
		}
		s.process = p
		err = s.awaitConnections(ctx)
		if err == nil {
			go func() {
				<-p.done
				lock.Close() // the process ended; nothing was written through this descriptor
			}()
			return nil
		}
		select {
		case <-p.done:
		default: // it runs but does not answer
			return errors.Join(err, p.stop(context.WithoutCancel(ctx)))
		}
		said := logSince(logFile, begin)
		switch {
		case strings.Contains(said, "could not bind"), strings.Contains(said, "could not create any TCP/IP sockets"):
			wish = 0
		case strings.Contains(said, "shared memory block"), strings.Contains(said, "lock file"):
		default:
			return fmt.Errorf("postgres ended: %w\n%s", p.err, said)
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%w: %s", ctx.Err(), said)
		case <-time.After(200 * time.Millisecond):
		}
	}
}

// arguments are the postmaster's, everything that is ours being set here and not in a file.
func (c cluster) arguments(port int, socket string, o Options) ([]string, error) {
	settings := map[string]string{
		"listen_addresses":        loopback,
		"port":                    strconv.Itoa(port),
		"unix_socket_directories": "",
		"max_connections":         "200",
		"log_min_messages":        "warning",
		"log_checkpoints":         "off",
		"log_line_prefix":         "%m [%p] %u@%d ",
		"TimeZone":                "UTC",
		"log_timezone":            "UTC",
		"max_wal_size":            "512MB",
	}
	if runtime.GOOS == "linux" {
		// After a crash everything is flushed before recovery: by one call, not file by file, which can take seconds.
		settings["recovery_init_sync_method"] = "syncfs"
	}
	// A path too long for a socket leaves TCP, which serves everything.
	if len(filepath.Join(socket, ".s.PGSQL.65535.lock")) <= socketPathLimit {
		if err := c.user.makeFolder(socket); err != nil {
			return nil, err
		}
		settings["unix_socket_directories"] = `"` + strings.ReplaceAll(socket, `"`, `""`) + `"`
		settings["unix_socket_permissions"] = "0700"
	}
	if o.Ephemeral {
		settings["fsync"] = "off"
		settings["synchronous_commit"] = "off"
		settings["full_page_writes"] = "off"
	}
	maps.Copy(settings, o.Settings)
	arguments := []string{"-D", c.data}
	for _, name := range slices.Sorted(maps.Keys(settings)) {
		arguments = append(arguments, "-c", name+"="+settings[name])
	}
	return arguments, nil
}

// spawn starts the postmaster as a child that is told to shut down when this process dies. Linux ties that to the
// thread that started the child, so the thread is kept until the child has ended.
func spawn(c cluster, arguments []string, logFile *os.File, ephemeral bool) (*process, error) {
	cmd := c.user.command(filepath.Join(c.binaries.dir, "postgres"), arguments...)
	cmd.Dir = c.data
	cmd.Stdout, cmd.Stderr = logFile, logFile
	last := syscall.SIGINT // roll back, flush, end
	if ephemeral {
		last = syscall.SIGQUIT // end at once
	}
	detach(cmd, last)

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
	if err := <-started; err != nil {
		return nil, fmt.Errorf("starting postgres: %w", err)
	}
	return p, nil
}

// awaitConnections returns when the superuser can connect, when the process has ended, or when ctx ends.
func (s *Server) awaitConnections(ctx context.Context) error {
	for pause := 10 * time.Millisecond; ; pause = min(2*pause, 200*time.Millisecond) {
		conn, err := pgx.Connect(ctx, s.URL("postgres"))
		if err == nil {
			return conn.Close(ctx)
		}
		select {
		case <-s.process.done:
			return err
		case <-ctx.Done():
			return errors.Join(ctx.Err(), err)
		case <-time.After(pause):
		}
	}
}

// stop asks for a fast shutdown, then for an immediate one when ctx ends, then kills.
func (p *process) stop(ctx context.Context) error {
	err := signalUntil(ctx, p.pid, p.done)
	if err != nil {
		return fmt.Errorf("stopping PostgreSQL (pid %d): %w", p.pid, err)
	}
	return nil
}

// signalUntil ends a postmaster: SIGINT until ctx ends, SIGQUIT for five seconds, SIGKILL.
func signalUntil(ctx context.Context, pid int, ended <-chan struct{}) error {
	steps := []struct {
		signal   syscall.Signal
		patience <-chan struct{}
	}{
		{syscall.SIGINT, ctx.Done()},
		{syscall.SIGQUIT, after(5 * time.Second)},
		{syscall.SIGKILL, after(10 * time.Second)},
	}
	for _, step := range steps {
		select {
		case <-ended:
			return nil
		default:
		}
		if err := syscall.Kill(pid, step.signal); err != nil && !errors.Is(err, syscall.ESRCH) {
			return err
		}
		select {
		case <-ended:
			return nil
		case <-step.patience:
		}
	}
	return errors.New("it does not end")
}

func after(d time.Duration) <-chan struct{} {
	c := make(chan struct{})
	time.AfterFunc(d, func() { close(c) })
	return c
}

// choosePort returns wish when it is free, else a free port.
func choosePort(wish int) (int, error) {
	if wish != 0 {
		l, err := net.Listen("tcp", net.JoinHostPort(loopback, strconv.Itoa(wish)))
		if err == nil {
			return wish, l.Close()
		}
	}
	l, err := net.Listen("tcp", net.JoinHostPort(loopback, "0"))
	if err != nil {
		return 0, err
	}
	return l.Addr().(*net.TCPAddr).Port, l.Close()
}

// logSince returns at most the last 2 KB of what was written after begin.
func logSince(f *os.File, begin int64) string {
	end, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return err.Error()
	}
	if end-begin > 2048 {
		begin = end - 2048
	}
	text := make([]byte, end-begin)
	if _, err := f.ReadAt(text, begin); err != nil {
		return err.Error()
	}
	return strings.TrimSpace(string(text))
}

// detach gives the child a process group of its own, so that Ctrl-C in a terminal does not reach it before it is
// stopped in its turn, and has it signalled when this process dies.
func detach(cmd *exec.Cmd, onDeath syscall.Signal) {
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = new(syscall.SysProcAttr)
	}
	cmd.SysProcAttr.Setpgid = true
	dieWithParent(cmd.SysProcAttr, onDeath)
}
