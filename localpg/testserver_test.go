package localpg

import (
	"context"
	"errors"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
)

func TestDatabasesAreApart(t *testing.T) {
	s := Test(t)
	require.Same(t, s, Test(t))
	a, b := s.Database(t, ""), s.Database(t, "")
	execute(t, a.OwnerURL, "CREATE TABLE only_in_a (id int)")
	require.False(t, query[bool](t, b.OwnerURL, "SELECT to_regclass('only_in_a') IS NOT NULL"))
	require.Equal(t, AppRole, query[string](t, a.AppURL, "SELECT current_user::text"))
}

func TestTemplateIsPreparedOnce(t *testing.T) {
	s := Test(t)
	var prepared int
	prepare := func(url string) error {
		prepared++
		conn, err := pgx.Connect(t.Context(), url)
		if err != nil {
			return err
		}
		_, err = conn.Exec(t.Context(), "CREATE TABLE migrated AS SELECT 7 AS n; GRANT SELECT ON migrated TO gongshu_app")
		return errors.Join(err, conn.Close(t.Context()))
	}
	for range 2 {
		require.NoError(t, s.Template(t.Context(), "migrated", prepare))
	}
	require.Equal(t, 1, prepared)
	for range 2 {
		d := s.Database(t, "migrated")
		require.Equal(t, 7, query[int](t, d.AppURL, "SELECT n FROM migrated"))
		execute(t, d.OwnerURL, "UPDATE migrated SET n = 8")
	}

	broken := errors.New("broken")
	for range 2 {
		require.ErrorIs(t, s.Template(t.Context(), "broken", func(string) error { return broken }), broken)
	}
}

func TestDatabaseIsDropped(t *testing.T) {
	s := Test(t)
	var name string
	t.Run("a test", func(t *testing.T) {
		d := s.Database(t, "")
		name = d.Name
		conn, err := pgx.Connect(t.Context(), d.OwnerURL) // left open on purpose
		require.NoError(t, err)
		t.Cleanup(func() { _ = conn.Close(context.Background()) })
	})
	require.NotEmpty(t, name)
	require.Zero(t, query[int](t, s.URL("postgres"), "SELECT count(*) FROM pg_database WHERE datname = '"+name+"'"))
}

func TestSharedServerGoesWithItsProcess(t *testing.T) {
	cmd, line := child(t, childShared+"=1")
	first, dir, ok := strings.Cut(line, " ")
	require.True(t, ok, line)
	pid, err := strconv.Atoi(first)
	require.NoError(t, err)
	require.DirExists(t, dir)
	require.NoError(t, cmd.Process.Kill())
	require.Error(t, cmd.Wait())
	require.Eventually(t, gone(pid), 10*time.Second, 20*time.Millisecond)
	require.Eventually(t, func() bool {
		_, err := os.Stat(dir)
		return errors.Is(err, os.ErrNotExist)
	}, 10*time.Second, 50*time.Millisecond)
}
