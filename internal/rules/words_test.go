package rules

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// unfinished is what marks work left over. The pattern does not match itself.
var unfinished = regexp.MustCompile(`\b(TO` + `DO|FIX` + `ME)\b|not[ ]implemented|\bun` + `implemented`)

// someonesHome is a path that exists on one person's machine only.
var someonesHome = regexp.MustCompile(`(?i)(^|[^\w./-])(/home/[a-z]|/Users/[a-z]|[a-z]:\\Users\\)`)

// vendored are other people's files, kept as they came.
var vendored = []string{"api/swagger/swagger-ui*", "api/swagger/LICENSE", "web/static/htmx-*", "LICENSE", "go.sum", "*/go.sum"}

func TestWords(t *testing.T) {
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	found, err := unwanted(root, machinePaths(root))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range found {
		t.Error(f)
	}
}

func TestWordsFindsWhatIsPlanted(t *testing.T) {
	root := t.TempDir()
	planted := map[string]string{
		"worker/sweep.go":        "package worker\n\n// TO" + "DO: sweep\n",
		"worker/outbox.go":       "package worker\n\nvar err = errors.New(\"not " + "implemented\")\n",
		"docs/run.md":            "Start it in " + root + "/bin.\n",
		"deploy/compose.yaml":    "volumes: [/ho" + "me/maria/data:/data]\n",
		"web/static/htmx-2.0.js": "// FIX" + "ME upstream\n",
		"web/page.go":            "package web // a method of /api/home/latest and a to-do list\n",
		"node_modules/x/x.js":    "// TO" + "DO\n",
	}
	for name, content := range planted {
		file := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	found, err := unwanted(root, []string{root + "/"})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		`deploy/compose.yaml:1: a path of one machine: "/ho` + `me/m"`,
		`docs/run.md:1: a path of one machine: "` + root + `/"`,
		`worker/outbox.go:3: unfinished: "not ` + `implemented"`,
		`worker/sweep.go:3: unfinished: "TO` + `DO"`,
	}
	if !slices.Equal(found, want) {
		t.Errorf("found:\n%s\nwant:\n%s", strings.Join(found, "\n"), strings.Join(want, "\n"))
	}
}

// machinePaths are the folders of this machine that no file may name: where the sources lie, and the folder around
// them unless it is one that every system has.
func machinePaths(root string) []string {
	paths := []string{root + "/"}
	around := filepath.Dir(root)
	if strings.Count(around, "/") == 1 && !slices.Contains([]string{"/", "/app", "/home", "/opt", "/root", "/src", "/srv", "/tmp", "/usr", "/var"}, around) {
		paths = append(paths, around+"/")
	}
	return paths
}

// unwanted returns the lines below root with words or paths that must not be there, in the order of the files.
// Only the first of a line is returned.
func unwanted(root string, paths []string) ([]string, error) {
	var found []string
	err := filepath.WalkDir(root, func(file string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := entry.Name()
		if entry.IsDir() {
			if file != root && (strings.HasPrefix(name, ".") && name != ".ci" || name == "node_modules" || name == "bin") {
				return fs.SkipDir
			}
			return nil
		}
		relative, err := filepath.Rel(root, file)
		if err != nil {
			return err
		}
		relative = filepath.ToSlash(relative)
		if !entry.Type().IsRegular() || slices.ContainsFunc(vendored, func(pattern string) bool {
			match, err := path.Match(pattern, relative)
			return match && err == nil
		}) {
			return nil
		}
		content, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		if bytes.IndexByte(content, 0) >= 0 { // not a text
			return nil
		}
		for i, line := range bytes.Split(content, []byte("\n")) {
			if what := wrong(line, paths); what != "" {
				found = append(found, fmt.Sprintf("%s:%d: %s", relative, i+1, what))
			}
		}
		return nil
	})
	return found, err
}

func wrong(line []byte, paths []string) string {
	if word := unfinished.Find(line); word != nil {
		return fmt.Sprintf("unfinished: %q", word)
	}
	for _, p := range paths {
		if i := bytes.Index(line, []byte(p)); i >= 0 && (i == 0 || !bytes.ContainsAny(line[i-1:i], "abcdefghijklmnopqrstuvwxyz0123456789._-")) {
			return fmt.Sprintf("a path of one machine: %q", p)
		}
	}
	if m := someonesHome.FindSubmatch(line); m != nil {
		return fmt.Sprintf("a path of one machine: %q", m[2])
	}
	return ""
}
