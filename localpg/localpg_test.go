package localpg

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
)

// folder is a folder any account may reach, unlike t.TempDir's when TMPDIR lies below a home.
func folder(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/tmp", "gongshu-localpg-*")
	require.NoError(t, err)
	require.NoError(t, os.Chmod(dir, 0o755))
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(dir)) })
	return filepath.Join(dir, "pg")
}

func startIn(t *testing.T, o Options) *Server {
	t.Helper()
	s, err := Start(t.Context(), o)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Stop(context.Background())) })
	return s
}

func query[T any](t *testing.T, url, sql string) T {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	require.NoError(t, err)
	defer conn.Close(context.Background())
	var v T
	require.NoError(t, conn.QueryRow(t.Context(), sql).Scan(&v))
	return v
}

func execute(t *testing.T, url, sql string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	require.NoError(t, err)
	defer conn.Close(context.Background())
	_, err = conn.Exec(t.Context(), sql)
	require.NoError(t, err)
}

func TestStartMakesADurableClosedServer(t *testing.T) {
	dir := folder(t)
	s := startIn(t, Options{Dir: dir})

	require.Equal(t, "on", query[string](t, s.URL("postgres"), "SHOW data_checksums"))
	require.Equal(t, "on", query[string](t, s.URL("postgres"), "SHOW fsync"))
	require.Equal(t, "127.0.0.1", query[string](t, s.URL("postgres"), "SHOW listen_addresses"))
	require.Equal(t, "UTC", query[string](t, s.URL("postgres"), "SHOW TimeZone"))
	require.Equal(t, "UTF8", query[string](t, s.OwnerURL(), "SHOW server_encoding"))

	for _, path := range []string{filepath.Join(s.Dir(), "data"), filepath.Join(s.Dir(), "socket")} {
		info, err := os.Stat(path)
		require.NoError(t, err)
		require.Equal(t, os.FileMode(0o700), info.Mode().Perm(), path)
	}
	info, err := os.Stat(filepath.Join(dir, "passwords.json"))
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())

	// Nobody comes in without the password, on either way in.
	for _, host := range []string{"127.0.0.1", filepath.Join(s.Dir(), "socket")} {
		_, err := pgx.Connect(t.Context(), fmt.Sprintf("host=%s port=%d user=postgres dbname=postgres password=wrong sslmode=disable", host, s.Port()))
		require.True(t, hasCode(err, "28P01"), "%s: %v", host, err)
	}
}

func TestRolesHaveNoMoreThanTheyNeed(t *testing.T) {
	s := startIn(t, Options{Dir: folder(t), Ephemeral: true})
	require.NoError(t, s.CreateLogin(t.Context(), "temporal", true))
	temporal, err := s.LoginURL("temporal", "postgres")
	require.NoError(t, err)

	execute(t, s.OwnerURL(), "CREATE TABLE kept (id int PRIMARY KEY)")
	execute(t, s.OwnerURL(), "CREATE EXTENSION pg_trgm") // a trusted extension, the owner of the database may
	execute(t, temporal, "CREATE DATABASE temporal")

	refused := func(url, sql string) {
		t.Helper()
		conn, err := pgx.Connect(t.Context(), url)
		if err == nil {
			defer conn.Close(context.Background())
			_, err = conn.Exec(t.Context(), sql)
		}
		require.True(t, hasCode(err, "42501"), "%s: %v", sql, err)
	}
	refused(s.AppURL(), "SELECT * FROM kept")
	refused(s.AppURL(), "CREATE TABLE mine (id int)")
	refused(s.AppURL(), "CREATE TEMPORARY TABLE mine (id int)")
	refused(s.OwnerURL(), "CREATE ROLE another")
	refused(s.OwnerURL(), "CREATE DATABASE another")
	other, err := s.LoginURL("temporal", Database)
	require.NoError(t, err)
	refused(other, "SELECT 1")

	execute(t, s.OwnerURL(), "GRANT SELECT ON kept TO gongshu_app")
	require.Zero(t, query[int](t, s.AppURL(), "SELECT count(*) FROM kept"))

	_, err = s.LoginURL("stranger", Database)
	require.ErrorContains(t, err, "stranger")
}

func TestStopAndStartKeepsDataAndPasswords(t *testing.T) {
	dir := folder(t)
	s, err := Start(t.Context(), Options{Dir: dir})
	require.NoError(t, err)
	execute(t, s.OwnerURL(), "CREATE TABLE kept AS SELECT 7 AS n")
	port, url := s.Port(), s.OwnerURL()
	require.NoError(t, s.Stop(t.Context()))
	require.NoError(t, s.Stop(t.Context()), "a second stop has nothing to do")
	select {
	case <-s.Done():
	default:
		t.Fatal("Done is open after Stop")
	}

	again := startIn(t, Options{Dir: dir, Port: port})
	require.Equal(t, url, again.OwnerURL())
	require.Equal(t, 7, query[int](t, again.OwnerURL(), "SELECT n FROM kept"))
}

func TestStartAfterThePostmasterWasKilled(t *testing.T) {
	dir := folder(t)
	s, err := Start(t.Context(), Options{Dir: dir})
	require.NoError(t, err)
	execute(t, s.OwnerURL(), "CREATE TABLE kept AS SELECT 7 AS n")
	// An open connection keeps a backend for a moment, which holds the shared memory.
	conn, err := pgx.Connect(t.Context(), s.OwnerURL())
	require.NoError(t, err)
	defer conn.Close(context.Background())
	require.NoError(t, syscall.Kill(s.PID(), syscall.SIGKILL))
	<-s.Done()

	again := startIn(t, Options{Dir: dir})
	require.Equal(t, 7, query[int](t, again.OwnerURL(), "SELECT n FROM kept"))
}

func TestStartAfterInterruptedInitialisation(t *testing.T) {
	dir := folder(t)
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "data.new", "base"), 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "data.new", "PG_VERSION"), []byte("15\n"), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "data.password"), []byte("old\n"), 0o600))
	startIn(t, Options{Dir: dir, Ephemeral: true})
	for _, name := range []string{"data.new", "data.password"} {
		require.NoFileExists(t, filepath.Join(dir, name))
	}
}

func TestOneServerPerFolder(t *testing.T) {
	dir := folder(t)
	s := startIn(t, Options{Dir: dir, Ephemeral: true})
	_, err := Start(t.Context(), Options{Dir: dir, Ephemeral: true})
	require.ErrorContains(t, err, "another process runs a server in this folder")
	require.Equal(t, 1, query[int](t, s.OwnerURL(), "SELECT 1"), "the first one is not disturbed")
}

func TestTakenPort(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	taken := l.Addr().(*net.TCPAddr).Port
	s := startIn(t, Options{Dir: folder(t), Ephemeral: true, Port: taken})
	require.NotEqual(t, taken, s.Port())
	require.Equal(t, strconv.Itoa(s.Port()), query[string](t, s.URL("postgres"), "SHOW port"))
}

func TestPidFileOfAnotherProcess(t *testing.T) {
	dir := folder(t)
	s, err := Start(t.Context(), Options{Dir: dir, Ephemeral: true})
	require.NoError(t, err)
	require.NoError(t, s.Stop(t.Context()))
	// A machine that was switched off comes back with the same numbers for other programs.
	stranger := exec.Command("sleep", "60")
	require.NoError(t, stranger.Start())
	defer func() {
		require.NoError(t, stranger.Process.Kill())
		require.Error(t, stranger.Wait())
	}()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "data", "postmaster.pid"),
		fmt.Appendf(nil, "%d\n%s\n", stranger.Process.Pid, filepath.Join(dir, "data")), 0o600))

	startIn(t, Options{Dir: dir, Ephemeral: true})
	require.NoError(t, stranger.Process.Signal(syscall.Signal(0)), "the stranger was left alone")
}

func TestMissingPasswords(t *testing.T) {
	dir := folder(t)
	s, err := Start(t.Context(), Options{Dir: dir, Ephemeral: true})
	require.NoError(t, err)
	require.NoError(t, s.Stop(t.Context()))
	require.NoError(t, os.Remove(filepath.Join(dir, "passwords.json")))
	_, err = Start(t.Context(), Options{Dir: dir, Ephemeral: true})
	require.ErrorContains(t, err, "passwords.json")
}

func TestLongPathHasNoSocket(t *testing.T) {
	dir := filepath.Join(folder(t), strings.Repeat("深", 30))
	s := startIn(t, Options{Dir: dir, Ephemeral: true})
	require.Empty(t, query[string](t, s.URL("postgres"), "SHOW unix_socket_directories"))
	require.NoDirExists(t, filepath.Join(s.Dir(), "socket"))
}

func TestPathWithOddCharacters(t *testing.T) {
	s := startIn(t, Options{Dir: filepath.Join(folder(t), `a, "b" 'c'`), Ephemeral: true})
	conn, err := pgx.ConnectConfig(t.Context(), func() *pgx.ConnConfig {
		c, err := pgx.ParseConfig(s.URL("postgres"))
		require.NoError(t, err)
		c.Host = filepath.Join(s.Dir(), "socket")
		c.Fallbacks = nil
		return c
	}())
	require.NoError(t, err)
	require.NoError(t, conn.Close(t.Context()))
}

// TestAsRoot is about the account; without root there is nothing to see.
func TestAsRoot(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("not root")
	}
	owner := func(path string) uint32 {
		info, err := os.Stat(path)
		require.NoError(t, err)
		return info.Sys().(*syscall.Stat_t).Uid
	}
	t.Run("the server runs as somebody else", func(t *testing.T) {
		s := startIn(t, Options{Dir: folder(t), Ephemeral: true})
		require.NotZero(t, owner(filepath.Join("/proc", strconv.Itoa(s.PID()))))
		require.NotZero(t, owner(filepath.Join(s.Dir(), "data")))
	})
	t.Run("a folder nobody else may enter", func(t *testing.T) {
		parent := folder(t)
		require.NoError(t, os.Mkdir(parent, 0o700))
		dir := filepath.Join(parent, "pg")
		var said bytes.Buffer
		s, err := Start(t.Context(), Options{Dir: dir, Ephemeral: true, Log: &said})
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, os.RemoveAll(s.Dir())) })
		require.Equal(t, elsewhere, filepath.Dir(s.Dir()))
		require.Contains(t, said.String(), s.Dir())
		execute(t, s.OwnerURL(), "CREATE TABLE kept AS SELECT 7 AS n")
		require.NoError(t, s.Stop(t.Context()))

		again := startIn(t, Options{Dir: dir, Ephemeral: true})
		require.Equal(t, s.Dir(), again.Dir())
		require.Equal(t, 7, query[int](t, again.OwnerURL(), "SELECT n FROM kept"))
	})
	t.Run("a folder somebody else made", func(t *testing.T) {
		dir := folder(t)
		require.NoError(t, os.MkdirAll(dir, 0o755))
		s, err := Start(t.Context(), Options{Dir: dir, Ephemeral: true})
		require.NoError(t, err)
		require.NoError(t, s.Stop(t.Context()))
		const somebody = 54321
		require.NoError(t, filepath.WalkDir(filepath.Join(dir, "data"), func(path string, _ os.DirEntry, err error) error {
			return errors.Join(err, os.Lchown(path, somebody, somebody))
		}))
		again := startIn(t, Options{Dir: dir, Ephemeral: true})
		require.EqualValues(t, somebody, owner(filepath.Join("/proc", strconv.Itoa(again.PID()))))
	})
}

// TestMain serves as the process that is killed: with childDir set the test binary starts a server there and waits.
func TestMain(m *testing.M) {
	if dir := os.Getenv(childDir); dir != "" {
		s, err := Start(context.Background(), Options{Dir: dir})
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		fmt.Println(s.PID())
		select {}
	}
	if os.Getenv(childShared) != "" {
		s, err := startShared()
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		fmt.Println(s.PID(), s.dir)
		select {}
	}
	os.Exit(m.Run())
}

const (
	childDir    = "LOCALPG_TEST_CHILD_DIR"
	childShared = "LOCALPG_TEST_CHILD_SHARED"
)

// child runs this test binary with one variable set and returns it with its first line of output.
func child(t *testing.T, variable string) (*exec.Cmd, string) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), variable)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	line := make([]byte, 4096)
	n, err := out.Read(line)
	require.NoError(t, err)
	return cmd, strings.TrimSpace(string(line[:n]))
}

func gone(pid int) func() bool {
	return func() bool {
		line, err := commandLine(context.Background(), pid)
		return err != nil || line == ""
	}
}

func TestServerGoesWhenItsParentIsKilled(t *testing.T) {
	dir := folder(t)
	cmd, line := child(t, childDir+"="+dir)
	pid, err := strconv.Atoi(line)
	require.NoError(t, err)
	require.False(t, gone(pid)())
	require.NoError(t, cmd.Process.Kill())
	require.Error(t, cmd.Wait())
	require.Eventually(t, gone(pid), 10*time.Second, 20*time.Millisecond)
	startIn(t, Options{Dir: dir})
}

func TestLeftoverServerIsStopped(t *testing.T) {
	dir := folder(t)
	first, err := Start(t.Context(), Options{Dir: dir})
	require.NoError(t, err)
	execute(t, first.OwnerURL(), "CREATE TABLE kept AS SELECT 7 AS n")
	require.NoError(t, first.Stop(t.Context()))

	// The same server, started as the child of a shell that is no more, so that no signal reaches it.
	user, err := accountFor(dir)
	require.NoError(t, err)
	c := cluster{data: filepath.Join(first.Dir(), "data"), user: user}
	c.binaries, err = locateBinaries(t.Context(), "", 0, user, os.Stderr)
	require.NoError(t, err)
	arguments, err := c.arguments(first.Port(), filepath.Join(first.Dir(), "socket"), Options{})
	require.NoError(t, err)
	shell := user.command("/bin/sh", append([]string{"-c", `"$@" </dev/null >/dev/null 2>&1 & echo $!`, "sh",
		filepath.Join(c.binaries.dir, "postgres")}, arguments...)...)
	shell.Dir = c.data
	out, err := shell.Output()
	require.NoError(t, err)
	pid, err := strconv.Atoi(strings.TrimSpace(string(out)))
	require.NoError(t, err)
	require.NoError(t, (&Server{port: first.port, secrets: first.secrets, process: &process{done: make(chan struct{})}}).awaitConnections(t.Context()))
	require.Eventually(t, func() bool { return c.servedBy(t.Context(), pid) }, 5*time.Second, 10*time.Millisecond)

	var said bytes.Buffer
	again := startIn(t, Options{Dir: dir, Log: &said})
	require.Contains(t, said.String(), strconv.Itoa(pid))
	require.True(t, gone(pid)())
	require.Equal(t, 7, query[int](t, again.OwnerURL(), "SELECT n FROM kept"))
}
