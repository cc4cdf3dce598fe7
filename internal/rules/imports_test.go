package rules

import (
	"cmp"
	"fmt"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// module is the main module's path.
const module = "gongshu"

// Libraries that are confined to the rooms that name them. A library's packages are meant with it.
const (
	casbin     = "github.com/casbin/casbin/v2"
	cobra      = "github.com/spf13/cobra"
	echo       = "github.com/labstack/echo/v4"
	excel      = "github.com/xuri/excelize/v2"
	goose      = "github.com/pressly/goose/v3"
	jose       = "github.com/go-jose/go-jose/v4"
	jsonschema = "github.com/santhosh-tekuri/jsonschema/v6"
	minio      = "github.com/minio/minio-go/v7"
	gofakes3   = "github.com/johannesboyne/gofakes3"
	oauth2     = "golang.org/x/oauth2"
	oidc       = "github.com/coreos/go-oidc/v3"
	openapi    = "github.com/getkin/kin-openapi"
	pgx        = "github.com/jackc/pgx/v5"
	protobuf   = "google.golang.org/protobuf"
	strictjson = "github.com/go-json-experiment/json"
	temporal   = "go.temporal.io/sdk"
	temporalpb = "go.temporal.io/api"
	text       = "golang.org/x/text"
	uuid       = "github.com/google/uuid"
	xsync      = "golang.org/x/sync"
	yaml       = "github.com/goccy/go-yaml"
)

// guarded are the packages of the standard library that reach out of the process. Only rooms that name them import
// them; the rest of the standard library is everyone's.
var guarded = []string{"database/sql", "net", "net/http", "os", "plugin", "syscall", "unsafe"}

// room is a package, and what its files that are not tests import.
type room struct {
	name string   // the folder in the module
	may  []string // rooms, libraries and guarded packages
}

// house is every package of the main module. What a row does not name may not be imported there; a package without
// a row may not be. No row names cmd but its own.
var house = []room{
	// The domain. It knows no technology.
	{"sharing", nil},
	{"workday", []string{"sharing"}},
	{"regulation", []string{"sharing", "workday", "policies/regulations", yaml, jsonschema, text}},
	{"policies/regulations", nil},
	{"policies/monitor", []string{"sharing"}},
	{"dcat", []string{"sharing", uuid}},
	{"people", []string{"sharing", "internal/strictyaml"}},
	{"spreadsheet", []string{"sharing", excel, text}},

	// Who somebody is, as providers outside say it.
	{"signin", []string{"sharing", "internal/strictyaml", oidc, oauth2, jose, "net", "net/http"}},
	{"letter", []string{"sharing"}},

	// One technology each.
	{"policies", []string{"sharing", casbin, yaml}},
	{"postgres", []string{"sharing", pgx, goose, uuid, "database/sql", "net"}},
	{"files", []string{minio, "net/http", "os"}},
	{"letter/paper", []string{"letter", "os", "syscall"}},
	{"localpg", []string{pgx, "net", "net/http", "os", "syscall"}},

	// The calendar as the database has it now.
	{"almanac", []string{"sharing", "workday", "postgres"}},

	// What happens next, and the steps it takes: workflows know the activities' signatures and no store.
	{"activities", []string{"sharing", "workday", "regulation", "almanac", "postgres", temporal, uuid, xsync}},
	{"workflows", []string{"sharing", "workday", "regulation", "activities", temporal, temporalpb}},
	{"worker", []string{"sharing", "workday", "regulation", "almanac", "postgres", "files", "activities", "workflows", temporal, temporalpb, xsync, uuid, "net/http", "os"}},

	// The one way in, and the two doors that lead to it. Echo stays in the doors.
	{"desk", []string{"sharing", "workday", "regulation", "almanac", "policies", "postgres", "files", "letter", "letter/paper", "dcat", "spreadsheet", "activities", "workflows", "signin", temporal, temporalpb, uuid, text, xsync, "net/http"}},
	// The pages and the API show policies' explanations as the desk gives them, and ask it nothing.
	{"api", []string{"sharing", "workday", "regulation", "policies", "letter", "spreadsheet", "desk", echo, openapi, strictjson, uuid, text, "net", "net/http"}},
	{"web", []string{"sharing", "workday", "regulation", "policies", "letter", "letter/paper", "spreadsheet", "desk", "web/chart", echo, excel, text, uuid, xsync, "net", "net/http"}},
	{"web/chart", nil},

	{"demo", []string{"sharing", uuid, yaml}},
	{"demo/provider", []string{"sharing", "demo", jose, "net", "net/http"}},
	{"cmd/gongshu", []string{
		"sharing", "workday", "regulation", "policies", "policies/regulations", "dcat", "demo", "people", "almanac", "postgres", "files", "localpg",
		"activities", "workflows", "worker", "desk", "api", "web", "cmd/gongshu/dev", "signin", "demo/provider",
		cobra, echo, temporal, xsync, "net", "net/http", "os", "syscall",
	}},
	{"cmd/gongshu/dev", []string{"localpg", temporal, temporalpb, protobuf, xsync, "net", "net/http", "os", "syscall"}},

	// For tests.
	{"desk/desktest", []string{
		"sharing", "workday", "regulation", "policies", "policies/regulations", "demo", "almanac", "postgres", "files", "localpg",
		"letter/paper", "activities", "workflows", "worker", "desk", "signin", "demo/provider", temporal, temporalpb, pgx, uuid, "net/http", "os",
	}},
	{"e2e", []string{
		"sharing", "workday", "regulation", "policies", "policies/regulations", "dcat", "demo", "almanac", "postgres", "localpg",
		"activities", "workflows", "worker", "desk", "desk/desktest", "api", "web",
		temporal, temporalpb, pgx, openapi, protobuf, strictjson, uuid, xsync, yaml, "net", "net/http", "os", "syscall",
	}},
	{"deploy", nil},
	{"internal/rules", nil},
	{"internal/strictyaml", []string{yaml}},
}

// inTests is what the tests of any room may import beside what the room may, and the room itself. Guarded packages
// are free to tests.
var inTests = []string{
	"sharing", "files", "workday", "regulation", "policies", "policies/monitor", "policies/regulations", "demo", "almanac", "postgres", "localpg",
	"desk", "desk/desktest", "signin", "demo/provider",
	"github.com/chromedp/chromedp",
	"github.com/chromedp/cdproto",
	"github.com/rickar/cal/v2",
	"github.com/stretchr/testify",
	"api",
	"golang.org/x/net/html",
	"pgregory.net/rapid",
	gofakes3, jose, pgx, temporal, temporalpb, xsync, yaml,
}

func TestImports(t *testing.T) {
	found, err := forbidden("../..", house)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range found {
		t.Error(f)
	}
}

// TestImportsFindsWhatIsPlanted runs the check over a small house in which each kind of breach occurs.
func TestImportsFindsWhatIsPlanted(t *testing.T) {
	found, err := forbidden("testdata/house", house)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"desk/desk.go: desk may not import github.com/labstack/echo/v4",
		"kitchen/kitchen.go: the package has no row in internal/rules",
		"localpg/localpg_test.go: the tests of localpg may not import gongshu/cmd/gongshu/dev",
		"sharing/sharing.go: sharing may not import gongshu/workday",
		"sharing/sharing.go: sharing may not import os/exec",
		"workflows/share.go: workflows may not import github.com/jackc/pgx/v5/pgxpool",
		"workflows/share.go: workflows may not import go.temporal.io/server/temporal",
		"workflows/share.go: workflows may not import net/http",
	}
	if !slices.Equal(found, want) {
		t.Errorf("found:\n%s\nwant:\n%s", strings.Join(found, "\n"), strings.Join(want, "\n"))
	}
}

// TestMainModuleIsLight: the Temporal server is built in a module of its own, the tools in another.
func TestMainModuleIsLight(t *testing.T) {
	for _, file := range []string{"go.mod", "go.sum"} {
		content, err := os.ReadFile(filepath.Join("../..", file))
		if err != nil {
			t.Fatal(err)
		}
		for _, heavy := range []string{"go.temporal.io/server", "github.com/temporalio/ui-server", "honnef.co/go/tools"} {
			if slices.Contains(strings.Fields(string(content)), heavy) {
				t.Errorf("%s requires %s", file, heavy)
			}
		}
	}
}

// forbidden returns the imports below root that the rows do not allow, sorted, and the packages without a row.
func forbidden(root string, rows []room) ([]string, error) {
	folders := make(map[string]room, len(rows))
	for _, r := range rows {
		folders[r.name] = r
	}
	found := map[string]bool{}
	err := filepath.WalkDir(root, func(file string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			if file != root && outside(file, entry.Name()) {
				return fs.SkipDir
			}
			return nil
		}
		if path.Ext(file) != ".go" {
			return nil
		}
		relative, err := filepath.Rel(root, file)
		if err != nil {
			return err
		}
		relative = filepath.ToSlash(relative)
		here, ok := folders[path.Dir(relative)]
		if !ok {
			found[relative+": the package has no row in internal/rules"] = true
			return nil
		}
		source, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		who, may := here.name, here.allows
		if strings.HasSuffix(file, "_test.go") {
			who, may = "the tests of "+here.name, here.allowsInTests
		}
		for _, spec := range source.Imports {
			imported, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			if !may(imported) {
				found[fmt.Sprintf("%s: %s may not import %s", relative, who, imported)] = true
			}
		}
		return nil
	})
	return slices.SortedFunc(maps.Keys(found), cmp.Compare[string]), err
}

// outside reports whether a folder is no part of the main module's sources.
func outside(folder, name string) bool {
	if strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_") || name == "testdata" || name == "node_modules" {
		return true
	}
	_, err := os.Stat(filepath.Join(folder, "go.mod")) // a module of its own
	return err == nil
}

func (r room) allows(imported string) bool {
	own, first := "", imported
	if i := strings.IndexByte(imported, '/'); i >= 0 {
		first = imported[:i]
	}
	switch {
	case first == module:
		own = strings.TrimPrefix(imported, module+"/")
		return slices.Contains(r.may, own)
	case strings.Contains(first, "."):
		return slices.ContainsFunc(r.may, func(library string) bool { return within(imported, library) })
	default:
		return guard(imported) == "" || slices.Contains(r.may, guard(imported))
	}
}

func (r room) allowsInTests(imported string) bool {
	if guard(imported) != "" || imported == module+"/"+r.name {
		return true
	}
	return r.allows(imported) || room{may: inTests}.allows(imported)
}

// guard returns the guarded package that a package of the standard library falls under, "" for none. The packages
// below net are harmless but for net/http.
func guard(imported string) string {
	for _, g := range guarded {
		if imported == g || g != "net" && within(imported, g) {
			return g
		}
	}
	return ""
}

// within reports whether a package is that folder or below it.
func within(imported, folder string) bool {
	return imported == folder || strings.HasPrefix(imported, folder+"/")
}
