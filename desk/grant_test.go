package desk_test

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"gongshu/desk"
	"gongshu/desk/desktest"
	"gongshu/sharing"
)

const gateway = "shuozhou-authority-gateway"

// granted is a case of shuozhou whose grant is in use.
func granted(t *testing.T, r *desktest.Rig, change ...func(*desk.Draft)) (caseID, grantID string) {
	t.Helper()
	ctx := t.Context()
	draft := r.Request("shuozhou", conditional)
	for _, c := range change {
		c(&draft)
	}
	id := r.Apply(requester, draft, nil).Cases[0].CaseID
	_, err := r.Answer(ctx, r.User(approver), desk.Act{CaseID: id, Expected: 1}, sharing.Decision{Agree: true})
	require.NoError(t, err)
	_, err = r.Provide(ctx, r.User(specialist), desk.Act{CaseID: id, Expected: 2}, sharing.Provision{Mode: sharing.QueryAPI, Locator: "https://exchange.example/household"})
	require.NoError(t, err)
	_, err = r.Confirm(ctx, r.User(requester), desk.Act{CaseID: id, Expected: 3}, sharing.Remark{})
	require.NoError(t, err)
	view, err := r.Case(ctx, r.User(requester), id)
	require.NoError(t, err)
	return id, view.Grant.ID
}

func held(t *testing.T, r *desktest.Rig) desk.HeldQuery {
	t.Helper()
	return desk.HeldQuery{Grantee: r.User(requester).Department.ID, Resource: conditional, Mode: sharing.QueryAPI}
}

func TestAGrantIsSuspendedResumedAndRevoked(t *testing.T) {
	r := desktest.New(t)
	ctx := t.Context()
	id, grant := granted(t, r)
	holds := func(want bool) {
		t.Helper()
		answer, err := r.CheckGrant(ctx, r.User(gateway), held(t, r))
		require.NoError(t, err)
		require.Equal(t, want, answer.Holds)
		if !want {
			require.Equal(t, desk.Held{}, answer, "a no says nothing")
		}
	}
	holds(true)
	for _, user := range []string{requester, specialist} {
		_, err := r.Step(ctx, r.User(user), desk.Act{CaseID: id, Expected: 4}, sharing.Suspend, []byte(`{"reasons":"调用量异常"}`))
		require.Equal(t, sharing.CodeForbidden, code(t, err), user)
	}
	_, err := r.Step(ctx, r.User(approver), desk.Act{CaseID: id, Expected: 4}, sharing.Suspend, []byte(`{}`))
	requireRule(t, err, "/reasons", "required")
	_, err = r.Step(ctx, r.User(approver), desk.Act{CaseID: id, Expected: 4}, sharing.Suspend, []byte(`{"reasons":"调用量异常"}`))
	require.NoError(t, err)
	holds(false)
	view, err := r.Grant(ctx, r.User(requester), grant)
	require.NoError(t, err)
	require.Equal(t, sharing.GrantSuspended, view.State)
	require.Len(t, view.Suspensions, 1)
	require.False(t, view.MayRenew)
	_, err = r.Renew(ctx, r.User(requester), "", grant)
	requireRule(t, err, "/renews", "in_order")

	_, err = r.Step(ctx, r.User(officer), desk.Act{CaseID: id, Expected: 5}, sharing.Resume, []byte(`{"note":"已说明"}`))
	require.NoError(t, err)
	holds(true)
	_, err = r.Step(ctx, r.User(officer), desk.Act{CaseID: id, Expected: 6}, sharing.Revoke, []byte(`{"reasons":"数据提供给第三方","basis":[{"law":"本办法","article":"第二十九条"}]}`))
	require.NoError(t, err)
	holds(false)
	view, err = r.Grant(ctx, r.User(approver), grant)
	require.NoError(t, err)
	require.Equal(t, sharing.GrantRevoked, view.State)
	require.Equal(t, sharing.Revoked, view.CaseState)
	require.Empty(t, view.Can)
	require.NotNil(t, view.EndedAt)
	found, err := r.Grants(ctx, r.User(requester), desk.GrantQuery{State: sharing.GrantRevoked})
	require.NoError(t, err)
	require.Equal(t, 1, found.Total)

	told, err := r.Messages(ctx, r.User(requester), desk.MessageQuery{})
	require.NoError(t, err)
	require.Equal(t, string(sharing.Revoke), told.Items[0].Topic)
	c, err := r.Case(ctx, r.User(requester), id)
	require.NoError(t, err)
	require.Equal(t, "33", c.Timeline[len(c.Timeline)-1].Article)
	_, err = r.Grant(ctx, r.User(stranger), grant)
	require.Equal(t, sharing.CodeNotFound, code(t, err))
	_, err = r.Step(ctx, r.User(officer), desk.Act{CaseID: id, Expected: 7}, sharing.Resume, []byte(`{"note":"再用"}`))
	require.Equal(t, sharing.CodeWrongState, code(t, err))
	_, err = r.Store.VerifyTrail(ctx)
	require.NoError(t, err)
}

func TestOnlyGatewaysAskWhetherAGrantHolds(t *testing.T) {
	r := desktest.New(t)
	ctx := t.Context()
	_, grant := granted(t, r)
	for _, user := range []string{requester, approver, officer, stranger, "shuozhou-supervisor-officer", "shuozhou-authority-operator"} {
		_, err := r.CheckGrant(ctx, r.User(user), held(t, r))
		require.Equal(t, sharing.CodeForbidden, code(t, err), user)
		_, err = r.ReportUse(ctx, r.User(user), "", []sharing.UseReport{{GrantID: grant, Day: today(t, r), Calls: 1}})
		require.Equal(t, sharing.CodeForbidden, code(t, err), user)
	}
	answer, err := r.CheckGrant(ctx, r.User(gateway), held(t, r))
	require.NoError(t, err)
	require.Equal(t, grant, answer.GrantID)
	for name, change := range map[string]func(*desk.HeldQuery){
		"another department": func(q *desk.HeldQuery) { q.Grantee = r.User(stranger).Department.ID },
		"another way":        func(q *desk.HeldQuery) { q.Mode = sharing.Batch },
		"another resource":   func(q *desk.HeldQuery) { q.Resource = "SZ-RS-002" },
		"a field too many":   func(q *desk.HeldQuery) { q.Fields = []string{"none"} },
	} {
		q := held(t, r)
		change(&q)
		answer, err := r.CheckGrant(ctx, r.User(gateway), q)
		require.NoError(t, err)
		require.Equal(t, desk.Held{}, answer, name)
	}
	answer, err = r.CheckGrant(ctx, r.User("lishui-authority-gateway"), held(t, r))
	require.NoError(t, err)
	require.Equal(t, desk.Held{}, answer, "a gateway of another region")
	_, err = r.Grant(ctx, r.User(gateway), grant)
	require.Equal(t, sharing.CodeNotFound, code(t, err), "it asks, and reads nothing")
	list, err := r.Grants(ctx, r.User(gateway), desk.GrantQuery{})
	require.NoError(t, err)
	require.Zero(t, list.Total)
}

func TestUseIsReportedAndSeen(t *testing.T) {
	r := desktest.New(t)
	ctx := t.Context()
	id, grant := granted(t, r)
	other := r.Apply(lishuiAsks, r.Request("lishui", "LS-SL-001"), nil).Cases[0]
	foreign, err := r.Case(ctx, r.User(lishuiAsks), other.CaseID)
	require.NoError(t, err)
	day := today(t, r)
	batch := []sharing.UseReport{
		{GrantID: grant, Day: day, Calls: 7, Rows: 70},
		{GrantID: grant, Day: day + 1, Calls: 7},
		{GrantID: uuid.NewString(), Day: day, Calls: 7},
		{GrantID: foreign.Grant.ID, Day: day, Calls: 7},
		{GrantID: grant, Day: day, Calls: -7},
		{GrantID: grant, Day: day},
		{GrantID: grant, Day: day - 3, Calls: 1},
		{GrantID: grant, Day: day, Calls: 1, Fields: []string{"not_granted"}},
		{GrantID: "no id", Day: day, Calls: 1},
	}
	results, err := r.ReportUse(ctx, r.User(gateway), "batch-1", batch)
	require.NoError(t, err)
	require.Len(t, results, len(batch))
	require.Equal(t, desk.UseResult{Recorded: true}, results[0])
	for i, want := range map[int][2]string{1: {"/day", "not_in_future"}, 2: {"/grant", "exists"}, 3: {"/grant", "exists"}, 4: {"/calls", "range"}, 5: {"/calls", "required"}, 8: {"/grant", "exists"}} {
		require.False(t, results[i].Recorded, i)
		require.Equal(t, want, [2]string{results[i].Fields[0].Field, results[i].Fields[0].Rule}, i)
	}
	require.Equal(t, []sharing.Doubt{sharing.DoubtPending}, results[6].Doubts)
	require.Equal(t, []sharing.Doubt{sharing.DoubtFields}, results[7].Doubts)
	again, err := r.ReportUse(ctx, r.User(gateway), "batch-1", batch)
	require.NoError(t, err)
	require.Equal(t, results, again)

	for _, user := range []string{requester, approver, officer} {
		use, err := r.Use(ctx, r.User(user), grant, "", 0)
		require.NoError(t, err)
		require.Equal(t, 2, use.Total)
		require.Equal(t, day, use.Items[0].Day)
		require.EqualValues(t, 8, use.Items[0].Calls, "two reports of one day add up, a repeated batch does not")
		require.EqualValues(t, 70, use.Items[0].Rows)
		view, err := r.Grant(ctx, r.User(user), grant)
		require.NoError(t, err)
		require.EqualValues(t, 9, view.Calls)
		require.Equal(t, 2, view.DoubtedDays)
	}
	first, err := r.Use(ctx, r.User(requester), grant, "", 1)
	require.NoError(t, err)
	next, err := r.Use(ctx, r.User(requester), grant, first.Next, 1)
	require.NoError(t, err)
	require.Equal(t, day-3, next.Items[0].Day)
	_, err = r.Use(ctx, r.User(stranger), grant, "", 0)
	require.Equal(t, sharing.CodeNotFound, code(t, err))

	_, err = r.Step(ctx, r.User(officer), desk.Act{CaseID: id, Expected: 4}, sharing.Revoke, []byte(`{"reasons":"数据提供给第三方"}`))
	require.NoError(t, err)
	before := time.Now().Add(-time.Hour)
	results, err = r.ReportUse(ctx, r.User(gateway), "", []sharing.UseReport{{GrantID: grant, Day: day, Calls: 3}, {GrantID: grant, Day: sharing.DateOf(before), Calls: 3, LastAt: &before}})
	require.NoError(t, err)
	require.Equal(t, []sharing.Doubt{sharing.DoubtRevoked}, results[0].Doubts)
	require.Equal(t, []sharing.Doubt{sharing.DoubtPending}, results[1].Doubts, "before the grant began, and not after it was revoked")
	told, err := r.Messages(ctx, r.User(approver), desk.MessageQuery{})
	require.NoError(t, err)
	hints := 0
	for _, m := range told.Items {
		if m.Topic == desk.TopicUseDoubted {
			hints++
		}
	}
	require.LessOrEqual(t, hints, 3, "once for each day")
	require.GreaterOrEqual(t, hints, 2)

	_, err = r.ReportUse(ctx, r.User(gateway), "", nil)
	requireRule(t, err, "/reports", "required")
	_, err = r.ReportUse(ctx, r.User(gateway), "", make([]sharing.UseReport, 1001))
	requireRule(t, err, "/reports", "max_items")
}

func TestAGrantIsRenewed(t *testing.T) {
	r := desktest.New(t)
	ctx := t.Context()
	_, grant := granted(t, r, func(d *desk.Draft) { d.TermMonths = 2 })
	old, err := r.Grant(ctx, r.User(requester), grant)
	require.NoError(t, err)
	require.True(t, old.MayRenew)
	_, err = r.Renew(ctx, r.User(stranger), "", grant)
	require.Equal(t, sharing.CodeNotFound, code(t, err))
	_, err = r.Renew(ctx, r.User(approver), "", grant)
	require.Equal(t, sharing.CodeForbidden, code(t, err))

	draft, err := r.Renew(ctx, r.User(requester), "k", grant)
	require.NoError(t, err)
	again, err := r.Renew(ctx, r.User(requester), "k", grant)
	require.NoError(t, err)
	require.Equal(t, draft.ID, again.ID)
	require.Equal(t, grant, draft.Request.Renews)
	require.Equal(t, old.Fields, draft.Request.Items[0].Fields)
	submitted, err := r.Submit(ctx, r.User(requester), "", draft.ID, draft.Version, nil)
	require.NoError(t, err)
	id := submitted.Cases[0].CaseID
	view, err := r.Grant(ctx, r.User(requester), grant)
	require.NoError(t, err)
	require.False(t, view.MayRenew)
	require.Equal(t, id, view.Renewals[0].ID)
	_, err = r.Renew(ctx, r.User(requester), "", grant)
	requireRule(t, err, "/renews", "not_renewed")
	other := r.Request("shuozhou", conditional)
	other.Renews, other.Purpose = grant, "另一次续期"
	a, err := r.SaveDraft(ctx, r.User(requester), "", "", 0, other)
	require.NoError(t, err)
	_, err = r.Submit(ctx, r.User(requester), "", a.ID, a.Version, nil)
	requireRule(t, err, "/renews", "not_renewed")

	_, err = r.Answer(ctx, r.User(approver), desk.Act{CaseID: id, Expected: 1}, sharing.Decision{Agree: true})
	require.NoError(t, err)
	_, err = r.Provide(ctx, r.User(specialist), desk.Act{CaseID: id, Expected: 2}, sharing.Provision{Mode: sharing.QueryAPI, Locator: "https://exchange.example/household"})
	require.NoError(t, err)
	c, err := r.Case(ctx, r.User(requester), id)
	require.NoError(t, err)
	require.Equal(t, sharing.GrantPending, c.Grant.State)
	require.Equal(t, old.ValidUntil, c.Grant.ValidFrom, "no day is lost")
	require.Equal(t, sharing.DateOf(old.ValidUntil.Add(-time.Second)).AddMonths(2).End(), c.Grant.ValidUntil.In(sharing.Shanghai))
	answer, err := r.CheckGrant(ctx, r.User(gateway), held(t, r))
	require.NoError(t, err)
	require.Equal(t, grant, answer.GrantID, "until then the old one holds")

	// A grant of another department, of another resource, and no grant.
	for name, tt := range map[string]struct {
		user, code, grant, field, rule string
	}{
		"another's":        {stranger, conditional, grant, "/renews", "exists"},
		"none":             {requester, conditional, uuid.NewString(), "/renews", "exists"},
		"another resource": {requester, "SZ-RS-002", grant, "/items/0/resource_id", "of_grant"},
	} {
		wrong := r.Request("shuozhou", tt.code)
		wrong.Renews, wrong.Purpose = tt.grant, name
		a, err := r.SaveDraft(ctx, r.User(tt.user), "", "", 0, wrong)
		if err == nil {
			_, err = r.Submit(ctx, r.User(tt.user), "", a.ID, a.Version, nil)
		}
		requireRule(t, err, tt.field, tt.rule)
	}
}

func TestARenewalOfWhatIsNoLongerSharedIsRefused(t *testing.T) {
	r := desktest.New(t)
	ctx := t.Context()
	_, grant := granted(t, r)
	draft, err := r.Renew(ctx, r.User(requester), "", grant)
	require.NoError(t, err)
	entry := r.Resource("shuozhou", conditional)
	entry.Class = sharing.NotShared
	r.Put(entry)
	_, err = r.Submit(ctx, r.User(requester), "", draft.ID, draft.Version, nil)
	require.Equal(t, sharing.CodeNotShared, code(t, err))
	_, err = r.Renew(ctx, r.User(requester), "", grant)
	require.Equal(t, sharing.CodeNotShared, code(t, err))
	view, err := r.Grant(ctx, r.User(requester), grant)
	require.NoError(t, err)
	require.Equal(t, [2]int{1, 2}, [2]int{view.Resource.Version, view.EntryVersion}, "given on version 1, the entry is now version 2")
}

// The holder is told once, 30 days before the end; the case's workflow is woken for
// it.
func TestNoticeBeforeTheEndOfAGrant(t *testing.T) {
	r := desktest.New(t)
	ctx := t.Context()
	id, grant := granted(t, r)
	owner := asOwner(t, r)
	alter := func(sql string) {
		t.Helper()
		_, err := owner.Exec(ctx, sql, grant)
		require.NoError(t, err)
	}
	view, err := r.Grant(ctx, r.User(requester), grant)
	require.NoError(t, err)
	wake := r.Advance(id).Wake
	last := sharing.DateOf(view.ValidUntil.Add(-time.Second))
	require.Equal(t, (last - 30).Start(), wake.In(sharing.Shanghai))

	alter(`UPDATE grants SET notice_at = clock_timestamp() - interval '1 second' WHERE id = $1`)
	for range 3 {
		wake = r.Advance(id).Wake
	}
	require.Equal(t, view.ValidUntil.UTC(), wake.UTC())
	told, err := r.Messages(ctx, r.User(requester), desk.MessageQuery{})
	require.NoError(t, err)
	require.Equal(t, string(sharing.EndsSoon), told.Items[0].Topic)
	require.Equal(t, last.String(), told.Items[0].Data["valid_until"])
	notices := 0
	for _, m := range told.Items {
		if m.Topic == string(sharing.EndsSoon) {
			notices++
		}
	}
	require.Equal(t, 1, notices)

	// A suspended grant ends by time like any other.
	_, err = r.Step(ctx, r.User(officer), desk.Act{CaseID: id, Expected: 4}, sharing.Suspend, []byte(`{"reasons":"核查"}`))
	require.NoError(t, err)
	alter(`UPDATE grants SET valid_from = clock_timestamp() - interval '1 day', valid_until = clock_timestamp() - interval '1 second' WHERE id = $1`)
	require.Equal(t, sharing.Ended, r.Advance(id).State)
	view, err = r.Grant(ctx, r.User(requester), grant)
	require.NoError(t, err)
	require.Equal(t, sharing.GrantEnded, view.State)
	_, err = r.Store.VerifyTrail(ctx)
	require.NoError(t, err)
}

func TestTheSameIsNotAppliedForTwice(t *testing.T) {
	r := desktest.New(t)
	ctx := t.Context()
	draft := r.Request("shuozhou", conditional)
	draft.Purpose = "同一用途"
	first := r.Apply(requester, draft, nil).Cases[0]
	saved, err := r.SaveDraft(ctx, r.User(requester), "", "", 0, draft)
	require.NoError(t, err)
	lines, err := r.Preview(ctx, r.User(requester), saved.ID, nil)
	require.NoError(t, err)
	require.Len(t, lines[0].Undecided, 1)
	_, err = r.Submit(ctx, r.User(requester), "", saved.ID, 1, nil)
	requireRule(t, err, "/items/0/resource_id", "not_repeated")
	other := draft
	other.Purpose = "另一用途"
	second := r.Apply(requester, other, nil).Cases[0]
	require.Equal(t, sharing.Answering, second.State, "another purpose is another application")
	_, err = r.Withdraw(ctx, r.User(requester), desk.Act{CaseID: first.CaseID, Expected: 1}, sharing.Remark{})
	require.NoError(t, err)
	_, err = r.Submit(ctx, r.User(requester), "", saved.ID, 1, nil)
	require.NoError(t, err)
}
