package desk_test

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"gongshu/desk"
	"gongshu/desk/desktest"
	"gongshu/policies/regulations"
	"gongshu/regulation"
	"gongshu/sharing"
	"gongshu/workday"
)

// household is the entry that most of these tests change.
const household = conditional

// cataloguers are the people of one region who change a catalog.
type cataloguers struct {
	author, reviewer, secrecy, officer, above string
}

func (r room) of(region string) cataloguers {
	return cataloguers{author: region + "-gongan-specialist", reviewer: region + "-gongan-approver", secrecy: region + "-gongan-head",
		officer: region + "-authority-officer", above: region + "-supervisor-officer"}
}

// room is a rig with shorthands for catalog changes.
type room struct{ *desktest.Rig }

// prolonged is every shipped regulation, with jinan-startup-2023 recorded as
// prolonged: its changes can be tried whatever day it is.
func prolonged(t *testing.T) *regulation.Library {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "extension.yaml"), []byte(
		"overlay: jinan-startup-2023\nextended_until: 2031-11-30\nextended_by: 济起管发〔2026〕7号\n"), 0o600))
	law, err := regulation.Load(regulations.Files, os.DirFS(dir))
	require.NoError(t, err)
	return law
}

func changing(t *testing.T) room {
	t.Helper()
	return room{desktest.NewUnder(t, prolonged(t), workday.ShippedCalendar())}
}

func (r room) open(user string, p sharing.ChangeProposal) (desk.Outcome, error) {
	body, err := json.Marshal(p)
	require.NoError(r.T, err)
	return r.Open(r.T.Context(), r.User(user), "", sharing.CatalogChange, body)
}

func (r room) filed(user string, p sharing.ChangeProposal) desk.Outcome {
	r.T.Helper()
	out, err := r.open(user, p)
	require.NoError(r.T, err)
	return out
}

func (r room) step(user string, c desk.Outcome, action sharing.Action, said any) (desk.Outcome, error) {
	body, err := json.Marshal(said)
	require.NoError(r.T, err)
	return r.Step(r.T.Context(), r.User(user), desk.Act{CaseID: c.CaseID, Expected: c.Version}, action, body)
}

func (r room) agree(user string, c desk.Outcome, action sharing.Action) desk.Outcome {
	r.T.Helper()
	out, err := r.step(user, c, action, sharing.Ruling{Agree: true})
	require.NoError(r.T, err)
	return out
}

func (r room) current(user, id string) sharing.Resource {
	r.T.Helper()
	found, err := r.Desk.Resource(r.T.Context(), r.User(user), id)
	require.NoError(r.T, err)
	return found
}

func (r room) sql(statement string, args ...any) {
	r.T.Helper()
	conn, err := pgx.Connect(r.T.Context(), r.Database.OwnerURL)
	require.NoError(r.T, err)
	defer func() { require.NoError(r.T, conn.Close(r.T.Context())) }()
	_, err = conn.Exec(r.T.Context(), statement, args...)
	require.NoError(r.T, err)
}

// granted gives a department of the region a grant on an entry.
func (r room) granted(requester, approver, specialist, region, code string) string {
	r.T.Helper()
	ctx := r.T.Context()
	c := r.Apply(requester, r.Request(region, code), nil).Cases[0]
	if c.State == sharing.InUse {
		return c.CaseID
	}
	out, err := r.Answer(ctx, r.User(approver), desk.Act{CaseID: c.CaseID, Expected: 1}, sharing.Decision{Agree: true})
	require.NoError(r.T, err)
	if out.State == sharing.Consenting {
		r.T.Fatal("needs the authority's consent")
	}
	_, err = r.Provide(ctx, r.User(specialist), desk.Act{CaseID: c.CaseID, Expected: 2}, sharing.Provision{Mode: sharing.QueryAPI, Locator: "https://exchange.example/x"})
	require.NoError(r.T, err)
	return c.CaseID
}

func todayIs() sharing.Date { return sharing.DateOf(time.Now()) }

func elements(id string) sharing.ChangeProposal {
	return sharing.ChangeProposal{Kind: sharing.ChangedElements, ResourceID: id, Trigger: sharing.OtherTrigger, Why: "更新频率提高",
		Entry: sharing.EntryDraft{Description: "辖区内常住户口登记人员的基本信息，每小时更新。", Format: "接口"}}
}

func fresh(code string) sharing.ChangeProposal {
	return sharing.ChangeProposal{Kind: sharing.NewEntry, Trigger: sharing.FunctionChanged, TriggeredOn: todayIs(), Why: "新增职能",
		Entry: sharing.EntryDraft{Code: code, Title: "无人驾驶航空器登记", Class: sharing.Conditional, OpenClass: sharing.NotOpen, Grade: 2,
			Cycle: sharing.Monthly, Format: "数据库表", Modes: []sharing.Mode{sharing.QueryAPI},
			Basis: []sharing.LegalGround{{Source: sharing.SourceLaw, Law: "治安管理处罚法", Article: "第一条"}},
			Fields: []sharing.Field{{Name: "drone_no", Title: "航空器登记号", Type: "string", Grade: 2},
				{Name: "drone_owner", Title: "航空器所有人", Type: "string", Grade: 2}}}}
}

// A new entry under every regulation: each asks for its own reviews, and the entry is
// found when the last has agreed.
func TestANewEntryUnderEveryRegulation(t *testing.T) {
	r := changing(t)
	for region, reviews := range map[string][]sharing.Action{
		"yanzhou":       {sharing.ReviewChange, sharing.ClearSecrecy},
		"city":          {sharing.ReviewChange, sharing.ClearSecrecy},
		"jinan-startup": {sharing.ReviewChange, sharing.ClearSecrecy, sharing.CheckChange},
		"lishui":        {sharing.ReviewChange, sharing.ClearSecrecy, sharing.CheckChange},
		"shuozhou":      {sharing.ReviewChange, sharing.CheckChange},
	} {
		t.Run(region, func(t *testing.T) {
			who := r.of(region)
			c := r.filed(who.author, fresh("GA-NEW-1"))
			require.Equal(t, sharing.DepartmentReview, c.State)
			for _, action := range reviews {
				view, err := r.Case(t.Context(), r.User(who.author), c.CaseID)
				require.NoError(t, err)
				require.NotContains(t, view.Can, action, "the author may review")
				reviewer := map[sharing.Action]string{sharing.ReviewChange: who.reviewer, sharing.ClearSecrecy: who.secrecy, sharing.CheckChange: who.officer}[action]
				view, err = r.Case(t.Context(), r.User(reviewer), c.CaseID)
				require.NoError(t, err)
				require.Contains(t, view.Can, action)
				require.Equal(t, sharing.TaskKind(action), view.Task.Kind)
				c = r.agree(reviewer, c, action)
			}
			require.Equal(t, sharing.Published, c.State)
			view, err := r.Case(t.Context(), r.User(who.author), c.CaseID)
			require.NoError(t, err)
			require.Nil(t, view.Task)
			entry := r.current(who.author, view.Resource.ID)
			require.Equal(t, 1, entry.Version)
			require.Equal(t, "《治安管理处罚法》第一条", entry.Basis)
			require.Equal(t, who.author[:len(who.author)-len("-specialist")], entry.Provider.ID)
			found, err := r.Catalog(t.Context(), r.User(region+"-minzheng-requester"), desk.CatalogQuery{Text: "无人驾驶航空器"})
			require.NoError(t, err)
			require.Equal(t, 1, found.Total)
			last := view.Timeline[len(view.Timeline)-1]
			require.NotEmpty(t, last.Article)
			require.Equal(t, todayIs().String(), last.Data["takes_effect_on"])
			// Its limit, where there is one, was kept.
			for _, k := range view.Clocks {
				require.Equal(t, sharing.Met, k.State)
			}
			wantClock := region == "city" || region == "jinan-startup"
			require.Equal(t, wantClock, len(view.Clocks) == 1)
			// The code is taken now.
			_, err = r.open(who.author, fresh("GA-NEW-1"))
			requireField(t, err, "/entry/code", "unique")
		})
	}
	_, err := r.Store.VerifyTrail(t.Context())
	require.NoError(t, err)
}

func requireField(t *testing.T, err error, field, rule string) *sharing.Error {
	t.Helper()
	var e *sharing.Error
	require.True(t, errors.As(err, &e), "%v", err)
	require.True(t, slices.ContainsFunc(e.Fields, func(f sharing.FieldError) bool { return f.Field == field && f.Rule == rule }), "%v", err)
	return e
}

// Holders of grants are warned: a change takes effect a month after its approval at
// the earliest, by itself, and who has not acknowledged is known.
func TestHoldersAreWarned(t *testing.T) {
	r := changing(t)
	ctx := t.Context()
	who := r.of("shuozhou")
	id := r.Resource("shuozhou", household).ID
	share := r.granted(requester, approver, specialist, "shuozhou", household)

	notice := sharing.DateOf(time.Now()).AddMonths(1)
	early := elements(id)
	early.EffectiveOn = notice
	_, err := r.open(who.author, early)
	e := requireField(t, err, "/effective_on", "earliest")
	require.Equal(t, "12", e.Article)
	require.Equal(t, (notice + 1).String(), e.Fields[0].Detail)
	asked := early
	asked.EffectiveOn = notice + 1

	c := r.filed(who.author, asked)
	c = r.agree(who.reviewer, c, sharing.ReviewChange)
	require.Equal(t, sharing.AuthorityReview, c.State, "nothing is opened, so there is no secrecy review")
	notices, err := r.ChangeNotices(ctx, r.User(requester))
	require.NoError(t, err)
	require.Empty(t, notices, "holders are warned only after the approval")
	c = r.agree(who.officer, c, sharing.CheckChange)
	require.Equal(t, sharing.Warning, c.State)
	require.Equal(t, 1, r.current(who.author, id).Version)

	view, err := r.Case(ctx, r.User(who.officer), c.CaseID)
	require.NoError(t, err)
	require.Equal(t, (notice + 1).Start(), view.WakeAt.In(sharing.Shanghai))
	require.Len(t, view.Clocks, 1)
	require.Equal(t, "catalog.notice", view.Clocks[0].Duty)
	require.Empty(t, view.Clocks[0].Rungs)
	require.True(t, view.Clocks[0].Notice)
	require.NotNil(t, view.Clocks[0].MetAt, "it takes effect after the notice ends: nothing is late from then on")
	require.Equal(t, desk.Grey, view.Clocks[0].Light)

	// The holder sees what changes and from when, and not the case.
	_, err = r.Case(ctx, r.User(requester), c.CaseID)
	require.Equal(t, sharing.CodeNotFound, code(t, err))
	notices, err = r.ChangeNotices(ctx, r.User(requester))
	require.NoError(t, err)
	require.Len(t, notices, 1)
	require.Equal(t, notice+1, notices[0].TakesEffectOn)
	require.True(t, notices[0].MayAcknowledge)
	require.Equal(t, []string{"description", "format"}, []string{notices[0].Diff[0].Field, notices[0].Diff[1].Field})
	messages, err := r.Messages(ctx, r.User(requester), desk.MessageQuery{})
	require.NoError(t, err)
	require.Equal(t, "change_announced", messages.Items[0].Topic)
	require.Equal(t, share, messages.Items[0].Case.ID)
	require.Equal(t, (notice + 1).String(), messages.Items[0].Data["takes_effect_on"])

	// Who holds no grant knows nothing of it and acknowledges nothing.
	none, err := r.ChangeNotices(ctx, r.User(stranger))
	require.NoError(t, err)
	require.Empty(t, none)
	require.Equal(t, sharing.CodeNotFound, code(t, r.AcknowledgeChange(ctx, r.User(stranger), "", c.CaseID)))
	_, err = r.ChangeHolders(ctx, r.User(stranger), c.CaseID)
	require.Equal(t, sharing.CodeNotFound, code(t, err))

	holders, err := r.ChangeHolders(ctx, r.User(who.author), c.CaseID)
	require.NoError(t, err)
	require.Len(t, holders, 1)
	require.Nil(t, holders[0].Acknowledged)
	for range 2 { // the second time changes nothing
		require.NoError(t, r.AcknowledgeChange(ctx, r.User(requester), "read", c.CaseID))
	}
	require.NoError(t, r.AcknowledgeChange(ctx, r.User("shuozhou-minzheng-head"), "", c.CaseID))
	holders, err = r.ChangeHolders(ctx, r.User(who.officer), c.CaseID)
	require.NoError(t, err)
	require.Len(t, holders, 1)
	require.NotNil(t, holders[0].Acknowledged)
	require.Equal(t, r.User(requester).Name, holders[0].AcknowledgedBy)
	view, err = r.Case(ctx, r.User(who.author), c.CaseID)
	require.NoError(t, err)
	require.Equal(t, c.Version, view.Version, "an acknowledgement is no step of the case")

	// Before its day nothing happens, on its day it takes effect.
	require.Equal(t, sharing.Warning, r.Advance(c.CaseID).State)
	r.sql(`UPDATE cases SET wake_at = clock_timestamp() - interval '1 second' WHERE id = $1`, c.CaseID)
	require.Equal(t, sharing.Published, r.Advance(c.CaseID).State)
	require.Equal(t, sharing.Published, r.Advance(c.CaseID).State)
	entry := r.current(requester, id)
	require.Equal(t, 2, entry.Version)
	require.Equal(t, "接口", entry.Format)
	view, err = r.Case(ctx, r.User(who.author), c.CaseID)
	require.NoError(t, err)
	require.Equal(t, sharing.Met, view.Clocks[0].State)
	require.Equal(t, 2, view.Resource.Version)

	// The grant knows the version it was given on, and its holder what came after.
	versions, err := r.Versions(ctx, r.User(requester), id)
	require.NoError(t, err)
	require.Len(t, versions, 2)
	require.Equal(t, 2, versions[0].Version)
	require.Nil(t, versions[0].ReplacedAt)
	require.Len(t, versions[0].Diff, 2)
	require.Equal(t, "数据库表", versions[1].Format)
	of, err := r.Case(ctx, r.User(requester), share)
	require.NoError(t, err)
	require.Equal(t, 1, of.Resource.Version)
}

// An approval that comes late moves the day of effect; it never shortens the notice.
func TestANoticeIsNotCutShort(t *testing.T) {
	r := changing(t)
	who := r.of("shuozhou")
	id := r.Resource("shuozhou", household).ID
	p := elements(id)
	p.EffectiveOn = todayIs() + 3 // nobody holds a grant yet
	c := r.filed(who.author, p)
	c = r.agree(who.reviewer, c, sharing.ReviewChange)
	r.granted(requester, approver, specialist, "shuozhou", household)
	c = r.agree(who.officer, c, sharing.CheckChange)
	require.Equal(t, sharing.Warning, c.State)
	view, err := r.Case(t.Context(), r.User(who.author), c.CaseID)
	require.NoError(t, err)
	require.Equal(t, todayIs().AddMonths(1).End(), view.WakeAt.In(sharing.Shanghai))

	// Taken back, the holders are told and nothing takes effect.
	out, err := r.step(who.author, c, sharing.Withdraw, sharing.OptionalRemark{})
	require.NoError(t, err)
	require.Equal(t, sharing.Withdrawn, out.State)
	messages, err := r.Messages(t.Context(), r.User(requester), desk.MessageQuery{})
	require.NoError(t, err)
	require.Equal(t, "change_taken_back", messages.Items[0].Topic)
	require.Equal(t, sharing.CodeNotFound, code(t, r.AcknowledgeChange(t.Context(), r.User(requester), "", c.CaseID)))
	require.Equal(t, 1, r.current(who.author, id).Version)
}

// Without a notice in the regulation a change is published at once, or on the later
// day that was asked for.
func TestEffectWithoutNotice(t *testing.T) {
	r := changing(t)
	who := r.of("yanzhou")
	all, err := r.Catalog(t.Context(), r.User(who.author), desk.CatalogQuery{Provider: "yanzhou-gongan", Class: sharing.Conditional, Limit: 50})
	require.NoError(t, err)
	entry := all.Items[0]
	p := elements(entry.ID)
	p.EffectiveOn = todayIs() + 10
	c := r.filed(who.author, p)
	c = r.agree(who.reviewer, c, sharing.ReviewChange)
	c = r.agree(who.secrecy, c, sharing.ClearSecrecy)
	require.Equal(t, sharing.Warning, c.State)
	view, err := r.Case(t.Context(), r.User(who.author), c.CaseID)
	require.NoError(t, err)
	require.Equal(t, (todayIs() + 10).Start(), view.WakeAt.In(sharing.Shanghai))
	require.Empty(t, view.Clocks)

	// It belongs to another department by then: it goes back with the reason.
	r.sql(`INSERT INTO resource_versions (resource_id, version, entry) SELECT id, version, '{}' FROM resources WHERE id = $1`, entry.ID)
	r.sql(`UPDATE resources SET department_id = 'yanzhou-minzheng', version = version + 1 WHERE id = $1`, entry.ID)
	r.sql(`UPDATE cases SET wake_at = clock_timestamp() - interval '1 second' WHERE id = $1`, c.CaseID)
	require.Equal(t, sharing.Revising, r.Advance(c.CaseID).State)
	view, err = r.Case(t.Context(), r.User(who.author), c.CaseID)
	require.NoError(t, err)
	require.Contains(t, view.Timeline[len(view.Timeline)-1].Note, "another department")
	require.Equal(t, sharing.TaskKind(sharing.Revise), view.Task.Kind)
}

// A temporary change holds at once and reverts by itself; the next version has the
// class of before.
func TestTemporaryChange(t *testing.T) {
	r := changing(t)
	ctx := t.Context()
	who := r.of("jinan-startup")
	id := r.Resource("jinan-startup", "QB-GA-001").ID
	before := r.current(who.author, id)
	p := sharing.ChangeProposal{Kind: sharing.TemporaryClass, ResourceID: id, Trigger: sharing.OtherTrigger, Why: "处置公共事件", Ground: "public_incident",
		LastDay: todayIs() + 30, Entry: sharing.EntryDraft{Class: sharing.NotShared}}
	for name, c := range map[string]struct {
		spoil       func(*sharing.ChangeProposal)
		field, rule string
	}{
		"no ground of the text": {func(p *sharing.ChangeProposal) { p.Ground = "convenience" }, "/ground", "one_of"},
		"no last day":           {func(p *sharing.ChangeProposal) { p.LastDay = 0 }, "/last_day", "required"},
		"last day in the past":  {func(p *sharing.ChangeProposal) { p.LastDay = todayIs() - 1 }, "/last_day", "not_in_past"},
	} {
		bad := p
		c.spoil(&bad)
		_, err := r.open(who.author, bad)
		require.NotNil(t, requireField(t, err, c.field, c.rule), name)
	}
	c := r.filed(who.author, p)
	c = r.agree(who.reviewer, c, sharing.ReviewChange)
	require.Equal(t, sharing.Temporary, c.State, "nothing is shared or opened: no secrecy review")
	now := r.current(who.author, id)
	require.Equal(t, sharing.NotShared, now.Class)
	require.Contains(t, now.Basis, "第十五条")
	view, err := r.Case(ctx, r.User(who.officer), c.CaseID)
	require.NoError(t, err)
	require.Equal(t, (todayIs() + 30).End(), view.WakeAt.In(sharing.Shanghai))
	require.Contains(t, view.Timeline[0].Article, "15")
	// While it holds, no other change of the entry is filed.
	_, err = r.open(who.author, elements(id))
	require.Equal(t, view.Number, requireField(t, err, "/resource_id", "open_change").Fields[0].Detail)

	r.sql(`UPDATE cases SET wake_at = clock_timestamp() - interval '1 second' WHERE id = $1`, c.CaseID)
	require.Equal(t, sharing.Reverted, r.Advance(c.CaseID).State)
	again := r.current(who.author, id)
	require.Equal(t, before.Class, again.Class)
	require.Equal(t, before.Basis, again.Basis)
	require.Equal(t, before.Condition, again.Condition)
	require.Equal(t, before.Version+2, again.Version)
	versions, err := r.Versions(ctx, r.User(who.author), id)
	require.NoError(t, err)
	require.Len(t, versions, 3)

	// Or earlier, when its ground is gone.
	c = r.filed(who.author, p)
	c = r.agree(who.reviewer, c, sharing.ReviewChange)
	_, err = r.step(who.author, c, sharing.EndEarly, sharing.Remark{Note: "事件处置完毕"})
	require.Equal(t, sharing.CodeForbidden, code(t, err), "an approver or the head ends it")
	out, err := r.step(who.reviewer, c, sharing.EndEarly, sharing.Remark{Note: "事件处置完毕"})
	require.NoError(t, err)
	require.Equal(t, sharing.Reverted, out.State)
	require.Equal(t, before.Class, r.current(who.author, id).Class)

	// Where the text knows no such change there is none.
	elsewhere := p
	elsewhere.ResourceID = r.Resource("shuozhou", household).ID
	_, err = r.open(specialist, elsewhere)
	requireField(t, err, "/kind", "not_provided_for")
}

// What is not to be shared is approved above the authority (jinan-startup 15).
func TestNotSharedIsApprovedAbove(t *testing.T) {
	r := changing(t)
	who := r.of("jinan-startup")
	id := r.Resource("jinan-startup", "QB-GA-001").ID
	p := sharing.ChangeProposal{Kind: sharing.ChangedClass, ResourceID: id, Trigger: sharing.LawChanged, TriggeredOn: todayIs() - 1, Why: "法律修订",
		Entry: sharing.EntryDraft{Class: sharing.NotShared}}
	_, err := r.open(who.author, p)
	e := requireField(t, err, "/entry/basis", "required")
	require.Equal(t, sharing.CodeBasisRequired, e.Code)
	require.Equal(t, "15", e.Article)
	p.Entry.Basis = []sharing.LegalGround{{Source: sharing.SourceProvincialPolicy, Law: "省文件"}}
	_, err = r.open(who.author, p)
	requireField(t, err, "/entry/basis/0/source", "one_of")
	p.Entry.Basis = []sharing.LegalGround{{Source: sharing.SourceLaw, Law: "数据安全法", Article: "第二十一条"}}

	c := r.filed(who.author, p)
	c = r.agree(who.reviewer, c, sharing.ReviewChange)
	require.Equal(t, sharing.AuthorityReview, c.State)
	view, err := r.Case(t.Context(), r.User(who.author), c.CaseID)
	require.NoError(t, err)
	require.Equal(t, sharing.Met, view.Clocks[0].State, "it is owed to be filed with the authority")
	c = r.agree(who.officer, c, sharing.CheckChange)
	require.Equal(t, sharing.ApprovalAbove, c.State)
	inbox, err := r.Tasks(t.Context(), r.User(who.above), desk.TaskQuery{})
	require.NoError(t, err)
	require.Equal(t, 1, inbox.Total)
	rejected, err := r.step(who.above, c, sharing.ApproveAbove, sharing.Ruling{Reasons: "应当共享"})
	require.NoError(t, err)
	require.Equal(t, sharing.Rejected, rejected.State)
	require.Equal(t, sharing.Conditional, r.current(who.author, id).Class)

	c = r.filed(who.author, p)
	c = r.agree(who.reviewer, c, sharing.ReviewChange)
	c = r.agree(who.officer, c, sharing.CheckChange)
	c = r.agree(who.above, c, sharing.ApproveAbove)
	require.Equal(t, sharing.Published, c.State)
	require.Equal(t, sharing.NotShared, r.current(who.author, id).Class)
}

// Returned with reasons, a change is revised and reviewed from the beginning, by
// nobody who wrote any of it.
func TestReturnedAndRevised(t *testing.T) {
	r := changing(t)
	who := r.of("shuozhou")
	id := r.Resource("shuozhou", household).ID
	p := elements(id)
	c := r.filed(who.reviewer, p) // an approver may write, too
	_, err := r.step(who.reviewer, c, sharing.ReviewChange, sharing.Ruling{Agree: true})
	require.Equal(t, sharing.CodeForbidden, code(t, err))
	_, err = r.step(who.secrecy, c, sharing.ReviewChange, sharing.Ruling{})
	requireField(t, err, "/reasons", "required")
	out, err := r.step(who.secrecy, c, sharing.ReviewChange, sharing.Ruling{Reasons: "格式不符合规范"})
	require.NoError(t, err)
	require.Equal(t, sharing.Revising, out.State)
	p.Entry.Format = "API"
	other := p
	other.Kind, other.Entry = sharing.WithdrawnEntry, sharing.EntryDraft{}
	_, err = r.step(who.author, out, sharing.Revise, other)
	requireField(t, err, "/kind", "same_change")
	out, err = r.step(who.author, out, sharing.Revise, p)
	require.NoError(t, err)
	require.Equal(t, sharing.DepartmentReview, out.State)
	_, err = r.step(who.reviewer, out, sharing.ReviewChange, sharing.Ruling{Agree: true})
	require.Equal(t, sharing.CodeForbidden, code(t, err), "who wrote the first version reviews none")
	out = r.agree(who.secrecy, out, sharing.ReviewChange)
	_, err = r.step(who.secrecy, out, sharing.CheckChange, sharing.Ruling{Agree: true})
	require.Equal(t, sharing.CodeForbidden, code(t, err))
	out = r.agree(who.officer, out, sharing.CheckChange)
	require.Equal(t, sharing.Published, out.State, "nobody holds a grant, so nobody is warned")
	require.Equal(t, "API", r.current(who.author, id).Format)
}

// An entry that is withdrawn is found and applied for no more; a grant on it goes on.
func TestWithdrawnEntry(t *testing.T) {
	r := changing(t)
	ctx := t.Context()
	who := r.of("yanzhou")
	entry := r.conditionalOf("yanzhou", "gongan")
	share := r.granted("yanzhou-minzheng-requester", who.reviewer, who.author, "yanzhou", entry.Code)
	c := r.filed(who.author, sharing.ChangeProposal{Kind: sharing.WithdrawnEntry, ResourceID: entry.ID, Trigger: sharing.FunctionChanged,
		TriggeredOn: todayIs() - 3, Why: "职能划出"})
	c = r.agree(who.reviewer, c, sharing.ReviewChange)
	require.Equal(t, sharing.Published, c.State)
	require.True(t, r.current(who.author, entry.ID).Withdrawn)
	found, err := r.Catalog(ctx, r.User("yanzhou-renshe-requester"), desk.CatalogQuery{Text: entry.Code})
	require.NoError(t, err)
	require.Zero(t, found.Total)
	grants, err := r.Grants(ctx, r.User("yanzhou-minzheng-requester"), desk.GrantQuery{})
	require.NoError(t, err)
	require.Equal(t, share, grants.Items[0].CaseID)
	require.Equal(t, sharing.GrantActive, grants.Items[0].State)
	_, err = r.open(who.author, elements(entry.ID))
	requireField(t, err, "/resource_id", "withdrawn")
	who2 := r.User("yanzhou-renshe-requester")
	require.False(t, r.MayApply(who2, r.current(who.author, entry.ID)))
	draft, err := r.SaveDraft(ctx, who2, "", "", 0, r.Request("yanzhou", entry.Code))
	if err == nil {
		_, err = r.Submit(ctx, who2, "", draft.ID, draft.Version, nil)
	}
	require.Equal(t, sharing.CodeNotShared, code(t, err))
}

// conditionalOf is a conditionally shared entry of a department.
func (r room) conditionalOf(region, office string) sharing.Resource {
	r.T.Helper()
	all, err := r.Catalog(r.T.Context(), r.User(region+"-"+office+"-specialist"), desk.CatalogQuery{Provider: region + "-" + office, Class: sharing.Conditional, Limit: 50})
	require.NoError(r.T, err)
	i := slices.IndexFunc(all.Items, func(e sharing.Resource) bool { return slices.Contains(e.Modes, sharing.QueryAPI) && e.Grade < 4 })
	require.GreaterOrEqual(r.T, i, 0)
	return all.Items[i]
}

// What a proposal cannot be, and under which article.
func TestUnlawfulChanges(t *testing.T) {
	r := changing(t)
	city := r.of("city")
	base := r.Resource("city", "CS-GA-001")
	basis := []sharing.LegalGround{{Source: sharing.SourceLaw, Law: "个人信息保护法", Article: "第六条"}}
	toClass := func(id string, class sharing.Class) sharing.ChangeProposal {
		return sharing.ChangeProposal{Kind: sharing.ChangedClass, ResourceID: id, Trigger: sharing.OtherTrigger, Why: "调整", Entry: sharing.EntryDraft{Class: class, Basis: basis}}
	}
	foreign := r.conditionalOf("shuozhou", "minzheng")
	second := fresh("GA-SECOND")
	second.Entry.Fields[0].Title = " 婚姻 状况 "
	for name, c := range map[string]struct {
		who            string
		p              sharing.ChangeProposal
		field, rule    string
		article        string
		wantCode       sharing.Code
		changeProposal func(*sharing.ChangeProposal)
	}{
		"base data stays unconditional": {who: city.author, p: toClass(base.ID, sharing.Conditional), field: "/entry/class", rule: "base_data", article: "20"},
		"conditional without basis": {who: city.author, p: fresh("C-1"), field: "/entry/basis", rule: "required", article: "19", wantCode: sharing.CodeBasisRequired,
			changeProposal: func(p *sharing.ChangeProposal) { p.Entry.Basis = nil }},
		"a basis that does not count": {who: city.author, p: fresh("C-1"), field: "/entry/basis/0/source", rule: "one_of", article: "19",
			changeProposal: func(p *sharing.ChangeProposal) { p.Entry.Basis[0].Source = sharing.SourceProvincialPolicy }},
		"a day of effect in the past": {who: city.author, p: fresh("C-1"), field: "/effective_on", rule: "not_in_past",
			changeProposal: func(p *sharing.ChangeProposal) { p.EffectiveOn = todayIs() - 1 }},
		"a trigger ahead": {who: city.author, p: fresh("C-1"), field: "/triggered_on", rule: "not_in_future",
			changeProposal: func(p *sharing.ChangeProposal) { p.TriggeredOn = todayIs() + 1 }},
		"an unknown field type": {who: city.author, p: fresh("C-1"), field: "/entry/fields/1/type", rule: "one_of",
			changeProposal: func(p *sharing.ChangeProposal) { p.Entry.Fields[1].Type = "blob" }},
		"a code that is taken": {who: city.author, p: fresh("CS-GA-001"), field: "/entry/code", rule: "unique"},
		"no format where the text asks": {who: city.author, p: fresh("C-1"), field: "/entry/format", rule: "required", article: "11",
			changeProposal: func(p *sharing.ChangeProposal) { p.Entry.Format = "" }},
		"base data of no kind": {who: city.author, p: fresh("C-1"), field: "/entry/base", rule: "one_of", article: "20",
			changeProposal: func(p *sharing.ChangeProposal) { p.Entry.Base = "weather" }},
		"nothing that changes": {who: city.author, p: toClass(base.ID, sharing.Unconditional), field: "/entry", rule: "changes_nothing",
			changeProposal: func(p *sharing.ChangeProposal) {
				p.Entry = sharing.EntryDraft{OpenClass: base.OpenClass}
			}},
		"a second source without a reason": {who: specialist, p: second, field: "/second_source_reason", rule: "one_source", article: "13, 21"},
	} {
		t.Run(name, func(t *testing.T) {
			p := c.p
			p.Entry.Basis, p.Entry.Fields = slices.Clone(p.Entry.Basis), slices.Clone(p.Entry.Fields)
			if c.changeProposal != nil {
				c.changeProposal(&p)
			}
			_, err := r.open(c.who, p)
			e := requireField(t, err, c.field, c.rule)
			require.Equal(t, c.article, e.Article)
			if c.wantCode == "" {
				c.wantCode = sharing.CodeInvalid
			}
			require.Equal(t, c.wantCode, e.Code)
		})
	}
	t.Run("with a reason a second source is accepted", func(t *testing.T) {
		p := second
		p.SecondSource = "口径不同，仅含驾驶人"
		_, err := r.open(specialist, p)
		require.NoError(t, err)
	})
	t.Run("whose it is not", func(t *testing.T) {
		_, err := r.open(specialist, elements(foreign.ID))
		require.Equal(t, sharing.CodeForbidden, code(t, err))
		_, err = r.open(specialist, elements(base.ID)) // of another region
		require.Equal(t, sharing.CodeNotFound, code(t, err))
		hidden := slices.IndexFunc(r.World.Resources, func(e sharing.Resource) bool {
			return e.RegionID == "shuozhou" && e.Class == sharing.NotShared && e.Provider.ID != "shuozhou-gongan"
		})
		_, err = r.open(specialist, elements(r.World.Resources[hidden].ID))
		require.Equal(t, sharing.CodeNotFound, code(t, err))
		for _, who := range []string{requester, officer, "shuozhou-supervisor-officer"} {
			_, err = r.open(who, fresh("X-1"))
			require.Equal(t, sharing.CodeForbidden, code(t, err), who)
		}
	})
	t.Run("one at a time", func(t *testing.T) {
		id := r.Resource("shuozhou", household).ID
		c := r.filed(specialist, elements(id))
		view, err := r.Case(t.Context(), r.User(specialist), c.CaseID)
		require.NoError(t, err)
		_, err = r.open(specialist, elements(id))
		require.Equal(t, view.Number, requireField(t, err, "/resource_id", "open_change").Fields[0].Detail)
		require.Equal(t, sharing.CodeWrongState, code(t, err))
		_, err = r.Case(t.Context(), r.User(requester), c.CaseID)
		require.Equal(t, sharing.CodeNotFound, code(t, err), "another department sees nothing of it")
		body, err := json.Marshal(elements(id))
		require.NoError(t, err)
		_, err = r.step(specialist, c, sharing.Withdraw, sharing.OptionalRemark{Note: "另行提出"})
		require.NoError(t, err)
		first, err := r.Open(t.Context(), r.User(specialist), "same", sharing.CatalogChange, body)
		require.NoError(t, err)
		again, err := r.Open(t.Context(), r.User(specialist), "same", sharing.CatalogChange, body)
		require.NoError(t, err)
		require.Equal(t, first, again)
	})
}

// A change filed after its limit is accepted and recorded as late.
func TestFiledLate(t *testing.T) {
	r := changing(t)
	for region, c := range map[string]struct {
		trigger sharing.ChangeTrigger
		days    sharing.Date
		duty    string
		late    bool
	}{
		"city":          {sharing.LawChanged, 60, "catalog.file", true},
		"jinan-startup": {sharing.FunctionChanged, 2, "catalog.file", false},
		"yanzhou":       {sharing.ElementsChanged, 500, "catalog.elements", true},
		"shuozhou":      {sharing.LawChanged, 500, "", false},
	} {
		t.Run(region, func(t *testing.T) {
			who := r.of(region)
			entry := r.conditionalOf(region, "gongan")
			p := elements(entry.ID)
			p.Trigger, p.TriggeredOn = c.trigger, todayIs()-c.days
			view, err := r.Case(t.Context(), r.User(who.author), r.filed(who.author, p).CaseID)
			require.NoError(t, err)
			if c.duty == "" {
				require.Empty(t, view.Clocks)
				return
			}
			require.Len(t, view.Clocks, 1)
			k := view.Clocks[0]
			require.Equal(t, c.duty, k.Duty)
			require.Equal(t, p.TriggeredOn, sharing.DateOf(k.Clock.Start))
			require.Equal(t, k.DueDate.String(), view.Timeline[0].Data[c.duty])
			if c.late {
				require.Equal(t, sharing.Met, k.State)
				require.True(t, k.Overdue(time.Now()))
				require.Equal(t, c.duty, view.Timeline[0].Data["late"])
			} else {
				require.Equal(t, sharing.Running, k.State)
				require.Empty(t, view.Timeline[0].Data["late"])
			}
		})
	}
}

// A draft is kept, and held to the rules when it is handed in.
func TestDrafts(t *testing.T) {
	r := changing(t)
	who := r.of("city")
	p := fresh("GA-DRAFT")
	p.Draft, p.Why, p.Entry.Basis, p.Entry.Fields = true, "", nil, nil
	c := r.filed(who.author, p)
	require.Equal(t, sharing.Revising, c.State)
	view, err := r.Case(t.Context(), r.User(who.author), c.CaseID)
	require.NoError(t, err)
	require.Equal(t, sharing.TaskKind(sharing.Revise), view.Task.Kind)
	require.Empty(t, view.Clocks)
	_, err = r.step(who.author, c, sharing.Revise, p)
	requireField(t, err, "/kind", "same_change")
	p.Draft = false
	_, err = r.step(who.author, c, sharing.Revise, p)
	requireField(t, err, "/why", "required")
	c, err = r.step(who.author, c, sharing.Revise, fresh("GA-DRAFT"))
	require.NoError(t, err)
	require.Equal(t, sharing.DepartmentReview, c.State)
	view, err = r.Case(t.Context(), r.User(who.author), c.CaseID)
	require.NoError(t, err)
	require.Len(t, view.Clocks, 1)
	c = r.agree(who.reviewer, c, sharing.ReviewChange)
	require.Equal(t, sharing.Published, r.agree(who.secrecy, c, sharing.ClearSecrecy).State)
}

// An entry that is owed after a coordination is drafted by its owner, who cannot take
// it back, and published like any other.
func TestOwedEntry(t *testing.T) {
	r := changing(t)
	ctx := t.Context()
	who := r.of("shuozhou")
	take := func(user string, c desk.Outcome, action sharing.Action, said any) desk.Outcome {
		t.Helper()
		out, err := r.step(user, c, action, said)
		require.NoError(t, err)
		return out
	}
	asked, err := json.Marshal(sharing.CoordinationRequest{Occasion: sharing.OnNotListed, Data: "养犬登记名册", Items: []string{"犬只编号"}, Purpose: "防疫",
		Duty: "动物防疫", Mode: sharing.Batch, TermMonths: 12, Grounds: "目录中没有"})
	require.NoError(t, err)
	c, err := r.Open(ctx, r.User(requester), "", sharing.Coordination, asked)
	require.NoError(t, err)
	c = take(who.officer, c, sharing.NameOwner, sharing.OwnerNamed{Department: "shuozhou-gongan"})
	c = take("shuozhou-authority-head", c, sharing.Rule, sharing.CoordinationRuling{Outcome: sharing.Catalogued, Reasons: "应当编目"})
	view, err := r.Case(ctx, r.User("shuozhou-authority-head"), c.CaseID)
	require.NoError(t, err)
	i := slices.IndexFunc(view.Children, func(o sharing.Case) bool { return o.Procedure == sharing.CatalogChange })
	require.GreaterOrEqual(t, i, 0)
	owed := desk.Outcome{CaseID: view.Children[i].ID, Version: 1}
	entry, err := r.Case(ctx, r.User(who.author), owed.CaseID)
	require.NoError(t, err)
	require.Equal(t, sharing.Revising, entry.State)
	require.Equal(t, "养犬登记名册", entry.Title)
	require.Equal(t, "20", entry.Timeline[0].Article)
	require.Contains(t, entry.Can, sharing.Revise)
	require.NotContains(t, entry.Can, sharing.Withdraw)
	_, err = r.step(who.author, owed, sharing.Withdraw, sharing.OptionalRemark{})
	require.Equal(t, sharing.CodeForbidden, code(t, err))

	owed = take(who.author, owed, sharing.Revise, fresh("SZ-GA-OWED"))
	owed = r.agree(who.reviewer, owed, sharing.ReviewChange)
	owed = r.agree(who.officer, owed, sharing.CheckChange)
	require.Equal(t, sharing.Published, owed.State)
	entry, err = r.Case(ctx, r.User(who.author), owed.CaseID)
	require.NoError(t, err)
	require.Equal(t, "SZ-GA-OWED", entry.Resource.Code)
}
