package desk_test

import (
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"gongshu/desk"
	"gongshu/desk/desktest"
	"gongshu/policies/regulations"
	"gongshu/regulation"
	"gongshu/sharing"
	"gongshu/workday"
)

// unseen is a rig under a regulation that the code has never heard of, dropped
// into a folder: a first check by the authority within 3 working days, an answer
// within 8 that can be extended once by 5 with the authority's consent, and a
// limit for providing that depends on a fact.
func unseen(t *testing.T) *desktest.Rig {
	t.Helper()
	text, err := os.ReadFile("../regulation/testdata/example-2027.yaml")
	require.NoError(t, err)
	file := strings.NewReplacer("region: example\n", "region: shuozhou\n", "from: 2027-01-01", "from: 2026-01-01", "issued: 2026-12-01", "issued: 2025-12-01",
		"region_name: 示例县", "region_name: 朔州市").Replace(string(text))
	file = strings.Replace(file, "from_article:", "replaces: [shuozhou-2021]\nfrom_article:", 1)
	law, err := regulation.Load(regulations.Files, fstest.MapFS{"example-2027.yaml": {Data: []byte(file)}})
	require.NoError(t, err)
	return desktest.NewUnder(t, law, workday.ShippedCalendar())
}

func TestARegulationTheCodeHasNeverSeen(t *testing.T) {
	r := unseen(t)
	ctx := t.Context()
	resource := r.Resource("shuozhou", conditional)
	resource.Facts = map[string]bool{"resource_on_platform": false}
	r.Put(resource)
	submitted := r.Apply(requester, r.Request("shuozhou", conditional), nil)
	c := submitted.Cases[0]
	require.Equal(t, sharing.Checking, c.State)

	// The provider cannot answer yet, nor check in the authority's place.
	act := desk.Act{CaseID: c.CaseID, Expected: 1}
	_, err := r.Answer(ctx, r.User(approver), act, sharing.Decision{Agree: true})
	require.Equal(t, sharing.CodeWrongState, code(t, err))
	_, err = r.Pass(ctx, r.User(approver), act, sharing.Remark{})
	require.Equal(t, sharing.CodeForbidden, code(t, err))

	view, err := r.Case(ctx, r.User(officer), c.CaseID)
	require.NoError(t, err)
	require.Equal(t, "example-2027@1", view.RegulationID)
	require.Equal(t, sharing.Budget{N: 3, Unit: sharing.WorkingDays}, view.Clocks[0].Clock.Budget)
	require.Equal(t, "shuozhou-authority", view.Clocks[0].Owes.ID)
	require.Contains(t, view.Can, sharing.Pass)
	inbox, err := r.Tasks(ctx, r.User(officer), desk.TaskQuery{})
	require.NoError(t, err)
	require.Equal(t, sharing.TaskCheck, inbox.Items[0].Kind)

	out, err := r.Pass(ctx, r.User(officer), act, sharing.Remark{})
	require.NoError(t, err)
	require.Equal(t, sharing.Answering, out.State)
	view, err = r.Case(ctx, r.User(officer), c.CaseID)
	require.NoError(t, err)
	answer := view.Clocks[1]
	require.Equal(t, sharing.Budget{N: 8, Unit: sharing.WorkingDays}, answer.Clock.Budget)
	require.True(t, answer.Clock.Start.After(view.ReceivedAt), "its limit runs from the passed check")

	// Extended once, by 5 at the most, by the authority, with a reason.
	act.Expected = 2
	_, err = r.Extend(ctx, r.User(approver), act, sharing.Prolonging{N: 5, Reason: "数据需要治理"})
	require.Equal(t, sharing.CodeForbidden, code(t, err))
	for _, bad := range []sharing.Prolonging{{N: 6, Reason: "太长"}, {N: 0, Reason: "无"}, {N: 5}} {
		_, err = r.Extend(ctx, r.User(officer), act, bad)
		require.Equal(t, sharing.CodeInvalid, code(t, err))
	}
	_, err = r.Extend(ctx, r.User(officer), act, sharing.Prolonging{N: 5, Reason: "数据需要治理"})
	require.NoError(t, err)
	view, err = r.Case(ctx, r.User(officer), c.CaseID)
	require.NoError(t, err)
	longer := view.Clocks[1]
	days, err := r.Calendar().Between(answer.DueDate, longer.DueDate)
	require.NoError(t, err)
	require.Equal(t, 5, days)
	require.NotContains(t, view.Can, sharing.Extend)
	act.Expected = 3
	_, err = r.Extend(ctx, r.User(officer), act, sharing.Prolonging{N: 1, Reason: "再延"})
	require.Equal(t, sharing.CodeNoExtension, code(t, err))

	// The resource is not on the platform: providing may take 20 working days.
	_, err = r.Answer(ctx, r.User(approver), act, sharing.Decision{Agree: true})
	require.NoError(t, err)
	view, err = r.Case(ctx, r.User(officer), c.CaseID)
	require.NoError(t, err)
	require.Equal(t, sharing.Budget{N: 20, Unit: sharing.WorkingDays}, view.Clocks[2].Clock.Budget)
	require.Equal(t, "17(2)", view.Clocks[2].Article)
}

func TestTheFirstCheckSendsBack(t *testing.T) {
	r := unseen(t)
	ctx := t.Context()
	c := r.Apply(requester, r.Request("shuozhou", conditional), nil).Cases[0]
	act := desk.Act{CaseID: c.CaseID, Expected: 1}
	_, err := r.SendBack(ctx, r.User(officer), act, sharing.Remark{})
	require.Equal(t, sharing.CodeInvalid, code(t, err), "not without reasons")
	out, err := r.SendBack(ctx, r.User(officer), act, sharing.Remark{Note: "用途不在本机关职责之内"})
	require.NoError(t, err)
	require.Equal(t, sharing.Returned, out.State)
	view, err := r.Case(ctx, r.User(requester), c.CaseID)
	require.NoError(t, err)
	require.NotNil(t, view.ClosedAt)
	require.Equal(t, "用途不在本机关职责之内", view.Timeline[1].Note)
}

func TestWithoutARuleNothingIsExtended(t *testing.T) {
	r, c := filed(t)
	_, err := r.Extend(t.Context(), r.User(approver), desk.Act{CaseID: c.ID, Expected: 1}, sharing.Prolonging{N: 1, Reason: "忙"})
	require.Equal(t, sharing.CodeNoExtension, code(t, err))
}
