package api

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Entries of the registers, as they are filed.
const (
	specialistEntry = `{"name":"王芳","post":"科长","phone":"0349-2020000","change":"appointed","changed_on":"2026-01-05"}`
	purchaseEntry   = `{"title":"企业用电数据","seller":"某电网公司","purpose":"监测","checked":true,"buy_on":"2026-01-05"}`
	systemEntry     = `{"name":"办公系统","purpose":"办公","stage":"running","protection":3,"since":"2026-01-05"}`
	documentEntry   = `{"system":"办公系统","kind":"design","title":"设计说明","place":"档案室","dated_on":"2026-01-05"}`
	testEntry       = `{"system":"办公系统","kind":"protection","tester":"某机构","report":"1","result":"passed","tested_on":"2026-01-05"}`
	incidentEntry   = `{"kind":"leak","title":"测试库暴露","facts":"可从互联网访问","measures":"已关闭","handled":true,"found_on":"2026-01-05","found_time":"09:30"}`
)

// pleads is a request for data of an entry that is opened on conditions.
func pleads(resource, contact string) string {
	return `{"resource":"` + resource + `","name":"晋北数据服务有限公司","kind":"company","contact":"` + contact + `","purpose":"产业研究","plan":"仅在本单位使用"}`
}

func TestOpeningFromCatalogToData(t *testing.T) {
	c := newCaller(t)
	regions := decoded[list[openRegionView]](c.as("", "GET", "/open/regions", "").is(200))
	require.Len(t, regions.Items, 5)
	page := decoded[page[openEntryView]](c.as("", "GET", "/open/catalog?region=shuozhou&class=conditional", "").is(200))
	require.NotEmpty(t, page.Items)
	entry := c.rig.Resource("shuozhou", "SZ-SC-003")
	found := c.as("", "GET", "/open/catalog/"+entry.ID, "").is(200)
	for _, secret := range []string{"grade", `"class"`, "condition\":", "basis", "modes"} {
		assert.NotContains(t, found.Body, secret)
	}
	c.as("", "GET", "/open/catalog/"+c.rig.Resource("shuozhou", "SZ-GA-005").ID, "").is(404)
	c.as("", "GET", "/open/catalog?class=not_open", "").is(400)

	ticket := decoded[ticketView](c.as("", "POST", "/open/requests", pleads(entry.ID, "data@example.com")).is(201))
	secret := []string{"Gongshu-Secret", ticket.Secret}
	c.as("", "POST", "/open/requests/"+ticket.ID+"/verification", `{"code":"`+ticket.Code+`"}`, "Gongshu-Secret", "guess").is(404)
	c.as("", "POST", "/open/requests/"+ticket.ID+"/verification", `{"code":"`+ticket.Code+`"}`).is(400)
	c.as("", "POST", "/open/requests/"+ticket.ID+"/verification", `{"code":"x"}`, secret...).is(422, `"rule":"code"`)
	again := decoded[ticketView](c.as("", "POST", "/open/requests/"+ticket.ID+"/code", "", secret...).is(200))
	status := decoded[openingView](c.as("", "POST", "/open/requests/"+ticket.ID+"/verification", `{"code":"`+again.Code+`"}`, secret...).is(200))
	require.Equal(t, "25", status.Clock.Article)
	c.as("", "POST", "/open/requests/"+ticket.ID+"/code", "", secret...).is(409)

	decider := "shuozhou-shichang-approver"
	c.as(decider, "POST", "/cases/"+status.ID+"/screen", `{"agree":true}`, "If-Match", `"1"`).is(200)
	c.as(decider, "POST", "/cases/"+status.ID+"/answer_opening", `{"agree":false,"reasons":"涉及商业秘密"}`, "If-Match", `"2"`).is(422, "basis_required")
	c.as(decider, "POST", "/cases/"+status.ID+"/answer_opening", `{"agree":true,"way":"link","locator":"https://open.example/1"}`, "If-Match", `"2"`).is(200, "opened")
	c.as("", "GET", "/open/requests/"+status.Number, "", secret...).is(200, "https://open.example/1", "data@example.com")
	c.as("", "GET", "/open/requests/"+status.Number, "", "Gongshu-Secret", "guess").is(404)
	c.as("", "GET", "/open/requests/"+status.Number+"/files/none", "", secret...).is(404)
	c.as("", "POST", "/open/requests/"+status.Number+"/signature", `{"name":"晋北数据服务有限公司"}`, append(secret, "If-Match", `"3"`)...).is(409)
	c.as("", "POST", "/open/requests/"+status.Number+"/withdrawal", `{}`, append(secret, "If-Match", `"2"`)...)

	// One of another name asks too often.
	for range 4 {
		c.as("", "POST", "/open/requests", pleads(entry.ID, "DATA@example.com")).is(201)
	}
	refused := c.as("", "POST", "/open/requests", pleads(entry.ID, "data@example.com")).is(429, "too_many")
	require.NotEmpty(t, refused.Header.Get("Retry-After"))
}

// FuzzAskOpening: whatever is sent to the door that is open to all, the answer is
// one that the specification knows and never an error of ours.
func FuzzAskOpening(f *testing.F) {
	c := newCaller(f)
	entry := c.rig.Resource("shuozhou", "SZ-SC-003").ID
	f.Add(pleads(entry, "data@example.com"))
	for _, seed := range []string{`{}`, `[]`, `null`, `{"resource":`, pleads(entry, "+86 13800138000"), pleads("x", "a@b.cd"), pleads(entry, `a@b.cd\r\nBcc: c@d.ef`),
		`{"resource":{"$ref":"#"},"name":[],"kind":1,"contact":null,"purpose":{},"plan":true}`, strings.Repeat("[", 1000), pleads(entry, "\xff@b.cd")} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, body string) {
		if body == "" {
			return
		}
		here := *c
		here.t = t
		got := here.as("", "POST", "/open/requests", body)
		assert.Contains(t, []int{201, 400, 409, 413, 422, 429}, got.Status, "%s", got.Body)
	})
}
