package localpg

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// programs makes a folder of stand-ins that print a version.
func programs(t *testing.T, version string) string {
	t.Helper()
	dir := t.TempDir()
	for _, name := range []string{"postgres", "initdb"} {
		text := "#!/bin/sh\necho '" + name + " (PostgreSQL) " + version + "'\n"
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o755))
	}
	return dir
}

func TestInstalled(t *testing.T) {
	old, fifteen, seventeen := programs(t, "14.9"), programs(t, "15.18 (Debian 15.18-0+deb12u1)"), programs(t, "17beta1")
	odd := programs(t, "of unknown make")
	clientOnly := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(clientOnly, "initdb"), nil, 0o755))
	all := []string{old, fifteen, seventeen, odd, clientOnly, "/nowhere"}

	b, ok := installed(t.Context(), all, 0, account{})
	require.True(t, ok)
	require.Equal(t, binaries{dir: seventeen, major: 17, version: "17beta1"}, b, "the newest")

	b, ok = installed(t.Context(), all, 15, account{})
	require.True(t, ok)
	require.Equal(t, binaries{dir: fifteen, major: 15, version: "15.18"}, b, "the one the data are of")

	_, ok = installed(t.Context(), all, 16, account{})
	require.False(t, ok)
	_, ok = installed(t.Context(), []string{old, odd, clientOnly}, 0, account{})
	require.False(t, ok, "too old, unknown or incomplete")
}

func TestInspectWantsTheContributedExtensions(t *testing.T) {
	dir, share := programs(t, "16.3"), t.TempDir()
	config := "#!/bin/sh\necho " + share + "\n"
	require.NoError(t, os.WriteFile(filepath.Join(dir, "pg_config"), []byte(config), 0o755))
	_, err := inspect(t.Context(), dir, account{})
	require.ErrorContains(t, err, "contributed extensions")

	require.NoError(t, os.Mkdir(filepath.Join(share, "extension"), 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(share, "extension", "btree_gin.control"), nil, 0o644))
	_, err = inspect(t.Context(), dir, account{})
	require.NoError(t, err)
}

func TestGivenBinariesOfAnotherVersion(t *testing.T) {
	_, err := locateBinaries(t.Context(), programs(t, "16.3"), 17, account{}, t.Output())
	require.ErrorContains(t, err, "the data are of version 17")
}
