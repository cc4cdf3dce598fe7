package api

import (
	"encoding/json"
	"maps"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestNothingElseCanBeAssigned sends to every operation that takes a body every
// name that some response has, and every column of the database: each that is not
// the operation's own is refused by name.
func TestNothingElseCanBeAssigned(t *testing.T) {
	names := map[string]bool{}
	for _, schema := range specification().Components.Schemas {
		for name := range schema.Value.Properties {
			names[name] = true
		}
	}
	c := newCaller(t)
	db, err := pgx.Connect(t.Context(), c.rig.Database.OwnerURL)
	require.NoError(t, err)
	defer db.Close(t.Context())
	rows, err := db.Query(t.Context(), `SELECT DISTINCT column_name FROM information_schema.columns WHERE table_schema = 'public'`)
	require.NoError(t, err)
	columns, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(t, err)
	for _, name := range columns {
		names[name] = true
	}
	require.Greater(t, len(names), 200)

	e, sent := checker(), 0
	for _, op := range operations() {
		media := op.body
		if media == nil || media.Content.Get("application/json") == nil {
			continue
		}
		own := ownNames(media.Content.Get("application/json").Schema.Value)
		foreign := slices.DeleteFunc(slices.Sorted(maps.Keys(names)), func(name string) bool { return own[name] })
		for some := range slices.Chunk(foreign, 20) { // answers name so many broken rules and no more
			body := map[string]any{}
			for _, name := range some {
				body[name] = "x"
			}
			text, err := json.Marshal(body)
			require.NoError(t, err)
			r := httptest.NewRequest(op.method, Base+strings.NewReplacer("{id}", "x", "{file}", "x").Replace(op.template), strings.NewReader(string(text)))
			r.Header.Set("Content-Type", "application/json")
			for at, parameter := range op.parameters {
				if at.in == "header" && parameter.Required {
					r.Header.Set(at.name, "0123456789012345678901234567890123456789012")
				}
			}
			r.Header.Set("If-Match", `"1"`)
			w := httptest.NewRecorder()
			e.ServeHTTP(w, r)
			assert.Contains(t, []int{400, 422}, w.Code, op.ID)
			var refusal problem
			require.NoError(t, json.Unmarshal(w.Body.Bytes(), &refusal))
			told := map[string]bool{}
			for _, f := range refusal.Errors {
				if f.Rule == "unknown" && f.Pointer != nil {
					told[*f.Pointer] = true
				}
			}
			for _, name := range some {
				sent++
				assert.True(t, told["/"+name], "%s takes %q", op.ID, name)
			}
		}
	}
	t.Logf("%d names refused", sent)
	assert.Greater(t, sent, 5000)
}

// ownNames are the names that a body can have at its top.
func ownNames(s *openapi3.Schema) map[string]bool {
	names := map[string]bool{}
	for name := range s.Properties {
		names[name] = true
	}
	for _, of := range slices.Concat(s.AllOf, s.AnyOf, s.OneOf) {
		maps.Copy(names, ownNames(of.Value))
	}
	return names
}

// TestPathTricks asks for a case that is hidden in every way of writing its
// address: none shows it, and none is answered otherwise than for a case that there
// never was.
func TestPathTricks(t *testing.T) {
	c := newCaller(t)
	_, cases := c.apply("shuozhou-minzheng-requester", "shuozhou", "SZ-GA-001")
	const stranger, never = "shuozhou-shichang-requester", "7f7f7f7f-0000-4000-8000-000000000000"
	escape := func(id string) string {
		var b strings.Builder
		for _, r := range []byte(id) {
			b.WriteString("%" + strings.ToUpper(string("0123456789abcdef"[r>>4])+string("0123456789abcdef"[r&15])))
		}
		return b.String()
	}
	for _, shape := range []string{
		"/cases/{id}", "/cases/{id}/", "/cases//{id}", "/cases/./{id}", "/cases/../cases/{id}", "/cases/x/../{id}", "/cases/%2e%2e/cases/{id}",
		"/cases/{id}%2f", "/cases/{id}%00", "/cases/{id}%20", "/cases/{id}%0a", "/cases/%252f{id}", "/cases/{id};x=1", "/cases/{id}.json", "/cases/{ID}", "/CASES/{id}",
		"/cases/{escaped}", "/cases/{id}?as=authority", "/cases/{id}?user=shuozhou-authority-officer", "/cases/{id}?id={id}", "/cases/{id}%3fas=authority",
		"/catalog/..%2fcases%2f{id}", "/grants/../cases/{id}", "/cases/{id}/comments", "/cases/{id}//comments", "/cases/{id}%2fcomments", "/cases/\u202e{id}", "/cases/{id}\ufeff",
		"/cases/" + strings.Repeat("a", 9000) + "{id}",
	} {
		for _, method := range []string{"GET", "HEAD", "OPTIONS", "TRACE", "PROPFIND", "POST", "DELETE"} {
			ask := func(id string) answer {
				target := strings.NewReplacer("{id}", id, "{ID}", strings.ToUpper(id), "{escaped}", escape(id)).Replace(shape)
				r := httptest.NewRequest(method, "/", nil)
				u, err := url.Parse(Base + target)
				if err != nil {
					u = &url.URL{Path: Base + target}
				}
				r.URL = u
				r.Header.Set("X-HTTP-Method-Override", "GET")
				r.Header.Set("X-Original-URL", Base+"/cases/"+id)
				r.Header.Set("X-Rewrite-URL", Base+"/cases/"+id)
				r.Header.Set("X-Forwarded-User", "shuozhou-authority-officer")
				if c.tokens[stranger] == "" {
					c.tokens[stranger] = c.rig.Token(stranger)
				}
				r.Header.Set("Authorization", "Bearer "+c.tokens[stranger])
				w := httptest.NewRecorder()
				c.e.ServeHTTP(w, r)
				return answer{t, w.Code, w.Header(), strings.ReplaceAll(w.Body.String(), id, never)}
			}
			hidden, absent := ask(cases[0]), ask(never)
			assert.Equal(t, absent.Status, hidden.Status, "%s %s", method, shape)
			assert.GreaterOrEqual(t, hidden.Status, 300, "%s %s", method, shape)
			assert.Equal(t, withoutID(absent.Body), withoutID(hidden.Body), "%s %s", method, shape)
			assert.NotContains(t, hidden.Body, "核对申请人资格", "%s %s", method, shape)
		}
	}
}

// withoutID leaves out what tells one request from another.
func withoutID(body string) string {
	var p map[string]any
	if json.Unmarshal([]byte(body), &p) != nil {
		return body
	}
	delete(p, "request_id")
	delete(p, "instance")
	text, err := json.Marshal(p)
	if err != nil {
		return body
	}
	return string(text)
}
