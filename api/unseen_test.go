package api

import (
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"gongshu/desk"
	"gongshu/desk/desktest"
	"gongshu/policies/regulations"
	"gongshu/regulation"
	"gongshu/sharing"
	"gongshu/workday"
)

// underUnseen is a caller under a regulation that the code has never heard of:
// the authority checks first, and extends the limit for the answer once, by 5
// working days at most.
func underUnseen(t *testing.T) *caller {
	t.Helper()
	content, err := os.ReadFile("../regulation/testdata/example-2027.yaml")
	require.NoError(t, err)
	file := strings.NewReplacer("region: example\n", "region: shuozhou\n", "from: 2027-01-01", "from: 2026-01-01", "issued: 2026-12-01", "issued: 2025-12-01",
		"region_name: 示例县", "region_name: 朔州市", "from_article:", "replaces: [shuozhou-2021]\nfrom_article:").Replace(string(content))
	law, err := regulation.Load(regulations.Files, fstest.MapFS{"example-2027.yaml": {Data: []byte(file)}})
	require.NoError(t, err)
	return newCallerOn(t, desktest.NewUnder(t, law, workday.ShippedCalendar()))
}

func TestFirstCheckAndExtension(t *testing.T) {
	c := underUnseen(t)
	resource := c.rig.Resource("shuozhou", "SZ-GA-001")
	resource.Facts = map[string]bool{"resource_on_platform": false}
	c.rig.Put(resource)
	c.as(asks, "GET", "/catalog/"+resource.ID, "").is(200, `"facts":{"resource_on_platform":false}`)

	draft := decoded[applicationDetail](c.as(asks, "POST", "/applications", text2json(t, c.rig.Request("shuozhou", "SZ-GA-001", "SZ-GA-004").Request)).is(201))
	preview := decoded[list[previewLineView]](c.as(asks, "GET", "/applications/"+draft.ID+"/preview", "").is(200)).Items
	law, ok := c.rig.Law().ByID("example-2027")
	require.True(t, ok)
	duty, ok := law.Duty(sharing.DutyPrecheck)
	require.True(t, ok)
	assert.Equal(t, duty.Title, preview[0].Duty, "the check comes first")
	assert.Equal(t, duty.TitleEn, preview[0].DutyEN)
	assert.Empty(t, preview[1].Duty, "nobody owes what is granted at once")

	id := decoded[desk.Submitted](c.as(asks, "POST", "/applications/"+draft.ID+"/submit", "", "If-Match", `"1"`).is(200)).Cases[0].CaseID
	c.as(watches, "GET", "/cases?state=checking", "").is(200, `"total":1`)
	c.as(watches, "GET", "/tasks", "").is(200, `"kind":"check"`)
	view := decoded[caseDetail](c.as(watches, "GET", "/cases/"+id, "").is(200))
	assert.Equal(t, sharing.Checking, view.State)
	assert.Equal(t, []sharing.Action{sharing.Pass, sharing.SendBack}, view.Can)
	assert.Equal(t, 5, view.ExtensionCap)

	step := func(user, name, body string, at int) answer {
		t.Helper()
		return c.as(user, "POST", "/cases/"+id+"/"+name, body, "If-Match", version(at))
	}
	step(decides, "pass", "", 1).is(403)
	step(watches, "extension", `{"n":1,"reason":"数据需要治理"}`, 1).is(409, "wrong_state")
	step(watches, "pass", `{"note":"材料齐全"}`, 1).is(200, `"state":"answering"`, `"version":2`)
	step(watches, "pass", "", 2).is(409, "wrong_state", `"current":{"state":"answering","version":2`)
	step(watches, "return", `{"note":"晚了"}`, 1).is(412, "stale", `"action":"pass"`)

	assert.Contains(t, decoded[caseDetail](c.as(watches, "GET", "/cases/"+id, "").is(200)).Can, sharing.Extend)
	step(decides, "extension", `{"n":5,"reason":"数据需要治理"}`, 2).is(403)
	step(watches, "extension", `{"n":6,"reason":"数据需要治理"}`, 2).is(422, `"/n"`, "range", "1 to 5")
	step(watches, "extension", `{"n":5,"reason":" "}`, 2).is(422, "/reason", "required")
	step(watches, "extension", `{"n":5,"reason":"数据需要治理"}`, 2).is(200, `"version":3`)
	step(watches, "extension", `{"n":1,"reason":"再延"}`, 3).is(409, "no_extension", "不能延长期限", `"article":"`, `"current"`)
	view = decoded[caseDetail](c.as(decides, "GET", "/cases/"+id, "").is(200))
	require.Len(t, view.Clocks, 2)
	require.Len(t, view.Clocks[1].Extensions, 1)
	assert.Equal(t, 5, view.Clocks[1].Extensions[0].N)
	step(decides, "answer", `{"agree":true}`, 3).is(200, `"state":"agreed"`)
}

func TestFirstCheckReturns(t *testing.T) {
	c := underUnseen(t)
	_, cases := c.apply(asks, "shuozhou", "SZ-GA-001")
	target := "/cases/" + cases[0] + "/return"
	c.as(watches, "POST", target, `{"note":" "}`, "If-Match", `"1"`).is(422, "/note", "required")
	c.as(watches, "POST", target, `{"note":"用途不在本机关职责之内"}`, "If-Match", `"1"`, "Idempotency-Key", "r").is(200, `"state":"returned"`)
	c.as(watches, "POST", target, `{"note":"用途不在本机关职责之内"}`, "If-Match", `"1"`, "Idempotency-Key", "r").is(200, `"state":"returned"`)
	c.as(asks, "GET", "/cases/"+cases[0], "").is(200, "用途不在本机关职责之内", `"closed_at"`, `"can":[]`)
	c.as(asks, "GET", "/messages", "").is(200, `"total":1`, `"topic":"send_back"`, `"state":"returned"`)
}

// TestExtensionNeedsARule: the regulation in force says nothing of extending.
func TestExtensionNeedsARule(t *testing.T) {
	c := newCaller(t)
	_, cases := c.apply(asks, "shuozhou", "SZ-GA-001")
	c.as(decides, "GET", "/cases/"+cases[0], "").is(200, `"can":["request_completion","answer"]`)
	refused := c.as(decides, "POST", "/cases/"+cases[0]+"/extension", `{"n":1,"reason":"忙"}`, "If-Match", `"1"`, "Accept-Language", "en")
	refused.is(409, "no_extension", "The limit cannot be extended")
	assert.NotContains(t, c.as(decides, "GET", "/cases/"+cases[0], "").Body, "extension_cap")
}
