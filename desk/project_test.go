package desk_test

import (
	"encoding/json"
	"errors"
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

// project is a project of a region with one planned resource, which became the
// entry of the code.
func project(entry string) sharing.Project {
	return sharing.Project{Name: "社会救助信息系统", Budget: "本级财政预算", Resources: []sharing.PlannedResource{{
		Title: "救助对象", Class: sharing.Conditional, Cycle: sharing.Monthly, Way: sharing.Warehouse, Fields: []string{"救助类别"}, Entry: entry,
	}}}
}

// builder and checker of a region, and others who look on.
func minzheng(region string) string { return region + "-minzheng-requester" }
func center(region string) string   { return region + "-authority-officer" }
func treasury(region string) string { return region + "-finance-officer" }
func superior(region string) string { return region + "-supervisor-officer" }

// register registers a project and returns its id.
func register(t testing.TB, r *desktest.Rig, region string, p sharing.Project) string {
	t.Helper()
	out, err := r.Open(t.Context(), r.User(minzheng(region)), "", sharing.ProjectAcceptance, raw(t, p))
	require.NoError(t, err)
	require.Equal(t, sharing.Initiating, out.State)
	return out.CaseID
}

// takes takes a step on a case as it stands.
func takes(t testing.TB, r *desktest.Rig, user, caseID string, action sharing.Action, message any) (desk.Outcome, error) {
	t.Helper()
	c, err := r.Store.CaseByID(t.Context(), caseID)
	require.NoError(t, err)
	return r.Step(t.Context(), r.User(user), desk.Act{CaseID: caseID, Expected: c.Version}, action, raw(t, message))
}

// goes takes a step that must succeed.
func goes(t testing.TB, r *desktest.Rig, user, caseID string, action sharing.Action, message any, to sharing.State) {
	t.Helper()
	out, err := takes(t, r, user, caseID, action, message)
	require.NoError(t, err)
	require.Equal(t, to, out.State)
}

// brokenRules lists the fields and rules that an error names.
func brokenRules(err error) string {
	var e *sharing.Error
	if !errors.As(err, &e) {
		return ""
	}
	var all []string
	for _, f := range e.Fields {
		all = append(all, f.Field+":"+f.Rule)
	}
	return strings.Join(all, " ")
}

func article(err error) string {
	var e *sharing.Error
	if !errors.As(err, &e) {
		return ""
	}
	return e.Article
}

func stored[T any](t testing.TB, r *desktest.Rig, caseID string) T {
	t.Helper()
	c, err := r.Store.CaseByID(t.Context(), caseID)
	require.NoError(t, err)
	var v T
	require.NoError(t, json.Unmarshal(c.Content, &v))
	return v
}

// topics are what a user's department has been told of, the newest first.
func topics(t testing.TB, r *desktest.Rig, user string) (all []string) {
	t.Helper()
	page, err := r.Messages(t.Context(), r.User(user), desk.MessageQuery{})
	require.NoError(t, err)
	for _, m := range page.Items {
		all = append(all, m.Topic)
	}
	return all
}

// file uploads a file and returns its id.
func file(t testing.TB, r *desktest.Rig, user string) string {
	t.Helper()
	a, err := r.Upload(t.Context(), r.User(user), "", "测评报告.pdf", "application/pdf", strings.NewReader("%PDF-1.7\n1 0 obj<<>>endobj\n%%EOF\n"))
	require.NoError(t, err)
	return a.ID
}

// stated answers what the catalog does not, for the one resource of [project].
func stated(met bool) []sharing.StatedCheck {
	checks := []sharing.StatedCheck{
		{Check: sharing.CheckCollected, Resource: "救助对象"}, {Check: sharing.CheckQuality, Resource: "救助对象"},
		{Check: sharing.CheckSecurityTest}, {Check: sharing.CheckPerformanceTest}, {Check: sharing.CheckDocuments},
	}
	for i := range checks {
		checks[i].Met, checks[i].Evidence = met || i != 1, "现场核对记录"
	}
	return checks
}

// From the list to acceptance at yanzhou: refused once, with all gaps in one
// notice and the notice to the finance department, then mended and accepted, and
// looked at half a year later.
func TestAProjectAtYanzhou(t *testing.T) {
	r := desktest.New(t)
	ctx := t.Context()
	id := register(t, r, "yanzhou", project(""))
	goes(t, r, center("yanzhou"), id, sharing.Initiate, sharing.Ruling{Agree: true}, sharing.Building)
	goes(t, r, minzheng("yanzhou"), id, sharing.AskAcceptance, sharing.AcceptanceRequest{}, sharing.Accepting)

	// Not catalogued: what hangs on that is unmet too, and acceptance is refused.
	_, err := takes(t, r, center("yanzhou"), id, sharing.Accept, sharing.Acceptance{Agree: true, Checks: stated(true), Attachments: []string{file(t, r, center("yanzhou"))}})
	require.Equal(t, "/checks:check_met /checks:check_met /checks:check_met", brokenRules(err))
	require.Equal(t, "13, 36", article(err))
	_, err = takes(t, r, center("yanzhou"), id, sharing.Accept, sharing.Acceptance{Checks: stated(false)[:2]})
	require.Equal(t, "/checks:check_answered /checks:check_answered /checks:check_answered", brokenRules(err), "all gaps come in one notice")
	_, err = takes(t, r, center("yanzhou"), id, sharing.Accept, sharing.Acceptance{Checks: stated(false)})
	require.Equal(t, "/attachments:required", brokenRules(err), "a report that nobody handed in")
	goes(t, r, center("yanzhou"), id, sharing.Accept, sharing.Acceptance{Checks: stated(false), Reasons: "数据质量不符合要求", Attachments: []string{file(t, r, center("yanzhou"))}}, sharing.Rectifying)

	record := stored[sharing.ProjectRecord](t, r, id)
	require.Len(t, sharing.Gaps(record.Results), 4)
	require.Equal(t, []sharing.Hold{
		{Consequence: "no_acceptance", Article: "36", Since: record.Checked}, {Consequence: "funds_held", Article: "36", Since: record.Checked},
	}, record.Holds)
	held, err := r.FundsHeld(ctx, r.User(treasury("yanzhou")), "", 0)
	require.NoError(t, err)
	require.Equal(t, 1, held.Total)
	require.Equal(t, id, held.Items[0].ID)
	require.Equal(t, record.Holds, held.Items[0].Record.Holds)
	require.Equal(t, []string{"funds_held"}, topics(t, r, treasury("yanzhou")))
	_, err = r.FundsHeld(ctx, r.User(minzheng("yanzhou")), "", 0)
	require.Equal(t, sharing.CodeForbidden, code(t, err))
	elsewhere, err := r.FundsHeld(ctx, r.User(treasury("city")), "", 0)
	require.NoError(t, err)
	require.Zero(t, elsewhere.Total, "another region's")

	tasks, err := r.Tasks(ctx, r.User(minzheng("yanzhou")), desk.TaskQuery{})
	require.NoError(t, err)
	require.Equal(t, 1, tasks.Total)
	require.Equal(t, sharing.TaskKind(sharing.ReportGaps), tasks.Items[0].Kind)
	_, err = takes(t, r, minzheng("yanzhou"), id, sharing.ReportGaps, sharing.GapReport{Note: "已编目", Entries: []sharing.EntryLink{{Resource: "救助对象", Entry: "YZ-GA-001"}}})
	require.Equal(t, "/entries/0/entry:own_entry", brokenRules(err), "another department's entry")
	_, err = takes(t, r, minzheng("yanzhou"), id, sharing.ReportGaps, sharing.GapReport{Note: "已编目", Entries: []sharing.EntryLink{{Resource: "救助对象", Entry: "YZ-XX-999"}}})
	require.Equal(t, "/entries/0/entry:own_entry", brokenRules(err), "no entry at all")
	goes(t, r, minzheng("yanzhou"), id, sharing.ReportGaps, sharing.GapReport{Note: "已编目", Entries: []sharing.EntryLink{{Resource: "救助对象", Entry: "YZ-MZ-002"}}}, sharing.Accepting)
	held, err = r.FundsHeld(ctx, r.User(center("yanzhou")), "", 0)
	require.NoError(t, err)
	require.Equal(t, 1, held.Total, "they wait until it is accepted")

	_, err = takes(t, r, center("yanzhou"), id, sharing.Accept, sharing.Acceptance{Checks: stated(true)})
	require.Equal(t, "/agree:gap_named", brokenRules(err), "nothing is missing")
	goes(t, r, center("yanzhou"), id, sharing.Accept, sharing.Acceptance{Agree: true, Checks: stated(true)}, sharing.Accepted)
	held, err = r.FundsHeld(ctx, r.User(treasury("yanzhou")), "", 0)
	require.NoError(t, err)
	require.Zero(t, held.Total)

	view, err := r.Case(ctx, r.User(minzheng("yanzhou")), id)
	require.NoError(t, err)
	require.NotNil(t, view.WakeAt)
	require.Equal(t, sharing.DateOf(time.Now()).AddMonths(6), sharing.DateOf(*view.WakeAt))
	require.Equal(t, []sharing.Action{sharing.Retire}, view.Can)
	snapshot := r.Advance(id)
	require.Equal(t, view.Version, snapshot.Version, "not before its day")

	goes(t, r, minzheng("yanzhou"), id, sharing.Retire, sharing.OptionalRemark{}, sharing.Retired)
	_, err = r.Store.VerifyTrail(ctx)
	require.NoError(t, err)
}

// after sets the case's own time back, as if it had come.
func after(t testing.TB, r *desktest.Rig, caseID string) {
	t.Helper()
	require.NoError(t, r.Owner.InTx(t.Context(), func(tx *postgres.Tx) error {
		c, err := tx.LockCase(t.Context(), caseID)
		require.NoError(t, err)
		past := time.Now().Add(-time.Minute)
		c.WakeAt, c.Version = &past, c.Version+1
		return tx.StepCase(t.Context(), c)
	}))
}

// accepted takes a project of a region to acceptance.
func accepted(t testing.TB, r *desktest.Rig, region, entry string) string {
	t.Helper()
	id := register(t, r, region, project(entry))
	goes(t, r, center(region), id, sharing.Initiate, sharing.Ruling{Agree: true}, sharing.Building)
	goes(t, r, minzheng(region), id, sharing.AskAcceptance, sharing.AcceptanceRequest{}, sharing.Accepting)
	goes(t, r, center(region), id, sharing.Accept, sharing.Acceptance{Agree: true, Checks: stated(true)[:1]}, sharing.Accepted)
	return id
}

// A live project of the city is inspected by schedule: what is no longer shared as
// listed stands where O&M money and new projects are decided (city-2023 art. 34).
func TestALiveProjectIsInspected(t *testing.T) {
	r := desktest.New(t)
	ctx := t.Context()
	id := accepted(t, r, "city", "CS-MZ-002")
	after(t, r, id)
	r.Advance(id)
	view, err := r.Case(ctx, r.User(center("city")), id)
	require.NoError(t, err)
	last := view.Acts[len(view.Acts)-1]
	require.Equal(t, sharing.Inspect, last.Action)
	require.Equal(t, sharing.System, last.By)
	require.Contains(t, string(last.Body), `"sharing_status"`)
	require.Empty(t, stored[sharing.ProjectRecord](t, r, id).Holds)
	require.Equal(t, []sharing.Action{sharing.Inspect}, view.Can)

	entry := r.Resource("city", "CS-MZ-002")
	entry.Class = sharing.NotShared
	r.Put(entry)
	after(t, r, id)
	r.Advance(id)
	record := stored[sharing.ProjectRecord](t, r, id)
	require.Len(t, record.Holds, 2)
	require.Equal(t, "no_maintenance_funds", record.Holds[0].Consequence)
	require.Equal(t, sharing.LessShared, record.Results[0].Reason)
	held, err := r.FundsHeld(ctx, r.User(treasury("city")), "", 0)
	require.NoError(t, err)
	require.Equal(t, 1, held.Total)

	// A new project of the department is not barred, but whoever pays for it is told.
	next := register(t, r, "city", project(""))
	before := topics(t, r, treasury("city"))
	goes(t, r, center("city"), next, sharing.Initiate, sharing.Ruling{Agree: true}, sharing.Building)
	require.Len(t, topics(t, r, treasury("city")), len(before)+1)
	view, err = r.Case(ctx, r.User(treasury("city")), next)
	require.NoError(t, err)
	require.Equal(t, held.Items[0].Number, view.Timeline[len(view.Timeline)-1].Data["new_projects_held"])

	// Shared again, and found so by hand.
	entry.Class = sharing.Conditional
	r.Put(entry)
	goes(t, r, center("city"), id, sharing.Inspect, sharing.Inspection{Note: "已恢复共享"}, sharing.Accepted)
	require.Empty(t, stored[sharing.ProjectRecord](t, r, id).Holds)
}

// A department whose project does not meet the requirements gets no new one
// approved (lishui-2020 art. 29).
func TestNoNewProjectWhileOneFails(t *testing.T) {
	r := desktest.New(t)
	first := register(t, r, "lishui", project(""))
	goes(t, r, center("lishui"), first, sharing.Initiate, sharing.Ruling{Agree: true}, sharing.Building)
	goes(t, r, minzheng("lishui"), first, sharing.AskAcceptance, sharing.AcceptanceRequest{}, sharing.Accepting)
	goes(t, r, center("lishui"), first, sharing.Accept, sharing.Acceptance{Checks: stated(true)[:1], Reasons: "未编目"}, sharing.Rectifying)

	second := register(t, r, "lishui", project(""))
	_, err := takes(t, r, center("lishui"), second, sharing.Initiate, sharing.Ruling{Agree: true})
	require.Equal(t, "/agree:in_standing", brokenRules(err))
	require.Equal(t, "29", article(err))
	goes(t, r, minzheng("lishui"), first, sharing.ReportGaps, sharing.GapReport{Note: "已编目", Entries: []sharing.EntryLink{{Resource: "救助对象", Entry: "LS-MZ-002"}}}, sharing.Accepting)
	goes(t, r, center("lishui"), first, sharing.Accept, sharing.Acceptance{Agree: true, Checks: stated(true)[:1]}, sharing.Accepted)
	goes(t, r, center("lishui"), second, sharing.Initiate, sharing.Ruling{Agree: true}, sharing.Building)

	_, err = takes(t, r, center("lishui"), first, sharing.Inspect, sharing.Inspection{})
	require.Equal(t, sharing.CodeWrongState, code(t, err), "nothing is checked there after going live")
	view, err := r.Case(t.Context(), r.User(center("lishui")), first)
	require.NoError(t, err)
	require.Nil(t, view.WakeAt)
	require.NotContains(t, view.Can, sharing.Inspect)
}

// Classified projects are not checked at acceptance in shuozhou (art. 11), and a
// regulation without a list asks for none (jinan-startup).
func TestWhatARegulationDoesNotAsk(t *testing.T) {
	r := desktest.New(t)
	secret := project("")
	secret.Classified = true
	id := register(t, r, "shuozhou", secret)
	goes(t, r, center("shuozhou"), id, sharing.Initiate, sharing.Ruling{Agree: true}, sharing.Building)
	goes(t, r, minzheng("shuozhou"), id, sharing.AskAcceptance, sharing.AcceptanceRequest{}, sharing.Accepting)
	goes(t, r, center("shuozhou"), id, sharing.Accept, sharing.Acceptance{Agree: true}, sharing.Accepted)

	bare := project("")
	bare.Resources = nil
	id = register(t, r, "jinan-startup", bare)
	goes(t, r, center("jinan-startup"), id, sharing.Initiate, sharing.Ruling{Agree: true}, sharing.Building)
	goes(t, r, minzheng("jinan-startup"), id, sharing.AskAcceptance, sharing.AcceptanceRequest{}, sharing.Accepting)
	_, err := takes(t, r, center("jinan-startup"), id, sharing.Accept, sharing.Acceptance{Agree: true})
	require.Equal(t, "/checks:check_answered", brokenRules(err))
	require.Equal(t, "12", article(err))
	collected := []sharing.StatedCheck{{Check: sharing.CheckCollected, Met: true, Evidence: "已通过接口汇聚"}}
	goes(t, r, center("jinan-startup"), id, sharing.Accept, sharing.Acceptance{Agree: true, Checks: collected}, sharing.Accepted)
}

func TestProjectsRefused(t *testing.T) {
	r := desktest.New(t)
	ctx := t.Context()
	for name, row := range map[string]struct {
		user    string
		change  func(*sharing.Project)
		code    sharing.Code
		broken  string
		article string
	}{
		"without a list":      {minzheng("yanzhou"), func(p *sharing.Project) { p.Resources = nil }, sharing.CodeInvalid, "/resources:required", "36"},
		"an unnamed way":      {minzheng("yanzhou"), func(p *sharing.Project) { p.Resources[0].Way = sharing.OtherWay }, sharing.CodeInvalid, "/resources/0/way:one_of", "13"},
		"an unknown code":     {minzheng("yanzhou"), func(p *sharing.Project) { p.Resources[0].Entry = "YZ-XX-999" }, sharing.CodeInvalid, "/resources/0/entry:own_entry", ""},
		"another's entry":     {minzheng("yanzhou"), func(p *sharing.Project) { p.Resources[0].Entry = "YZ-GA-001" }, sharing.CodeInvalid, "/resources/0/entry:own_entry", ""},
		"another's secret":    {minzheng("yanzhou"), func(p *sharing.Project) { p.Resources[0].Entry = "YZ-GA-004" }, sharing.CodeInvalid, "/resources/0/entry:own_entry", ""},
		"another region's":    {minzheng("yanzhou"), func(p *sharing.Project) { p.Resources[0].Entry = "CS-MZ-002" }, sharing.CodeInvalid, "/resources/0/entry:own_entry", ""},
		"a file of nobody's":  {minzheng("yanzhou"), func(p *sharing.Project) { p.Attachments = []string{"x"} }, sharing.CodeInvalid, "/attachments/0:exists", ""},
		"by the finance dept": {treasury("yanzhou"), func(*sharing.Project) {}, sharing.CodeForbidden, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			p := project("")
			row.change(&p)
			_, err := r.Open(ctx, r.User(row.user), "", sharing.ProjectAcceptance, raw(t, p))
			require.Equal(t, row.code, code(t, err))
			require.Equal(t, row.broken, brokenRules(err))
			require.Equal(t, row.article, article(err))
		})
	}
	cases, err := r.Cases(ctx, r.User(center("yanzhou")), desk.CaseQuery{Procedure: sharing.ProjectAcceptance})
	require.NoError(t, err)
	require.Zero(t, cases.Total, "nothing half done")

	id := register(t, r, "yanzhou", project("YZ-MZ-002"))
	_, err = takes(t, r, minzheng("yanzhou"), id, sharing.Initiate, sharing.Ruling{Agree: true})
	require.Equal(t, sharing.CodeForbidden, code(t, err), "not one's own")
	_, err = takes(t, r, center("yanzhou"), id, sharing.Initiate, sharing.Ruling{})
	require.Equal(t, "/reasons:required", brokenRules(err))
	for _, user := range []string{"yanzhou-gongan-requester", center("city"), treasury("city")} {
		_, err = r.Case(ctx, r.User(user), id)
		require.Equal(t, sharing.CodeNotFound, code(t, err), user)
	}
	goes(t, r, center("yanzhou"), id, sharing.Initiate, sharing.Ruling{Agree: true}, sharing.Building)
	goes(t, r, minzheng("yanzhou"), id, sharing.AskAcceptance, sharing.AcceptanceRequest{}, sharing.Accepting)
	for name, row := range map[string]struct {
		checks []sharing.StatedCheck
		want   string
	}{
		"what the law does not ask":  {[]sharing.StatedCheck{{Check: sharing.CheckSharingStatus, Resource: "救助对象", Met: true, Evidence: "见附件"}}, "/checks/0/check:asked_by_law"},
		"what the catalog answers":   {[]sharing.StatedCheck{{Check: sharing.CheckShared, Resource: "救助对象", Met: true, Evidence: "见附件"}}, "/checks/0:automatic"},
		"a resource not on the list": {[]sharing.StatedCheck{{Check: sharing.CheckQuality, Resource: "另一资源", Met: true, Evidence: "见附件"}}, "/checks/0/resource:exists"},
		"without evidence":           {[]sharing.StatedCheck{{Check: sharing.CheckQuality, Resource: "救助对象", Met: true}}, "/checks/0/evidence:required"},
	} {
		_, err := takes(t, r, center("yanzhou"), id, sharing.Accept, sharing.Acceptance{Agree: true, Checks: row.checks})
		require.Equal(t, row.want, brokenRules(err), name)
	}
}

// What another department provides already is named when a project plans to
// collect it again (一数一源).
func TestOneSource(t *testing.T) {
	r := desktest.New(t)
	p := project("")
	p.Resources[0].Fields = []string{"民族", "公民身份号码", "别处没有的数据项"}
	id := register(t, r, "yanzhou", p)
	record := stored[sharing.ProjectRecord](t, r, id)
	require.Len(t, record.Elsewhere, 1, "an identity number is a key, and a new item nobody's")
	require.Equal(t, "民族", record.Elsewhere[0].Field)
	require.Equal(t, "YZ-GA-001", record.Elsewhere[0].Entry)
}

// One officer accepts a project and another does not, at the same time: one wins.
func TestTwoOfficersJudgeAProject(t *testing.T) {
	r := desktest.New(t)
	officer, head := r.User(center("city")), r.User("city-authority-head")
	yes := raw(t, sharing.Acceptance{Agree: true, Checks: stated(true)[:1]})
	unmet := stated(true)[:1]
	unmet[0].Met = false
	no := raw(t, sharing.Acceptance{Checks: unmet, Reasons: "未归集"})
	lanes(t, func(t *testing.T, rounds int) {
		begin := func() string {
			id := register(t, r, "city", project("CS-MZ-002"))
			goes(t, r, center("city"), id, sharing.Initiate, sharing.Ruling{Agree: true}, sharing.Building)
			goes(t, r, minzheng("city"), id, sharing.AskAcceptance, sharing.AcceptanceRequest{}, sharing.Accepting)
			return id
		}
		id := begin()
		for round := range rounds {
			c, err := r.Store.CaseByID(t.Context(), id)
			require.NoError(t, err)
			act := desk.Act{CaseID: id, Expected: c.Version}
			var (
				wait sync.WaitGroup
				outs [2]desk.Outcome
				errs [2]error
			)
			wait.Go(func() { outs[0], errs[0] = r.Step(t.Context(), officer, act, sharing.Accept, yes) })
			wait.Go(func() { outs[1], errs[1] = r.Step(t.Context(), head, act, sharing.Accept, no) })
			wait.Wait()
			one(t, round, errs)
			if errs[0] == nil {
				require.Equal(t, sharing.Accepted, outs[0].State)
				id = begin()
				continue
			}
			require.Equal(t, sharing.Rectifying, outs[1].State)
			goes(t, r, minzheng("city"), id, sharing.ReportGaps, sharing.GapReport{Note: "已归集"}, sharing.Accepting)
		}
	})
	_, err := r.Store.VerifyTrail(t.Context())
	require.NoError(t, err)
}

// lanes runs the rounds of a race on several cases at once.
func lanes(t *testing.T, race func(t *testing.T, rounds int)) {
	t.Helper()
	const beside = 4
	t.Run("lanes", func(t *testing.T) {
		for range beside {
			t.Run("", func(t *testing.T) {
				t.Parallel()
				race(t, max(1, *rounds/beside))
			})
		}
	})
}

// one requires that exactly one of two who acted on the same version succeeded,
// and that the other was told why not.
func one(t testing.TB, round int, errs [2]error) {
	t.Helper()
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
