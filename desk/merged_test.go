package desk_test

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"gongshu/desk"
	"gongshu/desk/desktest"
	"gongshu/postgres"
	"gongshu/sharing"
)

const renshe = "shuozhou-renshe"

// merge merges a department of the demo into another, or lets it stand again when
// into is "".
func merge(t testing.TB, r *desktest.Rig, away, into string) {
	t.Helper()
	i := slices.IndexFunc(r.World.Departments, func(d sharing.Department) bool { return d.ID == away })
	require.GreaterOrEqual(t, i, 0)
	require.NoError(t, r.Owner.InTx(t.Context(), func(tx *postgres.Tx) error {
		_, err := tx.ImportPeople(t.Context(), postgres.People{Departments: r.World.Departments[i : i+1], MergedInto: map[string]string{away: into}})
		return err
	}))
}

// requireMerged holds that err names shuozhou-renshe as the successor of a department.
func requireMerged(t testing.TB, err error, away string) {
	t.Helper()
	var e *sharing.Error
	require.ErrorAs(t, err, &e)
	require.Equal(t, sharing.CodeMerged, e.Code)
	require.Contains(t, e.Detail, "department "+away+" was merged into ")
	require.Contains(t, e.Detail, "("+renshe+")")
}

// What a merged department has is not applied for, and it takes no step; what it owes
// the authority hands to the successor, which goes on from there.
func TestTheProviderWasMerged(t *testing.T) {
	r, c := filed(t)
	ctx := t.Context()
	who := r.User(requester)
	next := r.Request("shuozhou", atOnce, conditional)
	next.Purpose = "再次核对"
	draft, err := r.SaveDraft(ctx, who, "", "", 0, next)
	require.NoError(t, err)
	merge(t, r, "shuozhou-gongan", renshe)

	_, err = r.Submit(ctx, who, "", draft.ID, draft.Version, nil)
	requireMerged(t, err, "shuozhou-gongan")
	var e *sharing.Error
	require.ErrorAs(t, err, &e)
	require.Equal(t, []sharing.FieldError{{Field: "/items/1/resource_id", Rule: "merged", Detail: r.User("shuozhou-renshe-approver").Department.Name}}, e.Fields)
	again, err := r.Application(ctx, who, draft.ID)
	require.NoError(t, err)
	require.Equal(t, sharing.Draft, again.State)
	cases, err := r.Cases(ctx, who, desk.CaseQuery{})
	require.NoError(t, err)
	require.Equal(t, 1, cases.Total, "the first item was not filed either")

	for name, step := range map[string]func() (desk.Outcome, error){
		"answer": func() (desk.Outcome, error) {
			return r.Answer(ctx, r.User(approver), desk.Act{CaseID: c.ID, Expected: 1}, sharing.Decision{Agree: true})
		},
		"completion": func() (desk.Outcome, error) {
			return r.RequestCompletion(ctx, r.User(specialist), desk.Act{CaseID: c.ID, Expected: 1}, sharing.Completion{Gaps: []string{"盖章的函"}})
		},
	} {
		_, err = step()
		require.Error(t, err, name)
		requireMerged(t, err, "shuozhou-gongan")
	}
	view := seenBy(t, r, requester, c.ID)
	require.Equal(t, []any{sharing.Answering, 1}, []any{view.State, view.Version})
	require.Len(t, view.Timeline, len(c.Timeline))
	require.Equal(t, sharing.Answering, r.Advance(c.ID).State)

	// It cannot be handed to one that is gone as well.
	merge(t, r, "shuozhou-jiaoyu", renshe)
	_, err = r.Reassign(ctx, r.User(officer), desk.Act{CaseID: c.ID, Expected: 1}, sharing.Reassignment{Department: "shuozhou-jiaoyu", Reason: "机构改革"})
	require.Equal(t, []string{"/department:merged"}, rulesOf(err))
	require.ErrorAs(t, err, &e)
	require.Equal(t, r.User("shuozhou-renshe-approver").Department.Name, e.Fields[0].Detail)
	_, err = r.Reassign(ctx, r.User(officer), desk.Act{CaseID: c.ID, Expected: 1}, sharing.Reassignment{Department: renshe, Reason: "机构改革"})
	require.NoError(t, err)
	_, err = r.Answer(ctx, r.User("shuozhou-renshe-approver"), desk.Act{CaseID: c.ID, Expected: 2}, sharing.Decision{Agree: true})
	require.NoError(t, err)

	merge(t, r, "shuozhou-gongan", "")
	_, err = r.Submit(ctx, who, "", draft.ID, draft.Version, nil)
	require.NoError(t, err, "the merger was taken back")
	_, err = r.Store.VerifyTrail(ctx)
	require.NoError(t, err)
}

// The applicant can neither apply nor go on, by itself or on paper.
func TestTheApplicantWasMerged(t *testing.T) {
	r, c := filed(t)
	ctx := t.Context()
	draft, err := r.SaveDraft(ctx, r.User(requester), "", "", 0, r.Request("shuozhou", atOnce))
	require.NoError(t, err)
	paper := r.Request("shuozhou", conditional)
	paper.For = "shuozhou-minzheng"
	registered, err := r.SaveDraft(ctx, r.User(officer), "", "", 0, paper)
	require.NoError(t, err)
	merge(t, r, "shuozhou-minzheng", renshe)

	_, err = r.Submit(ctx, r.User(requester), "", draft.ID, draft.Version, nil)
	requireMerged(t, err, "shuozhou-minzheng")
	day := sharing.DateOf(time.Now())
	_, err = r.Submit(ctx, r.User(officer), "", registered.ID, registered.Version, &day)
	requireMerged(t, err, "shuozhou-minzheng")
	_, err = r.Withdraw(ctx, r.User(requester), desk.Act{CaseID: c.ID, Expected: 1}, sharing.Remark{})
	requireMerged(t, err, "shuozhou-minzheng")
	_, err = r.Open(ctx, r.User(requester), "", sharing.Coordination, raw(t, unlisted))
	requireMerged(t, err, "shuozhou-minzheng")
	cases, err := r.Cases(ctx, r.User(officer), desk.CaseQuery{})
	require.NoError(t, err)
	require.Equal(t, 1, cases.Total)
	_, err = r.Answer(ctx, r.User(approver), desk.Act{CaseID: c.ID, Expected: 1}, sharing.Decision{Agree: true})
	require.NoError(t, err, "the others go on")
}

// Cases of the other procedures are not opened with a merged department either, those
// that follow from a step included: then that step is not taken.
func TestOtherCasesOfTheMerged(t *testing.T) {
	r := desktest.New(t)
	ctx := t.Context()
	who, resource := r.User(requester), r.Resource("shuozhou", conditional)
	hold(t, r, who, resource)
	first := report(t, r, who, doubt(resource, "1406"))

	refused, applicant := refusal(t, r, "city")
	appeal := coordinate(t, r, applicant, sharing.CoordinationRequest{Occasion: sharing.OnRefusal, Parent: refused.Number, Grounds: "审核救助对象必须核对"})

	merge(t, r, "shuozhou-gongan", renshe)
	_, err := r.Open(ctx, who, "", sharing.CorrectionDispute, raw(t, doubt(resource, "1407")))
	requireMerged(t, err, "shuozhou-gongan")
	_, err = r.Open(ctx, r.User(officer), "", sharing.RectificationOrder, raw(t, finding("shuozhou-gongan", "quality")))
	requireMerged(t, err, "shuozhou-gongan")
	_, err = r.Step(ctx, r.User(approver), desk.Act{CaseID: first.CaseID, Expected: 1}, sharing.Verify, raw(t, explained))
	requireMerged(t, err, "shuozhou-gongan")
	_, err = r.Step(ctx, r.User(officer), desk.Act{CaseID: first.CaseID, Expected: 1}, sharing.Reassign, raw(t, sharing.Reassignment{Department: renshe, Reason: "职责划转"}))
	require.NoError(t, err)
	_, err = r.Step(ctx, r.User("shuozhou-renshe-approver"), desk.Act{CaseID: first.CaseID, Expected: 2}, sharing.Verify, raw(t, explained))
	require.NoError(t, err)

	other := "city-minzheng"
	if refused.Provider.ID == other || refused.Applicant.ID == other {
		other = "city-renshe"
	}
	merge(t, r, refused.Provider.ID, other)
	overturn := sharing.CoordinationRuling{Outcome: sharing.Overturned, Reasons: "依法应当共享"}
	_, err = rule(t, r, "city", appeal.CaseID, 1, overturn)
	require.Equal(t, sharing.CodeMerged, code(t, err))
	require.ErrorContains(t, err, "("+other+")")
	view := seenBy(t, r, applicant.ID, appeal.CaseID)
	require.Equal(t, []any{sharing.UnderCoordination, 1}, []any{view.State, view.Version})
	children, err := r.Cases(ctx, applicant, desk.CaseQuery{Parent: appeal.CaseID})
	require.NoError(t, err)
	require.Zero(t, children.Total)
}

// A step that was taken before the merger is told again after it.
func TestWhatWasDoneBeforeAMergerIsToldAgain(t *testing.T) {
	r, c := filed(t)
	ctx := t.Context()
	act := desk.Act{CaseID: c.ID, Expected: 1, Key: "once"}
	out, err := r.Answer(ctx, r.User(approver), act, sharing.Decision{Agree: true})
	require.NoError(t, err)
	merge(t, r, "shuozhou-gongan", renshe)
	again, err := r.Answer(ctx, r.User(approver), act, sharing.Decision{Agree: true})
	require.NoError(t, err)
	require.Equal(t, out, again)
}

// Time does its part for merged departments: ladders are climbed, what follows from
// them is opened, and grants end.
func TestTimeGoesOnForTheMerged(t *testing.T) {
	r := desktest.New(t)
	ctx := t.Context()
	overdue := late(t, r, "shuozhou", conditional)
	id, grant := granted(t, r)
	merge(t, r, "shuozhou-gongan", renshe)
	r.Advance(overdue)
	children, err := r.Cases(ctx, r.User(center("shuozhou")), desk.CaseQuery{Parent: overdue})
	require.NoError(t, err)
	require.Equal(t, 1, children.Total)
	_, err = asOwner(t, r).Exec(ctx, `UPDATE grants SET valid_from = clock_timestamp() - interval '1 day', valid_until = clock_timestamp() - interval '1 second' WHERE id = $1`, grant)
	require.NoError(t, err)
	require.Equal(t, sharing.Ended, r.Advance(id).State)
}

// Nobody is offered a merged department, though what happened is still told by its
// name.
func TestMergedDepartmentsAreNotOffered(t *testing.T) {
	r := desktest.New(t)
	ctx := t.Context()
	all, err := r.AllDepartments(ctx, r.User(officer))
	require.NoError(t, err)
	offered, err := r.Departments(ctx, r.User(officer))
	require.NoError(t, err)
	require.Equal(t, all, offered)
	merge(t, r, "shuozhou-gongan", renshe)
	gone := r.User(approver).Department
	offered, err = r.Departments(ctx, r.User(officer))
	require.NoError(t, err)
	require.Equal(t, slices.DeleteFunc(slices.Clone(all), func(d sharing.Department) bool { return d == gone }), offered)
	after, err := r.AllDepartments(ctx, r.User(officer))
	require.NoError(t, err)
	require.Equal(t, append(offered, gone), after)
}
