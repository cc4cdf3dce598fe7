package desk_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"gongshu/desk"
	"gongshu/desk/desktest"
	"gongshu/postgres"
	"gongshu/sharing"
)

const owing = "shuozhou-gongan-specialist"

// finding is what an inspection found at a department.
func finding(department, ground string) sharing.Finding {
	return sharing.Finding{Department: department, Ground: ground, Finding: "抽查发现数据与本部门掌握的不一致", Term: sharing.Term{Days: 10}}
}

// orders opens a rectification and returns its id.
func orders(t testing.TB, r *desktest.Rig, user string, f sharing.Finding, state sharing.State) string {
	t.Helper()
	out, err := r.Open(t.Context(), r.User(user), "", sharing.RectificationOrder, raw(t, f))
	require.NoError(t, err)
	require.Equal(t, state, out.State)
	return out.CaseID
}

// passes lets the time that a rectification gives pass: it began long ago.
func passes(t testing.TB, r *desktest.Rig, caseID string) {
	t.Helper()
	ctx := t.Context()
	require.NoError(t, r.Owner.InTx(ctx, func(tx *postgres.Tx) error {
		running, err := tx.RunningDeadlines(ctx, caseID)
		require.NoError(t, err)
		require.Len(t, running, 1)
		d := running[0]
		d.Clock.Start = d.Clock.Start.AddDate(0, -2, 0)
		p, err := r.CalendarOf("shuozhou").Project(d.Clock)
		require.NoError(t, err)
		d.DueAt, d.DueDate = p.DueAt, p.DueDate
		return tx.PutDeadline(ctx, d, time.Now())
	}))
}

func TestAllRungsOfShuozhou(t *testing.T) {
	r := desktest.New(t)
	ctx := t.Context()
	id := orders(t, r, center("shuozhou"), finding("shuozhou-gongan", "quality"), sharing.Notified)
	view, err := r.Case(ctx, r.User(owing), id)
	require.NoError(t, err)
	require.Equal(t, []sharing.Action{sharing.HandInEvidence}, view.Can)
	require.Len(t, view.Clocks, 1)
	clock := view.Clocks[0]
	require.Equal(t, sharing.DutyRectify, clock.Duty)
	require.False(t, clock.Statutory, "the time was set for this case, by no text")
	require.Equal(t, "33", clock.Article)
	require.Equal(t, sharing.Budget{N: 10, Unit: sharing.WorkingDays}, clock.Clock.Budget)
	require.NotEmpty(t, clock.Rungs)
	require.NotEmpty(t, clock.Title)
	require.Contains(t, topics(t, r, owing), string(sharing.Notified))

	escalate := func(user string, e sharing.Escalation) error {
		_, err := takes(t, r, user, id, sharing.Escalate, e)
		return err
	}
	err = escalate(center("shuozhou"), sharing.Escalation{Reasons: "未整改"})
	require.Equal(t, "/serious:time_passed", brokenRules(err), "its time still runs")
	require.Equal(t, "33", article(err))

	// Evidence stops the time; what is not enough lets it go on, from the same rung.
	goes(t, r, owing, id, sharing.HandInEvidence, sharing.Evidence{Text: "已全部核对更新"}, sharing.Reviewing)
	view, err = r.Case(ctx, r.User(owing), id)
	require.NoError(t, err)
	require.Equal(t, sharing.Halted, view.Clocks[0].State)
	require.Equal(t, sharing.CodeWrongState, code(t, escalate(center("shuozhou"), sharing.Escalation{Reasons: "未整改", Serious: true})))
	_, err = takes(t, r, owing, id, sharing.JudgeEvidence, sharing.Ruling{Agree: true})
	require.Equal(t, sharing.CodeForbidden, code(t, err))
	goes(t, r, center("shuozhou"), id, sharing.JudgeEvidence, sharing.Ruling{Reasons: "抽查仍有差异"}, sharing.Notified)
	view, err = r.Case(ctx, r.User(owing), id)
	require.NoError(t, err)
	require.Equal(t, sharing.Running, view.Clocks[0].State)
	require.Equal(t, clock.DueDate, view.Clocks[0].DueDate)

	passes(t, r, id)
	err = escalate(superior("shuozhou"), sharing.Escalation{Reasons: "未整改"})
	require.Equal(t, sharing.CodeForbidden, code(t, err), "the report is the authority's")
	require.Equal(t, "33", article(err))
	goes(t, r, center("shuozhou"), id, sharing.Escalate, sharing.Escalation{Reasons: "逾期未整改"}, sharing.Reported)
	inbox, err := r.Tasks(ctx, r.User(superior("shuozhou")), desk.TaskQuery{})
	require.NoError(t, err)
	require.Equal(t, 1, inbox.Total, "the leading group has it now")
	require.Equal(t, sharing.TaskKind(sharing.Escalate), inbox.Items[0].Kind)

	view, err = r.Case(ctx, r.User(center("shuozhou")), id)
	require.NoError(t, err)
	require.Equal(t, []sharing.Action{sharing.Cancel}, view.Can, "the order is the leading group's")
	require.Equal(t, sharing.CodeForbidden, code(t, escalate(center("shuozhou"), sharing.Escalation{Reasons: "责令", Term: sharing.Term{Days: 5}})))
	err = escalate(superior("shuozhou"), sharing.Escalation{Reasons: "责令限期改正"})
	require.Equal(t, "/days:required", brokenRules(err), "an order has a deadline")
	goes(t, r, superior("shuozhou"), id, sharing.Escalate, sharing.Escalation{Reasons: "责令限期改正", Term: sharing.Term{Until: sharing.DateOf(time.Now()) + 20}}, sharing.Ordered)

	passes(t, r, id)
	goes(t, r, superior("shuozhou"), id, sharing.Escalate, sharing.Escalation{Reasons: "逾期不改正"}, sharing.Criticised)
	for _, user := range []string{requester, stranger, treasury("shuozhou"), owing} {
		page, err := r.Criticisms(ctx, r.User(user), "", 0)
		require.NoError(t, err, user)
		require.Equal(t, 1, page.Total, user)
		line := page.Items[0]
		require.Equal(t, "shuozhou-gongan", line.Department.ID)
		require.Equal(t, "33", line.Article)
		require.Equal(t, "提供不真实、不准确、不完整的数据", line.GroundTitle)
		require.Equal(t, sharing.DateOf(time.Now()), line.On)
	}
	_, err = r.Case(ctx, r.User(stranger), id)
	require.Equal(t, sharing.CodeNotFound, code(t, err), "of the case they know nothing else")
	elsewhere, err := r.Criticisms(ctx, r.User(minzheng("city")), "", 0)
	require.NoError(t, err)
	require.Zero(t, elsewhere.Total)
	_, err = r.Criticisms(ctx, r.User("shuozhou-shenji-auditor"), "", 0)
	require.Equal(t, sharing.CodeForbidden, code(t, err))

	err = escalate(superior("shuozhou"), sharing.Escalation{Reasons: "拒不整改"})
	require.Equal(t, "/serious:required", brokenRules(err), "sanctions are for serious cases")
	err = escalate(superior("shuozhou"), sharing.Escalation{Reasons: "拒不整改", Serious: true, Term: sharing.Term{Days: 5}})
	require.Equal(t, "/days:no_term", brokenRules(err))
	goes(t, r, superior("shuozhou"), id, sharing.Escalate, sharing.Escalation{Reasons: "拒不整改", Serious: true}, sharing.Sanctioned)
	_, err = r.Store.VerifyTrail(ctx)
	require.NoError(t, err)
}

// Evidence handed in on time is on time, however long the authority looks at it.
func TestEvidenceConfirmed(t *testing.T) {
	r := desktest.New(t)
	id := orders(t, r, superior("city"), finding("city-gongan", "quality"), sharing.Ordered)
	goes(t, r, "city-gongan-specialist", id, sharing.HandInEvidence, sharing.Evidence{Text: "已更新"}, sharing.Reviewing)
	goes(t, r, center("city"), id, sharing.JudgeEvidence, sharing.Ruling{Agree: true}, sharing.Rectified)
	view, err := r.Case(t.Context(), r.User(center("city")), id)
	require.NoError(t, err)
	require.Equal(t, sharing.Met, view.Clocks[0].State)
	require.NotNil(t, view.Clocks[0].MetAt)
	require.True(t, view.Clocks[0].MetAt.Before(view.UpdatedAt), "met when it was handed in")
	require.NotContains(t, view.Timeline[len(view.Timeline)-1].Data, "late")
	require.Nil(t, view.Task)
	require.Empty(t, view.Can)
}

func TestFindingsRefused(t *testing.T) {
	r := desktest.New(t)
	ctx := t.Context()
	for name, row := range map[string]struct {
		user    string
		finding sharing.Finding
		change  func(*sharing.Finding)
		code    sharing.Code
		broken  string
		article string
	}{
		"an unknown ground":     {center("shuozhou"), finding("shuozhou-gongan", "commercial_use"), nil, sharing.CodeInvalid, "/ground:one_of", "33"},
		"another region's":      {center("shuozhou"), finding("city-gongan", "quality"), nil, sharing.CodeInvalid, "/department:exists", ""},
		"the authority itself":  {superior("shuozhou"), finding("shuozhou-authority", "quality"), nil, sharing.CodeInvalid, "/department:authority_itself", ""},
		"a deadline today":      {center("shuozhou"), finding("shuozhou-gongan", "quality"), func(f *sharing.Finding) { f.Term = sharing.Term{Until: sharing.DateOf(time.Now())} }, sharing.CodeInvalid, "/until:in_future", ""},
		"no deadline":           {center("shuozhou"), finding("shuozhou-gongan", "quality"), func(f *sharing.Finding) { f.Term = sharing.Term{} }, sharing.CodeInvalid, "/days:required", "33"},
		"a file of nobody's":    {center("shuozhou"), finding("shuozhou-gongan", "quality"), func(f *sharing.Finding) { f.Attachments = []string{"x"} }, sharing.CodeInvalid, "/attachments/0:exists", ""},
		"by a department":       {approver, finding("shuozhou-minzheng", "quality"), nil, sharing.CodeForbidden, "", ""},
		"by finance":            {treasury("shuozhou"), finding("shuozhou-minzheng", "quality"), nil, sharing.CodeForbidden, "", ""},
		"an order, not by whom": {center("city"), finding("city-gongan", "quality"), nil, sharing.CodeForbidden, "", "35"},
		"where there is none":   {center("jinan-startup"), finding("jinan-startup-gongan", "duty_neglected"), nil, sharing.CodeWrongState, "", "42, 44"},
	} {
		t.Run(name, func(t *testing.T) {
			f := row.finding
			if row.change != nil {
				row.change(&f)
			}
			_, err := r.Open(ctx, r.User(row.user), "", sharing.RectificationOrder, raw(t, f))
			require.Equal(t, row.code, code(t, err))
			require.Equal(t, row.broken, brokenRules(err))
			require.Equal(t, row.article, article(err))
		})
	}
	id := orders(t, r, center("yanzhou"), sharing.Finding{Department: "yanzhou-gongan", Ground: "quality", Finding: "未及时更新"}, sharing.Notified)
	_, err := takes(t, r, "yanzhou-gongan-specialist", id, sharing.HandInEvidence, sharing.Evidence{})
	require.Equal(t, "/text:required", brokenRules(err))
	_, err = r.Case(ctx, r.User(minzheng("yanzhou")), id)
	require.Equal(t, sharing.CodeNotFound, code(t, err))
	_, err = r.Case(ctx, r.User(treasury("yanzhou")), id)
	require.NoError(t, err, "finance reads")
	_, err = takes(t, r, center("yanzhou"), id, sharing.Cancel, sharing.Remark{})
	require.Equal(t, "/note:required", brokenRules(err))
	goes(t, r, center("yanzhou"), id, sharing.Cancel, sharing.Remark{Note: "核查后无此情形"}, sharing.Cancelled)
}

// late files an application on paper whose limit passed long ago, so that the
// whole ladder is due.
func late(t testing.TB, r *desktest.Rig, region, code string) string {
	t.Helper()
	draft := r.Request(region, code)
	draft.For = region + "-minzheng"
	day := sharing.DateOf(time.Now()).AddMonths(-2)
	return r.Apply(center(region), draft, &day).Cases[0].CaseID
}

// An application not answered though the whole ladder was climbed is a ground
// (shuozhou-2021 art. 33(4)): the notice follows by itself, once, and stays when
// the answer is given at last.
func TestAnExhaustedLadderOpensARectification(t *testing.T) {
	r := desktest.New(t)
	ctx := t.Context()
	parent := late(t, r, "shuozhou", conditional)
	r.Advance(parent)
	children, err := r.Cases(ctx, r.User(center("shuozhou")), desk.CaseQuery{Parent: parent})
	require.NoError(t, err)
	require.Equal(t, 1, children.Total)
	child := children.Items[0]
	require.Equal(t, sharing.RectificationOrder, child.Procedure)
	require.Equal(t, sharing.Notified, child.State)
	require.Equal(t, "shuozhou-gongan", child.Provider.ID)
	require.Equal(t, "shuozhou-authority", child.Applicant.ID)
	require.Empty(t, child.ApplicantID, "nobody began it")
	record := stored[sharing.RectificationRecord](t, r, child.ID)
	require.Equal(t, "not_answered", record.Ground)
	require.Equal(t, sharing.DutyAnswer, record.Duty)
	require.Equal(t, 10, record.Days)
	view, err := r.Case(ctx, r.User(owing), child.ID)
	require.NoError(t, err)
	require.Equal(t, sharing.System, view.Timeline[0].Actor)
	require.Equal(t, "33(4)", view.Timeline[0].Article)
	require.Len(t, view.Clocks, 1)

	r.Advance(parent)
	r.Advance(child.ID)
	children, err = r.Cases(ctx, r.User(center("shuozhou")), desk.CaseQuery{Parent: parent})
	require.NoError(t, err)
	require.Equal(t, 1, children.Total, "once for each limit")
	err = r.Owner.InTx(ctx, func(tx *postgres.Tx) error {
		double, err := tx.LockCase(ctx, child.ID)
		require.NoError(t, err)
		double.ID, double.Number, double.Version = "0b5ff1ae-6f0c-4c4e-9a83-9d3e8b1d5a11", "Z-double", 1
		return tx.InsertCase(ctx, double)
	})
	require.ErrorContains(t, err, "cases_one_rectification", "whatever writes it")

	c, err := r.Store.CaseByID(ctx, parent)
	require.NoError(t, err)
	_, err = r.Answer(ctx, r.User(approver), desk.Act{CaseID: parent, Expected: c.Version}, sharing.Decision{Agree: true})
	require.NoError(t, err)
	still, err := r.Store.CaseByID(ctx, child.ID)
	require.NoError(t, err)
	require.Equal(t, sharing.Notified, still.State)
	_, err = r.Store.VerifyTrail(ctx)
	require.NoError(t, err)
}

// In the city the government orders it at once (art. 35); jinan-startup knows no
// such steps, and none follows.
func TestWhatFollowsElsewhere(t *testing.T) {
	r := desktest.New(t)
	ctx := t.Context()
	for region, want := range map[string]sharing.State{"city": sharing.Ordered, "jinan-startup": ""} {
		code := ""
		for _, e := range r.World.Resources {
			if e.RegionID == region && e.Class == sharing.Conditional && strings.HasSuffix(e.Provider.ID, "-gongan") {
				code = e.Code
			}
		}
		parent := late(t, r, region, code)
		r.Advance(parent)
		children, err := r.Cases(ctx, r.User(center(region)), desk.CaseQuery{Parent: parent})
		require.NoError(t, err)
		if want == "" {
			require.Zero(t, children.Total, region)
			continue
		}
		require.Equal(t, 1, children.Total, region)
		require.Equal(t, want, children.Items[0].State)
		byHand := orders(t, r, superior(region), finding(region+"-gongan", "quality"), sharing.Ordered)
		_, err = takes(t, r, center(region), byHand, sharing.Cancel, sharing.Remark{Note: "无此情形"})
		require.Equal(t, sharing.CodeForbidden, sharing.CodeOf(err), "an order of the government")
		goes(t, r, center(region), children.Items[0].ID, sharing.Cancel, sharing.Remark{Note: "已延期"}, sharing.Cancelled)
		require.Contains(t, topics(t, r, superior(region)), string(sharing.Ordered))
	}
}

// The same request sent again is the same; one decided on an older version is not
// carried out.
func TestRectificationRepeatedAndStale(t *testing.T) {
	r := desktest.New(t)
	ctx := t.Context()
	content := raw(t, finding("shuozhou-gongan", "quality"))
	first, err := r.Open(ctx, r.User(center("shuozhou")), "k1", sharing.RectificationOrder, content)
	require.NoError(t, err)
	again, err := r.Open(ctx, r.User(center("shuozhou")), "k1", sharing.RectificationOrder, content)
	require.NoError(t, err)
	require.Equal(t, first, again)
	act := desk.Act{CaseID: first.CaseID, Expected: 1, Key: "k2"}
	evidence := raw(t, sharing.Evidence{Text: "已整改"})
	handed, err := r.Step(ctx, r.User(owing), act, sharing.HandInEvidence, evidence)
	require.NoError(t, err)
	repeated, err := r.Step(ctx, r.User(owing), act, sharing.HandInEvidence, evidence)
	require.NoError(t, err)
	require.Equal(t, handed, repeated)
	_, err = r.Step(ctx, r.User(center("shuozhou")), desk.Act{CaseID: first.CaseID, Expected: 1}, sharing.JudgeEvidence, raw(t, sharing.Ruling{Agree: true}))
	require.Equal(t, sharing.CodeStale, code(t, err))
	_, err = r.Step(ctx, r.User(center("shuozhou")), desk.Act{CaseID: first.CaseID, Expected: 2}, sharing.JudgeEvidence, []byte(`{"agree":true,"verdict":"yes"}`))
	require.Equal(t, sharing.CodeInvalid, code(t, err), "what the step does not expect")
}

// Evidence is handed in while the case is taken to the next rung: one of the two
// comes first, and the other is told.
func TestEvidenceAgainstEscalation(t *testing.T) {
	r := desktest.New(t)
	department, authority, above := r.User(owing), r.User(center("shuozhou")), r.User(superior("shuozhou"))
	evidence := raw(t, sharing.Evidence{Text: "已整改"})
	escalation := raw(t, sharing.Escalation{Reasons: "情节严重", Serious: true})
	order := raw(t, sharing.Escalation{Reasons: "责令", Term: sharing.Term{Days: 5}, Serious: true})
	lanes(t, func(t *testing.T, rounds int) {
		ctx := t.Context()
		begin := func() string {
			return orders(t, r, center("shuozhou"), finding("shuozhou-gongan", "quality"), sharing.Notified)
		}
		id := begin()
		for round := range rounds {
			c, err := r.Store.CaseByID(ctx, id)
			require.NoError(t, err)
			who, message := authority, escalation
			if c.State == sharing.Reported {
				who, message = above, order
			}
			act := desk.Act{CaseID: id, Expected: c.Version}
			var (
				wait sync.WaitGroup
				errs [2]error
			)
			wait.Go(func() { _, errs[0] = r.Step(ctx, department, act, sharing.HandInEvidence, evidence) })
			wait.Go(func() { _, errs[1] = r.Step(ctx, who, act, sharing.Escalate, message) })
			wait.Wait()
			one(t, round, errs)
			now, err := r.Store.CaseByID(ctx, id)
			require.NoError(t, err)
			require.Equal(t, c.Version+1, now.Version)
			switch now.State {
			case sharing.Reviewing:
				require.NoError(t, errs[0])
				goes(t, r, center("shuozhou"), id, sharing.JudgeEvidence, sharing.Ruling{Reasons: "不足"}, c.State)
			case sharing.Ordered:
				id = begin()
			default:
				require.Equal(t, sharing.Reported, now.State)
			}
		}
	})
	_, err := r.Store.VerifyTrail(t.Context())
	require.NoError(t, err)
}
