//go:build e2e

package e2e

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// shared is the system of the tests that leave it in one piece.
var shared = sync.OnceValues(func() (*system, error) { return startWithRegion(context.Background()) })

var sharedFailed, sharedStarted bool

func sharedSystem(t testing.TB) *system {
	t.Helper()
	s, err := shared()
	require.NoError(t, err)
	sharedStarted = true
	t.Cleanup(func() { sharedFailed = sharedFailed || t.Failed() })
	return s
}

// ownSystem starts a system for one test that breaks it.
func ownSystem(t testing.TB) *system {
	t.Helper()
	s, err := startWithRegion(t.Context())
	require.NoError(t, err)
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("kept in %s\n%s", s.folder, s.logTails())
		}
		if err := s.stop(t.Failed()); err != nil {
			t.Error(err)
		}
	})
	return s
}

func TestMain(m *testing.M) {
	code := m.Run()
	if sharedStarted {
		s, err := shared()
		if sharedFailed {
			fmt.Fprintf(os.Stderr, "kept in %s\n%s", s.folder, s.logTails())
		}
		if err = errors.Join(err, s.stop(sharedFailed)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	os.Exit(code)
}
