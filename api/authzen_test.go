package api

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"gongshu/desk"
	"gongshu/postgres"
	"gongshu/sharing"
)

const gateway = "shuozhou-authority-gateway"

// gatewayWorld is a world in which civil affairs holds a grant on two fields of
// SZ-GA-001, given by public security.
type gatewayWorld struct {
	*caller
	caseID, grant, resource, purpose string
	until                            time.Time
}

func newGatewayWorld(t testing.TB) *gatewayWorld {
	w := &gatewayWorld{caller: newCaller(t)}
	_, cases := w.apply(asks, "shuozhou", "SZ-GA-001")
	w.caseID = cases[0]
	w.step(decides, "answer", `{"agree":true,"fields":["person_name","id_number"]}`)
	w.step("shuozhou-gongan-specialist", "provision", `{"mode":"query_api","locator":"https://exchange.example/household"}`)
	w.step(asks, "confirmation", "")
	view := decoded[caseDetail](w.as(asks, "GET", "/cases/"+w.caseID, "").is(200))
	grant := decoded[grantDetail](w.as(asks, "GET", "/grants/"+view.Grant.ID, "").is(200))
	w.grant, w.resource, w.purpose, w.until = grant.ID, grant.Resource.ID, grant.Purpose, grant.ValidUntil
	return w
}

// step takes a step on the case of the grant as it stands.
func (w *gatewayWorld) step(user, name, body string) {
	w.t.Helper()
	now := w.as(user, "GET", "/cases/"+w.caseID, "").is(200)
	w.as(user, "POST", "/cases/"+w.caseID+"/"+name, body, "If-Match", now.Header.Get("ETag")).is(200)
}

// post sends a body to one of the AuthZEN paths. Headers come in pairs; an empty
// one is not sent.
func (w *gatewayWorld) post(user, path, body string, headers ...string) answer {
	w.t.Helper()
	r := httptest.NewRequest("POST", path, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	for i := 0; i < len(headers); i += 2 {
		if r.Header.Set(headers[i], headers[i+1]); headers[i+1] == "" {
			r.Header.Del(headers[i])
		}
	}
	return w.send(user, r)
}

func (w *gatewayWorld) ask(body string) answer {
	w.t.Helper()
	return w.post(gateway, accessEvaluationPath, body, "X-Request-ID", "q-1").is(200)
}

func (w *gatewayWorld) calls() int {
	w.t.Helper()
	return decoded[grantDetail](w.as(asks, "GET", "/grants/"+w.grant, "").is(200)).Calls
}

// question is a question that is permitted, changed by replacing parts of it.
func question(replace ...string) string {
	const good = `{"subject":{"type":"department","id":"shuozhou-minzheng"},` +
		`"resource":{"type":"resource","id":"SZ-GA-001","properties":{"fields":["person_name"]}},` +
		`"action":{"name":"read","properties":{"mode":"query_api"}}}`
	return strings.NewReplacer(replace...).Replace(good)
}

type permit struct {
	Decision bool `json:"decision"`
	Context  *struct {
		Grant      string    `json:"grant"`
		Fields     []string  `json:"fields"`
		ValidUntil time.Time `json:"valid_until"`
		CacheUntil time.Time `json:"cache_until"`
	} `json:"context"`
}

const denied = `{"decision":false}` + "\n"

func TestAGatewayAsks(t *testing.T) {
	w := newGatewayWorld(t)
	for _, row := range []struct {
		name, body string
		fields     []string
	}{
		{"one field", question(), []string{"person_name"}},
		{"both fields", question(`"person_name"`, `"id_number","person_name"`), []string{"id_number", "person_name"}},
		{"the same field twice", question(`"person_name"`, `"person_name","person_name"`), []string{"person_name", "person_name"}},
		{"whatever is granted", question(`,"properties":{"fields":["person_name"]}`, ``), []string{"person_name", "id_number"}},
		{"no field named", question(`["person_name"]`, `[]`), []string{"person_name", "id_number"}},
		{"by id", question("SZ-GA-001", w.resource), []string{"person_name"}},
		{"for the purpose", question(`"query_api"}}`, `"query_api"}},"context":{"purpose":"`+w.purpose+` "}`), []string{"person_name"}},
		{"with what nobody knows", question(`"query_api"}`, `"query_api","n":1},"x":null`, `"type":"department"`, `"type":"department","properties":{"ip":"::1"}`,
			`["person_name"]`, `["person_name"],"rows":[{}]`, `"SZ-GA-001"`, `"SZ-GA-001","more":{}`), []string{"person_name"}},
		{"time is now, whatever the gateway says", question(`"query_api"}}`, `"query_api"}},"context":{"time":"1985-10-26T01:22:00Z"}`), []string{"person_name"}},
	} {
		before := time.Now()
		found := decoded[permit](w.ask(row.body))
		require.True(t, found.Decision, row.name)
		require.Equal(t, w.grant, found.Context.Grant, row.name)
		require.Equal(t, row.fields, found.Context.Fields, row.name)
		require.True(t, w.until.Equal(found.Context.ValidUntil), row.name)
		require.WithinRange(t, found.Context.CacheUntil, before.Add(55*time.Second), time.Now().Add(65*time.Second), row.name)
	}
	a := w.ask(question())
	require.Equal(t, "q-1", a.Header.Get("X-Request-ID"))
	require.Equal(t, "application/json", a.Header.Get("Content-Type"))
	require.Equal(t, "no-store", a.Header.Get("Cache-Control"))
	long := strings.Repeat("x", 200)
	require.Equal(t, long, w.post(gateway, accessEvaluationPath, question(), "X-Request-ID", long).is(200).Header.Get("X-Request-ID"))
}

func TestAGatewayAsksWithAKey(t *testing.T) {
	w := newGatewayWorld(t)
	owner := desk.New(desk.Options{Store: w.rig.Owner})
	for scope, status := range map[string]int{desk.ScopeUse: 200, desk.ScopeAll: 200, desk.ScopeRead: 403, desk.ScopeAnswer: 403} {
		_, secret, err := owner.CreateKey(t.Context(), sharing.System, desk.NewKey{
			Department: "shuozhou-authority", User: gateway, Name: scope, Roles: []sharing.Role{sharing.Gateway}, Scopes: []string{scope}, Days: 1,
		})
		require.NoError(t, err)
		for _, path := range []string{accessEvaluationPath, accessEvaluationsPath} {
			w.post("", path, question(), "Authorization", "Bearer "+secret).is(status)
		}
	}
	require.Equal(t, 4, w.calls())
}

// A denial is the same, byte for byte, whatever it is for.
func TestADenialTellsNothing(t *testing.T) {
	w := newGatewayWorld(t)
	first := w.ask(question("SZ-GA-001", "SZ-RS-002"))
	require.Equal(t, denied, first.Body)
	headers := first.Header.Clone()
	same := func(name string, a answer) {
		t.Helper()
		require.Equal(t, denied, a.Body, name)
		require.Equal(t, headers, a.Header, name)
	}
	for name, body := range map[string]string{
		"unknown department":               question("shuozhou-minzheng", "nobody"),
		"department without a grant":       question("shuozhou-minzheng", "shuozhou-renshe"),
		"department of another region":     question("shuozhou-minzheng", "city-gongan"),
		"the provider itself":              question("shuozhou-minzheng", "shuozhou-gongan"),
		"unknown resource":                 question("SZ-GA-001", "SZ-XX-999"),
		"unknown id":                       question("SZ-GA-001", "00000000-0000-0000-0000-000000000000"),
		"resource of another region":       question("SZ-GA-001", "LS-SL-001"),
		"id of a resource of another":      question("SZ-GA-001", w.rig.Resource("lishui", "LS-SL-001").ID),
		"resource that is not shared":      question("SZ-GA-001", "SZ-GA-005"),
		"field that is not granted":        question("person_name", "household_address"),
		"one field of two":                 question(`"person_name"`, `"person_name","household_address"`),
		"field that does not exist":        question("person_name", "no_such"),
		"another case":                     question("person_name", "Person_Name"),
		"another way":                      question("query_api", "batch"),
		"no way at all":                    question("query_api", "pigeon"),
		"another purpose":                  question(`"query_api"}}`, `"query_api"}},"context":{"purpose":"别的用途"}`),
		"part of the purpose":              question(`"query_api"}}`, `"query_api"}},"context":{"purpose":"核对"}`),
		"another kind of subject":          question(`"type":"department"`, `"type":"user"`),
		"another kind of resource":         question(`"type":"resource"`, `"type":"grant"`),
		"another action":                   question(`"read"`, `"write"`),
		"what looks like SQL":              question("shuozhou-minzheng", "' OR true --"),
		"what looks like a pattern":        question("SZ-GA-001", "SZ-GA-%"),
		"a resource as a URN":              question("SZ-GA-001", "urn:uuid:"+w.resource),
		"a resource in braces":             question("SZ-GA-001", "{"+w.resource+"}"),
		"the case of the grant as subject": question("shuozhou-minzheng", w.caseID),
	} {
		same(name, w.ask(body))
	}
	same("gateway of another region", w.post("lishui-authority-gateway", accessEvaluationPath, question(), "X-Request-ID", "q-1").is(200))
	require.Zero(t, w.calls(), "a denial is no use")

	w.step(decides, "suspend", `{"reasons":"调用量异常"}`)
	same("suspended", w.ask(question()))
	w.step(watches, "resume", `{"note":"已说明"}`)
	require.True(t, decoded[permit](w.ask(question())).Decision)
	w.step(watches, "revoke", `{"reasons":"数据提供给第三方"}`)
	same("revoked", w.ask(question()))
	require.Equal(t, 1, w.calls())
}

// A grant is asked for as it stands at the moment: begun, not over, of an entry that is
// still there.
func TestAGrantThatDoesNotHoldNow(t *testing.T) {
	w := newGatewayWorld(t)
	permitted := func() bool { t.Helper(); return decoded[permit](w.ask(question())).Decision }
	require.True(t, permitted())
	w.alter(`UPDATE grants SET valid_until = clock_timestamp() + interval '20 seconds' WHERE id = $1`)
	soon := decoded[permit](w.ask(question()))
	require.Equal(t, soon.Context.ValidUntil, soon.Context.CacheUntil, "kept no longer than it holds")
	w.alter(`UPDATE grants SET valid_from = clock_timestamp() + interval '10 seconds' WHERE id = $1`)
	require.False(t, permitted(), "not begun")
	w.alter(`UPDATE grants SET valid_from = clock_timestamp() - interval '2 days', valid_until = clock_timestamp() WHERE id = $1`)
	require.False(t, permitted(), "over")
	w.alter(`UPDATE grants SET valid_until = clock_timestamp() + interval '1 day' WHERE id = $1`)
	require.True(t, permitted())
	entry := w.rig.Resource("shuozhou", "SZ-GA-001")
	entry.Version = 1
	gone := entry
	gone.Withdrawn = true
	require.NoError(t, w.rig.Owner.InTx(t.Context(), func(tx *postgres.Tx) error { return tx.ReplaceResource(t.Context(), entry, gone) }))
	require.False(t, permitted(), "withdrawn")
}

func TestAListOfQuestions(t *testing.T) {
	w := newGatewayWorld(t)
	const yes, no = `{}`, `{"resource":{"type":"resource","id":"SZ-RS-002"}}`
	decisions := func(a answer) []bool {
		t.Helper()
		var found struct {
			Evaluations []permit `json:"evaluations"`
		}
		require.NoError(t, json.Unmarshal([]byte(a.is(200).Body), &found))
		var all []bool
		for _, e := range found.Evaluations {
			require.Equal(t, e.Decision, e.Context != nil)
			all = append(all, e.Decision)
		}
		return all
	}
	list := func(options string, each ...string) string {
		return strings.TrimSuffix(question(), "}") + options + `,"evaluations":[` + strings.Join(each, ",") + `]}`
	}
	semantic := func(s string) string { return `,"options":{"evaluations_semantic":"` + s + `","more":1}` }
	counted := 0
	for _, row := range []struct {
		options string
		each    []string
		want    []bool
	}{
		{"", []string{yes, no, yes}, []bool{true, false, true}},
		{semantic("execute_all"), []string{no, no, yes}, []bool{false, false, true}},
		{semantic("deny_on_first_deny"), []string{yes, yes, no, yes, no}, []bool{true, true, false}},
		{semantic("deny_on_first_deny"), []string{yes, yes}, []bool{true, true}},
		{semantic("deny_on_first_deny"), []string{no, yes}, []bool{false}},
		{semantic("permit_on_first_permit"), []string{no, no, yes, yes, no}, []bool{false, false, true}},
		{semantic("permit_on_first_permit"), []string{no, no}, []bool{false, false}},
		{semantic("permit_on_first_permit"), []string{yes, yes}, []bool{true}},
		{`,"options":{}`, slices.Repeat([]string{yes}, 100), slices.Repeat([]bool{true}, 100)},
	} {
		require.Equal(t, row.want, decisions(w.post(gateway, accessEvaluationsPath, list(row.options, row.each...))), "%s %v", row.options, row.each)
		for _, permitted := range row.want {
			if permitted {
				counted++
			}
		}
		require.Equal(t, counted, w.calls(), "what is told is counted, and nothing else")
	}
	// Each part by itself overrides a default, as a whole.
	whole := w.post(gateway, accessEvaluationsPath, `{"evaluations":[`+question()+`,`+question("shuozhou-minzheng", "shuozhou-renshe")+`]}`)
	require.Equal(t, []bool{true, false}, decisions(whole))
	overridden := list("", `{"subject":{"type":"department","id":"nobody"}}`, `{"action":{"name":"write","properties":{"mode":"query_api"}}}`, `{"context":{"purpose":"别的用途"}}`, `{"context":{}}`)
	require.Equal(t, []bool{false, false, false, true}, decisions(w.post(gateway, accessEvaluationsPath, overridden)))
	// Without a list it is one question.
	for _, body := range []string{question(), list("")} {
		require.True(t, decoded[permit](w.post(gateway, accessEvaluationsPath, body).is(200)).Decision)
	}
	require.Equal(t, denied, w.post(gateway, accessEvaluationsPath, question("SZ-GA-001", "x")).is(200).Body)
}

func TestPermitsAreCounted(t *testing.T) {
	w := newGatewayWorld(t)
	for range 3 {
		w.ask(question())
	}
	w.ask(question("person_name", "id_number"))
	w.ask(question("SZ-GA-001", "x"))
	for _, user := range []string{asks, decides, watches} {
		use := decoded[page[useView]](w.as(user, "GET", "/grants/"+w.grant+"/use", "").is(200))
		require.Len(t, use.Items, 1, user)
		require.Equal(t, 4, use.Items[0].Calls)
		require.Zero(t, use.Items[0].Rows)
		require.Equal(t, []string{"id_number", "person_name"}, use.Items[0].Fields)
		require.Empty(t, use.Items[0].Doubts)
		require.Equal(t, sharing.DateOf(use.Items[0].ReportedAt), use.Items[0].Day, "the day in Shanghai")
	}
}

// TestPermitsOfHighGradesAreInTheLogOfReads, for the department that gets the data:
// before the permit leaves, and no denial.
func TestPermitsOfHighGradesAreInTheLogOfReads(t *testing.T) {
	w := newGatewayWorld(t)
	log := func() []readingView {
		return decoded[page[readingView]](w.as("shuozhou-shenji-auditor", "GET", "/read-log?person="+gateway, "").is(200)).Items
	}
	graded := func(grade int) {
		w.alter(fmt.Sprintf("UPDATE cases SET grade = %d WHERE id = (SELECT case_id FROM grants WHERE id = $1)", grade))
	}
	graded(2)
	require.True(t, decoded[permit](w.ask(question())).Decision)
	require.Empty(t, log())

	graded(3)
	require.True(t, decoded[permit](w.ask(question())).Decision)
	w.ask(question("SZ-GA-001", "x"))
	readings := log()
	require.Len(t, readings, 1)
	r := readings[0]
	require.Equal(t, w.grant, r.SubjectID)
	require.Equal(t, []string{"person_name"}, r.Fields)
	require.Equal(t, w.purpose, r.Purpose)
	require.Equal(t, "shuozhou-minzheng", r.DepartmentID)
	require.Equal(t, sharing.Grade(3), r.Grade)
	require.NotEmpty(t, r.Operation)

	// What cannot be recorded is not permitted.
	w.own("REVOKE INSERT (policy) ON readings FROM gongshu_app")
	w.post(gateway, accessEvaluationPath, question()).is(503)
}

func TestOnlyGatewaysAsk(t *testing.T) {
	w := newGatewayWorld(t)
	for _, path := range []string{accessEvaluationPath, accessEvaluationsPath} {
		for _, user := range columns {
			if user == gateway {
				continue
			}
			for _, body := range []string{question(), `{`} {
				w.post(user, path, body).is(403, `"code":"forbidden"`)
			}
		}
		for name, authorization := range map[string]string{"none": "", "another scheme": "Basic eDp5", "nobody's": "Bearer abc", "no token": "Bearer", "spaced": "Bearer a b"} {
			a := w.post("", path, question(), "Authorization", authorization).is(401, `"code":"unauthenticated"`)
			require.Contains(t, a.Header.Get("WWW-Authenticate"), "Bearer", name)
		}
		for _, method := range []string{"GET", "PUT", "DELETE"} {
			a := w.send(gateway, httptest.NewRequest(method, path, nil)).is(405)
			require.Equal(t, "POST", a.Header.Get("Allow"))
		}
		require.Equal(t, "application/problem+json", w.send("", httptest.NewRequest("POST", path+"/x", nil)).is(404).Header.Get("Content-Type"))
	}
	require.Zero(t, w.calls())
}

func TestBadQuestionsAreRefused(t *testing.T) {
	w := newGatewayWorld(t)
	for _, row := range []struct{ body, place, rule string }{
		{``, "", "json"},
		{`{`, "", "json"},
		{question() + `{}`, "", "json"},
		{`[]`, "", "type"},
		{`null`, "", "type"},
		{`"x"`, "", "type"},
		{`{}`, "/subject", "required"},
		{question(`"id":"shuozhou-minzheng"`, `"ID":"shuozhou-minzheng"`), "/subject/id", "required"},
		{question(`"id":"shuozhou-minzheng"`, `"id":""`), "/subject/id", "required"},
		{question(`"id":"shuozhou-minzheng"`, `"id":7`), "/subject/id", "type"},
		{question(`"id":"shuozhou-minzheng"`, `"id":null`), "/subject/id", "type"},
		{question(`"id":"shuozhou-minzheng"`, `"id":"x","id":"shuozhou-minzheng"`), "/subject/id", "duplicate"},
		{question(`"id":"shuozhou-minzheng"`, `"id":"x","properties":[]`), "/subject/properties", "type"},
		{question(`"id":"shuozhou-minzheng"`, `"id":"x","properties":{"a":1,"a":1}`), "/subject/properties/a", "duplicate"},
		{question("shuozhou-minzheng", `\u0000`), "/subject/id", "characters"},
		{question("shuozhou-minzheng", "\xff"), "/subject/id", "json"},
		{question("shuozhou-minzheng", strings.Repeat("长", 201)), "/subject/id", "max_length"},
		{question(`"subject":{`, `"subject":"x","s":{`), "/subject", "type"},
		{question(`"type":"resource",`, ``), "/resource/type", "required"},
		{question(`["person_name"]`, `"person_name"`), "/resource/properties/fields", "type"},
		{question(`["person_name"]`, `null`), "/resource/properties/fields", "type"},
		{question(`["person_name"]`, `[["person_name"]]`), "/resource/properties/fields/0", "type"},
		{question(`["person_name"]`, `[""]`), "/resource/properties/fields/0", "required"},
		{question(`["person_name"]`, `["a"`+strings.Repeat(`,"a"`, 500)+`]`), "/resource/properties/fields", "max_items"},
		{question(`"name":"read",`, ``), "/action/name", "required"},
		{question(`"mode":"query_api"`, ``), "/action/properties/mode", "required"},
		{question(`,"properties":{"mode":"query_api"}`, ``), "/action/properties", "required"},
		{question(`"query_api"}}`, `"query_api"}},"context":[]`), "/context", "type"},
		{question(`"query_api"}}`, `"query_api"}},"context":{"purpose":["x"]}`), "/context/purpose", "type"},
		{question(`"query_api"}}`, `"query_api"}},"context":{"n":1e999}`), "/context/n", "number"},
	} {
		for _, path := range []string{accessEvaluationPath, accessEvaluationsPath} {
			w.refused(path, row.body, row.place, row.rule)
		}
	}
	for _, row := range []struct{ body, place, rule string }{
		{`{"evaluations":{}}`, "/evaluations", "type"},
		{`{"evaluations":null}`, "/evaluations", "type"},
		{`{"evaluations":[1]}`, "/evaluations/0", "type"},
		{`{"evaluations":[{}]}`, "/evaluations/0/subject", "required"},
		{`{"evaluations":[` + question() + `,` + question(`"read"`, `1`) + `]}`, "/evaluations/1/action/name", "type"},
		{`{"subject":{},"evaluations":[{},{}]}`, "/subject/id", "required"},
		{`{"options":[],"evaluations":[` + question() + `]}`, "/options", "type"},
		{`{"options":{"evaluations_semantic":"first"},"evaluations":[` + question() + `]}`, "/options/evaluations_semantic", "one_of"},
		{`{"options":{"evaluations_semantic":1},"evaluations":[` + question() + `]}`, "/options/evaluations_semantic", "type"},
		{strings.TrimSuffix(question(), "}") + `,"evaluations":[{}` + strings.Repeat(`,{}`, 100) + `]}`, "/evaluations", "max_items"},
	} {
		w.refused(accessEvaluationsPath, row.body, row.place, row.rule)
	}
	large := question("query_api", "query_api\",\"x\":\""+strings.Repeat("x", maxAccessBody))
	for _, path := range []string{accessEvaluationPath, accessEvaluationsPath} {
		w.post(gateway, path, large).is(413, "65536")
		w.post(gateway, path, question(), "Content-Type", "").is(415)
		w.post(gateway, path, question(), "Content-Type", "text/plain").is(415)
		w.post(gateway, path, question(), "Content-Type", "application/json; charset=gbk").is(415)
		w.post(gateway, path, question(), "Content-Encoding", "gzip").is(415)
		w.post(gateway, path, question(), "Content-Type", "application/json; charset=UTF-8").is(200)
	}
	require.Equal(t, 2, w.calls(), "what is refused is not counted")
}

// refused asks for a 400 that names the place and the rule.
func (w *gatewayWorld) refused(path, body, place, rule string) {
	w.t.Helper()
	p := decoded[problem](w.post(gateway, path, body).is(400, `"code":"malformed"`))
	require.True(w.t, slices.ContainsFunc(p.Errors, func(f fieldProblem) bool {
		return f.Pointer != nil && *f.Pointer == place && f.Rule == rule
	}), "%s %s: %s %s in %+v", path, body, place, rule, p.Errors)
}

func TestWhereToAsk(t *testing.T) {
	c := newCaller(t)
	for host, base := range map[string]string{
		"sharing.example": "https://sharing.example", "sharing.example:8443": "https://sharing.example:8443",
		"127.0.0.1:8080": "http://127.0.0.1:8080", "localhost": "http://localhost", "[::1]:80": "http://[::1]:80", "10.0.0.1": "https://10.0.0.1",
	} {
		r := httptest.NewRequest("GET", accessMetadataPath, nil)
		r.Host = host
		a := c.send("", r).is(200)
		assert.JSONEq(t, fmt.Sprintf(`{"policy_decision_point":%q,"access_evaluation_endpoint":%q,"access_evaluations_endpoint":%q}`,
			base, base+"/access/v1/evaluation", base+"/access/v1/evaluations"), a.Body)
	}
}

// BenchmarkGatewayQuestion asks 2,000 questions a round over HTTP, three permitted for each
// denied, and reports the median and the 99th percentile of the time to the answer
// in milliseconds, one after another and from several clients at once.
func BenchmarkGatewayQuestion(b *testing.B) {
	for _, at := range []int{1, 4} {
		b.Run(fmt.Sprintf("at=%d", at), func(b *testing.B) { benchmarkGateway(b, at) })
	}
}

func benchmarkGateway(b *testing.B, at int) {
	const asked = 2000
	w := newGatewayWorld(b)
	w.e = New(w.rig.Desk, Options{Logger: slog.New(slog.DiscardHandler)})
	server := httptest.NewServer(w.e)
	defer server.Close()
	token := w.rig.Token(gateway)
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: at}}
	ask := func(i int) (time.Duration, error) {
		body, want := question(), `"decision":true`
		if i%4 == 3 {
			body, want = question("SZ-GA-001", "SZ-RS-002"), `"decision":false`
		}
		r, err := http.NewRequestWithContext(b.Context(), "POST", server.URL+accessEvaluationPath, strings.NewReader(body))
		if err != nil {
			return 0, err
		}
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Authorization", "Bearer "+token)
		begin := time.Now()
		response, err := client.Do(r)
		if err != nil {
			return 0, err
		}
		defer response.Body.Close()
		data, err := io.ReadAll(response.Body)
		took := time.Since(begin)
		if err == nil && !strings.Contains(string(data), want) {
			err = fmt.Errorf("answered %s", data)
		}
		return took, err
	}
	for i := range 100 {
		_, err := ask(i)
		require.NoError(b, err)
	}
	var all []time.Duration
	for b.Loop() {
		each := make([][]time.Duration, at)
		failed := make(chan error, at)
		for n := range at {
			go func() {
				for i := range asked / at {
					took, err := ask(i)
					if err != nil {
						failed <- err
						return
					}
					each[n] = append(each[n], took)
				}
				failed <- nil
			}()
		}
		for range at {
			require.NoError(b, <-failed)
		}
		all = slices.Concat(append(each, all)...)
	}
	slices.Sort(all)
	b.ReportMetric(float64(all[len(all)/2])/1e6, "p50-ms")
	b.ReportMetric(float64(all[len(all)*99/100])/1e6, "p99-ms")
	b.ReportMetric(float64(all[len(all)-1])/1e6, "max-ms")
	b.ReportMetric(float64(len(all))/b.Elapsed().Seconds(), "questions/s")
}

// alter changes the grant, or what belongs to it, as the owner of the tables; $1 is
// the grant.
func (w *gatewayWorld) alter(sql string) {
	w.t.Helper()
	w.own(sql, w.grant)
}

func (w *gatewayWorld) own(sql string, arguments ...any) {
	w.t.Helper()
	conn, err := pgx.Connect(w.t.Context(), w.rig.Database.OwnerURL)
	require.NoError(w.t, err)
	_, err = conn.Exec(w.t.Context(), sql, arguments...)
	require.NoError(w.t, err)
	require.NoError(w.t, conn.Close(w.t.Context()))
}
