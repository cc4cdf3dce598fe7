package desk_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"gongshu/desk"
	"gongshu/desk/desktest"
	"gongshu/sharing"
)

// refusal is an application that was refused, in a region.
func refusal(t testing.TB, r *desktest.Rig, region string) (sharing.Case, sharing.User) {
	t.Helper()
	ctx := t.Context()
	resource, who := anyOf(t, r, region, sharing.Conditional)
	draft := desk.Draft{Request: sharing.Request{Purpose: "核对申请人资格", Duty: "社会救助审核确认", Mode: resource.Modes[0], TermMonths: 12, Scenario: "低保核对", BusinessAnalysis: "已梳理核心业务",
		Items: []sharing.Item{{ResourceID: resource.ID, Fields: resource.FieldNames()[:2]}}}}
	c := r.Apply(who.ID, draft, nil).Cases[0]
	approver := with(t, r, resource.Provider.ID, sharing.Approver)
	proof, err := r.Upload(ctx, approver, "", "依据.txt", "text/plain", strings.NewReader("第十三条"))
	require.NoError(t, err)
	_, err = r.Answer(ctx, approver, desk.Act{CaseID: c.CaseID, Expected: 1},
		sharing.Decision{Reasons: "涉及个人隐私", Basis: []sharing.Basis{{Law: "个人信息保护法", Article: "第十三条", Attachment: proof.ID}}})
	require.NoError(t, err)
	view, err := r.Case(ctx, who, c.CaseID)
	require.NoError(t, err)
	return view.Case, who
}

func coordinate(t testing.TB, r *desktest.Rig, who sharing.User, request sharing.CoordinationRequest) desk.Outcome {
	t.Helper()
	out, err := r.Open(t.Context(), who, "", sharing.Coordination, raw(t, request))
	require.NoError(t, err)
	return out
}

func rule(t testing.TB, r *desktest.Rig, region, caseID string, expected int, ruling sharing.CoordinationRuling) (desk.Outcome, error) {
	t.Helper()
	return r.Step(t.Context(), with(t, r, authorityOf(r, region), sharing.AuthorityHead), desk.Act{CaseID: caseID, Expected: expected}, sharing.Rule, raw(t, ruling))
}

var unlisted = sharing.CoordinationRequest{
	Occasion: sharing.OnNotListed, Data: "殡葬补贴发放名册", Holder: "可能是民政局", Items: []string{"姓名", "身份证号"}, Purpose: "核对待遇",
	Duty: "社会救助审核确认", Mode: sharing.Batch, TermMonths: 12, Grounds: "目录中没有此项数据",
}

// A refusal is overturned: an agreed case follows, which the provider owes within
// its limit, and the ruling with its article stands in the timelines.
func TestARefusalIsOverturned(t *testing.T) {
	r := desktest.New(t)
	ctx := t.Context()
	for region, want := range map[string]struct {
		article string
		limit   sharing.Budget
		provide int // clocks on the case that follows
	}{
		"city":          {"22", sharing.Budget{N: 10, Unit: sharing.WorkingDays}, 1},
		"jinan-startup": {"19", sharing.Budget{N: 5, Unit: sharing.WorkingDays}, 1},
	} {
		t.Run(region, func(t *testing.T) {
			refused, who := refusal(t, r, region)
			occasion, article, err := r.CoordinationOn(ctx, who, refused)
			require.NoError(t, err)
			require.Equal(t, sharing.OnRefusal, occasion)
			require.Equal(t, want.article, article)
			out := coordinate(t, r, who, sharing.CoordinationRequest{Occasion: sharing.OnRefusal, Parent: refused.Number, Grounds: "审核救助对象必须核对"})
			require.Equal(t, sharing.UnderCoordination, out.State)
			occasion, _, err = r.CoordinationOn(ctx, who, refused)
			require.NoError(t, err)
			require.Empty(t, occasion, "it has been taken there")
			_, err = r.Open(ctx, who, "", sharing.Coordination, raw(t, sharing.CoordinationRequest{Occasion: sharing.OnRefusal, Parent: refused.ID, Grounds: "再次"}))
			require.Equal(t, []string{"/parent:coordinated"}, rulesOf(err))

			authority := with(t, r, authorityOf(r, region), sharing.AuthorityOfficer)
			inbox, err := r.Tasks(ctx, authority, desk.TaskQuery{})
			require.NoError(t, err)
			require.Equal(t, sharing.TaskKind(sharing.Rule), inbox.Items[0].Kind)
			view, err := r.Case(ctx, authority, out.CaseID)
			require.NoError(t, err)
			require.Equal(t, refused.ID, view.Parent.ID)
			require.Len(t, view.Clocks, 1)
			require.Equal(t, want.limit, view.Clocks[0].Clock.Budget)
			require.False(t, view.Clocks[0].Statutory, "a target, and shown as one")
			require.Equal(t, authority.Department.ID, view.Clocks[0].Owes.ID)
			require.Equal(t, want.article, view.Timeline[0].Article)

			// The owner states its view; it is known, and nobody else can be named.
			provider := with(t, r, refused.Provider.ID, sharing.Approver)
			_, err = r.Step(ctx, provider, desk.Act{CaseID: out.CaseID, Expected: 1}, sharing.Opine, raw(t, sharing.Opinion{View: "可以脱敏提供"}))
			require.NoError(t, err)
			_, err = r.Step(ctx, authority, desk.Act{CaseID: out.CaseID, Expected: 2}, sharing.NameOwner, raw(t, sharing.OwnerNamed{Department: refused.Provider.ID}))
			require.Equal(t, sharing.CodeWrongState, code(t, err))

			for name, bad := range map[string]sharing.CoordinationRuling{
				"catalogued":          {Outcome: sharing.Catalogued, Reasons: "应当编目"},
				"passed up":           {Outcome: sharing.PassedUp, Reasons: "省级", HeldBy: "省厅"},
				"not asked for":       {Outcome: sharing.Overturned, Reasons: "应当提供", Fields: []string{"shoe_size"}},
				"longer than asked":   {Outcome: sharing.Overturned, Reasons: "应当提供", TermMonths: 13},
				"without any reasons": {Outcome: sharing.Overturned},
			} {
				_, err := rule(t, r, region, out.CaseID, 2, bad)
				require.Equal(t, sharing.CodeInvalid, code(t, err), name)
			}
			_, err = r.Step(ctx, provider, desk.Act{CaseID: out.CaseID, Expected: 2}, sharing.Rule, raw(t, sharing.CoordinationRuling{Outcome: sharing.Upheld, Reasons: "x"}))
			require.Equal(t, sharing.CodeForbidden, code(t, err))
			ruled, err := rule(t, r, region, out.CaseID, 2, sharing.CoordinationRuling{Outcome: sharing.Overturned, Reasons: "履职确需，脱敏提供", Fields: refused.Fields[:1], TermMonths: 6, Desensitise: true})
			require.NoError(t, err)
			require.Equal(t, sharing.Overturned, ruled.State)
			_, err = rule(t, r, region, out.CaseID, 3, sharing.CoordinationRuling{Outcome: sharing.Upheld, Reasons: "改判"})
			require.Equal(t, sharing.CodeAlreadyDecided, code(t, err), "it binds the authority as well")

			view, err = r.Case(ctx, who, out.CaseID)
			require.NoError(t, err)
			require.Len(t, view.Children, 1)
			require.Equal(t, want.article, view.Timeline[len(view.Timeline)-1].Article)
			require.Equal(t, "履职确需，脱敏提供", view.Timeline[len(view.Timeline)-1].Note)
			after, err := r.Case(ctx, who, view.Children[0].ID)
			require.NoError(t, err)
			require.Equal(t, sharing.ShareApplication, after.Procedure)
			require.Equal(t, sharing.Agreed, after.State)
			require.Equal(t, refused.ApplicationID, after.ApplicationID)
			require.Equal(t, refused.Fields[:1], after.Decision.Fields)
			require.Len(t, after.Clocks, want.provide)
			require.Equal(t, want.article, after.Timeline[0].Article)
			require.Equal(t, "履职确需，脱敏提供", after.Timeline[0].Note)
			_, err = r.Provide(ctx, with(t, r, refused.Provider.ID, sharing.DataSpecialist), desk.Act{CaseID: after.ID, Expected: 1},
				sharing.Provision{Mode: refused.Request.Mode, Locator: "https://exchange.example/data"})
			require.NoError(t, err)
			_, err = r.Confirm(ctx, who, desk.Act{CaseID: after.ID, Expected: 2}, sharing.Remark{})
			require.NoError(t, err)
			after, err = r.Case(ctx, who, after.ID)
			require.NoError(t, err)
			require.Equal(t, refused.Fields[:1], after.Grant.Fields)
		})
	}
	_, err := r.Store.VerifyTrail(ctx)
	require.NoError(t, err)
}

// A refusal that is upheld stands, and cannot be taken to the authority again; a
// request that was withdrawn can be made again.
func TestARefusalIsUpheld(t *testing.T) {
	r := desktest.New(t)
	ctx := t.Context()
	refused, who := refusal(t, r, "city")
	request := sharing.CoordinationRequest{Occasion: sharing.OnRefusal, Parent: refused.ID, Grounds: "履职确需"}
	out := coordinate(t, r, who, request)
	_, err := r.Step(ctx, who, desk.Act{CaseID: out.CaseID, Expected: 1}, sharing.Withdraw, raw(t, sharing.OptionalRemark{Note: "已另行取得"}))
	require.NoError(t, err)
	out = coordinate(t, r, who, request)
	_, err = rule(t, r, "city", out.CaseID, 1, sharing.CoordinationRuling{Outcome: sharing.Upheld, Reasons: "所涉信息依法不得提供", Basis: []sharing.Basis{{Law: "个人信息保护法", Article: "第十三条"}}})
	require.NoError(t, err)
	view, err := r.Case(ctx, who, out.CaseID)
	require.NoError(t, err)
	require.Empty(t, view.Children)
	require.Equal(t, sharing.Met, view.Clocks[0].State)
	_, err = r.Open(ctx, who, "", sharing.Coordination, raw(t, request))
	require.Equal(t, []string{"/parent:coordinated"}, rulesOf(err))
}

func TestBadCoordinationRequests(t *testing.T) {
	r := desktest.New(t)
	ctx := t.Context()
	refused, who := refusal(t, r, "city")
	colleague := func(region string) sharing.User {
		_, u := anyOf(t, r, region, sharing.Unconditional)
		return u
	}
	var stranger sharing.User
	for _, u := range r.World.Users {
		if u.Region.ID == "city" && u.Subject().Has(sharing.Requester) && u.Department.ID != refused.Applicant.ID && u.Department.ID != refused.Provider.ID {
			stranger = r.User(u.ID)
		}
	}
	of := func(o sharing.Occasion, parent string) sharing.CoordinationRequest {
		return sharing.CoordinationRequest{Occasion: o, Parent: parent, Grounds: "履职确需"}
	}
	words := func(o sharing.Occasion) sharing.CoordinationRequest {
		request := unlisted
		request.Occasion = o
		return request
	}
	szRefused, szWho := refusal(t, r, "shuozhou")
	for name, row := range map[string]struct {
		who     sharing.User
		request sharing.CoordinationRequest
		rules   []string
	}{
		"another department's case":      {stranger, of(sharing.OnRefusal, refused.ID), []string{"/parent:exists"}},
		"the provider's":                 {with(t, r, refused.Provider.ID, sharing.DepartmentHead), of(sharing.OnRefusal, refused.ID), []string{"/parent:exists"}},
		"of another region":              {szWho, of(sharing.OnRefusal, refused.ID), []string{"/parent:exists"}},
		"no case at all":                 {who, of(sharing.OnRefusal, "0b5ff1ae-6f0c-4c4e-9a83-9d3e8b1d5a10"), []string{"/parent:exists"}},
		"the wrong occasion":             {who, of(sharing.OnMisuse, refused.ID), []string{"/parent:fits_occasion"}},
		"a dispute that is none":         {who, of(sharing.OnDispute, refused.ID), []string{"/occasion:offered"}},
		"a refusal, not at shuozhou":     {szWho, of(sharing.OnRefusal, szRefused.ID), []string{"/occasion:offered"}},
		"not shared, not at shuozhou":    {szWho, words(sharing.OnNotShared), []string{"/occasion:offered"}},
		"not listed, not at the startup": {colleague("jinan-startup"), words(sharing.OnNotListed), []string{"/occasion:offered"}},
		"nothing at lishui":              {colleague("lishui"), words(sharing.OnNotListed), []string{"/occasion:offered"}},
		"nothing at yanzhou":             {colleague("yanzhou"), words(sharing.OnNotShared), []string{"/occasion:offered"}},
		"no grounds":                     {who, sharing.CoordinationRequest{Occasion: sharing.OnRefusal, Parent: refused.ID}, []string{"/grounds:required"}},
		"somebody's file": {who, sharing.CoordinationRequest{Occasion: sharing.OnRefusal, Parent: refused.ID, Grounds: "x", Attachments: []string{"x"}},
			[]string{"/attachments/0:exists"}},
	} {
		_, err := r.Open(ctx, row.who, "", sharing.Coordination, raw(t, row.request))
		require.Equal(t, row.rules, rulesOf(err), name)
	}
	for _, nobody := range []string{"city-authority-officer", "city-xinxi-operator"} {
		_, err := r.Open(ctx, r.User(nobody), "", sharing.Coordination, raw(t, words(sharing.OnNotListed)))
		require.Equal(t, sharing.CodeForbidden, code(t, err), nobody)
	}
	for _, region := range []string{"yanzhou", "lishui"} {
		refused, who := refusal(t, r, region)
		occasion, _, err := r.CoordinationOn(ctx, who, refused)
		require.NoError(t, err)
		require.Empty(t, occasion)
	}
	cases, err := r.Cases(ctx, r.User("city-authority-officer"), desk.CaseQuery{Procedure: sharing.Coordination})
	require.NoError(t, err)
	require.Zero(t, cases.Total)
}

// Data in words: nobody but the requester, the authority and the office above it
// sees the case before the owner is named, and then the owner does.
func TestDataInWords(t *testing.T) {
	r := desktest.New(t)
	ctx := t.Context()
	who, center := r.User(requester), r.User("shuozhou-authority-officer")
	out := coordinate(t, r, who, unlisted)
	view, err := r.Case(ctx, who, out.CaseID)
	require.NoError(t, err)
	require.Equal(t, "shuozhou-authority", view.Provider.ID)
	require.Equal(t, unlisted.Data, view.Title)
	require.Equal(t, "20", view.Timeline[0].Article)
	require.Empty(t, view.Resource.ID)
	owner := r.User("shuozhou-gongan-specialist")
	for _, unseen := range []string{"shuozhou-gongan-specialist", "shuozhou-renshe-requester", "shuozhou-finance-officer", "shuozhou-authority-operator", "shuozhou-shenji-auditor"} {
		_, err := r.Case(ctx, r.User(unseen), out.CaseID)
		require.Equal(t, sharing.CodeNotFound, code(t, err), unseen)
		messages, err := r.Messages(ctx, r.User(unseen), desk.MessageQuery{})
		require.NoError(t, err)
		require.Zero(t, messages.Total, unseen)
	}
	_, err = r.Case(ctx, r.User("shuozhou-supervisor-officer"), out.CaseID)
	require.NoError(t, err)

	// No entry is ordered from nobody.
	order := sharing.CoordinationRuling{Outcome: sharing.Catalogued, Reasons: "属履职产生的数据，应当编目共享"}
	_, err = rule(t, r, "shuozhou", out.CaseID, 1, order)
	require.Equal(t, []string{"/outcome:owner_first"}, rulesOf(err))
	for name, bad := range map[string]string{"requester's": "shuozhou-minzheng", "authority": "shuozhou-authority", "finance": "shuozhou-finance", "elsewhere": "city-gongan", "nowhere": "nowhere"} {
		_, err := r.Step(ctx, center, desk.Act{CaseID: out.CaseID, Expected: 1}, sharing.NameOwner, raw(t, sharing.OwnerNamed{Department: bad}))
		require.Equal(t, sharing.CodeInvalid, code(t, err), name)
	}
	_, err = r.Step(ctx, who, desk.Act{CaseID: out.CaseID, Expected: 1}, sharing.NameOwner, raw(t, sharing.OwnerNamed{Department: "shuozhou-gongan"}))
	require.Equal(t, sharing.CodeForbidden, code(t, err))
	_, err = r.Step(ctx, center, desk.Act{CaseID: out.CaseID, Expected: 1}, sharing.NameOwner, raw(t, sharing.OwnerNamed{Department: "shuozhou-renshe"}))
	require.NoError(t, err)
	// Named by mistake: the right one is named, and the first sees it no more.
	_, err = r.Step(ctx, center, desk.Act{CaseID: out.CaseID, Expected: 2}, sharing.NameOwner, raw(t, sharing.OwnerNamed{Department: "shuozhou-gongan", Note: "职责在公安"}))
	require.NoError(t, err)
	_, err = r.Case(ctx, r.User("shuozhou-renshe-specialist"), out.CaseID)
	require.Equal(t, sharing.CodeNotFound, code(t, err))
	_, err = r.Case(ctx, owner, out.CaseID)
	require.NoError(t, err)
	_, err = r.Step(ctx, owner, desk.Act{CaseID: out.CaseID, Expected: 3}, sharing.Opine, raw(t, sharing.Opinion{View: "本局持有，可以编目"}))
	require.NoError(t, err)
	ruled, err := rule(t, r, "shuozhou", out.CaseID, 4, order)
	require.NoError(t, err)
	require.Equal(t, sharing.Catalogued, ruled.State)

	// The owner owes the entry.
	view, err = r.Case(ctx, owner, out.CaseID)
	require.NoError(t, err)
	require.Len(t, view.Children, 1)
	owed := view.Children[0]
	require.Equal(t, sharing.CatalogChange, owed.Procedure)
	require.Equal(t, "shuozhou-gongan", owed.Provider.ID)
	require.Contains(t, owed.Title, unlisted.Data)
	view, err = r.Case(ctx, who, out.CaseID)
	require.NoError(t, err)
	require.Empty(t, view.Children, "what the owner owes the authority is not the requester's")
}

// Data held above becomes a need (shuozhou-2021 art. 20); elsewhere nothing is
// passed up.
func TestDataHeldAbove(t *testing.T) {
	r := desktest.New(t)
	ctx := t.Context()
	up := sharing.CoordinationRuling{Outcome: sharing.PassedUp, Reasons: "数据在省级平台", HeldBy: "省民政厅"}
	who := r.User(requester)
	out := coordinate(t, r, who, unlisted)
	_, err := rule(t, r, "shuozhou", out.CaseID, 1, up)
	require.NoError(t, err)
	view, err := r.Case(ctx, who, out.CaseID)
	require.NoError(t, err)
	require.Len(t, view.Children, 1)
	require.Equal(t, sharing.UpwardNeed, view.Children[0].Procedure)
	require.Equal(t, sharing.Collected, view.Children[0].State)
	need, err := r.Case(ctx, who, view.Children[0].ID)
	require.NoError(t, err)
	var about sharing.Need
	require.NoError(t, json.Unmarshal(need.Content, &about))
	require.NoError(t, about.Check())
	require.Equal(t, "省民政厅", about.Holder)
	require.Equal(t, "20", need.Timeline[0].Article)

	_, there := anyOf(t, r, "city", sharing.Unconditional)
	out = coordinate(t, r, there, unlisted)
	_, err = rule(t, r, "city", out.CaseID, 1, up)
	require.Equal(t, []string{"/outcome:fits_occasion"}, rulesOf(err))
	unshared := unlisted
	unshared.Occasion = sharing.OnNotShared
	coordinate(t, r, there, unshared)
}

// An objection to an explanation keeps the record under verification, and a new
// verification follows when it is upheld (jinan-startup-2023 art. 19).
func TestAnObjectionToAnExplanation(t *testing.T) {
	r := desktest.New(t)
	ctx := t.Context()
	resource, who := anyOf(t, r, "jinan-startup", sharing.Unconditional)
	under := func() bool {
		status, err := r.UnderVerification(ctx, who, desk.RecordQuery{Resource: resource.ID, RecordKey: "1"})
		require.NoError(t, err)
		return status.UnderVerification
	}
	specialist := with(t, r, resource.Provider.ID, sharing.DataSpecialist)
	out := report(t, r, who, doubt(resource, "1"))
	object := sharing.CoordinationRequest{Occasion: sharing.OnDispute, Parent: out.CaseID, Grounds: "户口簿为准"}
	_, err := r.Open(ctx, who, "", sharing.Coordination, raw(t, object))
	require.Equal(t, []string{"/parent:fits_occasion"}, rulesOf(err), "not before it is explained")
	_, err = r.Step(ctx, specialist, desk.Act{CaseID: out.CaseID, Expected: 1}, sharing.Verify, raw(t, explained))
	require.NoError(t, err)
	require.False(t, under())
	objection := coordinate(t, r, who, object)
	require.True(t, under(), "while the objection is open")
	_, err = r.Open(ctx, who, "", sharing.CorrectionDispute, raw(t, doubt(resource, "1")))
	require.Equal(t, []string{"/record_key:under_verification"}, rulesOf(err))
	_, err = rule(t, r, "jinan-startup", objection.CaseID, 1, sharing.CoordinationRuling{Outcome: sharing.Overturned, Reasons: "x", TermMonths: 3})
	require.Equal(t, []string{"/outcome:overturned_only"}, rulesOf(err))
	_, err = rule(t, r, "jinan-startup", objection.CaseID, 1, sharing.CoordinationRuling{Outcome: sharing.Overturned, Reasons: "户口簿已核实，应予更正"})
	require.NoError(t, err)
	require.True(t, under())
	view, err := r.Case(ctx, who, objection.CaseID)
	require.NoError(t, err)
	require.Len(t, view.Children, 1)
	again, err := r.Case(ctx, specialist, view.Children[0].ID)
	require.NoError(t, err)
	require.Equal(t, sharing.CorrectionDispute, again.Procedure)
	require.Equal(t, sharing.Verifying, again.State)
	require.Equal(t, "户口簿已核实，应予更正", again.Timeline[0].Note)
	require.Equal(t, "19", again.Timeline[0].Article)
	require.Equal(t, who.ID, again.ApplicantID)
	require.Len(t, again.Clocks, 1)
	_, err = r.Step(ctx, specialist, desk.Act{CaseID: again.ID, Expected: 1}, sharing.Verify, raw(t, corrected(r)))
	require.NoError(t, err)
	require.False(t, under())

	// Upheld: it is settled.
	out = report(t, r, who, doubt(resource, "1"))
	_, err = r.Step(ctx, specialist, desk.Act{CaseID: out.CaseID, Expected: 1}, sharing.Verify, raw(t, explained))
	require.NoError(t, err)
	object.Parent = out.CaseID
	objection = coordinate(t, r, who, object)
	_, err = rule(t, r, "jinan-startup", objection.CaseID, 1, sharing.CoordinationRuling{Outcome: sharing.Upheld, Reasons: "登记无误"})
	require.NoError(t, err)
	require.False(t, under())
	// Reported again meanwhile: the former explanation waits for the new one.
	out = report(t, r, who, doubt(resource, "2"))
	_, err = r.Step(ctx, specialist, desk.Act{CaseID: out.CaseID, Expected: 1}, sharing.Verify, raw(t, explained))
	require.NoError(t, err)
	report(t, r, who, doubt(resource, "2"))
	object.Parent = out.CaseID
	_, err = r.Open(ctx, who, "", sharing.Coordination, raw(t, object))
	require.Equal(t, []string{"/record_key:under_verification"}, rulesOf(err))
}

// A measure on a grant can be taken to the authority everywhere: it holds again, or
// another case follows.
func TestAnAppealAgainstAMeasure(t *testing.T) {
	r := desktest.New(t)
	ctx := t.Context()
	for _, region := range []string{"lishui", "shuozhou"} {
		resource, who := anyOf(t, r, region, sharing.Unconditional)
		head := with(t, r, authorityOf(r, region), sharing.AuthorityHead)
		inUse := func() (string, int) {
			id := hold(t, r, who, resource)
			view, err := r.Case(ctx, who, id)
			require.NoError(t, err)
			if view.State == sharing.Consenting {
				_, err = r.Step(ctx, head, desk.Act{CaseID: id, Expected: view.Version}, sharing.Consent, raw(t, sharing.Ruling{Agree: true}))
				require.NoError(t, err)
				view, err = r.Case(ctx, who, id)
				require.NoError(t, err)
			}
			if view.State == sharing.Agreed {
				_, err = r.Provide(ctx, with(t, r, resource.Provider.ID, sharing.DataSpecialist), desk.Act{CaseID: id, Expected: view.Version}, sharing.Provision{Mode: view.Request.Mode, Locator: "x"})
				require.NoError(t, err)
				_, err = r.Confirm(ctx, who, desk.Act{CaseID: id, Expected: view.Version + 1}, sharing.Remark{})
				require.NoError(t, err)
				view, err = r.Case(ctx, who, id)
				require.NoError(t, err)
			}
			require.Equal(t, sharing.InUse, view.State)
			return id, view.Version
		}
		id, version := inUse()
		_, err := r.Step(ctx, head, desk.Act{CaseID: id, Expected: version}, sharing.Suspend, raw(t, sharing.Measure{Reasons: "超出用途调用"}))
		require.NoError(t, err)
		out := coordinate(t, r, who, sharing.CoordinationRequest{Occasion: sharing.OnMisuse, Parent: id, Grounds: "调用均在用途之内"})
		_, err = rule(t, r, region, out.CaseID, 1, sharing.CoordinationRuling{Outcome: sharing.Overturned, Reasons: "查无超用途"})
		require.NoError(t, err)
		view, err := r.Case(ctx, who, id)
		require.NoError(t, err)
		require.Equal(t, sharing.InUse, view.State)
		require.Equal(t, sharing.GrantActive, view.Grant.State)
		require.Equal(t, "查无超用途", view.Timeline[len(view.Timeline)-1].Note)

		// The ruling binds; another measure can be taken to the authority again.
		_, err = r.Step(ctx, head, desk.Act{CaseID: id, Expected: view.Version}, sharing.Suspend, raw(t, sharing.Measure{Reasons: "再次超出用途"}))
		require.NoError(t, err)
		appeal := sharing.CoordinationRequest{Occasion: sharing.OnMisuse, Parent: id, Grounds: "没有"}
		out = coordinate(t, r, who, appeal)
		_, err = r.Open(ctx, who, "", sharing.Coordination, raw(t, appeal))
		require.Equal(t, []string{"/parent:coordinated"}, rulesOf(err))
		_, err = rule(t, r, region, out.CaseID, 1, sharing.CoordinationRuling{Outcome: sharing.Upheld, Reasons: "查有实据"})
		require.NoError(t, err)
		_, err = r.Open(ctx, who, "", sharing.Coordination, raw(t, appeal))
		require.Equal(t, []string{"/parent:coordinated"}, rulesOf(err))

		id, version = inUse()
		_, err = r.Step(ctx, head, desk.Act{CaseID: id, Expected: version}, sharing.Revoke, raw(t, sharing.Measure{Reasons: "转供他人"}))
		require.NoError(t, err)
		out = coordinate(t, r, who, sharing.CoordinationRequest{Occasion: sharing.OnMisuse, Parent: id, Grounds: "没有转供"})
		_, err = rule(t, r, region, out.CaseID, 1, sharing.CoordinationRuling{Outcome: sharing.Overturned, Reasons: "查无转供"})
		require.NoError(t, err)
		view, err = r.Case(ctx, who, out.CaseID)
		require.NoError(t, err)
		require.Len(t, view.Children, 1)
		require.Equal(t, sharing.Agreed, view.Children[0].State)
	}
}

// In two worlds that differ only in what the catalog has and does not show, asking
// for data in words gets the same replies.
func TestAskingInWordsTellsNothing(t *testing.T) {
	r := desktest.New(t)
	var secret sharing.Resource
	for _, each := range r.World.Resources {
		if each.RegionID == "city" && each.Class == sharing.NotShared {
			secret = each
		}
	}
	_, who := anyOf(t, r, "city", sharing.Unconditional)
	var seen []string
	for _, title := range []string{secret.Title, "没有这样的数据"} {
		for _, o := range []sharing.Occasion{sharing.OnNotShared, sharing.OnNotListed} {
			request := unlisted
			request.Occasion, request.Data = o, title
			out := coordinate(t, r, who, request)
			view, err := r.Case(t.Context(), who, out.CaseID)
			require.NoError(t, err)
			seen = append(seen, fmt.Sprint(out.State, out.Version, view.Provider.ID, view.Class, view.Grade, view.Resource, view.Clocks[0].DueDate, view.Can, len(view.Timeline)))
		}
	}
	for _, s := range seen {
		require.Equal(t, seen[0], s)
	}
}

func TestCoordinationRaces(t *testing.T) {
	r := desktest.New(t)
	ctx := t.Context()
	who := r.User(requester)
	officer, head := r.User("shuozhou-authority-officer"), with(t, r, "shuozhou-authority", sharing.AuthorityHead)
	ruling := func(by sharing.User, id string, ruling sharing.CoordinationRuling) func() error {
		return func() error {
			_, err := r.Step(ctx, by, desk.Act{CaseID: id, Expected: 1}, sharing.Rule, raw(t, ruling))
			return err
		}
	}
	up := sharing.CoordinationRuling{Outcome: sharing.PassedUp, Reasons: "数据在省级平台", HeldBy: "省民政厅"}
	upheld := sharing.CoordinationRuling{Outcome: sharing.Upheld, Reasons: "没有此项数据"}
	for round := range *rounds {
		id := coordinate(t, r, who, unlisted).CaseID
		rivals := []func() error{ruling(head, id, up), func() error {
			_, err := r.Step(ctx, who, desk.Act{CaseID: id, Expected: 1}, sharing.Withdraw, nil)
			return err
		}}
		if round%4 == 3 {
			rivals[1] = ruling(officer, id, upheld)
		}
		duel(t, round, rivals...)
	}
	ruled, err := r.Cases(ctx, who, desk.CaseQuery{Procedure: sharing.Coordination, State: sharing.PassedUp})
	require.NoError(t, err)
	needs, err := r.Cases(ctx, who, desk.CaseQuery{Procedure: sharing.UpwardNeed})
	require.NoError(t, err)
	require.Equal(t, ruled.Total, needs.Total, "what follows commits with the ruling")
	require.NotZero(t, ruled.Total)
	_, err = r.Store.VerifyTrail(ctx)
	require.NoError(t, err)
}
