package web

import (
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"gongshu/desk"
	"gongshu/desk/desktest"
	"gongshu/postgres"
	"gongshu/regulation"
	"gongshu/sharing"
	"gongshu/workday"
)

// settingsFixtures are the pages of operators and auditors.
func settingsFixtures() []fixture {
	calendar := workday.ShippedCalendar()
	year, err := yearOf(calendar, nil, 2026)
	if err != nil {
		panic(err)
	}
	year.Changed, year.Provisional = 1, true
	year.Months[0].Weeks[1][2].Changed, year.Months[0].Weeks[1][2].Source = true, hostile
	notice := workday.Notice{Year: 2026, Source: hostile, Issued: sharing.DateOf(noon), Amends: hostile}
	regional := notice
	regional.Region = region.ID
	old := notice
	old.Year = 2008
	line := desk.LimitMove{Department: police, Duty: hostile, Title: hostile, TitleEN: hostile, Old: sharing.DateOf(noon), New: sharing.DateOf(noon) + 1, Limits: 3}
	early, sure := line, line
	early.Shortened, early.Provisional, sure.Confirmed, sure.Title, sure.Department.Name = true, true, true, "", ""
	moves := desk.Moves{Lines: []desk.LimitMove{early, line, sure}, Cases: 2, Limits: 9, Earlier: 3, Confirmed: 1}
	views := []desk.NoticeView{{Notice: notice, ID: 3, Revision: 2, Corrected: true, ImportedAt: noon, By: "x", ByName: hostile, ByDepartment: hostile, Reason: hostile}, {Notice: regional}, {Notice: old, Revision: 1}}
	refused := formFixture()
	refused.Typed.Set("notice", hostile)
	refused.add("/notice", hostile)
	refused.add("/overlay", hostile)
	tabs := []tab{{Label: "2026", Address: "/x", Current: true}}
	return []fixture{
		{"full", "calendars", calendarsPage{Year: year, Years: tabs, Notices: views, Form: refused, Keep: true, LastYear: 2026}},
		{"read", "calendars", calendarsPage{Form: newForm(0)}},
		{"moves", "calendar_rehearsal", rehearsalPage{NoticeRehearsal: desk.NoticeRehearsal{Notice: notice, Status: "corrected", Running: 12, Moves: moves, Hash: strings.Repeat("ab", 32)},
			Text: hostile, Correct: true, Year: year, Form: refused, Fresh: true}},
		{"known", "calendar_rehearsal", rehearsalPage{NoticeRehearsal: desk.NoticeRehearsal{Notice: regional, Status: "known", Hash: strings.Repeat("ab", 32)}, Form: newForm(0)}},
		{"running", "calendar_notice", noticePage{NoticeResult: desk.NoticeResult{NoticeView: views[0], Behind: 4, Running: 9, Moves: moves}, Here: "/x", Year: year}},
		{"done", "calendar_notice", noticePage{NoticeResult: desk.NoticeResult{NoticeView: views[1]}, Here: "/x", Year: year}},
	}
}

// amended is the national notice of 2026 with 12 October off as well: made up for
// these tests.
func amended(t testing.TB) string {
	t.Helper()
	shipped, err := os.ReadFile("../workday/notices/cn-2026.json")
	if err != nil {
		t.Fatal(err)
	}
	return strings.NewReplacer("国办发明电〔2025〕7号", "测试数据〔2026〕9号", `"issued": "2025-11-04"`, `"issued": "2026-10-08"`,
		`"off": [`, `"off": ["2026-10-12", `, `"workdays": 248`, `"workdays": 247`).Replace(string(shipped))
}

// A notice is rehearsed, put into force and followed, by forms alone; what was
// rehearsed is what then happens.
func TestANoticeIsRehearsedAndPutIntoForce(t *testing.T) {
	rig := desktest.New(t)
	base := serve(t, rig)
	day := sharing.NewDate(2026, time.September, 29)
	draft := rig.Request("shuozhou", "SZ-GA-001")
	draft.For = "shuozhou-minzheng"
	rig.Apply("shuozhou-authority-officer", draft, &day)

	for user, status := range map[string]int{"shuozhou-authority-head": 403, "shuozhou-minzheng-requester": 403, "shuozhou-shenji-auditor": 403} {
		g := as(t, base, user)
		g.get("/").lacks(`href="/admin/calendars"`)
		g.get("/admin/calendars").is(status).lacks("国办发明电")
		_, fields := g.get("/").form("/signout")
		for _, path := range []string{"/admin/calendars", "/admin/calendars/rehearse"} {
			g.post(path, url.Values{"csrf": fields["csrf"], "notice": {amended(t)}, "reason": {"x"}}).is(status)
		}
	}
	g := as(t, base, "shuozhou-authority-operator")
	page := g.get("/admin/calendars").is(200).says("国办发明电〔2025〕7号", "随程序提供", "休", "班", "248 个工作日")
	inspect(t, []byte(page.body), Chinese)
	g.get("/admin/calendars/rehearse").is(303)
	g.get("/admin/calendars?year=1900").is(200)

	// A file that is wrong comes back with its line, its key and its text.
	path, values := page.form("/rehearse")
	wrong := strings.Replace(amended(t), `"2026-10-12"`, `"2026-13-12"`, 1)
	g.sendFile(path, values, "file", "n.json", wrong).is(422).says("off[0]", "第 ", "2026-13-12")
	g.fill(page, "/rehearse", url.Values{"notice": {strings.Replace(wrong, `"year"`, `"region": "city", "year"`, 1)}}).is(422).says("2026-13-12")
	g.fill(page, "/rehearse", url.Values{"notice": {strings.Replace(amended(t), `"year"`, `"region": "city", "year"`, 1)}}).is(422).says("region")
	g.fill(page, "/rehearse", url.Values{"notice": {hostile}}).is(422).says(hostile).lacks("<script>alert")
	g.fill(page, "/rehearse", nil).is(422).says("请填写此项")
	g.fill(page, "/rehearse", url.Values{"notice": {strings.Repeat(" ", 1<<21)}}).is(413)

	rehearsal := g.sendFile(path, values, "file", "n.json", amended(t)).is(200).
		says("1 个在办件的期限将变动", "朔州市公安局", "2026年10月12日", "2026年10月13日", "尚未写入")
	inspect(t, []byte(rehearsal.body), Chinese)
	g.fill(rehearsal, "/admin/calendars", nil).is(422).says("请写明理由", "1 个在办件的期限将变动")

	// Another case comes in between: what was rehearsed is no longer what would happen.
	again := rig.Request("shuozhou", "SZ-GA-001")
	again.For = "shuozhou-minzheng"
	rig.Apply("shuozhou-authority-officer", again, &day)
	fresh := g.fill(rehearsal, "/admin/calendars", url.Values{"reason": {"已核对" + hostile}}).is(412).says("情况有变", "2 个在办件的期限将变动", "已核对")
	sent := g.fill(fresh, "/admin/calendars", nil)
	running := g.follow(sent).is(200).says("正在重算：已核 0 / 2", "刷新进度", "已核对"+hostile)
	inspect(t, []byte(running.body), Chinese)
	if repeated := g.fill(fresh, "/admin/calendars", nil); repeated.header.Get("Location") != sent.header.Get("Location") {
		t.Errorf("sent twice it leads to %d %s", repeated.status, repeated.header.Get("Location"))
	}
	rig.FollowCalendar()
	g.get(sent.header.Get("Location")).says("重算完成：2 个在办件的期限已变动", "朔州市公安局", "2026年10月13日").lacks("刷新进度")
	g.get("/admin/calendars").says("测试数据〔2026〕9号", rig.User("shuozhou-authority-operator").Name, "247 个工作日")
	g.fill(page, "/rehearse", url.Values{"notice": {amended(t)}}).is(200).says("已经生效").lacks("确认生效并重算")
	as(t, base, "city-xinxi-operator").get(sent.header.Get("Location")).is(200).says("重算完成：0 个").lacks("朔州市公安局")
	g.get("/admin/calendars/notices/999").is(404)
	g.get("/admin/calendars/notices/x").is(404)

	// The same pages in English.
	_, fields := g.get("/").form("/locale")
	g.post("/locale", url.Values{"csrf": fields["csrf"], "locale": {"en"}, "next": {"/"}})
	inspect(t, []byte(g.get("/admin/calendars").is(200).says("Came with the program", "working days in the year").body), English)
	g.get(sent.header.Get("Location")).says("Done: the due dates of 2 open cases moved")
}

// auditFixtures are the pages of auditors.
func auditFixtures() []fixture {
	entry := sharing.Entry{Seq: 7, At: noon, Actor: "u" + hostile, ActorName: hostile, OnBehalfOfName: hostile, Action: sharing.Action(hostile), SubjectID: hostile,
		From: sharing.Answering, To: sharing.Refused, Article: "16", Note: hostile, Policy: hostile, Data: map[string]string{hostile: hostile}}
	line := auditLine{AuditLine: desk.AuditLine{}, Title: hostile, Department: hostile, Details: []string{hostile}, Pairs: [][2]string{{hostile, hostile}}, PolicyNow: true}
	line.Entry, line.Number, line.Procedure, line.Hash = entry, "G1"+hostile, sharing.ShareApplication, hostile
	system, own := line, line
	system.Actor, system.Number, system.Procedure = sharing.System, "", ""
	own.Own = true
	check := func(state string) desk.TrailCheck {
		var k desk.TrailCheck
		k.ID, k.ByName, k.StartedAt, k.EndedAt, k.Seen, k.Total, k.Compared, k.Rule, k.At = "k"+hostile, hostile, noon, &noon, 3, 9, 2, "unlinked", 4
		k.State, k.Head.Seq, k.Head.Hash = "whole", 9, strings.Repeat("ab", 32)
		switch state {
		case "running":
			k.State, k.EndedAt = "running", nil
		case "silent":
			k.State, k.EndedAt, k.Silent = "running", nil, true
		case "broken":
			k.State = "broken"
		}
		return k
	}
	f := formFixture()
	f.add("/seq", hostile)
	f.add("/hash", hostile)
	f.add("/until", hostile)
	return []fixture{
		{"full", "audit", auditPage{Query: desk.AuditQuery{Actor: hostile, Number: hostile, Action: sharing.Submit}, From: "2026-11-01", Actions: []choice{{Value: hostile, Label: hostile, Chosen: true}},
			Lines: []auditLine{line, system, own}, More: more{Total: 3, Next: "/x"}, Problems: formWith("/from", "/until", "/actor", "/number"), Exports: map[string]string{"csv": "/audit/export.csv?actor=" + url.QueryEscape(hostile)}}},
		{"empty", "audit", auditPage{Problems: newForm(0)}},
		{"full", "audit_checks", checksPage{Checks: []desk.TrailCheck{check("whole"), check("broken"), check("silent")}, Form: f}},
		{"running", "audit_checks", checksPage{Checks: []desk.TrailCheck{check("running")}, Form: newForm(0)}},
		{"running", "audit_check", check("running")}, {"whole", "audit_check", check("whole")}, {"broken", "audit_check", check("broken")}, {"silent", "audit_check", check("silent")},
	}
}

// formWith is a form with a problem at each pointer.
func formWith(pointers ...string) *form {
	f := newForm(0)
	for _, p := range pointers {
		f.add(p, hostile)
	}
	return f
}

// An auditor looks through the trail, takes it away as a file and verifies it.
func TestAnAuditorReadsAndVerifies(t *testing.T) {
	rig := desktest.New(t)
	base := serve(t, rig)
	draft := rig.Request("shuozhou", "SZ-GA-001")
	submitted := rig.Apply("shuozhou-minzheng-requester", draft, nil)
	view, err := rig.Case(t.Context(), rig.User("shuozhou-minzheng-requester"), submitted.Cases[0].CaseID)
	if err != nil {
		t.Fatal(err)
	}
	_, err = rig.Withdraw(t.Context(), rig.User("shuozhou-minzheng-requester"), desk.Act{CaseID: view.ID, Expected: view.Version},
		sharing.Remark{Note: `=HYPERLINK("http://x")<b>`})
	if err != nil {
		t.Fatal(err)
	}
	for _, user := range []string{"shuozhou-minzheng-requester", "shuozhou-authority-head", "shuozhou-authority-operator"} {
		g := as(t, base, user)
		g.get("/").lacks(`href="/audit"`)
		for _, path := range []string{"/audit", "/audit/export.csv", "/audit/checks", "/audit/checks/x"} {
			g.get(path).is(403).lacks("HYPERLINK", view.Number)
		}
	}
	g := as(t, base, "shuozhou-shenji-auditor")
	g.get("/").says("审计链")
	page := g.get("/audit?number="+view.Number).is(200).says("撤回", view.Number, `=HYPERLINK("http://x")<b>`, "朔州市民政局", "全部内容")
	inspect(t, []byte(page.body), Chinese)
	g.get("/audit?number=nothing").is(200).says("没有符合条件的记录")
	g.get("/audit").is(200).says("本人操作，由其他审计人员审查", "提交")
	g.get("/audit?from=x").is(422).says("请填写日期")
	g.get("/audit?from=2026-02-01&until=2026-01-01").is(422)
	g.get("/audit?cursor=x").is(422)
	g.get("/audit?act=%3Cscript%3E&actor=%00").is(422)

	file := g.get("/audit/export.csv?number=" + view.Number).is(200)
	if !strings.HasPrefix(file.header.Get("Content-Type"), "text/csv") || !strings.HasPrefix(file.body, "\ufeff序号,") || !strings.Contains(file.body, `"'=HYPERLINK(""http://x"")<b>"`) {
		t.Errorf("the file is %v %q", file.header, file.body)
	}
	g.get("/audit/export.csv?from=x").is(422)

	checks := g.get("/audit/checks").is(200).says("还没有校验过")
	g.fill(checks, "/audit/checks", url.Values{"seq": {"x"}}).is(422).says("请填写整数")
	g.fill(checks, "/audit/checks", url.Values{"seq": {"1"}, "hash": {hostile}}).is(422).says("64 位十六进制")
	sent := g.fill(checks, "/audit/checks", nil)
	result := g.follow(sent)
	for range 100 {
		if !strings.Contains(result.body, "<progress") {
			break
		}
		time.Sleep(50 * time.Millisecond)
		result = g.get(sent.header.Get("Location"))
	}
	head, err := rig.Store.VerifyTrail(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	result.is(200).says("审计链完整", "用时").lacks("刷新进度")
	if head.Seq == 0 {
		t.Error("nothing was verified")
	}
	inspect(t, []byte(result.body), Chinese)
	g.get("/audit/checks").says("审计链完整")
	g.get("/audit/checks/" + url.PathEscape(hostile)).is(404)
}

func TestTextCells(t *testing.T) {
	for text, want := range map[string]string{"": "", "甲": "甲", "=1": "'=1", " =1": "' =1", "＝1": "'＝1", "＠x": "'＠x", "-1": "'-1", "+1": "'+1", "@x": "'@x", "\tx": "'\tx", "a=1": "a=1", "　＋1": "'　＋1"} {
		if got := textCell(text); got != want {
			t.Errorf("%q becomes %q, want %q", text, got, want)
		}
	}
}

// scheduleFixtures are the page of what the system does by itself.
func scheduleFixtures() []fixture {
	day := sharing.DateOf(noon)
	law, _ := regulation.Shipped().ByID("shuozhou-2021")
	line := desk.StandingLine{Duty: regulation.Duty{Title: hostile, TitleEn: hostile, Article: "32", Frequency: "yearly"}, Owner: hostile, OwnerEN: hostile,
		DueThisYear: &day, Opens: &day, Last: &postgres.Opened{At: noon}}
	cycle, never := line, line
	cycle.ByCycle = true
	never.Opens, never.DueThisYear, never.Last, never.Frequency = nil, nil, nil, "periodic"
	s := desk.Schedules{Regulation: law, Duties: []desk.StandingLine{line, cycle, never}, Reachable: true, MayRun: true,
		Turns:   []postgres.Turn{{Loop: "sweep", At: noon}, {Loop: "trail heads", At: noon, Failing: hostile}, {Loop: "outbox", At: noon, Ago: 3 * time.Hour}, {Loop: hostile, At: noon}},
		Waiting: postgres.Waiting{Messages: 4, Oldest: &noon, Commands: 1, Rungs: 2, Nudges: 3}, Behind: 5, Running: 9}
	s.Runs.Last, s.Runs.Next = &noon, &noon
	return []fixture{{"full", "schedules", schedulesPage{s, newForm(0)}}, {"away", "schedules", schedulesPage{Form: newForm(0)}}}
}

func TestSchedulesPage(t *testing.T) {
	rig := desktest.New(t)
	base := serve(t, rig)
	as(t, base, "shuozhou-authority-head").get("/admin/schedules").is(403)
	g := as(t, base, "shuozhou-authority-operator")
	page := g.get("/admin/schedules").is(200).says("常年职责", "调度服务没有应答", "第三十二条", "没有设置对外发送").lacks("/admin/schedules/run")
	inspect(t, []byte(page.body), Chinese)
	g.get("/admin/schedules/run").is(303)
	_, fields := g.get("/").form("/signout")
	g.follow(g.post("/admin/schedules/run", url.Values{"csrf": fields["csrf"]})).says("调度服务没有应答，请稍后再试")
}

// regulationFixtures are the pages of regulations.
func regulationFixtures() []fixture {
	law, _ := regulation.Shipped().ByID("shuozhou-2021")
	wild := *law
	day := sharing.DateOf(noon)
	wild.Title, wild.TitleEn, wild.Number, wild.Until, wild.Prolonged = hostile, hostile, hostile, &day, &regulation.Prolongation{Until: day, Number: hostile}
	view := desk.RegulationView{Regulation: &wild, InForce: true, Next: hostile}
	tables := []regulation.Table{{Title: hostile, Header: []string{hostile, "b"}, Rows: [][]string{{hostile, hostile}}}}
	changes := []regulation.Change{{Regulation: law, Table: hostile, Header: []string{hostile, "b"}, Was: []string{hostile, "x"}, Becomes: []string{hostile, hostile}},
		{Regulation: law, Table: "x", Header: []string{"a"}, Was: []string{hostile}}, {Regulation: law, Table: "x", Header: []string{"a"}, Becomes: []string{hostile}}}
	refused := formWith("/regulation")
	refused.Typed.Set("regulation", hostile)
	plain := *law
	plain.Until, plain.Prolonged, plain.Number = nil, nil, ""
	return []fixture{
		{"full", "regulations", regulationsPage{Listed: []desk.RegulationView{view, {Regulation: &plain, Ahead: true}, {Regulation: law}}, Endings: []ending{{Title: hostile, DaysLeft: 1}}, Form: refused}},
		{"empty", "regulations", regulationsPage{Form: newForm(0)}},
		{"hostile", "regulation", regulationPage{view, tables}}, {"real", "regulation", regulationPage{view, law.Tables(regulation.Zh)}},
		{"overlay", "regulation_trial", trialPage{Trial: regulation.Trial{Overlay: hostile}, File: hostile, Changes: changes}},
		{"whole", "regulation_trial", trialPage{Trial: regulation.Trial{Regulation: &wild}, File: hostile, Tables: tables}},
		{"nothing", "regulation_trial", trialPage{Trial: regulation.Trial{Overlay: "x"}}},
	}
}

// An operator reads the region's regulations, and checks a further file: it tells
// what would change, and changes nothing.
func TestRegulationsAreReadAndTried(t *testing.T) {
	rig := desktest.New(t)
	base := serve(t, rig)
	for _, user := range []string{"jinan-startup-authority-head", "jinan-startup-shenji-auditor"} {
		g := as(t, base, user)
		g.get("/").lacks(`href="/admin/regulations"`)
		g.get("/admin/regulations").is(403)
		g.get("/admin/regulations/jinan-startup-2023@1").is(403)
		_, fields := g.get("/").form("/signout")
		g.post("/admin/regulations/check", url.Values{"csrf": fields["csrf"], "regulation": {"overlay: jinan-startup-2023\n"}}).is(403)
	}
	g := as(t, base, "jinan-startup-authority-operator")
	page := g.get("/admin/regulations").is(200).says("jinan-startup-2023@1", "2026年11月30日", "检查法规文件").lacks("shuozhou-2021")
	inspect(t, []byte(page.body), Chinese)
	one := g.get("/admin/regulations/jinan-startup-2023@1").is(200).says("职责与时限", "催督阶梯", "角色与共享类型", "第", "条")
	inspect(t, []byte(one.body), Chinese)
	g.get("/admin/regulations/shuozhou-2021@1").is(404)
	g.get("/admin/regulations/check").is(303)

	const sound = "overlay: jinan-startup-2023\nextended_until: 2027-11-30\nextended_by: 测试数据〔2026〕1号\n"
	path, values := page.form("/check")
	trial := g.sendFile(path, values, "file", "延期"+hostile+".yaml", sound).is(200).says("文件无误", "延长至", "2027-11-30", "没有保存")
	inspect(t, []byte(trial.body), Chinese)
	g.sendFile(path, values, "file", "x.yaml", strings.Replace(sound, "2027", "2020", 1)).is(422).says("第 2 行，extended_until", "2020-11-30", "测试数据")
	g.fill(page, "/check", url.Values{"regulation": {"overlay: shuozhou-2021\nsuccessor: x-2027\n"}}).is(422).says("overlay", "jinan-startup")
	g.fill(page, "/check", url.Values{"regulation": {hostile}}).is(422).says(hostile)
	g.fill(page, "/check", nil).is(422).says("请填写此项")
	g.sendFile(path, values, "file", "x.yaml", strings.Repeat("a: b\n", 20_000)).is(422).says("文件超过").lacks("longer than")
	g.get("/admin/regulations").lacks("2027年11月30日")

	_, fields := g.get("/").form("/locale")
	g.post("/locale", url.Values{"csrf": fields["csrf"], "locale": {"en"}, "next": {"/"}})
	inspect(t, []byte(g.get("/admin/regulations/jinan-startup-2023@1").is(200).says("Duties and limits", "In force").body), English)
}

// What is wrong with a file is told in the reader's language; what nobody foresaw, as
// the file's reader told it.
func TestFaultsOfFiles(t *testing.T) {
	zh, en := chinese(), words{locale: English}
	all, err := loadDictionaries()
	if err != nil {
		t.Fatal(err)
	}
	en.own = all[English]
	for rule, want := range map[string][2]string{
		"got number, want object":                             {"应当是一组键和值，现在是数", "this must be keys with values, not a number"},
		"unknown key":                                         {"没有这个键", "there is no such key"},
		"value must be one of 'a', 'b'":                       {"只能是 'a', 'b'", "it can only be 'a', 'b'"},
		"minimum: got 0, want 1":                              {"现为 0，不得少于 1", "it is 0, and must not be less than 1"},
		"there is no duty " + hostile + " in this regulation": {"本法规没有职责 " + hostile, "there is no duty " + hostile + " in this regulation"},
		"something else":                                      {"something else", "something else"},
	} {
		if got := [2]string{zh.faultRule(rule), en.faultRule(rule)}; got != want {
			t.Errorf("%s is told as %q", rule, got)
		}
	}
	g := as(t, serve(t, desktest.New(t)), "shuozhou-authority-operator")
	page := g.get("/admin/regulations").is(200)
	g.fill(page, "/admin/regulations/check", url.Values{"regulation": {"overlay: shuozhou-2021\ntargets: 5\n"}}).is(422).says("第 2 行，targets：应当是一组键和值，现在是数").lacks("want object")
}
