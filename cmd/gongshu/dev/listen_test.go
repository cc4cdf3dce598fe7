//go:build linux

package dev

import (
	"net"
	"os"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestListens(t *testing.T) {
	sleep, err := spawn(exec.Command("sleep", "60"))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, sleep.stop(0)) })
	for _, wish := range []string{"127.0.0.1:0", "[::]:0"} {
		l, err := net.Listen("tcp", wish)
		if err != nil {
			t.Logf("%s: %v", wish, err)
			continue
		}
		address := l.Addr().String()
		own, err := listens(os.Getpid(), address)
		require.NoError(t, err)
		require.True(t, own, address)
		own, err = listens(sleep.pid, address)
		require.NoError(t, err)
		require.False(t, own, "somebody else listens on %s", address)
		require.NoError(t, l.Close())
		own, err = listens(os.Getpid(), address)
		require.NoError(t, err)
		require.False(t, own, "nobody listens on %s any more", address)
	}
}
