package localpg

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// cluster is a data folder and the programs for it.
type cluster struct {
	data     string
	user     account
	binaries binaries
	log      io.Writer
}

// major is the PostgreSQL version the data were made by; 0 when there are none.
func (c cluster) major() (int, error) {
	text, err := os.ReadFile(filepath.Join(c.data, "PG_VERSION"))
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	major, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		return 0, fmt.Errorf("PG_VERSION: %w", err)
	}
	return major, nil
}

// initialise makes the data folder, with checksums, under another name first: a folder of the right name is complete.
// Text sorts by code point; letters and digits are those of Unicode where the system knows them.
func (c cluster) initialise(ctx context.Context, password string, ephemeral bool) (err error) {
	unfinished := c.data + ".new"
	passwordFile := c.data + ".password"
	defer func() { err = errors.Join(err, os.RemoveAll(passwordFile), os.RemoveAll(unfinished)) }()
	if err := os.RemoveAll(passwordFile); err != nil {
		return err
	}
	if err := os.WriteFile(passwordFile, []byte(password+"\n"), 0o600); err != nil {
		return err
	}
	if err := c.user.own(passwordFile); err != nil {
		return err
	}

	var said []byte
	for _, characters := range []string{"C.UTF-8", "en_US.UTF-8", "C"} {
		if err := os.RemoveAll(unfinished); err != nil {
			return err
		}
		if err := c.user.makeFolder(unfinished); err != nil {
			return err
		}
		arguments := []string{
			"--pgdata=" + unfinished, "--username=" + Superuser, "--pwfile=" + passwordFile,
			"--auth=scram-sha-256", "--data-checksums", "--encoding=UTF8", "--locale=C", "--lc-ctype=" + characters,
			"--no-instructions",
		}
		if ephemeral {
			arguments = append(arguments, "--no-sync")
		}
		cmd := c.user.commandContext(ctx, filepath.Join(c.binaries.dir, "initdb"), arguments...)
		cmd.Env = cmd.Env[:1] // LC_ALL would override the locale asked for
		cmd.Dir = unfinished
		said, err = cmd.CombinedOutput()
		if err == nil {
			return os.Rename(unfinished, c.data)
		}
		if !strings.Contains(string(said), "locale") {
			break
		}
	}
	return fmt.Errorf("initdb: %w\n%s", err, strings.TrimSpace(string(said)))
}

// stopLeftover ends a postmaster that a former run left on the data, and removes the pid file if it names a process
// that is something else by now (postgres would refuse to start).
func (c cluster) stopLeftover(ctx context.Context) error {
	path := filepath.Join(c.data, "postmaster.pid")
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	first, _, _ := strings.Cut(string(text), "\n")
	pid, err := strconv.Atoi(strings.TrimSpace(first))
	if err != nil || pid <= 1 || !c.servedBy(ctx, pid) {
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		return nil
	}

	fmt.Fprintf(c.log, "a PostgreSQL of a former run (pid %d) is still there; stopping it\n", pid)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for c.servedBy(context.WithoutCancel(ctx), pid) {
			time.Sleep(20 * time.Millisecond)
		}
	}()
	patience, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	if err := signalUntil(patience, pid, ended); err != nil {
		return fmt.Errorf("the PostgreSQL of a former run (pid %d): %w", pid, err)
	}
	return nil
}

// servedBy reports whether the process is a postmaster on this data folder; launch names it on the command line.
func (c cluster) servedBy(ctx context.Context, pid int) bool {
	if err := syscall.Kill(pid, 0); errors.Is(err, syscall.ESRCH) {
		return false
	}
	line, err := commandLine(ctx, pid)
	return err == nil && strings.Contains(line, "postgres") && strings.Contains(line, " -D "+c.data+" ")
}

// commandLine returns a process's arguments, separated by blanks. A process that has ended and was not waited for
// has none.
func commandLine(ctx context.Context, pid int) (string, error) {
	text, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "cmdline"))
	if err == nil {
		return strings.ReplaceAll(string(text), "\x00", " "), nil
	}
	text, err = account{}.commandContext(ctx, "ps", "-ww", "-o", "command=", "-p", strconv.Itoa(pid)).Output()
	return string(text), err
}
