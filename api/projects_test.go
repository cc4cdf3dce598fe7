package api

import (
	"testing"

	"github.com/stretchr/testify/require"

	"gongshu/desk"
	"gongshu/sharing"
)

// A project over REST: registered, checked, refused at acceptance, and seen by the
// finance department until it is accepted.
func TestProjectOverREST(t *testing.T) {
	c := newCaller(t)
	const builder, officer, finance = "lishui-minzheng-requester", "lishui-authority-officer", "lishui-finance-officer"
	c.as(builder, "POST", "/projects", `{"name":"救助系统","budget":"财政预算"}`).is(422, `"/resources"`, `"required"`, `"article":"29"`)
	c.as(builder, "POST", "/projects", `{"name":"救助系统","budget":"财政预算","resources":[{"title":"救助对象","class":"secret","cycle":"monthly","way":"api"}]}`).is(422)
	opened := c.as(builder, "POST", "/projects", `{"name":"救助系统","budget":"财政预算","resources":[{"title":"救助对象","class":"conditional","cycle":"monthly","way":"api"}]}`,
		"Idempotency-Key", "p-1").is(201, `"initiating"`)
	id := decoded[desk.Outcome](opened).CaseID
	require.Equal(t, `"1"`, opened.Header.Get("ETag"))
	path := "/cases/" + id

	c.as(officer, "POST", path+"/initiate", `{"agree":true}`).is(428)
	c.as(builder, "POST", path+"/initiate", `{"agree":true}`, "If-Match", `"1"`).is(403)
	c.as(officer, "POST", path+"/initiate", `{"agree":true}`, "If-Match", `"1"`).is(200, `"building"`)
	c.as(builder, "POST", path+"/ask_acceptance", `{"entries":[{"resource":"救助对象","entry":"LS-GA-001"}]}`, "If-Match", `"2"`).is(422, `"own_entry"`)
	c.as(builder, "POST", path+"/ask_acceptance", `{}`, "If-Match", `"2"`).is(200, `"accepting"`)
	checks := `"checks":[{"check":"collected","resource":"救助对象","met":true,"evidence":"接口归集"}]`
	c.as(officer, "POST", path+"/accept", `{"agree":true,`+checks+`}`, "If-Match", `"3"`).is(422, `"check_met"`, `"article":"29"`, "not_catalogued")
	c.as(officer, "POST", path+"/accept", `{"agree":false,`+checks+`}`, "If-Match", `"3"`).is(200, `"rectifying"`)
	c.as(officer, "POST", path+"/accept", `{"agree":false,`+checks+`}`, "If-Match", `"3"`).is(412)

	held := decoded[page[heldProjectView]](c.as(finance, "GET", "/projects/holds", "").is(200))
	require.Equal(t, 1, held.Total)
	require.Equal(t, id, held.Items[0].ID)
	require.Equal(t, "no_maintenance_funds", held.Items[0].Holds[1].Consequence)
	c.as(builder, "GET", "/projects/holds", "").is(403)
	c.as(builder, "POST", path+"/report_gaps", `{"note":"已编目","entries":[{"resource":"救助对象","entry":"LS-MZ-002"}]}`, "If-Match", `"4"`).is(200)
	c.as(officer, "POST", path+"/accept", `{"agree":true,`+checks+`}`, "If-Match", `"5"`).is(200, `"accepted"`)
	c.as(officer, "POST", path+"/inspect", `{}`, "If-Match", `"6"`).is(409)
	c.as(builder, "POST", path+"/retire", `{}`, "If-Match", `"6"`).is(200, `"retired"`)
	c.as(finance, "GET", "/projects/holds", "").is(200, `"total":0`)

	other := decoded[desk.Outcome](c.as(builder, "POST", "/projects", `{"name":"另一系统","budget":"财政预算","resources":[{"title":"救助对象","class":"conditional","cycle":"monthly","way":"api"}]}`).is(201)).CaseID
	c.as(builder, "POST", "/cases/"+other+"/withdrawal", `{"note":"不再建设"}`, "If-Match", `"1"`).is(200, `"withdrawn"`)
}

// A rectification over REST, to public criticism.
func TestRectificationOverREST(t *testing.T) {
	c := newCaller(t)
	const officer, above, owes = "shuozhou-authority-officer", "shuozhou-supervisor-officer", "shuozhou-gongan-specialist"
	c.as(officer, "POST", "/rectifications", `{"department":"shuozhou-gongan","ground":"quality","finding":"抽查不一致"}`).is(422, `"/days"`, `"article":"33"`)
	c.as(officer, "POST", "/rectifications", `{"department":"shuozhou-gongan","ground":"quality","finding":"抽查不一致","days":0}`).is(422)
	c.as(officer, "POST", "/rectifications", `{"department":"shuozhou-gongan","ground":"quality","finding":"抽查不一致","until":"2020-01-01"}`).is(422, `"in_future"`)
	c.as(owes, "POST", "/rectifications", `{"department":"shuozhou-minzheng","ground":"quality","finding":"抽查不一致","days":5}`).is(403)
	path := "/cases/" + decoded[desk.Outcome](c.as(officer, "POST", "/rectifications", `{"department":"shuozhou-gongan","ground":"quality","finding":"抽查不一致","days":5}`).is(201, `"notified"`)).CaseID
	c.as(owes, "POST", path+"/hand_in_evidence", `{"text":""}`, "If-Match", `"1"`).is(422)
	c.as(owes, "POST", path+"/hand_in_evidence", `{"text":"已更新"}`, "If-Match", `"1"`).is(200, `"reviewing"`)
	c.as(officer, "POST", path+"/judge_evidence", `{"agree":false,"reasons":"仍有差异"}`, "If-Match", `"2"`).is(200, `"notified"`)
	c.as(officer, "POST", path+"/escalate", `{"reasons":"未整改"}`, "If-Match", `"3"`).is(422, `"time_passed"`)
	c.as(officer, "POST", path+"/escalate", `{"reasons":"未整改","serious":true}`, "If-Match", `"3"`).is(200, `"reported"`)
	c.as(officer, "POST", path+"/escalate", `{"reasons":"责令","days":5}`, "If-Match", `"4"`).is(403, `"article":"33"`)
	c.as(above, "POST", path+"/escalate", `{"reasons":"责令","days":5}`, "If-Match", `"4"`).is(200, `"ordered"`)
	c.as(above, "POST", path+"/escalate", `{"reasons":"拒不改正","serious":true}`, "If-Match", `"5"`).is(200, `"criticised"`)
	notices := decoded[page[criticismView]](c.as("shuozhou-renshe-requester", "GET", "/rectifications/notices", "").is(200))
	require.Equal(t, 1, notices.Total)
	require.Equal(t, "quality", notices.Items[0].Ground)
	require.Equal(t, sharing.NotShared, decoded[caseDetail](c.as(owes, "GET", path, "").is(200)).Class)
	c.as("shuozhou-renshe-requester", "GET", path, "").is(404)

	cancelled := "/cases/" + decoded[desk.Outcome](c.as(officer, "POST", "/rectifications", `{"department":"shuozhou-gongan","ground":"quality","finding":"抽查不一致","days":5}`).is(201)).CaseID
	c.as(officer, "POST", cancelled+"/cancel", `{"note":"核查后无此情形"}`, "If-Match", `"1"`).is(200, `"cancelled"`)
}
