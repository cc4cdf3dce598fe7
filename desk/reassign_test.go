package desk_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"gongshu/desk"
	"gongshu/sharing"
)

// A department is merged into another while it owes an answer: the other owes it
// now, by the same date, and the first no longer sees the case.
func TestReassign(t *testing.T) {
	r, c := filed(t)
	ctx := t.Context()
	act := desk.Act{CaseID: c.ID, Expected: 1}
	merged := sharing.Reassignment{Department: "shuozhou-renshe", Reason: "机构改革，职责划转"}
	_, err := r.Reassign(ctx, r.User(approver), act, merged)
	require.Equal(t, sharing.CodeForbidden, code(t, err))
	for _, bad := range []sharing.Reassignment{
		{Department: "shuozhou-renshe"}, {Reason: "无部门"}, {Department: "nowhere", Reason: "x"}, {Department: "city-renshe", Reason: "其他地区"},
		{Department: "shuozhou-gongan", Reason: "原部门"}, {Department: "shuozhou-minzheng", Reason: "申请部门"},
	} {
		_, err := r.Reassign(ctx, r.User(officer), act, bad)
		require.Equal(t, sharing.CodeInvalid, code(t, err), bad)
	}
	out, err := r.Reassign(ctx, r.User(officer), act, merged)
	require.NoError(t, err)
	require.Equal(t, desk.Outcome{CaseID: c.ID, State: sharing.Answering, Version: 2}, out)

	_, err = r.Case(ctx, r.User(approver), c.ID)
	require.Equal(t, sharing.CodeNotFound, code(t, err))
	successor := r.User("shuozhou-renshe-approver")
	view, err := r.Case(ctx, successor, c.ID)
	require.NoError(t, err)
	require.Equal(t, "shuozhou-renshe", view.Clocks[0].Owes.ID)
	require.Equal(t, c.Clocks[0].DueDate, view.Clocks[0].DueDate, "the clock runs on as it did")
	inbox, err := r.Tasks(ctx, successor, desk.TaskQuery{})
	require.NoError(t, err)
	require.Equal(t, 1, inbox.Total)
	_, err = r.Answer(ctx, successor, desk.Act{CaseID: c.ID, Expected: 2}, sharing.Decision{Agree: true})
	require.NoError(t, err)
}
