package web

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"

	"gongshu/demo"
	"gongshu/desk"
	"gongshu/desk/desktest"
	"gongshu/sharing"
)

// live asks for news as the script of a page does.
func (g *guest) live(query string) answer {
	g.t.Helper()
	r, err := http.NewRequest(http.MethodGet, g.base+"/live?"+query, nil)
	if err != nil {
		g.t.Fatal(err)
	}
	r.Header.Set(unattended, "yes")
	r.Header.Set("HX-Current-URL", g.base+"/cases?as=provider")
	return g.send(r)
}

// A page is told what changed since it was made, and nothing when nothing did.
func TestLive(t *testing.T) {
	rig := desktest.New(t)
	base := serve(t, rig)
	shown := play(t, rig, "shuozhou")
	officer, approver := as(t, base, "shuozhou-authority-officer"), as(t, base, "shuozhou-minzheng-approver")

	counts, err := rig.Counts(t.Context(), rig.User("shuozhou-authority-officer"), desk.Known{})
	if err != nil {
		t.Fatal(err)
	}
	board, err := rig.Overdue(t.Context(), rig.User("shuozhou-authority-officer"), desk.OverdueQuery{})
	if err != nil {
		t.Fatal(err)
	}
	if counts.Overdue != board.Overdue || counts.Overdue == 0 {
		t.Errorf("the menu counts %d overdue and the board %d", counts.Overdue, board.Overdue)
	}
	for _, user := range list("shuozhou-minzheng-approver", "shuozhou-renshe-specialist", "shuozhou-supervisor-officer", "shuozhou-shenji-auditor") {
		counts, err := rig.Counts(t.Context(), rig.User(user), desk.Known{})
		if err != nil {
			t.Fatal(err)
		}
		tasks, err := rig.Tasks(t.Context(), rig.User(user), desk.TaskQuery{})
		if err != nil {
			t.Fatal(err)
		}
		if counts.Tasks != tasks.Total {
			t.Errorf("%s: the menu counts %d tasks and the inbox %d", user, counts.Tasks, tasks.Total)
		}
	}

	same := "tasks=" + strconv.Itoa(counts.Tasks) + "&overdue=" + strconv.Itoa(counts.Overdue)
	if page := officer.get("/").is(200); !strings.Contains(page.body, `<span class="badge late">`) || !strings.Contains(page.body, `hx-get="/live"`) {
		t.Error("the page does not show what is late, or does not ask for news")
	}
	if a := officer.live(same).is(http.StatusNoContent); a.body != "" {
		t.Errorf("no news is %q", a.body)
	}
	officer.live("tasks=0&overdue=0").is(200).says("新增 " + strconv.Itoa(counts.Overdue) + " 项超期")
	officer.live("tasks=x&overdue=99").is(200).lacks("新增 " + strconv.Itoa(counts.Overdue) + " 项超期")

	// Whoever does not watch is told of no overdue limits.
	if a := approver.live("tasks=99&overdue=0").is(200); strings.Contains(a.body, "count-board") {
		t.Error("who does not watch is sent the number of the board")
	}

	// The case of the page moved on; who may not see it is told nothing.
	c, err := rig.Case(t.Context(), rig.User("shuozhou-minzheng-approver"), shown[demo.Overdue][0])
	if err != nil {
		t.Fatal(err)
	}
	n, err := rig.Counts(t.Context(), rig.User("shuozhou-minzheng-approver"), desk.Known{})
	if err != nil {
		t.Fatal(err)
	}
	known := "tasks=" + strconv.Itoa(n.Tasks) + "&unread=" + strconv.Itoa(n.Unread) + "&overdue=0&case=" + c.Number
	approver.live(known + "&version=" + strconv.Itoa(c.Version)).is(http.StatusNoContent)
	approver.live(known+"&version="+strconv.Itoa(c.Version-1)).is(200).says("有了新进展", "答复中", "查看最新情况")
	approver.live(known + "&version=0&seen=" + strconv.Itoa(c.Version)).is(http.StatusNoContent)
	as(t, base, "shuozhou-jiaoyu-approver").live("tasks=0&case="+c.Number).lacks("新进展", c.Number)

	// Signed out there is no use in asking again.
	newGuest(t, base).live(same).is(stopAsking).says("登录已结束", "重新登录")
}

// A search finds by number and by words what the reader may see, and nothing else.
func TestSearch(t *testing.T) {
	rig := desktest.New(t)
	base := serve(t, rig)
	shown := play(t, rig, "shuozhou")
	officer := rig.User("shuozhou-authority-officer")
	c, err := rig.Case(t.Context(), officer, shown[demo.Overdue][0])
	if err != nil {
		t.Fatal(err)
	}
	g := as(t, base, officer.ID)
	for _, number := range list(c.Number, strings.ToLower(c.Number), " "+c.Number+" ") {
		if to := g.get("/search?q=" + url.QueryEscape(number)).is(http.StatusSeeOther).header.Get("Location"); to != "/cases/"+c.Number {
			t.Errorf("%q leads to %q", number, to)
		}
	}
	g.get("/cases/"+c.Number).is(200).says(c.Title, "本件链接")
	g.get("/search?q=" + c.Number[:9]).is(200).says(c.Number)
	g.get("/search?q="+url.QueryEscape("火化 殡葬")).is(200).says(c.Number, "SZ-MZ-004")
	g.get("/search?q=" + url.QueryEscape("殡葬 养老")).is(200).says("没有找到").lacks(c.Number)
	for _, none := range list("%25", "_", "%25%25%25", "%27%3B--") {
		g.get("/search?q=" + none).is(200).says("没有找到")
	}
	g.get("/search").is(200).lacks("没有找到")
	as(t, base, "shuozhou-jiaoyu-approver").get("/search?q=" + c.Number).is(200).says("没有找到").lacks("/cases/" + c.Number)
	as(t, base, "city-authority-officer").get("/search?q=" + url.QueryEscape("殡葬火化")).is(200).lacks(c.Number)
}

// A case says who takes the steps that are not the reader's, when the reader can
// take theirs, and nothing once it is closed.
func TestObstacles(t *testing.T) {
	rig := desktest.New(t)
	base := serve(t, rig)
	shown := play(t, rig, "shuozhou")
	waits := shown[demo.Overdue][0]
	why := func(user string) map[sharing.Action]desk.Obstacle {
		t.Helper()
		view, err := rig.Case(t.Context(), rig.User(user), waits)
		if err != nil {
			t.Fatal(err)
		}
		found, err := rig.Obstacles(rig.User(user), view)
		if err != nil {
			t.Fatal(err)
		}
		by := map[sharing.Action]desk.Obstacle{}
		for _, o := range found {
			if slices.Contains(view.Can, o.Action) {
				t.Errorf("%s can %s, and cannot", user, o.Action)
			}
			by[o.Action] = o
		}
		return by
	}
	applicant := why("shuozhou-yibao-requester")
	answer := applicant[sharing.Answer]
	if answer.Why != desk.ForOthers || !slices.ContainsFunc(answer.Doers, func(d desk.Doer) bool {
		return d.Relation == sharing.AsProvider && slices.Contains(d.Roles, sharing.Approver)
	}) {
		t.Errorf("the answer: %+v", answer)
	}
	if o := applicant[sharing.Confirm]; o.Why != desk.TooEarly || !slices.Equal(o.From, []sharing.State{sharing.Provided}) {
		t.Errorf("the confirmation: %+v", o)
	}
	// The limit has passed: a completion cannot be asked for to make up for it.
	if o := why("shuozhou-minzheng-specialist")[sharing.RequestCompletion]; o.Why != desk.LimitOver {
		t.Errorf("the completion: %+v", o)
	}
	as(t, base, "shuozhou-yibao-requester").get("/cases/"+waits).is(200).says("其他事项为什么现在不能办", "由朔州市民政局（", "要到“已提供，待确认”时才能办理")

	if _, err := rig.Withdraw(t.Context(), rig.User("shuozhou-yibao-requester"), desk.Act{CaseID: waits, Expected: 1, Key: "w"}, sharing.Remark{}); err != nil {
		t.Fatal(err)
	}
	if left := why("shuozhou-minzheng-approver"); len(left) != 0 {
		t.Errorf("a closed case has %v", left)
	}
	as(t, base, "shuozhou-minzheng-approver").get("/cases/" + waits).is(200).says("已经办结")
}

// The tour leads through one case as the people whose steps they are, and only in a
// demo.
func TestGuide(t *testing.T) {
	rig := desktest.New(t)
	base := serve(t, rig)
	play(t, rig, "shuozhou")
	g := newGuest(t, base)
	g.get("/").is(200).says("两分钟导览")
	to := g.post("/tour", url.Values{"step": {"1"}, "region": {"shuozhou"}}).is(http.StatusSeeOther).header.Get("Location")
	if to != "/board" {
		t.Errorf("the tour begins at %s", to)
	}
	page := g.get(to).is(200).says("导览 1/6", "大数据主管部门看谁到期", "换成朔州市民政局 审批人")
	for step := 2; step <= len(guideSteps); step++ {
		page = g.follow(g.fill(page, "/tour", url.Values{"step": {strconv.Itoa(step)}})).is(200).says("导览 " + strconv.Itoa(step) + "/6")
		if key := guideSteps[step-1].Key; key == "answer" || key == "story" {
			page.says("殡葬火化信息")
		}
	}
	page.says("导览到此结束")
	g.follow(g.fill(page, "/tour", url.Values{"step": {"0"}})).is(200).lacks("导览 ")
	// A tour that nobody is on, and one that does not exist.
	newGuest(t, base).post("/tour", url.Values{"step": {"3"}}).is(http.StatusNotFound)
	newGuest(t, base).post("/tour", url.Values{"step": {"99"}}).is(http.StatusSeeOther)
	newGuest(t, base).get("/tour").is(http.StatusSeeOther)
}
