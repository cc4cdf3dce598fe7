package web

import (
	"fmt"
	"net/url"
	"testing"
	"time"

	"gongshu/desk"
	"gongshu/desk/desktest"
	"gongshu/sharing"
)

// grantFixtures are the pages of grants and of the register of scenarios.
func grantFixtures() []fixture {
	later := noon.Add(time.Hour)
	view := desk.GrantView{
		Grant: sharing.Grant{
			ID: "g1", CaseID: "c1", CaseNumber: hostile, Resource: sharing.ResourceRef{ID: "r1", Title: hostile, Version: 1}, EntryVersion: 2, Class: sharing.Conditional, Grade: 2,
			Provider: police, Grantee: taxes, Fields: []string{hostile, "known"}, Mode: sharing.QueryAPI, Purpose: hostile, Conditions: hostile, Locator: hostile,
			State: sharing.GrantRevoked, ValidFrom: noon, ValidUntil: later, EndedAt: &noon, Suspensions: []sharing.Pause{{From: noon, Until: &later}, {From: noon}}, Renews: "g0",
		},
		Can: []sharing.Action{sharing.Suspend, sharing.Revoke, sharing.Resume}, MayRenew: true, Renewals: []sharing.Case{caseIn(sharing.Answering)},
		Calls: 12345, Rows: 1, DoubtedDays: 1, Usage: "29",
	}
	var use []sharing.DayOfUse
	for _, d := range []sharing.Doubt{sharing.DoubtPending, sharing.DoubtSuspended, sharing.DoubtRevoked, sharing.DoubtEnded, sharing.DoubtFields} {
		use = append(use, sharing.DayOfUse{Day: sharing.DateOf(noon), Calls: 3, Rows: 4, Fields: []string{hostile, "known"}, Doubts: []sharing.Doubt{d}, ReportedAt: noon})
	}
	scenario := desk.ScenarioView{
		Scenario: sharing.Scenario{ID: "s1", Version: 2, UpdatedAt: noon, ScenarioText: sharing.ScenarioText{
			Name: hostile, Description: hostile, Modes: []sharing.Mode{sharing.QueryAPI, sharing.File}, Duties: []string{hostile}, ValidFrom: sharing.DateOf(noon), ValidUntil: sharing.DateOf(later),
			Resources: []sharing.ScenarioItem{{ResourceID: "r1", Fields: []string{hostile}}, {ResourceID: "r1"}},
		}},
		Entries: map[string]sharing.Resource{"r1": {ID: "r1", Title: hostile}}, MayKeep: true,
	}
	retired := scenario
	retired.RetiredAt, retired.MayKeep, retired.Duties, retired.ValidUntil = &noon, false, nil, 0
	return []fixture{
		{"full", "grant", &grantPage{GrantView: view, Titles: map[string]string{"known": hostile}, Use: desk.Page[sharing.DayOfUse]{Items: use, Total: 5}, More: more{Total: 5, Next: "/y"}, Form: formFixture()}},
		{"empty", "grant", &grantPage{GrantView: desk.GrantView{Grant: sharing.Grant{State: sharing.GrantActive, Class: sharing.Conditional, Grade: 1, Mode: sharing.File}}, Form: newForm(0)}},
		{"full", "scenarios", scenariosPage{Found: desk.Page[desk.ScenarioView]{Items: []desk.ScenarioView{scenario, retired}, Total: 2}, MayKeep: true, More: more{Total: 2}}},
		{"empty", "scenarios", scenariosPage{Retired: true}},
		{"valid", "scenario", scenarioPage{scenario, newForm(2)}}, {"retired", "scenario", scenarioPage{retired, newForm(2)}},
		{"new", "scenario_form", scenarioFormPage{Form: formFixture()}}, {"changed", "scenario_form", scenarioFormPage{ID: "s1", Name: hostile, Form: newForm(2)}},
	}
}

// The authority registers a scenario, and an application that names it is granted
// at once; its grant is renewed from its page.
func TestAScenarioByForm(t *testing.T) {
	rig := desktest.New(t)
	base := serve(t, rig)
	household := rig.Resource("lishui", "LS-GA-001")
	officer, asks := as(t, base, "lishui-authority-officer"), as(t, base, "lishui-minzheng-requester")

	form := officer.get("/scenarios/new").says("登记应用场景")
	wrong := officer.fill(form, "/scenarios/new", url.Values{"name": {"低保核对"}}).is(422)
	today := sharing.DateOf(time.Now()).String()
	kept := officer.follow(officer.fill(wrong, "/scenarios/new", url.Values{
		"name": {"低保核对"}, "description": {"受理低保申请时核对户籍"}, "resources.rows": {"1"}, "resources.0.resource_id": {household.ID},
		"modes": {"query_api"}, "valid_from": {today}, "send": {"yes"},
	})).says("低保核对", household.Title, "应用场景已保存")
	edit := officer.follow(officer.fill(officer.get(kept.path+"/edit"), kept.path+"/edit", url.Values{"duties": {"社会救助"}, "send": {"yes"}})).says("社会救助")
	asks.get("/scenarios").says("低保核对").lacks("登记应用场景")
	asks.get("/scenarios/new").is(403)

	draft := asks.get("/applications/new?resource="+household.ID).says("登记的应用场景", "核心业务梳理", "低保核对")
	id := edit.path[len("/scenarios/"):]
	preview := asks.follow(asks.fill(draft, "/applications/new", url.Values{
		"purpose": {"核对申请人户籍"}, "duty": {"社会救助审核确认"}, "mode": {"query_api"}, "term_months": {"12"}, "scenario_id": {id},
		"business_analysis": {"受理时核对"}, "then": {"preview"},
	})).says("提交后即时授权", "低保核对")
	asks.follow(asks.fill(preview, "/submit", nil))
	asks.get("/grants").says(household.Title)
	found, err := rig.Grants(t.Context(), rig.User("lishui-minzheng-requester"), desk.GrantQuery{})
	if err != nil || found.Total != 1 {
		t.Fatalf("%d grants, %v", found.Total, err)
	}
	page := asks.get(fmt.Sprintf("/grants/%s", found.Items[0].ID)).says("使用情况", "申请续期")
	asks.follow(asks.fill(page, "/renew", nil)).says("本申请用于续期", "已按原授权写好续期申请")
}
