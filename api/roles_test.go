package api

import (
	"net/http"
	"strconv"
	"strings"
	"testing"

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
	names := strings.NewReplacer("{case}", cases[0], "{granted}", cases[1], "{application}", application, "{draft}", draft.ID,
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
		{"GET", "/applications", "" /*                   */, "200 200 200 200 200 200 200 200 200 200 200 200 200 200 200 200"},
		{"GET", "/applications/{draft}", "" /*           */, "200 200 200 404 404 404 404 404 404 404 404 404 404 404 404 404"},
		{"GET", "/applications/{application}", "" /*     */, "200 200 200 404 404 404 404 404 404 404 404 404 404 404 404 404"},
		{"GET", "/applications/{draft}/preview", "" /*   */, "200 200 200 404 404 404 404 404 404 404 404 404 404 404 404 404"},
		{"GET", "/cases", "" /*                          */, "200 200 200 200 200 200 200 200 200 200 200 200 200 200 200 200"},
		{"GET", "/cases/{case}", "" /*                   */, "200 200 200 200 200 404 404 404 200 200 200 404 404 404 404 404"},
		{"GET", "/cases/{granted}", "" /*                */, "200 200 200 200 200 404 404 404 200 200 200 404 404 404 404 404"},
		{"GET", "/tasks", "" /*                          */, "200 200 200 200 200 200 200 200 200 200 200 200 200 200 200 200"},
		{"GET", "/messages", "" /*                       */, "200 200 200 200 200 200 200 200 200 200 200 200 200 200 200 200"},
		{"GET", "/overdue", "" /*                        */, "403 403 403 403 403 403 403 403 200 200 200 403 403 403 403 403"},
		{"GET", "/grants", "" /*                         */, "200 200 200 200 200 200 200 200 200 200 200 200 200 200 200 200"},
		{"GET", "/attachments/{file}", "" /*             */, "200 404 404 404 404 404 404 404 404 404 404 404 404 404 404 404"},
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
		{"POST", "/tasks/{task}/release", `` /*          */, "403 403 403 204 204 404 404 404 403 403 403 404 404 404 404 404"},
	} {
		for i, status := range strings.Fields(row.statuses) {
			user := columns[i]
			got := c.as(user, row.method, names.Replace(row.target), row.body, "If-Match", `"99"`)
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
	for _, apart := range []string{"claim", "upload"} { // change something whoever asks; see the tests of their own
		covered[apart] = true
	}
	for _, op := range operations() {
		assert.True(t, covered[op.ID], "no row asks %s", op.ID)
	}
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
