package dev

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"

	"gongshu/localpg"
)

// devserver returns the path of gongshu-devserver, which takes minutes to build and is therefore not built here.
func devserver(t *testing.T) string {
	t.Helper()
	path := os.Getenv("GONGSHU_DEVSERVER")
	if path == "" {
		path = filepath.Join("..", "..", "..", ".gongshu", "bin", devserverName)
	}
	path, err := filepath.Abs(path)
	require.NoError(t, err)
	if _, err := os.Stat(path); err != nil {
		t.Skipf("no %s; make devserver builds it, GONGSHU_DEVSERVER names another place", path)
	}
	return path
}

// newHome is a home the account that PostgreSQL gets under root may pass through.
func newHome(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/tmp", "gongshu-dev-*")
	require.NoError(t, err)
	require.NoError(t, os.Chmod(dir, 0o755))
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(dir)) })
	return filepath.Join(dir, "home")
}

// instance is a run of Run in a process of its own.
type instance struct {
	home string
	cmd  *exec.Cmd
	done chan struct{}
	err  error

	mu     sync.Mutex
	output bytes.Buffer
}

func (i *instance) Write(p []byte) (int, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.output.Write(p)
}

func (i *instance) said() string {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.output.String()
}

func launch(t *testing.T, environment []string, options ...string) *instance {
	t.Helper()
	i := &instance{done: make(chan struct{})}
	for _, o := range options {
		if home, ok := strings.CutPrefix(o, "home="); ok {
			i.home = home
		}
	}
	i.cmd = exec.Command(os.Args[0], append([]string{"dev"}, options...)...)
	i.cmd.Env = append(append(os.Environ(), asProgram+"=1"), environment...)
	i.cmd.Stdout, i.cmd.Stderr = i, i
	require.NoError(t, i.cmd.Start())
	go func() {
		i.err = i.cmd.Wait()
		close(i.done)
	}()
	t.Cleanup(func() {
		if !isClosed(i.done) {
			require.NoError(t, i.cmd.Process.Signal(syscall.SIGTERM))
			<-i.done
		}
		if t.Failed() {
			t.Log(i.said())
		}
	})
	return i
}

// awaitReady waits until the run says that it is ready.
func (i *instance) awaitReady(t *testing.T) State {
	t.Helper()
	require.Eventually(t, func() bool {
		return isClosed(i.done) || strings.Contains(i.said(), "ready after")
	}, time.Minute, 20*time.Millisecond)
	require.False(t, isClosed(i.done), "it ended: %v\n%s", i.err, i.said())
	s, err := ReadState(i.home)
	require.NoError(t, err)
	return s
}

func get(url string) error { return answersOK(url)(context.Background()) }

func alive(pid int) bool {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return false
	}
	_, rest, _ := strings.Cut(string(status), ") ")
	return !strings.HasPrefix(rest, "Z") // ended and not waited for
}

func TestRun(t *testing.T) {
	server := devserver(t)
	home := newHome(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	taken := l.Addr().String()

	i := launch(t, nil, "home="+home, "listen="+taken, "devserver="+server)
	s := i.awaitReady(t)

	t.Run("a taken port is named and another used", func(t *testing.T) {
		require.Contains(t, i.said(), taken+" is taken")
		require.NotEqual(t, "http://"+taken, s.Address)
		require.NoError(t, get(s.Address+"/readyz"))
	})
	t.Run("the state is complete and private", func(t *testing.T) {
		info, err := os.Stat(statePath(home))
		require.NoError(t, err)
		require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
		require.Equal(t, i.cmd.Process.Pid, s.PID)
		require.Len(t, s.Children, 5)
		for name, c := range s.Children {
			require.True(t, alive(c.PID), name)
			require.FileExists(t, c.Log, name)
		}
		require.NotEqual(t, s.DatabaseURL, s.OwnerDatabaseURL)
		require.False(t, s.Ready.IsZero())
	})
	t.Run("the banner says where everything is", func(t *testing.T) {
		for _, text := range []string{s.Address + "/signin", s.Address + "/docs/", home, s.TemporalUI, "演示用户 demo users: zhang, li"} {
			require.Contains(t, i.said(), text)
		}
		resp, err := http.Get(s.TemporalUI)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		require.Equal(t, http.StatusOK, resp.StatusCode)
	})
	t.Run("a second run in the home is refused", func(t *testing.T) {
		second := launch(t, nil, "home="+home, "listen=127.0.0.1:0", "devserver="+server)
		<-second.done
		require.Error(t, second.err)
		require.Contains(t, second.said(), fmt.Sprintf("process %d", i.cmd.Process.Pid))
		require.NoError(t, get(s.Address+"/readyz"), "the first is not disturbed")
		_, err := ReadState(home)
		require.NoError(t, err)
	})
	for _, name := range []string{"api", "worker", "signin", "temporal", "postgres"} {
		t.Run("a killed "+name+" comes back where it was", func(t *testing.T) {
			before, err := ReadState(home)
			require.NoError(t, err)
			require.NoError(t, syscall.Kill(before.Children[name].PID, syscall.SIGKILL))
			var after State
			require.Eventually(t, func() bool {
				after, err = ReadState(home)
				return err == nil && after.Children[name].Restarts == 1
			}, 20*time.Second, 20*time.Millisecond)
			require.NotEqual(t, before.Children[name].PID, after.Children[name].PID)
			require.Equal(t, before.Children[name].Address, after.Children[name].Address)
			require.Equal(t, before.DatabaseURL, after.DatabaseURL)
			require.Eventually(t, func() bool { return get(s.Address+"/readyz") == nil }, 20*time.Second, 20*time.Millisecond)
			require.Eventually(t, func() bool {
				return useNamespace(context.Background(), s.TemporalAddress, s.TemporalNamespace) == nil
			}, 20*time.Second, 20*time.Millisecond)
		})
	}
	t.Run("servers of one's own take their place", func(t *testing.T) {
		own := localpg.Test(t).Database(t, "")
		guest := launch(t, nil, "home="+newHome(t), "listen=127.0.0.1:0", "temporal-address="+s.TemporalAddress,
			"database-url="+own.AppURL, "owner-database-url="+own.OwnerURL)
		g := guest.awaitReady(t)
		require.Equal(t, s.TemporalAddress, g.TemporalAddress)
		require.Equal(t, own.AppURL, g.DatabaseURL)
		require.Len(t, g.Children, 3, "only api, worker and the identity provider")
		require.NoDirExists(t, filepath.Join(guest.home, "postgres"))
	})
	t.Run("an interrupt stops everything", func(t *testing.T) {
		last, err := ReadState(home)
		require.NoError(t, err)
		require.NoError(t, i.cmd.Process.Signal(os.Interrupt))
		<-i.done
		require.NoError(t, i.err)
		require.Contains(t, i.said(), "stopped")
		for name, c := range last.Children {
			require.False(t, alive(c.PID), name)
		}
		require.NoFileExists(t, statePath(home))
		_, err = ReadState(home)
		require.ErrorIs(t, err, ErrNotRunning)
		require.NoFileExists(t, filepath.Join(home, "postgres", "data", "postmaster.pid"))
	})
}

// TestTimersSurviveAKillOfEverything kills every process at once while a timer runs, lets its time pass, and starts
// again: the timer fires then, once.
func TestTimersSurviveAKillOfEverything(t *testing.T) {
	options := []string{"home=" + newHome(t), "listen=127.0.0.1:0", "devserver=" + devserver(t)}
	first := launch(t, nil, options...)
	s := first.awaitReady(t)

	const patience = 3 * time.Second
	c, err := client.Dial(client.Options{HostPort: s.TemporalAddress, Namespace: s.TemporalNamespace, Logger: quiet{}})
	require.NoError(t, err)
	_, err = c.ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{ID: "waits", TaskQueue: taskQueue}, "wait", patience)
	require.NoError(t, err)
	c.Close()
	begun := time.Now()

	require.NoError(t, first.cmd.Process.Kill())
	for _, child := range s.Children { // most have gone with it by now
		if err := syscall.Kill(child.PID, syscall.SIGKILL); err != nil {
			require.ErrorIs(t, err, syscall.ESRCH)
		}
	}
	<-first.done
	_, err = ReadState(first.home)
	require.ErrorIs(t, err, ErrNotRunning)
	time.Sleep(time.Until(begun.Add(patience + time.Second)))

	second := launch(t, nil, options...)
	s = second.awaitReady(t)
	c, err = client.Dial(client.Options{HostPort: s.TemporalAddress, Namespace: s.TemporalNamespace, Logger: quiet{}})
	require.NoError(t, err)
	defer c.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	var fired time.Time
	require.NoError(t, c.GetWorkflow(ctx, "waits", "").Get(ctx, &fired))
	require.GreaterOrEqual(t, fired.Sub(begun), patience, "it did not fire before its time, and did after the restart")
	require.Less(t, s.Ready.Sub(s.Started), 30*time.Second)
}

func TestFailedStart(t *testing.T) {
	server := devserver(t)
	for _, name := range []string{"migrate", "worker"} {
		t.Run(name, func(t *testing.T) {
			i := launch(t, []string{failing + "=" + name}, "home="+newHome(t), "listen=127.0.0.1:0", "devserver="+server)
			select {
			case <-i.done:
			case <-time.After(time.Minute):
				t.Fatal("it goes on")
			}
			require.Error(t, i.err)
			require.Contains(t, i.said(), name+" was told to fail", "the log's end is shown")
			require.Contains(t, i.said(), "stopped")
			require.NoFileExists(t, statePath(i.home))
			require.NoFileExists(t, filepath.Join(i.home, "postgres", "data", "postmaster.pid"))
		})
	}
}

func TestInterruptedStart(t *testing.T) {
	i := launch(t, nil, "home="+newHome(t), "listen=127.0.0.1:0", "devserver="+devserver(t))
	require.Eventually(t, func() bool { return strings.Contains(i.said(), "· ready (") }, 30*time.Second, 5*time.Millisecond)
	require.NoError(t, i.cmd.Process.Signal(os.Interrupt))
	<-i.done
	require.NoError(t, i.err)
	require.NotContains(t, i.said(), "ready after")
	require.Contains(t, i.said(), "stopped")
}

// TestTwoRunsAtOnce has two runs wish for the same ports at the same time. Neither may take the other's servers for
// its own.
func TestTwoRunsAtOnce(t *testing.T) {
	server := devserver(t)
	listen, err := freeAddress("127.0.0.1:0", 0)
	require.NoError(t, err)
	var runs []*instance
	for range 2 {
		runs = append(runs, launch(t, nil, "home="+newHome(t), "listen="+listen, "devserver="+server))
	}
	a, b := runs[0].awaitReady(t), runs[1].awaitReady(t)
	require.NotEqual(t, a.Address, b.Address)
	require.NotEqual(t, a.TemporalAddress, b.TemporalAddress)
	require.NotEqual(t, a.DatabaseURL, b.DatabaseURL)
	for _, s := range []State{a, b} {
		for name, c := range s.Children {
			own, err := listens(c.PID, c.Address)
			require.NoError(t, err)
			require.True(t, own, name)
		}
	}
}

// TestInterruptedTemporalSchema begins where a first start was killed in the middle of Temporal's first schema file.
func TestInterruptedTemporalSchema(t *testing.T) {
	server := devserver(t)
	home := newHome(t)
	require.NoError(t, makeHome(home))
	pg, err := localpg.Start(t.Context(), localpg.Options{Dir: filepath.Join(home, "postgres"), Ephemeral: true})
	require.NoError(t, err)
	require.NoError(t, pg.CreateLogin(t.Context(), temporalRole, true))
	require.NoError(t, pg.CreateDatabase(t.Context(), "temporal", temporalRole))
	require.NoError(t, pg.Exec(t.Context(), "temporal", `SET ROLE temporal;
		CREATE TABLE schema_version (version_partition int, db_name text, creation_time timestamp, curr_version text, min_compatible_version text);
		INSERT INTO schema_version VALUES (0, 'temporal', now(), '0.0', '0.0');
		CREATE TABLE namespace_metadata (partition_id int, notification_version bigint);
		INSERT INTO namespace_metadata VALUES (54321, 1)`))
	require.NoError(t, pg.Stop(t.Context()))
	launch(t, nil, "home="+home, "listen=127.0.0.1:0", "devserver="+server).awaitReady(t)
}
