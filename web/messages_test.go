package web

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"gongshu/demo"
	"gongshu/desk"
	"gongshu/desk/desktest"
	"gongshu/sharing"
)

// The authority hands a case over: the other department has it in its inbox by the
// same limit, all are told, and the first no longer sees it.
func TestReassignByForm(t *testing.T) {
	rig := desktest.New(t)
	base := serve(t, rig)
	path := "/cases/" + rig.Apply("shuozhou-minzheng-requester", rig.Request("shuozhou", "SZ-RS-002"), nil).Cases[0].CaseID
	before, officer := as(t, base, "shuozhou-renshe-approver"), as(t, base, "shuozhou-authority-officer")
	before.get(path).is(200).lacks(path + "/reassign")
	page := officer.get(path).says("移交其他部门", "期限不重新计算").lacks(`value="shuozhou-renshe"`, `value="shuozhou-minzheng"`)
	inspect(t, []byte(page.body), Chinese)
	officer.fill(page, "/reassign", nil).is(422).says("请选择接收部门", "请写明理由")
	officer.fill(page, "/reassign", url.Values{"department": {"shuozhou-renshe"}, "reason": {"x"}}).is(422).says("不能移交给原提供部门或者申请部门")
	officer.fill(page, "/reassign", url.Values{"department": {"lishui-gongan"}, "reason": {"职责划转"}}).is(422).says("不存在，或者不能使用", "职责划转")
	officer.follow(officer.fill(page, "/reassign", url.Values{"department": {"shuozhou-yibao"}, "reason": {"机构改革，职责划转"}})).
		says("已移交，期限照原计算", "移交办件", "由朔州市人力资源和社会保障局移交朔州市医疗保障局", "机构改革，职责划转", "当前事项", "朔州市医疗保障局 · 尚无人领取")
	before.get(path).is(404)
	before.get("/messages").is(200).lacks(path)

	after := as(t, base, "shuozhou-yibao-approver")
	after.get(path).says("提交答复")
	told := after.get("/messages").is(200).says("办件已移交其他部门办理", "养老保险待遇发放信息").lacks("收到共享申请，请办理")
	if !strings.Contains(told.body, `href="`+path+`"`) {
		t.Error("the message does not lead to the case")
	}
	as(t, base, "shuozhou-minzheng-requester").get("/messages").says("办件已移交其他部门办理").lacks("shuozhou-")
}

// What a department was told, in words, a page at a time, and only its own.
func TestMessages(t *testing.T) {
	rig := desktest.New(t)
	shown := play(t, rig, "shuozhou")
	rig.Advance(shown[demo.Overdue][0])
	base := serve(t, rig)
	g := as(t, base, "shuozhou-minzheng-approver")
	page := g.get("/messages").is(200).says("收到共享申请，请办理", "期限已届满", "催办", "答复期限：", "超期第 1 个工作日", "应办部门：朔州市民政局")
	inspect(t, []byte(page.body), Chinese)
	if strings.Contains(page.body, "—<") {
		t.Error("a topic has no words")
	}
	as(t, base, "shuozhou-authority-officer").get("/messages").says("应办部门：朔州市民政局")
	as(t, base, "lishui-authority-officer").get("/messages").says("还没有消息")
	newGuest(t, base).get("/messages").is(http.StatusSeeOther)

	// Each person has read what they marked.
	page.says("消息 未读 11", "未读 催办")
	page = g.follow(g.fill(page, "/messages/read", nil)).says("已标为已读").lacks("未读")
	as(t, base, "shuozhou-minzheng-head").get("/messages").says("未读 催办")
	g.get("/messages/read").is(http.StatusSeeOther)

	for range desk.DefaultLimit {
		rig.Apply("shuozhou-shichang-requester", rig.Request("shuozhou", "SZ-RS-002"), nil)
	}
	g = as(t, base, "shuozhou-renshe-approver")
	first := g.get("/messages").is(200).says("下一页")
	_, next, _ := strings.Cut(first.body, `<a href="/messages?cursor=`)
	next, _, _ = strings.Cut(next, `"`)
	g.get("/messages?cursor=" + next).is(200).says("回到首页").lacks("下一页")
	g.get("/messages?cursor=nonsense").is(422)
	first.says("消息 未读 22")
	g.follow(g.fill(first, "/messages/read", nil)).lacks("未读")
	rig.Apply("shuozhou-shichang-requester", rig.Request("shuozhou", "SZ-RS-002"), nil)
	g.get("/messages").says("消息 未读 1 ", "未读 收到共享申请")
	g.fill(g.get("/messages"), "/messages/read", url.Values{"up_to": {"x"}}).is(422)
	g.follow(g.fill(first, "/locale", url.Values{"locale": {"en"}})).says("What happened", "An application has come in", "Shuozhou").lacks("收到")
}

// Lists and cases name people and not their ids.
func TestPeopleAreNamed(t *testing.T) {
	rig := desktest.New(t)
	base := serve(t, rig)
	id := rig.Apply("shuozhou-minzheng-requester", rig.Request("shuozhou", "SZ-RS-002"), nil).Cases[0].CaseID
	approver := rig.User("shuozhou-renshe-approver")
	g := as(t, base, approver.ID)
	g.get("/cases/" + id).says("尚无人领取")
	g.follow(g.fill(g.get("/inbox"), "/claim", nil)).says("已领取", "我", "退回")
	as(t, base, "shuozhou-renshe-head").get("/inbox").is(200).says(approver.Name).lacks(approver.ID)
	g.get("/cases/" + id).says(approver.Name + "经办")
	if _, err := rig.Answer(t.Context(), approver, desk.Act{CaseID: id, Expected: 1}, sharing.Decision{Agree: true}); err != nil {
		t.Fatal(err)
	}
	g.get("/inbox?tab=done").is(200).says(approver.Name).lacks(approver.ID)
}

// The tour of the demo leads to the people of one case in each region, and says
// what there is to see.
func TestTour(t *testing.T) {
	rig := desktest.New(t)
	base := serve(t, rig)
	people := slices.DeleteFunc(slices.Clone(rig.World.Users), func(u sharing.User) bool { return u.Subject().Has(sharing.Gateway) })
	quiet := newGuest(t, base).get("/").is(200).says("从目录挑选数据，提出申请", "全部 "+testWords(t, Chinese).Number(len(people))+" 个演示用户")
	inspect(t, []byte(quiet.body), Chinese)
	for _, region := range rig.World.Regions {
		play(t, rig, region.ID)
	}
	page := newGuest(t, base).get("/").is(200).says("“殡葬火化信息”等待答复：超期 ", "本部门申请的“殡葬火化信息”：超期 ", "1 件超期", "《朔州市")
	for _, user := range list("shuozhou-yibao-requester", "shuozhou-minzheng-specialist", "shuozhou-minzheng-approver", "shuozhou-authority-officer", "shuozhou-supervisor-officer") {
		if !strings.Contains(page.body, `value="`+user+`"`) {
			t.Errorf("%s is not on the tour", user)
		}
	}
	if n := strings.Count(page.body, `name="user"`); n != len(tourRoles) {
		t.Errorf("%d people on the tour", n)
	}
	if strings.Index(page.body, "region=shuozhou") > strings.Index(page.body, "region=city") {
		t.Error("the tour does not begin where most is under way")
	}
	newGuest(t, base).get("/?region=city").is(200).says("《公共数据管理暂行办法》").lacks("value=\"shuozhou-")
	for _, m := range strings.Split(page.body, `name="user" value="`)[1:] {
		user, _, _ := strings.Cut(m, `"`)
		as(t, base, user).get("/").is(200)
	}
}

// All demo users can be found without script.
func TestDirectory(t *testing.T) {
	rig := desktest.New(t)
	base := serve(t, rig)
	g := newGuest(t, base)
	for _, row := range []struct {
		query string
		found int
	}{
		{"朔州 民政 审批", 1}, {"shuozhou-minzheng-", 4}, {"SHUOZHOU civil approver", 1}, {"督导", len(rig.World.Regions)}, {"nobody", 0}, {hostile, 0},
	} {
		a := g.get("/signin?next=/inbox&q=" + url.QueryEscape(row.query)).is(200).lacks("<script>alert")
		if n := strings.Count(a.body, `name="user"`); n != row.found {
			t.Errorf("%q finds %d and not %d", row.query, n, row.found)
		}
		inspect(t, []byte(a.body), Chinese)
	}
	found := g.get("/signin?next=/inbox&q=" + url.QueryEscape("朔州 民政 审批"))
	if sent := g.fill(found, "/signin/demo", url.Values{"user": {"shuozhou-minzheng-approver"}}); sent.header.Get("Location") != "/inbox" {
		t.Errorf("leads to %s", sent.header.Get("Location"))
	}
	all := newGuest(t, base).get("/signin").is(200)
	t.Logf("the whole list takes %d bytes", len(all.body))
	if len(all.body) > 100_000 {
		t.Errorf("the whole list takes %d bytes", len(all.body))
	}
}

// Pages answer HEAD as GET, and other methods with a page and what is allowed.
func TestMethods(t *testing.T) {
	rig := desktest.New(t)
	base := serve(t, rig)
	send := func(g *guest, method, path string) answer {
		r, err := http.NewRequest(method, base+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		return g.send(r)
	}
	member := as(t, base, "shuozhou-minzheng-requester")
	for _, row := range []struct {
		g            *guest
		method, path string
		status       int
		allow        string
	}{
		{newGuest(t, base), "HEAD", "/", 200, ""}, {newGuest(t, base), "HEAD", "/due", 200, ""}, {newGuest(t, base), "HEAD", "/favicon.ico", 200, ""},
		{newGuest(t, base), "HEAD", "/inbox", 303, ""}, {newGuest(t, base), "HEAD", "/nosuch", 404, ""}, {newGuest(t, base), "DELETE", "/nosuch", 404, ""},
		{member, "HEAD", "/inbox", 200, ""}, {member, "HEAD", "/cases/nosuch", 404, ""},
		{newGuest(t, base), "DELETE", "/", 405, "GET, HEAD"}, {newGuest(t, base), "OPTIONS", "/inbox", 405, "GET, HEAD"}, {newGuest(t, base), "PUT", "/static/x.css", 405, "GET, HEAD"},
		{newGuest(t, base), "POST", "/due", 405, "GET, HEAD"}, {member, "PUT", "/applications/new", 405, "GET, HEAD, POST"},
		{member, "PATCH", "/cases/x/answer", 405, "GET, HEAD, POST"}, {newGuest(t, base), "BREW", "/signin", 405, "GET, HEAD, POST"},
	} {
		a := send(row.g, row.method, row.path)
		if a.status != row.status || a.header.Get("Allow") != row.allow {
			t.Errorf("%s %s: %d, Allow %q", row.method, row.path, a.status, a.header.Get("Allow"))
		}
		if kind := a.header.Get("Content-Type"); strings.Contains(kind, "json") {
			t.Errorf("%s %s answers with %s", row.method, row.path, kind)
		}
		if row.method == "HEAD" && a.body != "" {
			t.Errorf("HEAD %s has a body", row.path)
		}
		if row.status == 405 {
			a.says("方式不对", "不能这样打开")
		}
	}
}
