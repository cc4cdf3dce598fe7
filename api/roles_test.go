package api

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The people of the rows below, by column. Civil affairs asks, public security
// owns, market regulation is a peer; the stranger is of another region.
var columns = []string{
	"shuozhou-minzheng-requester", "shuozhou-minzheng-head", "shuozhou-minzheng-specialist", // asks: requester, head, specialist
	"shuozhou-gongan-approver", "shuozhou-gongan-specialist", "shuozhou-gongan-requester", // owns: approver, specialist, requester
	"shuozhou-shichang-requester", "shuozhou-shichang-approver", // peer: requester, approver
	"shuozhou-authority-officer", "shuozhou-authority-head", "shuozhou-supervisor-officer", // authority, and above it
	"shuozhou-finance-officer", "shuozhou-shenji-auditor", "shuozhou-authority-operator", "shuozhou-authority-gateway",
	"city-gongan-approver",
}

// TestOperationsByRole asks every operation of everybody. If-Match names a version
// that never was, so that whoever may take a step gets 412 and nothing changes.
func TestOperationsByRole(t *testing.T) {
	c := newCaller(t)
	applicant := columns[0]
	application, cases := c.apply(applicant, "shuozhou", "SZ-GA-001", "SZ-GA-004")
	draft := decoded[applicationDetail](c.as(applicant, "POST", "/applications", text2json(t, c.rig.Request("shuozhou", "SZ-RS-001").Request)).is(201))
	file := c.file(applicant, "a.txt")
	task := decoded[caseDetail](c.as(columns[3], "GET", "/cases/"+cases[0], "").is(200)).Task.ID
	grant := decoded[caseDetail](c.as(applicant, "GET", "/cases/"+cases[1], "").is(200)).Grant.ID
	const scenarioBody = `{"name":"x","description":"x","resources":[{"resource_id":"x"}],"modes":["query_api"],"valid_from":"2026-01-01"}`
	names := strings.NewReplacer("{grant}", grant, "{case}", cases[0], "{granted}", cases[1], "{application}", application, "{draft}", draft.ID,
		"{file}", file, "{task}", task, "{resource}", c.rig.Resource("shuozhou", "SZ-GA-001").ID,
		"{hidden}", c.rig.Resource("shuozhou", "SZ-GA-005").ID)

	covered := map[string]bool{}
	for _, row := range []struct{ method, target, body, statuses string }{
		//                                                    asks        owns        peer    authority   fin aud opr gtw str
		{"GET", "/me", "" /*                             */, "200 200 200 200 200 200 200 200 200 200 200 200 200 200 200 200"},
		{"GET", "/departments", "" /*                    */, "200 200 200 200 200 200 200 200 200 200 200 200 200 200 200 200"},
		{"GET", "/regulations", "" /*                    */, "200 200 200 200 200 200 200 200 200 200 200 200 200 200 200 200"},
		{"GET", "/regulations/shuozhou-2021", "" /*      */, "200 200 200 200 200 200 200 200 200 200 200 200 200 200 200 200"},
		{"GET", "/due?received=2026-02-13&days=5", "" /* */, "200 200 200 200 200 200 200 200 200 200 200 200 200 200 200 200"},
		{"GET", "/catalog", "" /*                        */, "200 200 200 200 200 200 200 200 200 200 200 200 200 200 200 200"},
		{"GET", "/catalog/{resource}", "" /*             */, "200 200 200 200 200 200 200 200 200 200 200 200 404 200 404 404"},
		{"GET", "/catalog/{hidden}", "" /*               */, "404 404 404 200 200 200 404 404 200 200 200 404 404 404 404 404"},
		{"GET", "/catalog/{resource}/versions", "" /*    */, "200 200 200 200 200 200 200 200 200 200 200 200 404 200 404 404"},
		{"GET", "/catalog/{hidden}/versions", "" /*      */, "404 404 404 200 200 200 404 404 200 200 200 404 404 404 404 404"},
		{"GET", "/catalog/imports", "" /*                */, "403 200 200 200 200 403 403 200 403 403 403 403 403 403 403 200"},
		{"GET", "/catalog/imports/{case}", "" /*         */, "404 404 404 404 404 404 404 404 404 404 404 404 404 404 404 404"},
		{"GET", "/catalog/imports/{case}/rows", "" /*    */, "404 404 404 404 404 404 404 404 404 404 404 404 404 404 404 404"},
		{"POST", "/catalog/imports/{case}/confirm", "" /**/, "404 404 404 404 404 404 404 404 404 404 404 404 404 404 404 404"},
		{"GET", "/changes/notices", "" /*                */, "200 200 200 200 200 200 200 200 200 200 200 200 200 200 200 200"},
		{"GET", "/changes/{case}/holders", "" /*         */, "404 404 404 404 404 404 404 404 404 404 404 404 404 404 404 404"},
		{"POST", "/changes/{case}/acknowledge", "" /*    */, "404 404 404 404 404 404 404 404 404 404 404 404 404 404 404 404"},
		{"GET", "/applications", "" /*                   */, "200 200 200 200 200 200 200 200 200 200 200 200 200 200 200 200"},
		{"GET", "/applications/{draft}", "" /*           */, "200 200 200 404 404 404 404 404 404 404 404 404 404 404 404 404"},
		{"GET", "/applications/{application}", "" /*     */, "200 200 200 404 404 404 404 404 404 404 404 404 404 404 404 404"},
		{"GET", "/applications/{draft}/preview", "" /*   */, "200 200 200 404 404 404 404 404 404 404 404 404 404 404 404 404"},
		{"GET", "/cases", "" /*                          */, "200 200 200 200 200 200 200 200 200 200 200 200 200 200 200 200"},
		{"GET", "/cases/{case}", "" /*                   */, "200 200 200 200 200 404 404 404 200 200 200 404 404 404 404 404"},
		{"GET", "/cases/{granted}", "" /*                */, "200 200 200 200 200 404 404 404 200 200 200 404 404 404 404 404"},
		{"GET", "/tasks", "" /*                          */, "200 200 200 200 200 200 200 200 200 200 200 200 200 200 200 200"},
		{"GET", "/messages", "" /*                       */, "200 200 200 200 200 200 200 200 200 200 200 200 200 200 200 200"},
		{"POST", "/messages/read", `{"up_to":1}`, "204 204 204 204 204 204 204 204 204 204 204 204 204 204 204 204"},
		{"GET", "/overdue", "" /*                        */, "403 403 403 403 403 403 403 403 200 200 200 403 403 403 403 403"},
		{"GET", "/overdue/trend", "" /*                  */, "403 403 403 403 403 403 403 403 200 200 200 403 403 403 403 403"},
		{"GET", "/overdue/moves", "" /*                  */, "403 403 403 403 403 403 403 403 200 200 200 403 403 403 403 403"},
		{"GET", "/grants/{grant}", "" /*                 */, "200 200 200 200 200 404 404 404 200 200 200 404 404 404 404 404"},
		{"GET", "/grants/{grant}/use", "" /*             */, "200 200 200 200 200 404 404 404 200 200 200 404 404 404 404 404"},
		{"POST", "/grants/{grant}/renew", "" /*          */, "201 201 403 403 403 404 404 404 403 403 403 404 404 404 404 404"},
		{"POST", "/grants/use", `{"reports":[{"grant":"none","day":"2026-01-01","calls":1,"rows":1}]}`, "403 403 403 403 403 403 403 403 403 403 403 403 403 403 200 403"},
		{"GET", "/grants/check?grantee=shuozhou-minzheng&resource=SZ-GA-004&mode=query_api", "", "403 403 403 403 403 403 403 403 403 403 403 403 403 403 200 403"},
		{"GET", "/scenarios", "" /*                      */, "200 200 200 200 200 200 200 200 200 200 200 404 404 404 404 200"},
		{"GET", "/scenarios/{case}", "" /*               */, "404 404 404 404 404 404 404 404 404 404 404 404 404 404 404 404"},
		{"POST", "/scenarios", scenarioBody /*           */, "403 403 403 403 403 403 403 403 404 404 403 404 404 404 404 403"},
		{"PUT", "/scenarios/{case}", scenarioBody /*     */, "403 403 403 403 403 403 403 403 404 404 403 404 404 404 404 403"},
		{"POST", "/scenarios/{case}/retirement", "" /*   */, "403 403 403 403 403 403 403 403 404 404 403 404 404 404 404 403"},
		{"GET", "/grants", "" /*                         */, "200 200 200 200 200 200 200 200 200 200 200 200 200 200 200 200"},
		{"GET", "/bulletin", "" /*                       */, "403 403 403 403 403 403 403 403 200 200 200 403 403 403 403 403"},
		{"GET", "/read-log", "" /*                       */, "403 403 403 403 403 403 403 403 403 403 403 403 200 403 403 403"},
		{"GET", "/registers", "" /*                      */, "200 200 200 200 200 200 200 200 200 200 200 200 200 200 200 200"},
		{"GET", "/registers/kinds", "" /*                */, "200 200 200 200 200 200 200 200 200 200 200 200 200 200 200 200"},
		{"GET", "/registers/entries/none", "" /*         */, "404 404 404 404 404 404 404 404 404 404 404 404 404 404 404 404"},
		{"POST", "/registers/data_specialist", specialistEntry, "403 201 201 201 201 403 403 201 201 201 403 403 403 403 403 422"},
		{"POST", "/registers/purchased_data", purchaseEntry, "422 422 422 422 422 422 422 422 422 422 422 422 422 422 422 422"},
		{"POST", "/registers/information_system", systemEntry, "422 422 422 422 422 422 422 422 422 422 422 422 422 422 422 422"},
		{"POST", "/registers/document", documentEntry, "422 422 422 422 422 422 422 422 422 422 422 422 422 422 422 422"},
		{"POST", "/registers/security_test", testEntry, "422 422 422 422 422 422 422 422 422 422 422 422 422 422 422 422"},
		{"POST", "/registers/security_incident", incidentEntry, "403 201 201 201 201 403 403 201 201 201 403 403 403 403 403 422"},
		{"GET", "/attachments/{file}", "" /*             */, "200 404 404 404 404 404 404 404 404 404 404 404 404 404 404 404"},
		{"GET", "/records/marks", "" /*                  */, "200 200 200 200 200 200 200 200 200 200 200 200 200 200 200 200"},
		{"GET", "/records/verification?resource={resource}&record_key=x", "", "403 403 403 200 200 200 403 403 200 200 200 403 403 403 403 404"},
		{"GET", "/projects/holds", "" /*                 */, "403 403 403 403 403 403 403 403 200 200 200 200 403 403 403 403"},
		{"GET", "/rectifications/notices", "" /*         */, "200 200 200 200 200 200 200 200 200 200 200 200 403 200 403 200"},
		{"POST", "/applications", `{}` /*                */, "201 201 403 403 403 201 201 403 403 403 403 403 403 403 403 403"},
		{"PUT", "/applications/{draft}", `{}` /*         */, "412 412 403 403 403 404 404 403 403 403 403 403 403 403 403 403"},
		{"POST", "/applications/{draft}/submit", `` /*   */, "412 412 403 404 404 404 404 404 404 404 404 404 404 404 404 404"},
		{"DELETE", "/applications/{draft}", `` /*        */, "412 412 403 404 404 404 404 404 404 404 404 404 404 404 404 404"},
		{"POST", "/cases/{case}/pass", `` /*                        */, "403 403 403 403 403 404 404 404 412 412 403 404 404 404 404 404"},
		{"POST", "/cases/{case}/return", `{"note":"x"}` /*          */, "403 403 403 403 403 404 404 404 412 412 403 404 404 404 404 404"},
		{"POST", "/cases/{case}/extension", `{"n":1,"reason":"x"}` /**/, "403 403 403 409 403 404 404 404 409 409 403 404 404 404 404 404"},
		{"POST", "/cases/{case}/reassignment", `{"department":"shuozhou-renshe","reason":"x"}`, "403 403 403 403 403 404 404 404 412 412 403 404 404 404 404 404"},
		{"POST", "/cases/{case}/completion-request", `{"gaps":["x"]}`, "403 403 403 412 412 404 404 404 403 403 403 404 404 404 404 404"},
		{"POST", "/cases/{case}/completion", `{"note":"x"}` /*      */, "412 412 403 403 403 404 404 404 403 403 403 404 404 404 404 404"},
		{"POST", "/cases/{case}/answer", `{"agree":true}` /*        */, "403 403 403 412 403 404 404 404 403 403 403 404 404 404 404 404"},
		{"POST", "/cases/{case}/provision", `{"mode":"query_api","locator":"x"}`, "403 403 403 412 412 404 404 404 403 403 403 404 404 404 404 404"},
		{"POST", "/cases/{case}/confirmation", `` /*                */, "412 412 403 403 403 404 404 404 403 403 403 404 404 404 404 404"},
		{"POST", "/cases/{case}/failure", `{"note":"x"}` /*         */, "412 412 403 403 403 404 404 404 403 403 403 404 404 404 404 404"},
		{"POST", "/cases/{case}/withdrawal", `` /*                  */, "412 412 403 403 403 404 404 404 403 403 403 404 404 404 404 404"},
		{"POST", "/cases/{case}/comments", `{"text":"x"}`, "201 201 201 201 201 404 404 404 201 201 201 404 404 404 404 404"},
		{"GET", "/cases/{case}/comments", "", "200 200 200 200 200 404 404 404 200 200 200 404 404 404 404 404"},
		{"POST", "/cases/{case}/follow", ``, "204 204 204 204 204 404 404 404 204 204 204 404 404 404 404 404"},
		{"POST", "/cases/{case}/unfollow", ``, "204 204 204 204 204 404 404 404 204 204 204 404 404 404 404 404"},
		{"POST", "/cases/{case}/urge", ``, "200 409 403 403 403 404 404 404 200 409 403 404 404 404 404 404"},
		{"GET", "/cases/{case}/letters", "", "200 200 200 200 200 404 404 404 200 200 200 404 404 404 404 404"},
		{"GET", "/cases/{case}/letters/urging-1", "", "200 200 200 200 200 404 404 404 200 200 200 404 404 404 404 404"},
		{"GET", "/cases/{case}/letters/urging-2", "", "404 404 404 200 200 404 404 404 200 200 200 404 404 404 404 404"},
		{"POST", "/cases/{case}/supervise", `{"note":"x","reply_by":"2020-01-01"}`, "403 403 403 403 403 404 404 404 422 422 403 404 404 404 404 404"},
		{"POST", "/cases/{case}/link", `{"case":"{granted}","reason":"x"}`, "204 204 204 204 204 404 404 404 204 204 204 404 404 404 404 404"},
		{"POST", "/cases/{case}/unlink", `{"case":"{granted}"}`, "204 409 409 409 409 404 404 404 409 409 409 404 404 404 404 404"},
		{"POST", "/urges", `{"cases":["{case}"]}`, "200 200 200 200 200 200 200 200 200 200 200 200 200 200 200 200"},
		{"GET", "/supervisions", "", "403 403 403 403 403 403 403 403 200 200 200 403 403 403 403 403"},
		{"GET", "/delegations", "", "200 200 200 200 200 200 200 200 200 200 200 200 200 200 200 200"},
		{"POST", "/delegations", `{"to":"nobody","from":"2020-01-01","until":"2020-01-01","reason":"x"}`, "422 422 422 422 422 422 422 422 422 422 422 422 422 422 422 422"},
		{"POST", "/delegations/{case}/revoke", ``, "404 404 404 404 404 404 404 404 404 404 404 404 404 404 404 404"},
		{"GET", "/keys", "", "200 200 200 200 200 200 200 200 200 200 200 200 200 200 200 200"},
		{"POST", "/keys", `{"name":"x","department":"none","user":"x","roles":["requester"],"scopes":["read"],"days":1}`, "403 403 403 403 403 403 403 403 403 403 403 403 403 422 403 403"},
		{"DELETE", "/keys/none", "", "404 404 404 404 404 404 404 404 404 404 404 404 404 404 404 404"},
		{"POST", "/keys/none/confirm", "", "404 404 404 404 404 404 404 404 404 404 404 404 404 404 404 404"},
		{"POST", "/keys/none/rotate", `{"overlap_hours":1}`, "404 404 404 404 404 404 404 404 404 404 404 404 404 404 404 404"},
		{"GET", "/people", "", "403 403 403 403 403 403 403 403 403 403 403 403 403 200 403 403"},
		{"GET", "/policy", "", "403 403 403 403 403 403 403 403 403 403 403 403 403 200 403 403"},
		{"POST", "/policy/explain", `{"user":"nobody","on":"none","action":"read"}`, "403 403 403 403 403 403 403 403 403 403 403 403 403 422 403 403"},
		{"POST", "/policy/who", `{"user":"nobody","on":"none","action":"read"}`, "403 403 403 403 403 403 403 403 403 403 403 403 403 422 403 403"},
		{"GET", "/trail", "", "403 403 403 403 403 403 403 403 403 403 403 403 200 403 403 403"},
		{"POST", "/trail/checks", `{}`, "403 403 403 403 403 403 403 403 403 403 403 403 202 403 403 403"},
		{"GET", "/trail/checks/none", "", "403 403 403 403 403 403 403 403 403 403 403 403 404 403 403 403"},
		{"GET", "/colleagues", "", "200 200 200 200 200 200 200 200 200 200 200 200 200 200 200 200"},
		{"POST", "/tasks/{task}/release", `` /*          */, "403 403 403 204 204 404 404 404 403 403 403 404 404 404 404 404"},
	} {
		for i, status := range strings.Fields(row.statuses) {
			user := columns[i]
			got := c.as(user, row.method, names.Replace(row.target), names.Replace(row.body), "If-Match", `"99"`)
			assert.Equal(t, status, strconv.Itoa(got.Status), "%s %s as %s: %s", row.method, row.target, user, got.Body)
			switch got.Status {
			case 404: // says nothing of what it is about
				for _, secret := range []string{cases[0], "SZ-GA", "户籍", "未成年", "shuozhou", `"detail"`, `"current"`} {
					assert.NotContains(t, got.Body, secret, "%s as %s", row.target, user)
				}
			case 412:
				assert.Contains(t, got.Body, `"current"`, "%s as %s", row.target, user)
			}
		}
		path, _, _ := strings.Cut(row.target, "?")
		for _, op := range operations() {
			if op.method == row.method && op.matches(Base+path) {
				covered[op.ID] = true
			}
		}
	}
	for _, apart := range []string{"claim", "upload", "checkImport"} { // change something whoever asks; see the tests of their own
		covered[apart] = true
	}
	for _, op := range operations() {
		assert.True(t, op.public || covered[op.ID] || op.method == "POST" && ofProcedure(op), "no row asks %s", op.ID)
	}
}

// ofProcedure reports whether an operation opens a case of a procedure other than
// a share application, or takes a step on one.
func ofProcedure(op *operation) bool {
	return slices.Contains(specification().Paths.Value(op.template).GetOperation(op.method).Tags, "procedures")
}

// TestStepsOfProceduresByRole asks every step of the other procedures of everybody,
// on a case that is none of theirs: who does not see the case is not told of it, and
// nothing changes. Whoever opens a case about nothing opens none. What each role can
// do on cases of each procedure, the tests of package desk hold.
func TestStepsOfProceduresByRole(t *testing.T) {
	c := newCaller(t)
	_, cases := c.apply(columns[0], "shuozhou", "SZ-GA-001")
	asked := 0
	for _, op := range operations() {
		if op.method != "POST" || !ofProcedure(op) || strings.HasSuffix(op.path, "/batch") { // a batch answers for each line
			continue
		}
		asked++
		body := ""
		if op.body != nil {
			body = text2json(t, least(op.body.Content["application/json"].Schema.Value))
		}
		for _, user := range columns {
			target := strings.ReplaceAll(op.template, "{id}", cases[0])
			got := c.as(user, op.method, target, body, "If-Match", `"99"`)
			sees := c.as(user, "GET", "/cases/"+cases[0], "").Status == 200
			switch {
			case strings.Contains(op.template, "{id}") && !sees:
				assert.Equal(t, 404, got.Status, "%s as %s: %s", target, user, got.Body)
				assert.NotContains(t, got.Body, cases[0], "%s as %s", target, user)
			case op.ID == "stateNeed" || op.ID == "requestUpward": // in words: there is nothing to look up
				assert.Contains(t, []int{201, 403, 404}, got.Status, "%s as %s: %s", target, user, got.Body)
			default:
				assert.Contains(t, []int{403, 404, 409, 412, 422}, got.Status, "%s as %s: %s", target, user, got.Body)
			}
		}
	}
	assert.Positive(t, asked)
	found := decoded[caseDetail](c.as(columns[0], "GET", "/cases/"+cases[0], "").is(200))
	assert.Equal(t, 1, found.Version)
	assert.Empty(t, found.Children)
}

// least is the smallest value that a schema accepts.
func least(s *openapi3.Schema) any {
	switch {
	case len(s.Enum) > 0:
		return s.Enum[0]
	case s.Type.Is("object"):
		object := map[string]any{}
		for _, name := range requiredOf(s) {
			object[name] = least(properties(s)[name].Value)
		}
		return object
	case s.Type.Is("array"):
		list := []any{}
		for range s.MinItems {
			list = append(list, least(s.Items.Value))
		}
		return list
	case s.Type.Is("boolean"):
		return true
	case s.Type.Is("integer"):
		return int(max(*s.Min, 1))
	case s.Format == "date":
		return "2026-11-24"
	}
	return strings.Repeat("x", max(int(s.MinLength), 1))
}

// TestWhatOneMayNotSeeIsNotThere: the answer to another's thing is the answer to
// nothing, byte for byte but for the request's own name.
func TestWhatOneMayNotSeeIsNotThere(t *testing.T) {
	c := newCaller(t)
	_, cases := c.apply("shuozhou-minzheng-requester", "shuozhou", "SZ-GA-001")
	number := decoded[caseDetail](c.as("shuozhou-minzheng-requester", "GET", "/cases/"+cases[0], "").is(200)).Number
	file := c.file("shuozhou-minzheng-requester", "a.txt")
	hidden := c.rig.Resource("shuozhou", "SZ-GA-005").ID
	const nobody = "00000000-0000-4000-8000-000000000000"
	const peer = "shuozhou-shichang-requester"
	for _, row := range []struct{ method, there, absent, body string }{
		{"GET", "/cases/" + cases[0], "/cases/" + nobody, ""},
		{"GET", "/cases/" + number, "/cases/none", ""},
		{"GET", "/catalog/" + hidden, "/catalog/" + nobody, ""},
		{"GET", "/attachments/" + file, "/attachments/" + nobody, ""},
		{"POST", "/cases/" + cases[0] + "/withdrawal", "/cases/" + nobody + "/withdrawal", ""},
		{"POST", "/applications", "/applications", `{"items":[{"resource_id":"%s"}]}`},
	} {
		there := c.as(peer, row.method, row.there, strings.ReplaceAll(row.body, "%s", hidden), "If-Match", `"1"`, "X-Request-Id", "r")
		absent := c.as(peer, row.method, row.absent, strings.ReplaceAll(row.body, "%s", nobody), "If-Match", `"1"`, "X-Request-Id", "r")
		require.GreaterOrEqual(t, there.Status, 400)
		assert.Equal(t, absent.Status, there.Status, row.there)
		assert.Equal(t, absent.Body, there.Body, row.there)
		assert.Equal(t, absent.Header, there.Header, row.there)
	}
	// Nor does a search, a list or a count know of it.
	for _, target := range []string{"/catalog?q=SZ-GA-005", "/cases", "/cases?number=" + number, "/cases?state=answering", "/tasks", "/messages", "/grants", "/applications"} {
		c.as(peer, http.MethodGet, target, "").is(200, `"items":[]`, `"total":0`)
	}
}
