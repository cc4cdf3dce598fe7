package api

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"gongshu/desk"
	"gongshu/sharing"
)

var update = flag.Bool("update", false, "write the table of codes into docs/api.md")

// answers serves one error under an API path and returns what the caller sees.
func answers(t *testing.T, err error, header http.Header) (*http.Response, string) {
	t.Helper()
	e := New(&desk.Desk{}, Options{Logger: slog.New(slog.DiscardHandler), Mount: func(e *echo.Echo) {
		e.GET("/api/v1/broken", func(echo.Context) error { return err })
	}})
	r := httptest.NewRequest(http.MethodGet, "/api/v1/broken", nil)
	r.Header = header
	return exchange(t, e, r)
}

func exchange(t *testing.T, h http.Handler, r *http.Request) (*http.Response, string) {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	body, err := io.ReadAll(w.Result().Body)
	require.NoError(t, err)
	return w.Result(), string(body)
}

func TestErrorsBecomeProblems(t *testing.T) {
	secret := errors.New("secret of the house")
	for _, row := range []struct {
		name   string
		err    error
		status int
		want   []string
		not    []string
	}{
		{"invalid", sharing.Invalid("/purpose", "required", ""), 422, []string{`"code":"invalid"`, `"pointer":"/purpose"`, `"rule":"required"`, "必填", "/problems/invalid"}, nil},
		{"whole body", malformed("", "required", ""), 400, []string{`"code":"malformed"`, `"pointer":""`}, []string{"parameter"}},
		{"parameter", malformed("limit", "type", ""), 400, []string{`"parameter":"limit"`}, []string{"pointer"}},
		{"basis", &sharing.Error{Code: sharing.CodeBasisRequired, Article: "3(2)"}, 422, []string{`"article":"3(2)"`}, nil},
		{"not found", &sharing.Error{Code: sharing.CodeNotFound, Detail: "secret of the house", Article: "9", Fields: []sharing.FieldError{{Field: "/secret"}}}, 404, []string{`"code":"not_found"`}, []string{"secret", `"article"`}},
		{"forbidden", &sharing.Error{Code: sharing.CodeForbidden}, 403, []string{`"code":"forbidden"`}, nil},
		{"unauthenticated", &sharing.Error{Code: sharing.CodeUnauthenticated, Detail: "secret"}, 401, []string{`"code":"unauthenticated"`}, []string{"secret"}},
		{"stale", &sharing.Error{Code: sharing.CodeStale}, 412, []string{`"code":"stale"`}, nil},
		{"wrong state", &sharing.Error{Code: sharing.CodeWrongState}, 409, nil, nil},
		{"already decided", &sharing.Error{Code: sharing.CodeAlreadyDecided}, 409, nil, nil},
		{"completion used", &sharing.Error{Code: sharing.CodeCompletionUsed}, 409, nil, nil},
		{"no extension", &sharing.Error{Code: sharing.CodeNoExtension, Article: "16(2)"}, 409, []string{`"code":"no_extension"`, `"article":"16(2)"`, "不能延长期限"}, nil},
		{"key reused", &sharing.Error{Code: sharing.CodeKeyReused}, 409, nil, nil},
		{"in progress", &sharing.Error{Code: sharing.CodeInProgress}, 409, nil, nil},
		{"condition", &sharing.Error{Code: sharing.CodeConditionalRead}, 428, []string{`"code":"condition_missing"`}, nil},
		{"not shared", &sharing.Error{Code: sharing.CodeNotShared, Article: "22"}, 422, []string{`"article":"22"`}, nil},
		{"no regulation", &sharing.Error{Code: sharing.CodeNoRegulation}, 422, nil, nil},
		{"beyond calendar", &sharing.Error{Code: sharing.CodeBeyondCalendar}, 422, nil, nil},
		{"too large", &sharing.Error{Code: sharing.CodeTooLarge}, 413, nil, nil},
		{"unavailable", &sharing.Error{Code: sharing.CodeUnavailable, Detail: "secret", Cause: secret}, 503, []string{`"code":"unavailable"`}, []string{"secret"}},
		{"wrapped", fmt.Errorf("secret: %w", sharing.Errorf(sharing.CodeWrongState, "the case is refused")), 409, []string{"the case is refused"}, []string{"secret"}},
		{"cause", &sharing.Error{Code: sharing.CodeWrongState, Cause: secret}, 409, nil, []string{"secret"}},
		{"code nobody knows", &sharing.Error{Code: "secret", Detail: "secret"}, 500, []string{`"code":"internal"`}, []string{"secret"}},
		{"unknown", secret, 500, []string{`"code":"internal"`, "系统内部错误"}, []string{"secret"}},
		{"out of time", fmt.Errorf("secret: %w", context.DeadlineExceeded), 503, nil, []string{"secret"}},
		{"hung up", context.Canceled, 503, nil, nil},
		{"echo's own", echo.NewHTTPError(418, "secret"), 500, nil, []string{"secret"}},
		{"meanwhile", &meanwhile{sharing.Errorf(sharing.CodeStale, ""), current{State: "refused", Version: 4}}, 412, []string{`"current":{"state":"refused","version":4}`}, nil},
	} {
		t.Run(row.name, func(t *testing.T) {
			response, body := answers(t, row.err, http.Header{"X-Request-Id": {"r-1"}})
			assert.Equal(t, row.status, response.StatusCode)
			assert.Equal(t, "application/problem+json", response.Header.Get("Content-Type"))
			assert.Contains(t, body, fmt.Sprintf(`"status":%d`, row.status))
			assert.Contains(t, body, `"request_id":"r-1"`)
			for _, s := range row.want {
				assert.Contains(t, body, s)
			}
			for _, s := range row.not {
				assert.NotContains(t, body, s)
			}
			assert.Equal(t, row.status == 401, response.Header.Get("WWW-Authenticate") != "")
			assert.Equal(t, row.status == 503, response.Header.Get("Retry-After") != "")
			assert.Equal(t, "no-store", response.Header.Get("Cache-Control"))
			var value any
			require.NoError(t, json.Unmarshal([]byte(body), &value))
			assert.NoError(t, specification().Components.Schemas["Problem"].Value.VisitJSON(value))
		})
	}
}

func TestProblemsSpeakTheReadersLanguage(t *testing.T) {
	for accept, want := range map[string]string{
		"":                         "未找到",
		"zh-CN,zh;q=0.9,en;q=0.8":  "未找到",
		"zh-TW":                    "未找到",
		"en":                       "Not found",
		"en-GB,en;q=0.9,zh;q=0.1":  "Not found",
		"de":                       "未找到",
		"*":                        "未找到",
		"\x00;;;q=x":               "未找到",
		strings.Repeat("en,", 500): "未找到",
	} {
		response, body := answers(t, &sharing.Error{Code: sharing.CodeNotFound}, http.Header{"Accept-Language": {accept}})
		assert.Contains(t, body, want, accept)
		assert.Equal(t, map[bool]string{true: "en", false: "zh"}[want == "Not found"], response.Header.Get("Content-Language"), accept)
	}
}

// TestCodesAreComplete holds that every code and rule is told in both languages.
func TestCodesAreComplete(t *testing.T) {
	codes := append(declaredCodes(t), codeMalformed, codeMethod, codeMediaType, codeInternal,
		desk.CodeKeyExpired, desk.CodeKeyRevoked, desk.CodeKeyAddress, desk.CodeKeyScope,
		desk.CodeSignInUnknown, desk.CodeSignInDepartment, desk.CodeSignInRoles)
	var have []sharing.Code
	for _, k := range kinds {
		have = append(have, k.code)
		for _, words := range []text{k.title, k.advice} {
			assert.NotEmpty(t, words.zh, k.code)
			assert.NotEmpty(t, words.en, k.code)
		}
	}
	assert.ElementsMatch(t, codes, have)
	for name, words := range rules {
		assert.NotEmpty(t, words.zh, name)
		assert.NotEmpty(t, words.en, name)
	}
}

// declaredCodes lists the codes that package sharing declares.
func declaredCodes(t *testing.T) []sharing.Code {
	t.Helper()
	tree, err := parser.ParseFile(token.NewFileSet(), "../sharing/error.go", nil, 0)
	require.NoError(t, err)
	var codes []sharing.Code
	ast.Inspect(tree, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || len(spec.Values) != 1 {
			return true
		}
		if of, ok := spec.Type.(*ast.Ident); ok && of.Name == "Code" {
			value, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
			require.NoError(t, err)
			codes = append(codes, sharing.Code(value))
		}
		return true
	})
	require.Greater(t, len(codes), 15)
	return codes
}

// TestRulesAreComplete reads the rooms behind the desk for the rules they name.
func TestRulesAreComplete(t *testing.T) {
	named := map[string]bool{}
	literal := func(e ast.Expr) {
		if l, ok := e.(*ast.BasicLit); ok && l.Kind == token.STRING {
			name, err := strconv.Unquote(l.Value)
			require.NoError(t, err)
			named[name] = true
		}
	}
	for _, room := range []string{"../sharing", "../desk", "../activities", "../postgres", "."} {
		files, err := filepath.Glob(room + "/*.go")
		require.NoError(t, err)
		for _, file := range files {
			if strings.HasSuffix(file, "_test.go") {
				continue
			}
			tree, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
			require.NoError(t, err)
			ast.Inspect(tree, func(n ast.Node) bool {
				switch n := n.(type) {
				case *ast.KeyValueExpr:
					if key, ok := n.Key.(*ast.Ident); ok && key.Name == "Rule" {
						literal(n.Value)
					}
				case *ast.CallExpr:
					name := ""
					switch f := n.Fun.(type) {
					case *ast.Ident:
						name = f.Name
					case *ast.SelectorExpr:
						name = f.Sel.Name
					}
					switch {
					case (name == "Invalid" || name == "malformed") && len(n.Args) == 3:
						literal(n.Args[1])
					case name == "require" && len(n.Args) == 4:
						literal(n.Args[2])
					}
				}
				return true
			})
		}
	}
	assert.Greater(t, len(named), 20, "the rules are found")
	for name := range named {
		assert.Contains(t, rules, name)
	}
}

// TestDocsAreCurrent holds the tables of docs/api.md to the ones in this package;
// run it with -update to write them.
func TestDocsAreCurrent(t *testing.T) {
	const path = "../docs/api.md"
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	doc := replaceBetween(t, string(data), "codes", codesTable())
	doc = replaceBetween(t, doc, "rules", rulesTable())
	doc = replaceBetween(t, doc, "operations", operationsTable())
	if *update {
		require.NoError(t, os.WriteFile(path, []byte(doc), 0o644))
	}
	assert.Equal(t, doc, string(data), "go test ./api -run TestDocsAreCurrent -update")
}

func replaceBetween(t *testing.T, doc, name, table string) string {
	t.Helper()
	begin, end := "<!-- "+name+" -->\n", "<!-- end of "+name+" -->"
	before, rest, ok := strings.Cut(doc, begin)
	require.True(t, ok, begin)
	_, after, ok := strings.Cut(rest, end)
	require.True(t, ok, end)
	return before + begin + table + end + after
}

func codesTable() string {
	var b strings.Builder
	b.WriteString("| code | status | what it says | what to do |\n| --- | --- | --- | --- |\n")
	for _, k := range kinds {
		fmt.Fprintf(&b, "| `%s` | %d | %s<br>%s | %s |\n", k.code, k.status, k.title.zh, k.title.en, k.advice.en)
	}
	return b.String()
}

func rulesTable() string {
	var names []string
	for name := range rules {
		names = append(names, name)
	}
	slices.Sort(names)
	var b strings.Builder
	b.WriteString("| rule | says |\n| --- | --- |\n")
	for _, name := range names {
		fmt.Fprintf(&b, "| `%s` | %s · %s |\n", name, rules[name].zh, rules[name].en)
	}
	return b.String()
}

func operationsTable() string {
	var b strings.Builder
	b.WriteString("| request | what it is | If-Match |\n| --- | --- | --- |\n")
	for _, op := range operations() {
		condition := ""
		if op.parameters[ifMatch] != nil {
			condition = "yes"
		}
		fmt.Fprintf(&b, "| `%s %s` | %s | %s |\n", op.method, op.template,
			specification().Paths.Value(op.template).GetOperation(op.method).Summary, condition)
	}
	return b.String()
}
