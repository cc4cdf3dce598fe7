package dev

import (
	"net"

	"os/exec"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestOptionsComplete(t *testing.T) {
	for name, c := range map[string]struct {
		options Options
		message string
	}{
		"no home":                       {Options{Listen: "127.0.0.1:8080"}, "--home"},
		"no port":                       {Options{Home: "x", Listen: "127.0.0.1"}, "--listen"},
		"owner without database":        {Options{Home: "x", Listen: ":0", OwnerDatabaseURL: "postgres://a"}, "--owner-database-url"},
		"Temporal address without port": {Options{Home: "x", Listen: ":0", TemporalAddress: "temporal.example"}, "--temporal-address"},
	} {
		t.Run(name, func(t *testing.T) {
			require.ErrorContains(t, c.options.complete(), c.message)
		})
	}
	o := Options{Home: "x", Listen: ":0", DatabaseURL: "postgres://a"}
	require.NoError(t, o.complete())
	require.Equal(t, "postgres://a", o.OwnerDatabaseURL)
}

func TestFreeAddress(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	taken := l.Addr().(*net.TCPAddr)

	address, err := freeAddress(taken.String(), nextPorts)
	require.NoError(t, err)
	require.NotEqual(t, taken.String(), address)
	again, err := freeAddress(address, 0)
	require.NoError(t, err)
	require.Equal(t, address, again, "a free one is taken as it is")
	_, port, err := net.SplitHostPort(address)
	require.NoError(t, err)
	n, err := strconv.Atoi(port)
	require.NoError(t, err)
	require.Positive(t, n)
	_, err = freeAddress("127.0.0.1:http-but-not-quite", 0)
	require.Error(t, err)
}

func TestReachable(t *testing.T) {
	for listen, want := range map[string]string{
		"127.0.0.1:80":   "127.0.0.1:80",
		":80":            "127.0.0.1:80",
		"0.0.0.0:80":     "127.0.0.1:80",
		"[::]:80":        "127.0.0.1:80",
		"10.1.2.3:80":    "10.1.2.3:80",
		"host.example:1": "host.example:1",
	} {
		require.Equal(t, want, reachable(listen), listen)
	}
}

func TestLeftoversAreEnded(t *testing.T) {
	home := newHome(t)
	require.NoError(t, makeHome(home))
	sleep, err := exec.LookPath("sleep")
	require.NoError(t, err)
	begin := func() *child {
		c, err := spawn(exec.Command(sleep, "60"))
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, c.stop(0)) })
		return c
	}
	leftover, stranger := begin(), begin()
	f := newStateFile(home, time.Time{})
	require.NoError(t, f.update(func(s *State) {
		s.PID = leftover.pid
		s.Children["api"] = Child{PID: leftover.pid, Program: sleep}
		s.Children["worker"] = Child{PID: stranger.pid, Program: "/opt/gongshu"} // its number has a new owner
	}))
	stopLeftovers(t.Context(), home, newConsole(t.Output(), time.Time{}))
	require.True(t, isClosed(leftover.done))
	require.False(t, isClosed(stranger.done))
}
