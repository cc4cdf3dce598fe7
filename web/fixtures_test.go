package web

import (
	"html/template"
	"net/url"
	"slices"
	"time"

	"gongshu/desk"
	"gongshu/sharing"
)

// hostile stands in every field of the fixtures that people write: it must come
// out as text.
const hostile = `<script>alert(1)</script><img src=x onerror=alert(2)>"'&=HYPERLINK("x")`

var (
	noon     = time.Date(2026, 11, 20, 12, 0, 0, 0, sharing.Shanghai)
	region   = sharing.Region{ID: "shuozhou", Name: "朔州市" + hostile, NameEN: "Shuozhou" + hostile}
	taxes    = sharing.Department{ID: "sz-tax", RegionID: "shuozhou", Name: "市税务局" + hostile, NameEN: "Tax Bureau" + hostile}
	police   = sharing.Department{ID: "sz-police", RegionID: "shuozhou", Name: "市公安局" + hostile, NameEN: "Police" + hostile}
	reader   = sharing.User{ID: "u" + hostile, Name: "李敏" + hostile, Department: taxes, Region: region, Roles: []sharing.Role{sharing.Approver, sharing.Requester}}
	resource = sharing.Resource{
		ID: "r1", Code: "C1" + hostile, RegionID: "shuozhou", Provider: police, Title: "人口基础信息" + hostile,
		Description: hostile, Class: sharing.Conditional, OpenClass: sharing.NotOpen, Grade: 3, Basis: hostile, Condition: hostile,
		Cycle: sharing.Daily, Format: hostile, Modes: []sharing.Mode{sharing.QueryAPI, sharing.Batch}, Base: sharing.BasePopulation,
		Fields:  []sharing.Field{{Name: "name" + hostile, Title: "姓名" + hostile, Type: "string" + hostile, Grade: 3}, {Name: "id", Title: "证件号", Type: "string", Grade: 4}},
		Version: 2, UpdatedAt: noon,
	}
	request = sharing.Request{
		Items: []sharing.Item{{ResourceID: "r1"}}, Purpose: hostile, Duty: hostile, Mode: sharing.QueryAPI, TermMonths: 12, Scenario: hostile, Attachments: []string{"f1"},
	}
	attachment = desk.Attachment{ID: "f1", Name: hostile, MediaType: "text/plain", Size: 4096, CreatedAt: noon}
	law        = desk.RegulationRef{ID: "shuozhou-2021@1", Title: "管理办法" + hostile, Number: "〔2021〕2号" + hostile, Authority: "信息局" + hostile,
		ClassNames: map[sharing.Class]string{sharing.Conditional: "有条件共享" + hostile}}
)

func number(n int) *int { return &n }

// clockOf is a clock of five working days of which so many are left.
func clockOf(light desk.Light, left *int) desk.Clock {
	due := sharing.NewDate(2026, 11, 24)
	return desk.Clock{
		Deadline: sharing.Deadline{
			ID: "d1", Duty: sharing.DutyAnswer, Article: "16", Statutory: true, Owes: police, State: sharing.Running,
			Clock: sharing.Clock{Budget: sharing.Budget{N: 5, Unit: sharing.WorkingDays}, Start: noon,
				Extensions:  []sharing.Extension{{At: noon, N: 2, Reason: hostile}},
				Suspensions: []sharing.Suspension{{From: noon, Until: &noon}, {From: noon}}},
			DueAt: due.End(), DueDate: due, Provisional: true,
		},
		Title: "答复" + hostile, TitleEN: "Answer" + hostile, Light: light, Left: left,
		Days: []sharing.Day{
			{Date: due - 4, Kind: sharing.StartDay}, {Date: due - 3, Kind: sharing.Weekend}, {Date: due - 2, Kind: sharing.MakeUp, N: 1, Source: hostile},
			{Date: due - 1, Kind: sharing.Holiday, Source: hostile, Provisional: true}, {Date: due, Kind: sharing.Worked, N: 2},
			{Date: due, Kind: sharing.Suspended}, {Date: due, Kind: sharing.Counted, N: 3}, {Date: due, Kind: sharing.MovedForward},
		},
		Rungs: []sharing.Rung{{Kind: sharing.Reminder, At: noon, FiredAt: &noon}, {Kind: sharing.LimitReached, At: noon},
			{Kind: sharing.Urged, At: noon}, {Kind: sharing.Supervised, At: noon}, {Kind: sharing.Rectification, At: noon}},
	}
}

func caseIn(state sharing.State) sharing.Case {
	return sharing.Case{
		ID: "c1", Number: "G20261120-1" + hostile, Procedure: sharing.ShareApplication, Title: hostile, ApplicationID: "a1", RegionID: "shuozhou", RegulationID: law.ID,
		Resource: sharing.ResourceRef{ID: "r1", Code: hostile, Title: hostile, Version: 2}, Class: sharing.Conditional, Grade: 3,
		Provider: police, Applicant: taxes, State: state, Version: 4, Request: request, Fields: []string{"name" + hostile, "id"}, Paper: true, ReceivedAt: noon,
	}
}

// chinese puts a case's story into words, which is done before the page is made.
func chinese() words {
	all, err := loadDictionaries()
	if err != nil {
		panic(err)
	}
	return words{locale: Chinese, own: all[Chinese], lost: func(key string) { panic("no text for " + key) }}
}

// caseFixture is a case with everything a case can have.
func caseFixture(state sharing.State, can ...sharing.Action) *casePage {
	target := clockOf(desk.Yellow, number(1))
	target.Statutory = false
	met := clockOf(desk.Grey, nil)
	met.State, met.MetAt = sharing.Met, &noon
	page := &casePage{
		CaseView: desk.CaseView{
			Case: caseIn(state), Regulation: law, Clocks: []desk.Clock{clockOf(desk.Red, number(-3)), target, met},
			Completion: &sharing.Completion{Gaps: []string{hostile, "缺少职责依据"}, Note: hostile},
			Decision:   &sharing.Decision{Reasons: hostile, Basis: []sharing.Basis{{Law: hostile, Article: "16" + hostile, Attachment: "f1"}}},
			Provision:  &sharing.Provision{Mode: sharing.Batch, Locator: hostile, Note: hostile},
			Grant: &sharing.Grant{ID: "g1", CaseID: "c1", Resource: sharing.ResourceRef{Title: hostile}, Provider: police, Grantee: taxes,
				Fields: []string{"id"}, Mode: sharing.Batch, Locator: hostile, Conditions: hostile, State: sharing.GrantActive, ValidFrom: noon, ValidUntil: noon},
			Attachments:  []desk.Attachment{attachment},
			Can:          can,
			Refusal:      sharing.RefusalRule{Reasons: true, LegalBasis: true, Proof: true, Article: "3(2)"},
			Coordination: "22",
		},
		Titles: map[string]string{"id": "证件号" + hostile}, Modes: sharing.Modes, Laws: []string{hostile},
		Aids: answerAids{Articles: []choice{{Value: hostile + "|16", Label: hostile}}, Partial: "18(2)", Grades: map[string]sharing.Grade{"id": 4}, Earlier: []desk.EarlierAnswer{
			{CaseID: "c2", Number: hostile, Title: hostile, Applicant: taxes, Same: true, At: noon, Decision: sharing.Decision{Reasons: hostile, Basis: []sharing.Basis{{Law: hostile, Article: "16"}}}},
			{CaseID: "c3", Title: hostile, Decision: sharing.Decision{Agree: true, Conditions: hostile}}}},
		Failed: hostile, Typed: []string{hostile},
	}
	actions := []sharing.Action{sharing.Submit, sharing.RungFired, sharing.RequestCompletion, sharing.Complete, sharing.Answer, sharing.Provide,
		sharing.ReportFailure, sharing.Confirm, sharing.Withdraw, sharing.Expire, sharing.Claim, sharing.Release, sharing.CalendarMoved, sharing.Pass, sharing.SendBack, sharing.Extend, sharing.Reassign}
	for i, action := range actions {
		page.Timeline = append(page.Timeline, sharing.Entry{
			Seq: int64(i), At: noon, Actor: "u1", ActorName: hostile, DepartmentName: hostile, Action: action, From: sharing.Answering, To: sharing.Refused,
			Version: i, Article: "16", Note: hostile,
			Data: map[string]string{"rung": "urged", "due_date": "2026-11-24", "received_on": "2026-11-20", sharing.DutyAnswer: "2026-11-24",
				sharing.DutyProvide: "2026-11-24", sharing.DutyConfirm: "2026-11-24", "valid_until": "2027-11-24", "late": sharing.DutyAnswer, "task": "answer", "old_date": "2026-11-24", "new_date": "2026-11-25", "notice": hostile, sharing.DutyPrecheck: "2026-11-20",
				"duty": sharing.DutyAnswer, "offset": "2", "owes": police.ID, "from_department": police.ID, "to_department": taxes.ID, "extended_by": "2", "shortened": "true", "provisional": "true"},
		})
	}
	page.Timeline[1].Actor = sharing.System
	s := storyteller{words: chinese(), departments: []sharing.Department{police, taxes}}
	page.Story = s.tell(page.Timeline)
	page.Meanwhile, page.Departments = page.Story[2:4], []sharing.Department{police, taxes}
	parent, child := caseIn(sharing.Refused), caseIn(sharing.UnderCoordination)
	child.Procedure = sharing.Coordination
	page.Parent, page.Children = &parent, []sharing.Case{child, parent}
	page.Acts, page.Ways = actsFixture(), waysFixture()
	page.Task = &sharing.Task{Kind: sharing.TaskAnswer, Department: police, ClaimedByName: hostile}
	for i, action := range can {
		page.Steps = append(page.Steps, caseStep{Action: action, Case: page, Form: formFixture(), Open: i == 0})
		page.Steps[i].Form.Prefix = "-" + string(action)
	}
	return page
}

// checkedFixture is a case whose answer was checked before it is sent.
func checkedFixture(decision string) *casePage {
	page := caseFixture(sharing.Answering, sharing.Answer)
	f := page.Steps[0].Form
	f.Typed.Set("checked", "yes")
	f.Typed.Set("decision", decision)
	return page
}

// formFixture is a form that came back with a problem at every field there is.
func formFixture() *form {
	f := newForm(4)
	f.Message = "需要改正" + hostile
	for _, name := range []string{"purpose", "duty", "scenario", "note", "locator", "reasons", "conditions", "term_months", "n", "reason", "basis.0.law", "basis.0.article", "token"} {
		f.Typed.Set(name, hostile)
	}
	f.Typed["gap"] = []string{hostile, hostile}
	f.Typed.Set("rows", "3")
	f.Typed.Set("basis.0.attachment", "f1")
	f.Typed["field"] = []string{"id"}
	f.Typed["item"] = []string{"r1", "gone"}
	f.Typed["attachment"] = []string{"f1"}
	f.Files = []desk.Attachment{attachment}
	for _, pointer := range []string{"/purpose", "/duty", "/scenario", "/mode", "/term_months", "/items", "/items/0/resource_id", "/items/0/fields",
		"/attachments", "/for", "/received_on", "/agree", "/fields", "/reasons", "/conditions", "/basis", "/basis/0/law", "/basis/0/article",
		"/basis/0/attachment", "/gaps", "/gaps/0", "/n", "/reason", "/note", "/locator", "/token", "/received", "/days", "/duty", "/department"} {
		f.add(pointer, "wrong at "+pointer)
	}
	return f
}

// everyInput has an input of each kind that needs no desk.
var everyInput = []input{
	{Name: "note", As: asLine, Required: true, Suggest: func(*scene) []string { return []string{hostile} }},
	{Name: "reasons", As: asText, If: when("agree", "false")},
	{Name: "department", As: asNumber, Required: true},
	{Name: "reason", As: asDate},
	{Name: "resource", As: asSelect, From: offered, Renew: true}, {Name: "parent", As: asRadio, From: offered, Required: true, Renew: true},
	{Name: "agree", As: asYesNo, Required: true}, {Name: "basis.law", As: asTick}, {Name: "basis.article", As: asTicks, From: offered},
	{Name: "resource_id", As: asLines},
	{Name: "basis", As: asBasis, Required: true},
	{Name: "attachments", As: asFiles}, {Name: "basis.attachment", As: asFile}, {Name: "hidden", As: asHidden},
}

func offered(*scene) ([]choice, error) {
	return []choice{{Value: "x" + hostile, Label: hostile}, {Value: "y", Label: "乙", Chosen: true}}, nil
}

// controlsFixture is a form laid out, with a problem at every input.
func controlsFixture(f *form) []control {
	for _, in := range everyInput {
		f.Typed.Set(in.Name, hostile)
		f.add(in.pointer(), "wrong at "+in.Name)
	}
	f.Typed.Set("agree", "true")
	f.Typed.Set("basis.rows", "2")
	f.Typed["attachments.attachment"] = []string{"f1"}
	s := &scene{visit: &visit{words: chinese()}, Procedure: sharing.StandingDuty, Action: sharing.Fulfil}
	controls, err := s.controls(f, everyInput)
	if err != nil {
		panic(err)
	}
	found := []choice{{Value: hostile, Label: hostile, Chosen: true}}
	return append(controls, control{As: asResource, ID: f.ID("/found"), Name: "found", Label: hostile, Choices: found, Ask: hostile},
		control{As: asCase, ID: f.ID("/found2"), Name: "found2", Label: hostile, Hint: hostile, Asked: true, IfName: "agree", IfValues: "true"},
		control{As: asDepartment, ID: f.ID("/office"), Name: "office", Label: hostile, Hint: hostile, Required: true, Choices: found, Problems: []string{hostile}})
}

func factsFixture() []fact {
	return []fact{plainFact(hostile, hostile), {Label: hostile, Values: []value{{Text: hostile, Href: "/files/x"}, {Text: hostile, Yes: true}, {Text: hostile, No: true}}},
		{Label: hostile, Head: []string{hostile, "b"}, Rows: [][]value{{{Text: hostile}, {Text: hostile, Href: "/cases/1"}}}}}
}

func waysFixture() []way {
	return []way{{Procedure: sharing.Coordination, Href: "/matters/new/coordination?parent=" + url.QueryEscape(hostile)}}
}

func actsFixture() []actLine {
	return []actLine{{Act: sharing.Act{Version: 2, By: "u1", ByName: hostile, At: noon}, Title: hostile, Department: hostile, Facts: factsFixture()},
		{Act: sharing.Act{Version: 3, By: sharing.System, At: noon}, Title: hostile}}
}

// matterFixture is a case of a procedure with everything it can have.
func matterFixture(p sharing.Procedure) *matterPage {
	from := caseFixture(sharing.Answering)
	page := &matterPage{CaseView: from.CaseView, Facts: factsFixture(), Sections: []template.HTML{"<section>x</section>"}, Ways: waysFixture(), Acts: actsFixture(),
		Story: from.Story, Meanwhile: from.Meanwhile, Failed: hostile, Typed: []string{hostile}}
	page.Procedure, page.State = p, p.Machine().Starts[0]
	page.Task = &sharing.Task{Kind: sharing.TaskKind(p.Machine().Actions()[0]), Department: police}
	for i, transition := range p.Machine().Steps {
		if transition.By == sharing.ByTime || transition.By == sharing.BySystem || i > 0 && transition.Action == p.Machine().Steps[i-1].Action {
			continue
		}
		if slices.ContainsFunc(page.Steps, func(s matterStep) bool { return s.Action == transition.Action }) {
			continue
		}
		f := newForm(4)
		f.Prefix, f.Message, f.Files = "-"+string(transition.Action), hostile, []desk.Attachment{attachment}
		page.Steps = append(page.Steps, matterStep{Action: transition.Action, Form: f, Controls: controlsFixture(f), Open: i == 0, Lead: hostile})
	}
	return page
}

// fixture is a page with data in it.
type fixture struct {
	name string // of the case
	page string
	data any
}

// fixtures has every page, with as much in it as there can be, and empty.
func fixtures() []fixture {
	red, yellow, green := clockOf(desk.Red, number(-3)), clockOf(desk.Yellow, number(0)), clockOf(desk.Green, number(4))
	yellow.ID = "d2"
	atOnce := clockOf(desk.Grey, nil)
	atOnce.DueAt, atOnce.DueDate, atOnce.Clock.Budget = time.Time{}, 0, sharing.Budget{Unit: sharing.Immediately}
	kept := url.Values{"note": {hostile}, hostile: {"x"}}
	users := []sharing.User{reader, {ID: "b", Name: "王", Region: region, Department: police, Roles: []sharing.Role{sharing.Requester}}}
	tour := &tourPage{Regions: []sharing.Region{region}, Region: region, Law: hostile, Stops: []tourStop{{User: reader, Role: sharing.Approver, Sees: hostile}}, Users: 187, Guided: true}
	endings := []ending{{Title: hostile, Article: "45", LastDay: sharing.NewDate(2026, 11, 30), From: sharing.NewDate(2026, 12, 1), DaysLeft: 10}, {Title: hostile, Next: hostile},
		{Title: hostile, DaysLeft: 1, Covered: true, Next: hostile}, {Title: hostile, DaysLeft: -4, Over: true}}
	more := more{Total: 1234, First: "/x", Next: "/x?cursor=abc"}
	tabs := []tab{{Label: "甲" + hostile, Address: "/x", Current: true}, {Label: "乙", Address: "/y"}}
	var summaries []desk.CaseSummary
	for i, state := range sharing.States {
		s := desk.CaseSummary{Case: caseIn(state)}
		if clocks := []*desk.Clock{&red, &yellow, &green, &atOnce, nil}; true {
			s.Clock = clocks[i%len(clocks)]
		}
		if s.Waits = nil; i%2 == 0 {
			s.Waits = &desk.Awaited{Kind: sharing.TaskAnswer, Department: police}
		}
		summaries = append(summaries, s)
	}
	var tasks []desk.TaskView
	for i, kind := range []sharing.TaskKind{sharing.TaskAnswer, sharing.TaskComplete, sharing.TaskProvide, sharing.TaskConfirm, sharing.TaskCheck, sharing.TaskConsent} {
		t := desk.TaskView{Task: sharing.Task{ID: "t", Kind: kind, Department: police, Case: caseIn(sharing.Answering), DoneBy: hostile, DoneByName: hostile, ClaimedByName: hostile, DoneAt: &noon}, Clock: &red}
		t.ClaimedBy = []string{"", reader.ID, hostile, "", "", ""}[i]
		tasks = append(tasks, t)
	}
	application := sharing.Application{ID: "a1", Number: "S1" + hostile, Applicant: taxes, State: sharing.Submitted, Version: 3, Request: request, Paper: true, ReceivedAt: noon, UpdatedAt: noon}
	draft := application
	draft.State, draft.Request.Purpose = sharing.Draft, ""
	view := desk.ApplicationView{Application: application, Resources: []sharing.Resource{resource}, Cases: summaries, Attachments: []desk.Attachment{attachment}}
	unconditional := resource
	unconditional.Class, unconditional.Base = sharing.Unconditional, ""
	notShared := resource
	notShared.Class = sharing.NotShared
	projection := sharing.Projection{DueAt: noon, DueDate: sharing.NewDate(2026, 11, 24), Provisional: true, Days: red.Days}
	board := desk.Board{Figures: desk.Figures{Open: 1200, DueSoon: 3, Overdue: 4}, At: noon,
		Departments: []desk.DepartmentFigures{{Department: police, Figures: desk.Figures{Open: 5, DueSoon: 1, Overdue: 2}}, {Department: taxes}},
		Items:       desk.Page[desk.OverdueItem]{Total: 2, Items: []desk.OverdueItem{{Case: caseIn(sharing.Answering), Clock: red}, {Case: caseIn(sharing.Agreed), Clock: yellow}}}}
	grant := *caseFixture(sharing.InUse).Grant
	choices := []choice{{"left", hostile, false}, {"x" + hostile, hostile, true}}
	opening := newForm(0)
	opening.Message = hostile
	lent := sharing.Delegation{ID: "g1", FromName: hostile, ToName: hostile, Roles: []sharing.Role{sharing.Approver, sharing.DataSpecialist},
		Begins: sharing.NewDate(2026, 11, 20), Ends: sharing.NewDate(2026, 11, 24), Reason: hostile}
	ended := lent
	ended.RevokedAt, ended.RevokedByName = &noon, hostile
	pages := []fixture{
		{"full", "open", openPage{Procedure: sharing.CorrectionDispute, Lead: hostile, Form: opening, Controls: controlsFixture(opening)}},
		{"all", "matters", mattersPage{Procedures: sharing.Procedures}}, {"none", "matters", mattersPage{}},
		{"full", "change_notices", noticesPage{Notices: []noticeLine{noticeFixture(sharing.Warning), noticeFixture(sharing.Temporary)}}}, {"none", "change_notices", noticesPage{}},
		{"full", "versions", versionsPage{Title: hostile, Resource: "r1", Versions: []versionLine{
			{VersionView: desk.VersionView{Resource: resource}, Lines: []differenceLine{{hostile, hostile, ""}, {"x", "", hostile}}},
			{VersionView: desk.VersionView{Resource: sharing.Resource{Version: 1, Class: sharing.NotShared, Grade: 1}, ReplacedAt: &noon}}}}},
		{"bare", "matter", &matterPage{CaseView: desk.CaseView{Case: sharing.Case{Procedure: sharing.StandingDuty, State: sharing.Owed}}}},
		{"full", "delegations", delegationsPage{Form: formFixture(), Colleagues: users, More: more, Found: desk.Page[desk.DelegationView]{Items: []desk.DelegationView{
			{Delegation: lent, Given: true, Running: true, CanEnd: true}, {Delegation: lent}, {Delegation: lent, Over: true}, {Delegation: ended, Over: true}}}}},
		{"full", "sessions", sessionsPage{Idle: 30, Others: true, Listed: []sessionLine{
			{SessionView: desk.SessionView{ID: "s1", Address: hostile, Agent: hostile, Since: noon, Seen: noon, Current: true}},
			{SessionView: desk.SessionView{ID: "s2"}, Device: device{Browser: hostile, System: hostile}},
			{SessionView: desk.SessionView{ID: "s3"}, Device: device{Browser: hostile}}, {SessionView: desk.SessionView{ID: "s4"}, Device: device{System: hostile}}}}},
		{"alone", "sessions", sessionsPage{Idle: 30}},
		{"empty", "delegations", delegationsPage{Form: newForm(0)}},
		{"demo", "home", homePage{Tour: tour}}, {"plain", "home", homePage{}},
		{"full", "workbench", workbenchPage{Answers: true, Figures: []figure{{desk.Red, 1234, hostile, "/inbox"}, {desk.Grey, 0, hostile, "/inbox"}},
			Groups: []taskGroup{{Taken: "me", Total: 9, Tasks: tasks, Href: "/inbox"}, {Taken: "nobody", Total: 1, Tasks: tasks[:1], Href: "/inbox"}},
			Doubts: desk.Page[desk.CaseSummary]{Items: summaries, Total: 3}, Running: desk.Page[sharing.Grant]{Items: []sharing.Grant{grant}}, Grants: desk.Page[sharing.Grant]{Items: []sharing.Grant{grant}},
			Colleagues: []desk.TaskHolder{{Open: 3}, {UserID: "u", Name: hostile, Open: 2, Overdue: 1}}, Notices: []desk.ChangeNotice{noticeFixture(sharing.Warning).ChangeNotice},
			Drafts: desk.Page[sharing.Application]{Items: []sharing.Application{draft, application}},
			Cases:  desk.Page[desk.CaseSummary]{Items: summaries}, Board: &board, Endings: endings, MayPaper: true, Holds: true, Criticisms: true}},
		{"empty", "workbench", workbenchPage{Answers: true, Provides: true}}, {"nothing", "workbench", workbenchPage{Ways: menu[1:]}},
		{"full", "bulk", bulkPage{Title: hostile, Done: 1, Back: "/inbox", Lines: []bulkLine{{hostile, hostile, "/cases/x", ""}, {hostile, hostile, "/cases/y", hostile}}}},
		{"demo", "signin", signInPage{Next: "/x", Demo: true, Regions: byDepartment(users), Found: 2, Form: formFixture(), Kept: kept, Ended: true}},
		{"found", "signin", signInPage{Next: "/x", Demo: true, Query: hostile, Regions: byDepartment(users), Found: 2, Form: newForm(0)}}, {"none found", "signin", signInPage{Demo: true, Query: hostile, Form: newForm(0)}}, {"plain", "signin", signInPage{Form: newForm(0)}},
		{"ways", "signin", signInPage{Next: "/x", Form: newForm(0), Kept: kept, Ways: []wayOption{{"oidc", hostile}, {"cas", hostile}}, Refused: &refusedSignIn{desk.CodeSignInUnknown, hostile}}},
		{"department", "signin", signInPage{Form: newForm(0), Ways: []wayOption{{"oidc", hostile}}, Refused: &refusedSignIn{desk.CodeSignInDepartment, hostile}}},
		{"kept", "resume", resumePage{Action: "/cases/1/answer", Kept: kept}},
		{"404", "problem", problemPage{Status: 404, Code: sharing.CodeNotFound}}, {"403", "problem", problemPage{Status: 403, Code: sharing.CodeForbidden, Article: "16"}},
		{"500", "problem", problemPage{Status: 500, RequestID: "abc"}}, {"503", "problem", problemPage{Status: 503, Code: sharing.CodeUnavailable}},
		{"full", "catalog", catalogPage{Text: hostile, Draft: "a1", Departments: choices, Classes: choices, Bases: choices, Grades: choices, Cycles: choices, Modes: choices, Formats: choices, Orders: choices,
			Chips: []chip{{hostile, hostile, "/catalog"}}, Clear: "/catalog", Further: true, Found: desk.Page[sharing.Resource]{Items: []sharing.Resource{resource, unconditional, notShared}, Total: 3}, More: more}},
		{"nothing fits", "catalog", catalogPage{Chips: []chip{{hostile, hostile, "/catalog"}}, Clear: "/catalog"}},
		{"empty", "catalog", catalogPage{}},
		{"apply", "resource", resourcePage{Resource: resource, MayApply: true, Drafts: []sharing.Application{draft, application}, Draft: "a1", Form: formFixture(), Endings: endings[3:], Ways: waysFixture()}},
		{"unconditional", "resource", resourcePage{Resource: unconditional, MayApply: true, Form: newForm(0)}},
		{"not shared", "resource", resourcePage{Resource: notShared, Form: newForm(0)}}, {"bare", "resource", resourcePage{Resource: sharing.Resource{Title: "x", Class: sharing.Conditional}, Form: newForm(0)}},
		{"found", "search", searchPage{Text: hostile, Cases: desk.Page[sharing.Case]{Items: []sharing.Case{caseIn(sharing.Answering)}, Total: 30}, Entries: desk.Page[sharing.Resource]{Items: []sharing.Resource{resource}, Total: 1},
			Open: desk.Page[desk.OpenEntry]{Items: []desk.OpenEntry{{ID: hostile, Title: hostile, Provider: police}}, Total: 1}}},
		{"nothing", "search", searchPage{Text: hostile}}, {"asked nothing", "search", searchPage{}},
		{"drafts", "applications", applicationsPage{Tabs: tabs, State: sharing.Draft, Found: desk.Page[sharing.Application]{Items: []sharing.Application{draft}}, More: more, MayPaper: true}},
		{"sent", "applications", applicationsPage{Tabs: tabs, State: sharing.Submitted, Found: desk.Page[sharing.Application]{Items: []sharing.Application{application}}}},
		{"no drafts", "applications", applicationsPage{State: sharing.Draft}}, {"none sent", "applications", applicationsPage{State: sharing.Submitted}},
		{"full", "application", applicationPage{View: view}}, {"empty", "application", applicationPage{}},
		{"full", "draft", draftPage{ID: "a1", Earlier: choices, Form: formFixture(), Modes: sharing.Modes, Departments: []sharing.Department{police}, MaxTerm: 60, Endings: endings[3:],
			Items:  []draftItem{{ID: "r1", Resource: &resource, Chosen: []string{"id"}}, {ID: "gone", Index: 1}},
			Stored: []difference{{"用途", hostile}, {"职责", ""}}}},
		{"new", "draft", draftPage{Form: newForm(0), Modes: sharing.Modes, MaxTerm: 60}},
		{"full", "preview", previewPage{View: view, Received: "2026-11-01", Form: formFixture(), Lines: []desk.PreviewLine{
			{Resource: resource, Article: "16", Duty: "答复" + hostile, DutyEN: "answer", Due: &projection, Regulation: law}, {Resource: unconditional, AtOnce: true, Article: "16", Statutory: true, Regulation: law},
			{Resource: resource, Article: "21", Regulation: law}, {Resource: resource, Due: &sharing.Projection{}, Regulation: law}}}},
		{"blocked", "preview", previewPage{View: desk.ApplicationView{}, Form: newForm(0), Blocked: true}},
		{"full", "cases", casesPage{Tabs: tabs, As: "provider", State: sharing.Refused, States: sharing.States, Procedure: sharing.Coordination, Procedures: sharing.Procedures, Number: hostile, Found: desk.Page[desk.CaseSummary]{Items: summaries}, More: more}},
		{"empty", "cases", casesPage{As: "all", States: sharing.States}},
		{"all steps", "case", caseFixture(sharing.Answering, caseSteps...)},
		{"agreed", "case", func() *casePage {
			p := caseFixture(sharing.Agreed, sharing.Provide)
			p.Decision = &sharing.Decision{Agree: true, Fields: []string{"id"}, Conditions: hostile, Desensitise: true, TermMonths: 6}
			return p
		}()},
		{"checked refusal", "case", checkedFixture("refuse")}, {"checked agreement", "case", checkedFixture("agree")},
		{"bare", "case", &casePage{CaseView: desk.CaseView{Case: sharing.Case{State: sharing.Withdrawn, Class: sharing.Conditional}}}},
		{"open", "inbox", inboxPage{Tabs: []inboxTab{{tabs[0], 3}, {tabs[1], 0}}, Tab: "open", Text: hostile, Kinds: choices, Procedures: choices, Lights: choices, Taken: choices, Orders: choices, Departments: choices, Due: desk.DueToday,
			Chips: []chip{{hostile, hostile, "/inbox?x"}, {hostile, hostile, "/inbox"}}, Clear: "/inbox", Tasks: desk.Page[desk.TaskView]{Items: tasks}, More: more, Key: "k"}},
		{"done", "inbox", inboxPage{Tab: "done", Tasks: desk.Page[desk.TaskView]{Items: tasks}}},
		{"mine", "inbox", inboxPage{Tab: "mine", Orders: choices, Cases: desk.Page[desk.CaseSummary]{Items: summaries}}},
		{"nothing open", "inbox", inboxPage{Tab: "open"}}, {"nothing done", "inbox", inboxPage{Tab: "done"}}, {"nothing started", "inbox", inboxPage{Tab: "mine"}},
		{"nothing followed", "inbox", inboxPage{Tab: "following"}}, {"nothing fits", "inbox", inboxPage{Tab: "open", Chips: []chip{{hostile, hostile, "/inbox"}}, Clear: "/inbox"}},
		{"full", "messages", messagesPage{UpTo: 7, Lines: []messageLine{{MessageView: desk.MessageView{Unread: true, Topic: "urged" + hostile, At: noon, Case: caseIn(sharing.Answering)}, Title: hostile, Details: []string{hostile}}}, More: more}},
		{"empty", "messages", messagesPage{}},
		{"full", "grants", grantsPage{Tabs: tabs, As: "provider", State: sharing.GrantEnded, States: sharing.GrantStates,
			Found: desk.Page[sharing.Grant]{Items: []sharing.Grant{grant}}, More: more}}, {"empty", "grants", grantsPage{}},
		{"marked", "grants", grantsPage{Tabs: tabs, Found: desk.Page[sharing.Grant]{Items: []sharing.Grant{grant}}, Marks: map[string]int{grant.Resource.ID: 2}}},
		{"found", "verification", verificationPage{Form: formFixture(), Entries: []choice{{Value: hostile, Label: hostile}}, Status: &desk.RecordStatus{
			Resource: grant.Resource, Provider: police, RecordKey: hostile, UnderVerification: true, Since: noon, Cases: []sharing.Case{caseIn(sharing.Verifying)},
			MustProceed: "24", Regulation: desk.RegulationRef{ID: "city-2023@1"}}}},
		{"not found", "verification", verificationPage{Form: newForm(0), Status: &desk.RecordStatus{Resource: grant.Resource, Provider: police}}},
		{"empty", "verification", verificationPage{Form: newForm(0)}},
		{"open", "marks", marksPage{Tabs: tabs, Found: desk.Page[desk.Mark]{Items: []desk.Mark{
			{Resource: grant.Resource, Provider: police, RecordKey: hostile, Fields: []string{hostile}, Since: noon, Number: "Y20261122-AAAAAAAA"},
			{Resource: grant.Resource, Provider: police, Since: noon}}}, More: more}},
		{"corrected", "marks", marksPage{Tabs: tabs, Corrected: true, Found: desk.Page[desk.Mark]{Items: []desk.Mark{{Resource: grant.Resource, Provider: police, Since: noon}}}}},
		{"empty", "marks", marksPage{Tabs: tabs}},
		{"asked", "due", duePage{Form: formFixture(), Regulations: []regulationDuties{{ID: "x", Title: hostile, Duties: []choice{{Value: "x", Label: hostile, Chosen: true}}}},
			Result: &dueResult{Received: sharing.DateOf(noon), Budget: sharing.Budget{N: 1, Unit: sharing.Months}, Projection: projection, Duty: hostile, Cite: hostile, Warning: true}}},
		{"new", "due", duePage{Form: newForm(0)}},
	}
	for _, p := range sharing.Procedures[1:] {
		pages = append(pages, fixture{string(p), "matter", matterFixture(p)})
	}
	pages = append(pages, publicFixtures()...)
	pages = append(pages, grantFixtures()...)
	pages = append(pages, letterFixtures()...)
	pages = append(pages, projectFixtures()...)
	pages = append(pages, boardFixtures(endings, tabs, more, board)...)
	pages = append(pages, settingsFixtures()...)
	pages = append(pages, auditFixtures()...)
	pages = append(pages, scheduleFixtures()...)
	pages = append(pages, regulationFixtures()...)
	pages = append(pages, adminFixtures()...)
	pages = append(pages, importFixtures()...)
	return pages
}

// noticeFixture is a change ahead, read by nobody yet or, of a temporary one, read.
func noticeFixture(state sharing.State) noticeLine {
	n := desk.ChangeNotice{CaseID: "c-" + string(state), Number: "M1", State: state, Kind: sharing.ChangedElements, Resource: sharing.ResourceRef{ID: "r1", Title: hostile},
		Provider: police, Why: hostile, TakesEffectOn: sharing.NewDate(2026, 12, 21), Regulation: law, Article: "12", MayAcknowledge: true}
	if state == sharing.Temporary {
		n.Kind, n.LastDay, n.Acknowledged, n.AcknowledgedBy, n.MayAcknowledge = sharing.TemporaryClass, sharing.NewDate(2026, 12, 31), &noon, hostile, false
	}
	return noticeLine{ChangeNotice: n, Lines: []differenceLine{{hostile, "a" + hostile, "b" + hostile}, {"x", "", "y"}}, CSRF: "mark", Key: "key" + hostile, Back: "/changes/notices"}
}
