package desk_test

import (
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"gongshu/desk"
	"gongshu/desk/desktest"
	"gongshu/sharing"
)

var taxNeed = sharing.Need{
	Title: "省级个人纳税信息", Holder: "省税务局", Fields: []string{"纳税人姓名", "年度纳税额"}, Purpose: "核对申请人收入", Duty: "社会救助审核确认",
	Mode: sharing.QueryAPI, TermMonths: 12,
}

// need is a department's need for data held above.
func need(t *testing.T, r *desktest.Rig, user string) desk.Outcome {
	t.Helper()
	out, err := r.Open(t.Context(), r.User(user), "", sharing.UpwardNeed, raw(t, taxNeed))
	require.NoError(t, err)
	require.Equal(t, sharing.Collected, out.State)
	return out
}

func TestNeedsOfSeveralDepartmentsBecomeOneRequest(t *testing.T) {
	r := desktest.New(t)
	ctx := t.Context()
	first, second, third := need(t, r, requester), need(t, r, stranger), need(t, r, requester)
	number := func(id string) string {
		c, err := r.Case(ctx, r.User(officer), id)
		require.NoError(t, err)
		return c.Number
	}
	inbox, err := r.Tasks(ctx, r.User(officer), desk.TaskQuery{})
	require.NoError(t, err)
	require.Equal(t, 3, inbox.Total)

	request, err := r.Open(ctx, r.User(officer), "k", sharing.UpwardRequest, raw(t, sharing.Upward{Title: "省级个人纳税信息", Holder: "省税务局", Needs: []string{number(first.CaseID)}}))
	require.NoError(t, err)
	again, err := r.Open(ctx, r.User(officer), "k", sharing.UpwardRequest, raw(t, sharing.Upward{Title: "省级个人纳税信息", Holder: "省税务局", Needs: []string{number(first.CaseID)}}))
	require.NoError(t, err)
	require.Equal(t, request, again)
	out, err := r.Step(ctx, r.User(officer), desk.Act{CaseID: request.CaseID, Expected: 1}, sharing.Bundle, raw(t, sharing.Bundling{Needs: []string{second.CaseID}}))
	require.NoError(t, err)

	mine, err := r.Case(ctx, r.User(requester), first.CaseID)
	require.NoError(t, err)
	require.Equal(t, sharing.Bundled, mine.State)
	require.Nil(t, mine.Parent, "the request is between the authority and the office above")
	whole, err := r.Case(ctx, r.User(officer), request.CaseID)
	require.NoError(t, err)
	require.Len(t, whole.Children, 2)
	require.Equal(t, "20", whole.Timeline[0].Article)
	_, err = r.Case(ctx, r.User(requester), request.CaseID)
	require.Equal(t, sharing.CodeNotFound, code(t, err))
	_, err = r.Case(ctx, r.User(requester), second.CaseID)
	require.Equal(t, sharing.CodeNotFound, code(t, err), "another department's need")
	_, err = r.Step(ctx, r.User(requester), desk.Act{CaseID: first.CaseID, Expected: 2}, sharing.Withdraw, nil)
	require.Equal(t, sharing.CodeWrongState, code(t, err))

	dispatch := sharing.Dispatch{To: "省政务数据共享交换平台", Reference: "晋数申〔2026〕17号", SentOn: today(t, r), Note: "内部说明"}
	out, err = r.Step(ctx, r.User(officer), desk.Act{CaseID: request.CaseID, Expected: out.Version}, sharing.SendUp, raw(t, dispatch))
	require.NoError(t, err)
	require.Equal(t, sharing.SentUp, out.State)
	_, err = r.Step(ctx, r.User(officer), desk.Act{CaseID: request.CaseID, Expected: out.Version}, sharing.Bundle, raw(t, sharing.Bundling{Needs: []string{third.CaseID}}))
	require.Equal(t, sharing.CodeWrongState, code(t, err))
	reply := sharing.Reply{Granted: true, Conditions: "仅限接口查询", ValidUntil: today(t, r) + 365, RepliedOn: today(t, r), Reference: "晋数复〔2026〕9号"}
	out, err = r.Step(ctx, r.User(officer), desk.Act{CaseID: request.CaseID, Expected: out.Version}, sharing.RelayReply, raw(t, reply))
	require.NoError(t, err)
	require.Equal(t, sharing.GrantedAbove, out.State)
	for _, n := range []struct{ user, id string }{{requester, first.CaseID}, {stranger, second.CaseID}} {
		view, err := r.Case(ctx, r.User(n.user), n.id)
		require.NoError(t, err)
		require.Equal(t, sharing.GrantedAbove, view.State)
		require.Len(t, view.Acts, 4)
		require.Contains(t, string(view.Acts[2].Body), "晋数申〔2026〕17号")
		require.NotContains(t, string(view.Acts[2].Body), "内部说明")
		require.Contains(t, string(view.Acts[3].Body), "仅限接口查询")
		told, err := r.Messages(ctx, r.User(n.user), desk.MessageQuery{})
		require.NoError(t, err)
		require.Equal(t, string(sharing.RelayReply), told.Items[0].Topic)
	}
	view, err := r.Case(ctx, r.User(requester), third.CaseID)
	require.NoError(t, err)
	require.Equal(t, sharing.Collected, view.State)
	_, err = r.Store.VerifyTrail(ctx)
	require.NoError(t, err)
}

func TestARequestUpwardIsGivenUpOrRefused(t *testing.T) {
	r := desktest.New(t)
	ctx := t.Context()
	n := need(t, r, requester)
	request := sharing.Upward{Title: "省级个人纳税信息", Holder: "省税务局", Needs: []string{n.CaseID}}
	out, err := r.Open(ctx, r.User(officer), "", sharing.UpwardRequest, raw(t, request))
	require.NoError(t, err)
	_, err = r.Step(ctx, r.User(officer), desk.Act{CaseID: out.CaseID, Expected: 1}, sharing.Abandon, raw(t, sharing.Remark{Note: "省里已直接下发"}))
	require.NoError(t, err)
	view, err := r.Case(ctx, r.User(requester), n.CaseID)
	require.NoError(t, err)
	require.Equal(t, sharing.Collected, view.State)
	require.Empty(t, view.ParentID)

	out, err = r.Open(ctx, r.User(officer), "", sharing.UpwardRequest, raw(t, request))
	require.NoError(t, err)
	dispatch := sharing.Dispatch{To: "省平台", Reference: "1", SentOn: today(t, r)}
	out, err = r.Step(ctx, r.User(officer), desk.Act{CaseID: out.CaseID, Expected: 1}, sharing.SendUp, raw(t, dispatch))
	require.NoError(t, err)
	_, err = r.Step(ctx, r.User(officer), desk.Act{CaseID: out.CaseID, Expected: 2}, sharing.RelayReply, raw(t, sharing.Reply{RepliedOn: today(t, r)}))
	requireRule(t, err, "/reasons", "required")
	_, err = r.Step(ctx, r.User(officer), desk.Act{CaseID: out.CaseID, Expected: 2}, sharing.RelayReply, raw(t, sharing.Reply{RepliedOn: today(t, r), Reasons: "涉密"}))
	require.NoError(t, err)
	view, err = r.Case(ctx, r.User(requester), n.CaseID)
	require.NoError(t, err)
	require.Equal(t, sharing.RefusedAbove, view.State)
	require.NotNil(t, view.ClosedAt)
}

func TestRequestsUpwardThatCannotBe(t *testing.T) {
	r := desktest.New(t)
	ctx := t.Context()
	n := need(t, r, requester)
	for name, tt := range map[string]struct {
		change      func(*sharing.Need)
		field, rule string
	}{
		"no title":        {func(n *sharing.Need) { n.Title = "　" }, "/title", "required"},
		"nobody holds it": {func(n *sharing.Need) { n.Holder = "" }, "/holder", "required"},
		"no purpose":      {func(n *sharing.Need) { n.Purpose = "" }, "/purpose", "required"},
		"no duty":         {func(n *sharing.Need) { n.Duty = "" }, "/duty", "required"},
		"no way":          {func(n *sharing.Need) { n.Mode = "" }, "/mode", "one_of"},
		"for ever":        {func(n *sharing.Need) { n.TermMonths = 999 }, "/term_months", "range"},
		"no such file":    {func(n *sharing.Need) { n.Attachments = []string{uuid.NewString()} }, "/attachments/0", "exists"},
	} {
		t.Run(name, func(t *testing.T) {
			wrong := taxNeed
			tt.change(&wrong)
			_, err := r.Open(ctx, r.User(requester), "", sharing.UpwardNeed, raw(t, wrong))
			var e *sharing.Error
			require.ErrorAs(t, err, &e)
			require.Equal(t, tt.rule, e.Fields[0].Rule, "%v", err)
		})
	}
	_, err := r.Open(ctx, r.User(lishuiAsks), "", sharing.UpwardNeed, raw(t, taxNeed))
	require.Equal(t, sharing.CodeNotFound, code(t, err), "a regulation without requests upward")
	_, err = r.Open(ctx, r.User(officer), "", sharing.UpwardNeed, raw(t, taxNeed))
	require.Equal(t, sharing.CodeForbidden, code(t, err))
	request := sharing.Upward{Title: "纳税信息", Holder: "省税务局"}
	_, err = r.Open(ctx, r.User(requester), "", sharing.UpwardRequest, raw(t, request))
	require.Equal(t, sharing.CodeForbidden, code(t, err))

	shared := r.Apply(requester, r.Request("shuozhou", conditional), nil).Cases[0].CaseID
	for name, tt := range map[string]struct {
		needs []string
		field string
		rule  string
	}{
		"none of that number": {[]string{"N20260101-00000000"}, "/needs/0", "exists"},
		"a share application": {[]string{n.CaseID, shared}, "/needs/1", "exists"},
		"twice":               {[]string{n.CaseID, n.CaseID}, "/needs/1", "unique"},
	} {
		request.Needs = tt.needs
		_, err = r.Open(ctx, r.User(officer), "", sharing.UpwardRequest, raw(t, request))
		requireRule(t, err, tt.field, tt.rule)
		view, err := r.Case(ctx, r.User(requester), n.CaseID)
		require.NoError(t, err)
		require.Equal(t, sharing.Collected, view.State, "%s: nothing half done", name)
	}
	request.Needs = nil
	empty, err := r.Open(ctx, r.User(officer), "", sharing.UpwardRequest, raw(t, request))
	require.NoError(t, err)
	act := desk.Act{CaseID: empty.CaseID, Expected: 1}
	dispatch := sharing.Dispatch{To: "省平台", Reference: "1", SentOn: today(t, r)}
	_, err = r.Step(ctx, r.User(officer), act, sharing.SendUp, raw(t, dispatch))
	require.Equal(t, sharing.CodeWrongState, code(t, err), "without a need nothing is sent")
	_, err = r.Step(ctx, r.User(officer), act, sharing.Bundle, raw(t, sharing.Bundling{Needs: []string{n.CaseID}}))
	require.NoError(t, err)
	act.Expected = 2
	dispatch.SentOn++
	_, err = r.Step(ctx, r.User(officer), act, sharing.SendUp, raw(t, dispatch))
	requireRule(t, err, "/sent_on", "not_in_future")
	other, err := r.Open(ctx, r.User(officer), "", sharing.UpwardRequest, raw(t, request))
	require.NoError(t, err)
	_, err = r.Step(ctx, r.User(officer), desk.Act{CaseID: other.CaseID, Expected: 1}, sharing.Bundle, raw(t, sharing.Bundling{Needs: []string{n.CaseID}}))
	require.Equal(t, sharing.CodeWrongState, code(t, err), "bundled already")
	_, err = r.Open(ctx, r.User("lishui-authority-officer"), "", sharing.UpwardRequest, raw(t, request))
	require.Equal(t, sharing.CodeNotFound, code(t, err))
}

// A need that is withdrawn while it is bundled is one or the other.
func TestWithdrawalAgainstBundling(t *testing.T) {
	r := desktest.New(t)
	ctx := t.Context()
	who, center := r.User(requester), r.User(officer)
	races(t, func(round int) [2]error {
		n := need(t, r, requester)
		request, err := r.Open(ctx, center, "", sharing.UpwardRequest, raw(t, sharing.Upward{Title: "纳税信息", Holder: "省税务局"}))
		require.NoError(t, err)
		errs := both(
			func() error {
				_, err := r.Step(ctx, who, desk.Act{CaseID: n.CaseID, Expected: 1}, sharing.Withdraw, nil)
				return err
			},
			func() error {
				_, err := r.Step(ctx, center, desk.Act{CaseID: request.CaseID, Expected: 1}, sharing.Bundle, raw(t, sharing.Bundling{Needs: []string{n.CaseID}}))
				return err
			})
		requireOneWinner(t, round, errs)
		c, err := r.Store.CaseByID(ctx, n.CaseID)
		require.NoError(t, err)
		require.Equal(t, map[bool]sharing.State{true: sharing.Withdrawn, false: sharing.Bundled}[errs[0] == nil], c.State, "%v", errs)
		return errs
	})
}
