package localpg

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

// TB is the part of testing.TB that is needed here; the program does not link the testing package.
type TB interface {
	Helper()
	Cleanup(func())
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
}

// TestDatabase is a database of one test.
type TestDatabase struct {
	Name     string
	URL      string // as superuser
	OwnerURL string // as OwnerRole, who owns it
	AppURL   string // as AppRole
}

type sequence struct{ n atomic.Int64 }

// template is a database made once, to be copied.
type template struct {
	once sync.Once
	err  error
}

// shared is the server of a test binary.
var shared struct {
	once   sync.Once
	server *Server
	err    error
}

// Test returns the test binary's server, started by the first test that asks. It writes without fsync into a folder
// of its own, and goes with the process, however that ends.
func Test(t TB) *Server {
	t.Helper()
	shared.once.Do(func() { shared.server, shared.err = startShared() })
	if shared.err != nil {
		t.Fatalf("PostgreSQL for tests: %v", shared.err)
	}
	return shared.server
}

func startShared() (*Server, error) {
	dir, err := os.MkdirTemp("", "gongshu-postgres-*")
	if err != nil {
		return nil, err
	}
	if err := cleanUpAfterwards(dir); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	return Start(ctx, Options{Dir: dir, Ephemeral: true, Log: os.Stderr})
}

// cleanUpAfterwards leaves a shell behind that notices the end of this process, by the end of its standard input, and
// then ends the server and removes the folder. A test binary has no other way to clean up after a kill.
func cleanUpAfterwards(dir string) error {
	const script = `trap "" INT TERM HUP
cat >/dev/null
read -r place <"$1/data-is-in" 2>/dev/null || place=$1
if read -r pid <"$place/data/postmaster.pid" 2>/dev/null; then
	kill -QUIT "$pid" 2>/dev/null
	for i in 1 2 3 4 5 6 7 8 9 10; do kill -0 "$pid" 2>/dev/null || break; sleep 0.2; done
fi
rm -rf "$1" "$place"`
	cmd := exec.Command("/bin/sh", "-c", script, "sh", dir)
	cmd.Dir = "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if _, err := cmd.StdinPipe(); err != nil { // held open by this process as long as it lives
		return err
	}
	keep = append(keep, cmd)
	return cmd.Start()
}

// keep holds the shells' pipes: a pipe nothing refers to is closed by the garbage collector.
var keep []*exec.Cmd

// Database returns a fresh database, dropped when the test ends: a copy of the template of that name, or an empty one
// when the name is empty.
func (s *Server) Database(t TB, template string) TestDatabase {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	from := "template0"
	if template != "" {
		if _, ok := s.templates.Load(template); !ok {
			t.Fatalf("there is no template %q; make it with Template", template)
		}
		from = templateName(template)
	}
	name := fmt.Sprintf("test_%d_%d", os.Getpid(), s.databases.n.Add(1))
	err := s.session(ctx, "postgres", func(conn *pgx.Conn) error {
		return createDatabase(ctx, conn, name, OwnerRole, from)
	})
	if err != nil {
		t.Fatalf("%v", err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if err := s.Exec(ctx, "postgres", "DROP DATABASE "+pgx.Identifier{name}.Sanitize()+" WITH (FORCE)"); err != nil {
			t.Errorf("dropping %s: %v", name, err)
		}
	})
	return TestDatabase{
		Name:     name,
		URL:      s.URL(name),
		OwnerURL: s.mustLoginURL(OwnerRole, name),
		AppURL:   s.mustLoginURL(AppRole, name),
	}
}

// Template makes a database once for Database to copy, and lets prepare fill it as its owner. prepare must close its
// connections. A second call with the same name returns the first one's error.
func (s *Server) Template(ctx context.Context, name string, prepare func(ownerURL string) error) error {
	value, _ := s.templates.LoadOrStore(name, new(template))
	t := value.(*template)
	t.once.Do(func() { t.err = s.makeTemplate(ctx, templateName(name), prepare) })
	return t.err
}

func (s *Server) makeTemplate(ctx context.Context, database string, prepare func(ownerURL string) error) error {
	if err := s.Exec(ctx, "postgres", "DROP DATABASE IF EXISTS "+pgx.Identifier{database}.Sanitize()); err != nil {
		return err
	}
	if err := s.CreateDatabase(ctx, database, OwnerRole); err != nil {
		return err
	}
	if err := prepare(s.mustLoginURL(OwnerRole, database)); err != nil {
		return fmt.Errorf("template %s: %w", strings.TrimPrefix(database, "template_"), err)
	}
	return nil
}

func templateName(name string) string { return "template_" + name }
