package desk_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"gongshu/desk"
	"gongshu/desk/desktest"
	"gongshu/sharing"
)

// The people of one region whom most tests need.
const (
	requester  = "shuozhou-minzheng-requester"
	approver   = "shuozhou-gongan-approver"
	specialist = "shuozhou-gongan-specialist"
	officer    = "shuozhou-authority-officer"
	stranger   = "shuozhou-renshe-requester"
)

func code(t *testing.T, err error) sharing.Code {
	t.Helper()
	require.Error(t, err)
	return sharing.CodeOf(err)
}

// conditional is a conditionally shared resource of the public security bureau.
const conditional = "SZ-GA-001"

func filed(t *testing.T) (*desktest.Rig, desk.CaseView) {
	t.Helper()
	r := desktest.New(t)
	submitted := r.Apply(requester, r.Request("shuozhou", conditional), nil)
	require.Len(t, submitted.Cases, 1)
	view, err := r.Case(t.Context(), r.User(requester), submitted.Cases[0].CaseID)
	require.NoError(t, err)
	return r, view
}

func TestAWholeCase(t *testing.T) {
	r, c := filed(t)
	ctx := t.Context()
	require.Equal(t, sharing.Answering, c.State)
	require.Equal(t, "shuozhou-2021@1", c.RegulationID)
	require.Len(t, c.Clocks, 1)
	require.Equal(t, sharing.DutyAnswer, c.Clocks[0].Duty)
	require.Equal(t, sharing.Budget{N: 5, Unit: sharing.WorkingDays}, c.Clocks[0].Clock.Budget)
	require.True(t, c.Clocks[0].Statutory)

	inbox, err := r.Tasks(ctx, r.User(approver), desk.TaskQuery{})
	require.NoError(t, err)
	require.Equal(t, 1, inbox.Total)
	require.Equal(t, c.ID, inbox.Items[0].Case.ID)

	out, err := r.Answer(ctx, r.User(approver), desk.Act{CaseID: c.ID, Expected: 1}, sharing.Decision{Agree: true, Fields: c.Fields[:1], TermMonths: 6, Conditions: "仅用于救助审核"})
	require.NoError(t, err)
	require.Equal(t, sharing.Agreed, out.State)
	out, err = r.Provide(ctx, r.User(specialist), desk.Act{CaseID: c.ID, Expected: 2}, sharing.Provision{Mode: sharing.QueryAPI, Locator: "https://exchange.example/household"})
	require.NoError(t, err)
	out, err = r.Confirm(ctx, r.User(requester), desk.Act{CaseID: c.ID, Expected: out.Version}, sharing.Remark{})
	require.NoError(t, err)
	require.Equal(t, desk.Outcome{CaseID: c.ID, State: sharing.InUse, Version: 4}, out)

	view, err := r.Case(ctx, r.User(requester), c.Number)
	require.NoError(t, err)
	require.NotNil(t, view.Grant)
	require.Equal(t, c.Fields[:1], view.Grant.Fields)
	require.Equal(t, sharing.GrantActive, view.Grant.State)
	var story []sharing.Action
	for _, e := range view.Timeline {
		story = append(story, e.Action)
	}
	require.Equal(t, []sharing.Action{sharing.Submit, sharing.Answer, sharing.Provide, sharing.Confirm}, story)
	_, err = r.Store.VerifyTrail(ctx)
	require.NoError(t, err)
}

func TestARefusalNeedsReasonsAndBasis(t *testing.T) {
	r, c := filed(t)
	ctx := t.Context()
	act := desk.Act{CaseID: c.ID, Expected: 1}
	for name, d := range map[string]sharing.Decision{
		"nothing":      {},
		"no basis":     {Reasons: "涉及个人隐私"},
		"no reasons":   {Basis: []sharing.Basis{{Law: "个人信息保护法", Article: "第十三条"}}},
		"blank":        {Reasons: " 　\n", Basis: []sharing.Basis{{Law: " ", Article: " "}}},
		"no article":   {Reasons: "涉及个人隐私", Basis: []sharing.Basis{{Law: "个人信息保护法"}}},
		"with a grant": {Reasons: "涉及", Basis: []sharing.Basis{{Law: "法", Article: "条"}}, Fields: c.Fields[:1]},
	} {
		_, err := r.Answer(ctx, r.User(approver), act, d)
		require.Contains(t, []sharing.Code{sharing.CodeBasisRequired, sharing.CodeInvalid}, code(t, err), name)
		var e *sharing.Error
		require.ErrorAs(t, err, &e)
		require.NotEmpty(t, e.Fields, name)
	}
	view, err := r.Case(ctx, r.User(approver), c.ID)
	require.NoError(t, err)
	require.Equal(t, 1, view.Version, "what was refused changed nothing")

	out, err := r.Answer(ctx, r.User(approver), act, sharing.Decision{Reasons: "涉及个人隐私", Basis: []sharing.Basis{{Law: "个人信息保护法", Article: "第十三条"}}})
	require.NoError(t, err)
	require.Equal(t, sharing.Refused, out.State)
	_, err = r.Answer(ctx, r.User(approver), act, sharing.Decision{Agree: true})
	require.Equal(t, sharing.CodeAlreadyDecided, code(t, err))
}

func TestOneKeyOneEffect(t *testing.T) {
	r, c := filed(t)
	ctx := t.Context()
	act := desk.Act{CaseID: c.ID, Expected: 1, Key: "k1"}
	first, err := r.Answer(ctx, r.User(approver), act, sharing.Decision{Agree: true})
	require.NoError(t, err)
	again, err := r.Answer(ctx, r.User(approver), act, sharing.Decision{Agree: true})
	require.NoError(t, err)
	require.Equal(t, first, again)
	_, err = r.Answer(ctx, r.User(approver), act, sharing.Decision{Agree: true, Conditions: "另一内容"})
	require.Equal(t, sharing.CodeKeyReused, code(t, err))
}

func TestCompletionIsAskedForOnce(t *testing.T) {
	r, c := filed(t)
	ctx := t.Context()
	out, err := r.RequestCompletion(ctx, r.User(specialist), desk.Act{CaseID: c.ID, Expected: 1}, sharing.Completion{Gaps: []string{"缺少职责依据"}})
	require.NoError(t, err)
	require.Equal(t, sharing.Completing, out.State)
	view, err := r.Case(ctx, r.User(requester), c.ID)
	require.NoError(t, err)
	require.Equal(t, sharing.Halted, view.Clocks[0].State)
	require.True(t, view.Clocks[0].DueAt.IsZero(), "while it stands still no due date can be told")
	out, err = r.Complete(ctx, r.User(requester), desk.Act{CaseID: c.ID, Expected: 2}, sharing.Completed{Note: "已补充", Duty: "《社会救助暂行办法》第十三条"})
	require.NoError(t, err)
	require.Equal(t, sharing.Answering, out.State)
	_, err = r.RequestCompletion(ctx, r.User(specialist), desk.Act{CaseID: c.ID, Expected: 3}, sharing.Completion{Gaps: []string{"再补"}})
	require.Equal(t, sharing.CodeCompletionUsed, code(t, err))
	view, err = r.Case(ctx, r.User(requester), c.ID)
	require.NoError(t, err)
	require.Equal(t, sharing.Answering, view.State)
	require.Equal(t, sharing.Running, view.Clocks[len(view.Clocks)-1].State)
}

func TestAPaperApplicationCountsFromItsDay(t *testing.T) {
	r := desktest.New(t)
	ctx := t.Context()
	draft := r.Request("shuozhou", conditional)
	draft.For = "shuozhou-minzheng"
	day := sharing.NewDate(2026, 9, 29) // 30 September, 8, 9, Saturday 10 (worked) and 12 October
	submitted := r.Apply(officer, draft, &day)
	id := submitted.Cases[0].CaseID
	view, err := r.Case(ctx, r.User(officer), id)
	require.NoError(t, err)
	require.Equal(t, "2026-10-12", view.Clocks[0].DueDate.String())
	require.Equal(t, desk.Red, view.Clocks[0].Light)

	snapshot := r.Advance(id)
	require.Nil(t, snapshot.Wake, "every rung lies in the past and has fired")
	view, err = r.Case(ctx, r.User(officer), id)
	require.NoError(t, err)
	var fired []sharing.RungKind
	for _, rung := range view.Clocks[0].Rungs {
		require.NotNil(t, rung.FiredAt)
		fired = append(fired, rung.Kind)
	}
	require.Contains(t, fired, sharing.LimitReached)
	entries := len(view.Timeline)
	r.Advance(id)
	view, err = r.Case(ctx, r.User(officer), id)
	require.NoError(t, err)
	require.Len(t, view.Timeline, entries, "no rung fires twice")

	_, err = r.RequestCompletion(ctx, r.User(specialist), desk.Act{CaseID: id, Expected: 1}, sharing.Completion{Gaps: []string{"缺少依据"}})
	require.Equal(t, sharing.CodeWrongState, code(t, err), "an overdue answer does not become punctual by asking back")

	board, err := r.Overdue(ctx, r.User(officer), desk.OverdueQuery{})
	require.NoError(t, err)
	require.Equal(t, 1, board.Overdue)
	require.Equal(t, id, board.Items.Items[0].Case.ID)
	_, err = r.Overdue(ctx, r.User(requester), desk.OverdueQuery{})
	require.Equal(t, sharing.CodeForbidden, code(t, err))

	_, err = r.Submit(ctx, r.User(requester), "", submitted.ApplicationID, 2, &day)
	require.True(t, errors.Is(err, &sharing.Error{Code: sharing.CodeForbidden}), "only those who may register paper: %v", err)
}
