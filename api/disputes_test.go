package api

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"gongshu/desk"
	"gongshu/sharing"
)

// TestDisputesOverREST: reported one by one and in a batch, looked up, verified,
// marked for other holders, and taken to the authority.
func TestDisputesOverREST(t *testing.T) {
	c := newCaller(t)
	resource := c.rig.Resource("shuozhou", "SZ-GA-004") // shared unconditionally
	field := resource.Fields[0].Name
	report := func(key string) string {
		return fmt.Sprintf(`{"resource":%q,"record_key":%q,"fields":[%q],"wrong":"与证件不符"}`, resource.ID, key, field)
	}
	opened := c.as(asks, "POST", "/disputes", report("1"), "Idempotency-Key", "one").is(201, `"state":"verifying"`)
	again := c.as(asks, "POST", "/disputes", report("1"), "Idempotency-Key", "one").is(201)
	id := decoded[desk.Outcome](opened).CaseID
	assert.Equal(t, id, decoded[desk.Outcome](again).CaseID)
	c.as(asks, "POST", "/disputes", report("1")).is(422, `"rule":"under_verification"`, "正在校核")
	c.as(asks, "POST", "/disputes", `{"resource":"x","record_key":"1","fields":["x"],"wrong":"错"}`).is(422, `"pointer":"/resource"`)
	c.as(asks, "POST", "/disputes", `{"resource":"x","ruling":"mine"}`).is(422, "ruling")
	c.as("shuozhou-shenji-auditor", "POST", "/disputes", report("2")).is(422)

	batch := fmt.Sprintf(`{"reports":[%s,%s,{"resource":%q},%s]}`, report("2"), report("2"), resource.ID, report("3"))
	for range 2 {
		got := decoded[list[reportedView]](c.as(asks, "POST", "/disputes/batch", batch, "Idempotency-Key", "night").is(200)).Items
		require.Len(t, got, 4)
		assert.Equal(t, sharing.Verifying, got[0].Case.State)
		assert.Equal(t, "under_verification", got[1].Error.Errors[0].Rule)
		assert.Equal(t, sharing.CodeInvalid, got[2].Error.Code)
		assert.Equal(t, sharing.Verifying, got[3].Case.State)
	}
	c.as(asks, "POST", "/disputes/batch", `{"reports":[]}`).is(422)
	assert.Equal(t, 3, decoded[page[caseSummaryView]](c.as(asks, "GET", "/cases?procedure=dispute", "").is(200)).Total)

	c.as(asks, "GET", "/records/verification?resource=SZ-GA-004&record_key=1", "").is(200, `"under_verification":true`, `"since":`, `"cases":["Y2026`)
	c.as("shuozhou-renshe-requester", "GET", "/records/verification?resource="+resource.ID+"&record_key=1", "").is(200, `"under_verification":true`, `"cases":[]`)
	c.as(asks, "GET", "/records/verification?resource=SZ-GA-004&record_key=9", "").is(200, `"under_verification":false`, `"cases":[]`)
	c.as(asks, "GET", "/records/verification?resource=SZ-GA-001&record_key=9", "").is(403)
	c.as(asks, "GET", "/records/verification?resource=nothing", "").is(404)
	c.as(asks, "GET", "/records/verification", "").is(400, "resource")
	there := c.rig.World.Resources
	for _, r := range there {
		if r.RegionID == "city" && r.Class == sharing.Unconditional && r.Provider.ID == "city-gongan" {
			body := fmt.Sprintf(`{"resource":%q,"record_key":"1","fields":[%q],"wrong":"错"}`, r.ID, r.Fields[0].Name)
			c.as("city-minzheng-requester", "POST", "/disputes", body).is(201)
			c.as("city-minzheng-requester", "GET", "/records/verification?resource="+r.Code+"&record_key=1", "").is(200, `"must_proceed":"24"`, "照常办理", `"regulation":{"id":"city-2023@1"`)
			break
		}
	}

	c.rig.Apply("shuozhou-renshe-requester", c.rig.Request("shuozhou", "SZ-GA-004"), nil) // granted at once
	marks := decoded[page[markView]](c.as("shuozhou-renshe-requester", "GET", "/records/marks?limit=2", "").is(200))
	assert.Equal(t, 3, marks.Total)
	require.Len(t, marks.Items, 2)
	rest := decoded[page[markView]](c.as("shuozhou-renshe-requester", "GET", "/records/marks?limit=2&cursor="+marks.Next, "").is(200))
	require.Len(t, rest.Items, 1)
	assert.Equal(t, "1", rest.Items[0].RecordKey)
	assert.Equal(t, []string{field}, rest.Items[0].Fields)
	c.as("shuozhou-jiaoyu-requester", "GET", "/records/marks", "").is(200, `"total":0`)

	target := "/cases/" + id + "/verify"
	c.as(decides, "POST", target, `{"outcome":"corrected","was_wrong":"错","correction":"对","corrected_on":"2026-01-05"}`).is(428)
	c.as(decides, "POST", target, `{"outcome":"corrected"}`, "If-Match", `"1"`).is(422, `"pointer":"/was_wrong"`)
	c.as(asks, "POST", target, `{"outcome":"explained","reasons":"对"}`, "If-Match", `"1"`).is(403)
	c.as(decides, "POST", target, `{"outcome":"corrected","was_wrong":"错","correction":"对","corrected_on":"2026-01-05"}`, "If-Match", `"1"`).is(200, `"state":"corrected"`)
	c.as(provides, "POST", target, `{"outcome":"explained","reasons":"对"}`, "If-Match", `"2"`).is(409, "already_decided")
	c.as("shuozhou-renshe-requester", "GET", "/records/marks?state=corrected", "").is(200, `"total":1`, `"record_key":"1"`)
}

// TestCoordinationOverREST: data in words, whose owner the authority names, and
// whose entry it orders.
func TestCoordinationOverREST(t *testing.T) {
	c := newCaller(t)
	words := `{"occasion":"not_in_catalog","data":"殡葬补贴发放名册","items":["姓名"],"purpose":"核对待遇","duty":"救助审核","mode":"batch","term_months":12,"grounds":"目录中没有"}`
	c.as(asks, "POST", "/coordinations", `{"occasion":"not_in_catalog","grounds":"没有"}`).is(422, `"pointer":"/data"`)
	c.as(asks, "POST", "/coordinations", `{"occasion":"refused","parent":"G1","grounds":"没有"}`).is(422, `"pointer":"/parent"`)
	id := decoded[desk.Outcome](c.as(asks, "POST", "/coordinations", words).is(201, `"state":"coordinating"`)).CaseID
	target := "/cases/" + id
	c.as(provides, "GET", target, "").is(404)
	c.as(provides, "POST", target+"/opine", `{"view":"x"}`, "If-Match", `"1"`).is(404)
	c.as(watches, "POST", target+"/name_owner", `{"department":"shuozhou-minzheng"}`, "If-Match", `"1"`).is(422, `"rule":"owner"`)
	c.as(watches, "POST", target+"/name_owner", `{"department":"shuozhou-gongan"}`, "If-Match", `"1"`).is(200)
	c.as(provides, "POST", target+"/opine", `{"view":"可以编目"}`, "If-Match", `"2"`).is(200)
	c.as(watches, "POST", target+"/rule", `{"outcome":"overturned","reasons":"x"}`, "If-Match", `"3"`).is(422, `"rule":"fits_occasion"`)
	c.as(asks, "POST", target+"/rule", `{"outcome":"catalogued","reasons":"x"}`, "If-Match", `"3"`).is(403)
	c.as(watches, "POST", target+"/rule", `{"outcome":"catalogued","reasons":"应当编目"}`, "If-Match", `"3"`).is(200, `"state":"catalogued"`)
	c.as(asks, "POST", target+"/withdrawal", `{}`, "If-Match", `"4"`).is(409)
	c.as(asks, "GET", target, "").is(200, "应当编目", `"children":[]`)
}
