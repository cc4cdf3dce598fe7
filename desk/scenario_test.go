package desk_test

import (
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"gongshu/desk"
	"gongshu/desk/desktest"
	"gongshu/sharing"
)

// The people of lishui, whose regulation knows scenarios and consent.
const (
	lishuiOfficer   = "lishui-authority-officer"
	lishuiAsks      = "lishui-minzheng-requester"
	lishuiApprover  = "lishui-gongan-approver"
	lishuiHousehold = "LS-GA-001" // conditionally shared
)

// scenarioText is a scenario of the household register, valid from today.
func scenarioText(t *testing.T, r *desktest.Rig) sharing.ScenarioText {
	t.Helper()
	return sharing.ScenarioText{
		Name: "低保核对", Description: "受理低保申请时核对户籍", Modes: []sharing.Mode{sharing.QueryAPI}, ValidFrom: today(t, r),
		Resources: []sharing.ScenarioItem{{ResourceID: r.Resource("lishui", lishuiHousehold).ID}},
	}
}

func today(t *testing.T, r *desktest.Rig) sharing.Date {
	t.Helper()
	now, err := r.Now(t.Context())
	require.NoError(t, err)
	return sharing.DateOf(now)
}

func TestAFittingScenarioIsAuthorisedAtOnce(t *testing.T) {
	r := desktest.New(t)
	ctx := t.Context()
	text := scenarioText(t, r)
	text.ValidUntil = today(t, r) + 40
	scenario, err := r.SaveScenario(ctx, r.User(lishuiOfficer), "k", "", 0, text)
	require.NoError(t, err)
	require.Equal(t, 1, scenario.Version)
	again, err := r.SaveScenario(ctx, r.User(lishuiOfficer), "k", "", 0, text)
	require.NoError(t, err)
	require.Equal(t, scenario.ID, again.ID)

	draft := r.Request("lishui", lishuiHousehold)
	draft.ScenarioID = scenario.ID
	saved, err := r.SaveDraft(ctx, r.User(lishuiAsks), "", "", 0, draft)
	require.NoError(t, err)
	lines, err := r.Preview(ctx, r.User(lishuiAsks), saved.ID, nil)
	require.NoError(t, err)
	require.True(t, lines[0].AtOnce)
	require.Equal(t, "19(3)", lines[0].Article)

	c := r.Apply(lishuiAsks, draft, nil).Cases[0]
	require.Equal(t, sharing.InUse, c.State)
	view, err := r.Case(ctx, r.User(lishuiAsks), c.CaseID)
	require.NoError(t, err)
	require.Equal(t, "19(3)", view.Timeline[0].Article)
	require.Equal(t, "低保核对", view.Timeline[0].Data["scenario"])
	require.Equal(t, sharing.GrantActive, view.Grant.State)
	require.Equal(t, text.ValidUntil.End(), view.Grant.ValidUntil.In(sharing.Shanghai), "the grant ends with the scenario")
	require.Empty(t, view.Clocks)

	_, err = r.RetireScenario(ctx, r.User(lishuiOfficer), "", scenario.ID, 1)
	require.NoError(t, err)
	c = r.Apply(lishuiAsks, draft, nil).Cases[0]
	require.Equal(t, sharing.Answering, c.State, "struck off: the normal way")
	view, err = r.Case(ctx, r.User(lishuiApprover), c.CaseID)
	require.NoError(t, err)
	require.Equal(t, string(sharing.MisfitRetired), view.Timeline[0].Data["misfit"])
	_, err = r.Store.VerifyTrail(ctx)
	require.NoError(t, err)
}

func TestWhatDoesNotFitAScenarioGoesTheNormalWay(t *testing.T) {
	r := desktest.New(t)
	ctx := t.Context()
	household := r.Resource("lishui", lishuiHousehold)
	text := scenarioText(t, r)
	text.Resources[0].Fields = []string{household.Fields[0].Name}
	text.Duties = []string{"社会救助"}
	narrow, err := r.SaveScenario(ctx, r.User(lishuiOfficer), "", "", 0, text)
	require.NoError(t, err)
	text.Name, text.ValidFrom = "将来的场景", today(t, r)+5
	later, err := r.SaveScenario(ctx, r.User(lishuiOfficer), "", "", 0, text)
	require.NoError(t, err)

	for name, tt := range map[string]struct {
		change func(*desk.Draft)
		want   sharing.Misfit
	}{
		"all":            {func(*desk.Draft) {}, sharing.Fits},
		"another duty":   {func(d *desk.Draft) { d.Duty = "税收征管" }, sharing.MisfitDuty},
		"more fields":    {func(d *desk.Draft) { d.Items[0].Fields = nil }, sharing.MisfitFields},
		"another way":    {func(d *desk.Draft) { d.Mode = sharing.Verification }, sharing.MisfitMode},
		"not yet valid":  {func(d *desk.Draft) { d.ScenarioID = later.ID }, sharing.MisfitDay},
		"other resource": {func(d *desk.Draft) { d.Items = []sharing.Item{{ResourceID: r.Resource("lishui", "LS-ZR-001").ID}} }, sharing.MisfitResource},
	} {
		t.Run(name, func(t *testing.T) {
			draft := r.Request("lishui", lishuiHousehold)
			draft.Items[0].Fields, draft.ScenarioID = text.Resources[0].Fields, narrow.ID
			tt.change(&draft)
			c := r.Apply(lishuiAsks, draft, nil).Cases[0]
			view, err := r.Case(ctx, r.User(lishuiAsks), c.CaseID)
			require.NoError(t, err)
			require.Equal(t, string(tt.want), view.Timeline[0].Data["misfit"])
			require.Equal(t, tt.want == sharing.Fits, c.State == sharing.InUse)
		})
	}
}

func TestScenariosThatCannotBe(t *testing.T) {
	r := desktest.New(t)
	ctx := t.Context()
	scenario, err := r.SaveScenario(ctx, r.User(lishuiOfficer), "", "", 0, scenarioText(t, r))
	require.NoError(t, err)

	// Of another region, of none, and where the regulation knows none.
	for user, tt := range map[string]struct{ region, code, scenario, rule string }{
		lishuiAsks: {"lishui", lishuiHousehold, uuid.NewString(), "exists"},
		requester:  {"shuozhou", conditional, scenario.ID, "in_regulation"},
	} {
		draft := r.Request(tt.region, tt.code)
		draft.ScenarioID = tt.scenario
		a, err := r.SaveDraft(ctx, r.User(user), "", "", 0, draft)
		require.NoError(t, err)
		_, err = r.Submit(ctx, r.User(user), "", a.ID, a.Version, nil)
		requireRule(t, err, "/scenario_id", tt.rule)
		again, err := r.Application(ctx, r.User(user), a.ID)
		require.NoError(t, err)
		require.Equal(t, sharing.Draft, again.State, "nothing half done")
	}

	for name, tt := range map[string]struct {
		change      func(*sharing.ScenarioText)
		field, rule string
	}{
		"no name":                {func(s *sharing.ScenarioText) { s.Name = " " }, "/name", "required"},
		"the same name":          {func(*sharing.ScenarioText) {}, "/name", "unique"},
		"no resource":            {func(s *sharing.ScenarioText) { s.Resources = nil }, "/resources", "required"},
		"a resource twice":       {func(s *sharing.ScenarioText) { s.Resources = append(s.Resources, s.Resources[0]) }, "/resources/1/resource_id", "unique"},
		"another region's":       {func(s *sharing.ScenarioText) { s.Resources[0].ResourceID = r.Resource("shuozhou", conditional).ID }, "/resources/0/resource_id", "exists"},
		"not shared":             {func(s *sharing.ScenarioText) { s.Resources[0].ResourceID = r.Resource("lishui", "LS-GA-005").ID }, "/resources/0/resource_id", "conditional"},
		"no field of it":         {func(s *sharing.ScenarioText) { s.Resources[0].Fields = []string{"none"} }, "/resources/0/fields/0", "field_of_resource"},
		"no way of sharing":      {func(s *sharing.ScenarioText) { s.Modes = nil }, "/modes", "required"},
		"an unknown way":         {func(s *sharing.ScenarioText) { s.Modes = []sharing.Mode{"fax"} }, "/modes/0", "one_of"},
		"over before it begins":  {func(s *sharing.ScenarioText) { s.ValidUntil = s.ValidFrom - 1 }, "/valid_until", "not_earlier"},
		"over before it is kept": {func(s *sharing.ScenarioText) { s.ValidFrom -= 9; s.ValidUntil = s.ValidFrom + 1 }, "/valid_until", "not_in_past"},
		"no first day":           {func(s *sharing.ScenarioText) { s.ValidFrom = 0 }, "/valid_from", "required"},
	} {
		t.Run(name, func(t *testing.T) {
			text := scenarioText(t, r)
			tt.change(&text)
			_, err := r.SaveScenario(ctx, r.User(lishuiOfficer), "", "", 0, text)
			requireRule(t, err, tt.field, tt.rule)
		})
	}

	text := scenarioText(t, r)
	text.Name = "另一个"
	_, err = r.SaveScenario(ctx, r.User(lishuiAsks), "", "", 0, text)
	require.Equal(t, sharing.CodeForbidden, code(t, err), "departments read the register")
	_, err = r.SaveScenario(ctx, r.User(officer), "", "", 0, text)
	require.Equal(t, sharing.CodeNotFound, code(t, err), "a region without scenarios")
	_, err = r.SaveScenario(ctx, r.User("shuozhou-authority-officer"), "", scenario.ID, 1, text)
	require.Equal(t, sharing.CodeNotFound, code(t, err))
	_, err = r.SaveScenario(ctx, r.User(lishuiOfficer), "", scenario.ID, 7, text)
	require.Equal(t, sharing.CodeStale, code(t, err))
	changed, err := r.SaveScenario(ctx, r.User(lishuiOfficer), "", scenario.ID, 1, text)
	require.NoError(t, err)
	require.Equal(t, 2, changed.Version)
	page, err := r.Scenarios(ctx, r.User(lishuiAsks), desk.ScenarioQuery{})
	require.NoError(t, err)
	require.Equal(t, 1, page.Total)
	require.False(t, page.Items[0].MayKeep)
}

// requireRule holds an error to the one field and rule that it is about.
func requireRule(t *testing.T, err error, field, rule string) {
	t.Helper()
	var e *sharing.Error
	require.ErrorAs(t, err, &e)
	require.Len(t, e.Fields, 1, "%v", err)
	require.Equal(t, [2]string{field, rule}, [2]string{e.Fields[0].Field, e.Fields[0].Rule}, "%v", err)
}

// What the regulation file asks an application to say, it must say; the article is
// named.
func TestAnApplicationSaysWhatItsRegulationAsksFor(t *testing.T) {
	r := desktest.New(t)
	ctx := t.Context()
	draft := r.Request("lishui", lishuiHousehold)
	draft.Scenario, draft.BusinessAnalysis = "", " "
	a, err := r.SaveDraft(ctx, r.User(lishuiAsks), "", "", 0, draft)
	require.NoError(t, err)
	_, err = r.Submit(ctx, r.User(lishuiAsks), "", a.ID, a.Version, nil)
	var e *sharing.Error
	require.ErrorAs(t, err, &e)
	require.Equal(t, "19(1)", e.Article)
	var fields []string
	for _, f := range e.Fields {
		fields = append(fields, f.Field)
	}
	require.Equal(t, []string{"/business_analysis", "/scenario"}, fields)

	draft = r.Request("lishui", "LS-SL-001") // unconditionally shared
	draft.Scenario, draft.BusinessAnalysis = "", ""
	require.Equal(t, sharing.InUse, r.Apply(lishuiAsks, draft, nil).Cases[0].State)
}

func TestCopyingNeedsTheAuthoritysConsent(t *testing.T) {
	r := desktest.New(t)
	ctx := t.Context()
	file := func() desk.Outcome {
		draft := r.Request("lishui", lishuiHousehold)
		draft.Mode = sharing.File
		c := r.Apply(lishuiAsks, draft, nil).Cases[0]
		out, err := r.Answer(ctx, r.User(lishuiApprover), desk.Act{CaseID: c.CaseID, Expected: 1}, sharing.Decision{Agree: true})
		require.NoError(t, err)
		require.Equal(t, sharing.Consenting, out.State)
		return out
	}
	c := file()
	inbox, err := r.Tasks(ctx, r.User(lishuiOfficer), desk.TaskQuery{})
	require.NoError(t, err)
	require.Equal(t, sharing.TaskConsent, inbox.Items[0].Kind)
	act := desk.Act{CaseID: c.CaseID, Expected: 2}
	_, err = r.Step(ctx, r.User(lishuiApprover), act, sharing.Consent, []byte(`{"agree":true}`))
	require.Equal(t, sharing.CodeForbidden, code(t, err), "consent is not the provider's")
	_, err = r.Step(ctx, r.User(lishuiOfficer), act, sharing.Consent, []byte(`{"agree":false}`))
	requireRule(t, err, "/reasons", "required")
	out, err := r.Step(ctx, r.User(lishuiOfficer), act, sharing.Consent, []byte(`{"agree":true}`))
	require.NoError(t, err)
	require.Equal(t, sharing.Agreed, out.State)
	view, err := r.Case(ctx, r.User(lishuiAsks), c.CaseID)
	require.NoError(t, err)
	require.Equal(t, "17", view.Timeline[2].Article)
	require.True(t, view.Consent.Agree)
	require.Equal(t, sharing.DutyProvide, view.Clocks[len(view.Clocks)-1].Duty)

	c = file()
	out, err = r.Step(ctx, r.User(lishuiOfficer), desk.Act{CaseID: c.CaseID, Expected: 2}, sharing.Consent, []byte(`{"agree":false,"reasons":"可以用接口调用"}`))
	require.NoError(t, err)
	require.Equal(t, sharing.Refused, out.State)
	c = file()
	_, err = r.Withdraw(ctx, r.User(lishuiAsks), desk.Act{CaseID: c.CaseID, Expected: 2}, sharing.Remark{})
	require.NoError(t, err)

	// An application for calls cannot be turned into a copy when the data is provided.
	called := r.Apply(lishuiAsks, r.Request("lishui", lishuiHousehold), nil).Cases[0]
	out, err = r.Answer(ctx, r.User(lishuiApprover), desk.Act{CaseID: called.CaseID, Expected: 1}, sharing.Decision{Agree: true})
	require.NoError(t, err)
	require.Equal(t, sharing.Agreed, out.State)
	_, err = r.Provide(ctx, r.User("lishui-gongan-specialist"), desk.Act{CaseID: called.CaseID, Expected: 2}, sharing.Provision{Mode: sharing.File, Locator: "disk"})
	requireRule(t, err, "/mode", "consented")

	// What is shared unconditionally is copied with that consent alone.
	draft := r.Request("lishui", "LS-SL-001")
	draft.Mode = sharing.Batch
	open := r.Apply(lishuiAsks, draft, nil).Cases[0]
	require.Equal(t, sharing.Consenting, open.State)
	out, err = r.Step(ctx, r.User(lishuiOfficer), desk.Act{CaseID: open.CaseID, Expected: 1}, sharing.Consent, []byte(`{"agree":true}`))
	require.NoError(t, err)
	_, err = r.Provide(ctx, r.User("lishui-shuili-approver"), desk.Act{CaseID: open.CaseID, Expected: out.Version}, sharing.Provision{Mode: sharing.Batch, Locator: "batch/7"})
	require.NoError(t, err)
	_, err = r.Store.VerifyTrail(ctx)
	require.NoError(t, err)
}
