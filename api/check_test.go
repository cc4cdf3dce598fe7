package api

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"gongshu/sharing"
)

// checker serves every operation by checking the request, decoding its body as
// its handler would, and answering 204.
func checker() *echo.Echo {
	s := &server{}
	e := echo.New()
	e.HTTPErrorHandler = s.handleError
	bodies := map[string]func() any{
		"createApplication": func() any { return new(draft) }, "saveApplication": func() any { return new(draft) },
		"submitApplication": func() any { return new(submission) },
		"pass":              func() any { return new(sharing.Remark) }, "sendBack": func() any { return new(sharing.Remark) },
		"extend": func() any { return new(sharing.Prolonging) }, "reassign": func() any { return new(sharing.Reassignment) },
		"requestCompletion": func() any { return new(sharing.Completion) }, "complete": func() any { return new(sharing.Completed) },
		"answer": func() any { return new(sharing.Decision) }, "provide": func() any { return new(sharing.Provision) },
		"confirm": func() any { return new(sharing.Remark) }, "reportFailure": func() any { return new(sharing.Remark) },
		"withdraw": func() any { return new(sharing.Remark) },
	}
	for _, op := range operations() {
		e.Add(op.method, Base+op.path, func(c echo.Context) error {
			if err := op.check(c); err != nil {
				return err
			}
			if body := bodies[op.ID]; body != nil {
				if err := decode(c, body()); err != nil {
					return err
				}
			}
			return c.NoContent(http.StatusNoContent)
		})
	}
	return e
}

// TestRequestsAreHeldToTheSpecification sends requests that are wrong in one way
// each, and asks for the status, the place and the rule.
func TestRequestsAreHeldToTheSpecification(t *testing.T) {
	long := strings.Repeat("长", sharing.MaxText+1)
	const versioned, keyed = "If-Match", "Idempotency-Key"
	type header map[string][]string
	for _, row := range []struct {
		name, method, target, body string
		header                     header
		status                     int
		place, rule                string
	}{
		// What is right.
		{name: "empty draft", method: "POST", target: "/applications", body: `{}`, status: 204},
		{name: "whole draft", method: "POST", target: "/applications", status: 204,
			body: `{"items":[{"resource_id":"r","fields":["a"]}],"purpose":"核验","duty":"登记","mode":"query_api","term_months":12,"scenario":"x","attachments":["f"],"for":"d"}`},
		{name: "longest text", method: "POST", target: "/applications", body: fmt.Sprintf(`{"purpose":%q}`, long[:len("长")*sharing.MaxText]), status: 204},
		{name: "search", method: "GET", target: "/catalog?q=%E4%BA%BA%E5%8F%A3&class=conditional&base=population&limit=100&cursor=x", status: 204},
		{name: "no search text", method: "GET", target: "/catalog?q=", status: 204},
		{name: "decision", method: "POST", target: "/cases/x/answer", body: `{"agree":true}`, header: header{versioned: {`"3"`}, keyed: {"k-1"}}, status: 204},
		{name: "refusal without basis is not for the specification", method: "POST", target: "/cases/x/answer", body: `{"agree":false}`, header: header{versioned: {`"3"`}}, status: 204},
		{name: "case number", method: "GET", target: "/cases/%E6%9C%94%E6%95%B02026-1", status: 204},
		{name: "escaped slash", method: "GET", target: "/cases/a%2Fb", status: 204},
		{name: "received on", method: "POST", target: "/applications/x/submit", body: `{"received_on":"2024-02-29"}`, header: header{versioned: {`"1"`}}, status: 204},
		{name: "nothing to say", method: "POST", target: "/applications/x/submit", header: header{versioned: {`"1"`}}, status: 204},
		{name: "passed without a word", method: "POST", target: "/cases/x/pass", body: "", header: header{versioned: {`"1"`}}, status: 204},
		{name: "returned with reasons", method: "POST", target: "/cases/x/return", body: `{"note":"x"}`, header: header{versioned: {`"1"`}}, status: 204},
		{name: "extension", method: "POST", target: "/cases/x/extension", body: `{"n":5,"reason":"x"}`, header: header{versioned: {`"1"`}}, status: 204},
		{name: "messages", method: "GET", target: "/messages?limit=100&cursor=x", status: 204},
		{name: "first check", method: "GET", target: "/cases?state=checking", status: 204},
		{name: "confirmed without a word", method: "POST", target: "/cases/x/confirmation", body: "", header: header{versioned: {`"1"`}}, status: 204},

		// JSON that is none.
		{name: "no body", method: "POST", target: "/applications", status: 400, place: "", rule: "required"},
		{name: "cut short", method: "POST", target: "/applications", body: `{"purpose":"x"`, status: 400, rule: "json"},
		{name: "trailing bytes", method: "POST", target: "/applications", body: `{} {}`, status: 400, rule: "json"},
		{name: "trailing comma", method: "POST", target: "/applications", body: `{"purpose":"x",}`, status: 400, rule: "json"},
		{name: "byte order mark", method: "POST", target: "/applications", body: "\ufeff{}", status: 400, rule: "json"},
		{name: "comment", method: "POST", target: "/applications", body: "{} // x", status: 400, rule: "json"},
		{name: "NaN", method: "POST", target: "/applications", body: `{"term_months":NaN}`, status: 400, place: "/term_months", rule: "json"},
		{name: "invalid UTF-8", method: "POST", target: "/applications", body: "{\"purpose\":\"\xff\xfe\"}", status: 400, place: "/purpose", rule: "json"},
		{name: "half a surrogate", method: "POST", target: "/applications", body: `{"purpose":"\ud800"}`, status: 400, place: "/purpose", rule: "json"},
		{name: "raw NUL", method: "POST", target: "/applications", body: "{\"purpose\":\"a\x00b\"}", status: 400, place: "/purpose", rule: "json"},
		{name: "escaped NUL", method: "POST", target: "/applications", body: `{"purpose":"a\u0000b"}`, status: 422, place: "/purpose", rule: "characters"},
		{name: "escaped NUL inside", method: "POST", target: "/applications", body: `{"items":[{"resource_id":"a\u0000"}]}`, status: 422, place: "/items/0/resource_id", rule: "characters"},
		{name: "duplicate name", method: "POST", target: "/applications", body: `{"purpose":"a","purpose":"b"}`, status: 400, place: "/purpose", rule: "duplicate"},
		{name: "duplicate name, escaped", method: "POST", target: "/applications", body: `{"purpose":"a","p\u0075rpose":"b"}`, status: 400, place: "/purpose", rule: "duplicate"},
		{name: "duplicate name inside", method: "POST", target: "/applications", body: `{"items":[{"resource_id":"a","resource_id":"b"}]}`, status: 400, place: "/items/0/resource_id", rule: "duplicate"},
		{name: "huge number", method: "POST", target: "/applications", body: `{"term_months":1e999}`, status: 400, place: "/term_months", rule: "number"},
		{name: "deep", method: "POST", target: "/applications", body: strings.Repeat("[", 100_000), status: 400, place: strings.Repeat("/0", maxPointer/2) + "…", rule: "json"},
		{name: "deep and closed", method: "POST", target: "/applications", body: `{"items":` + strings.Repeat("[", 9000) + strings.Repeat("]", 9000) + `}`, status: 422, place: "/items/0", rule: "type"},

		// JSON that is not as specified.
		{name: "list", method: "POST", target: "/applications", body: `[]`, status: 422, place: "", rule: "type"},
		{name: "null", method: "POST", target: "/applications", body: `null`, status: 422, place: "", rule: "type"},
		{name: "unknown name", method: "POST", target: "/applications", body: `{"purpos":"x"}`, status: 422, place: "/purpos", rule: "unknown"},
		{name: "other case", method: "POST", target: "/applications", body: `{"Purpose":"x"}`, status: 422, place: "/Purpose", rule: "unknown"},
		{name: "both cases", method: "POST", target: "/applications", body: `{"purpose":"x","PURPOSE":"y"}`, status: 422, place: "/PURPOSE", rule: "unknown"},
		{name: "look-alike case", method: "POST", target: "/applications", body: `{"scenario":"x","ſcenario":"y"}`, status: 422, place: "/ſcenario", rule: "unknown"},
		{name: "unknown name inside", method: "POST", target: "/applications", body: `{"items":[{"resource_id":"a","role":"x"}]}`, status: 422, place: "/items/0/role", rule: "unknown"},
		{name: "name to be escaped", method: "POST", target: "/applications", body: `{"a/b~c":1}`, status: 422, place: "/a~1b~0c", rule: "unknown"},
		{name: "due date", method: "POST", target: "/cases/x/answer", body: `{"agree":true,"due_date":"2030-01-01"}`, header: header{versioned: {`"1"`}}, status: 422, place: "/due_date", rule: "unknown"},
		{name: "text for a number", method: "POST", target: "/applications", body: `{"term_months":"12"}`, status: 422, place: "/term_months", rule: "type"},
		{name: "half a month", method: "POST", target: "/applications", body: `{"term_months":1.5}`, status: 422, place: "/term_months", rule: "type"},
		{name: "large number", method: "POST", target: "/applications", body: `{"term_months":1e300}`, status: 422, place: "/term_months", rule: "range"},
		{name: "negative", method: "POST", target: "/applications", body: `{"term_months":-1}`, status: 422, place: "/term_months", rule: "range"},
		{name: "number as a fraction", method: "POST", target: "/applications", body: `{"term_months":1e1}`, status: 422, place: "/term_months", rule: "type"},
		{name: "null for a text", method: "POST", target: "/applications", body: `{"purpose":null}`, status: 422, place: "/purpose", rule: "type"},
		{name: "long text", method: "POST", target: "/applications", body: fmt.Sprintf(`{"purpose":%q}`, long), status: 422, place: "/purpose", rule: "max_length"},
		{name: "many items", method: "POST", target: "/applications", body: `{"items":[` + strings.Repeat(`{"resource_id":"a"},`, 50) + `{"resource_id":"a"}]}`, status: 422, place: "/items", rule: "max_items"},
		{name: "no such mode", method: "POST", target: "/applications", body: `{"mode":"carrier_pigeon"}`, status: 422, place: "/mode", rule: "one_of"},
		{name: "empty id", method: "POST", target: "/applications", body: `{"items":[{"resource_id":""}]}`, status: 422, place: "/items/0/resource_id", rule: "required"},
		{name: "no id", method: "POST", target: "/applications", body: `{"items":[{}]}`, status: 422, place: "/items/0/resource_id", rule: "required"},
		{name: "no decision", method: "POST", target: "/cases/x/answer", body: `{}`, header: header{versioned: {`"1"`}}, status: 422, place: "/agree", rule: "required"},
		{name: "no gap", method: "POST", target: "/cases/x/completion-request", body: `{"gaps":[]}`, header: header{versioned: {`"1"`}}, status: 422, place: "/gaps", rule: "required"},
		{name: "returned without reasons", method: "POST", target: "/cases/x/return", body: `{}`, header: header{versioned: {`"1"`}}, status: 422, place: "/note", rule: "required"},
		{name: "returned with an empty reason", method: "POST", target: "/cases/x/return", body: `{"note":""}`, header: header{versioned: {`"1"`}}, status: 422, place: "/note", rule: "required"},
		{name: "returned without a body", method: "POST", target: "/cases/x/return", header: header{versioned: {`"1"`}}, status: 400, rule: "required"},
		{name: "passed with something else", method: "POST", target: "/cases/x/pass", body: `{"agree":true}`, header: header{versioned: {`"1"`}}, status: 422, place: "/agree", rule: "unknown"},
		{name: "extended by nothing", method: "POST", target: "/cases/x/extension", body: `{"n":0,"reason":"x"}`, header: header{versioned: {`"1"`}}, status: 422, place: "/n", rule: "range"},
		{name: "extended by half a day", method: "POST", target: "/cases/x/extension", body: `{"n":1.5,"reason":"x"}`, header: header{versioned: {`"1"`}}, status: 422, place: "/n", rule: "type"},
		{name: "extended without a reason", method: "POST", target: "/cases/x/extension", body: `{"n":5}`, header: header{versioned: {`"1"`}}, status: 422, place: "/reason", rule: "required"},
		{name: "extended to a day", method: "POST", target: "/cases/x/extension", body: `{"n":5,"reason":"x","due_date":"2030-01-01"}`, header: header{versioned: {`"1"`}}, status: 422, place: "/due_date", rule: "unknown"},
		{name: "reassigned to nobody", method: "POST", target: "/cases/x/reassignment", body: `{"department":"","reason":"x"}`, header: header{versioned: {`"1"`}}, status: 422, place: "/department", rule: "required"},
		{name: "reassigned without a reason", method: "POST", target: "/cases/x/reassignment", body: `{"department":"d"}`, header: header{versioned: {`"1"`}}, status: 422, place: "/reason", rule: "required"},
		{name: "no such day", method: "POST", target: "/applications/x/submit", body: `{"received_on":"2026-02-30"}`, header: header{versioned: {`"1"`}}, status: 422, place: "/received_on", rule: "format"},
		{name: "day with an hour", method: "POST", target: "/applications/x/submit", body: `{"received_on":"2026-02-01T00:00:00Z"}`, header: header{versioned: {`"1"`}}, status: 422, place: "/received_on", rule: "format"},
		{name: "year of five digits", method: "POST", target: "/applications/x/submit", body: `{"received_on":"12026-02-01"}`, header: header{versioned: {`"1"`}}, status: 422, place: "/received_on", rule: "format"},

		// Types and sizes.
		{name: "no type", method: "POST", target: "/applications", body: `{}`, header: header{"Content-Type": nil}, status: 415},
		{name: "text", method: "POST", target: "/applications", body: `{}`, header: header{"Content-Type": {"text/plain"}}, status: 415},
		{name: "form", method: "POST", target: "/applications", body: `a=b`, header: header{"Content-Type": {"application/x-www-form-urlencoded"}}, status: 415},
		{name: "another charset", method: "POST", target: "/applications", body: `{}`, header: header{"Content-Type": {"application/json; charset=gbk"}}, status: 415},
		{name: "broken type", method: "POST", target: "/applications", body: `{}`, header: header{"Content-Type": {"application/json; charset="}}, status: 415},
		{name: "compressed", method: "POST", target: "/applications", body: `{}`, header: header{"Content-Encoding": {"gzip"}}, status: 415},
		{name: "JSON for a file", method: "POST", target: "/attachments", body: `{}`, status: 415},
		{name: "large body", method: "POST", target: "/applications", body: `{"purpose":"` + strings.Repeat("a", 1<<20) + `"}`, status: 413},
		{name: "many small values", method: "POST", target: "/applications", body: `{"items":[` + strings.Repeat("1,", 500_000) + `1]}`, status: 413},
		{name: "body where there is none", method: "GET", target: "/cases", body: `{}`, status: 400, rule: "no_body"},
		{name: "body for a discard", method: "DELETE", target: "/applications/x", body: `{}`, header: header{versioned: {`"1"`}}, status: 400, rule: "no_body"},

		// Query.
		{name: "unknown parameter", method: "GET", target: "/cases?order=due", status: 400, place: "order", rule: "unknown"},
		{name: "other case of a parameter", method: "GET", target: "/cases?State=agreed", status: 400, place: "State", rule: "unknown"},
		{name: "parameter where there is none", method: "GET", target: "/me?x=1", status: 400, place: "x", rule: "unknown"},
		{name: "twice", method: "GET", target: "/cases?state=agreed&state=refused", status: 400, place: "state", rule: "single"},
		{name: "no such state", method: "GET", target: "/cases?state=lost", status: 400, place: "state", rule: "one_of"},
		{name: "empty state", method: "GET", target: "/cases?state=", status: 400, place: "state", rule: "one_of"},
		{name: "messages of another department", method: "GET", target: "/messages?department=x", status: 400, place: "department", rule: "unknown"},
		{name: "extended without If-Match", method: "POST", target: "/cases/x/extension", body: `{"n":5,"reason":"x"}`, status: 428, place: "If-Match", rule: "required"},
		{name: "limit 0", method: "GET", target: "/cases?limit=0", status: 400, place: "limit", rule: "range"},
		{name: "limit 101", method: "GET", target: "/cases?limit=101", status: 400, place: "limit", rule: "range"},
		{name: "limit huge", method: "GET", target: "/cases?limit=99999999999999999999", status: 400, place: "limit", rule: "type"},
		{name: "limit in words", method: "GET", target: "/cases?limit=ten", status: 400, place: "limit", rule: "type"},
		{name: "limit empty", method: "GET", target: "/cases?limit=", status: 400, place: "limit", rule: "required"},
		{name: "neither true nor false", method: "GET", target: "/cases?mine=perhaps", status: 400, place: "mine", rule: "type"},
		{name: "long text", method: "GET", target: "/catalog?q=" + strings.Repeat("a", 201), status: 400, place: "q", rule: "max_length"},
		{name: "NUL", method: "GET", target: "/catalog?q=a%00b", status: 400, place: "q", rule: "characters"},
		{name: "invalid UTF-8", method: "GET", target: "/catalog?q=%ff", status: 400, place: "q", rule: "characters"},
		{name: "broken escape", method: "GET", target: "/catalog?q=%zz", status: 400, place: "query", rule: "escape"},
		{name: "semicolon", method: "GET", target: "/cases?state=agreed;limit=1", status: 400, place: "query", rule: "escape"},
		{name: "no day", method: "GET", target: "/due?days=5", status: 400, place: "received", rule: "required"},
		{name: "day of no month", method: "GET", target: "/due?received=2026-13-01&days=5", status: 400, place: "received", rule: "format"},
		{name: "too many days", method: "GET", target: "/due?received=2026-01-01&days=1001", status: 400, place: "days", rule: "range"},

		// Path.
		{name: "NUL", method: "GET", target: "/cases/a%00b", status: 400, place: "id", rule: "characters"},
		{name: "invalid UTF-8", method: "GET", target: "/cases/%ff", status: 400, place: "id", rule: "characters"},
		{name: "long id", method: "GET", target: "/cases/" + strings.Repeat("a", 101), status: 400, place: "id", rule: "max_length"},

		// Headers.
		{name: "no If-Match", method: "POST", target: "/cases/x/answer", body: `{"agree":true}`, status: 428, place: "If-Match", rule: "required"},
		{name: "empty If-Match", method: "POST", target: "/cases/x/answer", body: `{"agree":true}`, header: header{versioned: {""}}, status: 400, place: "If-Match", rule: "pattern"},
		{name: "any version", method: "POST", target: "/cases/x/answer", body: `{"agree":true}`, header: header{versioned: {"*"}}, status: 400, place: "If-Match", rule: "pattern"},
		{name: "weak", method: "POST", target: "/cases/x/answer", body: `{"agree":true}`, header: header{versioned: {`W/"3"`}}, status: 400, place: "If-Match", rule: "pattern"},
		{name: "two versions", method: "POST", target: "/cases/x/answer", body: `{"agree":true}`, header: header{versioned: {`"3", "4"`}}, status: 400, place: "If-Match", rule: "pattern"},
		{name: "two headers", method: "POST", target: "/cases/x/answer", body: `{"agree":true}`, header: header{versioned: {`"3"`, `"4"`}}, status: 400, place: "If-Match", rule: "single"},
		{name: "no quotes", method: "POST", target: "/cases/x/answer", body: `{"agree":true}`, header: header{versioned: {`3`}}, status: 400, place: "If-Match", rule: "pattern"},
		{name: "version 0", method: "POST", target: "/cases/x/answer", body: `{"agree":true}`, header: header{versioned: {`"0"`}}, status: 400, place: "If-Match", rule: "pattern"},
		{name: "huge version", method: "POST", target: "/cases/x/answer", body: `{"agree":true}`, header: header{versioned: {`"99999999999"`}}, status: 400, place: "If-Match", rule: "pattern"},
		{name: "two keys", method: "POST", target: "/applications", body: `{}`, header: header{keyed: {"a", "b"}}, status: 400, place: keyed, rule: "single"},
		{name: "key with a space", method: "POST", target: "/applications", body: `{}`, header: header{keyed: {"a b"}}, status: 400, place: keyed, rule: "pattern"},
		{name: "key in Chinese", method: "POST", target: "/applications", body: `{}`, header: header{keyed: {"键"}}, status: 400, place: keyed, rule: "pattern"},
		{name: "empty key", method: "POST", target: "/applications", body: `{}`, header: header{keyed: {""}}, status: 400, place: keyed, rule: "pattern"},
		{name: "long key", method: "POST", target: "/applications", body: `{}`, header: header{keyed: {strings.Repeat("k", 256)}}, status: 400, place: keyed, rule: "pattern"},
	} {
		t.Run(row.method+" "+row.name, func(t *testing.T) {
			r := httptest.NewRequest(row.method, "/", strings.NewReader(row.body))
			if row.body == "" {
				r = httptest.NewRequest(row.method, "/", nil)
			} else {
				r.Header.Set("Content-Type", "application/json")
			}
			u, err := r.URL.Parse(Base + row.target)
			require.NoError(t, err)
			r.URL = u
			for name, values := range row.header {
				r.Header[name] = values
			}
			response, body := exchange(t, checker(), r)
			require.Equal(t, row.status, response.StatusCode, body)
			if row.rule == "" {
				return
			}
			var p problem
			require.NoError(t, json.Unmarshal([]byte(body), &p))
			require.NotEmpty(t, p.Errors, body)
			found := p.Errors[0]
			place := found.Parameter
			if found.Pointer != nil {
				place = *found.Pointer
			}
			assert.Equal(t, row.place, place, body)
			assert.Equal(t, row.rule, found.Rule, body)
			assert.NotEmpty(t, found.Detail, "the rule is told in words")
		})
	}
}

// TestAllBrokenRulesAreNamedAtOnce, so that nobody corrects one after the other.
func TestAllBrokenRulesAreNamedAtOnce(t *testing.T) {
	r := httptest.NewRequest("POST", Base+"/applications", strings.NewReader(
		`{"items":[{"resource_id":"a"},{"x":1}],"mode":"m","term_months":99,"zz":1,"purpose":7}`))
	r.Header.Set("Content-Type", "application/json")
	_, body := exchange(t, checker(), r)
	var p problem
	require.NoError(t, json.Unmarshal([]byte(body), &p))
	var got []string
	for _, e := range p.Errors {
		got = append(got, *e.Pointer+" "+e.Rule)
	}
	assert.Equal(t, []string{"/items/1/resource_id required", "/items/1/x unknown", "/mode one_of", "/purpose type", "/term_months range", "/zz unknown"}, got)

	r = httptest.NewRequest("GET", Base+"/cases?limit=0&state=x&y=1", nil)
	_, body = exchange(t, checker(), r)
	p = problem{}
	require.NoError(t, json.Unmarshal([]byte(body), &p))
	got = nil
	for _, e := range p.Errors {
		got = append(got, e.Parameter+" "+e.Rule)
	}
	assert.Equal(t, []string{"limit range", "state one_of", "y unknown"}, got)
}

// TestAnswersStaySmall: however many rules a body breaks, the answer names a few.
func TestAnswersStaySmall(t *testing.T) {
	var b strings.Builder
	b.WriteByte('{')
	for i := range 2_000 {
		fmt.Fprintf(&b, `"%s%d":"\u0001",`, strings.Repeat("k", 300), i)
	}
	b.WriteString(`"z":1}`)
	r := httptest.NewRequest("POST", Base+"/applications", strings.NewReader(b.String()))
	r.Header.Set("Content-Type", "application/json")
	response, body := exchange(t, checker(), r)
	assert.Equal(t, 422, response.StatusCode)
	assert.Less(t, len(body), 30_000)
}

func FuzzRequests(f *testing.F) {
	e := checker()
	all := operations()
	for i := range all {
		f.Add(i, "q=a&limit=1", `"1"`, "k", "application/json", []byte(`{"purpose":"x","items":[{"resource_id":"a"}]}`))
		f.Add(i, "%zz;&&=", "*", "\x00", "application/json; charset=utf-8", []byte("{\"a\":\"\\ud800\",\"a\":1e999}"))
		f.Add(i, "", `"1"`, "", "multipart/form-data; boundary=x", []byte("--x\r\n"))
		f.Add(i, "cursor=%ff", "\"1\"\n", "键", "", []byte{0xff, 0xfe, 0})
		f.Add(i, "", `"2"`, "k", "application/json", []byte(`{"agree":false,"basis":[{"law":"l","article":"a"}],"term_months":-0,"received_on":"0000-00-00"}`))
	}
	f.Fuzz(func(t *testing.T, n int, query, version, key, mediaType string, body []byte) {
		op := all[((n%len(all))+len(all))%len(all)]
		r := httptest.NewRequest(op.method, Base+strings.ReplaceAll(op.path, ":id", "x"), strings.NewReader(string(body)))
		r.URL.RawQuery = query
		r.Header.Set("If-Match", version)
		r.Header.Set(idempotencyKey, key)
		r.Header.Set("Content-Type", mediaType)
		w := httptest.NewRecorder()
		e.ServeHTTP(w, r)
		if w.Code >= 500 {
			t.Fatalf("%s %s: %d %s", op.method, op.path, w.Code, w.Body)
		}
	})
}
