//go:build e2e

package e2e

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// holdStarts lets no other system start until release is called.
func holdStarts(t testing.TB) (release func()) {
	starting.Lock()
	release = sync.OnceFunc(starting.Unlock)
	t.Cleanup(release)
	return release
}

// kill ends children at once and without a goodbye.
func (s *system) kill(t testing.TB, children ...string) {
	t.Helper()
	now := s.state(t)
	for _, name := range children {
		require.NoError(t, syscall.Kill(now.Children[name].PID, syscall.SIGKILL), name)
	}
}

// holdRestarts keeps dead children dead until release is called.
func (s *system) holdRestarts(t testing.TB) (release func()) {
	t.Helper()
	require.NoError(t, syscall.Kill(s.dev.pid, syscall.SIGSTOP))
	release = sync.OnceFunc(func() { require.NoError(t, syscall.Kill(s.dev.pid, syscall.SIGCONT)) })
	t.Cleanup(release)
	return release
}

// awaitReady waits until api and worker both say that they are ready.
func (s *system) awaitReady(t testing.TB, patience time.Duration) {
	t.Helper()
	now := s.state(t)
	for _, base := range []string{now.Address, "http://" + now.Children["worker"].Address} {
		eventually(t, patience, func() error {
			response, err := s.http.Get(base + "/readyz")
			if err != nil {
				return err
			}
			_, err = io.Copy(io.Discard, response.Body)
			if err = errors.Join(err, response.Body.Close()); err == nil && response.StatusCode != http.StatusOK {
				err = fmt.Errorf("%s answers %s", base, response.Status)
			}
			return err
		})
	}
}

// eventually asks again and again until there is no error, and fails with the last
// one when that takes too long.
func eventually(t testing.TB, patience time.Duration, ask func() error) {
	t.Helper()
	for end := time.Now().Add(patience); ; time.Sleep(50 * time.Millisecond) {
		err := ask()
		if err == nil {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("not within %v: %v", patience, err)
		}
	}
}
