package desk_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"gongshu/desk"
	"gongshu/desk/desktest"
	"gongshu/policies/regulations"
	"gongshu/postgres"
	"gongshu/regulation"
	"gongshu/sharing"
	"gongshu/workday"
)

// raw is a message as it is sent.
func raw(t testing.TB, v any) json.RawMessage {
	t.Helper()
	b, err := json.Marshal(v)
	require.NoError(t, err)
	return b
}

// with returns somebody of a department who has the role.
func with(t testing.TB, r *desktest.Rig, department string, role sharing.Role) sharing.User {
	t.Helper()
	for _, u := range r.World.Users {
		if u.Department.ID == department && slices.Contains(u.Roles, role) {
			return r.User(u.ID)
		}
	}
	t.Fatalf("nobody at %s is %s", department, role)
	return sharing.User{}
}

// hold lets the user's department have the resource: agreed to and provided.
func hold(t testing.TB, r *desktest.Rig, who sharing.User, resource sharing.Resource) string {
	t.Helper()
	ctx := context.Background()
	draft := desk.Draft{Request: sharing.Request{Purpose: "核对申请人资格", Duty: "社会救助审核确认", Mode: resource.Modes[0], TermMonths: 12, Scenario: "低保核对",
		BusinessAnalysis: "已梳理核心业务", Items: []sharing.Item{{ResourceID: resource.ID}}}}
	c := r.Apply(who.ID, draft, nil).Cases[0]
	if c.State == sharing.Answering {
		out, err := r.Answer(ctx, with(t, r, resource.Provider.ID, sharing.Approver), desk.Act{CaseID: c.CaseID, Expected: c.Version}, sharing.Decision{Agree: true})
		require.NoError(t, err)
		if out.State == sharing.Consenting {
			out, err = r.Step(ctx, with(t, r, authorityOf(r, resource.RegionID), sharing.AuthorityOfficer), desk.Act{CaseID: c.CaseID, Expected: out.Version},
				sharing.Consent, raw(t, sharing.Ruling{Agree: true}))
			require.NoError(t, err)
		}
		_, err = r.Provide(ctx, with(t, r, resource.Provider.ID, sharing.DataSpecialist), desk.Act{CaseID: c.CaseID, Expected: out.Version},
			sharing.Provision{Mode: resource.Modes[0], Locator: "https://exchange.example/data"})
		require.NoError(t, err)
	}
	return c.CaseID
}

func authorityOf(r *desktest.Rig, region string) string {
	for _, d := range r.World.Departments {
		if d.RegionID == region && d.Kind == sharing.AuthorityDepartment {
			return d.ID
		}
	}
	return ""
}

// anyOf returns a resource of a class, and somebody of another department to use
// it.
func anyOf(t testing.TB, r *desktest.Rig, region string, class sharing.Class) (sharing.Resource, sharing.User) {
	t.Helper()
	for _, resource := range r.World.Resources {
		if resource.RegionID != region || resource.Class != class || resource.Grade > 3 {
			continue
		}
		for _, u := range r.World.Users {
			if u.Region.ID == region && u.Department.ID != resource.Provider.ID && slices.Contains(u.Roles, sharing.Requester) {
				return resource, r.User(u.ID)
			}
		}
	}
	t.Fatalf("%s has nothing %s", region, class)
	return sharing.Resource{}, sharing.User{}
}

func doubt(resource sharing.Resource, key string) sharing.DisputeReport {
	return sharing.DisputeReport{Resource: resource.ID, RecordKey: key, Fields: resource.FieldNames()[:1], Wrong: "与本人证件不符", Evidence: "身份证复印件"}
}

func report(t testing.TB, r *desktest.Rig, who sharing.User, about sharing.DisputeReport) desk.Outcome {
	t.Helper()
	out, err := r.Open(context.Background(), who, "", sharing.CorrectionDispute, raw(t, about))
	require.NoError(t, err)
	return out
}

func corrected(r *desktest.Rig) sharing.Verified {
	now, err := r.Now(context.Background())
	if err != nil {
		panic(err)
	}
	return sharing.Verified{Outcome: sharing.Corrected, WasWrong: "姓名录错一字", Correction: "姓名已按户口簿改正", CorrectedOn: sharing.DateOf(now)}
}

var explained = sharing.Verified{Outcome: sharing.Explained, Reasons: "登记与户口簿一致，申请人证件为旧证"}

func rulesOf(err error) (all []string) {
	if e, ok := err.(*sharing.Error); ok {
		for _, f := range e.Fields {
			all = append(all, f.Field+":"+f.Rule)
		}
	}
	return all
}

// Under every regulation: reported, marked, verified, corrected, announced; the
// clock is what the text, or the operator, sets.
func TestADisputeUnderEveryRegulation(t *testing.T) {
	r := desktest.New(t)
	ctx := t.Context()
	for region, want := range map[string]struct {
		budget      sharing.Budget
		statutory   bool
		article     string
		mustProceed string
	}{
		"yanzhou":       {sharing.Budget{Unit: sharing.Elapsed, For: 4 * 3600e9}, false, "23", "23"},
		"city":          {sharing.Budget{N: 5, Unit: sharing.WorkingDays}, true, "24", "24"},
		"jinan-startup": {sharing.Budget{N: 3, Unit: sharing.WorkingDays}, false, "36", "36"},
		"lishui":        {sharing.Budget{N: 2, Unit: sharing.WorkingDays}, true, "13", "13"},
		"shuozhou":      {sharing.Budget{N: 10, Unit: sharing.WorkingDays}, true, "19", ""},
	} {
		t.Run(region, func(t *testing.T) {
			resource, who := anyOf(t, r, region, sharing.Unconditional)
			out := report(t, r, who, doubt(resource, "1406"))
			require.Equal(t, sharing.Verifying, out.State)
			view, err := r.Case(ctx, who, out.CaseID)
			require.NoError(t, err)
			require.Len(t, view.Clocks, 1)
			clock := view.Clocks[0]
			require.Equal(t, sharing.DutyVerify, clock.Duty)
			require.Equal(t, want.budget, clock.Clock.Budget)
			require.Equal(t, want.statutory, clock.Statutory)
			require.Equal(t, want.article, clock.Article)
			require.Equal(t, resource.Provider.ID, clock.Owes.ID)
			require.Equal(t, want.article, view.Timeline[0].Article)
			require.Equal(t, []sharing.Action{sharing.Withdraw}, view.Can)

			specialist := with(t, r, resource.Provider.ID, sharing.DataSpecialist)
			inbox, err := r.Tasks(ctx, specialist, desk.TaskQuery{})
			require.NoError(t, err)
			require.Equal(t, sharing.TaskKind(sharing.Verify), inbox.Items[0].Kind)

			status, err := r.UnderVerification(ctx, who, desk.RecordQuery{Resource: resource.ID, RecordKey: "1406"})
			require.NoError(t, err)
			require.True(t, status.UnderVerification)
			require.Equal(t, view.ReceivedAt, status.Since)
			require.Equal(t, view.Number, status.Cases[0].Number)
			require.Equal(t, want.mustProceed, status.MustProceed)
			status, err = r.UnderVerification(ctx, who, desk.RecordQuery{Resource: resource.ID, RecordKey: "1407"})
			require.NoError(t, err)
			require.False(t, status.UnderVerification)

			done, err := r.Step(ctx, specialist, desk.Act{CaseID: out.CaseID, Expected: 1}, sharing.Verify, raw(t, corrected(r)))
			require.NoError(t, err)
			require.Equal(t, sharing.Corrected, done.State)
			view, err = r.Case(ctx, who, out.CaseID)
			require.NoError(t, err)
			require.Equal(t, sharing.Met, view.Clocks[0].State)
			require.Equal(t, want.article, view.Timeline[1].Article)
			status, err = r.UnderVerification(ctx, who, desk.RecordQuery{Resource: resource.ID, RecordKey: "1406"})
			require.NoError(t, err)
			require.False(t, status.UnderVerification)
		})
	}
}

func TestBadReports(t *testing.T) {
	r := desktest.New(t)
	ctx := t.Context()
	held, resource := r.User(requester), r.Resource("shuozhou", conditional)
	unshared := resource
	for _, each := range r.World.Resources {
		if each.RegionID == "shuozhou" && each.Class == sharing.NotShared {
			unshared = each
		}
	}
	elsewhere, _ := anyOf(t, r, "city", sharing.Unconditional)
	ungranted := doubt(resource, "1406")
	_, err := r.Open(ctx, held, "", sharing.CorrectionDispute, raw(t, ungranted))
	require.Equal(t, []string{"/resource:held"}, rulesOf(err), "no grant, no report")

	hold(t, r, held, resource)
	report(t, r, held, doubt(resource, "taken"))
	for name, row := range map[string]struct {
		who   sharing.User
		about sharing.DisputeReport
		rules []string
	}{
		"unknown resource":         {held, sharing.DisputeReport{Resource: "0b5ff1ae-6f0c-4c4e-9a83-9d3e8b1d5a10", RecordKey: "1", Fields: []string{"x"}, Wrong: "错"}, []string{"/resource:exists"}},
		"no resource at all":       {held, sharing.DisputeReport{Resource: "x", RecordKey: "1", Fields: []string{"x"}, Wrong: "错"}, []string{"/resource:exists"}},
		"a resource not shared":    {held, doubt(unshared, "1"), []string{"/resource:exists"}},
		"of another region":        {held, doubt(elsewhere, "1"), []string{"/resource:exists"}},
		"one's own":                {r.User("shuozhou-gongan-requester"), doubt(resource, "1"), []string{"/resource:own_data"}},
		"a peer's without a grant": {r.User(stranger), doubt(resource, "1"), []string{"/resource:held"}},
		"a field it has not": {held, sharing.DisputeReport{Resource: resource.ID, RecordKey: "1", Fields: []string{resource.Fields[0].Name, "shoe_size"}, Wrong: "错"},
			[]string{"/fields/1:field_of_resource"}},
		"a channel that is none": {held, sharing.DisputeReport{Resource: resource.ID, RecordKey: "1", Fields: resource.FieldNames()[:1], Wrong: "错", Channel: sharing.ByHand},
			[]string{"/channel:channel"}},
		"nothing":          {held, sharing.DisputeReport{}, []string{"/resource:required", "/record_key:required", "/fields:required", "/wrong:required"}},
		"a second time":    {held, doubt(resource, "taken"), []string{"/record_key:under_verification"}},
		"somebody's file":  {held, sharing.DisputeReport{Resource: resource.ID, RecordKey: "1", Fields: resource.FieldNames()[:1], Wrong: "错", Attachments: []string{"x"}}, []string{"/attachments/0:exists"}},
		"part of it again": {held, sharing.DisputeReport{Resource: resource.ID, RecordKey: "taken", Fields: resource.FieldNames()[:2], Wrong: "错"}, []string{"/record_key:under_verification"}},
	} {
		_, err := r.Open(ctx, row.who, "", sharing.CorrectionDispute, raw(t, row.about))
		require.Equal(t, row.rules, rulesOf(err), name)
	}
	cases, err := r.Cases(ctx, r.User(officer), desk.CaseQuery{Procedure: sharing.CorrectionDispute})
	require.NoError(t, err)
	require.Equal(t, 1, cases.Total, "what was refused left nothing")

	// The duplicate names the open case; another field of the record is another doubt.
	_, err = r.Open(ctx, held, "", sharing.CorrectionDispute, raw(t, doubt(resource, "taken")))
	var e *sharing.Error
	require.ErrorAs(t, err, &e)
	require.Equal(t, cases.Items[0].Number, e.Fields[0].Detail)
	other := doubt(resource, "taken")
	other.Fields = resource.FieldNames()[1:2]
	report(t, r, held, other)
	// An unknown word in the message is refused, too.
	_, err = r.Open(ctx, held, "", sharing.CorrectionDispute, json.RawMessage(`{"resource":"x","colour":"red"}`))
	require.Equal(t, sharing.CodeInvalid, code(t, err))
	// Those who take no part do not report.
	_, err = r.Open(ctx, r.User("shuozhou-shenji-auditor"), "", sharing.CorrectionDispute, raw(t, doubt(resource, "9")))
	require.Error(t, err)
}

// Doubts about the catalog entry itself are disputes where the regulation says so.
func TestADoubtAboutTheCatalog(t *testing.T) {
	r := desktest.New(t)
	ctx := t.Context()
	resource := r.Resource("shuozhou", conditional)
	entry := sharing.DisputeReport{Resource: resource.ID, About: sharing.AboutCatalog, Wrong: "更新周期与实际不符"}
	out := report(t, r, r.User(stranger), entry) // no grant is needed to read the catalog
	status, err := r.UnderVerification(ctx, r.User(approver), desk.RecordQuery{Resource: resource.ID})
	require.NoError(t, err)
	require.True(t, status.UnderVerification)
	require.Equal(t, out.CaseID, status.Cases[0].ID)
	_, err = r.Open(ctx, r.User(stranger), "", sharing.CorrectionDispute, raw(t, entry))
	require.Equal(t, []string{"/record_key:under_verification"}, rulesOf(err))

	there, who := anyOf(t, r, "city", sharing.Unconditional)
	_, err = r.Open(ctx, who, "", sharing.CorrectionDispute, raw(t, sharing.DisputeReport{Resource: there.ID, About: sharing.AboutCatalog, Wrong: "错"}))
	require.Equal(t, []string{"/about:catalog_not_covered"}, rulesOf(err))
}

func TestVerifying(t *testing.T) {
	r := desktest.New(t)
	ctx := t.Context()
	who, resource := r.User(requester), r.Resource("shuozhou", conditional)
	hold(t, r, who, resource)
	out := report(t, r, who, doubt(resource, "1406"))
	act := desk.Act{CaseID: out.CaseID, Expected: 1}
	tomorrow := corrected(r)
	tomorrow.CorrectedOn++
	for name, row := range map[string]struct {
		who     sharing.User
		message any
		code    sharing.Code
	}{
		"no outcome":        {r.User(specialist), sharing.Verified{}, sharing.CodeInvalid},
		"no reasons":        {r.User(specialist), sharing.Verified{Outcome: sharing.Explained}, sharing.CodeInvalid},
		"not how":           {r.User(specialist), sharing.Verified{Outcome: sharing.Corrected}, sharing.CodeInvalid},
		"tomorrow":          {r.User(specialist), tomorrow, sharing.CodeInvalid},
		"by the reporter":   {who, explained, sharing.CodeForbidden},
		"by the authority":  {r.User(officer), explained, sharing.CodeForbidden},
		"by a stranger":     {r.User(stranger), explained, sharing.CodeNotFound},
		"provider's asker":  {r.User("shuozhou-gongan-requester"), explained, sharing.CodeNotFound},
		"with an odd word":  {r.User(specialist), map[string]string{"verdict": "fine"}, sharing.CodeInvalid},
		"from another file": {r.User(specialist), sharing.Verified{Outcome: sharing.Explained, Reasons: "一致", Attachments: []string{"x"}}, sharing.CodeInvalid},
	} {
		_, err := r.Step(ctx, row.who, act, sharing.Verify, raw(t, row.message))
		require.Equal(t, row.code, code(t, err), name)
	}
	_, err := r.Step(ctx, r.User(specialist), desk.Act{CaseID: out.CaseID, Expected: 7}, sharing.Verify, raw(t, explained))
	require.Equal(t, sharing.CodeStale, code(t, err))
	_, err = r.Step(ctx, r.User(specialist), act, sharing.Answer, raw(t, explained))
	require.Equal(t, sharing.CodeWrongState, code(t, err))

	// Once, however often it is sent; the second verifier is told.
	act.Key = "verify-once"
	first, err := r.Step(ctx, r.User(specialist), act, sharing.Verify, raw(t, explained))
	require.NoError(t, err)
	require.Equal(t, desk.Outcome{CaseID: out.CaseID, State: sharing.Explained, Version: 2}, first)
	again, err := r.Step(ctx, r.User(specialist), act, sharing.Verify, raw(t, explained))
	require.NoError(t, err)
	require.Equal(t, first, again)
	_, err = r.Step(ctx, r.User(approver), desk.Act{CaseID: out.CaseID, Expected: 2}, sharing.Verify, raw(t, explained))
	require.Equal(t, sharing.CodeAlreadyDecided, code(t, err))

	// Withdrawn, and so never under verification; another report can follow.
	out = report(t, r, who, doubt(resource, "1407"))
	_, err = r.Step(ctx, who, desk.Act{CaseID: out.CaseID, Expected: 1}, sharing.Withdraw, nil)
	require.NoError(t, err)
	status, err := r.UnderVerification(ctx, who, desk.RecordQuery{Resource: resource.ID, RecordKey: "1407"})
	require.NoError(t, err)
	require.False(t, status.UnderVerification)
	report(t, r, who, doubt(resource, "1407"))
	_, err = r.Store.VerifyTrail(ctx)
	require.NoError(t, err)
}

// The department that took the data over owes the verification by the same day.
func TestADisputeIsReassigned(t *testing.T) {
	r := desktest.New(t)
	ctx := t.Context()
	who, resource := r.User(requester), r.Resource("shuozhou", conditional)
	hold(t, r, who, resource)
	out := report(t, r, who, doubt(resource, "1406"))
	before, err := r.Case(ctx, who, out.CaseID)
	require.NoError(t, err)
	_, err = r.Step(ctx, r.User(officer), desk.Act{CaseID: out.CaseID, Expected: 1}, sharing.Reassign, raw(t, sharing.Reassignment{Department: "shuozhou-minzheng", Reason: "x"}))
	require.Equal(t, []string{"/department:other"}, rulesOf(err))
	_, err = r.Step(ctx, r.User(officer), desk.Act{CaseID: out.CaseID, Expected: 1}, sharing.Reassign, raw(t, sharing.Reassignment{Department: "shuozhou-renshe", Reason: "职责划转"}))
	require.NoError(t, err)
	_, err = r.Case(ctx, r.User(approver), out.CaseID)
	require.Equal(t, sharing.CodeNotFound, code(t, err))
	successor := r.User("shuozhou-renshe-approver")
	view, err := r.Case(ctx, successor, out.CaseID)
	require.NoError(t, err)
	require.Equal(t, "shuozhou-renshe", view.Clocks[0].Owes.ID)
	require.Equal(t, before.Clocks[0].DueDate, view.Clocks[0].DueDate)
	_, err = r.Step(ctx, successor, desk.Act{CaseID: out.CaseID, Expected: 2}, sharing.Verify, raw(t, explained))
	require.NoError(t, err)
}

// Every other holder sees the mark, and is told of the correction; nobody else does.
func TestMarksForOtherHolders(t *testing.T) {
	r := desktest.New(t)
	ctx := t.Context()
	resource := r.Resource("shuozhou", conditional)
	reporter, other, peer := r.User(requester), r.User("shuozhou-yibao-requester"), r.User(stranger)
	hold(t, r, reporter, resource)
	hold(t, r, other, resource)
	out := report(t, r, reporter, doubt(resource, "1406"))
	// A second report of the same record by another department is a case of its own,
	// and one mark.
	second := report(t, r, other, doubt(resource, "1406"))
	require.NotEqual(t, out.CaseID, second.CaseID)

	marks, err := r.Marks(ctx, other, desk.MarkQuery{})
	require.NoError(t, err)
	require.Equal(t, 1, marks.Total)
	mark := marks.Items[0]
	require.Equal(t, "1406", mark.RecordKey)
	require.Equal(t, resource.ID, mark.Resource.ID)
	require.Equal(t, resource.FieldNames()[:1], mark.Fields)
	mine, err := r.Case(ctx, other, second.CaseID)
	require.NoError(t, err)
	require.Equal(t, mine.Number, mark.Number, "its own case's number, and never another's")
	counts, err := r.MarkCounts(ctx, other, []string{resource.ID})
	require.NoError(t, err)
	require.Equal(t, map[string]int{resource.ID: 1}, counts)

	status, err := r.UnderVerification(ctx, other, desk.RecordQuery{Resource: resource.ID, RecordKey: "1406"})
	require.NoError(t, err)
	require.Len(t, status.Cases, 1)
	require.Equal(t, mine.Number, status.Cases[0].Number)
	_, err = r.Case(ctx, other, out.CaseID)
	require.Equal(t, sharing.CodeNotFound, code(t, err))
	status, err = r.UnderVerification(ctx, r.User(specialist), desk.RecordQuery{Resource: resource.ID, RecordKey: "1406"})
	require.NoError(t, err)
	require.Len(t, status.Cases, 2, "the provider sees both")

	// Who holds nothing sees no mark and is not answered.
	marks, err = r.Marks(ctx, peer, desk.MarkQuery{})
	require.NoError(t, err)
	require.Zero(t, marks.Total)
	_, err = r.UnderVerification(ctx, peer, desk.RecordQuery{Resource: resource.ID, RecordKey: "1406"})
	require.Equal(t, sharing.CodeForbidden, code(t, err))
	_, err = r.UnderVerification(ctx, peer, desk.RecordQuery{Resource: "nowhere", RecordKey: "1406"})
	require.Equal(t, sharing.CodeNotFound, code(t, err))
	for _, who := range []string{"shuozhou-shenji-auditor", "shuozhou-authority-operator"} {
		_, err = r.UnderVerification(ctx, r.User(who), desk.RecordQuery{Resource: resource.ID, RecordKey: "1406"})
		require.Equal(t, sharing.CodeForbidden, code(t, err), who)
		marks, err = r.Marks(ctx, r.User(who), desk.MarkQuery{})
		require.NoError(t, err)
		require.Zero(t, marks.Total, who)
	}

	_, err = r.Step(ctx, r.User(specialist), desk.Act{CaseID: out.CaseID, Expected: 1}, sharing.Verify, raw(t, corrected(r)))
	require.NoError(t, err)
	status, err = r.UnderVerification(ctx, reporter, desk.RecordQuery{Resource: resource.ID, RecordKey: "1406"})
	require.NoError(t, err)
	require.True(t, status.UnderVerification, "the other department's report is still open")
	corrections, err := r.Marks(ctx, other, desk.MarkQuery{Corrected: true})
	require.NoError(t, err)
	require.Equal(t, 1, corrections.Total)
	require.Equal(t, "1406", corrections.Items[0].RecordKey)
	require.Empty(t, corrections.Items[0].Number)
	corrections, err = r.Marks(ctx, peer, desk.MarkQuery{Corrected: true})
	require.NoError(t, err)
	require.Zero(t, corrections.Total)
	var told []string
	_, err = r.Store.Deliver(ctx, 1000, func(_ context.Context, m postgres.Parcel) error {
		if m.Topic != string(sharing.Corrected) {
			return nil
		}
		told = append(told, m.DepartmentID)
		if m.DepartmentID == other.Department.ID {
			require.Empty(t, m.CaseID, "the message names the resource, not another department's case")
			require.Equal(t, map[string]string{"resource": resource.ID}, m.Data)
		}
		return nil
	})
	require.NoError(t, err)
	require.ElementsMatch(t, []string{reporter.Department.ID, other.Department.ID}, told)
	// A grant that was given after the correction was told nothing, and needs nothing.
	late := r.User("shuozhou-jiaoyu-requester")
	hold(t, r, late, resource)
	corrections, err = r.Marks(ctx, late, desk.MarkQuery{Corrected: true})
	require.NoError(t, err)
	require.Zero(t, corrections.Total)
}

// In two worlds that differ only in another department's disputes, a peer gets the
// same replies.
func TestAPeerLearnsNothingOfOthersDisputes(t *testing.T) {
	replies := func(disputes bool) []string {
		r := desktest.New(t)
		ctx := t.Context()
		resource := r.Resource("shuozhou", conditional)
		reporter, peer := r.User(requester), r.User(stranger)
		hold(t, r, reporter, resource)
		if disputes {
			for i := range 3 {
				out := report(t, r, reporter, doubt(resource, fmt.Sprint(i)))
				if i == 1 {
					_, err := r.Step(ctx, r.User(specialist), desk.Act{CaseID: out.CaseID, Expected: 1}, sharing.Verify, raw(t, corrected(r)))
					require.NoError(t, err)
				}
			}
		}
		var all []string
		keep := func(v any, err error) {
			b, e := json.Marshal(v)
			require.NoError(t, e)
			all = append(all, fmt.Sprintf("%s %v", b, err))
		}
		for _, key := range []string{"0", "1", "2", "7", ""} {
			keep(r.UnderVerification(ctx, peer, desk.RecordQuery{Resource: resource.ID, RecordKey: key}))
			keep(r.Open(ctx, peer, "", sharing.CorrectionDispute, raw(t, doubt(resource, key+"x"))))
			keep(r.Open(ctx, peer, "", sharing.CorrectionDispute, raw(t, doubt(resource, "0"))))
		}
		keep(r.Marks(ctx, peer, desk.MarkQuery{}))
		keep(r.Marks(ctx, peer, desk.MarkQuery{Corrected: true, Resource: resource.ID}))
		keep(r.MarkCounts(ctx, peer, []string{resource.ID}))
		keep(r.Cases(ctx, peer, desk.CaseQuery{Procedure: sharing.CorrectionDispute}))
		keep(r.Cases(ctx, peer, desk.CaseQuery{}))
		keep(r.Tasks(ctx, peer, desk.TaskQuery{}))
		keep(r.Messages(ctx, peer, desk.MessageQuery{}))
		keep(r.Desk.Resource(ctx, peer, resource.ID))
		return all
	}
	without, with := replies(false), replies(true)
	for i := range without {
		require.Equal(t, without[i], with[i])
	}
	// A holder's own report is accepted whether or not another department has reported
	// the same record.
	r := desktest.New(t)
	resource := r.Resource("shuozhou", conditional)
	hold(t, r, r.User(requester), resource)
	hold(t, r, r.User("shuozhou-yibao-requester"), resource)
	report(t, r, r.User(requester), doubt(resource, "1"))
	out := report(t, r, r.User("shuozhou-yibao-requester"), doubt(resource, "1"))
	require.Equal(t, 1, out.Version)
}

// A batch accepts or refuses each report by itself, and files nothing twice.
func TestABatchOfReports(t *testing.T) {
	r := desktest.New(t)
	ctx := t.Context()
	who, resource := r.User(requester), r.Resource("shuozhou", conditional)
	hold(t, r, who, resource)
	var reports []json.RawMessage
	for i := range desk.MaxBatch - 4 {
		reports = append(reports, raw(t, doubt(resource, fmt.Sprint(i))))
	}
	bad := doubt(resource, "bad")
	bad.Fields = []string{"shoe_size"}
	reports = append(reports, raw(t, doubt(resource, "0")), raw(t, bad), json.RawMessage(`{"resource":7}`), json.RawMessage(`null`))
	first, err := r.ReportDisputes(ctx, who, "night-run", reports)
	require.NoError(t, err)
	require.Len(t, first, desk.MaxBatch)
	accepted := 0
	for _, one := range first {
		if one.Err == nil {
			accepted++
			require.Equal(t, sharing.Verifying, one.Outcome.State)
		}
	}
	require.Equal(t, desk.MaxBatch-4, accepted)
	n := desk.MaxBatch - 4
	require.Equal(t, []string{"/record_key:under_verification"}, rulesOf(first[n].Err), "of two in one batch the second is the duplicate")
	require.Equal(t, []string{"/fields/0:field_of_resource"}, rulesOf(first[n+1].Err))
	require.Equal(t, sharing.CodeInvalid, first[n+2].Err.Code)
	require.Equal(t, sharing.CodeInvalid, first[n+3].Err.Code)

	again, err := r.ReportDisputes(ctx, who, "night-run", reports)
	require.NoError(t, err)
	for i := range first {
		require.Equal(t, first[i].Outcome, again[i].Outcome, i)
		require.Equal(t, first[i].Err == nil, again[i].Err == nil, i)
	}
	cases, err := r.Cases(ctx, who, desk.CaseQuery{Procedure: sharing.CorrectionDispute})
	require.NoError(t, err)
	require.Equal(t, accepted, cases.Total)
	// The same key with another content is not the same batch.
	reports[0] = raw(t, doubt(resource, "other"))
	other, err := r.ReportDisputes(ctx, who, "night-run", reports)
	require.NoError(t, err)
	require.Equal(t, sharing.CodeKeyReused, other[0].Err.Code)
	for _, size := range []int{0, desk.MaxBatch + 1} {
		_, err = r.ReportDisputes(ctx, who, "", make([]json.RawMessage, size))
		require.Equal(t, sharing.CodeInvalid, code(t, err))
	}
}

// Where the text sets no number and the operator no target, no clock runs.
func TestWithoutATargetNoClockRuns(t *testing.T) {
	law, err := regulation.Load(regulations.Files)
	require.NoError(t, err)
	for _, reg := range law.All() {
		for i := range reg.Duties {
			if reg.Duties[i].Name == sharing.DutyVerify && reg.Duties[i].Limit == nil {
				reg.Duties[i].Target = nil
			}
		}
	}
	r := desktest.NewUnder(t, law, workday.ShippedCalendar())
	resource, who := anyOf(t, r, "jinan-startup", sharing.Unconditional)
	out := report(t, r, who, doubt(resource, "1"))
	view, err := r.Case(t.Context(), who, out.CaseID)
	require.NoError(t, err)
	require.Empty(t, view.Clocks)
	require.Equal(t, sharing.TaskKind(sharing.Verify), view.Task.Kind)
}

// duel lets two act at the same time, and asserts that exactly one succeeds and the
// other is told so.
func duel(t *testing.T, round int, rivals ...func() error) {
	t.Helper()
	var (
		wait sync.WaitGroup
		errs = make([]error, len(rivals))
	)
	for i, rival := range rivals {
		wait.Go(func() { errs[i] = rival() })
	}
	wait.Wait()
	won := 0
	for _, err := range errs {
		if err == nil {
			won++
			continue
		}
		require.Contains(t, []sharing.Code{sharing.CodeStale, sharing.CodeAlreadyDecided, sharing.CodeWrongState}, sharing.CodeOf(err), "round %d: %v", round, err)
	}
	require.Equal(t, 1, won, "round %d: %v", round, errs)
}

func TestDisputeRaces(t *testing.T) {
	r := desktest.New(t)
	ctx := t.Context()
	resource, who := anyOf(t, r, "shuozhou", sharing.Unconditional)
	first, second := with(t, r, resource.Provider.ID, sharing.DataSpecialist), with(t, r, resource.Provider.ID, sharing.Approver)
	verify := func(by sharing.User, caseID string, v sharing.Verified) func() error {
		return func() error {
			_, err := r.Step(ctx, by, desk.Act{CaseID: caseID, Expected: 1}, sharing.Verify, raw(t, v))
			return err
		}
	}
	amended := corrected(r)
	t.Run("verify against withdraw", func(t *testing.T) {
		for round := range *rounds {
			id := report(t, r, who, doubt(resource, fmt.Sprint("w", round))).CaseID
			duel(t, round, verify(first, id, amended), func() error {
				_, err := r.Step(ctx, who, desk.Act{CaseID: id, Expected: 1}, sharing.Withdraw, nil)
				return err
			})
		}
	})
	t.Run("two verifiers", func(t *testing.T) {
		for round := range *rounds {
			id := report(t, r, who, doubt(resource, fmt.Sprint("v", round))).CaseID
			duel(t, round, verify(first, id, amended), verify(second, id, explained))
		}
	})
	t.Run("two reporters of one department", func(t *testing.T) {
		for round := range *rounds {
			about := raw(t, doubt(resource, fmt.Sprint("r", round)))
			var (
				wait sync.WaitGroup
				errs [2]error
			)
			for i := range errs {
				wait.Go(func() { _, errs[i] = r.Open(ctx, who, "", sharing.CorrectionDispute, about) })
			}
			wait.Wait()
			require.True(t, (errs[0] == nil) != (errs[1] == nil), "round %d: %v", round, errs)
			for _, err := range errs {
				if err != nil {
					require.Equal(t, []string{"/record_key:under_verification"}, rulesOf(err), "round %d: %v", round, err)
				}
			}
		}
	})
	_, err := r.Store.VerifyTrail(ctx)
	require.NoError(t, err)
}
